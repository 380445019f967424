"""
How faults replace the fake's responses, or lose them on the way to the client.

A fault that is not used up fails the test: a tool that never met the failure
has not shown that it can handle it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.changes import Changes
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.refusals import REASONS, GitHubError
from pytest_ghdeploy.http.json_body import to_json
from pytest_ghdeploy.http.messages import Answer, fits, header_text, segments_of
from pytest_ghdeploy.interface import not_found_yet
from pytest_ghdeploy.interface.similar import similar_lines
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import RLock

    from pytest_ghdeploy.http.application import Application
    from pytest_ghdeploy.http.messages import Failure, Request, Segments
    from pytest_ghdeploy.interface.not_found_yet import Created
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.store import Store

# For each error: the failure that the client sees, and whether the request is processed before it.
_ERRORS: dict[str, tuple[Failure, bool]] = {
    "connection": ("refused", False),
    "reset": ("reset", False),
    "timeout": ("timeout", False),
    "lost_answer": ("reset", True),
    "lost_answer_timeout": ("timeout", True),
    "truncated": ("truncated", True),
    "not_json": ("", False),
}
_FIRST_5XX = 500

# GitHub documents "Server Error" for a request that takes too long. Clients quote the same text for 502 and 503, and
# the text for 504; no recording confirms them [guess].
_SERVER_ERROR = "Server Error"
_MESSAGES = {
    400: "Problems parsing JSON",
    401: "Bad credentials",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Validation Failed",
    500: _SERVER_ERROR,
    502: _SERVER_ERROR,
    503: _SERVER_ERROR,
    504: "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and "
    "contact us if the problem persists.",
}
_LIMITED = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_PAGE = """<!DOCTYPE html>
<html>
  <head><title>{title} &middot; GitHub</title></head>
  <body><h1>{title}</h1><p>This page is HTML instead of the requested JSON.</p></body>
</html>
"""


@public
class Fault:
    """
    A failure that a test has added.

    Attributes:
        method: The method of the requests that fail; ``None`` for any.

        path: Their path below the root of the API; ``None`` for any.

        times: The number of requests that fail.

        used: The number of requests that have failed so far.

        required: Whether the test fails if the fault is not used up.
    """

    def __init__(self, method: str | None, path: str | None, what: str, *, times: int, required: bool) -> None:
        """Create a fault. *what* describes the failure."""
        self.method = method
        self.path = path
        self.times = times
        self.used = 0
        self.required = required
        self._what = what

    def __repr__(self) -> str:
        return f"<Fault {self}: used {self.used} of {self.times} times>"

    def __str__(self) -> str:
        return self._what


class PlannedFault:
    """
    A fault with its internal state.

    Attributes:
        fault: The fault as the test sees it.

        after: The number of matching requests that pass first.

        created: For ``not_found_yet``: the hidden object, which the request ``created_by`` has created.

        problem: For ``not_found_yet``: the reason why a created object cannot be hidden.

        past: For ``stale``: returns the store in its earlier state.

        changes: Undoes what an interrupted request has counted.
    """

    def __init__(
        self,
        method: str | None,
        path: str | None,
        segments: Segments | None,
        kind: Mapping[str, Any],
        *,
        times: int,
        after: int,
        required: bool,
    ) -> None:
        """Take the checked arguments of ``Faults.add``. *kind* contains those that describe the failure."""
        shown = {name: f'"{value}"' if name == "error" else value for name, value in kind.items()}
        what = ", ".join(f"{name}={value}" for name, value in shown.items() if name != "headers")
        passing = f" after the first {after}" if after else ""
        what = f"{what} for {method or 'any method'} {path or 'on any path'}{passing}"
        self.fault = Fault(method, path, what, times=times, required=required)
        self._segments = segments
        self._kind = kind
        self.after = after
        self._passed = 0
        self.created: Created | None = None
        self.created_by = ""
        self.problem = ""
        self.past: Callable[[], Store] | None = None
        self.changes = Changes()
        self.requests_before = 0

    def get(self, name: str) -> Any:  # noqa: ANN401 - an argument of add
        """Look up an argument that describes the failure; ``None`` if it was not given."""
        return self._kind.get(name)

    def is_for(self, method: str, paths: Sequence[Segments]) -> bool:
        """Return whether a request matches, by its method and any of its *paths*."""
        if self.fault.method not in (None, method):
            return False
        return self._segments is None or any(fits(self._segments, path) for path in paths)

    def fails(self, method: str, paths: Sequence[Segments]) -> bool:
        """Return whether a request must fail. Count it if it matches and passes first."""
        return self.fault.used < self.fault.times and self.is_for(method, paths) and not self._passes()

    def sees(self, request: Request, answer: Answer, store: Store) -> None:
        """Record the object that a matching request has created, for ``not_found_yet``."""
        where = f"{request.method} {request.path}"
        try:
            created = not_found_yet.created_by(store, request, answer)
        except not_found_yet.NothingToHide as what:
            self.problem = (
                f"the fault {self.fault} matched {where}, which created {what}; that has no URL of its own, so it "
                f"cannot be hidden. not_found_yet works for {not_found_yet.KINDS}"
            )
            return
        if created and not self._passes():
            self.changes.set(self, created=created, created_by=where)

    @property
    def passed(self) -> int:
        """The number of matching requests that have passed first."""
        return min(self._passed, self.after)

    def is_missed(self) -> bool:
        """Return whether the test fails because too few requests matched."""
        return self.fault.required and self.fault.used < self.fault.times and not self.problem

    def _passes(self) -> bool:
        self.changes.set(self, _passed=self._passed + 1)
        return self._passed <= self.after


def without_case(segments: Segments) -> Segments:
    """Convert the owner and the name of a repository to lower case, for comparison."""
    if segments[1:2] != ("repos",):
        return segments
    return (*segments[:2], *(part and part.lower() for part in segments[2:4]), *segments[4:])


def _paths_of(request: Request) -> list[Segments]:
    """Split the path of a request at its slashes. A path with a repository's id gives the path with its name too."""
    parts = without_case(segments_of(request.path))
    if parts[1:2] != ("repositories",) or request.repository is None:
        return [parts]
    return [parts, ("", "repos", *request.repository.full_name.lower().split("/"), *parts[3:])]


_EXPLAINED = 20
"""The number of unused faults for which the report says why. Each looks at all requests."""


class FaultPlan:
    """The faults of a fake in the order in which they were added, and their effect on responses."""

    def __init__(
        self,
        application: Application,
        lock: RLock,
        requests: Callable[[], Sequence[Exchange]],
        *,
        count: Callable[[], int],
    ) -> None:
        """Add faults to *application*. *requests* returns the requests so far, *count* their number, which is cheap."""
        self.planned: list[PlannedFault] = []
        self._earlier = 0
        self._active: list[PlannedFault] = []
        """The faults that are not used up."""
        self._lock = lock
        self._requests = requests
        self._count = count
        self.start(application)

    def start(self, application: Application) -> None:
        """Remove all faults, and continue with another *application*."""
        with self._lock:
            self.planned = []
            self._earlier = 0
            self._active = []
            self._application = application
            application.intercept = None

    def clear(self) -> None:
        """Remove all faults."""
        self.start(self._application)

    def add(self, planned: PlannedFault) -> None:
        """Add a fault, effective from now on."""
        with self._lock:
            planned.past = self._application.store.snapshot() if planned.get("stale") else None
            planned.requests_before = self._count()
            planned.changes = self._application.store.changes
            self.planned.append(planned)
            self._active.append(planned)
            self._application.intercept = self._answer

    def begin_test(self) -> None:
        """Leave the faults so far, which belong to earlier tests, out of the check. They stay in effect."""
        with self._lock:
            self._earlier = len(self.planned)

    def forget_requests(self, count: int) -> None:
        """Adjust to the removal of the first *count* requests from the record."""
        for planned in self.planned:
            planned.requests_before = max(0, planned.requests_before - count)

    # Responses. The caller holds the lock.

    def _answer(self, request: Request) -> Answer:
        paths = _paths_of(request)
        for planned in self._active:
            failed = None
            if planned.get("not_found_yet"):
                failed = self._hide(planned, request)
            elif planned.fails(request.method, paths):
                failed = self._fail(planned, request, paths)
            if failed:
                fault = planned.fault
                changes = planned.changes
                changes.set(fault, used=fault.used + 1)
                if fault.used == fault.times:
                    changes.set(planned, past=None)  # a copy of all rows
                    changes.set(self, _active=[other for other in self._active if other is not planned])
                answer, details = failed
                hint = f"fault added by the test: {fault} ({fault.used} of {fault.times}){details}"
                answer.hint = f"{hint}; {answer.hint}" if answer.hint else hint
                if answer.status:
                    answer.headers["X-GHDeploy-Hint"] = header_text(answer.hint)
                if request.method == "HEAD":
                    answer.body = b""
                return answer
        return self._proceed(request, paths)

    def _proceed(self, request: Request, paths: Sequence[Segments]) -> Answer:
        waiting = [
            planned
            for planned in self._active
            if planned.get("not_found_yet") and not planned.created and planned.is_for(request.method, paths)
        ]
        if not waiting:
            return self._application.proceed(request)
        store = self._application.store
        existed = not_found_yet.exists(store, request)
        answer = self._application.proceed(request)
        if not existed:
            for planned in waiting:
                planned.sees(request, answer, store)
        return answer

    def _hide(self, planned: PlannedFault, request: Request) -> tuple[Answer, str] | None:
        """Respond 404 to a request for the hidden object; ``None`` for other requests, and for those refused anyway."""
        store = self._application.store
        if planned.created is None or planned.fault.used >= planned.fault.times:
            return None
        if not not_found_yet.is_about(planned.created, request, store):
            return None
        try:
            refusal = not_found_yet.refusal(planned.created, request)
            answer = self._application.refuse(request, lambda _: refusal, in_turn=True)
        except GitHubError:
            return None
        return answer, "; it exists"

    def _fail(self, planned: PlannedFault, request: Request, paths: Sequence[Segments]) -> tuple[Answer, str]:
        """Make the response of a fault, and the end of its hint."""
        application = self._application
        if planned.past:
            return application.proceed(request, planned.past()), "; the response shows an earlier state"
        failure, carried_out = _ERRORS.get(planned.get("error"), ("", False))
        details, answer = "", None
        if carried_out or planned.get("change_made"):
            answer = self._proceed(request, paths)
            details = f"; the request was processed, with {answer.status} {REASONS.get(answer.status, '')}".rstrip()
        if failure == "truncated" and answer and answer.body:
            half = answer.body[: len(answer.body) // 2]
            return Answer(answer.status, answer.headers, half, answer.hint, failure), ""
        if failure:
            # A response without a body cannot be truncated.
            failure = "reset" if failure == "truncated" else failure
            return Answer(0, {}, b"", answer.hint if answer else "", failure), details
        return self._status(planned, request), details

    def _status(self, planned: PlannedFault, request: Request) -> Answer:
        status: int | None = planned.get("status")
        headers = {}
        if planned.get("retry_after") is not None:
            headers["Retry-After"] = str(planned.get("retry_after"))
        headers |= planned.get("headers") or {}
        if planned.get("error") == "not_json":
            title = REASONS.get(status, "Unicorn!") if status else "Unicorn!"
            html = {"Content-Type": "text/html; charset=utf-8"}
            return self._application.front_answer(status or 200, _PAGE.format(title=title), {**html, **headers})
        assert status is not None  # noqa: S101 - checked by Faults.add
        if status < _FIRST_5XX:
            answer = self._application.refuse(request, lambda request_id: self._refusal(status, request_id))
            answer.headers |= headers
            return answer
        message = _MESSAGES.get(status) or REASONS.get(status, _SERVER_ERROR)
        page = self._application.urls.documentation(refusals.REST_DOCS)
        body = to_json({"message": message, "documentation_url": page, "status": str(status)})
        return self._application.front_answer(
            status, body, {"Content-Type": "application/json; charset=utf-8", **headers}
        )

    def _refusal(self, status: int, request_id: str) -> GitHubError:
        if status in _LIMITED:
            now = self._application.store.clock.now
            return refusals.secondary_rate_limited(status, "", now=now, request_id=request_id)
        kind: type[GitHubError] = type("Refusal", (GitHubError,), {"status": status})
        page = refusals.REST_DOCS if status == HTTPStatus.UNAUTHORIZED else None
        return kind(_MESSAGES.get(status) or REASONS.get(status, "Bad Request"), documentation_url=page)

    # After the test

    def missed_lines(self) -> list[str]:
        """
        Describe each required fault that was not used up, and each fault that failed to hide an object.

        For the first 20 of them, the lines give the reason and list the most similar requests.
        """
        with self._lock:
            added = self.planned[self._earlier :]
            lines = [planned.problem for planned in added if planned.problem]
            unused = [planned for planned in added if planned.is_missed()]
            requests = self._requests() if unused else ()
            for number, planned in enumerate(unused):
                lines.append(f"the fault {planned.fault} was used {planned.fault.used} of {planned.fault.times} times")
                if number < _EXPLAINED:
                    lines += self._explain(planned, requests[planned.requests_before :])
            return lines

    @staticmethod
    def _explain(planned: PlannedFault, requests: Sequence[Exchange]) -> Iterator[str]:
        fault = planned.fault
        if planned.created:
            yield f"  {planned.created_by} created {planned.created.label}; no later request was for it"
        elif planned.passed:
            verb = "was" if planned.passed == 1 else "were"
            yield f"  only {planned.passed} of the first {planned.after} requests, which do not fail, {verb} sent"
        elif planned.get("not_found_yet"):
            yield "  no matching request created anything"
        yield from similar_lines(requests, f"{fault.method or ''} {fault.path or ''}")
        if not requests:
            yield "  no request was sent after it was added"
        yield "  use required=False for a fault that may stay unused"
