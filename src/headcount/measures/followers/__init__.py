"""Who are the followers: real, automated, bought, away, responding?"""
