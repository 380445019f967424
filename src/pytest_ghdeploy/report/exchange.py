"""A request and its response without secrets, for tests and reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Iterator, ValuesView

    from pytest_ghdeploy.redaction import Secrets


@public
class Exchange(NamedTuple):
    """
    A request and its response.

    Attributes:
        path: The path below the API's root as it was sent: percent-encoded, without the query.

        request_headers: The headers by name, ignoring case. Credentials are redacted, here and in ``url``.

        request_body: The bytes that were sent. Known tokens in them are redacted.

        status: The HTTP status; 0 if no response has arrived.

        hint: The reason why the request was refused, for the author of the test; ``""`` if it was not refused.

        failure: The failure that a fault has caused between the fake and the client: ``refused``, ``reset``,
            ``timeout`` or ``truncated``; ``""`` if the response has arrived.

        login: The login of the caller; ``""`` for an anonymous caller and for an unknown token.

        operation_id: GitHub's id of the operation, such as ``repos/get-deployment``; ``""`` if the fake has no
            endpoint for this method and path.

        params: The parameters in the path, decoded, such as ``{"owner": "octocat", "repo": "example",
            "deployment_id": "4442074271"}``. If the fake has no such endpoint, only those of the repository.

        repository_id: The id of the repository in the path; ``None`` if the path has none, or an unknown one.
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

    def values(self) -> ValuesView[str]:
        """Return all values, without looking each of them up."""
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


def redacted(exchange: Exchange, secrets: Secrets) -> Exchange:
    """Return *exchange* with the *secrets* redacted."""
    if not secrets:
        return exchange
    return exchange._replace(
        url=secrets.redact(exchange.url),
        path=secrets.redact(exchange.path),
        request_headers=Headers(secrets.redact_headers(exchange.request_headers)),
        request_body=secrets.redact_bytes(exchange.request_body),
        response_headers=Headers(secrets.redact_headers(exchange.response_headers)),
        response_body=secrets.redact_bytes(exchange.response_body),
        hint=secrets.redact(exchange.hint),
        params={name: secrets.redact(value) for name, value in exchange.params.items()},
    )
