"""The network guard: what it refuses, what it passes on, and the audit hook."""

from __future__ import annotations

import _socket
import json
import os
import socket
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import ways_out

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Factory = Callable[..., FakeGitHub]


@contextmanager
def refused(fake: FakeGitHub, match: str) -> Iterator[None]:
    """Check that the block raises ``UnsupportedRequest``, and that this would fail the test even if swallowed."""
    with pytest.raises(UnsupportedRequest, match=match):
        yield
    with pytest.raises(UnsupportedRequest, match=match):
        fake._engine.raise_problem()


def run(*arguments: str) -> str:
    """Run a Python program and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Ways to the network


@pytest.mark.slow
@pytest.mark.parametrize("kind", ways_out.KINDS)
def test_no_look_up_and_no_byte_leaves_while_a_fake_is_active(kind: str) -> None:
    """Each way without a door is refused, and the same way is noticed after the fake is closed."""
    tried = json.loads(run(ways_out.__file__, kind))
    assert tried
    differing = {
        name: outcome
        for name, outcome in tried.items()
        if outcome["reached"]
        or not outcome["reached without a fake"]
        or "while a fake GitHub is active, by a client that the fake cannot intercept" not in outcome["problem"]
    }
    assert differing == {}


@pytest.mark.slow
def test_another_library_in_the_place_of_urllib3_has_no_door() -> None:
    """Niquests installs one, whose connections are none of http.client's. The error recommends the live server."""
    program = """
        import socket
        import requests
        import urllib3.connection

        class HTTPConnection:
            def connect(self):
                socket.create_connection(("api.github.com", 443))

        HTTPConnection.__module__ = "urllib3.connection"
        urllib3.connection.HTTPConnection = urllib3.connection.HTTPSConnection = HTTPConnection

        from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
        with FakeGitHub() as fake:
            assert requests.get("https://api.github.com/user", headers={"Authorization": "token x"}).status_code == 200
            try:
                HTTPConnection().connect()
            except UnsupportedRequest as problem:
                assert "ghdeploy_server" in str(problem)
            assert fake._engine.take_problem()
        """
    run("-c", textwrap.dedent(program))


OTHERS = ["example.com", "notgithub.com", "github.com.example.org", "ghe.example.com", "::1", "xn--a.example.com"]


@pytest.mark.slow
def test_look_ups_of_other_hosts_are_passed_on() -> None:
    """With the same arguments and errors."""
    program = f"""
        import socket, sys
        from pytest_ghdeploy import FakeGitHub

        seen = []
        def record(event, arguments):
            if event in ("socket.getaddrinfo", "socket.connect"):
                seen.append(arguments[0] if event == "socket.getaddrinfo" else arguments[1][0])
                raise socket.gaierror(socket.EAI_NONAME, "no network in this program")

        DOT = {ways_out.DOT!r}
        hosts = [*{OTHERS!r}, b"example.com", None, "", DOT * 2, "a" * 64 + DOT]
        with FakeGitHub() as fake:
            sys.addaudithook(record)
            for host in hosts:
                try:
                    socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
                except UnicodeError:
                    seen.append(host)
                except socket.gaierror as problem:
                    assert "no network in this program" in str(problem)
            assert seen == hosts, seen
            assert fake._engine.take_problem() is None
        """
    run("-c", textwrap.dedent(program))


def test_the_host_of_an_enterprise_server_is_guarded_too(ghdeploy_factory: Factory) -> None:
    """Neither the host of a fake's base URL nor its subdomains are looked up."""
    fake = ghdeploy_factory(base_url="https://ghe.invalid/api/v3")
    with refused(fake, "look-up of uploads.ghe.invalid while a fake GitHub is active"):
        socket.getaddrinfo("uploads.ghe.invalid", 443)
    with refused(fake, "look-up of ghe.invalid while a fake GitHub is active"):
        socket.create_connection(("ghe.invalid", 443))
    with refused(fake, "look-up of api.github.com"):
        socket.getaddrinfo("api.github.com", 443)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("API.github.com", "API.github.com"),
        (bytearray(b"github.com."), "github.com."),
        (f"api{ways_out.DOT}github.com", f"api{ways_out.DOT}github.com"),
    ],
)
def test_the_guards_refusal_says_what_to_do(ghdeploy: FakeGitHub, host: Any, name: str) -> None:  # noqa: ANN401
    """It names the host as the client did, the reason and the live server."""
    more = '. ghdeploy.pass_through("github.com") leaves this host to other mocks and the network'
    more = more if name == "github.com." else ""  # the fake answers for the others
    with pytest.raises(UnsupportedRequest) as caught:
        socket.gethostbyname(host)
    assert str(caught.value) == with_page(
        f"look-up of {name} while a fake GitHub is active, by a client that the fake cannot intercept. "
        f"Nothing was sent. Use the fixture ghdeploy_server, and give the client its URL{more}",
        "a-client-that-cannot-be-intercepted",
    )
    ghdeploy._engine.take_problem()


@pytest.mark.parametrize(
    "sent",
    [
        b"CONNECT api.github.com:443 HTTP/1.1\r\n\r\n",
        b"connect API.github.com:443 http/1.1\r\n\r\n",
        b"GET http://api.github.com/user HTTP/1.1\r\n\r\n",
        b"POST https://user@GitHub.com/x HTTP/1.1\r\n\r\n",
        b"GET http://api.github.com?page=2 HTTP/1.1\r\n\r\n",
        b"GET http://api.github.com/search?q=" + b"a" * 2000 + b" HTTP/1.1\r\n\r\n",
        b"\x05\x01\x00\x03\x0eapi.github.com\x01\xbb",
    ],
)
@pytest.mark.parametrize("method", ["send", "sendall", "sendmsg"])
def test_a_raw_request_to_a_proxy_for_github_is_refused(ghdeploy: FakeGitHub, sent: bytes, method: str) -> None:
    """Nothing is sent. Requests for other hosts are sent, whole."""
    with socket.create_server(("127.0.0.1", 0)) as proxy, socket.create_connection(proxy.getsockname()) as client:
        receiving, _ = proxy.accept()

        def send(data: bytes) -> None:
            getattr(client, method)(iter([data[:4], memoryview(data)[4:]]) if method == "sendmsg" else data)

        with receiving:
            with pytest.raises(UnsupportedRequest, match="through a proxy to"):
                send(sent)
            send(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
            assert receiving.recv(1000) == b"CONNECT example.com:443 HTTP/1.1\r\n\r\n"
    assert ghdeploy._engine.take_problem()


@pytest.mark.parametrize(
    "body",
    [
        b"Deployed https://github.com/octocat/example",
        b"See https://github.com/octocat/example/deployments for the log",
        b"Get https://github.com/cli/cli",
        b"connect github.com: ok",
    ],
)
def test_a_message_about_github_reaches_another_server(ghdeploy: FakeGitHub, body: bytes) -> None:
    """Such as a notification for a chat. Most clients send the body of a request in a call of its own."""
    near, far = socket.socketpair()
    with near, far:
        near.sendall(body)
        assert far.recv(1000) == body
    assert ghdeploy._engine.take_problem() is None


@pytest.mark.parametrize("method", ["send", "sendall", "sendmsg", "sendto", "connect", "connect_ex"])
def test_wrong_arguments_raise_the_sockets_own_error(method: str) -> None:
    """It is the same with and without a fake."""

    def errors() -> list[str]:
        found = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for arguments in ([], ["a string"], [17], [[17]], [()], [b"x", ("127.0.0.1",)], [b"x", 0, 17, 0, 0]):
                with pytest.raises((TypeError, OSError)) as caught:
                    getattr(sock, method)(*arguments)
                found.append(repr(caught.value))
        return found

    without = errors()
    with FakeGitHub():
        assert errors() == without


def test_no_datagram_is_sent_to_github(ghdeploy: FakeGitHub) -> None:
    """Datagrams to other addresses are sent."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", 0))
        for method, address in (("sendto", ()), ("sendmsg", ([], 0))):
            data: Any = b"x" if method == "sendto" else [b"x"]
            with pytest.raises(UnsupportedRequest, match=r"message to api\.github\.com"):
                getattr(sender, method)(data, *address, ("api.github.com", 443))
            assert getattr(sender, method)(data, *address, receiver.getsockname()) == 1
    assert ghdeploy._engine.take_problem()


_connect = socket.socket.connect  # bound before any fake
_send_to = socket.socket.sendto


def test_no_connection_to_a_name_is_made_by_a_method_that_is_not_wrapped() -> None:
    """A socket that is no ``socket.socket``, or a method bound before the fake, sends the look-up but nothing else."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        FakeGitHub(base_url="http://localhost/api/v3") as fake,
    ):
        server.settimeout(0)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0)
        port = server.getsockname()[1]
        with socket.socket() as bound, refused(fake, "connection to localhost while a fake GitHub is active"):
            _connect(bound, ("localhost", port))
        with socket.socket(type=socket.SOCK_DGRAM) as bound, refused(fake, "message to localhost"):
            _send_to(bound, b"x", ("localhost", receiver.getsockname()[1]))
        raw = _socket.socket()
        for method in (raw.connect, raw.connect_ex):
            with refused(fake, "connection to localhost while a fake GitHub is active"):
                method(("localhost", port))
        raw.close()
        for waiting in (server.accept, lambda: receiver.recv(1)):
            with pytest.raises(BlockingIOError):
                waiting()


# The audit hook


@pytest.mark.slow
def test_no_hook_is_added_before_the_first_fake_and_one_after_it() -> None:
    """Importing the plugin adds none, and a second copy of the plugin uses the hook of the first."""
    program = """
        import socket, sys

        added = []
        sys.addaudithook(lambda event, arguments: added.append(event) if event == "sys.addaudithook" else None)
        from pytest_ghdeploy import FakeGitHub, plugin
        import pytest_ghdeploy.doors.activation
        gh = FakeGitHub()
        assert added == []

        for copy in range(4):
            from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
            for number in range(2):
                with FakeGitHub() as fake:
                    try:
                        socket.getaddrinfo("api.github.com", 443)
                    except UnsupportedRequest:
                        assert fake._engine.take_problem()
            for name in [name for name in sys.modules if name.startswith("pytest_ghdeploy")]:
                del sys.modules[name]
        assert added == ["sys.addaudithook"]
        """
    run("-c", textwrap.dedent(program))


@pytest.mark.slow
def test_threads_may_start_while_they_are_traced() -> None:
    """
    Coverage traces each thread that starts, which raises an audit event.

    On Python 3.11 this fails if a thread is interrupted in the hook.
    """
    program = """
        import sys, threading, time
        from pytest_ghdeploy import FakeGitHub

        errors = []
        def trace_again_and_again():
            while time.monotonic() < end:
                try:
                    sys.settrace(lambda *_: None)
                    sys.settrace(None)
                except RuntimeError as problem:
                    errors.append(str(problem))

        with FakeGitHub():
            sys.setswitchinterval(1e-5)
            end = time.monotonic() + 1.5
            threads = [threading.Thread(target=trace_again_and_again) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert not errors, (len(errors), errors[0])
        """
    run("-c", textwrap.dedent(program))
