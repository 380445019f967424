"""The hook of an app: the events that it receives, and its own event `installation`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import App, Delivery, FakeGitHub


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> App:
    """Return an app that is installed on a part of octocat's repositories and on all of acme's."""
    for name in ("octocat/example", "octocat/other", "acme/site"):
        ghdeploy.add_repository(name)
    app = ghdeploy.add_app("deployer", permissions={"deployments": "write"})
    app.install("octocat", repositories=["octocat/example"])
    app.install("acme")
    return app


def payload(delivery: Delivery) -> Any:  # noqa: ANN401 - JSON
    """Read the body of a delivery."""
    return json.loads(delivery.body)


def test_the_hook_of_an_app_receives_the_events_of_its_repositories(ghdeploy: FakeGitHub, app: App) -> None:
    """The payload has the installation in it. Other hooks get the payload without it."""
    received: list[Delivery] = []
    of_all: list[Delivery] = []
    ghdeploy.webhooks.subscribe(received.append, app=app, events=["deployment"])
    ghdeploy.webhooks.subscribe(of_all.append, events=["deployment"])
    assert [delivery.event for delivery in received] == ["ping"]
    assert payload(received[0])["hook"]["app_id"] == app.id
    for name in ("octocat/example", "octocat/other", "acme/site"):
        ghdeploy.repository(name).add_deployment(ref="main").add_status("success")

    octocats, acmes = app.installations
    shown = [(payload(each)["repository"]["full_name"], payload(each)["installation"]["id"]) for each in received[1:]]
    assert shown == [("octocat/example", octocats.id), ("acme/site", acmes.id)]
    assert payload(received[1])["installation"].keys() == {"id", "node_id"}
    assert received[1].headers["X-GitHub-Hook-Installation-Target-ID"] == str(app.id)
    assert received[1].headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert ["installation" in payload(each) for each in of_all[1:]] == [False] * 3
    assert "installation" not in ghdeploy.assert_event("deployment", repository="acme/site").payload
    assert received[2].delivery_id == of_all[3].delivery_id


def test_an_app_that_nobody_has_installed_receives_everything(ghdeploy: FakeGitHub) -> None:
    """Since it counts as installed on every account."""
    repo = ghdeploy.add_repository("octocat/example")
    app = ghdeploy.add_app("gate")
    received: list[Delivery] = []
    ghdeploy.webhooks.subscribe(received.append, app="gate")
    repo.add_commit_status("main", state="success")
    assert [delivery.event for delivery in received] == ["ping", "status"]
    assert payload(received[1])["installation"]["id"] == app.installations[0].id


def test_an_installation_tells_the_hook_of_its_app_only(ghdeploy: FakeGitHub, app: App) -> None:
    """It is sent whatever events the hook has. While an installation is suspended, nothing else is."""
    received: list[Delivery] = []
    others: list[Delivery] = []
    ghdeploy.add_app("other").install("octocat")
    ghdeploy.webhooks.subscribe(received.append, app=app, events=["deployment"])
    ghdeploy.webhooks.subscribe(others.append, app="other")
    ghdeploy.webhooks.subscribe(others.append)
    ghdeploy.webhooks.subscribe(others.append, repository="octocat/example", events=["*"])
    del others[:]
    octocats, acmes = app.installations
    repo = ghdeploy.repository("octocat/example")

    octocats.suspend()
    octocats.suspend()
    repo.add_deployment(ref="main")
    octocats.unsuspend()
    octocats.unsuspend()
    repo.add_deployment(ref="main", environment="staging")
    acmes.delete()

    heard = [(delivery.event, payload(delivery)["action"]) for delivery in received[1:]]
    assert heard == [
        ("installation", "suspend"),
        ("installation", "unsuspend"),
        ("deployment", "created"),
        ("installation", "deleted"),
    ]
    assert {delivery.event for delivery in others} == {"deployment"}
    told = payload(received[1])
    assert (told["sender"]["login"], told["installation"]["suspended_by"]["login"]) == ("octocat", "octocat")
    assert [repository["full_name"] for repository in told["repositories"]] == ["octocat/example"]
    assert [event.action for event in ghdeploy.events.named("installation")] == ["suspend", "unsuspend", "deleted"]
    ghdeploy.assert_event("installation", action="deleted", account="acme", app_slug="deployer")


def test_an_inactive_hook_of_an_app_gets_nothing(ghdeploy: FakeGitHub, app: App) -> None:
    """Not even its own event."""
    hook = ghdeploy.webhooks.subscribe(lambda _: None, app=app, active=False)
    app.installations[0].suspend()
    assert hook.deliveries == []


def test_an_organization_suspends_by_a_person(ghdeploy: FakeGitHub) -> None:
    """An organization cannot act itself."""
    ghdeploy.add_user("octo-org", type="Organization")
    ghdeploy.add_repository("octo-org/site")
    installation = ghdeploy.add_app("deployer").install("octo-org")
    installation.suspend()
    assert installation.suspended_by is not None
    assert installation.suspended_by.login == "octocat"
    assert ghdeploy.assert_event("installation").payload["sender"]["login"] == "octocat"


@pytest.mark.parametrize(
    ("subscribe", "message", "argument"),
    [
        (
            lambda gh: gh.webhooks.subscribe(print, events=["push", "installation"]),
            r"^only the hook of an app receives installation: subscribe\(\.\.\., app=\.\.\.\)$",
            "events",
        ),
        (
            lambda gh: gh.webhooks.subscribe(print, app="deployer", repository="octocat/example"),
            "^the hook of an app receives the events of all repositories that it is installed on: leave one out$",
            "repository",
        ),
        (lambda gh: gh.webhooks.subscribe(print, app="deploy"), "^unknown app 'deploy'; known: deployer$", "app"),
        (
            lambda gh: gh.webhooks.subscribe(print, app="deployer", events=["installed"]),
            "^GitHub would respond 422 'Validation Failed': GitHub has no event 'installed' for hooks; known: install",
            "events",
        ),
    ],
)
def test_a_mistake_subscribes_nothing(
    ghdeploy: FakeGitHub, app: App, subscribe: Callable[[FakeGitHub], object], message: str, argument: str
) -> None:
    """The message says what to do."""
    with pytest.raises(FakeError, match=message) as caught:
        subscribe(ghdeploy)
    assert caught.value.argument == argument
    assert ghdeploy.webhooks.hooks == []
    assert app.slug == "deployer"


def test_the_hook_of_an_app_can_name_its_own_events(ghdeploy: FakeGitHub, app: App) -> None:
    """They are sent anyway."""
    hook = ghdeploy.webhooks.subscribe(lambda _: None, app=app, events=["installation", "installation_repositories"])
    app.installations[0].delete()
    assert [delivery.event for delivery in hook.deliveries] == ["installation", "ping"]
