"""
One function per client library, so that a test can run through every door.

``DOORS`` contains the functions by name. Each takes the fake's API root and a
request, and returns the status, the headers (names in lower case) and the body.
"""

from __future__ import annotations

import asyncio
import http.client
import urllib.error
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Said(NamedTuple):
    """A response, the same for all libraries."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _said(status: int, headers: Any, body: bytes) -> Said:  # noqa: ANN401 - pairs or a mapping
    pairs = headers.items() if hasattr(headers, "items") else headers
    return Said(status, {name.lower(): value for name, value in pairs}, body)


def with_requests(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
    """Send a request with requests."""
    answer = requests.request(method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False)
    return _said(answer.status_code, answer.headers, answer.content)


def _with_httpx(library: Any) -> Callable[..., Said]:  # noqa: ANN401 - httpx or httpx2
    def ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
        with library.Client(timeout=timeout) as client:
            answer = client.request(method, url, headers=headers, content=body)
        return _said(answer.status_code, answer.headers, answer.content)

    return ask


def with_async_httpx(library: Any, run: Callable[..., Any] = asyncio.run) -> Callable[..., Said]:  # noqa: ANN401
    """Send a request with the async client of httpx or httpx2. *run* runs coroutines, with trio if it is trio's."""

    def ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
        async def request() -> Said:
            async with library.AsyncClient(timeout=timeout) as client:
                answer = await client.request(method, url, headers=headers, content=body)
            return _said(answer.status_code, answer.headers, answer.content)

        said: Said = run(request()) if run is asyncio.run else run(request)
        return said

    return ask


def with_aiohttp(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float | aiohttp.ClientTimeout = 5
) -> Said:
    """Send a request with aiohttp."""
    limits = timeout if isinstance(timeout, aiohttp.ClientTimeout) else aiohttp.ClientTimeout(sock_read=timeout)

    async def request() -> Said:
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer,
        ):
            return _said(answer.status, answer.headers, await answer.read())

    return asyncio.run(request())


def with_http_client(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
    """Send a request with a connection of http.client."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with closing(kind(parts.netloc, timeout=timeout)) as connection:
        connection.request(method, path, body=body, headers={"User-Agent": "a tool", **headers})
        answer = connection.getresponse()
        return _said(answer.status, answer.getheaders(), answer.read())


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        pass


def with_urllib(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
    """Send a request with an opener of urllib."""
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        answer = opener.open(urllib.request.Request(url, body, dict(headers), method=method), timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        return _said(answer.status, answer.headers, answer.read())


def with_urllib3(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float = 5) -> Said:
    """Send a request with a pool of urllib3."""
    with urllib3.PoolManager() as pool:
        answer = pool.request(method, url, headers=headers, body=body, redirect=False, timeout=timeout)
        return _said(answer.status, answer.headers, answer.data)


DOORS: dict[str, Callable[..., Said]] = {
    "requests": with_requests,
    "httpx": _with_httpx(httpx),
    "httpx async": with_async_httpx(httpx),
    "httpx2": _with_httpx(httpx2),
    "httpx2 async": with_async_httpx(httpx2),
    "aiohttp": with_aiohttp,
    "http.client": with_http_client,
    "urllib.request": with_urllib,
    "urllib3": with_urllib3,
}
