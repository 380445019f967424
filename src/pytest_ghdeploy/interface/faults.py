"""
Failures on demand: a test says which of the next requests go wrong, and how.

A fault is asked for with ``ghdeploy.faults.add`` and used up by the requests
that match it. What GitHub's own state would answer is decided as ever; a fault
stands before it, or between it and the client. One that is not used up fails
the test: a tool that never met the failure has not shown that it can cope.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import unquote

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.refusals import REASONS, GitHubError
from pytest_ghdeploy.http.json_body import to_json
from pytest_ghdeploy.http.messages import Answer, header_text
from pytest_ghdeploy.interface import not_found_yet as created
from pytest_ghdeploy.interface.arguments import check_path, check_type, headers_of
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import RLock

    from pytest_ghdeploy.http.application import Application
    from pytest_ghdeploy.http.messages import Failure, Request
    from pytest_ghdeploy.interface.not_found_yet import Asked, Created
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.store import Store

FaultKind = Literal[
    "connection", "reset", "timeout", "lost_answer", "lost_answer_timeout", "truncated", "not_json"
]  # fmt: skip

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
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
_CREATE = ("POST", "PUT")
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
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


class _Armed(Fault):
    """A fault as those who make it happen know it."""

    def __init__(
        self,
        method: str | None,
        path: str | None,
        segments: tuple[str | None, ...] | None,
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
        super().__init__(method, path, what, times=times, required=required)
        self._segments = segments
        self._kind = kind
        self.after = after
        self._passed = 0
        # For not_found_yet: what was created, and by which request; or why that cannot be hidden. For stale: what was.
        self.created: Created | None = None
        self.created_by = ""
        self.problem = ""
        self.past: Callable[[], Store] | None = None
        self.requests_before = 0

    def get(self, name: str) -> Any:  # noqa: ANN401 - an argument of add
        """Look up an argument that says what goes wrong, ``None`` if it was not given."""
        return self._kind.get(name)

    def is_for(self, method: str, paths: Sequence[tuple[str, ...]]) -> bool:
        """Tell whether a request matches, by its method and one of its *paths*."""
        if self.method not in (None, method):
            return False
        wanted = self._segments
        return wanted is None or any(
            len(wanted) == len(path) and all(map(_fits, wanted, path)) for path in paths
        )  # fmt: skip

    def fails(self, method: str, paths: Sequence[tuple[str, ...]]) -> bool:
        """Tell whether a request is to fail; count one that matches and passes first."""
        return self.used < self.times and self.is_for(method, paths) and not self._passes()

    def sees(self, request: Request, asked: Asked | None, answer: Answer, store: Store) -> None:
        """Note, for ``not_found_yet``, what a matching request has created."""
        where = f"{request.method} {request.path}"
        try:
            made = created.created_by(store, asked, answer) if asked else None
        except created.NothingToHide as what:
            self.problem = (
                f"the fault {self} met {where}, which has created {what}: nothing that has an address of its own, "
                f"so nothing that can be hidden. not_found_yet is for {created.KINDS}"
            )
            return
        if made and not self._passes():
            self.created, self.created_by = made, where

    @property
    def passed(self) -> int:
        """How many requests matched and passed, as ``after`` says."""
        return min(self._passed, self.after)

    def _passes(self) -> bool:
        self._passed += 1
        return self._passed <= self.after


def _fits(wanted: str | None, given: str) -> bool:
    return wanted is None or wanted == given


def _known_as(path: tuple[str, ...]) -> tuple[str, ...]:
    # The names of owners and repositories are found without regard to case.
    if path[1:2] != ("repos",):
        return path
    return (*path[:2], *(part.lower() for part in path[2:4]), *path[4:])


@public
class Faults:
    """The faults that a test has asked for, in this order."""

    def __init__(
        self, application: Application, prefix: str, lock: RLock, requests: Callable[[], Sequence[Exchange]]
    ) -> None:
        """Let *application* fail; *prefix* is the path of the API's root, *requests* gives those that came."""
        self._faults: list[_Armed] = []
        self._prefix = prefix
        self._lock = lock
        self._requests = requests
        self.start(application)

    def start(self, application: Application) -> None:
        """Forget all faults, and go on with another *application*."""
        with self._lock:
            self._faults.clear()
            self._application = application
            application.intercept = None

    def __len__(self) -> int:
        return len(self._faults)

    def __getitem__(self, place: int) -> Fault:
        return self._faults[place]

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults))

    def __repr__(self) -> str:
        return repr(self._faults)

    def clear(self) -> None:
        """Forget all faults, also those that were not used."""
        self.start(self._application)

    def forget_requests(self, count: int) -> None:
        """Go on though the first *count* requests are forgotten. The fake calls it."""
        for fault in self._faults:
            fault.requests_before = max(0, fault.requests_before - count)

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
            msg = "not_found_yet and stale say themselves how often; times goes with status and error"
            raise FakeError(msg)
        given = {"status": status, "error": error, "not_found_yet": not_found_yet, "stale": stale,
                 "retry_after": retry_after, "headers": headers_of(headers), "change_made": change_made}  # fmt: skip
        kind = {name: value for name, value in given.items() if value or type(value) is int}
        segments = None
        if path is not None:
            parts = path.removeprefix(self._prefix).split("/")
            wanted = tuple(None if part == "*" or part.startswith("{") else unquote(part) for part in parts)
            # As for those of a request, which stand beside theirs.
            names = wanted[1:2] == ("repos",)
            segments = tuple(
                part.lower() if part and names and place in (2, 3) else part for place, part in enumerate(wanted)
            )
        usual = "GET" if stale else None
        if not_found_yet:
            creating = created.creating_methods(method.upper() if method else None, segments)
            if not creating:
                what = f"{method.upper() if method else 'a request to'} {path or ''}".rstrip()
                msg = f"{what} creates nothing that not_found_yet could hide: it is for {created.KINDS}"
                raise FakeError(msg)
            usual = creating[0]
        fault = _Armed(
            method.upper() if method else usual, path, segments, kind, times=kept or times, after=after,
            required=required,
        )  # fmt: skip
        with self._lock:
            fault.past = self._application.store.snapshot() if stale else None
            fault.requests_before = len(self._requests())
            self._faults.append(fault)
            self._application.intercept = self._answer
        return fault

    def _check(self, *, method: str | None, path: str | None, **kinds: object) -> None:
        if method is not None:
            check_type("method", method, str, "a text")
            if method.upper() not in _METHODS:
                raise errors.unknown("method", method, _METHODS)
        if path is not None:
            check_path(path)
        error = kinds["error"]
        if error is not None and error not in get_args(FaultKind):
            raise errors.unknown("error", error, get_args(FaultKind))
        given = [name for name, value in kinds.items() if value is not None]
        # A page of HTML is the one thing that may come with any status.
        if len(given) != 1 and not (given == ["status", "error"] and error == "not_json"):
            told = " and ".join(given) or "none of them"
            msg = f"a fault is one of {', '.join(kinds)}; {told} {'were' if given else 'was'} given"
            raise FakeError(msg)
        wanted = {"not_found_yet": _CREATE, "stale": ("GET", "HEAD")}.get(given[0])
        if wanted and method and method.upper() not in wanted:
            msg = f"{given[0]} is for {' and '.join(wanted)}, not for {method}"
            raise FakeError(msg)

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
            msg = f"status is an HTTP status from {lowest} to 599, got {status!r}"
            raise FakeError(msg)
        if retry_after is not None:
            _check_number("retry_after", retry_after, 0)
        if status in _WITHOUT_BODY:
            msg = f"a {status} has no body, so no page of HTML either"
            raise FakeError(msg)
        if (retry_after is not None or headers) and status is None and error != "not_json":
            msg = "retry_after and headers go with a status"
            raise FakeError(msg)
        check_type("change_made", change_made, bool, "True or False")
        if change_made and error not in ("reset", "timeout", "not_json") and (status or 0) < _FIRST_5XX:
            msg = 'change_made goes with error="reset", "timeout" or "not_json", or with a status of 500 or more'
            raise FakeError(msg)

    # Answering. The lock is held.

    def _answer(self, request: Request) -> Answer:
        paths = self._paths_of(request.path)
        for fault in self._faults:
            failed = None
            if fault.get("not_found_yet"):
                failed = self._hide(fault, request)
            elif fault.fails(request.method, paths):
                failed = self._fail(fault, request, paths)
            if failed:
                fault.used += 1
                answer, told = failed
                hint = f"fault: the test asked for {fault} ({fault.used} of {fault.times}){told}"
                answer.hint = f"{hint}; {answer.hint}" if answer.hint else hint
                if answer.status:
                    answer.headers["X-GHDeploy-Hint"] = header_text(answer.hint)
                if request.method == "HEAD":
                    answer.body = b""
                return answer
        return self._proceed(request, paths)

    def _proceed(self, request: Request, paths: Sequence[tuple[str, ...]]) -> Answer:
        waiting = [
            fault
            for fault in self._faults
            if fault.get("not_found_yet") and not fault.created and fault.is_for(request.method, paths)
        ]
        if not waiting:
            return self._application.proceed(request)
        store = self._application.store
        asked = created.ask(store, request)
        was_there = asked is not None and created.is_there(store, asked)
        answer = self._application.proceed(request)
        if not was_there:
            for fault in waiting:
                fault.sees(request, asked, answer, store)
        return answer

    def _hide(self, fault: _Armed, request: Request) -> tuple[Answer, str] | None:
        """Answer 404 for what was created, ``None`` to a request that is about something else, or refused anyway."""
        store = self._application.store
        if fault.created is None or fault.used >= fault.times:
            return None
        if not created.is_about(fault.created, created.ask(store, request), store):
            return None
        try:
            answer = self._application.refuse(request, lambda _: refusals.not_found(""), in_turn=True)
        except GitHubError:
            return None
        return answer, "; it is there"

    def _fail(self, fault: _Armed, request: Request, paths: Sequence[tuple[str, ...]]) -> tuple[Answer, str]:
        """Make the answer of a fault, and what the hint says beside the fault's name."""
        application = self._application
        if fault.past:
            return application.proceed(request, fault.past()), "; it is the past that was shown"
        failure, carried_out = _ERRORS.get(fault.get("error"), ("", False))
        told, answer = "", None
        if carried_out or fault.get("change_made"):
            answer = self._proceed(request, paths)
            told = f"; the request was carried out, with {answer.status} {REASONS.get(answer.status, '')}".rstrip()
        if failure == "truncated" and answer and answer.body:
            half = answer.body[: len(answer.body) // 2]
            return Answer(answer.status, answer.headers, half, answer.hint, failure), ""
        if failure:
            # An answer without a body has nothing that could be cut.
            failure = "reset" if failure == "truncated" else failure
            return Answer(0, {}, b"", answer.hint if answer else "", failure), told
        return self._status(fault, request), told

    def _status(self, fault: _Armed, request: Request) -> Answer:
        status: int | None = fault.get("status")
        headers = {}
        if fault.get("retry_after") is not None:
            headers["Retry-After"] = str(fault.get("retry_after"))
        headers |= fault.get("headers") or {}
        if fault.get("error") == "not_json":
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

    def _paths_of(self, path: str) -> list[tuple[str, ...]]:
        """Cut a path at its slashes; one by a repository's id is also one by its name."""
        parts = _known_as(tuple(unquote(part) for part in path.split("/")))
        if parts[1:2] != ("repositories",) or not parts[2:3] or not parts[2].isdecimal():
            return [parts]
        repository = self._application.store.repositories.get(int(parts[2]))
        if repository is None:
            return [parts]
        return [parts, ("", "repos", *repository.full_name.lower().split("/"), *parts[3:])]

    # At the end

    def check(self) -> None:
        """
        See to it that each fault that is required was used up, and that each could do what it is for.

        Raises:
            AssertionError: One was not. The message names it, says why, and names the requests that came nearest.
        """
        __tracebackhide__ = True
        with self._lock:
            told = [fault.problem for fault in self._faults if fault.problem]
            unused = [
                fault for fault in self._faults if fault.required and fault.used < fault.times and not fault.problem
            ]
            told += [line for fault in unused for line in self._told(fault)]
        if told:
            raise AssertionError("\n".join(told))

    def _told(self, fault: _Armed) -> Iterator[str]:
        yield f"the fault {fault} was used {fault.used} of {fault.times} times"
        came = Counter(f"{one.method} {one.path}" for one in self._requests()[fault.requests_before :])
        wanted = f"{fault.method or ''} {fault.path or ''}"
        if fault.created:
            yield f"  {fault.created_by} created {fault.created.label}; no further request was for it"
        elif fault.passed:
            yield f"  {fault.passed} of the {fault.after} that pass have come"
        elif fault.get("not_found_yet"):
            yield "  no matching request has created anything"
        ranked = sorted(came, key=lambda line: SequenceMatcher(None, wanted, line).ratio(), reverse=True)
        for line in ranked[:_SHOWN]:
            yield f"  {line} came {came[line]} time{'s'[: came[line] != 1]}"
        if len(ranked) > _SHOWN:
            yield f"  and {len(ranked) - _SHOWN} others"
        if not ranked:
            yield "  no request came after it was added"
        yield "  with required=False it need not be used"


def _check_number(name: str, number: object, least: int) -> None:
    if type(number) is not int or number < least:
        msg = f"{name} is a whole number, {least} or more; got {number!r}"
        raise FakeError(msg)
