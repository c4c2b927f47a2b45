"""Time and peak memory at full size: `make bench`."""
