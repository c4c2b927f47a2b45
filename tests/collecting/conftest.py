"""The fixture of the real servers, for the tests that hold the stub against them."""

from tests.bluesky_network.fixtures import bluesky  # noqa: F401
