"""The command line: one verb a question."""
