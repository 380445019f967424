"""The door for urllib3 without requests: pools, retries, redirects and streams."""

from __future__ import annotations

import http.client
import io
import json
import socket
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter
from urllib3.exceptions import (
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.util.retry import Retry

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "https://api.github.com"
PATH = "/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001"}


@pytest.fixture
def fake(ghdeploy: FakeGitHub) -> FakeGitHub:
    """Return a fake with a repository."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy


@pytest.fixture
def pool() -> Iterator[urllib3.PoolManager]:
    """Return a pool manager."""
    with urllib3.PoolManager(headers=HEADERS) as made:
        yield made


def test_a_pool_keeps_its_connection(fake: FakeGitHub) -> None:
    """All requests use one connection, including HEAD and answers without a body."""
    with urllib3.HTTPSConnectionPool("api.github.com", headers=HEADERS) as pool:
        deployment = pool.request("POST", PATH, json={"ref": "main"}).json()
        assert pool.request("HEAD", f"{PATH}/{deployment['id']}").data == b""
        assert pool.request("DELETE", f"{PATH}/{deployment['id']}").status == 204
        assert pool.request("GET", PATH).json() == []
        assert (pool.num_connections, pool.num_requests) == (1, 4)
    assert len(fake.requests) == 4


def test_one_pool_works_with_several_fakes(pool: urllib3.PoolManager) -> None:
    """The current fake answers; a connection to a closed one is not used."""
    for _ in range(3):
        with FakeGitHub() as fake:
            assert pool.request("GET", f"{API}/user").json()["login"] == "octocat"
            assert len(fake.requests) == 1
    enterprise = "https://ghe.example.com/api/v3"
    with FakeGitHub(enterprise) as fake:
        pool.request("GET", f"{enterprise}/user")
        with FakeGitHub():
            pool.request("GET", f"{enterprise}/user")
        with pytest.raises(UnsupportedRequest, match=r"api\.github\.com"):
            pool.request("GET", f"{API}/user")
        fake._engine.take_problem()


def test_a_connection_to_another_host_is_checked_before_reuse(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """A connection is reused unless its server has closed it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def serve() -> None:
            for requests_each in (2, 1):
                connection, _ = server.accept()
                with connection:
                    for _ in range(requests_each):
                        connection.recv(10_000)
                        connection.sendall(answer)

        with ThreadPoolExecutor(1) as threads:
            done = threads.submit(serve)
            assert pool.request("GET", url).data == b"ok"
            assert pool.request("GET", url).data == b"ok"
            assert pool.request("GET", url, retries=1).data == b"ok"
            done.result(5)
    assert fake.requests == ()


@pytest.mark.parametrize("options", [{}, {"cert_reqs": "CERT_NONE"}, {"ca_certs": "/nowhere.pem"}])
def test_certificates_are_not_used(fake: FakeGitHub, options: dict[str, Any]) -> None:
    """None is needed or read, and there is no warning."""
    with warnings.catch_warnings(), urllib3.PoolManager(**options) as pool:
        warnings.simplefilter("error")
        assert pool.request("GET", f"{API}{PATH}", headers=HEADERS).json() == []
    assert len(fake.requests) == 1


def test_request_bodies_of_all_kinds_are_received(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """JSON, bytes, a file, a generator and a form are received as on a network."""
    fake.stub("PUT", "/upload", status=201)
    for options in (
        {"json": {"a": "ü"}},
        {"body": b"bytes"},
        {"body": io.BytesIO(b"a file")},
        {"body": (part for part in (b"in ", b"pieces"))},
        {"body": b"bytes", "chunked": True},
        {"fields": {"one": ("name.txt", b"a part")}},
    ):
        assert pool.request("PUT", f"{API}/upload", **options).status == 201
    bodies = [request.request_body for request in fake.requests]
    assert json.loads(bodies[0]) == {"a": "ü"}
    assert bodies[1:5] == [b"bytes", b"a file", b"in pieces", b"bytes"]
    assert b"a part" in bodies[5]


def test_an_answer_can_be_streamed(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """In pieces or partly; the connection is reused or discarded accordingly."""
    fake.stub("GET", "/long", json=["x" * 100_000])
    for _ in range(2):
        answer = pool.request("GET", f"{API}/long", preload_content=False)
        assert json.loads(b"".join(answer.stream(1000))) == ["x" * 100_000]
        answer.release_conn()
    answer = pool.request("GET", f"{API}/long", preload_content=False)
    assert len(answer.read(10)) == 10
    answer.close()
    assert pool.request("GET", f"{API}{PATH}").json() == []


def test_redirects_are_followed_by_default(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """The 301 and 307 of a renamed repository keep the method and the body."""
    repository = fake.repository("octocat/example")
    repository.rename("octocat/renamed")
    assert pool.request("GET", f"{API}{PATH}", redirect=False).status == 301
    assert pool.request("GET", f"{API}{PATH}").status == 200
    assert pool.request("POST", f"{API}{PATH}", body=b'{"ref": "main"}').status == 201
    assert len(repository.deployments) == 1


@pytest.mark.parametrize(
    ("faults", "retry", "attempts"),
    [
        ([{"error": "connection", "times": 2}], Retry(3), 3),
        ([{"error": "reset"}, {"error": "timeout"}], Retry(2), 3),
        ([{"status": 503, "times": 2}], Retry(2, status_forcelist=[503]), 3),
        ([{"status": 429, "retry_after": 0}], Retry(1), 2),
    ],
)
def test_a_retry_succeeds_after_a_failure(
    fake: FakeGitHub, pool: urllib3.PoolManager, faults: list[dict[str, Any]], retry: Retry, attempts: int
) -> None:
    """urllib3 repeats requests after failures of every kind."""
    for fault in faults:
        fake.faults.add(**fault)
    assert pool.request("GET", f"{API}{PATH}", retries=retry).json() == []
    assert len(fake.requests) == attempts


@pytest.mark.parametrize(("error", "kind"), [("connection", NewConnectionError), ("timeout", ReadTimeoutError)])
def test_a_failure_is_not_the_proxys(fake: FakeGitHub, error: Any, kind: type[Exception]) -> None:  # noqa: ANN401
    """It is raised directly without retries, and as the reason of ``MaxRetryError`` with them."""
    fake.faults.add(error=error, times=3)
    with urllib3.ProxyManager("http://127.0.0.1:9") as pool:
        with pytest.raises(MaxRetryError) as caught:
            pool.request("GET", f"{API}{PATH}", retries=1, headers=HEADERS, timeout=7)
        assert isinstance(caught.value.reason, kind)
        with pytest.raises(kind):
            pool.request("GET", f"{API}{PATH}", retries=False, headers=HEADERS, timeout=7)
        assert pool.request("GET", f"{API}{PATH}", headers=HEADERS).json() == []


def test_a_truncated_answer_fails_when_it_is_read(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """Status, headers and half of the body are received."""
    fake.faults.add(error="truncated")
    answer = pool.request("GET", f"{API}/user", preload_content=False)
    assert answer.status == 200
    with pytest.raises(ProtocolError) as caught:
        answer.read()
    assert isinstance(caught.value.args[1], http.client.IncompleteRead)


def test_requests_does_not_use_this_door(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its own door. A custom adapter built on urllib3 uses this one."""

    class Own(BaseAdapter):
        pool = urllib3.PoolManager()

        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401
            answer = self.pool.request(request.method or "", request.url or "", headers=dict(request.headers))
            response = requests.Response()
            response.status_code = answer.status
            return response

        def close(self) -> None:
            self.pool.clear()

    with requests.Session() as session:
        with monkeypatch.context() as patch:
            patch.setattr(urllib3.connection.HTTPSConnection, "request", lambda *_, **__: pytest.fail("not this way"))
            assert session.get(f"{API}{PATH}", headers=HEADERS).json() == []
        session.mount(API, Own())
        assert session.get(f"{API}{PATH}", headers=HEADERS).status_code == 200
    assert len(fake.requests) == 2


def test_threads_create_distinct_deployments(fake: FakeGitHub, pool: urllib3.PoolManager) -> None:
    """Eight threads share one pool."""
    with ThreadPoolExecutor(8) as threads:
        ids = threads.map(lambda _: pool.request("POST", f"{API}{PATH}", json={"ref": "main"}).json()["id"], range(80))
    assert len(set(ids)) == len(fake.events) == 80
