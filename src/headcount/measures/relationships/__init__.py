"""With whom is there a relationship?"""
