"""The answers of a live server: from its proxy, the admin interface or the fake, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.http.messages import Answer, plain
from pytest_ghdeploy.server import access
from pytest_ghdeploy.server.sockets import ADDRESS
from pytest_ghdeploy.server.wsgi import ask, check_proxied

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.doors.http1 import Incoming
    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.server.proxy import Proxy

    Before = Callable[[Incoming, str, bool], Answer | None]


class Responder:
    """The answers of one live server."""

    def __init__(
        self,
        fake: Fake,
        port: int,
        scheme: str,
        allowed: frozenset[str],
        proxy: Proxy | None,
        before: Before | None,
    ) -> None:
        """
        Answer for *fake* on a *port*.

        Args:
            allowed: Host names other than loopback names under which the server answers.

            before: Called with each request, the server's scheme and whether the request's host is allowed. It returns
                an answer, or ``None`` to ask the fake.
        """
        self._fake = fake
        self._port = port
        self._scheme = scheme
        self._allowed = allowed
        self._proxy = proxy
        self._before = before

    def answer(self, incoming: Incoming) -> Answer:
        """Answer a request in the protocol of the port."""
        if self._proxy and incoming.scheme and not self._is_own(incoming.authority):
            return self._proxy.forward(incoming)
        is_allowed = access.is_allowed(incoming.authority, self._allowed)
        if self._before and (answer := self._before(incoming, self._scheme, is_allowed)):
            return answer
        return self._refusal(incoming, is_allowed=is_allowed) or ask(
            self._fake,
            incoming.method,
            incoming.target,
            scheme=incoming.scheme or self._scheme,
            authority=incoming.authority,
            headers=incoming.headers,
            body=incoming.body,
        )

    def answer_plain(self, incoming: Incoming) -> Answer:
        """Answer a request over HTTP on the port of HTTPS: one for the proxy, which is reached over HTTP."""
        if self._proxy and incoming.scheme and not self._is_own(incoming.authority):
            return self._proxy.forward(incoming)
        return self.other_protocol()

    def other_protocol(self) -> Answer:
        """Refuse HTTP on the port of HTTPS."""
        url = f"https://{ADDRESS}:{self._port}"
        return plain(400, f"this port serves HTTPS, and the client uses HTTP: the URL is {url}")

    def _is_own(self, authority: str) -> bool:
        """Return whether the request to the proxy is for the server itself, and needs no proxy."""
        host = access.host_of(authority)
        is_here = access.is_loopback(host) and authority.endswith(f":{self._port}")
        return is_here or host in self._allowed

    def _refusal(self, incoming: Incoming, *, is_allowed: bool) -> Answer | None:
        if not is_allowed and not incoming.scheme:
            return access.other_host(incoming.authority)
        refusal = None if is_allowed else check_proxied(self._fake, access.host_of(incoming.authority), incoming.target)
        return refusal or access.other_site(incoming, self._allowed)
