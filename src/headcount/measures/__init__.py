"""Measures: one file a measure, each readable as the methods section of a paper."""
