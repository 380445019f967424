"""
Failures on demand: a test chooses which of the next requests fail, and how.

``ghdeploy.faults.add`` adds a fault, and matching requests use it up. A fault
replaces the response, or loses it on the way to the client. A fault that is not
used up fails the test: a tool that never met the failure has not shown that it
can handle it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http.messages import pattern_of
from pytest_ghdeploy.interface import not_found_yet as hiding
from pytest_ghdeploy.interface.arguments import check_method, check_number, check_path, check_type, headers_of
from pytest_ghdeploy.interface.fault_plan import PlannedFault, without_case
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_ghdeploy.interface.fault_plan import Fault, FaultPlan


FaultKind = Literal[
    "connection", "reset", "timeout", "lost_answer", "lost_answer_timeout", "truncated", "not_json"
]  # fmt: skip

_FIRST_5XX = 500
_CREATE = ("POST", "PUT")
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)


@public
class Faults:
    """The faults that a test has added, oldest first."""

    def __init__(self, plan: FaultPlan, prefix: str) -> None:
        """Add faults to *plan*; *prefix* is the path of the API's root."""
        self._plan = plan
        self._prefix = prefix

    def __len__(self) -> int:
        return len(self._plan.planned)

    def __getitem__(self, place: int) -> Fault:
        return self._plan.planned[place].fault

    def __iter__(self) -> Iterator[Fault]:
        return iter([planned.fault for planned in self._plan.planned])

    def __repr__(self) -> str:
        return repr(list(self))

    def clear(self) -> None:
        """Remove all faults, including unused ones."""
        self._plan.clear()

    def add(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        error: FaultKind | None = None,
        not_found_yet: int | None = None,
        stale: int | None = None,
        times: int = 1,
        after: int = 0,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        change_made: bool = False,
        required: bool = True,
    ) -> Fault:
        """
        Make the next matching requests fail. Earlier faults take precedence over later ones, stubs and endpoints.

        Exactly one of *status*, *error*, *not_found_yet* and *stale* is required; ``not_json`` also allows *status*.

        Args:
            method: The method of matching requests. The default is any method; with *not_found_yet* the method that
                creates objects at *path*, usually ``POST``, and with *stale* ``GET``.

            path: The path of matching requests below the API's root, such as ``/repos/octocat/example/deployments``.
                A segment ``*`` or ``{name}`` matches any segment. Requests by a repository's id match its name too.
                The default is any path.

            status: An HTTP status from 400 to 599, returned with GitHub's body for it. 403 and 429 are secondary rate
                limits. The request is not processed.

            error: A failure that the client sees instead of a response:

                - ``connection``: The connection is refused. The request is not processed.
                - ``reset``: The connection breaks after the request was sent. The request is not processed.
                - ``timeout``: No response arrives in time. The request is not processed.
                - ``lost_answer``: Like ``reset``, but the request is processed, with its events.
                - ``lost_answer_timeout``: Like ``timeout``, but the request is processed, with its events.
                - ``truncated``: The request is processed, but only half of the response's body arrives.
                - ``not_json``: An HTML page arrives, with *status* or 200. The request is not processed.

            not_found_yet: The number of requests that get 404 for the object that the next matching request creates,
                and for everything below it. The object can be a deployment, deployment status, environment, branch
                policy, custom protection rule, deploy key, check run, ref, new file or repository. Other objects,
                such as a commit status, fail the test. A request that GitHub would refuse for its token, version or
                missing rights is still refused for that reason.

            stale: The number of matching reads that see the repositories and their permissions as they are now,
                without later changes. A repository created later shows only its commits. Accounts and tokens are
                current.

            times: The number of requests that fail, at least 1. Not for *not_found_yet* and *stale*.

            after: The number of matching requests that pass first.

            retry_after: The value of ``Retry-After`` in seconds, for a response with a *status*.

            headers: More headers for a response with a *status*. Each value is one line of Latin-1.

            change_made: Whether the request is processed before it fails. For ``reset``, ``timeout``, ``not_json``
                and a *status* of 500 or more.

            required: Whether the test fails if the fault is not used up.

        Returns:
            The fault. Its ``used`` counts the requests that have failed.

        Raises:
            FakeError: An argument is invalid, or two arguments cannot be combined. No fault was added.
        """
        self._check(method=method, path=path, status=status, error=error, not_found_yet=not_found_yet, stale=stale)
        self._check_details(status, error, retry_after, headers, change_made=change_made)
        check_number("times", times, 1)
        for name, number in (("not_found_yet", not_found_yet), ("stale", stale)):
            if number is not None:
                check_number(name, number, 1)
        check_number("after", after, 0)
        check_type("required", required, bool, "True or False")
        count = not_found_yet or stale
        if count and times != 1:
            msg = "times cannot be combined with not_found_yet or stale: their value is the number of requests"
            raise FakeError(msg, argument="times")
        kinds = {"status": status, "error": error, "not_found_yet": not_found_yet, "stale": stale,
                 "retry_after": retry_after, "headers": headers_of(headers), "change_made": change_made}  # fmt: skip
        kind = {name: value for name, value in kinds.items() if value or type(value) is int}
        segments = None if path is None else without_case(pattern_of(path, self._prefix))
        default_method = "GET" if stale else None
        if not_found_yet:
            creating = hiding.creating_methods(method.upper() if method else None, segments)
            if not creating:
                what = f"{method.upper() if method else 'a request to'} {path or ''}".rstrip()
                msg = f"{what} creates nothing that not_found_yet can hide; it works for {hiding.KINDS}"
                raise FakeError(msg, argument="not_found_yet")
            default_method = creating[0]
        planned = PlannedFault(
            method.upper() if method else default_method, path, segments, kind, times=count or times, after=after,
            required=required,
        )  # fmt: skip
        self._plan.add(planned)
        return planned.fault

    def _check(self, *, method: str | None, path: str | None, **kinds: object) -> None:
        if method is not None:
            check_method(method)
        if path is not None:
            check_path(path)
        error = kinds["error"]
        if error is not None and error not in get_args(FaultKind):
            raise errors.unknown("error", error, get_args(FaultKind), argument="error")
        chosen = [name for name, value in kinds.items() if value is not None]
        # Only an HTML page can be combined with a status.
        if len(chosen) != 1 and not (chosen == ["status", "error"] and error == "not_json"):
            msg = f"use exactly one of {', '.join(kinds)}; got {' and '.join(chosen) or 'none'}"
            raise FakeError(msg)
        wanted = {"not_found_yet": _CREATE, "stale": ("GET", "HEAD")}.get(chosen[0])
        if wanted and method and method.upper() not in wanted:
            msg = f"{chosen[0]} works with {' and '.join(wanted)}, not with {method}"
            raise FakeError(msg, argument="method")

    def _check_details(
        self,
        status: int | None,
        error: str | None,
        retry_after: int | None,
        headers: Mapping[str, str] | None,
        *,
        change_made: bool,
    ) -> None:
        lowest = 200 if error else 400
        if status is not None and (type(status) is not int or not lowest <= status <= 599):  # noqa: PLR2004
            msg = f"status must be an HTTP status from {lowest} to 599, got {status!r}"
            raise FakeError(msg, argument="status")
        if retry_after is not None:
            check_number("retry_after", retry_after, 0)
        if status in _WITHOUT_BODY:
            msg = f"a {status} response has no body, so it cannot contain HTML"
            raise FakeError(msg, argument="status")
        if (retry_after is not None or headers) and status is None and error != "not_json":
            msg = "retry_after and headers need a status"
            raise FakeError(msg)
        check_type("change_made", change_made, bool, "True or False")
        if change_made and error not in ("reset", "timeout", "not_json") and (status or 0) < _FIRST_5XX:
            msg = 'change_made needs error="reset", "timeout" or "not_json", or a status of 500 or more'
            raise FakeError(msg, argument="change_made")
