"""Measures of a whole platform: graphs of who follows whom, up to billions of edges."""
