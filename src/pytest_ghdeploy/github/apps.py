"""
GitHub Apps: their bots and ids, and the app of GitHub Actions.

The app of GitHub Actions is recorded in the example of the event
``workflow_job`` in https://github.com/octokit/webhooks.
"""

from __future__ import annotations

import hashlib
import json
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.github.model import App

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import TokenKind, User

ACTIONS = "github-actions"
"""The slug of GitHub Actions' app."""
EXAMPLE = "example-app"
"""The slug of the app that every JSON web token belongs to until a test adds an app."""
ACTIONS_BOT = "github-actions[bot]"
"""The login of the account that a workflow's token acts as."""
ACTIONS_ID = 15_368
GITHUB = "github"
"""The login of the app's owner."""
GITHUB_ID = 9919

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits

_PERMISSIONS = {
    "actions": "write",
    "administration": "read",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "discussions": "write",
    "issues": "write",
    "merge_queues": "write",
    "metadata": "read",
    "packages": "write",
    "pages": "write",
    "pull_requests": "write",
    "repository_hooks": "write",
    "repository_projects": "write",
    "security_events": "write",
    "statuses": "write",
    "vulnerability_alerts": "read",
}
_EVENTS = (
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issues",
    "issue_comment",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "registry_package",
    "release",
    "repository",
    "repository_dispatch",
    "status",
    "watch",
    "workflow_dispatch",
    "workflow_run",
)


def slug_of(bot_login: str) -> str:
    """Return the slug of the app whose bot has this login: ``vercel`` for ``vercel[bot]``."""
    return bot_login.removesuffix("[bot]").lower()


def client_id(app_id: int) -> str:
    """Make up the OAuth client id of an app: ``Iv23li`` and 14 letters and digits, as on GitHub since 2024."""
    return "Iv23li" + _made_up(b"client of app %d" % app_id, 14)


def token_text(kind: TokenKind, number: int) -> str:
    """Make up the text of the *number*-th token that the fake issues: GitHub's prefix, then 36 letters and digits."""
    return _PREFIXES[kind] + _made_up(b"token %d" % number, 36)


_PREFIXES: dict[TokenKind, str] = {"app": "ghs_", "user_access": "ghu_"}


def stateless_token_text(app_id: int, number: int, issued_at: datetime, expires_at: datetime) -> str:
    """
    Make up the *number*-th token that the fake issues, in GitHub's newer format, for an installation of an app.

    It is ``ghs_``, the app's id, ``_`` and a JSON web token, about 520 characters in all [guess: its claims]. Nobody
    could verify its signature, which is made up too.

    Source:
        GitHub's description of this operation; users of githubkit and kodus-ai show such tokens in 2026.
    """
    from pytest_ghdeploy.github.json_web_tokens import encoded  # few tests need it

    header = {"alg": "RS256", "typ": "JWT"}
    times = {"iat": int(issued_at.timestamp()), "exp": int(expires_at.timestamp())}
    claims = {**times, "jti": _made_up(b"claims of token %d" % number, 36)}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    signature = hashlib.shake_256(b"signature of token %d" % number).digest(256)
    return f"ghs_{app_id}_{'.'.join(encoded(part) for part in (*parts, signature))}"


def _made_up(seed: bytes, length: int) -> str:
    digest = hashlib.shake_256(seed).digest(length)
    return "".join(_LETTERS_AND_DIGITS[byte % len(_LETTERS_AND_DIGITS)] for byte in digest)


def installation_id(app_id: int) -> int:
    """Return the id of the installation that GitHub names if the token of an app was not issued for one."""
    return 52_000_000 + app_id


def actions_app(owner: User) -> App:
    """Return GitHub Actions' app. Its *owner* is the account ``github``."""
    return App(
        id=ACTIONS_ID,
        client_id=client_id(ACTIONS_ID),
        slug=ACTIONS,
        name="GitHub Actions",
        owner=owner,
        created_at=datetime(2018, 7, 30, 9, 30, 17, tzinfo=UTC),
        permissions=_PERMISSIONS,
        events=_EVENTS,
        description="Automate your workflow from idea to production",
        external_url="https://help.github.com/en/actions",
        updated_at=datetime(2019, 12, 10, 19, 4, 12, tzinfo=UTC),
    )
