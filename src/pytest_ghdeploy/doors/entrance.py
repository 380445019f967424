"""Opening all doors for a fake, and closing them behind the last one."""

from __future__ import annotations

from pytest_ghdeploy.doors import guard, hosts, http_client, optional, requests, urllib3, wire
from pytest_ghdeploy.doors.patching import apply_all, changes, undo_all

_OTHERS = (*http_client.PATCHES, *urllib3.PATCHES, *guard.PATCHES)


def enter(fake: hosts.Fake) -> None:
    """Let clients in to *fake*."""
    with changes:
        hosts.enter(fake)
        requests.stand_before_requests_mock()
        apply_all(requests.PATCHES)
        apply_all(_OTHERS)
        optional.apply()


def leave(fake: hosts.Fake) -> None:
    """Let nobody in to *fake* any more; leave the clients as they were if it was the last."""
    with changes:
        hosts.leave(fake)
        fake.doors.clear()  # which hold the fake: it goes with whoever holds it, without waiting for the collector
        wire.part()
        if not hosts.any_active():
            undo_all(requests.PATCHES)
            undo_all(_OTHERS)
            optional.undo()
