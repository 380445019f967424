"""One request with its answer, as tests and reports see it: without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy.redaction import Secrets


@public
class Exchange(NamedTuple):
    """
    A request and its answer.

    Attributes:
        path: Below the API's root, as it was sent: percent-encoded, without the query.

        request_headers: By name, without regard to case. Credentials are blotted out, here and in ``url``.

        request_body: The bytes that were sent; tokens that clients have shown are replaced too.

        status: 0 if no answer has arrived.

        hint: Why a request was refused, in terms of the test's set-up; ``""`` if it was not.

        failure: What a fault made of the answer on its way: ``refused`` (the connection), ``reset``, ``timeout`` or
            ``truncated``; ``""`` if it arrived.

        login: Who asked; ``""`` for an anonymous client and for one whose token is not known.

        operation_id: GitHub's id of the operation, such as ``repos/get-deployment``; ``""`` if the fake has no
            endpoint for this method and path.

        params: The parameters in the path, decoded, such as ``{"owner": "octocat", "repo": "example",
            "deployment_id": "4442074271"}``; if the fake has no such endpoint, only those that name a repository.

        repository_id: The id of the repository in the path; ``None`` if the path names none, or one that did not
            exist.
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
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


class Headers(Mapping[str, str]):
    """Headers by name, without regard to case."""

    __slots__ = ("_given", "_lowered")

    def __init__(self, given: Mapping[str, str]) -> None:
        """Show the headers *given*."""
        self._given = given
        self._lowered: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        if self._lowered is None:
            self._lowered = {given.lower(): value for given, value in self._given.items()}
        return self._lowered[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return repr(self._given)


def blotted(exchange: Exchange, secrets: Secrets) -> Exchange:
    """Copy *exchange* without the *secrets*."""
    if not secrets:
        return exchange
    return exchange._replace(
        url=secrets.blot(exchange.url),
        path=secrets.blot(exchange.path),
        request_headers=Headers(secrets.blot_headers(exchange.request_headers)),
        request_body=secrets.blot_bytes(exchange.request_body),
        response_headers=Headers(secrets.blot_headers(exchange.response_headers)),
        response_body=secrets.blot_bytes(exchange.response_body),
        hint=secrets.blot(exchange.hint),
        params={name: secrets.blot(value) for name, value in exchange.params.items()},
    )
