"""Authorization as tables: scopes, permissions and the resulting verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_ghdeploy.github import authorization
from pytest_ghdeploy.github.authorization import Needed
from pytest_ghdeploy.github.installations import Installation
from pytest_ghdeploy.github.model import App, Repository, Token, User
from pytest_ghdeploy.github.refusals import Forbidden
from pytest_ghdeploy.github.rules import commits as rules

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONA = User(1, "mona", "User", NOON)
BOT = User(2, "deployer[bot]", "Bot", NOON)
APP = App(3, "deployer", "deployer", MONA, NOON, {}, (), "Iv1.3")

LIST = Needed("repos/list-deployments", "pull", "deployments", reads=True)
DEPLOY = Needed("repos/create-deployment", "push", "deployments", reads=False)
STATUS = Needed("repos/create-commit-status", "push", "statuses", reads=False)
READ_CODE = Needed("repos/get-content", "pull", "contents", reads=True)
PUSH = Needed("repos/create-or-update-file-contents", "push", "contents", reads=False)
READ_KEYS = Needed("repos/list-deploy-keys", "admin", "administration", reads=True)
ADD_KEY = Needed("repos/create-deploy-key", "admin", "administration", reads=False)
UPDATE = Needed("repos/update", "admin", "administration", reads=False)
DELETE = Needed("repos/delete", "admin", "administration", reads=False)
CHECK = Needed("checks/create", "push", "checks", reads=False)
GET_USER = Needed("users/get-authenticated", "pull", "", reads=True)
LABEL = Needed("issues/create-label", "push", "issues or pull_requests", reads=False)
OTHER_USER = Needed("users/get-by-username", "pull", "", reads=True)
CREATE_REPO = Needed("repos/create-for-authenticated-user", "push", "administration", reads=False)


def classic(*scopes: str) -> Token:
    """Make a classic token."""
    return Token("text", MONA, scopes=scopes)


def fine(**permissions: str) -> Token:
    """Make a fine-grained token."""
    return Token("text", MONA, "fine_grained", permissions={"metadata": "read", **permissions})


def app(**permissions: str) -> Token:
    """Make an app's token."""
    return Token("text", BOT, "app", permissions={"metadata": "read", **permissions}, app=APP)


def for_mona(**permissions: str) -> Token:
    """Make a token with which an app acts for mona."""
    return Token("text", MONA, "user_access", permissions={"metadata": "read", **permissions}, app=APP)


UNLIMITED = Token("text", MONA)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ()),
        (["repo"], ("repo",)),
        (["repo", "delete_repo"], ("delete_repo", "repo")),
        (["public_repo", "repo", "repo_deployment", "repo:status"], ("repo",)),
        (["repo_deployment", "public_repo"], ("public_repo", "repo_deployment")),
        (["admin:repo_hook", "read:repo_hook", "write:repo_hook"], ("admin:repo_hook",)),
        (["write:repo_hook", "read:repo_hook"], ("write:repo_hook",)),
        (["user:email", "gist", "user"], ("gist", "user")),
    ],
)
def test_scopes_that_others_include_are_dropped(given: list[str], expected: tuple[str, ...]) -> None:
    """The rest is sorted, as on GitHub."""
    assert authorization.normal_scopes(given) == expected


def test_the_scopes_around_a_deployment_are_known() -> None:
    """The scopes of repositories and hooks are in the list, each once."""
    known = {"repo", "repo:status", "repo_deployment", "public_repo", "delete_repo", "workflow", "admin:repo_hook"}
    assert known < set(authorization.SCOPES)
    assert len(set(authorization.SCOPES)) == len(authorization.SCOPES)


@pytest.mark.parametrize(
    ("permissions", "level", "expected"),
    [
        ({}, "read", False),
        ({"deployments": "read"}, "read", True),
        ({"deployments": "read"}, "write", False),
        ({"deployments": "write"}, "read", True),
        ({"deployments": "write"}, "write", True),
        ({"contents": "write"}, "read", False),
    ],
)
def test_writing_includes_reading(permissions: dict[str, str], level: str, *, expected: bool) -> None:
    """The level write includes read, but a permission does not include another one."""
    assert authorization.has(permissions, "deployments", level) is expected


@pytest.mark.parametrize(
    ("right", "declared", "default", "expected"),
    [
        ("pull", None, "deployments", "deployments"),
        ("push", None, "deployments", "deployments"),
        ("admin", None, "actions", "administration"),
        ("admin", "metadata", "", "metadata"),
        ("push", "administration", "metadata", "administration"),
        ("pull", None, "", ""),
        ("pull", "", "contents", ""),
    ],
)
def test_an_operation_needs_the_permission_of_its_module(
    right: Any,  # noqa: ANN401 - a right
    declared: str | None,
    default: str,
    expected: str,
) -> None:
    """Operations for admins need `administration`, and an operation may declare a permission of its own."""
    assert authorization.permission_for(right, declared=declared, default=default) == expected


# The verdicts on a public and on a private repository.
DECISIONS: list[tuple[Needed, Token | None, Any, str, str]] = [
    # Needed, token, right, public, private
    (LIST, None, None, "allowed", "hidden"),
    (READ_KEYS, None, None, "hidden", "hidden"),
    # For a token without limits, only the user's right counts.
    (LIST, UNLIMITED, None, "allowed", "hidden"),
    (DEPLOY, UNLIMITED, "pull", "hidden", "hidden"),
    (DEPLOY, UNLIMITED, "push", "allowed", "allowed"),
    (CHECK, UNLIMITED, "push", "allowed", "allowed"),
    (CHECK, UNLIMITED, "pull", "hidden", "hidden"),
    (UPDATE, UNLIMITED, "maintain", "not_admin", "not_admin"),
    (UPDATE, UNLIMITED, None, "not_admin", "hidden"),
    (ADD_KEY, UNLIMITED, "push", "hidden", "hidden"),
    # A classic token needs a right and a scope.
    (LIST, classic(), "push", "allowed", "hidden"),
    (LIST, classic("repo_deployment"), "pull", "allowed", "allowed"),
    (LIST, classic("public_repo"), "pull", "allowed", "hidden"),
    (LIST, classic("repo:status"), "pull", "allowed", "hidden"),
    (DEPLOY, classic(), "admin", "hidden", "hidden"),
    (DEPLOY, classic("repo_deployment"), "push", "allowed", "allowed"),
    (DEPLOY, classic("repo_deployment"), "pull", "hidden", "hidden"),
    (DEPLOY, classic("public_repo"), "push", "allowed", "hidden"),
    (DEPLOY, classic("repo"), "push", "allowed", "allowed"),
    (DEPLOY, classic("repo"), None, "hidden", "hidden"),
    (DEPLOY, classic("repo:status"), "push", "hidden", "hidden"),
    (STATUS, classic("repo:status"), "push", "allowed", "allowed"),
    (STATUS, classic("repo_deployment"), "push", "hidden", "hidden"),
    (READ_CODE, classic("repo_deployment"), "push", "allowed", "hidden"),
    (READ_CODE, classic("repo"), "pull", "allowed", "allowed"),
    (PUSH, classic("repo_deployment"), "push", "hidden", "hidden"),
    (PUSH, classic("public_repo"), "push", "allowed", "hidden"),
    (READ_KEYS, classic(), "admin", "hidden", "hidden"),
    (READ_KEYS, classic("public_repo"), "admin", "allowed", "hidden"),
    (ADD_KEY, classic("repo"), "admin", "allowed", "allowed"),
    (UPDATE, classic("repo"), "push", "not_admin", "not_admin"),
    (UPDATE, classic("repo_deployment"), "admin", "not_admin", "hidden"),
    (DELETE, classic("repo"), "admin", "not_admin", "not_admin"),
    (DELETE, classic("delete_repo"), "admin", "allowed", "allowed"),
    (DELETE, classic("delete_repo"), "push", "not_admin", "hidden"),
    (CHECK, classic("repo"), "admin", "apps_only", "apps_only"),
    (CHECK, classic("repo_deployment"), "admin", "apps_only", "hidden"),
    # A fine-grained token needs a right and a permission. Any token reads public repositories.
    (LIST, fine(), "pull", "allowed", "not_accessible"),
    (LIST, fine(deployments="read"), "pull", "allowed", "allowed"),
    (LIST, fine(deployments="read"), None, "allowed", "hidden"),
    (DEPLOY, fine(deployments="read"), "push", "not_accessible", "not_accessible"),
    (DEPLOY, fine(deployments="write"), "push", "allowed", "allowed"),
    (DEPLOY, fine(deployments="write"), "pull", "not_accessible", "not_accessible"),
    (DEPLOY, fine(deployments="write"), None, "not_accessible", "hidden"),
    (DEPLOY, fine(contents="write"), "admin", "not_accessible", "not_accessible"),
    (READ_KEYS, fine(administration="read"), "admin", "allowed", "allowed"),
    (READ_KEYS, fine(), "admin", "not_accessible", "not_accessible"),
    (UPDATE, fine(administration="read"), "admin", "not_accessible", "not_accessible"),
    (UPDATE, fine(administration="write"), "admin", "allowed", "allowed"),
    (DELETE, fine(administration="write"), "push", "not_accessible", "not_accessible"),
    (CHECK, fine(checks="write"), "admin", "apps_only", "apps_only"),
    # Sometimes any one of several permissions is enough.
    (LABEL, fine(issues="write"), "push", "allowed", "allowed"),
    (LABEL, fine(pull_requests="write"), "push", "allowed", "allowed"),
    (LABEL, fine(issues="read", pull_requests="read"), "push", "not_accessible", "not_accessible"),
    (LABEL, fine(contents="write"), "push", "not_accessible", "not_accessible"),
    # An app needs a permission, whatever the bot's right.
    (LIST, app(), None, "allowed", "not_accessible"),
    (LIST, app(deployments="read"), None, "allowed", "allowed"),
    (DEPLOY, app(deployments="read"), None, "not_accessible", "not_accessible"),
    (DEPLOY, app(deployments="write"), None, "allowed", "allowed"),
    (DEPLOY, app(contents="write"), "admin", "not_accessible", "not_accessible"),
    (READ_KEYS, app(administration="read"), None, "allowed", "allowed"),
    (UPDATE, app(), None, "not_accessible", "not_accessible"),
    (CHECK, app(checks="write"), None, "allowed", "allowed"),
    (CHECK, app(checks="read"), None, "not_accessible", "not_accessible"),
    # An app that acts for a user needs the permission, and its user the right. Check runs stay closed to it.
    (LIST, for_mona(), "pull", "allowed", "not_accessible"),
    (LIST, for_mona(deployments="read"), None, "allowed", "hidden"),
    (DEPLOY, for_mona(deployments="write"), "push", "allowed", "allowed"),
    (DEPLOY, for_mona(deployments="write"), "pull", "not_accessible", "not_accessible"),
    (DEPLOY, for_mona(deployments="read"), "admin", "not_accessible", "not_accessible"),
    (CHECK, for_mona(checks="write"), "admin", "apps_only", "apps_only"),
]


@pytest.mark.parametrize(("needed", "token", "right", "public", "private"), DECISIONS)
def test_the_verdict_follows_from_token_right_and_visibility(
    needed: Needed,
    token: Token | None,
    right: Any,  # noqa: ANN401
    public: str,
    private: str,
) -> None:
    """Every caller has `pull` on a public repository."""
    decided = authorization.decide(needed, token, right=right or "pull", private=False, selected=True)
    assert decided == public
    assert authorization.decide(needed, token, right=right, private=True, selected=True) == private


ACME = User(7, "acme", "Organization", NOON)
SITE = Repository(9, ACME, "site", private=True, default_branch="main",
                  created_at=NOON, updated_at=NOON, pushed_at=NOON)  # fmt: skip
ON_ACME = Installation(58, APP.id, ACME, {"deployments": "write"}, NOON, NOON)
ON_MONA = ON_ACME._replace(id=59, account=MONA)


@pytest.mark.parametrize(
    ("token", "installation", "expected"),
    [
        (fine(), None, True),
        (replace(fine(), repository_ids=frozenset({9})), None, True),
        (replace(fine(), repository_ids=frozenset({8})), None, False),
        (app(), None, True),
        (replace(app(), repository_ids=frozenset({8})), None, False),
        (replace(app(), installation_id=58), None, False),
        (replace(app(), installation_id=58), ON_ACME, True),
        (replace(app(), installation_id=59), ON_MONA, False),
        (replace(app(), installation_id=58), ON_ACME._replace(repository_ids=frozenset({9})), True),
        (replace(app(), installation_id=58), ON_ACME._replace(repository_ids=frozenset({8})), False),
        (replace(app(), installation_id=58, repository_ids=frozenset({8})), ON_ACME, False),
        (for_mona(), None, False),
        (for_mona(), ON_ACME, True),
        (for_mona(), ON_ACME._replace(repository_ids=frozenset({8})), False),
    ],
)
def test_the_repositories_of_a_token_are_those_of_its_installation(
    token: Token, installation: Installation | None, *, expected: bool
) -> None:
    """A token that a test added is limited by its own repositories only."""
    assert authorization.covers(token, installation, SITE) is expected


@pytest.mark.parametrize("token", [fine(deployments="write"), app(deployments="write"), for_mona(deployments="write")])
@pytest.mark.parametrize(
    ("needed", "public"), [(LIST, "allowed"), (DEPLOY, "not_accessible"), (READ_KEYS, "not_accessible")]
)
def test_a_token_for_other_repositories_reads_public_ones(token: Token, needed: Needed, public: str) -> None:
    """A private repository that the token does not cover is hidden."""
    assert authorization.decide(needed, token, right="admin", private=False, selected=False) == public
    assert authorization.decide(needed, token, right="admin", private=True, selected=False) == "hidden"
    assert not authorization.sees(token, right="admin", private=True, selected=False)


@pytest.mark.parametrize(
    ("token", "get_user", "create"),
    [
        (None, "allowed", "allowed"),  # an anonymous caller is a 401 before
        (UNLIMITED, "allowed", "allowed"),
        (classic(), "allowed", "hidden"),
        (classic("repo_deployment"), "allowed", "hidden"),
        (classic("public_repo"), "allowed", "allowed"),
        (classic("repo"), "allowed", "allowed"),
        (fine(), "allowed", "not_accessible"),
        (fine(administration="read"), "allowed", "not_accessible"),
        (fine(administration="write"), "allowed", "allowed"),
        (app(administration="write"), "not_accessible", "not_accessible"),
        (for_mona(), "allowed", "not_accessible"),
        (for_mona(administration="write"), "allowed", "allowed"),
    ],
)
def test_who_may_use_operations_on_accounts(token: Token | None, get_user: str, create: str) -> None:
    """Apps have no account, and creating a repository needs a scope or `administration`."""
    assert authorization.decide_for_account(GET_USER, token) == get_user
    assert authorization.decide_for_account(CREATE_REPO, token) == create
    assert authorization.decide_for_account(OTHER_USER, token) == "allowed"


@pytest.mark.parametrize(
    ("token", "public", "private"),
    [
        (None, True, True),
        (UNLIMITED, True, True),
        (classic("repo"), True, True),
        (classic("public_repo"), True, False),
        (classic("repo_deployment"), False, False),
        (fine(administration="write"), True, True),
    ],
)
def test_creating_a_private_repository_needs_the_scope_repo(
    token: Token | None, *, public: bool, private: bool
) -> None:
    """GitHub's page on creating a repository says so."""
    assert authorization.may_create(token, private=False) is public
    assert authorization.may_create(token, private=True) is private


@pytest.mark.parametrize(
    ("needed", "scopes", "permissions"),
    [
        (LIST, "repo, repo_deployment", "deployments=read"),
        (DEPLOY, "", "deployments=write"),
        (STATUS, "public_repo, repo, repo:status", "statuses=write"),
        (READ_CODE, "repo", "contents=read"),
        (PUSH, "public_repo, repo", "contents=write"),
        (READ_KEYS, "repo", "administration=read"),
        (DELETE, "delete_repo", "administration=write"),
        (CREATE_REPO, "public_repo, repo", "administration=write"),
        (LABEL, "public_repo, repo", "issues=write; pull_requests=write"),
        (GET_USER, "", "allows_permissionless_access=true"),
    ],
)
def test_headers_list_what_an_operation_accepts(needed: Needed, scopes: str, permissions: str) -> None:
    """Classic tokens get scopes, the others permissions, and no token both."""
    assert authorization.headers(classic("repo", "user"), needed) == {
        "X-OAuth-Scopes": "repo, user",
        "X-Accepted-OAuth-Scopes": scopes,
    }
    for token in (fine(), app(), for_mona()):
        assert authorization.headers(token, needed) == {"X-Accepted-GitHub-Permissions": permissions}


def test_an_app_may_change_only_its_own_check_runs() -> None:
    """A user's token without limits may change any."""
    other = App(10, "other", "other", MONA, NOON, {}, (), "Iv1.10")
    rules.check_author(APP, APP)
    rules.check_author(APP, None)
    with pytest.raises(Forbidden, match="Invalid app_id `10` - check run can only be modified by the GitHub App"):
        rules.check_author(APP, other)


def test_headers_without_an_operation() -> None:
    """If the path matches no operation, no scope is accepted. A token without limits has all scopes."""
    assert authorization.headers(classic(), None) == {"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": ""}
    assert authorization.headers(app(), None) == {}
    everything = authorization.headers(UNLIMITED, None)["X-OAuth-Scopes"].split(", ")
    assert {"repo", "delete_repo", "workflow"} < set(everything)
    assert "public_repo" not in everything


def test_headers_say_when_a_token_expires() -> None:
    """The format is as recorded: `2022-05-13 15:01:13 UTC`."""
    when = datetime(2022, 5, 13, 15, 1, 13, tzinfo=UTC)
    for token in (
        Token("text", MONA, expires_at=when),
        Token("text", MONA, "fine_grained", permissions={}, expires_at=when),
    ):
        fields = authorization.headers(token, LIST)
        assert fields["github-authentication-token-expiration"] == "2022-05-13 15:01:13 UTC"


def test_a_token_never_shows_its_text() -> None:
    """The token is neither in its repr nor in a hint."""
    token = Token("ghp_secret", MONA, scopes=())
    repository = Repository(9, MONA, "example", private=True, default_branch="main",
                            created_at=NOON, updated_at=NOON, pushed_at=NOON)  # fmt: skip
    hint = authorization.explain("hidden", DEPLOY, token, repository, right="admin", selected=None)
    assert hint == (
        "the token of mona has no scope; repos/create-deployment on private repository mona/example "
        'needs repo or repo_deployment: add_token(..., scopes=["repo"])'
    )
    assert "ghp_secret" not in repr(token) + hint
