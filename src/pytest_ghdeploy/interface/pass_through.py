"""GitHub's hosts that a fake leaves to other mocks and the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST = re.compile(r"[\w-]+(\.[\w-]+)+", re.ASCII)


def to_hosts(names: Iterable[object], api_host: str, argument: str) -> frozenset[str]:
    """
    Check hosts to pass through, and return them as the doors compare them.

    Args:
        api_host: The host of the fake's own API.

        argument: The name of the argument with *names*.

    Raises:
        FakeError: A name is not a host name, the host is not GitHub's, or a fake answers for it.
    """
    hosts = set()
    for name in names:
        host = registry.host_named(name) if isinstance(name, str) else ""
        if not _HOST.fullmatch(host):
            msg = f'each item of {argument} must be a host, such as "raw.githubusercontent.com", got {name!r}'
            raise FakeError(msg, argument=argument)
        if host == api_host or registry.serves(host):
            msg = f"a fake answers for {host}, so it cannot be passed through; ghdeploy.stub replaces single responses"
            raise FakeError(msg, argument=argument)
        if not registry.is_githubs(host, api_host):
            msg = f"{host} is none of GitHub's hosts, so fakes leave it to other mocks and the network anyway"
            raise FakeError(msg, argument=argument)
        hosts.add(host)
    return frozenset(hosts)
