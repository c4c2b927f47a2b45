"""Collecting from a platform: the client, raw pages, lists, logins."""
