"""The requests that a test asks about, and assertions about them. Their messages list the closest matches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http import router, schema
from pytest_ghdeploy.http.messages import fits, pattern_of, segments_of
from pytest_ghdeploy.interface.arguments import check_method, check_path
from pytest_ghdeploy.interface.event_fields import is_equal
from pytest_ghdeploy.interface.fault_plan import without_case
from pytest_ghdeploy.interface.similar import similar_lines
from pytest_ghdeploy.public import public
from pytest_ghdeploy.redaction.content import hide_in_value
from pytest_ghdeploy.report.exchange import Exchanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_ghdeploy.http.messages import Segments
    from pytest_ghdeploy.report.exchange import Exchange, Recorded

_SHOWN = 5


@public
class Requests(Exchanges):
    """Requests and their responses, oldest first. Later requests are not added."""

    def __init__(self, exchanges: Exchanges, prefix: str, name_of: Callable[[int], str]) -> None:
        """
        Hold *exchanges*.

        Args:
            prefix: The path of the API's root. A path to search for may start with it.

            name_of: Returns the full name of the repository with an id; ``""`` if it does not exist.
        """
        super().__init__(exchanges._recorded, exchanges._secrets)  # noqa: SLF001 - of the base class
        self._prefix = prefix
        self._name_of = name_of

    @overload
    def __getitem__(self, key: SupportsIndex) -> Exchange: ...
    @overload
    def __getitem__(self, key: slice) -> Requests: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Exchange | Requests:
        if isinstance(key, slice):
            return self._only(self._recorded[key])
        return super().__getitem__(key)

    def _only(self, recorded: Iterable[Recorded]) -> Requests:
        return type(self)(Exchanges(tuple(recorded), self._secrets), self._prefix, self._name_of)

    def filter(self, method: str | None = None, path: str | None = None, status: int | None = None) -> Requests:
        """
        Return the requests that match all arguments.

        Args:
            method: The HTTP method. The default is any method.

            path: The path below the API's root, without a query. A segment ``*`` or ``{name}`` matches any segment.
                Requests by a repository's id match its name too. The default is any path.

            status: The HTTP status of the response; 0 if no response arrived. The default is any status.

        Raises:
            FakeError: An argument is invalid.
        """
        if method is not None:
            check_method(method)
            method = method.upper()
        if status is not None:
            _check_status(status)
        pattern = None if path is None else self._pattern(path)
        return self._only(
            recorded
            for recorded in self._recorded
            if method in (None, recorded.exchange.method)
            and status in (None, recorded.exchange.status)
            and (pattern is None or self._is_at(recorded.exchange, pattern))
        )

    def _pattern(self, path: str) -> Segments:
        check_path(path)
        return without_case(pattern_of(path, self._prefix))

    def _is_at(self, exchange: Exchange, pattern: Segments) -> bool:
        segments = without_case(segments_of(exchange.path))
        if fits(pattern, segments):
            return True
        if segments[1:2] != ("repositories",) or exchange.repository_id is None:
            return False
        name = self._name_of(exchange.repository_id).lower()
        return fits(pattern, ("", "repos", *name.split("/"), *segments[3:]))

    def _shown(self, recorded: Recorded) -> Exchange:
        return recorded.shown(self._secrets)

    def _check(self, method: str, path: str, fields: Mapping[str, object]) -> None:
        """Refuse a path or a field that no request could have, because an assertion about it says nothing."""
        check_method(method)
        pattern, asked = self._pattern(path), self.filter(method, path)
        operations = router.operations_like(method.upper(), pattern)
        if not operations and not asked:
            shown = path.removeprefix(self._prefix)
            msg = f"GitHub has no {method.upper()} {shown}{router.what_it_has(method.upper(), shown)}"
            raise FakeError(msg, argument="path")
        is_read = method.upper() == "GET"
        implemented = [name for name in operations if name in router.endpoints()]
        if len(implemented) < len(operations) and not is_read:
            return  # the fake does not know the members of its body
        known: set[str] = {member for recorded in asked._recorded for member in _members(recorded)}  # noqa: SLF001
        for name in implemented:
            known |= schema.load(name)["$defs"].get("request", {}).get("properties", {}).keys()
        for field in fields:
            if field not in known:
                what = f" in the body of {method.upper()} {path}"
                what += ", whose query is in the url of each request" * is_read
                raise errors.unknown("field", field, sorted(known), more=what, argument=field)


def find_request(
    requests: Requests, method: str, path: str, status: int | None, fields: Mapping[str, object]
) -> Exchange:
    """
    Find the newest request with this method, path, *status* of the response and *fields* in its body.

    Raises:
        AssertionError: No request matches. The message lists the closest ones.
        FakeError: GitHub has no such path, or a field is unknown.
    """
    __tracebackhide__ = True
    matches, asked = _matching(requests, method, path, status, fields)
    if matches:
        return requests._shown(matches[-1])  # noqa: SLF001 - not for tests
    message = f"no request {_described(method, path, status, fields)}"
    if asked:
        ranked = sorted(asked, key=lambda recorded: len(_differing(recorded, status, fields)))
        lines = [f"    {_line(requests, recorded, status, fields)}" for recorded in ranked[:_SHOWN]]
        if len(ranked) > _SHOWN:
            lines.append(f"    and {len(ranked) - _SHOWN} more")
        message += "\n  sent, closest first:\n" + "\n".join(lines)
    elif requests:
        message += "\n" + "\n".join(similar_lines(requests, f"{method.upper()} {path}"))
    else:
        message += "\n  no requests were sent"
    raise AssertionError(message)


def refuse_request(
    requests: Requests, method: str, path: str, status: int | None, fields: Mapping[str, object]
) -> None:
    """
    Fail if a request matches the arguments, which are those of ``find_request``.

    Raises:
        AssertionError: A request matches. The message lists up to 5 of them.
        FakeError: GitHub has no such path, or a field is unknown.
    """
    __tracebackhide__ = True
    matches, _ = _matching(requests, method, path, status, fields)
    if matches:
        shown = "".join(f"\n    {_line(requests, recorded, status, fields)}" for recorded in matches[:_SHOWN])
        described = _described(method, path, status, fields)
        msg = f"expected no request {described}, but found {len(matches)}:{shown}"
        raise AssertionError(msg)


def _matching(
    requests: Requests, method: str, path: str, status: int | None, fields: Mapping[str, object]
) -> tuple[list[Recorded], Sequence[Recorded]]:
    """List the requests that match, and those with the same method and path."""
    requests._check(method, path, fields)  # noqa: SLF001 - not for tests
    if status is not None:
        _check_status(status)
    asked = requests.filter(method, path)._recorded  # noqa: SLF001
    return [recorded for recorded in asked if not _differing(recorded, status, fields)], asked


def _check_status(status: object) -> None:
    if type(status) is not int or not (status == 0 or 100 <= status <= 599):  # noqa: PLR2004
        msg = f"status must be an HTTP status from 100 to 599, or 0 if no response arrived; got {status!r}"
        raise FakeError(msg, argument="status")


def _members(recorded: Recorded) -> dict[str, Any]:
    """Return the members of the JSON object in the body, with all secrets."""
    try:
        body = json.loads(recorded.sent)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _differing(recorded: Recorded, status: int | None, fields: Mapping[str, object]) -> list[str]:
    members = _members(recorded)
    different = [name for name, wanted in fields.items() if name not in members or not is_equal(members[name], wanted)]
    return different if status in (None, recorded.exchange.status) else ["", *different]


def _described(method: str, path: str, status: int | None, fields: Mapping[str, object]) -> str:
    values = [f"{field} {wanted!r}" for field, wanted in hide_in_value(fields).items()]
    if status is not None:
        values.insert(0, f"status {status}")
    return f"{method.upper()} {path}{' with ' * bool(values)}{', '.join(values)}"


def _line(requests: Requests, recorded: Recorded, status: int | None, fields: Mapping[str, object]) -> str:
    members, differing = hide_in_value(_members(recorded)), _differing(recorded, status, fields)
    values = [
        f"{f'{field} {members[field]!r}' if field in members else f'no {field}'}{'  <--' * (field in differing)}"
        for field in fields
    ]
    exchange = requests._shown(recorded)  # noqa: SLF001 - not for tests
    return f"{exchange}{'  <--' * ('' in differing)}{': ' if values else ''}{', '.join(values)}"
