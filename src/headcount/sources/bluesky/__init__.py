"""Bluesky (AT Protocol): collector, stream, repositories."""
