"""Reads the columns of one account out of the store: what the measures are given."""
