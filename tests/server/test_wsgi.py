"""The fake as a WSGI application."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from pytest_ghdeploy.server.wsgi import WsgiApp

DEPLOYMENTS = "/repos/octocat/example/deployments"
HEADERS = {"User-Agent": "me", "Authorization": "token x"}


@pytest.fixture
def fake() -> FakeGitHub:
    """Make a fake that is not active, because it does not have to be."""
    fake = FakeGitHub()
    fake.add_repository("octocat/example")
    return fake


def test_it_answers_from_the_same_store(fake: FakeGitHub) -> None:
    """A deployment created over WSGI exists in Python, is recorded, and causes an event."""
    created = Client(fake.app).post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS)
    assert created.status == "201 Created"
    assert created.json
    assert created.json["url"] == f"http://localhost{DEPLOYMENTS}/{created.json['id']}" == created.headers["Location"]
    assert [one.id for one in fake.repository("octocat/example").deployments] == [created.json["id"]]
    assert fake.requests[-1].request_headers["Authorization"] == "[redacted]"
    fake.assert_event("deployment", ref="main")
    assert "api.github.com" in repr(fake.app)


@pytest.mark.parametrize(
    ("mount", "prefix", "root"),
    [
        ("", "", "https://ghe.example.com:8443"),
        ("", "/api/v3", "https://ghe.example.com:8443/api/v3"),
        ("/github", "", "https://ghe.example.com:8443/github"),
        ("/github", "/api/v3", "https://ghe.example.com:8443/github/api/v3"),
    ],
)
def test_urls_follow_the_mount_point(fake: FakeGitHub, mount: str, prefix: str, root: str) -> None:
    """They have the scheme, host and port of the request and the path of the application."""
    app: Any = DispatcherMiddleware(lambda *_: [], {mount: fake.app}) if mount else fake.app
    found = Client(app).get(
        f"{mount}{prefix}/repos/octocat/example", base_url="https://ghe.example.com:8443", headers=HEADERS
    )
    assert found.json
    assert found.json["url"] == f"{root}/repos/octocat/example"


def environ(path: str, **more: object) -> dict[str, Any]:
    """Make the environment that a minimal server passes."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "HTTP_USER_AGENT": "me",
        "HTTP_AUTHORIZATION": "token x",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    } | more


def called(app: WsgiApp, given: dict[str, Any]) -> tuple[str, bytes]:
    """Call an application; return the status and body."""
    said: list[str] = []

    def start_response(status: str, _headers: object, _exc_info: object = None) -> Any:  # noqa: ANN401 - WSGI's
        said.append(status)

    body = b"".join(app(given, start_response))
    return said[0], body


def test_the_raw_target_is_used_if_there_is_one(fake: FakeGitHub) -> None:
    """Otherwise the decoded path is encoded again, and an encoded slash is lost."""
    fake.repository("octocat/example").add_environment("a b/é")
    path = "/repos/octocat/example/environments/a b/é".encode().decode("latin-1")
    raw = "/repos/octocat/example/environments/a%20b%2F%C3%A9"
    assert called(fake.app, environ(path))[0] == "404 Not Found"
    assert called(fake.app, environ(path, REQUEST_URI=raw))[0] == "200 OK"
    assert called(fake.app, environ(path, RAW_URI=f"http://127.0.0.1{raw}?a=b"))[0] == "200 OK"
    assert fake.requests[-1].url == f"http://127.0.0.1{raw}?a=b"
    status, body = called(fake.app, environ("/repos/octocat/example", QUERY_STRING="a=b"))
    assert status == "200 OK"
    assert b'"url":"http://127.0.0.1/repos/octocat/example"' in body


def test_a_body_has_the_length_that_the_server_states(fake: FakeGitHub) -> None:
    """Or ends with the input, if the server says so. Otherwise there is no body."""
    body = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b'{"ref": "main"} and more')}
    assert called(fake.app, environ(DEPLOYMENTS, **body, CONTENT_LENGTH="15"))[0] == "201 Created"
    ends = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b'{"ref": "main"}'), "wsgi.input_terminated": True}
    assert called(fake.app, environ(DEPLOYMENTS, **ends))[0] == "201 Created"
    none = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b'{"ref": "main"}')}
    assert called(fake.app, environ(DEPLOYMENTS, **none))[0].startswith("4")


def test_it_passes_the_validator(fake: FakeGitHub) -> None:
    """The standard library has a validator for WSGI."""
    app = validator(fake.app)
    client = Client(app)
    for path in ("/repos/octocat/example", "/nope"):
        with client.get(path, headers=HEADERS) as answer:
            assert answer.data


def test_an_unsupported_request_is_a_501_and_fails_the_test(fake: FakeGitHub) -> None:
    """The same as with the live server."""
    answer = Client(fake.app).get("/repos/octocat/example/milestones", headers=HEADERS)
    assert answer.status_code == 501
    assert "issues/list-milestones" in answer.text
    assert isinstance(fake._engine.take_problem(), UnsupportedRequest)


def test_faults_raise_exceptions(fake: FakeGitHub) -> None:
    """Without an answer the class is that of the failure; a truncated body is shorter than its length."""
    client = Client(fake.app)
    for error, kind in (
        ("connection", ConnectionResetError),
        ("reset", ConnectionResetError),
        ("timeout", TimeoutError),
    ):
        fake.faults.add(error=error)  # type: ignore[arg-type]
        with pytest.raises(kind, match="the test asked for this fault"):
            client.get("/versions", headers=HEADERS)
    fake.faults.add(error="truncated")
    cut = client.get("/versions", headers=HEADERS)
    assert len(cut.data) < int(cut.headers["Content-Length"])
