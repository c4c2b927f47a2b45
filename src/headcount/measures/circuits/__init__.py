"""Which accounts sit in closed circuits that only follow each other?"""
