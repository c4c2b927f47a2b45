"""File formats that several platforms or programs use."""
