"""The rate limit over HTTP: the endpoint and the response headers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub


def _core(http: requests.Session) -> dict[str, int]:
    reply = http.get("/rate_limit")
    assert reply.status_code == 200
    core: dict[str, int] = reply.json()["resources"]["core"]
    return core


def _headers(reply: requests.Response) -> dict[str, str]:
    names = ("Limit", "Used", "Remaining", "Reset", "Resource")
    return {name: reply.headers[f"X-RateLimit-{name}"] for name in names}


def test_a_caller_has_5000_requests_an_hour(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """At first none is used, and the hour ends in an hour. ``rate`` repeats ``core``."""
    body = http.get("/rate_limit").json()
    reset = int((ghdeploy.clock.now + timedelta(hours=1)).timestamp())
    assert body["rate"] == body["resources"]["core"] == {"limit": 5000, "used": 0, "remaining": 5000, "reset": reset}
    assert all(resource["used"] == 0 for resource in body["resources"].values())


def test_requests_to_the_endpoint_do_not_count(http: requests.Session) -> None:
    """However often it is called, nothing is used."""
    assert [_core(http)["used"] for _ in range(3)] == [0, 0, 0]


@pytest.mark.usefixtures("repo")
def test_every_response_has_the_rate_limit_headers(http: requests.Session) -> None:
    """Every request counts, including refused ones."""
    first = _headers(http.get("/repos/octocat/example"))
    assert first == {
        "Limit": "5000",
        "Used": "1",
        "Remaining": "4999",
        "Reset": str(_core(http)["reset"]),
        "Resource": "core",
    }
    assert _headers(http.get("/repos/octocat/nope"))["Used"] == "2"
    assert _headers(http.post("/repos/octocat/example/deployments", data="{"))["Used"] == "3"
    assert (_core(http)["used"], _core(http)["remaining"]) == (3, 4997)


def test_anonymous_callers_share_60_requests(http: requests.Session) -> None:
    """Their budget is separate from those of users."""
    http.get("/users/octocat")
    del http.headers["Authorization"]
    assert _core(http)["limit"] == 60
    assert _headers(http.get("/users/octocat"))["Remaining"] == "59"


def test_each_user_has_a_budget(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Two tokens of one user share a budget. Another user has another."""
    for token, user in (("first-of-mona", "mona"), ("second-of-mona", "mona"), ("one-of-hubot", "hubot")):
        ghdeploy.add_token(token, user=user)
    used = []
    for token in ("first-of-mona", "second-of-mona", "one-of-hubot"):
        reply = http.get("/user", headers={"Authorization": f"Bearer {token}"})
        used.append(_headers(reply)["Used"])
    assert used == ["1", "2", "1"]


def test_the_budget_is_renewed_after_an_hour(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Nothing is used then, and the next hour begins."""
    http.get("/user")
    before = _core(http)
    ghdeploy.clock.tick(3599)
    assert _core(http) == before
    ghdeploy.clock.tick(1)
    after = _core(http)
    assert (after["used"], after["reset"]) == (0, before["reset"] + 3600)
