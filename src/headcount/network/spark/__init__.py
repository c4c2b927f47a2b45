"""The run over a whole platform on Spark."""
