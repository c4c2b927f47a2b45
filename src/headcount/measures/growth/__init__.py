"""How did the number of followers grow?"""
