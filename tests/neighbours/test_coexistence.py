"""
Other mocks at the same time: the fake has GitHub's hosts, and they have all others.

Each neighbour is started before the fake and after it, and leaves before it and after it.
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
    """Another mock that a test may use beside the fake. Some claim GitHub's ``/user`` too."""

    running: ClassVar[list[Neighbour]] = []

    def start(self) -> None:
        """Begin to answer."""
        self._start()
        self.running.append(self)

    def stop(self) -> None:
        """Leave."""
        self.running.remove(self)
        self._stop()

    @abstractmethod
    def _start(self) -> None: ...
    @abstractmethod
    def _stop(self) -> None: ...
    @abstractmethod
    def check(self, local: str) -> None:
        """See that it does what it does without a fake, for hosts that are not GitHub's."""


def says(url: str) -> str:
    """Ask with plain requests for a text."""
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

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        before = len(self.mock.calls)
        assert says(OTHER) == "theirs"
        for url in (UNKNOWN, local):
            with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
                says(url)
        assert [call.request.url for call in list(self.mock.calls)[before:]] == [OTHER, UNKNOWN, local]


class WithDefaultResponses(WithResponses):
    """``responses``' own mock, which ``responses.activate`` uses."""

    def _make(self) -> responses.RequestsMock:
        return responses.mock


class WithRequestsMock(Neighbour):
    """requests-mock, which answers what it knows and refuses the rest."""

    real_http = False

    def _start(self) -> None:
        self.mock = requests_mock.Mocker(real_http=self.real_http)
        self.mock.start()
        self.mock.get(OTHER, text="theirs")
        self.mock.get(f"{API}/user", text="claimed")

    def _stop(self) -> None:
        self.mock.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        assert says(OTHER) == "theirs"
        assert self.mock.last_request
        assert self.mock.last_request.url == OTHER
        self._check_unknown(local)

    def _check_unknown(self, local: str) -> None:
        with pytest.raises(requests_mock.exceptions.NoMockAddress):
            says(local)


class WithRealHTTP(WithRequestsMock):
    """requests-mock with ``real_http=True``."""

    real_http = True

    def _check_unknown(self, local: str) -> None:
        assert says(local) == "local"


class WithMoto(Neighbour):
    """moto's ``mock_aws``."""

    def _start(self) -> None:
        self.mock = moto.mock_aws()
        self.mock.start()

    def _stop(self) -> None:
        self.mock.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        storage = boto3.client("s3", region_name="us-east-1")
        storage.create_bucket(Bucket="bucket")
        storage.put_object(Bucket="bucket", Key="key", Body=b"kept")
        assert storage.get_object(Bucket="bucket", Key="key")["Body"].read() == b"kept"
        storage.delete_object(Bucket="bucket", Key="key")
        storage.delete_bucket(Bucket="bucket")
        assert "<ListAllMyBucketsResult " in says("https://s3.amazonaws.com/")
        assert says(local) == "local"


class WithMonkeypatch(Neighbour):
    """A function of the user's own in the place of ``HTTPAdapter.send``."""

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

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        assert says(OTHER) == "theirs"
        assert says(local) == "claimed"


class WithMock(Neighbour):
    """``unittest.mock.patch`` of ``HTTPAdapter.send``, which has every attribute that it is asked for."""

    def _start(self) -> None:
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = 200, b"theirs", OTHER
        self.patch = unittest.mock.patch.object(HTTPAdapter, "send", return_value=answer)
        self.patch.start()

    def _stop(self) -> None:
        self.patch.stop()

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        assert says(OTHER) == says(local) == "theirs"


class WithWraps(Neighbour):
    """A function of the user's own around ``HTTPAdapter.send``, which ``functools.wraps`` makes look like it."""

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

    def check(self, local: str) -> None:  # noqa: D102 - as Neighbour says
        before = len(self.seen)
        assert says(local) == "local"
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
    """End a test that hangs: a mock that has every attribute can lead a loop on for ever."""

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
    """See that requests' classes are as they were, and that it does not take forever."""
    with left_behind.nothing_left_behind(PLACES), _time_limit(10):
        yield


FAKES: list[FakeGitHub] = []


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the tests apart: what one leaves behind by mistake is cleared away before the next."""
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
    """See that the fake answers, also what a neighbour claims, writes as well as reads."""
    before = len(fake.requests)
    assert requests.get(f"{API}/user", headers=HEADERS, timeout=5).json()["login"] == "octocat"
    assert requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5).status_code == 201
    with requests.Session() as session:
        assert session.get(DEPLOYMENTS).status_code == 200
        assert session.send(requests.Request("GET", DEPLOYMENTS, headers={"User-Agent": "x"}).prepare()).ok
    assert len(fake.requests) == before + 4


def made() -> FakeGitHub:
    """Make a fake with a repository, not active yet."""
    fake = FakeGitHub()
    fake.add_repository("octocat/example")
    FAKES.append(fake)
    return fake


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_a_neighbour_may_be_outside(kind: type[Neighbour], local: str) -> None:
    """Started before the fake and stopped after it, a neighbour keeps all hosts but GitHub's, and gets those back."""
    neighbour = kind()
    with nothing_left_behind():
        neighbour.start()
        with nothing_left_behind(), made() as fake:
            check_fake(fake)
            neighbour.check(local)
            check_fake(fake)
        neighbour.check(local)
        neighbour.stop()


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_a_neighbour_may_be_inside(kind: type[Neighbour], local: str) -> None:
    """Started after the fake and stopped before it, a neighbour gets all hosts but GitHub's."""
    neighbour = kind()
    with nothing_left_behind(), made() as fake:
        check_fake(fake)
        neighbour.start()
        check_fake(fake)
        neighbour.check(local)
        check_fake(fake)
        neighbour.stop()
        check_fake(fake)
        assert says(local) == "local"


# Not WithWraps: it puts back what was there when it came, and so must leave after who came later.
@pytest.mark.parametrize("kind", [kind for kind in NEIGHBOURS if kind is not WithWraps])
def test_a_neighbour_may_come_first_and_leave_first(kind: type[Neighbour], local: str) -> None:
    """Started before the fake and stopped before it, a neighbour takes nothing of the fake along."""
    neighbour = kind()
    with nothing_left_behind():
        neighbour.start()
        fake = made()
        fake.open()
        check_fake(fake)
        neighbour.check(local)
        neighbour.stop()
        check_fake(fake)
        assert says(local) == "local"
        fake.close()


@pytest.mark.parametrize("kind", NEIGHBOURS)
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_a_neighbour_may_come_last_and_leave_last(kind: type[Neighbour], local: str, used: bool) -> None:  # noqa: FBT001
    """
    Started after the fake and stopped after it, a neighbour works on.

    It then puts back what it found, a function of ours, which passes everything on and goes with the next fake.
    """
    neighbour = kind()
    with nothing_left_behind():
        fake = made()
        fake.open()
        neighbour.start()
        if used:
            check_fake(fake)
            neighbour.check(local)
        fake.close()
        neighbour.check(local)
        neighbour.stop()
        assert says(local) == "local"
        for _ in range(2):
            with made() as following:
                check_fake(following)
                assert says(local) == "local"


def test_neighbours_may_be_interleaved(local: str) -> None:
    """Two neighbours and two fakes, one after the other: each has what is its own, and nothing stays."""
    with nothing_left_behind(), ExitStack() as stack:
        outer, inner = WithRealHTTP(), WithMoto()
        outer.start()
        stack.callback(outer.stop)
        older = stack.enter_context(made())
        check_fake(older)
        inner.start()
        stack.callback(inner.stop)
        newer = stack.enter_context(made())
        check_fake(newer)
        outer.check(local)
        inner.check(local)
        assert len(older.requests) == 4


@responses.activate
def _decorated(fake: FakeGitHub) -> None:
    responses.get(OTHER, body="theirs")
    responses.get(f"{API}/user", body="claimed")
    check_fake(fake)
    assert says(OTHER) == "theirs"
    with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
        says(UNKNOWN)


def test_responses_as_a_decorator_inside(ghdeploy: FakeGitHub, local: str) -> None:
    """A function under ``responses.activate`` that is called while a fake is active has its own hosts."""
    ghdeploy.add_repository("octocat/example")
    with nothing_left_behind():
        _decorated(ghdeploy)
    check_fake(ghdeploy)
    assert says(local) == "local"


@responses.activate
def test_responses_as_a_decorator_outside() -> None:
    """A fake inside of a test under ``responses.activate`` leaves the decorator its hosts."""
    responses.get(OTHER, body="theirs")
    responses.get(f"{API}/user", body="claimed")
    with nothing_left_behind(), made() as fake:
        check_fake(fake)
        assert says(OTHER) == "theirs"
        with pytest.raises(requests.ConnectionError, match="Connection refused by Responses"):
            says(UNKNOWN)
    assert says(f"{API}/user") == "claimed"


def test_responses_still_asserts_that_all_were_called(ghdeploy: FakeGitHub) -> None:
    """A registration that only GitHub's host would have used is never called, and ``responses`` says so."""
    ghdeploy.add_repository("octocat/example")
    mock = responses.RequestsMock()
    mock.start()
    mock.get(f"{API}/user", body="claimed")
    check_fake(ghdeploy)
    with pytest.raises(AssertionError, match="Not all requests have been executed"):
        mock.stop()


@pytest.mark.parametrize("outside", [True, False])
def test_other_github_hosts_are_refused_beside_a_neighbour(outside: bool, local: str) -> None:  # noqa: FBT001
    """A neighbour's claim of another GitHub host does not hold while a fake is active: the fake's refusal wins."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    fake = made()
    for start in (mock.start, fake.open) if outside else (fake.open, mock.start):
        start()
    mock.get("https://github.com/octocat/example", body="claimed")
    with pytest.raises(UnsupportedRequest, match=r"a request to github\.com cannot be answered"):
        says("https://github.com/octocat/example")
    for stop in (fake.close, mock.stop) if outside else (mock.stop, fake.close):
        stop()
    assert says(local) == "local"


# Adapters of the user's own


class Logging(HTTPAdapter):
    """What users write: it notes what it sends, and lets HTTPAdapter send it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - HTTPAdapter's
        """Start with nothing sent."""
        super().__init__(**options)
        self.sent: list[str | None] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        """Note it, and let HTTPAdapter send it."""
        self.sent.append(request.url)
        answer = super().send(request, *args, **kwargs)
        answer.headers["X-Logged"] = "yes"
        return answer


@pytest.mark.parametrize("prepared", [False, True], ids=["get", "prepared"])
@pytest.mark.parametrize("kind", [None, WithResponses, WithMoto, WithMonkeypatch, WithMock, WithWraps])
def test_an_adapter_of_the_users_own_keeps_working(kind: type[Neighbour] | None, prepared: bool) -> None:  # noqa: FBT001
    """A mounted HTTPAdapter subclass sends, and its ``super().send`` reaches the fake, whatever came after the fake."""
    with nothing_left_behind(), made() as fake, requests.Session() as session:
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
def test_an_adapter_of_the_users_own_keeps_working_with_requests_mock(inside: bool) -> None:  # noqa: FBT001
    """With requests-mock the session's adapters are out of the game, as always, and the fake answers."""
    fake, mock = made(), requests_mock.Mocker(real_http=True)
    with requests.Session() as session:
        session.mount("https://", Logging())
        for start in (fake.open, mock.start) if inside else (mock.start, fake.open):
            start()
        assert session.get(DEPLOYMENTS).json() == []
        for stop in (mock.stop, fake.close) if inside else (fake.close, mock.stop):
            stop()
    assert len(fake.requests) == 1


def test_a_session_may_choose_adapters_itself(ghdeploy: FakeGitHub) -> None:
    """A session that overrides ``get_adapter`` is answered through the adapter that it chose."""
    ghdeploy.add_repository("octocat/example")
    adapter = Logging()

    class Own(requests.Session):
        def get_adapter(self, url: str | bytes) -> HTTPAdapter:  # noqa: ARG002 - requests' signature
            return adapter

    with Own() as session:
        assert session.get(DEPLOYMENTS).json() == []
    assert adapter.sent == [DEPLOYMENTS]


def test_an_adapter_that_is_no_http_adapter_is_passed_over(ghdeploy: FakeGitHub) -> None:
    """A mounted stand-in of another kind, such as requests-mock's, has other hosts and not GitHub's."""
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
    ("method", "retry", "asked"),
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
    asked: int,
) -> None:
    """A request is repeated as often as the Retry says, each time recorded, without sleeping, and then given up."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("nobody is to sleep"))
    ghdeploy.stub(method, "/flaky", status=503, json={"message": "Unicorn!"})
    with requests.Session() as session:
        session.mount(API, adapter(max_retries=retry))
        with pytest.raises(requests.exceptions.RetryError, match="too many 503 error responses"):
            session.request(method, f"{API}/flaky", json={"a": 1})
    assert [request.status for request in ghdeploy.requests] == [503] * asked
    assert {request.request_body for request in ghdeploy.requests} == {b'{"a": 1}'}


@pytest.mark.parametrize("body", [b"a body", [b"a ", b"body"]], ids=["bytes", "generator"])
def test_a_retry_sends_the_same_body_again(ghdeploy: FakeGitHub, body: bytes | list[bytes]) -> None:
    """A body that can be read once only is sent whole each time."""
    ghdeploy.stub("PUT", "/flaky", status=503)
    retry = Retry(total=2, status_forcelist=[503], raise_on_status=False)
    with requests.Session() as session:
        session.mount(API, HTTPAdapter(max_retries=retry))
        given = body if isinstance(body, bytes) else iter(body)
        assert session.put(f"{API}/flaky", data=given).status_code == 503
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
def test_what_a_retry_is_not_for_is_asked_once(ghdeploy: FakeGitHub, method: str, retry: Any, status: int) -> None:  # noqa: ANN401
    """Another method or another HTTP status is no reason to ask again."""
    ghdeploy.stub(method, "/flaky", status=status)
    with requests.Session() as session:
        session.mount(API, HTTPAdapter(max_retries=retry))
        assert session.request(method, f"{API}/flaky").status_code == status
    assert len(ghdeploy.requests) == 1


# Patches that go deeper


def test_a_patched_session_send_is_not_asked_for_anything(ghdeploy: FakeGitHub) -> None:
    """Who replaces ``Session.send`` itself answers everything: no request is made that the fake could see."""
    with unittest.mock.patch("requests.Session.send", return_value=requests.Response()) as send:
        assert requests.get(f"{API}/user", timeout=5) is send.return_value
    assert ghdeploy.requests == ()
    assert requests.get(f"{API}/user", headers=HEADERS, timeout=5).status_code == 200


def test_a_patched_function_of_requests_is_not_asked_for_anything(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who replaces ``requests.get`` has replaced just that; sessions reach the fake."""
    theirs = requests.Response()
    monkeypatch.setattr(requests, "get", lambda *_, **__: theirs)
    assert requests.get(f"{API}/user", timeout=5) is theirs
    assert requests.Session().get(f"{API}/user", headers=HEADERS).status_code == 200
    assert len(ghdeploy.requests) == 1


# Time


def test_a_frozen_time_is_the_fakes_time() -> None:
    """Frozen outside: the clock, timestamps and the rate limit's reset start at the frozen time."""
    with freezegun.freeze_time("2024-02-29T12:00:00.750Z"), made() as fake:
        assert fake.clock.now == datetime(2024, 2, 29, 12, tzinfo=UTC)
        answer = requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5)
        assert answer.json()["created_at"] == "2024-02-29T12:00:00Z"
        reset = datetime(2024, 2, 29, 13, tzinfo=UTC)
        assert answer.headers["X-RateLimit-Reset"] == str(int(reset.timestamp()))


def test_a_time_that_freezes_later_does_not_move_the_clock() -> None:
    """Frozen inside: the clock stands where it stood until the test moves it."""
    with made() as fake:
        before = fake.clock.now
        with freezegun.freeze_time("2024-02-29T12:00:00Z", auto_tick_seconds=60):
            made_there = requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5).json()
        assert made_there["created_at"] == before.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert fake.clock.now == before


# A neighbour that was active before our doors were imported

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
def test_a_neighbour_may_be_there_before_us(imports: str, start: str, inside: str, stop: str) -> None:
    """A neighbour that was active before our doors were ever imported works on, and leaves nothing in them."""
    script = FRESH.format(imports=imports, start=start, inside=textwrap.indent(inside, " " * 8), stop=stop)
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=15, env=dict(os.environ)
    )
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


@pytest.mark.slow
def test_the_fake_wins_over_a_mock_for_a_first_request_that_no_session_prepared() -> None:
    """Also where requests-mock takes the session over before anything of ours has run in this process."""
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
