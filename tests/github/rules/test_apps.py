"""Rules about apps: the claims of JSON web tokens, and what a token of an installation may have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_ghdeploy.github.installations import Installation
from pytest_ghdeploy.github.model import App, Permission, Repository, User
from pytest_ghdeploy.github.refusals import Forbidden, Unauthorized, Unprocessable
from pytest_ghdeploy.github.rules import apps as rules

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
ACME = User(7, "acme", "Organization", NOON)
MONA = User(8, "mona", "User", NOON)


def app(app_id: int, slug: str, client_id: str) -> App:
    """Make an app."""
    return App(app_id, slug, slug, ACME, NOON, {}, (), client_id)


APPS = [app(15_375, "deployer", "Iv23liAAAA"), app(20_000, "gate", "Iv1.0123")]
ISSUER = "'Issuer' claim ('iss') must be an Integer"


@pytest.mark.parametrize(
    ("issuer", "quoted", "expected"),
    [
        (15_375, True, "deployer"),
        (20_000, False, "gate"),
        ("Iv23liAAAA", True, "deployer"),
        ("Iv1.0123", False, "gate"),
        ("15375", True, "deployer"),
        ("15375", False, None),
        (" 15375", True, None),
        (15_376, True, None),
        (15_375.0, True, None),
        (True, True, None),
        (None, True, None),
        ("", True, None),
        ("YOUR_APP_ID", True, None),
        ([15_375], True, None),
    ],
)
def test_the_issuer_is_the_id_or_the_client_id_of_an_app(issuer: object, quoted: bool, expected: str | None) -> None:  # noqa: FBT001
    """Whether an id may be a string is a switch."""
    if expected:
        assert rules.issuer({"iss": issuer}, APPS, quoted=quoted).slug == expected
        return
    with pytest.raises(Unauthorized) as caught:
        rules.issuer({"iss": issuer}, APPS, quoted=quoted)
    assert caught.value.message == ISSUER
    assert caught.value.hint.endswith(
        "; deployer has the id 15375 and the client_id Iv23liAAAA, gate has the id 20000 and the client_id Iv1.0123"
    )


def test_an_issuer_that_may_be_a_secret_is_not_quoted() -> None:
    """A client may have put its key there by mistake."""
    with pytest.raises(Unauthorized) as caught:
        rules.issuer({"iss": "MIIEowIBAAKCAQEA7"}, [], quoted=True)
    assert caught.value.hint == "iss is '…'; there are no apps: add one with add_app"


EXPIRED = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion "
    "expires"
)
TOO_LATE = "'Expiration time' claim ('exp') is too far in the future"
ISSUED = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iat": NOW, "exp": NOW + 600}, ""),
        ({"iat": NOW - 60, "exp": NOW + 540.5}, ""),
        ({"iat": NOW + 1, "exp": NOW + 601}, ""),  # one second of difference
        ({"iat": 0, "exp": NOW}, ""),
        ({"iat": NOW, "exp": NOW + 602}, TOO_LATE),
        ({"iat": NOW, "exp": 1e300}, TOO_LATE),
        ({"iat": NOW, "exp": NOW - 1}, EXPIRED),
        ({"iat": NOW, "exp": -1}, EXPIRED),
        ({"iat": NOW}, EXPIRED),
        ({"iat": NOW, "exp": None}, EXPIRED),
        ({"iat": NOW, "exp": str(NOW + 60)}, EXPIRED),
        ({"iat": NOW, "exp": True}, EXPIRED),
        ({"iat": NOW, "exp": float("inf")}, EXPIRED),
        ({"iat": NOW, "exp": float("nan")}, EXPIRED),
        ({"iat": NOW + 2, "exp": NOW + 60}, ISSUED),
        ({"exp": NOW + 60}, ISSUED),
        ({"iat": NOW + 0.5, "exp": NOW + 60}, ISSUED),
        ({"iat": str(NOW), "exp": NOW + 60}, ISSUED),
        ({"iat": True, "exp": NOW + 60}, ISSUED),
        # The first of several.
        ({"iat": NOW + 60, "exp": NOW + 700}, TOO_LATE),
        ({}, EXPIRED),
    ],
)
def test_a_json_web_token_is_valid_at_its_time(claims: dict[str, Any], message: str) -> None:
    """`exp` is at most 10 minutes ahead, and `iat` is not. Clocks may differ by a second."""
    if not message:
        rules.check_times(claims, NOON)
        return
    with pytest.raises(Unauthorized) as caught:
        rules.check_times(claims, NOON)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("claims", "hint"),
    [
        (
            {"iat": NOW, "exp": NOW - 60},
            "exp is 2026-03-10 11:59:00 UTC; it is 2026-03-10 12:00:00 UTC by ghdeploy.clo",
        ),
        (
            {"iat": NOW, "exp": NOW + 3600},
            "exp is 2026-03-10 13:00:00 UTC, more than 600 seconds ahead; it is 2026-03-",
        ),
        (
            {"iat": NOW, "exp": 1e300},
            "exp is 1e+300 seconds after 1970, more than 600 seconds ahead; it is 2026-03-10 ",
        ),
        ({"iat": NOW}, "exp is missing; it must be a number of seconds since 1970"),
        ({"iat": "now", "exp": NOW + 60}, "iat is a string; it must be a whole number of seconds since 1970"),
        (
            {"iat": NOW + 60, "exp": NOW + 60},
            "iat is 2026-03-10 12:01:00 UTC; it is 2026-03-10 12:00:00 UTC by ghdeplo",
        ),
    ],
)
def test_the_hint_shows_both_times(claims: dict[str, Any], hint: str) -> None:
    """The claim, and the fake's clock."""
    with pytest.raises(Unauthorized) as caught:
        rules.check_times(claims, NOON)
    assert caught.value.hint.startswith(hint)


INSTALLED = Installation(58, 15_375, ACME, {"metadata": "read", "contents": "read", "deployments": "write"}, NOON, NOON)
ALL = dict(INSTALLED.permissions)


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        (None, ALL),
        ({}, ALL),
        ({"deployments": "write"}, {"metadata": "read", "deployments": "write"}),
        ({"deployments": "read"}, {"metadata": "read", "deployments": "read"}),
        ({"metadata": "read"}, {"metadata": "read"}),
        ({"contents": "write"}, "contents=write"),
        ({"checks": "read", "deployments": "write"}, "checks=read"),
        ({"deploys": "write", "contents": "write"}, "contents=write, deploys=write"),
        ({"deployments": "admin"}, "deployments=admin"),
        ({"deployments": None}, "deployments=None"),
    ],
)
def test_a_token_has_at_most_the_permissions_of_its_installation(
    requested: dict[str, Any] | None, expected: dict[str, str] | str
) -> None:
    """By default it has all of them, and `metadata` always."""
    if isinstance(expected, dict):
        assert rules.granted(INSTALLED, requested) == expected
        return
    with pytest.raises(Unprocessable) as caught:
        rules.granted(INSTALLED, requested)
    assert caught.value.message == "The permissions requested are not granted to this installation."
    assert caught.value.hint == (
        f"the installation on acme lacks {expected}: see the permissions of add_app and App.install"
    )


def test_an_installation_without_permissions_has_none_to_give() -> None:
    """Not even `metadata`."""
    assert rules.granted(INSTALLED._replace(permissions={}), {}) == {}


SITE, DOCS = (
    Repository(
        number, ACME, name, private=True, default_branch="main", created_at=NOON, updated_at=NOON, pushed_at=NOON
    )
    for number, name in ((1, "site"), (2, "Docs"))
)
UNKNOWN = "There is at least one repository that does not exist or is not accessible to the parent installation."


@pytest.mark.parametrize(
    ("names", "ids", "expected"),
    [
        ([], [], None),
        (["site"], [], {1}),
        (["SITE", "docs"], [], {1, 2}),
        ([], [2], {2}),
        (["site"], [2], {1, 2}),
        (["site", "nope"], [], "nope"),
        (["acme/site"], [3], "acme/site, 3"),
    ],
)
def test_a_token_can_be_for_some_repositories(
    names: list[str], ids: list[int], expected: set[int] | str | None
) -> None:
    """By their names, without the owner, or by their ids. If the installation does not cover one, all are refused."""
    if not isinstance(expected, str):
        assert rules.chosen(INSTALLED, [SITE, DOCS], names, ids) == expected
        return
    with pytest.raises(Unprocessable) as caught:
        rules.chosen(INSTALLED, [SITE, DOCS], names, ids)
    assert caught.value.message == UNKNOWN
    assert caught.value.hint == (
        f"the installation on acme covers site (1), Docs (2); the request asks for {expected}, and names have no owner"
    )


def test_a_suspended_installation_is_refused() -> None:
    """The hint says since when."""
    rules.check_not_suspended(INSTALLED)
    with pytest.raises(Forbidden, match=r"^This installation has been suspended$") as caught:
        rules.check_not_suspended(INSTALLED._replace(suspended_at=NOON - timedelta(hours=1), suspended_by=MONA))
    assert caught.value.hint == (
        "the installation on acme was suspended at 2026-03-10 11:00:00 UTC: Installation.unsuspend() ends that"
    )


@pytest.mark.parametrize(
    ("user", "granted", "any_user_may", "expected"),
    [
        (ACME, None, False, True),
        (MONA, None, False, False),
        (MONA, "pull", False, True),
        (MONA, None, True, True),
    ],
)
def test_explicit_access_is_more_than_reading_what_is_public(
    user: User,
    granted: Permission | None,
    any_user_may: bool,  # noqa: FBT001
    expected: bool,  # noqa: FBT001
) -> None:
    """The owner and collaborators have it."""
    assert rules.has_explicit_access(SITE, user, granted, any_user_may=any_user_may) == expected
