"""The door for httpx and httpx2: what their users expect of a client, a transport and a stream."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

API = "https://api.github.com"
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001"}
OTHER = "https://other.example.com/theirs"


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - either, without their types
    """Return httpx, and httpx2."""
    return importlib.import_module(request.param)


@pytest.fixture
def fake(ghdeploy: FakeGitHub) -> FakeGitHub:
    """Return a fake with a repository."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy


# Opening and closing


@pytest.mark.slow
def test_a_library_may_be_imported_while_a_fake_is_active() -> None:
    """Opening a fake imports no library. Those imported later reach the fake, even if imported twice."""
    script = """
        import sys
        from pytest_ghdeploy import FakeGitHub

        finders = list(sys.meta_path)
        libraries = ("httpx", "httpx2", "aiohttp")

        def tool(name):
            library = __import__(name)
            if name == "aiohttp":
                import asyncio

                async def ask():
                    async with library.ClientSession() as session, session.get("https://api.github.com/user") as answer:
                        return answer.status

                return asyncio.run(ask())
            return library.get("https://api.github.com/user").status_code

        for name in libraries:
            with FakeGitHub() as fake:
                assert name not in sys.modules
                print(name, tool(name), len(fake.requests), "exec_module" in vars(sys.modules[name].__loader__))
        for name in libraries:
            with FakeGitHub() as fake:
                print(name, tool(name), len(fake.requests))
                for module in [module for module in sys.modules if module.partition(".")[0] == name]:
                    del sys.modules[module]
                if name != "aiohttp":  # whose C code cannot be imported twice
                    print(name, tool(name), len(fake.requests))
        print(sys.meta_path == finders)
    """
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        *(f"{name} 401 1 False" for name in ("httpx", "httpx2", "aiohttp")),
        *("httpx 401 1", "httpx 401 2", "httpx2 401 1", "httpx2 401 2", "aiohttp 401 1"),
        "True",
    ]


def test_stand_ins_for_a_library_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A different module of that name, or ``None`` in ``sys.modules``, causes no error."""
    monkeypatch.setitem(sys.modules, "httpx", type(sys)("httpx"))
    monkeypatch.setitem(sys.modules, "httpx2", SimpleNamespace(AsyncHTTPTransport=None))
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with FakeGitHub(), pytest.raises(ImportError):
        importlib.import_module("aiohttp")


@pytest.mark.parametrize("during", [True, False])
def test_a_library_may_be_imported_again(monkeypatch: pytest.MonkeyPatch, during: bool) -> None:  # noqa: FBT001
    """While a fake is active, both copies reach it; the next fake patches the copy in ``sys.modules``."""
    first = importlib.import_module("httpx2")
    finders = list(sys.meta_path)
    with FakeGitHub() if during else nullcontext():
        for name in [name for name in sys.modules if name.partition(".")[0] == "httpx2"]:
            monkeypatch.delitem(sys.modules, name)
        second = importlib.import_module("httpx2")
        assert second is not first
        if during:
            assert [each.get(f"{API}/user").status_code for each in (first, second)] == [401, 401]
    with FakeGitHub():
        assert second.get(f"{API}/user").status_code == 401
    monkeypatch.undo()
    with FakeGitHub() as fake:
        assert first.get(f"{API}/user").status_code == 401
        assert len(fake.requests) == 1
    for library in (first, second):
        assert "send" in vars(library.Client)
        assert library.Client.send.__module__ == "httpx2._client"
    assert sys.meta_path == finders


def test_a_missing_library_stays_missing(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finder finds only what the other finders find."""
    del ghdeploy
    monkeypatch.delitem(sys.modules, "httpx2")
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:1])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("httpx2")


# Transports


def test_a_custom_transport_keeps_working(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """Its ``super().handle_request`` returns the fake's answer, and so does a transport that it wraps."""

    class Logging(library.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:  # noqa: ANN401
            answer = super().handle_request(request)
            answer.headers["X-Logged"] = str(request.url)
            return answer

    class Wrapping(library.BaseTransport):  # type: ignore[misc]
        inner = library.HTTPTransport()

        def handle_request(self, request: Any) -> Any:  # noqa: ANN401
            return self.inner.handle_request(request)

    with library.Client(transport=Logging(), headers=HEADERS) as client:
        assert client.get(DEPLOYMENTS).headers["X-Logged"] == DEPLOYMENTS
    with library.Client(mounts={"https://api.github.com": Wrapping()}, headers=HEADERS) as client:
        assert client.get(DEPLOYMENTS).json() == []
    assert len(fake.requests) == 2


def test_transports_that_do_not_use_the_network_are_left_alone(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """``MockTransport`` and ``WSGITransport`` answer their requests, even for GitHub's hosts."""

    def application(_: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        start_response("200 OK", [])
        return [b"an application's"]

    mock = library.MockTransport(lambda _: library.Response(200, text="a mock's"))
    for transport, text in ((mock, "a mock's"), (library.WSGITransport(application), "an application's")):
        with library.Client(transport=transport) as client:
            assert client.get(f"{API}/user").text == text
    assert fake.requests == ()


def test_an_asgi_transport_is_left_alone(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """``ASGITransport`` answers its requests too."""

    async def application(_: Any, __: Any, send: Any) -> None:  # noqa: ANN401
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"an application's"})

    async def run() -> str:
        async with library.AsyncClient(transport=library.ASGITransport(application)) as client:
            return str((await client.get(f"{API}/user")).text)

    assert asyncio.run(run()) == "an application's"
    assert fake.requests == ()


@pytest.mark.parametrize(("retries", "faults", "attempts"), [(0, 1, 1), (2, 2, 3), (2, 3, 3)])
@pytest.mark.parametrize("sync", [True, False])
def test_a_transport_with_retries_connects_again(
    fake: FakeGitHub,
    library: Any,  # noqa: ANN401
    *,
    retries: int,
    faults: int,
    attempts: int,
    sync: bool,
) -> None:
    """Its retries apply to refused connections only."""
    fake.faults.add(error="connection", times=faults)

    def run() -> Any:  # noqa: ANN401
        with library.Client(transport=library.HTTPTransport(retries=retries), headers=HEADERS) as client:
            return client.get(DEPLOYMENTS)

    async def run_async() -> Any:  # noqa: ANN401
        transport = library.AsyncHTTPTransport(retries=retries)
        async with library.AsyncClient(transport=transport, headers=HEADERS) as client:
            return await client.get(DEPLOYMENTS)

    def ask() -> Any:  # noqa: ANN401
        return run() if sync else asyncio.run(run_async())

    if attempts > faults:
        assert ask().json() == []
    else:
        with pytest.raises(library.ConnectError, match="Connection refused"):
            ask()
    assert len(fake.requests) == attempts
    fake.faults.add(error="reset")
    with pytest.raises(library.ReadError):
        ask()
    assert len(fake.requests) == attempts + 1


# Bodies


def test_request_bodies_of_all_kinds_are_received(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """JSON, bytes, a generator, a file and multipart bodies are received as on a network."""
    fake.stub("PUT", "/upload", status=201)

    def pieces() -> Iterator[bytes]:
        yield b"in "
        yield b"pieces"

    with library.Client(headers=HEADERS) as client:
        for options in (
            {"json": {"a": "ü"}},
            {"content": b"bytes"},
            {"content": pieces()},
            {"content": io.BytesIO(b"a file")},
            {"data": {"a": "1"}},
            {"files": {"one": ("name.txt", io.BytesIO(b"a part"))}},
        ):
            assert client.put(f"{API}/upload", **options).status_code == 201
    bodies = [request.request_body for request in fake.requests]
    assert json.loads(bodies[0]) == {"a": "ü"}
    assert bodies[1:5] == [b"bytes", b"in pieces", b"a file", b"a=1"]
    assert b'name="one"; filename="name.txt"' in bodies[5]
    assert b"a part" in bodies[5]


def test_async_request_bodies_are_received(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """An async generator and a multipart body."""
    fake.stub("PUT", "/upload", status=201)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"in "
        await asyncio.sleep(0)
        yield b"pieces"

    async def run() -> None:
        async with library.AsyncClient(headers=HEADERS) as client:
            await client.put(f"{API}/upload", content=pieces())
            await client.put(f"{API}/upload", files={"one": b"a part"})

    asyncio.run(run())
    assert fake.requests[0].request_body == b"in pieces"
    assert b"a part" in fake.requests[1].request_body


def test_an_answer_can_be_streamed(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """In pieces, raw, or partly; afterwards it is closed."""
    fake.repository("octocat/example").add_deployment(ref="main")
    with library.Client(headers=HEADERS) as client:
        whole = client.get(DEPLOYMENTS).content
        with client.stream("GET", DEPLOYMENTS) as answer:
            assert not answer.is_closed
            assert b"".join(answer.iter_bytes(chunk_size=100)) == whole
            assert answer.num_bytes_downloaded == len(whole)
        with client.stream("GET", DEPLOYMENTS) as answer:
            assert next(answer.iter_raw(10)) == whole[:10]
        assert answer.is_closed
        with client.stream("GET", DEPLOYMENTS) as answer:
            with pytest.raises(library.ResponseNotRead):
                _ = answer.content
            assert answer.read() == whole

    async def run() -> None:
        async with library.AsyncClient(headers=HEADERS) as client, client.stream("GET", DEPLOYMENTS) as answer:
            with pytest.raises(library.ResponseNotRead):
                _ = answer.content
            assert b"".join([part async for part in answer.aiter_bytes(100)]) == whole

    asyncio.run(run())


def test_a_truncated_answer_fails_when_it_is_read(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """Status, headers and half of the body are received."""
    fake.faults.add(error="truncated", times=2)
    with library.Client(headers=HEADERS) as client, client.stream("GET", f"{API}/user") as answer:
        assert answer.status_code == 200
        with pytest.raises(library.RemoteProtocolError, match="without sending complete message body"):
            answer.read()

    async def run() -> None:
        async with library.AsyncClient(headers=HEADERS) as client:
            await client.get(f"{API}/user")

    with pytest.raises(library.RemoteProtocolError, match="without sending complete message body"):
        asyncio.run(run())


def test_a_response_has_its_metadata(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """Version, reason, elapsed time, encoding and the request; a bad status raises with its request."""
    del fake
    answer = library.get(f"{API}/repos/octocat/nope", headers=HEADERS)
    assert (answer.http_version, answer.reason_phrase, answer.encoding) == ("HTTP/1.1", "Not Found", "utf-8")
    assert answer.elapsed.total_seconds() >= 0
    with pytest.raises(library.HTTPStatusError, match="404 Not Found") as caught:
        answer.raise_for_status()
    assert caught.value.request.url == f"{API}/repos/octocat/nope"


# Redirects, hooks, cookies, authentication


def test_redirects_are_followed_on_request(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """The 301 and 307 of a renamed repository keep the method and the body."""
    repository = fake.repository("octocat/example")
    repository.rename("octocat/renamed")
    with library.Client(headers=HEADERS) as client:
        assert client.get(DEPLOYMENTS).status_code == 301
        got = client.get(DEPLOYMENTS, follow_redirects=True)
        assert (got.status_code, [step.status_code for step in got.history]) == (200, [301])
        created = client.post(DEPLOYMENTS, json={"ref": "main"}, follow_redirects=True)
        assert (created.status_code, [step.status_code for step in created.history]) == (201, [307])
        with pytest.raises(library.StreamConsumed):
            client.post(DEPLOYMENTS, content=(part for part in [b"once"]), follow_redirects=True)
    assert len(repository.deployments) == 1


def test_hooks_cookies_and_auth_work(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """Hooks see request and response, cookies are kept, and an auth flow can repeat a request."""
    fake.stub("GET", "/flow", status=200, headers={"Set-Cookie": "session=1; Path=/"})
    seen: list[object] = []

    class Flow(library.Auth):  # type: ignore[misc]
        requires_response_body = True

        def auth_flow(self, request: Any) -> Any:  # noqa: ANN401
            answer = yield request
            seen.append(answer.text)
            request.headers["X-Again"] = "yes"
            yield request

    hooks = {"request": [lambda request: seen.append(request.method)], "response": [lambda _: seen.append("response")]}
    with library.Client(event_hooks=hooks, auth=Flow()) as client:
        client.get(f"{API}/flow")
        client.get(f"{API}/flow", auth=None)  # httpx takes cookies from the last answer of a flow
    assert seen[:4] == ["GET", "response", "", "GET"]
    assert [request.request_headers.get("X-Again") for request in fake.requests] == [None, "yes", None]
    assert ["Cookie" in request.request_headers for request in fake.requests] == [False, False, True]


# Mocks of httpx that are active at the same time


def _theirs(library: Any) -> Any:  # noqa: ANN401
    def handle_request(_: Any, __: Any) -> Any:  # noqa: ANN401
        return library.Response(200, text="theirs")

    return handle_request


@pytest.mark.parametrize("outside", [True, False])
@pytest.mark.parametrize("prepared", [True, False])
def test_the_fake_wins_over_a_mock_of_the_transport(
    library: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    *,
    outside: bool,
    prepared: bool,
) -> None:
    """The fake answers for GitHub's hosts and the mock for all others, in whatever order they end."""
    fake = FakeGitHub()
    original = library.HTTPTransport.handle_request
    with library.Client(headers=HEADERS) as client:

        def ask(url: str) -> str:
            return str((client.send(client.build_request("GET", url)) if prepared else client.get(url)).text)

        def patch() -> None:
            monkeypatch.setattr(library.HTTPTransport, "handle_request", _theirs(library))

        for start in (patch, fake.open) if outside else (fake.open, patch):
            start()
        assert '"login": "octocat"' in ask(f"{API}/user").replace('":"', '": "')
        assert ask(OTHER) == "theirs"
        with pytest.raises(UnsupportedRequest):
            ask("https://github.com/octocat")
        for stop in (monkeypatch.undo, fake.close) if outside else (fake.close, monkeypatch.undo):
            stop()
        assert len(fake.requests) == 1
        with FakeGitHub():
            assert client.get(f"{API}/user").status_code == 200
    assert library.HTTPTransport.handle_request is original


@pytest.mark.parametrize("outside", [True, False])
def test_the_fake_wins_over_a_mock_of_the_async_transport(
    library: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    *,
    outside: bool,
) -> None:
    """The same for the async transport."""

    async def theirs(_: Any, __: Any) -> Any:  # noqa: ANN401
        return library.Response(200, text="theirs")

    async def run() -> list[str]:
        async with library.AsyncClient(headers=HEADERS) as client:
            return [(await client.get(url)).text for url in (f"{API}/user", OTHER)]

    fake = FakeGitHub()
    original = library.AsyncHTTPTransport.handle_async_request

    def patch() -> None:
        monkeypatch.setattr(library.AsyncHTTPTransport, "handle_async_request", theirs)

    for start in (patch, fake.open) if outside else (fake.open, patch):
        start()
    ours, others = asyncio.run(run())
    assert "octocat" in ours
    assert others == "theirs"
    for stop in (fake.close, monkeypatch.undo) if outside else (monkeypatch.undo, fake.close):
        stop()
    assert library.AsyncHTTPTransport.handle_async_request is original


def test_the_fake_wins_over_a_mock_of_the_pool(
    fake: FakeGitHub,
    library: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By default respx patches it, below httpx."""
    core: Any = importlib.import_module(library.__name__.replace("httpx", "httpcore"))
    monkeypatch.setattr(
        core.ConnectionPool, "handle_request", lambda *_: core.Response(200, headers=[], content=b"theirs")
    )
    with library.Client(headers=HEADERS) as client:
        assert client.get(DEPLOYMENTS).json() == []
        assert client.get(OTHER).text == "theirs"
    assert len(fake.requests) == 1


# Many at once


def test_threads_and_tasks_create_distinct_deployments(fake: FakeGitHub, library: Any) -> None:  # noqa: ANN401
    """One client in eight threads, and two hundred requests in one loop."""
    with library.Client(headers=HEADERS) as client, ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: client.post(DEPLOYMENTS, json={"ref": "main"}).json()["id"], range(80)))

    async def run() -> list[int]:
        async with library.AsyncClient(headers=HEADERS) as client:
            answers = await asyncio.gather(*(client.post(DEPLOYMENTS, json={"ref": "main"}) for _ in range(200)))
            return [answer.json()["id"] for answer in answers]

    ids += asyncio.run(run())
    assert len(set(ids)) == len(fake.requests) == len(fake.events) == 280


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_tasks_take_turns(fake: FakeGitHub, library: Any, loop: str) -> None:  # noqa: ANN401
    """A task that polls lets the other tasks run."""
    fake.repository("octocat/example").add_deployment(ref="main")
    times: list[int] = []

    async def poll(client: Any) -> None:  # noqa: ANN401
        for number in range(100):
            if not (await client.get(DEPLOYMENTS)).json():
                times.append(number)
                return

    async def delete(client: Any) -> None:  # noqa: ANN401
        deployments = (await client.get(DEPLOYMENTS)).json()
        assert (await client.delete(deployments[0]["url"])).status_code == 204

    async def run() -> None:
        async with library.AsyncClient(headers=HEADERS) as client:
            if loop == "asyncio":
                await asyncio.gather(poll(client), delete(client))
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll, client)
                nursery.start_soon(delete, client)

    _run(run, loop)
    assert times


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_task_that_only_sends_requests_can_be_cancelled(fake: FakeGitHub, library: Any, loop: str) -> None:  # noqa: ANN401
    """A timeout around it ends it, and a cancelled task does not send its request."""

    async def create() -> None:
        async with library.AsyncClient(headers=HEADERS) as client:
            for _ in range(20_000):
                await client.get(DEPLOYMENTS)
        pytest.fail("the task was not cancelled")

    async def cancelled() -> None:
        async with library.AsyncClient(headers=HEADERS) as client:
            await client.post(DEPLOYMENTS, json={"ref": "main"})

    async def run() -> None:
        if loop == "asyncio":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(create(), 0.1)
            task = asyncio.ensure_future(cancelled())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        with trio.move_on_after(0.1) as scope:
            await create()
        assert scope.cancelled_caught
        with trio.CancelScope() as scope:
            scope.cancel()
            await cancelled()
        assert scope.cancelled_caught

    _run(run, loop)
    assert fake.repository("octocat/example").deployments == []


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("timeout", [None, {"timeout": 5, "read": None}])
def test_an_async_client_without_a_read_timeout_waits_until_it_is_cancelled(
    fake: FakeGitHub,
    library: Any,  # noqa: ANN401
    loop: str,
    timeout: dict[str, Any] | None,
) -> None:
    """A silent server raises no error in httpx."""
    fake.faults.add(error="lost_answer_timeout")
    limit = library.Timeout(**timeout) if timeout else None

    async def create() -> None:
        async with library.AsyncClient(headers=HEADERS, timeout=limit) as client:
            await client.post(DEPLOYMENTS, json={"ref": "main"})

    async def run() -> None:
        if loop == "asyncio":
            task = asyncio.ensure_future(create())
            while not fake.requests:  # noqa: ASYNC110 - there is no event to await
                await asyncio.sleep(0.01)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(task, 0.05)
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(create)
            while not fake.requests:  # noqa: ASYNC110 - there is no event to await
                await trio.sleep(0.01)
            await trio.sleep(0.05)
            nursery.cancel_scope.cancel()

    _run(run, loop)
    assert len(fake.repository("octocat/example").deployments) == 1


def _run(run: Any, loop: str) -> None:  # noqa: ANN401
    if loop == "trio":
        trio.run(run)
    else:
        asyncio.run(run())
