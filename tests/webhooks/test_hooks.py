"""Webhooks from Python: subscriptions, deliveries, their order, and failing receivers."""

# ruff: noqa: S105, S106 - secrets of hooks in these tests
from __future__ import annotations

import asyncio
import functools
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from urllib.parse import parse_qs

import flask
import pytest
import requests
import requests_mock as requests_mock_module
import responses
import werkzeug
from interruptions import Moments
from receiving import ok, serving
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_ghdeploy import FakeError, FakeGitHub, Repository, Step
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.store import outbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from starlette.requests import Request

    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
TOKEN = {"Authorization": "token any-token"}
NAME = "octocat/example"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def post(path: str, **body: object) -> requests.Response:
    """Send a POST as a deploy tool would."""
    url = path if path.startswith("http") else f"{API}{path}"
    return requests.post(url, json=body, headers=TOKEN, timeout=10)


def report(deployment: Any, state: str) -> None:  # noqa: ANN401 - JSON
    """Add a deployment status as a deploy service would."""
    assert post(deployment["statuses_url"], state=state).status_code == 201


# Kinds of receivers


def test_a_function_gets_one_delivery(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It has the event, delivery id, headers, signed bytes and payload."""
    got: list[Delivery] = []
    ghdeploy.webhooks.subscribe(got.append, events=["deployment"], secret="It's a Secret to Everybody")
    repo.add_deployment(ref="main")
    repo.add_commit_status("main", state="success")

    assert [delivery.event for delivery in got] == ["ping", "deployment"]
    delivery, event = got[1], ghdeploy.events[0]
    assert delivery.delivery_id == event.delivery_id == delivery.headers["x-github-delivery"]
    assert json.loads(delivery.body) == delivery.payload == event.payload
    assert delivery.headers["X-Hub-Signature-256"] == deliveries.sign("It's a Secret to Everybody", delivery.body)
    assert delivery.headers["X-Hub-Signature"] == deliveries.sign("It's a Secret to Everybody", delivery.body, "sha1")
    assert (delivery.state, delivery.status, delivery.status_code) == ("delivered", "OK", 200)


def test_a_coroutine_function_is_run_to_its_end(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It also works inside a running event loop."""
    got: list[str] = []

    async def receiver(delivery: Delivery) -> int:
        await asyncio.sleep(0)
        got.append(delivery.event)
        return 202

    hook = ghdeploy.webhooks.subscribe(receiver)

    async def tool() -> None:
        repo.add_commit_status("main", state="success")

    asyncio.run(tool())
    assert got == ["ping", "status"]
    assert hook.deliveries[0].status_code == 202


def test_a_mock_is_a_function(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A callable that takes any arguments gets the delivery. Only an integer it returns is a status."""
    mock = Mock()
    hook = ghdeploy.webhooks.subscribe(mock, events=["status"])
    repo.add_commit_status("main", state="success")
    assert [call.args[0].event for call in mock.call_args_list] == ["ping", "status"]
    assert hook.deliveries[0].status_code == 200


@pytest.mark.parametrize("content_type", ["json", "form"])
def test_a_flask_application(ghdeploy: FakeGitHub, repo: Repository, content_type: Any) -> None:  # noqa: ANN401
    """A callable with two parameters is a WSGI application. It gets the exact signed bytes."""
    app = flask.Flask(__name__)
    got: list[Any] = []

    @app.post("/hooks/github")
    def receive() -> tuple[str, int]:
        request = flask.request
        body = request.get_data()
        assert request.headers["X-Hub-Signature-256"] == deliveries.sign("s3cret", body)
        got.append(request.get_json() if request.is_json else json.loads(parse_qs(body.decode())["payload"][0]))
        return f"thanks for {request.args['kind']}", 201

    hook = ghdeploy.webhooks.subscribe(
        app, secret="s3cret", content_type=content_type, path="/hooks/github?kind=all"
    )  # fmt: skip
    repo.add_deployment(ref="main", payload={"text": "naïve & sound"})
    assert got[1] == ghdeploy.events[0].payload
    newest = hook.deliveries[0]
    assert (newest.status_code, newest.response_payload) == (201, "thanks for all")
    assert newest.response_headers["content-type"].startswith("text/html")


def test_a_starlette_application(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A callable with three parameters is an ASGI application. Its background tasks are finished too."""
    got: list[Any] = []

    async def receive(request: Request) -> Response:
        body = await request.body()
        assert request.headers["X-Hub-Signature-256"] == deliveries.sign("s3cret", body)
        return PlainTextResponse("later", 202, background=BackgroundTask(got.append, json.loads(body)))

    app = Starlette(routes=[Route("/hook", receive, methods=["POST"])])
    hook = ghdeploy.webhooks.subscribe(app, secret="s3cret", path="/hook")
    repo.add_deployment(ref="main")
    assert got[1] == ghdeploy.events[0].payload
    assert (hook.deliveries[0].status_code, hook.deliveries[0].response_payload) == (202, "later")


@pytest.mark.parametrize("end", ["unsubscribe", "reset", "close"])
def test_an_application_is_started_and_shut_down(ghdeploy_factory: Callable[..., FakeGitHub], end: str) -> None:
    """All its hooks share one startup, event loop and state."""
    said: list[str] = []
    loops: list[object] = []
    over = threading.Event()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        said.append("startup")
        loops.append(asyncio.get_running_loop())
        yield {"pool": 7}
        said.append("shutdown")
        over.set()

    async def receive(request: Request) -> Response:
        said.append(request.headers["X-GitHub-Event"])
        loops.append(asyncio.get_running_loop())
        return Response(status_code=200 + request.state.pool)

    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    repo = fake.add_repository("octocat/example")
    app = Starlette(routes=[Route("/", receive, methods=["POST"])], lifespan=lifespan)
    hooks = [fake.webhooks.subscribe(app, events=[name]) for name in ("status", "push")]
    repo.add_commit_status("main", state="success")
    assert hooks[0].deliveries[0].status_code == 207
    assert len(set(loops)) == 1
    hooks[1].delete()
    assert said == ["startup", "ping", "ping", "status"]
    {"unsubscribe": hooks[0].delete, "reset": fake.reset, "close": fake.close}[end]()
    assert over.wait(5)
    assert said[4:] == ["shutdown"]


def test_an_application_that_fails_to_start_fails_its_deliveries(ghdeploy: FakeGitHub) -> None:
    """The reason is the application's message. The next delivery starts it again."""
    broken = [True]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if broken:
            msg = "no database"
            raise ConnectionError(msg)
        yield

    async def receive(_: Request) -> Response:
        return Response()

    app = Starlette(routes=[Route("/", receive, methods=["POST"])], lifespan=lifespan)
    hook = ghdeploy.webhooks.subscribe(app)
    reason = "the receiver raised RuntimeError: the application's startup failed: ConnectionError: no database"
    assert hook.deliveries[0].reason == reason
    broken.clear()
    hook.ping()
    assert hook.deliveries[0].state == "delivered"


def test_a_url_gets_deliveries_by_http(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Path, query and headers arrive unchanged, and the fake's network guards let the request through."""
    with serving() as server:
        hook = ghdeploy.webhooks.subscribe(server.url, secret="s3cret")
        repo.add_deployment(ref="main")
    newest = hook.deliveries[0]
    assert server.bodies[1] == newest.body
    assert newest.headers.items() <= server.headers[1].items()
    assert set(server.headers[1]) - set(newest.headers) == {"Host", "Content-Length"}
    assert (newest.state, newest.status_code) == ("delivered", 204)
    assert hook.config["url"] == server.url
    assert len(ghdeploy.requests) == 0


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("/h\u00f6k?to=caf\u00e9", "/h%C3%B6k?to=caf%C3%A9"),
        ("/hook?to=\N{SNOWMAN}&a=b%20c", "/hook?to=%E2%98%83&a=b%20c"),
        ("/hook?list[]=1&b=%7B%7D", "/hook?list[]=1&b=%7B%7D"),
        ("?q=\u00e9", "/?q=%C3%A9"),
        ("/hook#\u00e9", "/hook"),
    ],
)
def test_a_url_is_percent_encoded_for_the_delivery(
    ghdeploy: FakeGitHub, http: requests.Session, repo: Repository, sent: str, received: str
) -> None:
    """As browsers do. The hook keeps its URL as the client wrote it."""
    paths: list[str] = []

    def note_path(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        paths.append(handler.path)
        ok(handler, _)

    with serving(note_path) as server:
        url = f"{server.url.partition('/hook')[0]}{sent}"
        hook = http.post(f"/repos/{repo.full_name}/hooks", json={"config": {"url": url}}).json()
    assert hook["config"]["url"] == url
    assert paths == [received]
    assert ghdeploy.webhooks.deliveries[0].state == "delivered"


def test_an_application_gets_its_query_percent_encoded(ghdeploy: FakeGitHub) -> None:
    """As over HTTP, where a target has only ASCII."""
    got = []

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        got.append((environ["PATH_INFO"].encode("latin-1").decode(), environ["QUERY_STRING"]))
        start_response("204 No Content", [])
        return []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        if scope["type"] == "http":
            await receive()
            got.append((scope["path"], scope["query_string"].decode("ascii")))
            assert scope["raw_path"] == b"/h%C3%B6k"
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    for app in (wsgi, asgi):
        ghdeploy.webhooks.subscribe(app, path="/h\u00f6k?to=caf\u00e9")
    assert [delivery.state for delivery in ghdeploy.webhooks.deliveries] == ["delivered", "delivered"]
    assert got == [("/h\u00f6k", "to=caf%C3%A9")] * 2


@responses.activate
def test_deliveries_bypass_mocks_and_proxies(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, requests_mock: Any  # noqa: ANN401
) -> None:  # fmt: skip
    """Mocks and proxies are for clients of the code under test."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    requests_mock.post(requests_mock_module.ANY, status_code=418)
    with serving() as server:
        # vcrpy patches this way.
        monkeypatch.setattr(http.client, "HTTPConnection", Mock(side_effect=AssertionError))
        hook = ghdeploy.webhooks.subscribe(server.url)
    assert (hook.deliveries[0].status_code, len(server.bodies)) == (204, 1)
    assert requests_mock.call_count == len(responses.calls) == 0


def test_a_receiver_may_share_the_host_of_the_fake(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """A fake of an API on this machine can deliver to this machine."""
    with serving() as server:
        fake = ghdeploy_factory(base_url="http://127.0.0.1:5000/api/v3")
        hook = fake.webhooks.subscribe(server.url)
    assert hook.deliveries[0].state == "delivered"


def test_decorated_receivers_are_recognized(ghdeploy: FakeGitHub) -> None:
    """A werkzeug view is a WSGI application. Other decorators are recognized by their own or the wrapped signature."""

    @werkzeug.Request.application
    def view(request: werkzeug.Request) -> werkzeug.Response:
        return werkzeug.Response(request.headers["X-GitHub-Event"])

    def receive(delivery: Delivery, extra: str) -> int:
        return len(delivery.event + extra)

    @functools.wraps(receive)
    def with_extra(delivery: Delivery) -> int:
        return 200 + receive(delivery, "!")

    @functools.wraps(view)
    def passes_on(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return view(*args, **kwargs)

    def application(environ: Any, start_response: Any) -> Any:  # noqa: ANN401
        return view(environ, start_response)

    passes_on.__wrapped__ = application
    answers = [ghdeploy.webhooks.subscribe(receiver).deliveries[0] for receiver in (view, with_extra, passes_on)]
    assert [(answer.status_code, answer.response_payload) for answer in answers] == [
        (200, "ping"),
        (205, ""),
        (200, "ping"),
    ]


class Later:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Generator[Any, None, int]:
        yield from asyncio.sleep(0).__await__()
        return 202


@pytest.mark.parametrize(
    ("value", "status_code"),
    [(None, 200), (204, 204), (7, 200), (0, 200), (True, 200), (600, 200), ("500", 200), (2.5, 200), (Later(), 202)],
)
def test_a_function_may_return_a_status(ghdeploy: FakeGitHub, value: object, status_code: int) -> None:
    """An HTTP status is the response's status. Any other result is a 200."""
    delivery = ghdeploy.webhooks.subscribe(lambda _: value).deliveries[0]
    assert (delivery.state, delivery.status_code) == ("delivered", status_code)


@pytest.mark.parametrize("kind", ["wsgi", "asgi", "callable"])
def test_the_kind_can_be_given(ghdeploy: FakeGitHub, kind: Any) -> None:  # noqa: ANN401
    """A receiver with `*args` cannot be recognized."""
    called: list[int] = []

    def receiver(*args: Any) -> Any:  # noqa: ANN401
        called.append(len(args))
        if kind == "wsgi":
            args[1]("200 OK", [])
            return []

        async def respond() -> None:
            await args[2]({"type": "http.response.start", "status": 200, "headers": []})
            await args[2]({"type": "http.response.body", "body": b""})

        return respond() if kind == "asgi" else None

    hook = ghdeploy.webhooks.subscribe(receiver, kind=kind)
    # An ASGI application is called for its lifespan first.
    assert called == {"callable": [1], "wsgi": [2], "asgi": [3, 3]}[kind]
    assert hook.deliveries[0].state == "delivered"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"target": 7},
            "a receiver must be a URL, a WSGI or ASGI application, or a function that takes a delivery; got 7",
        ),
        ({"target": lambda: None}, "a function takes one argument, a WSGI application two"),
        ({"target": lambda delivery, log: log(delivery)}, "a WSGI application two, called environ and start_response"),
        ({"target": "https://example.com/hook"}, "'example.com' is not this machine"),
        ({"target": "nonsense"}, "'nonsense' is not this machine"),
        ({"target": "ftp://localhost/"}, "GitHub would respond 422"),
        ({"target": print, "kind": "url"}, "a receiver of kind 'url' must be a string"),
        ({"target": "http://localhost/", "kind": "wsgi"}, "a receiver of kind 'wsgi' must be callable"),
        ({"target": "http://localhost/", "in_thread": True}, "in this process, and 'http://localhost/' is a URL"),
        ({"target": print, "in_thread": 1}, "in_thread must be True, False or None, got 1"),
        ({"target": print, "in_thread": 0}, "in_thread must be True, False or None, got 0"),
        ({"target": print, "in_thread": ""}, "in_thread must be True, False or None, got ''"),
        ({"target": print, "kind": "cgi"}, "unknown receiver kind 'cgi'; known: "),
        ({"target": print, "path": "/hook"}, "path is only for WSGI and ASGI applications"),
        ({"target": "http://localhost/", "path": "/hook"}, "path is only for WSGI and ASGI applications"),
        ({"target": flask.Flask("app"), "path": "hook"}, "must start with \"/\"; got 'hook'"),
        ({"target": print, "events": {"push"}}, "events must be a list of names"),
        ({"target": print, "events": ["pushes"]}, "GitHub has no event 'pushes' for hooks; known: push"),
        ({"target": print, "events": "push"}, "events must be a list of names, such as [\"deployment\"], got 'push'"),
        ({"target": print, "events": [7]}, "GitHub would respond 422"),
        ({"target": print, "content_type": "xml"}, "config.content_type is 'xml'"),
        ({"target": print, "repository": "octocat/exmaple"}, "unknown repository 'octocat/exmaple'"),
        ({"target": print, "repository": 7}, "repository must be a full name"),
        ({"target": print, "secret": 7}, "secret must be a string, got a number"),
        ({"target": print, "secret": 0}, "secret must be a string, got a number"),
        ({"target": print, "secret": b"hunter2"}, "secret must be a string, got bytes"),
        ({"target": print, "secret": "hunter2\ud800"}, "secret cannot be written as JSON: 'utf-8' codec can't encode"),
        (
            {"target": "ftp://me:hunter2@127.0.0.1/"},
            "config.url is 'ftp://[redacted]@127.0.0.1/'; it must be a valid http or https URL",
        ),
        (
            {"target": "http://me:hunter2@127.0.0.1:99999/"},
            "config.url is 'http://[redacted]@127.0.0.1:99999/'; it must be a valid http",
        ),
        ({"target": "http://me:hunter2@[127.0.0.1/"}, "'http://[redacted]@[127.0.0.1/' is not this machine"),
        ({"target": "me:/hunter2@127.0.0.1"}, "'[redacted]@127.0.0.1' is not this machine"),
        (
            {"target": b"http://me:hunter2@127.0.0.1/"},
            "or a function that takes a delivery; got [redacted]@127.0.0.1/'",
        ),
        ({"target": "http://me:hunter2@127.0.0.1/", "kind": "wsgi"}, "callable, got 'http://[redacted]@127.0.0.1/'"),
        (
            {"target": "http://me:hunter2@127.0.0.1/", "path": "/?token=hunter2"},
            "got '/?token=[redacted]' for 'http://[r",
        ),
        ({"target": "http://me:hunter2@127.0.0.1/", "in_thread": True}, "and 'http://[redacted]@127.0.0.1/' is a URL"),
        ({"target": print, "active": "yes"}, "GitHub would respond 422"),
        ({"target": print, "insecure_ssl": 1}, "insecure_ssl must be True or False"),
        ({"target": print, "allow_any_host": 1}, "allow_any_host must be True or False"),
    ],
)
@pytest.mark.usefixtures("repo")
def test_an_invalid_subscription_is_refused(ghdeploy: FakeGitHub, arguments: dict[str, Any], message: str) -> None:
    """The message says what to do, and no hook is created."""
    with pytest.raises(FakeError, match=r".") as refused:
        ghdeploy.webhooks.subscribe(**arguments)
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert ghdeploy.webhooks.hooks == []
    assert ghdeploy.webhooks._targets == {}
    assert list(ghdeploy._engine.store.apps) == []


def test_a_url_can_be_subscribed_once_and_a_function_twice(ghdeploy: FakeGitHub) -> None:
    """A function gets a unique URL each time."""
    with serving() as server:
        ghdeploy.webhooks.subscribe(server.url)
        with pytest.raises(FakeError, match="sends the same events"):
            ghdeploy.webhooks.subscribe(server.url)
    first, second = (ghdeploy.webhooks.subscribe(print) for _ in range(2))
    assert first.config["url"] == f"http://print-{first.id}.invalid/"
    assert first.config != second.config


TODAYS_NAMES = [
    "X-Github-Delivery",
    "X-Github-Event",
    "X-Github-Hook-Id",
    "X-Github-Hook-Installation-Target-Id",
    "X-Github-Hook-Installation-Target-Type",
]
LEGACY_NAMES = [
    "X-GitHub-Delivery",
    "X-GitHub-Event",
    "X-GitHub-Hook-ID",
    "X-GitHub-Hook-Installation-Target-ID",
    "X-GitHub-Hook-Installation-Target-Type",
]


@pytest.mark.parametrize(("switch", "expected"), [(False, TODAYS_NAMES), (True, LEGACY_NAMES)])
def test_header_names_are_spelled_alike_on_the_wire_and_in_rest(
    ghdeploy_factory: Callable[..., FakeGitHub], expected: list[str], *, switch: bool
) -> None:
    """As GitHub recorded them in 2026, or as in 2023 with `legacy_delivery_headers`."""
    names: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        names.extend(handler.headers.keys())
        ok(handler, body)

    fake = ghdeploy_factory(legacy_delivery_headers=switch)
    fake.add_repository("octocat/example")
    with serving(answer) as server:
        hook = fake.webhooks.subscribe(server.url, repository="octocat/example")
        shown = requests.get(f"{API}/hooks/{hook.id}/deliveries/{hook.deliveries[0].id}", headers=TOKEN, timeout=5)
    assert [name for name in names if name.lower().startswith("x-github")] == expected
    assert [name for name in shown.json()["request"]["headers"] if name.lower().startswith("x-github")] == expected
    assert [name for name in hook.deliveries[0].headers if name.lower().startswith("x-github")] == expected


@pytest.mark.parametrize("name", [*TODAYS_NAMES, *LEGACY_NAMES])
@pytest.mark.parametrize("switch", [False, True])
def test_receivers_read_header_names_without_regard_to_case(
    ghdeploy_factory: Callable[..., FakeGitHub], name: str, *, switch: bool
) -> None:
    """A receiver written for either spelling gets the header, whether it is called or gets a request."""
    app = flask.Flask(__name__)

    @app.post("/")
    def receive() -> str:
        return flask.request.headers[name]

    async def asgi(request: Request) -> Response:
        return Response(request.headers[name])

    starlette = Starlette(routes=[Route("/", asgi, methods=["POST"])])
    got: list[str] = []
    fake = ghdeploy_factory(legacy_delivery_headers=switch)

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        got.append(handler.headers[name])
        ok(handler, body)

    with serving(answer) as server:
        fake.webhooks.subscribe(lambda delivery: got.append(delivery.headers[name]))
        fake.webhooks.subscribe(server.url)
    hooks = [fake.webhooks.subscribe(target) for target in (app, starlette)]
    assert len(got) == 2
    assert all(got)
    for hook in hooks:
        assert hook.deliveries[0].response_payload == hook.deliveries[0].headers[name]


def test_another_machine_needs_allow_any_host(ghdeploy: FakeGitHub) -> None:
    """The delivery is then sent, and its outcome recorded."""
    hook = ghdeploy.webhooks.subscribe("http://receiver.invalid/", allow_any_host=True)
    assert hook.deliveries[0].state == "failed"
    assert "no response from receiver.invalid" in hook.deliveries[0].reason


def test_nothing_is_delivered_to_github_hosts(ghdeploy: FakeGitHub) -> None:
    """`allow_any_host` does not change this."""
    hook = ghdeploy.webhooks.subscribe("https://api.github.com/hook", allow_any_host=True)
    assert hook.deliveries[0].state == "failed"
    assert hook.deliveries[0].reason == "api.github.com is a GitHub host answered by a fake, so nothing is sent there"
    assert len(ghdeploy.requests) == 0


# Hooks


def test_a_hook_has_githubs_fields(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its secret is masked, and never printed."""
    hook = ghdeploy.webhooks.subscribe(print, events=["push"], secret="s3cret", repository=repo.full_name)
    assert hook.url == f"{API}/hooks/{hook.id}"
    assert hook.config == {
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
        "url": f"http://print-{hook.id}.invalid/",
    }
    assert (hook.events, hook.active) == (["push"], True)
    assert hook.created_at == hook.updated_at == ghdeploy.clock.now
    assert hook.last_response == {"code": 200, "status": "active", "message": "OK"}
    shown = requests.get(f"{API}/hooks/{hook.id}", headers=TOKEN, timeout=10).json()
    assert shown["config"] == hook.config
    output = ghdeploy.conversation_text() + repr((hook, hook.deliveries, ghdeploy.webhooks, shown, vars(ghdeploy)))
    assert "s3cret" not in output + repr(list(ghdeploy._engine.store.hooks))


def test_a_hook_of_all_repositories_is_like_an_apps(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It has no URL in the API, its ping has no repository, and REST does not list it."""
    hook = ghdeploy.webhooks.subscribe(lambda _: None)
    assert hook.url is None
    ping = hook.deliveries[0]
    assert ping.payload["hook"]["type"] == "App"
    assert "repository" not in ping.payload
    assert ping.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert int(ping.headers["X-GitHub-Hook-Installation-Target-ID"]) == ping.payload["hook"]["app_id"]
    ghdeploy.add_repository("octocat/other").add_commit_status("main", state="success")
    repo.add_commit_status("main", state="success")
    assert len(hook.deliveries) == 3
    assert requests.get(f"{API}/hooks", headers=TOKEN, timeout=10).json() == []


def test_hooks_of_all_repositories_do_not_count(ghdeploy: FakeGitHub) -> None:
    """They do not change the ids of apps, nor count towards the limit of 20 for each repository."""
    ids: list[list[int]] = []
    for count in (0, 25):
        ghdeploy.reset()
        for _ in range(count):
            ghdeploy.webhooks.subscribe(lambda _: None)
        assert len(ghdeploy.webhooks.hooks) == count
        ghdeploy.add_repository("octocat/example").add_check_run("main", name="build")
        ids.append([app.id for app in ghdeploy._engine.store.apps])
    assert ids[0] == ids[1] == [15368]
    for _ in range(20):
        ghdeploy.webhooks.subscribe(lambda _: None, repository="octocat/example")
    with pytest.raises(FakeError, match=r"20 hooks already receive \*"):
        ghdeploy.webhooks.subscribe(lambda _: None, repository="octocat/example", events=["push", "*"])


def test_a_url_set_over_rest_replaces_a_function(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The function is not called any more."""
    got: list[Delivery] = []
    hook = ghdeploy.webhooks.subscribe(got.append, repository=repo.full_name)
    url = hook.url or ""
    assert requests.patch(url, json={"events": ["status"]}, headers=TOKEN, timeout=10).status_code == 200
    repo.add_deployment(ref="main")
    repo.add_commit_status("main", state="success")
    assert [delivery.event for delivery in got] == ["ping", "status"]
    with serving() as server:
        requests.patch(f"{url}/config", json={"url": server.url}, headers=TOKEN, timeout=10)
        repo.add_commit_status("main", state="failure")
    assert (len(got), len(server.bodies)) == (2, 1)


def test_an_unsubscribed_hook_gets_no_deliveries(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its handle raises an error, and its deliveries can still be read."""
    got: list[Delivery] = []
    hook = ghdeploy.webhooks.subscribe(got.append)
    ghdeploy.webhooks.unsubscribe(hook)
    repo.add_commit_status("main", state="success")
    assert len(got) == 1
    assert (got[0].state, got[0].status_code) == ("delivered", 200)
    with pytest.raises(FakeError, match=r"a hook must be one of webhooks\.hooks"):
        ghdeploy.webhooks.unsubscribe("x")  # type: ignore[arg-type]
    for use in (hook.delete, hook.ping, lambda: hook.events, lambda: hook.deliveries):
        with pytest.raises(FakeError, match=f"hook {hook.id} no longer exists: it was deleted, or the fake was reset"):
            use()
    with pytest.raises(FakeError, match="cannot be sent: its hook was deleted"):
        ghdeploy.webhooks.redeliver(got[0])
    with pytest.raises(FakeError, match="cannot be sent: its hook was deleted"):
        got[0].deliver()


def test_a_reset_deletes_all_hooks(ghdeploy: FakeGitHub) -> None:
    """Held deliveries are dropped, even if a receiver resets the fake. `webhooks` stays the same object."""
    held = ghdeploy.webhooks
    got: list[Delivery] = []
    hook = held.subscribe(got.append)
    held.hold()
    held.timeout_seconds = 1
    ghdeploy.add_repository("octocat/example").add_commit_status("main", state="success")
    ghdeploy.reset()
    assert held.timeout_seconds == 10
    assert ghdeploy.webhooks is held
    assert (held.hooks, held.deliveries, held.held) == ([], [], [])
    with pytest.raises(FakeError, match="no longer exists"):
        hook.ping()
    ghdeploy.add_repository("octocat/example").add_commit_status("main", state="success")
    assert [delivery.event for delivery in got] == ["ping"]

    held.subscribe(lambda delivery: ghdeploy.reset() if delivery.event == "status" else None)
    held.subscribe(got.append)
    ghdeploy.repository("octocat/example").add_commit_status("main", state="failure")
    assert len(got) == 2
    assert got[0].event == "ping"


def test_deliveries_from_before_a_reset_are_refused(
    ghdeploy: FakeGitHub, ghdeploy_factory: Callable[..., FakeGitHub]
) -> None:
    """Ids restart, so a handle could mean another delivery. Handles of other fakes are refused too."""

    def begin(fake: FakeGitHub) -> Delivery:
        fake.webhooks.subscribe(lambda _: None)
        fake.webhooks.hold()
        fake.add_repository("octocat/example").add_commit_status("main", state="success")
        return fake.webhooks.held[0]

    old = begin(ghdeploy)
    old_hook = ghdeploy.webhooks.hooks[0]
    ghdeploy.reset()
    new = begin(ghdeploy)
    foreign = begin(ghdeploy_factory(base_url="https://ghe.example.com/api/v3"))
    assert old.id == new.id == foreign.id
    assert len({old, new, foreign}) == len({old_hook, *ghdeploy.webhooks.hooks}) + 1 == 3
    for other, origin in ((old, r"from before the reset\(\)"), (foreign, "from another fake")):
        for use in (ghdeploy.webhooks.release, ghdeploy.webhooks.redeliver, ghdeploy.webhooks.drop):
            with pytest.raises(
                FakeError, match=f"<Delivery {old.id} status [a-z]+> is {origin} and cannot be used here"
            ):
                use(other)
    assert old.state == "waiting"
    assert ghdeploy.webhooks.held == [new]


def test_held_deliveries_of_a_deleted_hook_are_dropped(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Deleting the hook or its repository drops them, and the conversation shows it."""
    hooks = [ghdeploy.webhooks.subscribe(lambda _: None, repository=repo.full_name) for _ in range(2)]
    ghdeploy.webhooks.hold()
    repo.add_commit_status("main", state="success")
    first, second = ghdeploy.webhooks.held
    hooks[0].delete()
    assert ghdeploy.webhooks.held == [second]
    requests.delete(API, headers=TOKEN, timeout=10)
    assert ghdeploy.webhooks.held == []
    assert [(delivery.state, delivery.reason) for delivery in (first, second)] == [
        ("dropped", "its hook no longer exists")
    ] * 2
    assert ghdeploy.conversation_text().count("dropped: its hook no longer exists") == 2
    ghdeploy.webhooks.release()


# Order and time


def test_deliveries_are_sent_after_the_change_and_before_the_call_returns(
    ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """A receiver finds the change stored, and the request recorded with its response."""
    seen: list[object] = []

    def receiver(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            seen.append([deployment.id for deployment in repo.deployments])
            seen.append([exchange.status for exchange in ghdeploy.requests])

    ghdeploy.webhooks.subscribe(receiver)
    deployment = post("/deployments", ref="main").json()
    assert seen == [[deployment["id"]], [201]]


@pytest.mark.parametrize(
    "call",
    [
        lambda gh: gh.repository(NAME).add_commit_status("main", state="success"),
        lambda gh: gh.repository(NAME).add_check_run("main", name="build"),
        lambda gh: gh.repository(NAME).add_deployment(ref="main"),
        lambda gh: gh.repository(NAME).deployments[0].add_status("success"),
        lambda gh: gh.seed({"repositories": [{"full_name": "o/r", "deployments": [{"ref": "main"}]}]}),
        lambda gh: gh.clock.tick(5),  # a deployer acts
        lambda gh: gh.deployer("qa", by_webhook=True).receive(gh.webhooks.deliveries[0]),
        lambda gh: gh.webhooks.hooks[0].ping(),
        lambda gh: gh.webhooks.subscribe(lambda _: None),
        lambda gh: gh.webhooks.redeliver(gh.webhooks.deliveries[0]),
        lambda gh: gh.webhooks.deliveries[0].deliver(),
    ],
)
def test_every_call_returns_after_its_deliveries(
    ghdeploy: FakeGitHub, repo: Repository, call: Callable[[FakeGitHub], object]
) -> None:
    """Deliveries caused from Python or by the clock do not wait for the next call."""
    ghdeploy.webhooks.subscribe(lambda _: None)
    ghdeploy.deployer(steps=[Step("success", after_seconds=5)])
    repo.add_deployment(ref="main", environment="production")
    repo.add_deployment(ref="main", environment="qa")
    before = len(ghdeploy.webhooks.deliveries)
    call(ghdeploy)
    assert len(ghdeploy.webhooks.deliveries) > before
    assert {delivery.state for delivery in ghdeploy.webhooks.deliveries} == {"delivered"}


def test_each_hook_gets_the_events_in_order(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Each event goes to all hooks, in the order of subscription, with the same GUID."""
    got: list[tuple[str, Delivery]] = []
    for name in ("first", "second"):
        ghdeploy.webhooks.subscribe(lambda delivery, name=name: got.append((name, delivery)), events=["create", "push"])
    got.clear()
    post("/git/refs", ref="refs/heads/topic", sha=repo.sha("main"))
    assert [(name, delivery.event) for name, delivery in got] == [
        ("first", "create"),
        ("second", "create"),
        ("first", "push"),
        ("second", "push"),
    ]
    assert got[0][1].delivery_id == got[1][1].delivery_id != got[2][1].delivery_id


def test_a_refused_request_delivers_nothing(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It dispatches no events."""
    got: list[Delivery] = []
    ghdeploy.webhooks.subscribe(got.append)
    assert post("/deployments", ref="nope").status_code == 422
    with pytest.raises(FakeError):
        repo.add_commit_status("nope", state="success")
    assert len(got) == 1


def test_a_callback_is_answered_before_its_events_are_delivered(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its events are delivered after the queued ones, one at a time, in order."""
    got: list[tuple[str, str]] = []
    running: list[str] = []

    def receiver(name: str) -> Callable[[Delivery], None]:
        def receive(delivery: Delivery) -> None:
            assert name not in running
            running.append(name)
            state = delivery.payload.get("deployment_status", {}).get("state", "")
            got.append((name, f"{delivery.event} {state}".rstrip()))
            following = {"": "queued", "queued": "in_progress", "in_progress": "success"}.get(state)
            if name == "first" and following and delivery.event != "ping":
                report(delivery.payload["deployment"], following)
            running.remove(name)

        return receive

    for name in ("first", "second"):
        ghdeploy.webhooks.subscribe(receiver(name))
    got.clear()
    post("/deployments", ref="main")
    expected = ["deployment", *(f"deployment_status {state}" for state in ("queued", "in_progress", "success"))]
    assert got == [(name, what) for what in expected for name in ("first", "second")]
    assert [event.name for event in ghdeploy.events] == ["deployment", *["deployment_status"] * 3]
    assert repo.deployments[0].state == "success"


def test_a_long_chain_of_callbacks_uses_no_stack(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """After a hundred callbacks, the stack is no deeper: each delivery starts after the last one finished."""
    depths: list[int] = []

    def receiver(delivery: Delivery) -> None:
        if delivery.event == "status" and len(depths) < 300:
            depths.append(len(list(traceback.walk_stack(None))))
            repo.add_commit_status("main", state="pending", context=str(len(depths)))

    ghdeploy.webhooks.subscribe(receiver)
    repo.add_commit_status("main", state="pending")
    assert len(depths) == 300
    assert len(set(depths)) == 1
    assert len(ghdeploy.events) == 301


def test_a_task_may_outlive_its_delivery(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Events it causes later are delivered."""
    from contextvars import copy_context

    got: list[str] = []
    contexts: list[Any] = []

    def receiver(delivery: Delivery) -> None:
        got.append(delivery.event)
        contexts.append(copy_context())

    ghdeploy.webhooks.subscribe(receiver)
    contexts[0].run(repo.add_commit_status, "main", state="success")
    assert got == ["ping", "status"]


# Threads


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", [HTTPServer, ThreadingHTTPServer])
def test_a_single_threaded_server_may_call_back(ghdeploy: FakeGitHub, repo: Repository, kind: type[HTTPServer]) -> None:
    """Its request returns, and then the next delivery is sent."""
    states: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        payload = json.loads(body)
        if handler.headers["X-GitHub-Event"] == "deployment":
            report(payload["deployment"], "in_progress")
            report(payload["deployment"], "success")
        elif handler.headers["X-GitHub-Event"] == "deployment_status":
            states.append(payload["deployment_status"]["state"])
        ok(handler, body)

    began = time.monotonic()
    with serving(answer, kind) as server:
        hook = ghdeploy.webhooks.subscribe(server.url)
        post("/deployments", ref="main")
        assert states == ["in_progress", "success"]
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"] * 4
    assert repo.deployments[0].state == "success"
    assert time.monotonic() - began < 10


def test_many_threads_lose_and_repeat_no_delivery(
    ghdeploy: FakeGitHub, repo: Repository
) -> None:  # fmt: skip
    """Each event reaches each hook once, one at a time, before its call returns."""
    got: list[list[str]] = [[], []]
    inside: list[int] = []
    missed: list[str] = []

    def receive(delivery: Delivery) -> None:
        inside.append(1)
        assert len(inside) == 1
        got[0].append(delivery.payload.get("context", "ping"))
        time.sleep(0.0005)
        inside.pop()

    ghdeploy.webhooks.subscribe(receive, events=["status"])
    ghdeploy.webhooks.subscribe(
        lambda delivery: got[1].append(delivery.payload.get("context", "ping")), events=["status"]
    )

    def work(number: int) -> None:
        for turn in range(25):
            context = f"{number}/{turn}"
            repo.add_commit_status("main", state="success", context=context)
            if context not in got[0] or context not in got[1]:
                missed.append(context)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = sorted(["ping", *(f"{number}/{turn}" for number in range(8) for turn in range(25))])
    assert [sorted(contexts) for contexts in got] == [everything, everything]
    assert missed == []
    assert {delivery.state for delivery in ghdeploy.webhooks.deliveries} == {"delivered"}
    assert ghdeploy._engine.take_problem() is None


def test_a_call_waits_for_its_delivery_in_another_thread(
    ghdeploy: FakeGitHub, repo: Repository
) -> None:  # fmt: skip
    """A receiver that is busy in one thread gets the next delivery there, and the call that caused it waits."""
    begun, go_on = threading.Event(), threading.Event()
    got: list[str] = []

    def receive(delivery: Delivery) -> None:
        if delivery.event == "status":
            begun.set()
            assert go_on.wait(5)
        got.append(delivery.event)

    ghdeploy.webhooks.subscribe(receive)
    busy = threading.Thread(target=repo.add_commit_status, args=("main",), kwargs={"state": "success"})
    busy.start()
    assert begun.wait(5)
    returned: list[list[str]] = []

    def deploy() -> None:
        repo.add_deployment(ref="main")
        returned.append(list(got))

    other = threading.Thread(target=deploy)
    other.start()
    time.sleep(0.05)
    assert returned == []
    go_on.set()
    busy.join()
    other.join()
    assert returned == [["ping", "status", "deployment"]]


@pytest.mark.usefixtures("impatient")
def test_a_thread_that_a_receiver_waits_for_does_not_deadlock(
    ghdeploy: FakeGitHub, repo: Repository
) -> None:  # fmt: skip
    """Its call returns after a moment, and its events are delivered after the receiver has finished."""
    got: list[str] = []

    def receive(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            worker = threading.Thread(target=report, args=(delivery.payload["deployment"], "success"))
            worker.start()
            worker.join()
        got.append(delivery.event)

    ghdeploy.webhooks.subscribe(receive)
    repo.add_deployment(ref="main")
    assert got == ["ping", "deployment", "deployment_status"]


def elsewhere(work: Callable[[], object]) -> None:
    """Call in another thread and wait for it."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def together(count: int, work: Callable[[int], None]) -> None:
    """Call in many threads at once."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_threads_and_hooks_keep_the_order(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Each hook receives the events in the order of recording."""
    got: list[list[str]] = [[], []]
    for ids in got:
        ghdeploy.webhooks.subscribe(lambda delivery, ids=ids: ids.append(delivery.delivery_id), events=["status"])
        ids.clear()

    def work(number: int) -> None:
        for turn in range(10):
            repo.add_commit_status("main", state="success", context=f"{number}/{turn}")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        together(16, work)
    finally:
        sys.setswitchinterval(interval)
    wanted = [event.delivery_id for event in ghdeploy.events]
    assert len(wanted) == 160
    assert got == [wanted, wanted]


@pytest.mark.parametrize("kind", ["function", "server"])
def test_each_thread_waits_for_its_own_delivery(ghdeploy: FakeGitHub, repo: Repository, kind: str) -> None:
    """It works with many threads and slow receivers."""
    done: list[str] = []
    missed: list[str] = []

    def receive(body: bytes) -> None:
        time.sleep(0.1)
        done.append(json.loads(body).get("context", "ping"))

    def work(number: int) -> None:
        post(f"/statuses/{repo.sha('main')}", state="success", context=str(number))
        if str(number) not in done:
            missed.append(str(number))

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        receive(body)
        ok(handler, body)

    with serving(answer) as server:
        ghdeploy.webhooks.subscribe(server.url if kind == "server" else lambda delivery: receive(delivery.body))
        together(16, work)
    assert len(done) == 17
    assert missed == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time a thread waits for a receiver that waits for it."""
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.05)


@pytest.fixture
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a test hang if a thread waits for a receiver that waits for it."""
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 30)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["thread", "thread of a thread", "pool", "server", "context"])
def test_calls_that_a_receiver_waits_for_keep_the_order(ghdeploy: FakeGitHub, repo: Repository, how: str) -> None:
    """They are answered while the receiver waits, and their events are delivered after the queued ones."""
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import Context

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.headers["X-GitHub-Event"] == "deployment":
            report(json.loads(body)["deployment"], "success")
        ok(handler, body)

    pool = ThreadPoolExecutor(1)

    def receive(delivery: Delivery) -> None:
        if how == "pool":
            pool.submit(list, ()).result()  # created at the ping
        if delivery.event == "deployment":
            work = lambda: report(delivery.payload["deployment"], "success")  # noqa: E731
            if how == "thread":
                elsewhere(work)
            elif how == "thread of a thread":
                elsewhere(lambda: elsewhere(work))
            elif how == "pool":
                pool.submit(work).result()
            else:
                Context().run(work)

    got: list[str] = []
    with serving(answer) as server, pool:
        ghdeploy.webhooks.subscribe(
            server.url if how == "server" else receive, events=["deployment"]
        )  # fmt: skip
        ghdeploy.webhooks.subscribe(lambda d: got.append(d.event), events=["deployment", "deployment_status"])
        repo.add_deployment(ref="main")
    assert got == ["ping", "deployment", "deployment_status"]


@pytest.mark.parametrize("is_new", [True, False])
def test_threads_that_a_receiver_waits_for_cost_one_second_per_hook(
    ghdeploy: FakeGitHub, repo: Repository, *, is_new: bool
) -> None:
    """The first thread waits that long. Later calls during deliveries to the hook do not wait."""
    from concurrent.futures import ThreadPoolExecutor

    got: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        pool.submit(list, ()).result()

        def receive(delivery: Delivery) -> None:
            if delivery.event == "deployment":
                for _turn in range(12):
                    work = functools.partial(report, delivery.payload["deployment"], "in_progress")
                    elsewhere(work) if is_new else pool.submit(work).result()

        hook = ghdeploy.webhooks.subscribe(receive)
        ghdeploy.webhooks.subscribe(lambda d: got.append(d.event))
        began = time.monotonic()
        for _ in range(2):
            repo.add_deployment(ref="main")
    assert time.monotonic() - began < 10  # it would be 24 seconds otherwise
    assert got == ["ping", *["deployment", *["deployment_status"] * 12] * 2]
    assert {delivery.state for delivery in hook.deliveries} == {"delivered"}


@pytest.mark.usefixtures("nobody_waits")
def test_an_asynchronous_receiver_may_call_back_in_threads(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Code with a synchronous client does this. ``to_thread`` passes the context on, so nothing waits."""

    async def receive(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            for _turn in range(12):
                await asyncio.to_thread(report, delivery.payload["deployment"], "in_progress")

    hook = ghdeploy.webhooks.subscribe(receive)
    repo.add_deployment(ref="main")
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"] * 14


@pytest.mark.usefixtures("nobody_waits")
def test_two_fakes_may_call_each_other(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """Their receivers call the other fake without waiting."""
    fakes = [ghdeploy_factory(base_url=f"https://{name}.example.com/api/v3") for name in ("one", "other")]
    repos = [fake.add_repository("octocat/example") for fake in fakes]
    got: list[int] = []

    def receive(number: int) -> None:
        got.append(number)
        if len(got) < 40:
            repos[1 - number].add_commit_status("main", state="success")

    for number, fake in enumerate(fakes):
        fake.webhooks.subscribe(
            lambda delivery, number=number: receive(number) if delivery.event == "status" else None
        )  # fmt: skip
    repos[0].add_commit_status("main", state="success")
    assert got == [0, 1] * 20


# Held deliveries


@pytest.fixture
def received(ghdeploy: FakeGitHub) -> list[str]:
    """Return the list of received commit status contexts."""
    got: list[str] = []
    ghdeploy.webhooks.subscribe(lambda delivery: got.append(delivery.payload["context"]), events=["status"])
    return got


def three(repo: Repository) -> None:
    """Cause three deliveries."""
    for context in "abc":
        repo.add_commit_status("main", state="success", context=context)


def test_held_deliveries_are_released_in_order(ghdeploy: FakeGitHub, repo: Repository, received: list[str]) -> None:
    """None arrives before, and later ones are not held."""
    ghdeploy.webhooks.hold()
    ghdeploy.webhooks.hold()
    three(repo)
    assert received == []
    assert [delivery.state for delivery in ghdeploy.webhooks.held] == ["waiting"] * 3
    assert [delivery.event for delivery in ghdeploy.webhooks.held] == ["status"] * 3
    ghdeploy.webhooks.release()
    assert received == ["a", "b", "c"]
    repo.add_commit_status("main", state="success", context="d")
    assert received[-1] == "d"


def test_held_deliveries_can_be_released_out_of_order(
    ghdeploy: FakeGitHub, repo: Repository, received: list[str]
) -> None:
    """Chosen deliveries are sent in the given order, and the others stay held."""
    ghdeploy.webhooks.hold()
    three(repo)
    a, b, c = ghdeploy.webhooks.held
    ghdeploy.webhooks.release(c, a)
    assert received == ["c", "a"]
    assert ghdeploy.webhooks.held == [b]
    repo.add_commit_status("main", state="success", context="d")
    ghdeploy.webhooks.release()
    assert received == ["c", "a", "b", "d"]


def test_held_deliveries_can_be_sent_twice(ghdeploy: FakeGitHub, repo: Repository, received: list[str]) -> None:
    """A duplicate has the same GUID, and is not marked as a redelivery."""
    ghdeploy.webhooks.hold()
    three(repo)
    first = ghdeploy.webhooks.held[0]
    first.deliver()
    first.deliver()
    assert received == ["a", "a"]
    duplicate = ghdeploy.webhooks.deliveries[0]
    assert duplicate.id != first.id
    assert (duplicate.delivery_id, duplicate.body) == (first.delivery_id, first.body)
    assert not duplicate.redelivery
    ghdeploy.webhooks.release()
    assert received == ["a", "a", "b", "c"]


def test_held_deliveries_can_be_dropped(ghdeploy: FakeGitHub, repo: Repository, received: list[str]) -> None:
    """They never arrive, unless sent again. The conversation shows it."""
    ghdeploy.webhooks.hold()
    three(repo)
    lost = ghdeploy.webhooks.held[1]
    lost.drop()
    ghdeploy.webhooks.release()
    assert received == ["a", "c"]
    assert (lost.state, lost.status, lost.delivered_at) == ("dropped", "", None)
    assert "dropped: the test dropped it" in ghdeploy.conversation_text()
    with pytest.raises(FakeError, match="is not held"):
        lost.drop()
    again = ghdeploy.webhooks.redeliver(lost)
    assert (received[-1], again.state, again.redelivery) == ("b", "delivered", True)


def test_an_interrupted_drop_leaves_held_deliveries_in_order(
    ghdeploy: FakeGitHub, repo: Repository, received: list[str]
) -> None:
    """The oldest is still the first."""
    ghdeploy.webhooks.hold()
    three(repo)
    before = ghdeploy.webhooks.held
    at, interrupted = 0, True
    while interrupted:
        at += 1
        moments = Moments(at)
        moments.run(before[0].drop)
        interrupted = moments.is_interrupted
        if interrupted and ghdeploy.webhooks.held != before:
            assert ghdeploy.webhooks.held == before[1:], moments.place
            break
    assert at > 10
    ghdeploy.webhooks.release()
    assert received == ["b", "c"]


@pytest.mark.parametrize("name", ["release", "redeliver", "drop"])
def test_releasing_something_else_is_an_error(ghdeploy: FakeGitHub, repo: Repository, name: str) -> None:
    """The message says so, and not even the deliveries before it are sent."""
    ghdeploy.webhooks.hold()
    hook = ghdeploy.webhooks.subscribe(lambda _: None)
    repo.add_commit_status("main", state="success")
    with pytest.raises(FakeError, match=r"a delivery must be one of webhooks\.held"):
        getattr(ghdeploy.webhooks, name)(*hook.deliveries[: name == "release"], "x")
    assert [delivery.state for delivery in hook.deliveries] == ["waiting"] * 2
    assert len(ghdeploy.webhooks.held) == 2


def test_a_delivery_released_by_its_own_receiver_is_a_duplicate(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It is sent again after it has finished, with a new id."""
    got: list[Delivery] = []

    def receive(delivery: Delivery) -> None:
        got.append(delivery)
        if len(got) == 2:
            delivery.deliver()

    hook = ghdeploy.webhooks.subscribe(receive)
    repo.add_commit_status("main", state="success")
    assert [delivery.event for delivery in got] == ["ping", "status", "status"]
    assert len({delivery.id for delivery in got}) == len(hook.deliveries) == 3
    assert got[1].delivery_id == got[2].delivery_id


def test_releasing_without_hold_is_an_error(ghdeploy: FakeGitHub, repo: Repository, received: list[str]) -> None:
    """Chosen deliveries can always be sent again."""
    with pytest.raises(FakeError, match=r"call hold\(\) before release\(\)"):
        ghdeploy.webhooks.release()
    three(repo)
    ghdeploy.webhooks.release(ghdeploy.webhooks.deliveries[0])
    assert received == ["a", "b", "c", "c"]


def test_a_ping_can_be_held(ghdeploy: FakeGitHub) -> None:
    """A ping is held like any delivery."""
    ghdeploy.webhooks.hold()
    mock = Mock()
    ghdeploy.webhooks.subscribe(mock)
    mock.assert_not_called()
    ghdeploy.webhooks.release()
    mock.assert_called_once()


# Failing receivers


def crash(_: Any) -> None:  # noqa: ANN401
    """Raise."""
    msg = "out of order"
    raise RuntimeError(msg)


def leave(_: Any) -> None:  # noqa: ANN401
    """Raise SystemExit."""
    raise SystemExit(3)


def flask_crash(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401, ARG001
    """Raise in a WSGI application."""
    return [str(1 // 0).encode()]


def flask_silence(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401, ARG001
    """Never call start_response."""
    return []


async def asgi_crash(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001
    """Raise in an ASGI application."""
    raise LookupError(scope["path"])


async def asgi_silence(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
    """Never send a response."""


async def asgi_hangs(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001
    """Hang."""
    await asyncio.sleep(60)


def sync_hangs(_: Any) -> Response:  # noqa: ANN401
    """Hang in a thread that cannot be stopped."""
    time.sleep(3)
    return Response()


async def hangs(_: Any) -> None:  # noqa: ANN401
    """Hang."""
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("receiver", "status_code", "reason"),
    [
        (crash, 500, "the receiver raised RuntimeError: out of order"),
        (leave, 500, "the receiver raised SystemExit: 3"),
        (lambda _: 500, 500, "the receiver answered 500 Internal Server Error"),
        (lambda _: 301, 301, "the receiver answered 301 Moved Permanently"),
        (flask_crash, 500, "the receiver raised ZeroDivisionError: integer division or modulo by zero"),
        (flask_silence, 500, "the receiver raised RuntimeError: the WSGI application never called start_response"),
        (asgi_crash, 500, "the receiver raised LookupError: /"),
        (asgi_silence, 500, "the receiver raised RuntimeError: the ASGI application ended without a response"),
        (asgi_hangs, 504, "the receiver took longer than 0.1 seconds"),
        (hangs, 504, "the receiver took longer than 0.1 seconds"),
        (
            Starlette(routes=[Route("/", sync_hangs, methods=["POST"])]),
            504,
            "the receiver took longer than 0.1 seconds",
        ),
    ],
)
def test_a_failing_receiver_does_not_fail_the_request(
    ghdeploy: FakeGitHub, repo: Repository, receiver: Any, status_code: int, reason: str  # noqa: ANN401
) -> None:  # fmt: skip
    """Other hooks get their deliveries, and the failure is recorded with its reason."""
    ghdeploy.webhooks.timeout_seconds = 0.1
    hook = ghdeploy.webhooks.subscribe(receiver, events=["deployment"])
    other = ghdeploy.webhooks.subscribe(lambda _: None)

    assert post("/deployments", ref="main").status_code == 201

    failed = hook.deliveries[0]
    assert (failed.state, failed.status_code, failed.reason) == ("failed", status_code, reason)
    assert other.deliveries[0].state == "delivered"
    assert hook.last_response["code"] == status_code
    assert f"  !  --> deployment to {ghdeploy.webhooks._targets[hook.id][1].name}: failed: {reason}" in (
        ghdeploy.conversation_text()
    )
    assert len(repo.deployments) == len(ghdeploy.events) == 1

    again = ghdeploy.webhooks.redeliver(failed)
    assert (again.state, again.status_code, again.reason) == ("failed", status_code, reason)
    assert (again.redelivery, again.delivery_id, again.body) == (True, failed.delivery_id, failed.body)
    assert hook.deliveries[:2] == [again, failed]
    assert (
        len(other.deliveries) == len([delivery for delivery in other.deliveries if delivery.state == "delivered"]) == 2
    )


@pytest.mark.parametrize("kind", ["function", "coroutine", "flask", "starlette", "url"])
@pytest.mark.parametrize("is_well", [True, False])
@pytest.mark.usefixtures("repo")
def test_a_failed_delivery_can_be_repeated(ghdeploy: FakeGitHub, kind: str, *, is_well: bool) -> None:
    """The redelivery has the same content and its own outcome."""
    got: list[str] = []
    answers = iter([503, 204 if is_well else 500])

    def function(delivery: Delivery) -> int:
        got.append(delivery.delivery_id)
        return next(answers)

    async def coroutine(delivery: Delivery) -> int:
        return function(delivery)

    app = flask.Flask(__name__)

    @app.post("/")
    def view() -> tuple[str, int]:
        got.append(flask.request.headers["X-GitHub-Delivery"])
        return "", next(answers)

    async def endpoint(request: Any) -> Response:  # noqa: ANN401
        got.append(request.headers["X-GitHub-Delivery"])
        return Response(status_code=next(answers))

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        got.append(handler.headers["X-GitHub-Delivery"])
        handler.send_response(next(answers))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    starlette = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    ghdeploy.webhooks.hold()
    with serving(answer) as server:
        receivers = {
            "function": function, "coroutine": coroutine, "flask": app, "starlette": starlette, "url": server.url
        }  # fmt: skip
        hook = ghdeploy.webhooks.subscribe(receivers[kind], events=["deployment"])
        ghdeploy.webhooks.held[0].drop()
        ghdeploy.webhooks.release()
        assert post("/deployments", ref="main").status_code == 201
        failed = hook.deliveries[0]
        again = ghdeploy.webhooks.redeliver(failed)
    assert got == [failed.delivery_id] * 2
    assert (failed.state, failed.status_code, failed.redelivery) == ("failed", 503, False)
    expected = ("delivered", 204, True) if is_well else ("failed", 500, True)
    assert (again.state, again.status_code, again.redelivery) == expected
    assert hook.deliveries[:2] == [again, failed]
    assert hook.last_response["code"] == expected[1]


@pytest.mark.parametrize("url", ["ftp://me:hunter2@127.0.0.1/", "http://me:hunter2@127.0.0.1:99999/"])
@pytest.mark.usefixtures("repo")
def test_no_refusal_quotes_credentials_of_a_url(ghdeploy: FakeGitHub, url: str) -> None:
    """Hints for duplicate and unknown hooks do not quote them either."""
    answer = post("/hooks", config={"url": url})
    shown = url.replace("me:hunter2", "[redacted]")
    assert answer.status_code == 422
    assert answer.headers["X-GHDeploy-Hint"] == f"config.url is '{shown}'; it must be a valid http or https URL"
    good = {"url": "http://me:hunter2@127.0.0.1:1/", "content_type": "json"}
    assert post("/hooks", config=good).status_code == 201
    taken = post("/hooks", config=good)
    assert taken.status_code == 422
    assert taken.headers["X-GHDeploy-Hint"].endswith("already sends to http://[redacted]@127.0.0.1:1/")
    missing = requests.get(f"{API}/hooks/1", headers=TOKEN, timeout=5)
    assert "(http://[redacted]@127.0.0.1:1/)" in missing.headers["X-GHDeploy-Hint"]
    assert "hunter2" not in ghdeploy.conversation_text()


@pytest.mark.parametrize("kind", ["function", "flask"])
def test_a_hanging_receiver_in_its_own_thread_is_abandoned(ghdeploy: FakeGitHub, repo: Repository, kind: str) -> None:
    """Other hooks get their deliveries, and so does this one next time."""
    app = flask.Flask(__name__)
    go_on, over = threading.Event(), threading.Event()

    def hang(event: str) -> None:
        if event == "deployment":
            go_on.wait(10)
            over.set()

    @app.post("/")
    def view() -> str:
        hang(flask.request.headers["X-GitHub-Event"])
        return ""

    def function(delivery: Delivery) -> None:
        hang(delivery.event)

    ghdeploy.webhooks.timeout_seconds = 0.2
    hook = ghdeploy.webhooks.subscribe(app if kind == "flask" else function, in_thread=True)
    other = ghdeploy.webhooks.subscribe(lambda _: None)
    repo.add_deployment(ref="main")
    assert not over.is_set()
    repo.add_commit_status("main", state="success")
    go_on.set()
    assert over.wait(5)
    status, deployment, ping = hook.deliveries
    assert (deployment.state, deployment.status_code) == ("failed", 504)
    assert deployment.reason == "the receiver took longer than 0.2 seconds"
    assert (status.state, ping.state) == ("delivered", "delivered")
    assert [delivery.state for delivery in other.deliveries] == ["delivered"] * 3


@pytest.mark.usefixtures("nobody_waits")
def test_a_receiver_in_its_own_thread_works_like_others(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It may call back, and its exceptions are recorded."""
    threads: list[object] = []

    def receive(delivery: Delivery) -> int:
        threads.append(threading.current_thread())
        if delivery.event == "deployment":
            report(delivery.payload["deployment"], "success")
        assert delivery.event != "deployment_status", "unwanted"
        return 201

    hook = ghdeploy.webhooks.subscribe(receive, in_thread=True)
    repo.add_deployment(ref="main")
    assert threading.current_thread() not in threads
    assert [delivery.status_code for delivery in hook.deliveries] == [500, 201, 201]
    assert "unwanted" in str(ghdeploy._engine.take_problem())


def drips(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Send the response byte by byte, each in time."""
    for _turn in range(50):
        time.sleep(0.02)
        try:
            handler.wfile.write(b"H")
            handler.wfile.flush()
        except OSError:
            return


def drips_to_the_end(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Send an endless body without a length."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    drips(handler, body)


def sleeps(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Respond too late."""
    time.sleep(0.4)
    ok(handler, body)


def disconnects(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Close the connection without a response."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def promises(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Close the connection in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"only this")


def garbage(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Respond in another protocol."""
    handler.wfile.write(b"220 mail.example.com ESMTP\r\n")


def broken(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Respond with 500."""
    handler.send_error(500)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (sleeps, "timed out", "the receiver took longer than 0.2 seconds"),
        (drips, "timed out", "the receiver took longer than 0.2 seconds"),
        (drips_to_the_end, "timed out", "the receiver took longer than 0.2 seconds"),
        (disconnects, "failed to connect to host", "no response from 127.0.0.1: "),
        (promises, "failed to connect to host", "no response from 127.0.0.1: IncompleteRead"),
        (garbage, "failed to connect to host", "no response from 127.0.0.1: BadStatusLine"),
        (broken, "Invalid HTTP Response: 500", "the receiver answered 500 Internal Server Error"),
    ],
)
def test_a_failing_server_does_not_fail_the_request(
    ghdeploy: FakeGitHub,
    repo: Repository,
    answer: Callable[[BaseHTTPRequestHandler, bytes], None],
    status: str,
    reason: str,
) -> None:
    """After the server is repaired, a redelivery works."""
    works: list[bool] = [True]

    def now(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        (ok if works else answer)(handler, body)

    with serving(now) as server:
        hook = ghdeploy.webhooks.subscribe(server.url)
        works.clear()
        if status == "timed out":
            ghdeploy.webhooks.timeout_seconds = 0.2
        assert post("/deployments", ref="main").status_code == 201
        failed = hook.deliveries[0]
        assert (failed.state, failed.status) == ("failed", status)
        assert failed.reason.startswith(reason)
        works.append(True)
        ghdeploy.webhooks.timeout_seconds = 10
        again = ghdeploy.webhooks.redeliver(failed)
    assert (again.state, again.redelivery, again.delivery_id) == ("delivered", True, failed.delivery_id)
    assert failed.state == "failed"
    assert server.bodies[1] == server.bodies[2]
    assert repo.deployments


def test_an_unused_port_is_a_failed_delivery(ghdeploy: FakeGitHub) -> None:
    """So is an invalid port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        hook = ghdeploy.webhooks.subscribe(f"http://127.0.0.1:{port}/")
    assert hook.deliveries[0].status == "failed to connect to host"
    assert "ConnectionRefusedError" in hook.deliveries[0].reason
    secure = ghdeploy.webhooks.subscribe(f"https://localhost:{port}/", insecure_ssl=True)
    assert secure.deliveries[0].state == "failed"
    assert secure.config["insecure_ssl"] == "1"


@pytest.mark.parametrize("host", ["localhost.", "LOCALHOST", "127.0.0.1."])
def test_this_machine_is_reached_without_a_look_up_on_the_network(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A name with a dot at its end is not in the table of hosts, so the resolver would send it to a name server."""
    names: list[object] = []
    look_up = socket.getaddrinfo

    def record(name: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        names.append(name)
        return look_up(name.rstrip("."), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", record)
    with serving() as server:
        hook = ghdeploy.webhooks.subscribe(server.url.replace("127.0.0.1", host))
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"]
    assert names == [host.lower().rstrip(".")]


def test_an_https_server_needs_a_certificate(ghdeploy: FakeGitHub) -> None:
    """An HTTP server behind an https URL is a failed delivery too."""
    with serving() as server:
        hook = ghdeploy.webhooks.subscribe(server.url.replace("http:", "https:"))
    assert "SSL" in hook.deliveries[0].reason


@pytest.mark.parametrize(("seconds", "state"), [(10, "delivered"), (11, "failed")])
def test_the_fakes_clock_can_expire_a_delivery(
    ghdeploy: FakeGitHub, repo: Repository, seconds: int, state: str
) -> None:
    """A receiver that takes more than 10 seconds of it times out, whatever its response."""
    hook = ghdeploy.webhooks.subscribe(lambda d: ghdeploy.clock.tick(seconds) if d.event == "status" else None)
    repo.add_commit_status("main", state="success")
    newest = hook.deliveries[0]
    assert (newest.state, newest.duration) == (state, seconds)
    if state == "failed":
        assert newest.reason == "the receiver took 11 seconds by ghdeploy.clock; the limit is 10"
        assert (newest.status, hook.last_response["status"]) == ("timed out", "timeout")


def test_an_enterprise_server_waits_longer(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """The limit is 30 seconds, and the headers name the enterprise host."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3", enterprise_version="3.17.2")
    fake.add_repository("octocat/example")
    hook = fake.webhooks.subscribe(lambda _: fake.clock.tick(30), repository="octocat/example")
    assert hook.deliveries[0].state == "delivered"
    assert hook.deliveries[0].headers["X-GitHub-Enterprise-Host"] == "ghe.example.com"
    assert hook.deliveries[0].headers["X-GitHub-Enterprise-Version"] == "3.17.2"
    assert hook.deliveries[0].payload["hook"]["url"].startswith("https://ghe.example.com/api/v3/repos/")
    assert fake.webhooks.timeout_seconds == 30


@pytest.mark.parametrize("seconds", [0, -1, True, "1", None, float("nan"), float("inf")])
def test_a_timeout_must_be_a_number_of_seconds(ghdeploy: FakeGitHub, seconds: Any) -> None:  # noqa: ANN401
    """Anything else is an error and changes nothing."""
    with pytest.raises(FakeError, match="timeout_seconds must be a number of seconds above 0"):
        ghdeploy.webhooks.timeout_seconds = seconds
    assert ghdeploy.webhooks.timeout_seconds == 10


def test_an_assertion_in_a_function_fails_the_test(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The client's request succeeds, and the test fails at the end."""

    def receive(delivery: Delivery) -> None:
        assert delivery.event == "ping", "only pings are expected"

    hook = ghdeploy.webhooks.subscribe(receive)
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].reason.startswith("the receiver raised AssertionError: only pings are expected")
    problem = ghdeploy._engine.take_problem()
    assert problem is hook.deliveries[0].exception
    assert isinstance(problem, AssertionError)


def give_up(what: str) -> None:
    """Decide about the test inside a receiver."""
    if what == "raises":
        with pytest.raises(KeyError):
            pass
    getattr(pytest, what)("unwanted")


@pytest.mark.parametrize("what", ["fail", "raises", "skip", "xfail"])
@pytest.mark.parametrize("kind", ["function", "flask", "asynchronous"])
def test_a_receiver_can_decide_about_the_test(ghdeploy: FakeGitHub, repo: Repository, kind: str, what: str) -> None:
    """The client's request succeeds, other hooks get their deliveries, and the test fails or is skipped at the end."""
    app = flask.Flask(__name__)

    @app.post("/")
    def view() -> str:
        if flask.request.headers["X-GitHub-Event"] == "status":
            give_up(what)
        return ""

    def function(delivery: Delivery) -> None:
        if delivery.event == "status":
            give_up(what)

    async def asynchronous(delivery: Delivery) -> None:
        function(delivery)

    hook = ghdeploy.webhooks.subscribe({"function": function, "flask": app, "asynchronous": asynchronous}[kind])
    other = ghdeploy.webhooks.subscribe(lambda _: None)
    assert post(f"/statuses/{repo.sha('main')}", state="success").status_code == 201
    assert [delivery.state for delivery in hook.deliveries] == ["failed", "delivered"]
    assert other.deliveries[0].state == "delivered"
    problem = ghdeploy._engine.take_problem()
    excused = {"skip": pytest.skip.Exception, "xfail": pytest.xfail.Exception}
    assert isinstance(problem, excused.get(what, AssertionError))
    assert ("DID NOT RAISE" if what == "raises" else "unwanted") in str(problem)


@pytest.mark.parametrize("problem", [KeyboardInterrupt, pytest.exit.Exception])
def test_a_receiver_can_end_the_run(ghdeploy: FakeGitHub, repo: Repository, problem: type[BaseException]) -> None:
    """Ctrl-C and `pytest.exit` are passed on. The conversation says that queued deliveries wait for the next call."""

    def receive(delivery: Delivery) -> None:
        if delivery.event == "status":
            raise problem

    got: list[str] = []
    hook = ghdeploy.webhooks.subscribe(receive)
    other = ghdeploy.webhooks.subscribe(lambda delivery: got.append(delivery.event))
    with pytest.raises(problem):
        repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].reason == f"{problem.__name__} was raised before the receiver answered"
    assert [it.deliveries[0].state for it in (hook, other)] == ["waiting", "waiting"]
    assert "deliveries queued for the next call: 1" in ghdeploy.conversation_text()
    repo.add_deployment(ref="main")
    assert got == ["ping", "status", "deployment"]
    assert [delivery.state for delivery in hook.deliveries] == ["delivered", "waiting", "delivered"]


def test_a_receiver_cannot_change_a_payload(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Each reader of an event or delivery gets a copy."""
    ghdeploy.webhooks.hold()
    hook = ghdeploy.webhooks.subscribe(lambda delivery: delivery.payload.clear())
    repo.add_deployment(ref="main")
    ghdeploy.events[0].payload["deployment"]["ref"] = "changed"
    ghdeploy.webhooks.release()
    assert hook.deliveries[0].payload["deployment"]["ref"] == "main"
    assert json.loads(hook.deliveries[0].body)["deployment"]["ref"] == "main"


def test_the_conversation_shows_deliveries(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Each has a line with target, event and outcome, below the request that caused it."""

    def deployer(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            report(delivery.payload["deployment"], "success")

    ghdeploy.webhooks.subscribe(deployer, events=["deployment"], repository=repo.full_name)
    post("/deployments", ref="main")
    assert [line.strip().partition(":")[0] for line in ghdeploy.conversation_text().splitlines()] == [
        "event ping",
        "--> ping to deployer",
        '1. POST /repos/octocat/example/deployments {"ref"',
        "201 Created id 4442074271, environment production, ref main, sha 734ea46",
        "event deployment.created",
        "--> deployment to deployer",
        '2. POST /repos/octocat/example/deployments/4442074271/statuses {"state"',
        "201 Created id 12690168079, state success, environment production",
        "event deployment_status.created",
    ]


def test_the_report_of_a_failing_test_shows_deliveries(pytester: pytest.Pytester) -> None:
    """Failed deliveries are marked."""
    pytester.makepyfile(
        """
        def receiver(delivery):
            if delivery.event == "deployment":
                raise RuntimeError("out of order")

        def test_it(ghdeploy):
            repo = ghdeploy.add_repository("octocat/example")
            ghdeploy.webhooks.subscribe(receiver, secret="It's a Secret to Everybody")
            repo.add_deployment(ref="main")
            assert repo.deployments[0].state == "success"
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "     event ping: hook_id 301950017",
            "     --> ping to receiver: 200 OK",
            "     event deployment.created: id 4442074271, environment production, ref main*",
            "  !  --> deployment to receiver: failed: the receiver raised RuntimeError: out of order",
        ]
    )


def test_a_ping_is_a_delivery_but_not_an_event(ghdeploy: FakeGitHub) -> None:
    """Asserting the event ``ping`` is an error."""
    hook = ghdeploy.webhooks.subscribe(lambda _: None)
    hook.ping()
    assert list(ghdeploy.events) == []
    assert [delivery.event for delivery in ghdeploy.webhooks.deliveries] == ["ping", "ping"]
    with pytest.raises(FakeError, match="unknown event 'ping'"):
        ghdeploy.assert_event("ping")


def test_credentials_in_a_url_are_redacted(ghdeploy: FakeGitHub) -> None:
    """Passwords and tokens in the query are never shown."""
    with serving() as server:
        url = server.url.replace("//", "//user:hunter2@") + "&token=abc123"
        ghdeploy.webhooks.subscribe(url)
    assert len(server.bodies) == 1
    assert "hunter2" not in ghdeploy.conversation_text()
    assert "abc123" not in ghdeploy.conversation_text()


def test_without_hooks_nothing_is_delivered(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """No payload is built and no module imported, even after the last hook is deleted."""
    assert ghdeploy._engine.hooks is None
    assert ghdeploy._engine.store.events.dispatch is None
    ghdeploy.webhooks.subscribe(print).delete()
    repo.add_deployment(ref="main")
    assert ghdeploy._engine.store.events.dispatch is None
    assert len(ghdeploy._engine.outbox) == 0
    assert ghdeploy.webhooks.deliveries == []


# The closed loop


@pytest.fixture(params=["function", "flask", "starlette", "server"])
def third_party(request: pytest.FixtureRequest, ghdeploy: FakeGitHub) -> Iterator[None]:
    """Subscribe a deploy service of each kind, which verifies signatures, deploys and reports."""
    secret = "It's a Secret to Everybody"

    def deploy(event: str, signature: str, body: bytes) -> int:
        if signature != deliveries.sign(secret, body):
            return 401
        if event == "deployment":
            deployment = json.loads(body)["deployment"]
            report(deployment, "in_progress")
            report(deployment, "success")
        return 202

    def function(delivery: Delivery) -> int:
        return deploy(delivery.event, delivery.headers["X-Hub-Signature-256"], delivery.body)

    app = flask.Flask(__name__)

    @app.post("/")
    def receive() -> tuple[str, int]:
        headers = flask.request.headers
        return "", deploy(headers["X-GitHub-Event"], headers["X-Hub-Signature-256"], flask.request.get_data())

    async def endpoint(request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool

        headers, body = request.headers, await request.body()
        code = await run_in_threadpool(deploy, headers["X-GitHub-Event"], headers["X-Hub-Signature-256"], body)
        return Response(status_code=code)

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = handler.headers
        handler.send_response(deploy(headers["X-GitHub-Event"], headers["X-Hub-Signature-256"], body))
        handler.end_headers()

    events = ["deployment", "deployment_status"]
    if request.param == "server":
        with serving(answer) as server:
            ghdeploy.webhooks.subscribe(server.url, secret=secret, events=events)
            yield
    else:
        target = {
            "function": function,
            "flask": app,
            "starlette": Starlette(routes=[Route("/", endpoint, methods=["POST"])]),
        }[request.param]
        ghdeploy.webhooks.subscribe(target, secret=secret, events=events)
        yield


@pytest.mark.usefixtures("third_party", "repo")
def test_a_deploy_service_closes_the_loop(ghdeploy: FakeGitHub) -> None:
    """A tool deploys, the service receives the event and reports, and the tool sees the success."""
    states: list[str] = []
    seen: list[str] = []
    ghdeploy.webhooks.subscribe(
        lambda delivery: states.append(delivery.payload.get("deployment_status", {}).get("state")),
        events=["deployment_status"],
    )
    ghdeploy.webhooks.subscribe(lambda delivery: seen.append(delivery.delivery_id))
    seen.clear()
    deployment = post("/deployments", ref="main").json()
    statuses = requests.get(deployment["statuses_url"], headers=TOKEN, timeout=10).json()
    assert [status["state"] for status in statuses] == ["success", "in_progress"]
    assert states == [None, "in_progress", "success"]
    assert seen == [event.delivery_id for event in ghdeploy.events]
    assert [delivery.state for delivery in ghdeploy.webhooks.deliveries] == ["delivered"] * 11


DEPLOYER = """
import hashlib, hmac, json, os, sys, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = "sha256=" + hmac.new(os.environ["SECRET"].encode(), body, hashlib.sha256).hexdigest()
        valid = hmac.compare_digest(self.headers["X-Hub-Signature-256"], wanted)
        if valid and self.headers["X-GitHub-Event"] == "deployment":
            path = json.loads(body)["deployment"]["statuses_url"].removeprefix("https://api.github.com")
            for state in ("in_progress", "success"):
                headers = {"Authorization": "token t", "Content-Type": "application/json"}
                data = json.dumps({"state": state}).encode()
                urllib.request.urlopen(urllib.request.Request(os.environ["GITHUB_API_URL"] + path, data, headers))
        self.send_response(202 if valid else 401)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("repo")
def test_a_deploy_service_in_another_process_closes_the_loop(ghdeploy: FakeGitHub) -> None:
    """It receives deliveries by HTTP and reports to the live server."""
    with ghdeploy.serve() as api:
        environment = {**os.environ, **api.env, "SECRET": "s3cret"}
        command = [sys.executable, "-c", DEPLOYER]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as deployer:  # noqa: S603 - ours
            assert deployer.stdout
            try:
                port = int(deployer.stdout.readline())
                hook = ghdeploy.webhooks.subscribe(f"http://localhost:{port}/", secret="s3cret", events=["deployment"])
                receiver = Mock()
                ghdeploy.webhooks.subscribe(receiver, events=["deployment_status"])
                deployment = post("/deployments", ref="main").json()
            finally:
                deployer.kill()
    statuses = requests.get(deployment["statuses_url"], headers=TOKEN, timeout=10).json()
    assert [status["state"] for status in statuses] == ["success", "in_progress"]
    assert [delivery.status_code for delivery in hook.deliveries] == [202, 202]
    assert [call.args[0].event for call in receiver.call_args_list] == [
        "ping",
        "deployment_status",
        "deployment_status",
    ]
