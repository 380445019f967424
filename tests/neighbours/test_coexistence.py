"""
Other mocks for requests beside the fake. The fake answers GitHub's hosts, and the other mocks all other hosts.

Each mock is started before or after the fake, and stopped before or after it.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest.mock
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import boto3  # type: ignore[import-untyped]
import freezegun
import left_behind
import moto
import moto.core.models
import pytest
import requests
import requests_mock
import requests_mock.exceptions
import responses
from client import API
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util.retry import Retry

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest, Response

OTHER = "https://other.example.com/theirs"
UNKNOWN = "https://unknown.example.com/"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001"}
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"


class Neighbour(ABC):
    """Another mock that a test may use beside the fake. Some mock GitHub's ``/user`` too."""

    running: ClassVar[list[Neighbour]] = []

    def start(self) -> None:
        """Start mocking."""
        self._start()
        self.running.append(self)

    def stop(self) -> None:
        """Stop mocking."""
        self.running.remove(self)
        self._stop()

    @abstractmethod
    def _start(self) -> None: ...
    @abstractmethod
    def _stop(self) -> None: ...
    @abstractmethod
    def check(self, local: str) -> None:
        """Check that it works as without a fake for hosts other than GitHub's."""


def text_of(url: str) -> str:
    """Get a text with plain requests."""
    return requests.get(url, headers=HEADERS, timeout=5).text


class WithResponses(Neighbour):
    """``responses`` as a context manager."""

    def _make(self) -> responses.RequestsMock:
        return responses.RequestsMock(assert_all_requests_are_fired=False)

    def _start(self) -> None:
        self.mock = self._make()
        self.mock.start()
        self.mock.get(OTHER, body="theirs")
        self.mock.get(f"{API}/user", body="claimed")

    def _stop(self) -> None:
        self.mock.stop()
        self.mock.reset()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        before = len(self.mock.calls)
        assert text_of(OTHER) == "theirs"
        for url in (UNKNOWN, local):
            with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
                text_of(url)
        assert [call.request.url for call in list(self.mock.calls)[before:]] == [OTHER, UNKNOWN, local]


class WithDefaultResponses(WithResponses):
    """``responses``' own mock, which ``responses.activate`` uses."""

    def _make(self) -> responses.RequestsMock:
        return responses.mock


class WithRequestsMock(Neighbour):
    """requests-mock, which refuses requests that it does not know."""

    real_http = False

    def _start(self) -> None:
        self.mock = requests_mock.Mocker(real_http=self.real_http)
        self.mock.start()
        self.mock.get(OTHER, text="theirs")
        self.mock.get(f"{API}/user", text="claimed")

    def _stop(self) -> None:
        self.mock.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        assert text_of(OTHER) == "theirs"
        assert self.mock.last_request
        assert self.mock.last_request.url == OTHER
        self._check_unknown(local)

    def _check_unknown(self, local: str) -> None:
        with pytest.raises(requests_mock.exceptions.NoMockAddress):
            text_of(local)


class WithRealHTTP(WithRequestsMock):
    """requests-mock with ``real_http=True``."""

    real_http = True

    def _check_unknown(self, local: str) -> None:
        assert text_of(local) == "local"


class WithMoto(Neighbour):
    """moto's ``mock_aws``."""

    def _start(self) -> None:
        self.mock = moto.mock_aws()
        self.mock.start()

    def _stop(self) -> None:
        self.mock.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        storage = boto3.client("s3", region_name="us-east-1")
        storage.create_bucket(Bucket="bucket")
        storage.put_object(Bucket="bucket", Key="key", Body=b"kept")
        assert storage.get_object(Bucket="bucket", Key="key")["Body"].read() == b"kept"
        storage.delete_object(Bucket="bucket", Key="key")
        storage.delete_bucket(Bucket="bucket")
        assert "<ListAllMyBucketsResult " in text_of("https://s3.amazonaws.com/")
        assert text_of(local) == "local"


class WithMonkeypatch(Neighbour):
    """A user's function that replaces ``HTTPAdapter.send``."""

    def _start(self) -> None:
        self.patch = pytest.MonkeyPatch()

        def send(_: HTTPAdapter, request: PreparedRequest, **__: object) -> Response:
            answer = requests.Response()
            answer.status_code, answer.url, answer.request = 200, request.url or "", request
            answer._content = b"theirs" if request.url == OTHER else b"claimed"
            return answer

        self.patch.setattr(HTTPAdapter, "send", send)

    def _stop(self) -> None:
        self.patch.undo()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        assert text_of(OTHER) == "theirs"
        assert text_of(local) == "claimed"


class WithMock(Neighbour):
    """``unittest.mock.patch`` of ``HTTPAdapter.send``. A mock has every attribute."""

    def _start(self) -> None:
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = 200, b"theirs", OTHER
        self.patch = unittest.mock.patch.object(HTTPAdapter, "send", return_value=answer)
        self.patch.start()

    def _stop(self) -> None:
        self.patch.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        assert text_of(OTHER) == text_of(local) == "theirs"


class WithWraps(Neighbour):
    """A user's function around ``HTTPAdapter.send`` that uses ``functools.wraps``."""

    def _start(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.seen: list[str | None] = []
        original = HTTPAdapter.send

        @functools.wraps(original)
        def send(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
            self.seen.append(request.url)
            return original(adapter, request, *args, **kwargs)

        self.patch.setattr(HTTPAdapter, "send", send)

    def _stop(self) -> None:
        self.patch.undo()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour text_of
        before = len(self.seen)
        assert text_of(local) == "local"
        assert self.seen[before:] == [local]


NEIGHBOURS = [
    WithResponses,
    WithDefaultResponses,
    WithRequestsMock,
    WithRealHTTP,
    WithMoto,
    WithMonkeypatch,
    WithMock,
    WithWraps,
]
PLACES: list[Any] = [requests.Session, BaseAdapter, HTTPAdapter, requests_mock.Adapter, requests_mock.Mocker]


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Fail a test that hangs: a mock's endless attributes can cause endless loops."""

    def give_up(*_: object) -> None:
        pytest.fail(f"it hangs: nothing happened for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Check that the classes of requests are restored, within a time limit."""
    with left_behind.nothing_left_behind(PLACES), _time_limit(10):
        yield


FAKES: list[FakeGitHub] = []


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Isolate the tests: remove patches that a failing test left behind."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    before = [dict(vars(place)) for place in PLACES]
    yield
    while Neighbour.running:
        Neighbour.running[-1].stop()
    for place, then in zip(PLACES, before, strict=True):
        for name, value in vars(place).copy().items():
            if name not in then:
                delattr(place, name)
            elif then[name] is not value:
                setattr(place, name, then[name])
    while FAKES:
        with suppress(ValueError):
            FAKES.pop().close()


def check_fake(fake: FakeGitHub) -> None:
    """Check that the fake answers reads and writes, including requests that a neighbour mocks too."""
    before = len(fake.requests)
    assert requests.get(f"{API}/user", headers=HEADERS, timeout=5).json()["login"] == "octocat"
    assert requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5).status_code == 201
    with requests.Session() as session:
        assert session.get(DEPLOYMENTS).status_code == 200
        assert session.send(requests.Request("GET", DEPLOYMENTS, headers={"User-Agent": "x"}).prepare()).ok
    assert len(fake.requests) == before + 4


def new_fake() -> FakeGitHub:
    """Create a fake with a repository that is not active yet."""
    fake = FakeGitHub()
    fake.add_repository("octocat/example")
    FAKES.append(fake)
    return fake


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_a_neighbour_may_be_outside(kind: type[Neighbour], local: str) -> None:
    """A neighbour started before the fake and stopped after it keeps all hosts except GitHub's meanwhile."""
    neighbour = kind()
    with nothing_left_behind():
        neighbour.start()
        with nothing_left_behind(), new_fake() as fake:
            check_fake(fake)
            neighbour.check(local)
            check_fake(fake)
        neighbour.check(local)
        neighbour.stop()


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_a_neighbour_may_be_inside(kind: type[Neighbour], local: str) -> None:
    """A neighbour started after the fake and stopped before it gets all hosts except GitHub's."""
    neighbour = kind()
    with nothing_left_behind(), new_fake() as fake:
        check_fake(fake)
        neighbour.start()
        check_fake(fake)
        neighbour.check(local)
        check_fake(fake)
        neighbour.stop()
        check_fake(fake)
        assert text_of(local) == "local"


# Not WithWraps: it restores the function from before its start, so later patches must be undone first.
@pytest.mark.parametrize("kind", [kind for kind in NEIGHBOURS if kind is not WithWraps])
def test_a_neighbour_may_come_first_and_leave_first(kind: type[Neighbour], local: str) -> None:
    """The fake still works after a neighbour that was started before it has stopped."""
    neighbour = kind()
    with nothing_left_behind():
        neighbour.start()
        fake = new_fake()
        fake.open()
        check_fake(fake)
        neighbour.check(local)
        neighbour.stop()
        check_fake(fake)
        assert text_of(local) == "local"
        fake.close()


@pytest.mark.parametrize("kind", NEIGHBOURS)
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_a_neighbour_may_come_last_and_leave_last(kind: type[Neighbour], local: str, used: bool) -> None:  # noqa: FBT001
    """
    A neighbour started after the fake and stopped after it keeps working.

    When stopped, it restores the fake's function, which passes all requests on and is removed with the next fake.
    """
    neighbour = kind()
    with nothing_left_behind():
        fake = new_fake()
        fake.open()
        neighbour.start()
        if used:
            check_fake(fake)
            neighbour.check(local)
        fake.close()
        neighbour.check(local)
        neighbour.stop()
        assert text_of(local) == "local"
        for _ in range(2):
            with new_fake() as following:
                check_fake(following)
                assert text_of(local) == "local"


def test_neighbours_may_be_interleaved(local: str) -> None:
    """With two neighbours and two fakes started alternately, each answers its own hosts, and no patches remain."""
    with nothing_left_behind(), ExitStack() as stack:
        outer, inner = WithRealHTTP(), WithMoto()
        outer.start()
        stack.callback(outer.stop)
        older = stack.enter_context(new_fake())
        check_fake(older)
        inner.start()
        stack.callback(inner.stop)
        newer = stack.enter_context(new_fake())
        check_fake(newer)
        outer.check(local)
        inner.check(local)
        assert len(older.requests) == 4


@responses.activate
def _decorated(fake: FakeGitHub) -> None:
    responses.get(OTHER, body="theirs")
    responses.get(f"{API}/user", body="claimed")
    check_fake(fake)
    assert text_of(OTHER) == "theirs"
    with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
        text_of(UNKNOWN)


def test_responses_as_a_decorator_inside(ghdeploy: FakeGitHub, local: str) -> None:
    """Called while a fake is active, a function under ``responses.activate`` has its own hosts."""
    ghdeploy.add_repository("octocat/example")
    with nothing_left_behind():
        _decorated(ghdeploy)
    check_fake(ghdeploy)
    assert text_of(local) == "local"


@responses.activate
def test_responses_as_a_decorator_outside() -> None:
    """A fake inside a test under ``responses.activate`` does not affect the decorator's hosts."""
    responses.get(OTHER, body="theirs")
    responses.get(f"{API}/user", body="claimed")
    with nothing_left_behind(), new_fake() as fake:
        check_fake(fake)
        assert text_of(OTHER) == "theirs"
        with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
            text_of(UNKNOWN)
    assert text_of(f"{API}/user") == "claimed"


def test_responses_still_asserts_that_all_were_called(ghdeploy: FakeGitHub) -> None:
    """A registration for GitHub's host is never called, and ``responses`` reports it."""
    ghdeploy.add_repository("octocat/example")
    mock = responses.RequestsMock()
    mock.start()
    mock.get(f"{API}/user", body="claimed")
    check_fake(ghdeploy)
    with pytest.raises(AssertionError, match="Not all requests have been executed"):
        mock.stop()


@pytest.mark.parametrize("outside", [True, False])
def test_other_github_hosts_are_refused_beside_a_neighbour(outside: bool, local: str) -> None:  # noqa: FBT001
    """While a fake is active, it refuses other GitHub hosts even if a neighbour mocks them."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    fake = new_fake()
    for start in (mock.start, fake.open) if outside else (fake.open, mock.start):
        start()
    mock.get("https://github.com/octocat/example", body="claimed")
    with pytest.raises(UnsupportedRequest, match=r"a request to github\.com cannot be answered"):
        text_of("https://github.com/octocat/example")
    for stop in (fake.close, mock.stop) if outside else (mock.stop, fake.close):
        stop()
    assert text_of(local) == "local"


# Users' own adapters


class Logging(HTTPAdapter):
    """A user's adapter that logs requests and lets HTTPAdapter send them."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as in HTTPAdapter
        """Start with an empty log."""
        super().__init__(**options)
        self.sent: list[str | None] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        """Log the request, and let HTTPAdapter send it."""
        self.sent.append(request.url)
        answer = super().send(request, *args, **kwargs)
        answer.headers["X-Logged"] = "yes"
        return answer


@pytest.mark.parametrize("prepared", [False, True], ids=["get", "prepared"])
@pytest.mark.parametrize("kind", [None, WithResponses, WithMoto, WithMonkeypatch, WithMock, WithWraps])
def test_a_users_adapter_keeps_working(kind: type[Neighbour] | None, prepared: bool) -> None:  # noqa: FBT001
    """The ``super().send`` of a mounted HTTPAdapter subclass reaches the fake, even with a neighbour started later."""
    with nothing_left_behind(), new_fake() as fake, requests.Session() as session:
        adapter = Logging()
        session.mount("https://", adapter)
        neighbour = kind() if kind else None
        if neighbour:
            neighbour.start()
        try:
            if prepared:
                request = requests.Request("GET", DEPLOYMENTS, headers={"User-Agent": "x"}).prepare()
                answer = session.send(request)
            else:
                answer = session.get(DEPLOYMENTS)
        finally:
            if neighbour:
                neighbour.stop()
        assert (answer.status_code, answer.json(), answer.headers["X-Logged"]) == (200, [], "yes")
        assert adapter.sent == [DEPLOYMENTS]
        assert [request.path for request in fake.requests] == ["/repos/octocat/example/deployments"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_users_adapter_is_unused_with_requests_mock(inside: bool) -> None:  # noqa: FBT001
    """requests-mock replaces all adapters of a session, and the fake answers."""
    fake, mock = new_fake(), requests_mock.Mocker(real_http=True)
    with requests.Session() as session:
        session.mount("https://", Logging())
        for start in (fake.open, mock.start) if inside else (mock.start, fake.open):
            start()
        assert session.get(DEPLOYMENTS).json() == []
        for stop in (mock.stop, fake.close) if inside else (fake.close, mock.stop):
            stop()
    assert len(fake.requests) == 1


def test_a_session_may_choose_adapters_itself(ghdeploy: FakeGitHub) -> None:
    """If a session overrides ``get_adapter``, its request goes through the chosen adapter."""
    ghdeploy.add_repository("octocat/example")
    adapter = Logging()

    class Own(requests.Session):
        def get_adapter(self, url: str | bytes) -> HTTPAdapter:  # noqa: ARG002 - as in requests
            return adapter

    with Own() as session:
        assert session.get(DEPLOYMENTS).json() == []
    assert adapter.sent == [DEPLOYMENTS]


def test_a_mock_adapter_gets_no_github_requests(ghdeploy: FakeGitHub) -> None:
    """A mounted adapter of another class, such as requests-mock's, answers other hosts only."""
    ghdeploy.add_repository("octocat/example")
    stand_in = requests_mock.Adapter()
    stand_in.register_uri("GET", requests_mock.ANY, text="theirs")
    with requests.Session() as session:
        session.mount("https://", stand_in)
        assert session.get(OTHER).text == "theirs"
        assert session.get(DEPLOYMENTS).json() == []


# Retries


@pytest.mark.parametrize("adapter", [HTTPAdapter, Logging])
@pytest.mark.parametrize(
    ("method", "retry", "attempts"),
    [
        ("GET", Retry(total=3, status_forcelist=[503]), 4),
        ("GET", Retry(total=3, status_forcelist=[503], backoff_factor=60), 4),
        ("GET", Retry(total=9, status=1, status_forcelist=[503]), 2),
        ("POST", Retry(total=3, status_forcelist=[503], allowed_methods=None), 4),
    ],
)
def test_a_mounted_retry_keeps_working(
    ghdeploy: FakeGitHub,
    monkeypatch: pytest.MonkeyPatch,
    adapter: Callable[..., HTTPAdapter],
    method: str,
    retry: Retry,
    attempts: int,
) -> None:
    """A request is repeated as often as the Retry allows. Each attempt is recorded, and none sleeps."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("nobody is to sleep"))
    ghdeploy.stub(method, "/flaky", status=503, json={"message": "Unicorn!"})
    with requests.Session() as session:
        session.mount(API, adapter(max_retries=retry))
        with pytest.raises(requests.exceptions.RetryError, match="too many 503 error responses"):
            session.request(method, f"{API}/flaky", json={"a": 1})
    assert [request.status for request in ghdeploy.requests] == [503] * attempts
    assert {request.request_body for request in ghdeploy.requests} == {b'{"a": 1}'}


@pytest.mark.parametrize("body", [b"a body", [b"a ", b"body"]], ids=["bytes", "generator"])
def test_a_retry_sends_the_same_body_again(ghdeploy: FakeGitHub, body: bytes | list[bytes]) -> None:
    """A body that can be read only once is sent whole each time."""
    ghdeploy.stub("PUT", "/flaky", status=503)
    retry = Retry(total=2, status_forcelist=[503], raise_on_status=False)
    with requests.Session() as session:
        session.mount(API, HTTPAdapter(max_retries=retry))
        data = body if isinstance(body, bytes) else iter(body)
        assert session.put(f"{API}/flaky", data=data).status_code == 503
    assert [request.request_body for request in ghdeploy.requests] == [b"a body"] * 3


@pytest.mark.parametrize(
    ("method", "retry", "status"),
    [
        ("POST", Retry(total=3, status_forcelist=[503]), 503),
        ("GET", Retry(total=3, status_forcelist=[500]), 503),
        ("GET", Retry(total=3), 503),
        ("GET", 3, 503),
        ("GET", Retry(total=3, status_forcelist=[503]), 404),
    ],
)
def test_a_retry_ignores_other_methods_and_statuses(ghdeploy: FakeGitHub, method: str, retry: Any, status: int) -> None:  # noqa: ANN401
    """Such a request is sent once."""
    ghdeploy.stub(method, "/flaky", status=status)
    with requests.Session() as session:
        session.mount(API, HTTPAdapter(max_retries=retry))
        assert session.request(method, f"{API}/flaky").status_code == status
    assert len(ghdeploy.requests) == 1


# Patched functions of requests


def test_a_patched_session_send_bypasses_the_fake(ghdeploy: FakeGitHub) -> None:
    """A replaced ``Session.send`` answers everything, so no request reaches the fake."""
    with unittest.mock.patch("requests.Session.send", return_value=requests.Response()) as send:
        assert requests.get(f"{API}/user", timeout=5) is send.return_value
    assert ghdeploy.requests == ()
    assert requests.get(f"{API}/user", headers=HEADERS, timeout=5).status_code == 200


def test_a_patched_requests_get_bypasses_the_fake(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only that function is replaced. Sessions reach the fake."""
    theirs = requests.Response()
    monkeypatch.setattr(requests, "get", lambda *_, **__: theirs)
    assert requests.get(f"{API}/user", timeout=5) is theirs
    assert requests.Session().get(f"{API}/user", headers=HEADERS).status_code == 200
    assert len(ghdeploy.requests) == 1


# Time


def test_a_frozen_time_is_the_fakes_time() -> None:
    """If time is frozen first, the clock, timestamps and the rate limit's reset start at the frozen time."""
    with freezegun.freeze_time("2024-02-29T12:00:00.750Z"), new_fake() as fake:
        assert fake.clock.now == datetime(2024, 2, 29, 12, tzinfo=UTC)
        answer = requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5)
        assert answer.json()["created_at"] == "2024-02-29T12:00:00Z"
        reset = datetime(2024, 2, 29, 13, tzinfo=UTC)
        assert answer.headers["X-RateLimit-Reset"] == str(int(reset.timestamp()))


def test_a_time_that_freezes_later_does_not_move_the_clock() -> None:
    """If time is frozen later, the clock stands still until the test moves it."""
    with new_fake() as fake:
        before = fake.clock.now
        with freezegun.freeze_time("2024-02-29T12:00:00Z", auto_tick_seconds=60):
            made_there = requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5).json()
        assert made_there["created_at"] == before.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert fake.clock.now == before


# Neighbours active before the doors are imported

FRESH = """
import requests
from requests.adapters import HTTPAdapter
import responses
import {imports}

OTHER = "https://other.example.com/theirs"

def places():
    return [dict(vars(place)) for place in (requests.Session, HTTPAdapter, socket.socket)] + [
        socket.getaddrinfo, socket.gethostbyname
    ]

def check(fake):
    answer = requests.post(
        "https://api.github.com/repos/octocat/example/deployments",
        json={{"ref": "main"}},
        headers={{"Authorization": "token ghp_of_the_tests_0001"}},
    )
    assert answer.status_code == 201, answer.text
    assert fake.requests[-1].status == 201

def run():
    from pytest_ghdeploy import FakeGitHub

    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        check(fake)
{inside}

before = places()
{start}
import sys
assert not any(name.startswith("pytest_ghdeploy.doors") for name in sys.modules)
started = places()
run()
assert places() == started, "not as the neighbour had it"
{stop}
assert places() == before, "not as it was before"
from pytest_ghdeploy import FakeGitHub
for _ in range(2):
    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        check(fake)
    assert places() == before, "not as it was before the second time"
print("done")
"""

FRESH_NEIGHBOURS = {
    "responses": (
        "socket",
        "responses.start(); responses.get('https://other.example.com/', body='theirs')",
        "assert requests.get('https://other.example.com/').text == 'theirs'",
        "responses.stop(); responses.reset()",
    ),
    "requests-mock": (
        "socket, requests_mock",
        "mock = requests_mock.Mocker(); mock.start(); mock.get(OTHER, text='theirs')",
        "assert requests.get(OTHER).text == 'theirs'",
        "mock.stop()",
    ),
    "requests-mock with real_http": (
        "socket, requests_mock",
        "mock = requests_mock.Mocker(real_http=True); mock.start(); mock.get(OTHER, text='theirs')",
        "assert requests.get(OTHER).text == 'theirs'",
        "mock.stop()",
    ),
    "moto": (
        "socket, boto3, moto",
        "mock = moto.mock_aws(); mock.start()",
        "assert boto3.client('s3', region_name='us-east-1').list_buckets()['Buckets'] == []",
        "mock.stop()",
    ),
    "a mock of HTTPAdapter.send": (
        "socket, unittest.mock",
        "mock = unittest.mock.patch.object(HTTPAdapter, 'send'); mock.start()",
        "pass",
        "mock.stop()",
    ),
    "a guard on sockets": (
        "socket",
        "guard = lambda *_: 1 / 0; socket.socket.connect = socket.socket.connect_ex = guard",
        "assert socket.socket.connect is not guard",
        "del socket.socket.connect, socket.socket.connect_ex",
    ),
    "a stub of the look-up": (
        "socket",
        "original = socket.getaddrinfo; socket.getaddrinfo = lambda *_, **__: []",
        "assert socket.getaddrinfo('other.example.com', 1) == []",
        "socket.getaddrinfo = original",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("imports", "start", "inside", "stop"), list(FRESH_NEIGHBOURS.values()), ids=list(FRESH_NEIGHBOURS)
)
def test_a_neighbour_may_be_active_before_the_doors_are_imported(
    imports: str, start: str, inside: str, stop: str
) -> None:
    """It keeps working, and the doors keep no reference to its patches."""
    script = FRESH.format(imports=imports, start=start, inside=textwrap.indent(inside, " " * 8), stop=stop)
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=15, env=dict(os.environ)
    )
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


@pytest.mark.slow
def test_the_fake_wins_for_an_unprepared_first_request() -> None:
    """requests-mock may take over the session before any code of the fake has run."""
    script = """
import requests, requests_mock
from pytest_ghdeploy import FakeGitHub

url = "https://api.github.com/repos/octocat/example"
with FakeGitHub() as gh:
    gh.add_repository("octocat/example")
    with requests_mock.Mocker():
        request = requests.Request("GET", url, headers={"User-Agent": "a tool"}).prepare()
        print(requests.Session().send(request).status_code)
"""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("200\n", "")
