"""Mastodon and other servers of the Fediverse: collector and archive."""
