"""GET /versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub


@pytest.mark.parametrize("anonymous", [True, False])
def test_the_versions_are_those_of_github(http: requests.Session, *, anonymous: bool) -> None:
    """Everyone may ask, and an answer has selected one of them."""
    if anonymous:
        del http.headers["Authorization"]
    reply = http.get("/versions")
    assert (reply.status_code, reply.json()) == (200, ["2022-11-28", "2026-03-10"])
    assert reply.headers["x-github-api-version-selected"] in reply.json()


def test_an_unknown_token_is_refused_here_too(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Bad credentials come before everything."""
    ghdeploy.add_token("another")
    reply = http.get("/versions")
    assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")
