"""Opening all doors for a fake, and closing them behind the last one."""

from __future__ import annotations

from pytest_ghdeploy.doors import http_client, import_hook, memory_socket, network_guard, registry, requests, urllib3
from pytest_ghdeploy.doors.patching import apply_all, changes, undo_all

_OTHERS = (*http_client.PATCHES, *urllib3.PATCHES, *network_guard.PATCHES)


def enter(fake: registry.Fake) -> None:
    """Let clients in to *fake*."""
    with changes:
        registry.enter(fake)
        requests.stand_before_requests_mock()
        apply_all(requests.PATCHES)
        apply_all(_OTHERS)
        import_hook.apply()


def leave(fake: registry.Fake) -> None:
    """Let nobody in to *fake* any more; leave the clients as they were if it was the last."""
    with changes:
        registry.leave(fake)
        fake.doors.clear()  # which hold the fake: it goes with whoever holds it, without waiting for the collector
        memory_socket.disconnect_inactive()
        if not registry.any_active():
            undo_all(requests.PATCHES)
            undo_all(_OTHERS)
            import_hook.undo()
