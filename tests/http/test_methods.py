"""Methods: they are case-sensitive, and GitHub has no others than it documents."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import httpx
import pytest
import requests
import urllib3
from client import API, REPO
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, LiveServer, Repository

URL = f"{API}{REPO}"
HEADERS = {"User-Agent": "test", "Authorization": "token any"}


def with_http_client(method: str) -> int:
    """Send a request with `http.client`, which passes a method on as it is."""
    connection = http.client.HTTPSConnection("api.github.com")
    connection.request(method, REPO, headers=HEADERS)
    return connection.getresponse().status


def with_urllib(method: str) -> int:
    """Send a request with `urllib.request`, which passes a method on as it is."""
    request = urllib.request.Request(URL, method=method, headers=HEADERS)  # noqa: S310 - an https URL
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


def with_urllib3(method: str) -> int:
    """Send a request with `urlopen` of urllib3, which passes a method on as it is."""
    with urllib3.PoolManager() as pool:
        return pool.urlopen(method, URL, headers=HEADERS).status


def with_a_prepared_request(method: str) -> int:
    """Send a request whose method requests did not prepare."""
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", URL, headers=HEADERS))
        prepared.method = method
        return session.send(prepared, timeout=5).status_code


def with_httpx(method: str) -> int:
    """Send a request whose method httpx did not prepare."""
    request = httpx.Request("GET", URL, headers=HEADERS)
    request.method = method
    with httpx.Client() as client:
        return client.send(request).status_code


SENDING = [with_http_client, with_urllib, with_urllib3, with_a_prepared_request, with_httpx]


@pytest.mark.parametrize("send", SENDING)
@pytest.mark.parametrize(
    ("method", "hint"),
    [
        ("get", "no endpoint of GitHub has the method get: methods are case-sensitive, so write GET"),
        ("Delete", "no endpoint of GitHub has the method Delete: methods are case-sensitive, so write DELETE"),
        ("BREW", "no endpoint of GitHub has the method BREW"),
    ],
)
def test_a_method_that_github_does_not_have_is_a_501(
    ghdeploy: FakeGitHub, repo: Repository, send: Callable[[str], int], method: str, hint: str
) -> None:
    """Through every client that sends the method as the code under test has written it."""
    assert send("GET") == 200
    assert send(method) == 501
    assert ghdeploy.repository(repo.full_name)
    exchange = ghdeploy.requests[-1]
    assert (exchange.method, exchange.hint) == (method, hint)
    assert b'"message":"Not Implemented"' in exchange.response_body


@pytest.mark.usefixtures("repo")
def test_clients_that_convert_methods_are_answered(ghdeploy: FakeGitHub) -> None:
    """Requests and httpx send a lower-case method in upper case."""
    assert requests.request("get", URL, timeout=5).status_code == 200
    assert httpx.request("get", URL).status_code == 200
    assert [exchange.method for exchange in ghdeploy.requests] == ["GET", "GET"]


@pytest.mark.usefixtures("repo")
def test_the_live_server_and_wsgi_are_case_sensitive_too(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> None:
    """`head` gets a body, since only `HEAD` has none."""
    connection = http.client.HTTPConnection("127.0.0.1", ghdeploy_server.port)
    for method, status in (("get", 501), ("head", 501), ("HEAD", 200), ("GET", 200)):
        connection.request(method, REPO, headers=HEADERS)
        response = connection.getresponse()
        assert (response.status, bool(response.read())) == (status, method != "HEAD")
    connection.close()
    environ = EnvironBuilder(REPO, headers=list(HEADERS.items())).get_environ() | {"REQUEST_METHOD": "get"}
    assert run_wsgi_app(ghdeploy.app, environ)[1] == "501 Not Implemented"


@pytest.mark.usefixtures("repo")
def test_a_stub_and_a_fault_are_for_the_exact_method(ghdeploy: FakeGitHub) -> None:
    """A test may write their methods in lower case. They mean the methods of GitHub."""
    ghdeploy.stub("get", "/zen", json="Design for failure.")
    ghdeploy.faults.add(method="get", path=REPO, status=500)
    assert requests.get(f"{API}/zen", headers=HEADERS, timeout=5).status_code == 200
    assert with_http_client("get") == 501
    assert with_http_client("GET") == 500
