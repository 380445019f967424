"""What the tests of servers share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.doors import registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    """Check after a test that no thread and no known address is left."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert not registry.servers
