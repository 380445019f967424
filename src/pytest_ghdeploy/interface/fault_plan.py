"""
What a fault does: it stands before what the fake would answer, or between that and the client.

One that is not used up fails the test: a tool that never met the failure has
not shown that it can cope.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.refusals import REASONS, GitHubError
from pytest_ghdeploy.http.json_body import to_json
from pytest_ghdeploy.http.messages import Answer, fits, header_text, segments_of
from pytest_ghdeploy.interface import not_found_yet
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import RLock

    from pytest_ghdeploy.http.application import Application
    from pytest_ghdeploy.http.messages import Failure, Request, Segments
    from pytest_ghdeploy.interface.not_found_yet import Created
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.store import Store

# What each error is on its way, and whether the request was carried out before.
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
_SHOWN = 5

# GitHub documents "Server Error" for a request that takes too long; that 502 and 503 say the same, and the words of
# a 504, are what clients quote, and checked against no recording [guess].
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
  <body><h1>{title}</h1><p>This page is not the JSON that was asked for.</p></body>
</html>
"""


@public
class Fault:
    """
    A failure that a test has asked for.

    Attributes:
        method: Of the requests it is for, ``None`` for any.

        path: Below the root of the API, ``None`` for any.

        times: How many requests it fails.

        used: How many it has failed so far.

        required: Whether the test fails if it is not used up.
    """

    def __init__(self, method: str | None, path: str | None, what: str, *, times: int, required: bool) -> None:
        """Describe a failure; *what* goes wrong, in words."""
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
    A fault as those who make it happen know it.

    Attributes:
        fault: What the test knows of it.

        passed: How many requests matched and passed, as ``after`` says.

        created: For ``not_found_yet``: what was created, by the request ``created_by``; ``problem`` says why that
            cannot be hidden.

        past: For ``stale``: makes the store as it was.
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
        """Remember what ``Faults.add`` has checked; *kind* holds those of its arguments that say what goes wrong."""
        shown = {name: f'"{value}"' if name == "error" else value for name, value in kind.items()}
        what = ", ".join(f"{name}={value}" for name, value in shown.items() if name != "headers")
        passing = f" after {after} that pass" if after else ""
        what = f"{what} for {method or 'any method'} {path or 'of any path'}{passing}"
        self.fault = Fault(method, path, what, times=times, required=required)
        self._segments = segments
        self._kind = kind
        self.after = after
        self._passed = 0
        self.created: Created | None = None
        self.created_by = ""
        self.problem = ""
        self.past: Callable[[], Store] | None = None
        self.requests_before = 0

    def get(self, name: str) -> Any:  # noqa: ANN401 - an argument of add
        """Look up an argument that says what goes wrong, ``None`` if it was not given."""
        return self._kind.get(name)

    def is_for(self, method: str, paths: Sequence[Segments]) -> bool:
        """Tell whether a request matches, by its method and one of its *paths*."""
        if self.fault.method not in (None, method):
            return False
        return self._segments is None or any(fits(self._segments, path) for path in paths)

    def fails(self, method: str, paths: Sequence[Segments]) -> bool:
        """Tell whether a request is to fail; count one that matches and passes first."""
        return self.fault.used < self.fault.times and self.is_for(method, paths) and not self._passes()

    def sees(self, request: Request, answer: Answer, store: Store) -> None:
        """Note, for ``not_found_yet``, what a matching request has created."""
        where = f"{request.method} {request.path}"
        try:
            made = not_found_yet.created_by(store, request, answer)
        except not_found_yet.NothingToHide as what:
            self.problem = (
                f"the fault {self.fault} matched {where}, which created {what}; that has no URL of its own, so it "
                f"cannot be hidden. not_found_yet works for {not_found_yet.KINDS}"
            )
            return
        if made and not self._passes():
            self.created, self.created_by = made, where

    @property
    def passed(self) -> int:
        """How many requests matched and passed, as ``after`` says."""
        return min(self._passed, self.after)

    def is_missed(self) -> bool:
        """Tell whether the test fails because too few requests met it."""
        return self.fault.required and self.fault.used < self.fault.times and not self.problem

    def _passes(self) -> bool:
        self._passed += 1
        return self._passed <= self.after


def without_case(segments: Segments) -> Segments:
    """Write the owner and the name of a repository in lower case, as they are compared."""
    if segments[1:2] != ("repos",):
        return segments
    return (*segments[:2], *(part and part.lower() for part in segments[2:4]), *segments[4:])


def _paths_of(request: Request) -> list[Segments]:
    """Cut a path at its slashes; one by a repository's id is also one by its name."""
    parts = without_case(segments_of(request.path))
    if parts[1:2] != ("repositories",) or request.repository is None:
        return [parts]
    return [parts, ("", "repos", *request.repository.full_name.lower().split("/"), *parts[3:])]


class FaultPlan:
    """The faults of a fake, in the order in which they were added, and what they do to its answers."""

    def __init__(self, application: Application, lock: RLock, requests: Callable[[], Sequence[Exchange]]) -> None:
        """Let *application* fail; *requests* gives those that came."""
        self.planned: list[PlannedFault] = []
        self._lock = lock
        self._requests = requests
        self.start(application)

    def start(self, application: Application) -> None:
        """Forget all faults, and go on with another *application*."""
        with self._lock:
            self.planned.clear()
            self._application = application
            application.intercept = None

    def clear(self) -> None:
        """Forget all faults."""
        self.start(self._application)

    def add(self, planned: PlannedFault) -> None:
        """Let a fault happen from now on."""
        with self._lock:
            planned.past = self._application.store.snapshot() if planned.get("stale") else None
            planned.requests_before = len(self._requests())
            self.planned.append(planned)
            self._application.intercept = self._answer

    def forget_requests(self, count: int) -> None:
        """Go on though the first *count* requests are forgotten."""
        for planned in self.planned:
            planned.requests_before = max(0, planned.requests_before - count)

    # Answering. The lock is held.

    def _answer(self, request: Request) -> Answer:
        paths = _paths_of(request)
        for planned in self.planned:
            failed = None
            if planned.get("not_found_yet"):
                failed = self._hide(planned, request)
            elif planned.fails(request.method, paths):
                failed = self._fail(planned, request, paths)
            if failed:
                fault = planned.fault
                fault.used += 1
                answer, told = failed
                hint = f"fault added by the test: {fault} ({fault.used} of {fault.times}){told}"
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
            for planned in self.planned
            if planned.get("not_found_yet") and not planned.created and planned.is_for(request.method, paths)
        ]
        if not waiting:
            return self._application.proceed(request)
        store = self._application.store
        was_there = not_found_yet.is_there(store, request)
        answer = self._application.proceed(request)
        if not was_there:
            for planned in waiting:
                planned.sees(request, answer, store)
        return answer

    def _hide(self, planned: PlannedFault, request: Request) -> tuple[Answer, str] | None:
        """Answer 404 for what was created, ``None`` to a request that is about something else, or refused anyway."""
        store = self._application.store
        if planned.created is None or planned.fault.used >= planned.fault.times:
            return None
        if not not_found_yet.is_about(planned.created, request, store):
            return None
        try:
            answer = self._application.refuse(request, lambda _: refusals.not_found(""), in_turn=True)
        except GitHubError:
            return None
        return answer, "; it exists"

    def _fail(self, planned: PlannedFault, request: Request, paths: Sequence[Segments]) -> tuple[Answer, str]:
        """Make the answer of a fault, and what the hint says beside the fault's name."""
        application = self._application
        if planned.past:
            return application.proceed(request, planned.past()), "; the response shows an earlier state"
        failure, carried_out = _ERRORS.get(planned.get("error"), ("", False))
        told, answer = "", None
        if carried_out or planned.get("change_made"):
            answer = self._proceed(request, paths)
            told = f"; the request was processed, with {answer.status} {REASONS.get(answer.status, '')}".rstrip()
        if failure == "truncated" and answer and answer.body:
            half = answer.body[: len(answer.body) // 2]
            return Answer(answer.status, answer.headers, half, answer.hint, failure), ""
        if failure:
            # An answer without a body has nothing that could be cut.
            failure = "reset" if failure == "truncated" else failure
            return Answer(0, {}, b"", answer.hint if answer else "", failure), told
        return self._status(planned, request), told

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
        assert status is not None  # noqa: S101 - add has seen to it
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

    # At the end

    def check(self) -> None:
        """
        See to it that each fault that is required was used up, and that each could do what it is for.

        Raises:
            AssertionError: One was not. The message names it, says why, and names the requests that came nearest.
        """
        __tracebackhide__ = True
        with self._lock:
            told = [planned.problem for planned in self.planned if planned.problem]
            unused = [planned for planned in self.planned if planned.is_missed()]
            told += [line for planned in unused for line in self._told(planned)]
        if told:
            raise AssertionError("\n".join(told))

    def _told(self, planned: PlannedFault) -> Iterator[str]:
        fault = planned.fault
        yield f"the fault {fault} was used {fault.used} of {fault.times} times"
        came = Counter(f"{one.method} {one.path}" for one in self._requests()[planned.requests_before :])
        wanted = f"{fault.method or ''} {fault.path or ''}"
        if planned.created:
            yield f"  {planned.created_by} created {planned.created.label}; no later request was for it"
        elif planned.passed:
            yield f"  only {planned.passed} of the {planned.after} requests that pass first were sent"
        elif planned.get("not_found_yet"):
            yield "  no matching request created anything"
        ranked = sorted(came, key=lambda line: SequenceMatcher(None, wanted, line).ratio(), reverse=True)
        for line in ranked[:_SHOWN]:
            yield f"  {line} was sent {came[line]} time{'s'[: came[line] != 1]}"
        if len(ranked) > _SHOWN:
            yield f"  and {len(ranked) - _SHOWN} others"
        if not ranked:
            yield "  no request was sent after it was added"
        yield "  use required=False for a fault that may stay unused"
