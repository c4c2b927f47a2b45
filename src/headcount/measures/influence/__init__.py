"""Who has influence, as against followers?"""
