"""Opening all doors to a fake, and closing them after the last one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_ghdeploy.doors import http_client, import_hook, memory_socket, network_guard, registry, requests, urllib3
from pytest_ghdeploy.doors.patching import apply_all, changes, undo_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy.http.fake import Fake

_PATCHES = (*requests.PATCHES, *http_client.PATCHES, *urllib3.PATCHES, *network_guard.PATCHES)


def enter(fake: Fake) -> None:
    """Send the requests of all clients for the host of *fake* to it."""
    with changes:
        registry.enter(fake)
        network_guard.install()
        apply_all(_PATCHES)
        import_hook.apply()


def leave(fake: Fake) -> None:
    """Stop sending requests to *fake*. If no other fake is active, restore the clients."""
    with changes:
        registry.leave(fake)
        fake.doors.clear()  # they refer to the fake, and the cycle would keep it alive until garbage collection
        memory_socket.disconnect_inactive()
        if not registry.any_active():
            undo_all(_PATCHES)
            import_hook.undo()


@contextmanager
def without_network_guard() -> Iterator[None]:
    """Take the network guard away for a moment, so that another tool can restore the functions below it."""
    with changes:
        undo_all(network_guard.PATCHES)
        yield
        if registry.any_active():
            apply_all(network_guard.PATCHES)
