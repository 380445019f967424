"""A request and its response without secrets, for tests and reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import eq, index
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, overload

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.public import public
from pytest_ghdeploy.redaction.content import hide, hide_in_body, hide_in_headers

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView

    from pytest_ghdeploy.redaction.secrets import Secrets


@public
class Exchange(NamedTuple):
    """
    A request and its response.

    Attributes:
        path: The path below the API's root as it was sent: percent-encoded, without the query.

        request_headers: The headers by name, ignoring case. Secrets are redacted, here and in all other attributes.

        request_body: The bytes that were sent.

        status: The HTTP status; 0 if no response has arrived.

        hint: The reason why the request was refused, or why a 202 created nothing, for the author of the test; ``""``
            for other responses.

        failure: The failure that a fault has caused between the fake and the client: ``refused``, ``reset``,
            ``timeout`` or ``truncated``; ``""`` if the response has arrived.

        login: The login of the caller; ``""`` for an anonymous caller and for an unknown token.

        operation_id: GitHub's id of the operation, such as ``repos/get-deployment``; ``""`` if the fake has no
            endpoint for this method and path.

        params: The parameters in the path, decoded, such as ``{"owner": "octocat", "repo": "example",
            "deployment_id": "4442074271"}``. If the fake has no such endpoint, only those of the repository.

        repository_id: The id of the repository in the path; ``None`` if the path has none, or an unknown one.

        total_count: The number of items in a list, on all its pages; ``None`` if the response is not a list.
    """

    method: str
    url: str
    path: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
    hint: str = ""
    failure: str = ""
    login: str = ""
    operation_id: str = ""
    params: Mapping[str, str] = MappingProxyType({})
    repository_id: int | None = None
    total_count: int | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status or 'no response'}"

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """
        Return the JSON in the body of the request; ``None`` if the body is empty. Secrets in it are redacted.

        Raises:
            FakeError: The body is not JSON.
        """
        return self._read("request", self.request_body)

    def response_json(self) -> Any:  # noqa: ANN401 - any JSON
        """
        Return the JSON in the body of the response; ``None`` if the body is empty.

        Raises:
            FakeError: The body is not JSON, or was truncated by a fault.
        """
        return self._read("response", self.response_body)

    def _read(self, what: str, body: bytes) -> Any:  # noqa: ANN401 - any JSON
        try:
            return json.loads(body) if body.strip() else None
        except (ValueError, RecursionError) as problem:
            msg = f"the body of the {what} {self} is not JSON: {problem}"
            raise FakeError(msg) from None


class Headers(Mapping[str, str]):
    """Headers by name, ignoring case."""

    __slots__ = ("_headers", "_lowered")

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Create a read-only view of *headers*."""
        self._headers = headers
        self._lowered: dict[str, str] | None = None

    # The next two look no header up, which would keep a second copy of all of them.

    def items(self) -> ItemsView[str, str]:
        """Return all names and values."""
        return self._headers.items()

    def values(self) -> ValuesView[str]:
        """Return all values."""
        return self._headers.values()

    def __getitem__(self, name: str) -> str:
        if self._lowered is None:
            self._lowered = {sent.lower(): value for sent, value in self._headers.items()}
        return self._lowered[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def __repr__(self) -> str:
        return repr(self._headers)


class Recorded:
    """An exchange in the record. It is redacted when it is first shown, and again after new secrets became known."""

    __slots__ = ("_latest", "caused", "exchange", "sent")

    def __init__(self, exchange: Exchange, caused: int, sent: bytes) -> None:
        """
        Record *exchange*, which may contain secrets until it is shown.

        *caused* is the number of entries of the transcript that the request has caused, which follow it there. *sent*
        is the body of the request with all secrets, for comparisons. It is never shown.
        """
        self.exchange = exchange
        self.sent = sent
        self.caused = caused
        self._latest = -1, exchange

    @property
    def bodies(self) -> tuple[bytes, ...]:
        """The bodies of the request and the response, and those that were sent and shown, which may be the same."""
        exchange, shown = self.exchange, self._latest[1]
        return self.sent, exchange.request_body, exchange.response_body, shown.request_body, shown.response_body

    def shown(self, secrets: Secrets) -> Exchange:
        """Return the exchange without *secrets*, which are always the same object."""
        version = secrets.version
        before, shown = self._latest
        if version != before:
            if before < 0:
                self.exchange = _without_marked(self.exchange)
            shown = _without_known(self.exchange, secrets)
            self._latest = version, shown  # together, since other threads read them
        return shown


def _without_marked(exchange: Exchange) -> Exchange:
    """
    Hide what names and URLs mark as secret.

    ``Recorder`` did so in the URL and the body of the request. The path stays for ``Requests.filter``.
    """
    return exchange._replace(
        request_headers=Headers(hide_in_headers(exchange.request_headers)),
        response_headers=Headers(hide_in_headers(exchange.response_headers)),
        response_body=hide_in_body(exchange.response_body),
        hint=hide(exchange.hint),
    )


def _without_known(exchange: Exchange, secrets: Secrets) -> Exchange:
    headers = (*exchange.request_headers.values(), *exchange.response_headers.values())
    texts = "\n".join((exchange.url, exchange.path, exchange.hint, *headers, *exchange.params.values()))
    if (
        secrets.redact_known(texts) is texts
        and hide(exchange.path) is exchange.path
        and _has_no_known(exchange, secrets)
    ):
        return exchange
    return exchange._replace(
        url=secrets.redact_known(exchange.url),
        path=secrets.redact(exchange.path),
        request_headers=_headers(exchange.request_headers, secrets),
        request_body=secrets.redact_known_in_body(exchange.request_body),
        response_headers=_headers(exchange.response_headers, secrets),
        response_body=secrets.redact_known_in_body(exchange.response_body),
        hint=secrets.redact_known(exchange.hint),
        params={name: secrets.redact(value) for name, value in exchange.params.items()},
    )


def _has_no_known(exchange: Exchange, secrets: Secrets) -> bool:
    bodies = exchange.request_body, exchange.response_body
    return all(secrets.redact_known_in_body(body) is body for body in bodies)


def _headers(headers: Mapping[str, str], secrets: Secrets) -> Headers:
    return Headers({name: secrets.redact_known(value) for name, value in headers.items()})


class Exchanges(Sequence[Exchange]):
    """The exchanges up to now, oldest first. Each is redacted when it is read, without any lock."""

    def __init__(self, recorded: Sequence[Recorded], secrets: Secrets) -> None:
        """Show *recorded*, which must not change, without *secrets*."""
        self._recorded = recorded
        self._secrets = secrets

    def __len__(self) -> int:
        return len(self._recorded)

    @overload
    def __getitem__(self, key: SupportsIndex) -> Exchange: ...
    @overload
    def __getitem__(self, key: slice) -> Exchanges: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Exchange | Exchanges:
        if isinstance(key, slice):
            return Exchanges(self._recorded[key], self._secrets)
        return self._recorded[index(key)].shown(self._secrets)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment] # like a list's

    def __repr__(self) -> str:
        return repr(tuple(self))
