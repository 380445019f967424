"""
Failures on demand: a test says which of the next requests go wrong, and how.

A fault is asked for with ``ghdeploy.faults.add`` and used up by the requests
that match it. What GitHub's own state would answer is decided as ever; a fault
stands before it, or between it and the client. One that is not used up fails
the test: a tool that never met the failure has not shown that it can cope.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface import not_found_yet as hiding
from pytest_ghdeploy.interface.arguments import check_method, check_path, check_type, headers_of
from pytest_ghdeploy.interface.fault_plan import PlannedFault, without_case
from pytest_ghdeploy.interface.stubs import pattern_of
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
    """The faults that a test has asked for, in this order."""

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
        """Forget all faults, also those that were not used."""
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
        Make the next requests that match fail. Earlier faults come first, and all before stubs and endpoints.

        Args:
            method: Any, if not given; with *not_found_yet* that which creates something at *path*, usually ``POST``,
                and with *stale* ``GET``.

            path: Below the API's root, such as ``/repos/octocat/example/deployments``; a segment ``*`` or ``{name}``
                stands for anything. Any, if not given. ``/repositories/{id}/…`` is the same as the repository's name.

            status: An HTTP status from 400 to 599 with GitHub's body for it: 403 and 429 are a secondary rate limit.
                Nothing has changed then.

            error: What goes wrong on the way. ``connection``: it is refused, ``reset``: it breaks after the request
                was sent, ``timeout``: no answer comes; nothing has changed. ``lost_answer`` and
                ``lost_answer_timeout``: the same to the client, and the request was carried out, with its events.
                ``truncated``: carried out, and half of the body arrives. ``not_json``: a page of HTML with the status
                200, or with *status*; nothing has changed.

            not_found_yet: What the next matching request creates answers 404 to so many requests for it, or for
                what is below it. It is known by what it is, so also after a renaming: a deployment, deployment
                status, environment, branch policy, custom rule, deploy key or check run by its id or name; a ref by
                all that names it in a path or a query; a new file on its branch; a repository with all in it.
                Anything else that a matching request creates, such as a commit status, fails the test. A request
                that is refused before, for its token, its version or a missing right, is refused as ever.

            stale: So many matching reads show repositories, and who may do what there, as they are now, not as they
                are when they are read. A repository that is created later shows its commits and nothing else;
                accounts and tokens are as they are.

            times: How many requests fail, at least 1.

            after: How many matching requests pass before.

            retry_after: Seconds, for the header ``Retry-After`` beside *status*.

            headers: Further ones beside *status*, each one line of Latin-1.

            change_made: With ``reset``, ``timeout``, ``not_json`` or a *status* of 500 or more: carry the request
                out before it fails.

            required: Whether the test fails if the fault is not used up.

        Raises:
            FakeError: There is no such error, or the arguments do not go together. No fault is added.
        """
        self._check(method=method, path=path, status=status, error=error, not_found_yet=not_found_yet, stale=stale)
        self._check_details(status, error, retry_after, headers, change_made=change_made)
        _check_number("times", times, 1)
        for name, number in (("not_found_yet", not_found_yet), ("stale", stale)):
            if number is not None:
                _check_number(name, number, 1)
        _check_number("after", after, 0)
        check_type("required", required, bool, "True or False")
        kept = not_found_yet or stale
        if kept and times != 1:
            msg = "times cannot be combined with not_found_yet or stale, which are the number of requests"
            raise FakeError(msg, argument="times")
        given = {"status": status, "error": error, "not_found_yet": not_found_yet, "stale": stale,
                 "retry_after": retry_after, "headers": headers_of(headers), "change_made": change_made}  # fmt: skip
        kind = {name: value for name, value in given.items() if value or type(value) is int}
        segments = None if path is None else without_case(pattern_of(path, self._prefix))
        usual = "GET" if stale else None
        if not_found_yet:
            creating = hiding.creating_methods(method.upper() if method else None, segments)
            if not creating:
                what = f"{method.upper() if method else 'a request to'} {path or ''}".rstrip()
                msg = f"{what} creates nothing that not_found_yet can hide; it works for {hiding.KINDS}"
                raise FakeError(msg, argument="not_found_yet")
            usual = creating[0]
        planned = PlannedFault(
            method.upper() if method else usual, path, segments, kind, times=kept or times, after=after,
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
        given = [name for name, value in kinds.items() if value is not None]
        # A page of HTML is the one thing that may come with any status.
        if len(given) != 1 and not (given == ["status", "error"] and error == "not_json"):
            told = " and ".join(given) or "none"
            msg = f"use exactly one of {', '.join(kinds)}; got {told}"
            raise FakeError(msg)
        wanted = {"not_found_yet": _CREATE, "stale": ("GET", "HEAD")}.get(given[0])
        if wanted and method and method.upper() not in wanted:
            msg = f"{given[0]} works with {' and '.join(wanted)}, not with {method}"
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
            _check_number("retry_after", retry_after, 0)
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


def _check_number(name: str, number: object, least: int) -> None:
    if type(number) is not int or number < least:
        msg = f"{name} must be a whole number, {least} or more; got {number!r}"
        raise FakeError(msg, argument=name)
