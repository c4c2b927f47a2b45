"""The network's fixture for the tests beside it."""

from tests.bluesky_network.fixtures import bluesky  # noqa: F401
