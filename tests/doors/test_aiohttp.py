"""The door for aiohttp: what its users expect of a session, a connector and a stream."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

API = "https://api.github.com"
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001"}


@pytest.fixture
def fake(ghdeploy: FakeGitHub) -> FakeGitHub:
    """Return a fake with a repository."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy


def run(scenario: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, None]], **options: Any) -> None:  # noqa: ANN401
    """Run *scenario* with a session."""

    async def with_a_session() -> None:
        async with aiohttp.ClientSession(headers=HEADERS, **options) as session:
            await scenario(session)
        await asyncio.sleep(0)  # as aiohttp's documentation says, for its connections to close

    asyncio.run(with_a_session())


# Opening and closing


def test_one_session_works_with_several_fakes() -> None:
    """The current fake answers, and in between the session reaches other hosts."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    async def scenario(session: aiohttp.ClientSession) -> None:
        application = web.Application()
        application.router.add_get("/{number}", hello)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        local = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for number in range(3):
            with FakeGitHub() as fake:
                async with session.get(f"{API}/user") as answer:
                    assert (await answer.json())["login"] == "octocat"
                async with session.get(f"{local}/inside") as answer:
                    assert await answer.text() == "/inside"
                assert len(fake.requests) == 1
            async with session.get(f"{local}/{number}") as answer:
                assert await answer.text() == f"/{number}"
        await runner.cleanup()

    run(scenario)


def test_a_connection_to_a_closed_fake_is_not_reused() -> None:
    """It counts as closed, so the session opens a new connection."""

    async def scenario(session: aiohttp.ClientSession) -> None:
        with FakeGitHub():
            async with session.get(f"{API}/user") as answer:
                await answer.read()
        with FakeGitHub("https://ghe.example.com/api/v3") as another:
            with pytest.raises(UnsupportedRequest, match=r"a request to api\.github\.com cannot be answered"):
                await session.get(f"{API}/user")
            another._engine.take_problem()

    run(scenario)


def test_connections_are_reused_and_traced(fake: FakeGitHub) -> None:
    """A second request uses the connection of the first. Tracing reports the same steps as on a network."""
    steps: list[str] = []
    config = aiohttp.TraceConfig()
    for name in (
        *("on_request_start", "on_connection_create_start", "on_connection_create_end", "on_request_chunk_sent"),
        *("on_connection_reuseconn", "on_response_chunk_received", "on_request_end", "on_request_redirect"),
    ):

        async def note(*_: object, name: str = name) -> None:
            steps.append(name)

        getattr(config, name).append(note)

    async def scenario(session: aiohttp.ClientSession) -> None:
        for _ in range(2):
            async with session.post(DEPLOYMENTS, json={"ref": "main"}) as answer:
                assert (await answer.json())["id"]

    run(scenario, trace_configs=[config], connector=None)
    assert [name for name in steps if "chunk" not in name] == [
        *("on_request_start", "on_connection_create_start", "on_connection_create_end", "on_request_end"),
        *("on_request_start", "on_connection_reuseconn", "on_request_end"),
    ]
    assert steps.count("on_request_chunk_sent") == steps.count("on_response_chunk_received") == 2
    assert len(fake.events) == 2


@pytest.mark.parametrize("options", [{"force_close": True}, {"limit": 1}, {"limit_per_host": 2}])
def test_concurrent_requests_create_distinct_deployments(fake: FakeGitHub, options: dict[str, Any]) -> None:
    """Two hundred requests of one session create two hundred deployments, even over one connection."""

    async def create(session: aiohttp.ClientSession) -> int:
        async with session.post(DEPLOYMENTS, json={"ref": "main"}) as answer:
            assert answer.status == 201
            return int((await answer.json())["id"])

    async def scenario() -> list[int]:
        async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(**options)) as session:
            return await asyncio.gather(*(create(session) for _ in range(200)))

    ids = asyncio.run(scenario())
    assert len(set(ids)) == len(fake.requests) == len(fake.events) == 200


def test_a_transport_has_the_interface_of_asyncios(fake: FakeGitHub) -> None:
    """It has a peer name, a protocol and buffers, and can be aborted."""

    async def scenario(session: aiohttp.ClientSession) -> None:
        fake.stub("GET", "/long", json=["x" * 3_000_000])
        async with session.get(f"{API}/long") as answer:
            assert answer.connection
            transport: Any = answer.connection.transport
            assert transport.get_extra_info("peername") == ("api.github.com", 443)
            assert transport.get_extra_info("sslcontext") is None
            assert (transport.get_write_buffer_size(), transport.can_write_eof()) == (0, False)
            protocol = transport.get_protocol()
            transport.set_protocol(protocol)
            assert transport.is_reading() in (True, False)
            transport.abort()
            transport.abort()
            assert transport.is_closing()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        async with session.get(f"{API}/user") as answer:
            assert answer.status == 200

    run(scenario)


# Bodies


def test_request_bodies_of_all_kinds_are_received(fake: FakeGitHub) -> None:
    """JSON, bytes, an async generator, a file, forms and a compressed body are received as on a network."""
    fake.stub("PUT", "/upload", status=201)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"in "
        await asyncio.sleep(0)
        yield b"pieces"

    async def scenario(session: aiohttp.ClientSession) -> None:
        form = aiohttp.FormData()
        form.add_field("one", b"a part", filename="name.txt")
        for options in (
            {"json": {"a": "ü"}},
            {"data": b"bytes"},
            {"data": pieces()},
            {"data": io.BytesIO(b"a file")},
            {"data": {"a": "1"}},
            {"data": form},
            {"data": b"x" * 1000, "compress": "deflate"},
            {"data": b"y" * 1_000_000},
            {"data": b"expected", "expect100": False},
        ):
            async with session.put(f"{API}/upload", **options) as answer:
                assert answer.status == 201

    run(scenario)
    bodies = [request.request_body for request in fake.requests]
    assert json.loads(bodies[0]) == {"a": "ü"}
    assert bodies[1:5] == [b"bytes", b"in pieces", b"a file", b"a=1"]
    assert b"a part" in bodies[5]
    assert len(bodies[6]) < 1000
    assert bodies[7] == b"y" * 1_000_000


def test_a_body_after_100_continue_is_received(fake: FakeGitHub) -> None:
    """With ``expect100`` aiohttp sends the body only after `100 Continue`."""

    async def scenario(session: aiohttp.ClientSession) -> None:
        async with session.post(DEPLOYMENTS, json={"ref": "main"}, expect100=True) as answer:
            assert answer.status == 201

    run(scenario, timeout=aiohttp.ClientTimeout(total=5))
    assert json.loads(fake.requests[0].request_body) == {"ref": "main"}


@pytest.mark.parametrize("size", [64, 1000, 2**16])
def test_an_answer_can_be_streamed(fake: FakeGitHub, size: int) -> None:
    """A long answer can be read in chunks, partly, or as a whole, with any buffer size."""
    long = [{"number": number, "text": "x" * 1000} for number in range(500)]
    fake.stub("GET", "/long", json=long)

    async def scenario(session: aiohttp.ClientSession) -> None:
        for _ in range(2):
            async with session.get(f"{API}/long") as answer:
                parts = [part async for part in answer.content.iter_chunked(size)]
            assert json.loads(b"".join(parts)) == long
            assert max(map(len, parts)) <= size
        async with session.get(f"{API}/long") as answer:
            assert len(await answer.content.readexactly(100)) == 100
        async with session.get(f"{API}/long") as answer:
            assert await answer.json() == long

    run(scenario, read_bufsize=size)


def test_a_truncated_answer_fails_when_it_is_read(fake: FakeGitHub) -> None:
    """Status, headers and half of the body are received. The next request is answered."""
    fake.faults.add(error="truncated")

    async def scenario(session: aiohttp.ClientSession) -> None:
        async with session.get(f"{API}/user") as answer:
            assert answer.status == 200
            with pytest.raises(aiohttp.ClientPayloadError, match="Response payload is not completed"):
                await answer.read()
        async with session.get(f"{API}/user") as answer:
            assert (await answer.json())["login"] == "octocat"

    run(scenario)


# Failures


def test_a_refused_connection_names_the_host(fake: FakeGitHub) -> None:
    """``ClientConnectorError`` contains the system's error. The request is not repeated."""
    fake.faults.add(error="connection")

    async def scenario(session: aiohttp.ClientSession) -> None:
        with pytest.raises(
            aiohttp.ClientConnectorError, match=r"^Cannot connect to host api\.github\.com:443"
        ) as caught:
            await session.get(f"{API}/user")
        assert isinstance(caught.value.os_error, ConnectionRefusedError)

    run(scenario)
    assert len(fake.requests) == 1


@pytest.mark.parametrize(("method", "times", "attempts"), [("GET", 1, 2), ("GET", 2, 2), ("POST", 1, 1)])
def test_aiohttp_repeats_a_request_after_a_broken_connection(
    fake: FakeGitHub, method: str, times: int, attempts: int
) -> None:
    """It repeats an idempotent request once and never repeats a POST."""
    fake.faults.add(error="reset", times=times)

    async def scenario(session: aiohttp.ClientSession) -> None:
        if attempts > times:
            async with session.request(method, f"{API}/user") as answer:
                assert answer.status == 200
            return
        with pytest.raises(aiohttp.ClientOSError, match="Connection reset by peer"):
            await session.request(method, f"{API}/user")

    run(scenario)
    assert len(fake.requests) == attempts


def test_a_timeout_raises_the_class_of_its_limit(fake: FakeGitHub) -> None:
    """A total timeout raises ``asyncio.TimeoutError``, a read timeout ``ServerTimeoutError``."""
    fake.faults.add(error="timeout", times=3)
    fake.faults.add(error="timeout", after=1)
    each = aiohttp.ClientTimeout(sock_read=5)

    async def scenario(session: aiohttp.ClientSession) -> None:
        with pytest.raises(asyncio.TimeoutError) as caught:
            await session.get(f"{API}/user")
        assert not isinstance(caught.value, aiohttp.ClientError)
        with pytest.raises(aiohttp.ServerTimeoutError):
            await session.get(f"{API}/user", timeout=each)
        with pytest.raises(asyncio.TimeoutError):
            await session.post(DEPLOYMENTS, json={"ref": "main"}, timeout=each)
        async with session.get(f"{API}/user") as answer:  # and of the next request that has its connection
            assert answer.status == 200
        with pytest.raises(aiohttp.ServerTimeoutError):
            await session.get(f"{API}/user", timeout=each)

    run(scenario)
    assert len(fake.events) == 0


def test_a_session_without_a_timeout_waits_until_it_is_cancelled(fake: FakeGitHub) -> None:
    """A silent server raises no error in aiohttp."""
    fake.faults.add(error="lost_answer_timeout")

    async def scenario(session: aiohttp.ClientSession) -> None:
        task = asyncio.ensure_future(session.post(DEPLOYMENTS, json={"ref": "main"}))
        while not fake.requests:  # noqa: ASYNC110 - there is no event to await
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.TimeoutError) as caught:
            await asyncio.wait_for(task, 0.05)
        assert not isinstance(caught.value, aiohttp.ClientError)
        async with session.get(f"{API}/user") as answer:
            assert answer.status == 200

    run(scenario, timeout=aiohttp.ClientTimeout(total=None))
    assert len(fake.repository("octocat/example").deployments) == 1


def test_a_malformed_request_is_refused(fake: FakeGitHub) -> None:
    """An invalid length is a 400, as from the live server."""

    async def scenario(session: aiohttp.ClientSession) -> None:
        for _ in range(2):
            async with session.get(f"{API}/user", headers={"Content-Length": "abc"}) as answer:
                assert (answer.status, await answer.text()) == (400, "Content-Length is not a number\n")
        async with session.get(f"{API}/user") as answer:
            assert answer.status == 200

    run(scenario)
    assert len(fake.requests) == 1


# What a session does by itself


def test_redirects_are_followed_by_default(fake: FakeGitHub) -> None:
    """The 301 and 307 of a renamed repository keep the method and the body."""
    repository = fake.repository("octocat/example")
    repository.rename("octocat/renamed")

    async def scenario(session: aiohttp.ClientSession) -> None:
        async with session.get(DEPLOYMENTS, allow_redirects=False) as answer:
            assert answer.status == 301
        async with session.get(DEPLOYMENTS) as answer:
            assert (answer.status, [step.status for step in answer.history]) == (200, [301])
        async with session.post(DEPLOYMENTS, json={"ref": "main"}) as answer:
            assert (answer.status, [step.status for step in answer.history]) == (201, [307])

    run(scenario)
    assert len(repository.deployments) == 1


def test_cookies_statuses_and_middlewares_work(fake: FakeGitHub) -> None:
    """Cookies are kept, ``raise_for_status`` raises, and middlewares see request and response."""
    fake.stub("GET", "/cookie", status=200, headers={"Set-Cookie": "session=1; Path=/"})
    seen: list[object] = []

    async def middleware(request: Any, handler: Any) -> Any:  # noqa: ANN401 - aiohttp's
        request.headers["X-Seen"] = "yes"
        answer = await handler(request)
        seen.append(answer.status)
        return answer

    async def scenario(session: aiohttp.ClientSession) -> None:
        for _ in range(2):
            async with session.get(f"{API}/cookie") as answer:
                assert answer.cookies["session"].value == "1"
        with pytest.raises(aiohttp.ClientResponseError, match="404") as refused:
            await session.get(f"{API}/repos/octocat/nope", raise_for_status=True)
        assert refused.value.headers
        assert "was never added" in refused.value.headers["X-GHDeploy-Hint"]

    run(scenario, middlewares=(middleware,))
    assert seen == [200, 200, 404]
    assert ["Cookie" in request.request_headers for request in fake.requests] == [False, True, True]
    assert {request.request_headers["X-Seen"] for request in fake.requests} == {"yes"}


def test_answers_without_a_body_leave_the_connection_usable(fake: FakeGitHub) -> None:
    """After HEAD, 204 and 304 the next answer is read from its start."""
    deployment = fake.repository("octocat/example").add_deployment(ref="main")

    async def scenario(session: aiohttp.ClientSession) -> None:
        url = f"{DEPLOYMENTS}/{deployment.id}"
        async with session.get(url) as answer:
            tag = answer.headers["ETag"]
        async with session.head(url) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with session.get(url, headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with session.delete(url) as answer:
            assert (answer.status, await answer.read()) == (204, b"")
        async with session.get(url) as answer:
            assert (answer.status, (await answer.json())["message"]) == (404, "Not Found")

    run(scenario, timeout=aiohttp.ClientTimeout(total=5))


def test_a_missing_endpoint_leaves_the_session_usable(fake: FakeGitHub) -> None:
    """The caller gets the error, also for a streamed body, and the next request is answered."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{}"

    async def scenario(session: aiohttp.ClientSession) -> None:
        bodies: tuple[dict[str, Any], ...] = ({}, {"json": {}}, {"data": pieces()})
        for options in bodies:
            with pytest.raises(UnsupportedRequest, match="this fake does not implement"):
                await session.post(f"{API}/repos/octocat/example/issues", **options)
            assert fake._engine.take_problem()
        async with session.get(f"{API}/user") as answer:
            assert answer.status == 200

    run(scenario)


def test_a_connector_to_a_unix_socket_is_left_alone(fake: FakeGitHub, tmp_path: Any) -> None:  # noqa: ANN401
    """The user chose its destination, whatever the URL says."""

    async def scenario() -> str:
        async def hello(_: web.Request) -> web.Response:
            return web.Response(text="theirs")

        application = web.Application()
        application.router.add_get("/user", hello)
        runner = web.AppRunner(application)
        await runner.setup()
        path = str(tmp_path / "socket")
        await web.UnixSite(runner, path).start()
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
            session.get("http://api.github.com/user") as answer,
        ):
            text = await answer.text()
        await runner.cleanup()
        return text

    assert asyncio.run(scenario()) == "theirs"
    assert fake.requests == ()
