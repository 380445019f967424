"""Opening all doors for a fake, and closing them behind the last one."""

from __future__ import annotations

from pytest_ghdeploy.doors import guard, hosts, requests


def enter(fake: hosts.Fake) -> None:
    """Let clients in to *fake*."""
    fake.doors["requests"] = requests.RequestsDoor(fake)
    hosts.enter(fake)
    requests.stand_before_requests_mock()
    for patch in (*requests.PATCHES, *guard.PATCHES):
        patch.apply()


def leave(fake: hosts.Fake) -> None:
    """Let nobody in to *fake* any more; leave the clients as they were if it was the last."""
    hosts.leave(fake)
    if not hosts.any_active():
        for patch in (*requests.PATCHES, *guard.PATCHES):
            patch.undo()
