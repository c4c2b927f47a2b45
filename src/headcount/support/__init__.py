"""What every room may use: text made safe, files written whole, times, terminals, names, records."""
