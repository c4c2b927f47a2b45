"""One report value, put together from the measures, and its renderings."""
