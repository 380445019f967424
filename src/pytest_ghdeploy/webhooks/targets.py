"""The receivers of webhooks: what ``subscribe`` accepts, and how each kind is recognized."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args
from urllib.parse import urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.redaction import without_likely_credentials

if TYPE_CHECKING:
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver

Kind = Literal["url", "wsgi", "asgi", "callable"]
KINDS: tuple[str, ...] = get_args(Kind)


class Target(NamedTuple):
    """
    A receiver.

    Attributes:
        value: The URL, the application or the function.

        path: Where an application is called.

        any_host: Whether a URL may lead to another machine.

        in_thread: Whether it is called in a thread of its own.

        server: Runs an ASGI application.
    """

    kind: Kind
    value: Any
    path: str = "/"
    any_host: bool = False
    in_thread: bool = False
    server: AsgiReceiver | None = None

    @property
    def name(self) -> str:
        """What to call it in reports and URLs."""
        if self.kind == "url":
            return str(self.value)
        found = getattr(self.value, "__name__", None) or type(self.value).__name__
        return found if isinstance(found, str) else type(self.value).__name__


def target_of(value: object, kind: Kind | None, path: str, *, any_host: bool, in_thread: bool | None) -> Target:
    """
    Find out what a receiver is, unless *kind* says so.

    A text is a URL. What takes three arguments is an ASGI application, what
    takes two a WSGI application, and what takes one is called with the delivery.

    Raises:
        FakeError: It is none of these, or a URL that leads to another machine.
    """
    if kind is not None and kind not in KINDS:
        raise errors.unknown("receiver kind", kind, KINDS, argument="kind")
    found = kind or _kind_of(value)
    if (found == "url") != isinstance(value, str) or (found != "url" and not callable(value)):
        wanted = "a string" if found == "url" else "something to call"
        msg = f"a receiver of kind {found!r} must be {wanted}, got {_told(value)}"
        raise FakeError(msg, argument="target")
    if not isinstance(path, str) or not path.startswith("/") or (path != "/" and found in ("url", "callable")):
        got = f"got {_told(path)} for {_told(value)}"
        msg = f'path is where a WSGI or ASGI application is called, and starts with "/"; {got}'
        raise FakeError(msg, argument="path")
    if isinstance(value, str) and not any_host and not deliveries.is_loopback(value):
        msg = (
            f"{host_of(value)!r} is not this machine; deliveries go to localhost, 127.0.0.1 and ::1 only: "
            "allow_any_host=True sends them to others"
        )
        raise FakeError(msg, argument="target")
    if in_thread is not None and found == "url":
        msg = f"in_thread is for what is called in this process, and {_told(value)} is a URL"
        raise FakeError(msg, argument="in_thread")
    server = None
    if found == "asgi":
        from pytest_ghdeploy.webhooks.asgi import AsgiReceiver  # imports asyncio

        server = AsgiReceiver(cast("Any", value))
    return Target(cast("Kind", found), value, path, any_host, bool(in_thread), server)


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "url"
    if not callable(value):
        msg = f"a receiver must be a URL, a WSGI or ASGI application, or a function of one delivery; got {_told(value)}"
        raise FakeError(msg, argument="target")
    if _is_of_werkzeug(value):
        return "wsgi"
    try:
        # What a decorator makes of a function takes what it says itself, if it says anything.
        signature = inspect.signature(value, follow_wrapped=False)
        if all(one.kind in _ANY for one in signature.parameters.values()):
            signature = inspect.signature(value)
    except (TypeError, ValueError):  # of some built-in functions nothing is known
        return "callable"
    for kind, count in (("callable", 1), ("wsgi", 2), ("asgi", 3)):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return kind
    msg = (
        f"{value!r} takes {signature}: a WSGI application takes two arguments, an ASGI application three, and a "
        'function one delivery; kind="wsgi" and the like say which it is'
    )
    raise FakeError(msg, argument="target")


_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_of_werkzeug(value: object) -> bool:
    """Tell whether ``@Request.application`` has made it, which takes any arguments and says that it takes one."""
    made_in = getattr(value, "__globals__", None)
    return isinstance(made_in, dict) and made_in.get("__name__") == "werkzeug.wrappers.request"


def host_of(url: str) -> str:
    """Find the host in a URL, or show the URL without its secrets if it has none."""
    try:
        return urlsplit(url).hostname or without_likely_credentials(url)
    except ValueError:
        return without_likely_credentials(url)


def _told(value: object) -> str:
    return (
        repr(without_likely_credentials(value)) if isinstance(value, str) else without_likely_credentials(repr(value))
    )
