"""Logging in: sessions and tokens, and where they are kept."""
