"""Tidy tables: the four tables as files."""
