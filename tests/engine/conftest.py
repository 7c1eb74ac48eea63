"""The engine runs on toy kinds, whose world is a dict."""

import pytest

from tests.toys.world import World


@pytest.fixture(autouse=True)
def _toys(toys: None) -> None:
    """Let the registry know the toy kinds."""


@pytest.fixture
def world() -> World:
    """A world with nothing in it."""
    return World()
