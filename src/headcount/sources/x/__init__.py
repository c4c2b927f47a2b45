"""X: collector, archive, files of its API."""
