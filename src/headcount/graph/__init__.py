"""The graph of who follows whom on integer rows, and its kernels; they know no platform, no file and no screen."""
