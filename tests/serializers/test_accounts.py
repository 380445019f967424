"""Node ids, bots and apps, as tables."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pytest

from pytest_ghdeploy.github import apps
from pytest_ghdeploy.github.model import App, User
from pytest_ghdeploy.github.urls import PUBLIC_API, Urls
from pytest_ghdeploy.serializers.accounts import app, legacy_node_id, node_id, user

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
OCTOCAT = User(583_231, "octocat", "User", NOON)
GITHUB = Urls.of(PUBLIC_API)
SHA = "734ea4d54213a4ab9a1c1f7f9c2ae2b86f21b1c3"


def _unpacked(text: str) -> tuple[str, str]:
    prefix, _, packed = text.partition("_")
    return prefix, base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).hex()


@pytest.mark.parametrize(
    ("prefix", "parts", "packed"),
    [
        ("R", (1_296_269,), "9200ce0013c78d"),
        ("EN", (480_791_541, 464_814_513), "9300ce1ca84bf5ce1bb481b1"),
        ("DE", (1, (1 << 32) - 1), "9300ce00000001ceffffffff"),
        ("DE", (1, 1 << 32), "9300ce00000001cf0000000100000000"),
        ("REF", (1, "refs/heads/main"), "9300ce00000001af" + b"refs/heads/main".hex()),
        ("REF", (1, "x" * 31), "9300ce00000001bf" + "78" * 31),
        ("REF", (1, "x" * 32), "9300ce00000001da0020" + "78" * 32),
        ("C", (1, SHA), "9300ce00000001da0028" + SHA.encode().hex()),
        ("REF", (1, "é" * 15 + "x"), "9300ce00000001bf" + "c3a9" * 15 + "78"),
        ("REF", (1, "é" * 16), "9300ce00000001da0020" + "c3a9" * 16),
        ("REF", (1, "x" * 256), "9300ce00000001da0100" + "78" * 256),
    ],
    ids=[
        "repository",
        "environment",
        "largest uint32",
        "smallest uint64",
        "branch",
        "31 bytes",
        "32 bytes",
        "commit",
        "31 bytes of UTF-8",
        "32 bytes of UTF-8",
        "256 bytes",
    ],
)
def test_a_node_id_is_msgpack(prefix: str, parts: tuple[int | str, ...], packed: str) -> None:
    """Numbers are uint32 or uint64; strings are fixstr up to 31 bytes and str16 above, as decoded from GitHub's ids."""
    assert _unpacked(node_id(prefix, *parts)) == (prefix, packed)


def test_a_recorded_node_id_is_made_again() -> None:
    """The id of an environment was recorded together with its number."""
    assert node_id("EN", 480_791_541, 464_814_513) == "EN_kwDOHKhL9c4btIGx"


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        ("GateBranchPolicy", 20_029_356, "MDE2OkdhdGVCcmFuY2hQb2xpY3kyMDAyOTM1Ng=="),
        ("App", 15_368, "MDM6QXBwMTUzNjg="),
        ("Deployment", 1, "MDEwOkRlcGxveW1lbnQx"),
        ("DeploymentStatus", 1, "MDE2OkRlcGxveW1lbnRTdGF0dXMx"),
    ],
)
def test_a_legacy_node_id_is_base64(kind: str, number: int, text: str) -> None:
    """The four ids were recorded."""
    assert legacy_node_id(kind, number) == text


VERCEL = User(35_613_825, "vercel[bot]", "Bot", NOON, app_id=8329)


def test_a_bots_user_is_shown_as_recorded() -> None:
    """Events of 2023 and 2024 showed it: escaped brackets in the API's URLs, the app's page and the app's picture."""
    shown = user(VERCEL, GITHUB)
    assert (shown["login"], shown["type"]) == ("vercel[bot]", "Bot")
    assert shown["html_url"] == "https://github.com/apps/vercel"
    assert shown["avatar_url"] == "https://avatars.githubusercontent.com/in/8329?v=4"
    api = "https://api.github.com/users/vercel%5Bbot%5D"
    assert {name: url for name, url in shown.items() if name.endswith("url") and url.startswith(api)} == {
        "url": api,
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
    }


@pytest.mark.parametrize(
    ("api", "of_a_user", "of_a_bot"),
    [
        (PUBLIC_API, "avatars.githubusercontent.com/u/583231?v=4", "avatars.githubusercontent.com/in/8329?v=4"),
        ("https://ghe.example.com/api/v3", "ghe.example.com/avatars/u/583231?", "ghe.example.com/avatars/in/8329?"),
        ("https://api.octo.ghe.com", "avatars.octo.ghe.com/u/583231?v=4", "avatars.octo.ghe.com/in/8329?v=4"),
    ],
)
def test_a_bot_has_its_apps_picture(api: str, of_a_user: str, of_a_bot: str) -> None:
    """The picture of 2023 and 2024 is recorded on github.com; elsewhere it follows that of users."""
    urls = Urls.of(api)
    assert (urls.avatar(OCTOCAT), urls.avatar(VERCEL)) == (f"https://{of_a_user}", f"https://{of_a_bot}")


def test_github_actions_app_is_shown_as_recorded() -> None:
    """The events workflow_job of GitHub's webhook examples show it. The client id came in 2024 and is made up."""
    shown = app(apps.actions_app(User(9919, "github", "Organization", NOON)), GITHUB)
    assert (shown.pop("owner")["login"], len(shown.pop("permissions")), len(shown.pop("events"))) == ("github", 17, 33)
    assert list(shown.items()) == [
        ("id", 15368),
        ("client_id", shown["client_id"]),
        ("slug", "github-actions"),
        ("node_id", "MDM6QXBwMTUzNjg="),
        ("name", "GitHub Actions"),
        ("description", "Automate your workflow from idea to production"),
        ("external_url", "https://help.github.com/en/actions"),
        ("html_url", "https://github.com/apps/github-actions"),
        ("created_at", "2018-07-30T09:30:17Z"),
        ("updated_at", "2019-12-10T19:04:12Z"),
    ]


def test_a_client_id_depends_on_the_app_only() -> None:
    """It has GitHub's form, and no two apps share one."""
    rows = [
        App(number, "deployer", "deployer", OCTOCAT, NOON, {}, (), apps.client_id(number)) for number in range(1, 300)
    ]
    ids = [app(row, GITHUB)["client_id"] for row in rows]
    assert all(re.fullmatch("Iv23li[A-Za-z0-9]{14}", text) for text in ids)
    assert len(set(ids)) == len(ids)
    assert [app(row, GITHUB)["client_id"] for row in rows] == ids
