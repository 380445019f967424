"""Hosts of GitHub's that a fake leaves to others. No test looks up or connects to them."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API
from local_server import local_server
from rows import Rows
from through_every_door import DOORS

from pytest_ghdeploy import FakeError, FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.doors import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Factory = Callable[..., FakeGitHub]

RAW = "raw.githubusercontent.com"
ENTERPRISE = "https://ghe.example.com/api/v3"


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Resolve hosts of GitHub's to this machine, and list them."""
    names: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        name = host.decode() if isinstance(host, bytes) else str(host)
        if registry.is_githubs(name):
            names.append(name)
            host = "127.0.0.1"
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return names


@pytest.fixture
def port() -> Iterator[int]:
    """Serve on this machine."""
    with local_server("theirs", "HTTP/1.1") as port:
        yield port


def get(door: str, port: int, host: str = RAW) -> bytes:
    """Send a GET to *host*, with a path that is the fake's too."""
    return DOORS[door]("GET", f"http://{host}:{port}/user", {}, None).body


def test_every_door_passes_a_host_through(ghdeploy: FakeGitHub, looked_up: list[str], port: int) -> None:
    """It reaches the network, and is not in the record. The fake still answers for its own host."""
    ghdeploy.pass_through(RAW)
    with Rows() as rows:
        for door in DOORS:
            with rows.row(door):
                looked_up.clear()
                assert get(door, port) == b"theirs"
                assert looked_up == [RAW]
                assert b"octocat" in DOORS[door]("GET", f"{API}/user", {"Authorization": "token x"}, None).body
    assert {request.path for request in ghdeploy.requests} == {"/user"}
    assert len(ghdeploy.requests) == len(DOORS)


def test_every_door_refuses_the_host_after_a_reset(ghdeploy: FakeGitHub, looked_up: list[str], port: int) -> None:
    """So do clients with a connection that is still open."""
    ghdeploy.pass_through(RAW)
    with requests.Session() as session:
        url = f"http://{RAW}:{port}/"
        assert session.get(url, timeout=5).text == "theirs"
        ghdeploy.reset()
        with pytest.raises(UnsupportedRequest):
            session.get(url, timeout=5)
    looked_up.clear()
    with Rows() as rows:
        for door in DOORS:
            with rows.row(door), pytest.raises(UnsupportedRequest, match=rf'ghdeploy\.pass_through\("{RAW}"\) leaves'):
                get(door, port)
    assert looked_up == []
    ghdeploy._engine.take_problem()


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.getaddrinfo", (RAW, 443, 0, 0, 0)),
        ("socket.gethostbyname", (RAW,)),
        ("socket.connect", (None, (RAW, 443))),
    ],
)
def test_the_network_guard_passes_a_host_through(
    ghdeploy: FakeGitHub, event: str, arguments: tuple[object, ...]
) -> None:
    """For clients without a door. Its refusal names the way."""
    with pytest.raises(UnsupportedRequest) as caught:
        sys.audit(event, *arguments)
    assert (
        "Use the fixture ghdeploy_server, and give the client its URL. "
        f'ghdeploy.pass_through("{RAW}") leaves this host to other mocks and the network. See '
    ) in str(caught.value)
    ghdeploy._engine.take_problem()
    ghdeploy.pass_through(RAW)
    sys.audit(event, *arguments)


# Which hosts


@pytest.mark.parametrize("name", [RAW, RAW.upper(), f"{RAW}.", "raw\uff0egithubusercontent.com"])
def test_a_host_may_be_written_as_in_a_url(ghdeploy: FakeGitHub, name: str) -> None:
    """Letter case, a dot at the end and full-width dots make no difference."""
    ghdeploy.pass_through(name)
    assert not registry.is_ours(RAW)


def test_a_host_stands_for_itself_only(ghdeploy: FakeGitHub) -> None:
    """Not for its subdomains. Several can be given, and more later."""
    ghdeploy.pass_through("github.com", "codeload.github.com")
    ghdeploy.pass_through(RAW)
    ours = {host: registry.is_ours(host) for host in ("github.com", "codeload.github.com", RAW, "uploads.github.com")}
    assert ours == {"github.com": False, "codeload.github.com": False, RAW: False, "uploads.github.com": True}


EACH = 'each item of hosts must be a host, such as "raw.githubusercontent.com", got '


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ((), 'pass_through needs a host, such as "raw.githubusercontent.com"'),
        ((7,), f"{EACH}7"),
        ((["github.com"],), f"{EACH}['github.com']"),
        (("https://github.com/",), f"{EACH}'https://github.com/'"),
        (("*.github.com",), f"{EACH}'*.github.com'"),
        (("github.com:443",), f"{EACH}'github.com:443'"),
        (("",), f"{EACH}''"),
        (("api.github.com",), "a fake answers for api.github.com, so it cannot be passed through; ghdeploy.stub "),
        (("ghe.example.com",), "a fake answers for ghe.example.com, so it cannot be passed through; ghdeploy.stub "),
        (("example.com",), "example.com is none of GitHub's hosts, so fakes leave it to other mocks and the network"),
        (("raw.other.example.com",), "raw.other.example.com is none of GitHub's hosts, so fakes leave it to"),
        ((RAW, "example.com"), "example.com is none of GitHub's hosts, so fakes leave it to other mocks and the"),
    ],
)
def test_other_hosts_are_refused(
    ghdeploy: FakeGitHub, ghdeploy_factory: Factory, hosts: tuple[Any, ...], message: str
) -> None:
    """Nothing changes then."""
    ghdeploy_factory(base_url=ENTERPRISE)
    with pytest.raises(FakeError) as caught:
        ghdeploy.pass_through(*hosts)
    assert str(caught.value).startswith(message)
    assert caught.value.argument == "hosts"
    assert registry.is_ours(RAW)


def test_hosts_of_an_enterprise_server_can_be_passed_through() -> None:
    """Its subdomains, even before it is active, and github.com's API, which it does not answer for."""
    with FakeGitHub(base_url=ENTERPRISE, pass_through=["raw.ghe.example.com", "api.github.com"]):
        ours = [
            registry.is_ours(host) for host in ("raw.ghe.example.com", "codeload.ghe.example.com", "api.github.com")
        ]
        assert ours == [False, True, False]
        with FakeGitHub() as later:
            assert requests.get(f"{API}/meta", timeout=5).ok
            assert len(later.requests) == 1


@pytest.mark.parametrize("hosts", [RAW, 7, None, {RAW}, ["example.com"], ["ghe.example.com"], [7]])
def test_the_argument_is_checked(hosts: Any) -> None:  # noqa: ANN401
    """It is a list of hosts of GitHub's."""
    with pytest.raises(FakeError) as caught:
        FakeGitHub(base_url=ENTERPRISE, pass_through=hosts)
    assert caught.value.argument == "pass_through"


# How long


def test_a_reset_ends_what_the_method_has_passed_through() -> None:
    """What the argument names stays, and ends with the fake."""
    with FakeGitHub(pass_through=[RAW]) as fake:
        fake.pass_through("github.com")
        assert not registry.is_ours("github.com")
        fake.reset()
        assert registry.is_ours("github.com")
        assert not registry.is_ours(RAW)
        with FakeGitHub(base_url=ENTERPRISE):
            assert not registry.is_ours(RAW)
    with FakeGitHub():
        assert registry.is_ours(RAW)


def test_the_marker_and_the_ini_file_pass_hosts_through(pytester: pytest.Pytester) -> None:
    """The marker's list replaces that of the ini file. `reset` ends neither."""
    pytester.makeini("[pytest]\nghdeploy_pass_through = raw.githubusercontent.com\n    github.com")
    pytester.makepyfile(
        """
        import pytest
        from pytest_ghdeploy.doors import registry

        HOSTS = ["raw.githubusercontent.com", "github.com", "codeload.github.com"]

        def passed():
            return [host for host in HOSTS if not registry.is_ours(host)]

        def test_ini(ghdeploy):
            assert passed() == HOSTS[:2]
            ghdeploy.pass_through(HOSTS[2])
            assert passed() == HOSTS
            ghdeploy.reset()
            assert passed() == HOSTS[:2]

        @pytest.mark.ghdeploy(pass_through=["codeload.github.com"])
        def test_marker(ghdeploy):
            ghdeploy.reset()
            assert passed() == HOSTS[2:]

        @pytest.mark.ghdeploy(pass_through=[])
        def test_none():
            assert passed() == []

        def test_factory(ghdeploy_factory):
            ghdeploy_factory(pass_through=["github.com"])
            assert passed() == ["github.com"]

        def test_session(ghdeploy_session):
            assert passed() == HOSTS[:2]
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist").assert_outcomes(passed=5)


def test_help_describes_the_option(pytester: pytest.Pytester) -> None:
    """`pytest --help` shows it among the ini options."""
    shown = " ".join(" ".join(pytester.runpytest_inprocess("--help").outlines).split())
    meaning = "hosts of GitHub to leave to other mocks and the network (default: none)"
    assert f" ghdeploy_pass_through (args): {meaning} " in shown
