"""Which active fake answers for a host, and which other hosts are GitHub's."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from functools import lru_cache, partial
from threading import local
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit
from weakref import ref

from pytest_ghdeploy.errors import UnsupportedRequest

if TYPE_CHECKING:
    from pytest_ghdeploy.http.fake import Fake

_GITHUB = ("github.com", "githubusercontent.com", "ghe.com")
_WELL_KNOWN = ("api.github.com", "github.com", "uploads.github.com", "codeload.github.com", "raw.githubusercontent.com")
# The subdomains of a GitHub Enterprise Server with "subdomain isolation". Source:
# https://docs.github.com/enterprise-server@3.19/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation
_ISOLATED = frozenset(
    {"assets", "avatars", "codeload", "containers", "docker", "gist", "maven", "media", "notebooks", "npm", "nuget",
     "pages", "raw", "render", "reply", "rubygems", "uploads", "viewscreen"}
)  # fmt: skip


# The only state that fakes share: a process has one set of clients, and they know only hosts. The list is replaced
# instead of changed, so that a loop in another thread misses no fake.
_active: list[Fake] = []


# For reports: the most recently activated fakes. Weak references, because without pytest nothing empties the list.
recent: deque[ref[Fake]] = deque(maxlen=16)

# Addresses of live servers. They forward nothing, so sending them a proxy request is safe.
servers: set[tuple[str, int]] = set()


def any_active() -> bool:
    """Return whether a fake is active."""
    return bool(_active)


def enter(fake: Fake) -> None:
    """Let *fake* answer for its host, instead of an earlier fake for the same host."""
    global _active  # noqa: PLW0603 - shared by all fakes
    _active = [*_active, fake]
    recent.append(ref(fake))


def step_back(fake: Fake) -> None:
    """Let *fake* answer only if no other fake for its host is active, even one that was activated earlier."""
    global _active  # noqa: PLW0603 - shared by all fakes
    _active = [fake, *(other for other in _active if other is not fake)]


def leave(fake: Fake) -> None:
    """Stop letting *fake* answer for its host."""
    global _active  # noqa: PLW0603 - shared by all fakes
    _active = [other for other in _active if other is not fake]


@lru_cache(256)
def host_of(url: str) -> str:
    """Return the host of a URL as ``host_named`` does; ``""`` if it has none."""
    try:
        return host_named(urlsplit(url).hostname)
    except ValueError:
        return ""


def host_named(host: str | None) -> str:
    """
    Return the name of a host as ``fake_for`` and ``serves`` expect it.

    It is in lower case, without a dot at its end, and encoded as a look-up would
    encode it: full-width dots, for example, become dots.
    """
    name = host or ""
    if not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("idna").decode()
    return name.lower().rstrip(".")


def serves(host: str) -> bool:
    """Return whether an active fake answers for *host*, except for downloads."""
    return any(fake.host == host for fake in _active)


def serves_downloads(host: str) -> bool:
    """Return whether an active fake answers downloads from *host*, which is not passed through."""
    return any(host in fake.download_hosts for fake in _active) and is_refused(host)


def fake_for(host: str) -> Fake | None:
    """
    Return the active fake that answers for *host*; ``None`` if the host is not GitHub's, or is passed through.

    The fake itself refuses all other requests to a host of downloads.

    Raises:
        UnsupportedRequest: The host is GitHub's, and no active fake answers for it.
    """
    for fake in reversed(_active):
        if fake.host == host:
            return None if getattr(delivering, "on", False) else fake
    if _active and is_refused(host):
        if not getattr(delivering, "on", False):
            for fake in reversed(_active):
                if host in fake.download_hosts:
                    return fake
        raise refusal(host, unanswered(host), see="another-host-of-github")
    return None


def unanswered(host: str) -> str:
    """Say why a request to a host of GitHub is not answered."""
    return f"a request to {host} cannot be answered: {_served()}. {way_through(host)}"


def is_refused(host: str) -> bool:
    """Return whether *host* is GitHub's and no active fake answers for it or passes it through."""
    return is_githubs(host) and not any(host in fake.passed_through for fake in _active)


def way_through(host: str) -> str:
    """Say how a test leaves a refused host to others."""
    return f'ghdeploy.pass_through("{host}") leaves this host to other mocks and the network'


delivering = local()
"""
Its attribute ``on`` lets this thread connect to receivers on this machine, even if a fake answers for their host name.

A context manager would be nicer, but an interruption may keep one from switching it off.
"""


def is_ours(host: object) -> bool:
    """Return whether requests to *host* must not reach the network while fakes are active."""
    if not _active or not isinstance(host, (str, bytes, bytearray)) or getattr(delivering, "on", False):
        return False
    # getaddrinfo reads a name up to its first null character.
    name = host_named((host if isinstance(host, str) else host.decode("latin-1")).partition("\0")[0])
    return serves(name) or is_refused(name)


def all_ours() -> list[str]:
    """List hosts for which ``is_ours`` is true: those of the fakes, and GitHub's best known."""
    hosts = [*(fake.host for fake in _active), *filter(is_refused, _WELL_KNOWN)]
    return list(dict.fromkeys(hosts)) if _active else []


def is_githubs(host: str, api_host: str = "") -> bool:
    """
    Return whether *host*, in lower case, is GitHub's or a subdomain of the Enterprise Server of an active fake.

    *api_host* may be the host of another fake, which need not be active.
    """
    if any(host == name or host.endswith(f".{name}") for name in _GITHUB):
        return True
    first, _, parent = host.partition(".")
    return first in _ISOLATED and bool(parent) and (parent == api_host or serves(parent))


def refusal(host: str, message: str, *, see: str) -> UnsupportedRequest:
    """Make the error for a request to *host*. The test fails even if the error is swallowed."""
    problem = UnsupportedRequest(message, see=see)
    fakes = [fake for fake in _active if fake.host == host] or _active
    for fake in fakes[-1:]:  # empty if the last fake was just closed in another thread
        fake.fail(problem)
    return problem


def unknown_version(host: str, library: str, name: str) -> UnsupportedRequest:
    """Make the error for a request to *host* through a *library* that no longer has the private *name*."""
    from importlib.metadata import version

    return refusal(
        host,
        f"a request to {host} cannot be answered: {library} {version(library)} has no {name}, which this version of "
        f"pytest-ghdeploy needs. Use an older {library} or a newer pytest-ghdeploy",
        see="a-library-that-is-too-new",
    )


def _served() -> str:
    return "active fakes answer for " + " and ".join(fake.base_url for fake in _active) + " only"


def _after_fork() -> None:
    for fake in _active:
        # Another thread may have held a lock of the fake or of a door, and is not here to release it.
        fake.doors.clear()
        fake.after_fork()
        fake.answer = partial(_answer_in_a_child, fake)  # type: ignore[method-assign]


def _answer_in_a_child(fake: Fake, *_: object, **__: object) -> NoReturn:
    __tracebackhide__ = True
    problem = UnsupportedRequest(
        f"a request to {fake.base_url} cannot be answered in a process that was forked from the test's: it has a copy "
        "of the fake, and the test would not see changes to the copy. Let the process send its requests to the URL of "
        "ghdeploy_server (api_url, or the variables in env), or open a FakeGitHub in the process",
        see="a-forked-process",
    )
    fake.fail(problem)
    raise problem


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
