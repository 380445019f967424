"""Receivers of webhooks: the kinds that ``subscribe`` accepts, and how they are recognized."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args
from urllib.parse import quote, urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.redaction.content import without_likely_credentials

if TYPE_CHECKING:
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver

Kind = Literal["url", "wsgi", "asgi", "callable"]
KINDS: tuple[str, ...] = get_args(Kind)


class Target(NamedTuple):
    """
    A receiver.

    Attributes:
        value: The URL, the application or the function.

        path: The path of requests to an application.

        any_host: Whether a URL may be on another machine.

        in_thread: Whether it is called in its own thread.

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
        """The receiver's name in reports and URLs."""
        if self.kind == "url":
            return str(self.value)
        name = getattr(self.value, "__name__", None) or type(self.value).__name__
        return name if isinstance(name, str) else type(self.value).__name__


def target_of(value: object, kind: Kind | None, path: str, *, any_host: bool, in_thread: bool | None) -> Target:
    """
    Check a receiver, and recognize its kind if *kind* is ``None``.

    A string is a URL. A callable is an ASGI application if it has three parameters, a WSGI application if it has two
    with the usual names, and a function that takes the delivery if it has one.

    Raises:
        FakeError: *value* is not a receiver, or is a URL on another machine.
    """
    if kind is not None and kind not in KINDS:
        raise errors.unknown("receiver kind", kind, KINDS, argument="kind")
    recognized = kind or _kind_of(value)
    if (recognized == "url") != isinstance(value, str) or (recognized != "url" and not callable(value)):
        wanted = "a string" if recognized == "url" else "callable"
        msg = f"a receiver of kind {recognized!r} must be {wanted}, got {_shown(value)}"
        raise FakeError(msg, argument="target")
    if not isinstance(path, str) or not path.startswith("/") or (path != "/" and recognized in ("url", "callable")):
        got = f"got {_shown(path)} for {_shown(value)}"
        msg = f'path is only for WSGI and ASGI applications, and must start with "/"; {got}'
        raise FakeError(msg, argument="path")
    if isinstance(value, str) and not any_host and not deliveries.is_loopback(value):
        msg = (
            f"{host_of(value)!r} is not this machine; receivers must be on localhost, 127.0.0.1 or ::1, "
            "unless allow_any_host=True"
        )
        raise FakeError(msg, argument="target")
    if in_thread is not None and recognized == "url":
        msg = f"in_thread is only for receivers in this process, and {_shown(value)} is a URL"
        raise FakeError(msg, argument="in_thread")
    server = None
    if recognized == "asgi":
        from pytest_ghdeploy.webhooks.asgi import AsgiReceiver  # imports asyncio

        server = AsgiReceiver(cast("Any", value))
    return Target(cast("Kind", recognized), value, path, any_host, bool(in_thread), server)


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "url"
    if not callable(value):
        kinds = "a URL, a WSGI or ASGI application, or a function that takes a delivery"
        msg = f"a receiver must be {kinds}; got {_shown(value)}"
        raise FakeError(msg, argument="target")
    if _is_of_werkzeug(value):
        return "wsgi"
    try:
        # The wrapper of a decorator decides, unless it takes any arguments.
        signature = inspect.signature(value, follow_wrapped=False)
        if all(parameter.kind in _ANY for parameter in signature.parameters.values()):
            signature = inspect.signature(value)
    except (TypeError, ValueError):  # some built-in functions have no signature
        return "callable"
    for kind, count in (("callable", 1), ("wsgi", 2), ("asgi", 3)):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        if kind == "wsgi" and not _is_named_as_wsgi(list(signature.parameters)):
            break
        return kind
    msg = (
        f"cannot tell which kind of receiver {value!r} with the parameters {signature} is: a function takes one "
        "argument, a WSGI application two, called environ and start_response, and an ASGI application three; set the "
        'kind, such as kind="wsgi"'
    )
    raise FakeError(msg, argument="target", see="a-receiver-of-an-unknown-kind")


def _is_named_as_wsgi(names: list[str]) -> bool:
    """Return whether two parameters have the usual names, since a function of the test may have two by mistake."""
    return "env" in names[0].lower() or "start" in names[-1].lower()


_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_of_werkzeug(value: object) -> bool:
    """Return whether it is a ``@Request.application``, which shows one parameter but is a WSGI application."""
    names = getattr(value, "__globals__", None)
    return isinstance(names, dict) and names.get("__name__") == "werkzeug.wrappers.request"


def encoded(path: str, query: str) -> tuple[str, str]:
    """Percent-encode the path and the query of a URL as browsers do: what is encoded already stays as it is."""
    return (
        quote(path, safe="/%:@!$&'()*+,;=~-._", errors="surrogatepass"),
        quote(query, safe="!#$%&'()*+,/:;=?@[]~^`{|}\\\"<>", errors="surrogatepass"),
    )


def host_of(url: str) -> str:
    """Return the host of a URL, or the URL without its secrets if it has no host."""
    try:
        return urlsplit(url).hostname or without_likely_credentials(url)
    except ValueError:
        return without_likely_credentials(url)


def _shown(value: object) -> str:
    return (
        repr(without_likely_credentials(value)) if isinstance(value, str) else without_likely_credentials(repr(value))
    )


def address(target: Target, number: int) -> str:
    """Return a unique URL for a receiver that has none."""
    name = re.sub(r"[^a-z0-9]+", "-", target.name.lower()).strip("-") or target.kind
    return f"http://{name}-{number}.invalid{quote(target.path, safe=_SAFE)}"


_SAFE = "/%?&=:@!$'()*+,;-._~"
