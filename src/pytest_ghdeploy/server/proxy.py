"""
The live server as a forward proxy, for programs that always call ``https://api.github.com``.

It ends the tunnels to GitHub's hosts itself, with a certificate of this run, and
connects to nothing. Clients in a tunnel get what a client in the test's process
gets: they take the fake for GitHub.

Source:
    RFC 9110, section 9.3.6 (``CONNECT``)
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.http.messages import Answer, plain
from pytest_ghdeploy.server import access, tls
from pytest_ghdeploy.server.wsgi import answered, check_proxied

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from pytest_ghdeploy.doors.http1 import Incoming
    from pytest_ghdeploy.http.fake import Fake

    Respond = Callable[[Incoming], Answer]

_HTTP, _HTTPS = 80, 443
# A client could name any number of hosts.
_REMEMBERED = 1000


class Tunnel(NamedTuple):
    """
    An open tunnel.

    Attributes:
        host: The host that the client believes to be at the other end.

        context: The server's side of TLS; ``None`` in a tunnel to the port of HTTP.

        respond: Answers the requests in the tunnel.
    """

    host: str
    context: SSLContext | None
    respond: Respond


class Proxy:
    """The proxy of one live server."""

    def __init__(self, fake: Fake, ca_file: str) -> None:
        """
        Open no tunnel yet.

        Args:
            ca_file: The file that clients have to trust, for messages.

        Raises:
            FakeError: trustme is not installed.
        """
        tls.authority()
        root = urlsplit(fake.base_url)
        self._fake = fake
        self._ca_file = ca_file
        self._ports = {_HTTPS, root.port or _HTTPS}
        self._is_plain = root.scheme == "http"
        self._lock = Lock()
        self._refused: list[str] = []

    @property
    def refused(self) -> list[str]:
        """The other hosts that clients wanted to reach, with their ports, in order; of many, the first 1,000."""
        return list(self._refused)

    def open(self, authority: str) -> Tunnel | Answer:
        """Open a tunnel to ``HOST:PORT`` if the host is GitHub's, or else refuse it."""
        host, port = access.host_of(authority), _port_of(authority, _HTTPS)
        if not self._is_ours(host):
            return self._refuse(host, port, "a tunnel")
        if port == _HTTP:
            return Tunnel(host, None, partial(self._on_http, host))
        if port not in self._ports:
            return self._refuse(host, port, "a tunnel")
        try:
            context = tls.tunnel_context(host)
        except ValueError:  # such as a name with an underscore
            return self._refuse(host, port, "a tunnel")
        origin = f"https://{host}" if port == _HTTPS else f"https://{host}:{port}"
        return Tunnel(host, context, partial(self._on_https, host, origin))

    def forward(self, incoming: Incoming) -> Answer:
        """Answer a request outside a tunnel, whose target is a URL of another host than the server's."""
        host, port = access.host_of(incoming.authority), _port_of(incoming.authority, _HTTP)
        return self._on_http(host, incoming) if self._is_ours(host) else self._refuse(host, port, "a request")

    def explain_failure(self, tunnel: Tunnel, problem: OSError) -> None:
        """Note that a client has ended a handshake, usually because it does not trust the certificate."""
        reason = getattr(problem, "reason", None) or problem
        self._fake.note(
            f"the TLS handshake in a tunnel to {tunnel.host} failed ({reason}): the client has to trust {self._ca_file}"
        )

    def _is_ours(self, host: str) -> bool:
        if host == self._fake.host:
            return True
        return registry.is_githubs(host, self._fake.host) and host not in self._fake.passed_through

    def _refuse(self, host: str, port: int, what: str) -> Answer:
        place = f"{host}:{port}"
        shown = self._fake.secrets.redact(place)
        with self._lock:
            if shown not in self._refused and len(self._refused) < _REMEMBERED:
                self._refused.append(shown)
        text = f"{what} to {place} was refused: this proxy answers for GitHub and connects to no host"
        self._fake.note(text)
        return plain(HTTPStatus.FORBIDDEN, text)

    def _on_https(self, host: str, origin: str, incoming: Incoming) -> Answer:
        # Pages of other sites need no check: no page can open a tunnel.
        return check_proxied(self._fake, host, incoming.target) or self._answer(origin, incoming)

    def _on_http(self, host: str, incoming: Incoming) -> Answer:
        """Redirect to HTTPS, as GitHub does."""
        if host == self._fake.host and self._is_plain:
            return self._answer(f"http://{incoming.authority}", incoming)
        self._fake.note(f"a request to http://{host} was redirected to https://{host}, as GitHub does")
        headers = {"Location": f"https://{host}{incoming.target}", "Content-Length": "0"}
        return Answer(int(HTTPStatus.MOVED_PERMANENTLY), headers, b"")

    def _answer(self, origin: str, incoming: Incoming) -> Answer:
        url = f"{origin}{incoming.target}"
        return answered(self._fake, incoming.method, url, incoming.headers, incoming.body)


def _port_of(authority: str, default: int) -> int:
    _, colon, port = authority.rpartition("]")[2].rpartition(":")
    return int(port) if colon and port else default
