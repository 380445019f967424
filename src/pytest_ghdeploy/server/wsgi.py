"""
The fake as a WSGI application, and the code that it shares with the live server.

URLs in an answer follow the host and prefix of the request.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github.refusals import REASONS
from pytest_ghdeploy.http.messages import Answer, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from pytest_ghdeploy.http.fake import Fake

API_PREFIX = "/api/v3"
_GRAPHQL = "/api/graphql"
_SCHEMES_PORT = {"http": ":80", "https": ":443"}


def ask(
    fake: Fake,
    method: str,
    target: str,
    *,
    scheme: str,
    authority: str,
    headers: Mapping[str, str],
    body: bytes,
    mount: str = "",
) -> Answer:
    """
    Let *fake* answer as the host of the request. The roots of its API are ``/`` and ``/api/v3``.

    Args:
        target: Path and query, percent-encoded.

        mount: The prefix of *target* under which the application is mounted.

    Returns:
        The answer; a 501 if the fake does not support the request, and a 500 if it
        crashes. Both also fail the test.
    """
    host = f"{scheme}://{authority.removesuffix(_SCHEMES_PORT[scheme])}"
    root = site = f"{host}{mount}"
    path = target.partition("?")[0].removeprefix(mount)
    if path == API_PREFIX or path.startswith(f"{API_PREFIX}/"):
        root = f"{site}{API_PREFIX}"
    elif path == _GRAPHQL:
        root = f"{site}/api"
    return answered(fake, method, f"{host}{target}", headers, body, root=root)


def answered(fake: Fake, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:
    """
    Let *fake* answer, and turn its exceptions into answers.

    Args:
        root: The root of the API in URLs of the answer, if it is not ``base_url``.

    Returns:
        The answer, or a 501 or 500 as from ``ask``.
    """
    try:
        return fake.answer(method, url, headers, body, root=root)
    except UnsupportedRequest as problem:
        return plain(HTTPStatus.NOT_IMPLEMENTED, str(problem))
    except Exception as problem:  # noqa: BLE001 - the fake has recorded it, and fails the test
        return plain(HTTPStatus.INTERNAL_SERVER_ERROR, f"the fake crashed, which fails the test: {problem!r}")


def check_proxied(fake: Fake, host: str, target: str) -> Answer | None:
    """
    Refuse a proxy request for another *host* than that of *fake*, unless its *target* is an archive.

    The server forwards nothing to other hosts.
    """
    if host == fake.host or fake.download_on(host, target.partition("?")[0]):
        return None
    if registry.is_githubs(host, fake.host):
        msg = f"a request to {host} cannot be answered: the live server is the API of {fake.host} only"
        problem = UnsupportedRequest(msg, see="another-host-of-github")
        fake.fail(problem)
        return plain(HTTPStatus.NOT_IMPLEMENTED, str(problem))
    return plain(HTTPStatus.BAD_GATEWAY, f"this is a fake of {fake.host}, not a proxy: it forwards nothing to {host}")


class WsgiApp:
    """
    A fake as a WSGI application. URLs in answers start with the URL where it is mounted.

    A fault without an answer raises ``ConnectionResetError`` or ``TimeoutError``.
    """

    def __init__(self, fake: Fake) -> None:
        """Make the application for *fake*."""
        self._fake = fake

    def __repr__(self) -> str:
        return f"<WSGI application of {self._fake!r}>"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as PEP 3333 specifies."""
        from werkzeug.wrappers import Request  # only WSGI needs it, not the live server

        request = Request(environ)
        authority = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        answer = ask(
            self._fake,
            environ["REQUEST_METHOD"],  # werkzeug would convert it to upper case
            _target_of(environ),
            scheme=environ["wsgi.url_scheme"],
            authority=authority,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(cache=False),
            mount=quote(environ.get("SCRIPT_NAME", "").encode("latin-1")).rstrip("/"),
        )
        if answer.failure in ("refused", "reset"):
            msg = f"the test asked for this fault: {answer.failure}"
            raise ConnectionResetError(msg)
        if answer.failure == "timeout":
            msg = "the test asked for this fault: timeout"
            raise TimeoutError(msg)
        start_response(f"{answer.status} {REASONS.get(answer.status, 'Unknown')}", list(answer.headers.items()))
        return [answer.body]


def _target_of(environ: WSGIEnvironment) -> str:
    # PATH_INFO is decoded, so an encoded slash in a name looks like one between names. Many servers also pass the raw
    # target.
    for name in ("RAW_URI", "REQUEST_URI"):
        if raw := environ.get(name):
            parts = urlsplit(raw)
            return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}".encode("latin-1")
    query = environ.get("QUERY_STRING")
    return (quote(path) or "/") + (f"?{query}" if query else "")
