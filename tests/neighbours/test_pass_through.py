"""A host of GitHub's that the fake passes through belongs to whichever mock is active."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aioresponses
import pytest
import requests_mock
import responses
import respx
import vcr
from answered import Answered
from client import API
from through_every_door import DOORS

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

RAW = "https://raw.githubusercontent.com/octocat/example/main/deploy.yaml"
CASSETTE = f"""
interactions:
- request: {{body: null, headers: {{}}, method: GET, uri: "{RAW}"}}
  response: {{body: {{string: theirs}}, headers: {{}}, status: {{code: 200, message: OK}}}}
version: 1
"""


@contextmanager
def _responses(_: Path) -> Iterator[None]:
    with responses.RequestsMock() as mock:
        mock.get(RAW, body="theirs")
        yield


@contextmanager
def _requests_mock(_: Path) -> Iterator[None]:
    with requests_mock.Mocker() as mock:
        mock.get(RAW, text="theirs")
        yield


def _respx(using: str) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def mocked(_: Path) -> Iterator[None]:
        with respx.mock(using=using) as router:
            router.get(RAW).respond(text="theirs")
            yield

    return mocked


@contextmanager
def _aioresponses(_: Path) -> Iterator[None]:
    with aioresponses.aioresponses() as mock:
        mock.get(RAW, body="theirs", repeat=True, response_class=Answered)
        yield


@contextmanager
def _vcrpy(folder: Path) -> Iterator[None]:
    path = folder / "cassette.yaml"
    path.write_text(CASSETTE, "utf-8")
    with vcr.VCR(record_mode="none").use_cassette(str(path), allow_playback_repeats=True):
        yield


MOCKS: dict[str, tuple[Any, list[str]]] = {
    "responses": (_responses, ["requests"]),
    "requests-mock": (_requests_mock, ["requests"]),
    "respx": (_respx("httpcore"), ["httpx", "httpx async"]),
    "respx above": (_respx("httpx"), ["httpx", "httpx async"]),
    "aioresponses": (_aioresponses, ["aiohttp"]),
    "vcrpy": (_vcrpy, list(DOORS)),
}


def text_of(url: str, door: str) -> bytes:
    """Send a GET through a door."""
    return DOORS[door]("GET", url, {"Authorization": "token x"} if "api." in url else {}, None).body


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
@pytest.mark.parametrize("name", MOCKS)
def test_a_mock_answers_for_a_host_that_is_passed_through(tmp_path: Path, name: str, *, outside: bool) -> None:
    """Whether it is started before the fake or after it. The fake answers for the API, before and after a reset."""
    make, doors = MOCKS[name]
    fake = FakeGitHub()
    first, second = (make(tmp_path), fake) if outside else (fake, make(tmp_path))
    with first, second:
        fake.pass_through("raw.githubusercontent.com")
        for door in doors:
            assert text_of(RAW, door) == b"theirs"
            assert b"octocat" in text_of(f"{API}/user", door)
        assert len(fake.requests) == len(doors)
        fake.reset()
        with pytest.raises(UnsupportedRequest, match="pass_through"):
            text_of(RAW, doors[0])
        assert b"octocat" in text_of(f"{API}/user", doors[0])
        fake._engine.take_problem()
