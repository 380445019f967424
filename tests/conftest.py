"""
Checks that run in every test, and the fixtures that many tests share.

Every response and every event of every fake in this process must match our
schema and, if ``make clients`` has fetched it, GitHub's own description.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import client
import freezegun
import githubs_description
import pytest
import quick_schemas
from hypothesis import HealthCheck, settings
from local_server import local_server

from pytest_ghdeploy.http import schema
from pytest_ghdeploy.http.application import Application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

# pytest's own clock keeps running when a test freezes time, so that --durations stays correct.
freezegun.configure(extend_ignore_list=["_pytest.timing"])

# A slow machine is not a failure.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

pytest_plugins = ["pytester", "programs", "scene", "neighbours"]


def pytest_report_header() -> str:
    """Name the version of GitHub's own description that responses are checked against."""
    if not githubs_description.is_fetched():
        return "GitHub's description: not fetched (make clients)"
    rest, webhooks = map(githubs_description.version, (githubs_description.REST, githubs_description.WEBHOOKS))
    return f"GitHub's description: {rest}, of its webhooks {webhooks}"


@pytest.fixture
def fetched_description() -> None:
    """Skip the test if GitHub's own description was not fetched."""
    githubs_description.require()


@pytest.fixture(autouse=True)
def _plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    # In CI, pytest prints longer failure reports.
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _everything_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Application.__init__

    def make_strict(self: Application, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Application's
        make(self, *args, **(kwargs | {"validate_all": True}))

    monkeypatch.setattr(Application, "__init__", make_strict)
    # jsonschema is slow, so it only sees values that the fast validator rejects.
    check = schema._check

    def check_quickly(what: str, name: str, pointer: str, body: object, version: str) -> None:
        if not quick_schemas.ours(name, pointer, version).is_valid(body):
            check(what, name, pointer, body, version)

    monkeypatch.setattr(schema, "_check", check_quickly)
    if githubs_description.is_fetched():
        ours_answer, ours_event = schema.check_answer, schema.check_event

        def check_answer(
            operation_id: str, status: int, body: object, *, version: str = githubs_description.OLDER
        ) -> None:
            ours_answer(operation_id, status, body, version=version)
            githubs_description.check_answer(operation_id, status, body, version)

        def check_event(name: str, payload: object) -> None:
            ours_event(name, payload)
            githubs_description.check_event(name, payload)

        monkeypatch.setattr(schema, "check_answer", check_answer)
        monkeypatch.setattr(schema, "check_event", check_event)


@pytest.fixture
def local() -> Iterator[str]:
    """Return the URL of a server on 127.0.0.1 that answers "local"."""
    with local_server("local") as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def http(ghdeploy: FakeGitHub) -> Iterator[requests.Session]:
    """Return a requests session that acts as octocat and accepts paths."""
    with client.Client(ghdeploy.base_url) as session:
        yield session


@pytest.fixture
def snapshot(ghdeploy: FakeGitHub) -> Callable[[], object]:
    """Return a function that copies everything a refused request must not change."""
    return partial(client.stored, ghdeploy)
