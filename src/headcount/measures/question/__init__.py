"""A question was asked: who answered, and what does that say?"""
