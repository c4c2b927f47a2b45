"""Estimators that several measures share."""
