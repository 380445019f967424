"""
The requests that a live server answers: those of programs and web pages on this machine.

A page of any site can send requests to a port of this machine. By DNS rebinding
it can even do so under a name of its own, and read the responses. Browsers say
so: they send the name in ``Host``, and the page's site in ``Origin``. An address
cannot be rebound, so loopback addresses are safe.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.http.messages import Answer, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_ghdeploy.doors.http1 import Incoming

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_ORIGIN = re.compile(r"https?://([^/?#@,\s]+)", re.IGNORECASE)


def allowed_names(names: Sequence[str]) -> frozenset[str]:
    """
    Check the argument ``allow_hosts``.

    Raises:
        FakeError: It is not a list of host names or addresses.
    """
    if not isinstance(names, (list, tuple)):
        msg = f'allow_hosts must be a list of host names, such as ["fake.test"]; got {names!r}'
        raise FakeError(msg, argument="allow_hosts")
    return frozenset(map(_checked, names))


def _checked(name: object) -> str:
    host = name.lower().removesuffix(".") if isinstance(name, str) else ""
    if host[:1] == "[" and host[-1:] == "]":
        host = host[1:-1]
    if not _NAME.fullmatch(host) and not _is_address(host):
        msg = f'allow_hosts takes host names without a scheme and a port, such as "fake.test"; got {name!r}'
        raise FakeError(msg, argument="allow_hosts")
    return host


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def host_of(authority: str) -> str:
    """Return the host in ``HOST:PORT``, in lower case, without brackets and a final dot."""
    host, bracket, _ = authority.removeprefix("[").partition("]")
    if not bracket:
        host = authority.partition(":")[0]
    return host.lower().removesuffix(".")


def is_loopback(host: str) -> bool:
    """Return whether *host* is a loopback address, or a name that browsers look for on this machine only."""
    return host.endswith(".localhost") or deliveries.is_loopback_host(host)


def is_allowed(authority: str, allowed: Collection[str]) -> bool:
    """Return whether a request may be for this host: a loopback host, or one in *allowed*."""
    host = host_of(authority)
    return is_loopback(host) or host in allowed


def other_host(authority: str) -> Answer:
    """Refuse a request for a host that is not allowed."""
    host = host_of(authority)
    return _refused(
        f"requests for the host {host} are refused, since a page of another site could send them: use 127.0.0.1 or "
        f"localhost, or allow the name with ghdeploy serve --allow-host {host} or serve(allow_hosts=[{host!r}])"
    )


def other_site(incoming: Incoming, allowed: Collection[str]) -> Answer | None:
    """Refuse a request from a page of another site, and its preflight. The refusal has no CORS headers."""
    origin = incoming.headers.get("origin")
    if origin is None:
        # Browsers send no Origin with images and links.
        if incoming.headers.get("sec-fetch-site") != "cross-site":
            return None
        return _refused("requests from pages of other sites are refused (Sec-Fetch-Site: cross-site)")
    match = _ORIGIN.fullmatch(origin)
    if match and is_allowed(match[1], allowed):
        return None
    advice = ""
    if match:
        host = host_of(match[1])
        advice = f": ghdeploy serve --allow-host {host} or serve(allow_hosts=[{host!r}]) allows them"
    return _refused(f"requests from pages of other sites are refused (Origin: {origin}){advice}")


def _refused(text: str) -> Answer:
    return plain(HTTPStatus.FORBIDDEN, text)
