"""How many followers does the account truly have?"""
