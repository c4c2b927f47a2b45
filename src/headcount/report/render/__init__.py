"""A report as a page, as text, as JSON, as CSV."""
