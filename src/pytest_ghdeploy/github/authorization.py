"""
Authorization: which caller may run which operation, and how GitHub refuses the others.

These are pure functions, as in ``rules/``. An operation is allowed if the
caller has the right on the repository and the token has a scope (classic
tokens) or a permission (fine-grained tokens and app tokens) for it.

Source:
    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_ghdeploy.github.rules.permissions import allows
from pytest_ghdeploy.github.token_permissions import TOKEN_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import Permission, Repository, Token, User

Verdict = Literal[
    "allowed", "hidden", "not_admin", "apps_only", "not_accessible", "installations_only", "user_access_only"
]
"""``hidden`` becomes a 404, all after it become 403s."""
Caller = Literal["token", "jwt", "any", "installation", "user_access"]
"""
The callers that an operation allows. ``token`` is any token (and no token, where that is enough), ``jwt`` only a JSON
web token of an app, ``any`` both, ``installation`` only a token of an installation, and ``user_access`` only a token
with which an app acts for a user.
"""

_INCLUDED: dict[str, tuple[str, ...]] = {
    "repo": ("repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"),
    "admin:repo_hook": ("write:repo_hook", "read:repo_hook"),
    "write:repo_hook": ("read:repo_hook",),
    "admin:org": ("write:org", "read:org", "manage_runners:org"),
    "write:org": ("read:org",),
    "admin:public_key": ("write:public_key", "read:public_key"),
    "write:public_key": ("read:public_key",),
    "admin:gpg_key": ("write:gpg_key", "read:gpg_key"),
    "write:gpg_key": ("read:gpg_key",),
    "user": ("read:user", "user:email", "user:follow"),
    "project": ("read:project",),
    "write:packages": ("read:packages",),
    "codespace": ("codespace:secrets",),
    "audit_log": ("read:audit_log",),
}
_OTHER_SCOPES = ("admin:org_hook", "delete:packages", "delete_repo", "gist", "notifications", "workflow")

SCOPES: tuple[str, ...] = tuple(sorted({*_INCLUDED, *_OTHER_SCOPES}.union(*_INCLUDED.values())))
"""All scopes of classic tokens."""

# These scopes give access to one kind of resource, in private repositories too, but not to the code.
_SCOPE_FOR = {"deployments": "repo_deployment", "statuses": "repo:status"}

# The scopes for hooks, strongest first: deleting needs the first, writing one of the first two, reading any.
_SCOPES_FOR_HOOKS = ("admin:repo_hook", "write:repo_hook", "read:repo_hook")
# These operations change nothing, so the right to read the hook is enough.
_SENDS_ONLY = frozenset({"repos/ping-webhook", "repos/test-push-webhook"})

# Only apps may run these operations.
_FOR_APPS = frozenset({"checks/create", "checks/update"})
# Apps may not run these operations: they act on the caller's own account.
_FOR_PEOPLE = frozenset(
    {"users/get-authenticated", "repos/create-for-authenticated-user", "repos/list-for-authenticated-user"}
)
# GitHub's description lists a 403 for these if the user is not an administrator. All other operations return 404.
_NEED_ADMIN_403 = frozenset({"repos/update", "repos/delete", "repos/add-collaborator", "repos/remove-collaborator"})
_CREATES_REPOSITORY = "repos/create-for-authenticated-user"


OR = " or "
"""The text between permissions of which any one is enough."""


class Needed(NamedTuple):
    """
    The requirements that an operation places on its caller.

    Attributes:
        right: The right that the caller needs on the repository in the path.

        permission: The permission that a fine-grained token or an app needs, by GitHub's name; ``""`` for none. If any
            one of several is enough, they are joined: ``issues or pull_requests``.

        reads: Whether the operation is a GET.

        caller: The kind of caller that is allowed.
    """

    operation_id: str
    right: Permission
    permission: str
    reads: bool
    caller: Caller = "token"

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions of which any one is enough."""
        return tuple(self.permission.split(OR)) if self.permission else ()

    @property
    def levels(self) -> str:
        """The permissions with their level, as in hints: ``issues=write or pull_requests=write``."""
        return OR.join(f"{name}={self.level}" for name in self.permissions)

    @property
    def level(self) -> str:
        """The level of ``permission`` that is needed."""
        return "read" if self.reads or self.operation_id in _SENDS_ONLY else "write"


def permission_for(right: Permission, *, declared: str | None, default: str) -> str:
    """
    Find the permission that an operation needs.

    Args:
        right: The right that the operation needs on the repository.

        declared: The permission of the operation itself, if it has one.

        default:
            The permission of the other operations in its module. An operation
            that needs the right ``admin`` needs ``administration`` instead.
    """
    if declared is not None:
        return declared
    return "administration" if right == "admin" else default


def normal_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """
    Sort *scopes* and drop those that another one includes, as GitHub does.

    Source:
        https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps#normalized-scopes
    """
    unique = set(scopes)
    included = {name for scope in unique for name in _INCLUDED.get(scope, ())}
    return tuple(sorted(unique - included))


def scopes_for(needed: Needed, *, private: bool) -> tuple[str, ...]:
    """List the scopes for an operation on a repository. Any one of them is enough."""
    if needed.operation_id == "repos/delete":
        return ("delete_repo",)
    return (*(() if private else ("public_repo",)), "repo", *_own_scopes(needed))


def _own_scopes(needed: Needed) -> tuple[str, ...]:
    if needed.permission == "repository_hooks":
        # https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
        if needed.operation_id == "repos/delete-webhook":
            return _SCOPES_FOR_HOOKS[:1]
        return _SCOPES_FOR_HOOKS if needed.level == "read" else _SCOPES_FOR_HOOKS[:2]
    scope = _SCOPE_FOR.get(needed.permission)
    return (scope,) if scope else ()


def has(permissions: Mapping[str, str], permission: str, level: str) -> bool:
    """Return whether *permissions* grant *permission* at *level* or above."""
    levels = TOKEN_PERMISSIONS.get(permission, ())
    granted = permissions.get(permission)
    return granted in levels and level in levels and levels.index(granted) >= levels.index(level)


def covers(token: Token, installation: Installation | None, repository: Repository) -> bool:
    """
    Return whether a token with permissions covers a repository.

    Args:
        installation: The installation under which *token* acts in *repository*. For a token of an app, the one that
            issued it. For a token that acts for a user, the one on the owner's account. ``None`` without any.

    Source:
        https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
    """
    needs_one = token.kind in ("user_access", "jwt") or token.installation_id is not None
    if needs_one and (installation is None or not installation.covers(repository)):
        return False
    return token.repository_ids is None or repository.id in token.repository_ids


def sees(token: Token | None, *, right: Permission | None, private: bool, selected: bool) -> bool:
    """
    Return whether a caller may know that a repository exists.

    Args:
        token: ``None`` for an anonymous caller.

        right: The right of the token's user on the repository.

        selected: Whether a token with permissions covers the repository.
    """
    if not private:
        return True
    if token is None or token.is_unlimited:
        return right is not None
    if token.kind == "classic":
        return right is not None and "repo" in (token.scopes or ())
    return selected and (token.kind in ("app", "jwt") or right is not None)


def decide(needed: Needed, token: Token | None, *, right: Permission | None, private: bool, selected: bool) -> Verdict:
    """
    Decide whether a caller may run an operation on a repository.

    With few exceptions, a classic token that lacks a right or a scope gets a
    404. A fine-grained or app token gets a 403, unless the repository is hidden
    from it. For an app that acts as itself, only its permissions count. If it
    acts for a user, the user needs the right too.

    Args:
        token: *token*, *right*, *private* and *selected* are the same as in ``sees``.

    Source:
        https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api, and reports by
        users for the 404s (fulll/github#16, TrueLearnAI/truelearn#18) and the 403s (chrnorm/deployment-status#31).
    """
    visible = sees(token, right=right, private=private, selected=selected)
    # Any token may read whatever an anonymous caller may read.
    reads_public = not private and needed.reads and needed.right == "pull"
    entitled = allows(right, needed.right)
    if token is None or token.is_unlimited:
        may = entitled
    elif token.kind == "classic":
        accepted = scopes_for(needed, private=private)
        may = entitled and (reads_public or any(scope in accepted for scope in token.scopes or ()))
    else:
        held = token.permissions or {}
        permitted = selected and any(has(held, name, needed.level) for name in needed.permissions)
        may = reads_public or (visible and permitted and (token.kind == "app" or entitled))
    if token and not token.is_unlimited and token.kind != "app" and needed.operation_id in _FOR_APPS:
        return "apps_only" if visible else "hidden"
    if may:
        return "allowed"
    if not visible:
        return "hidden"
    if token and token.permissions is not None:
        return "not_accessible"
    return "not_admin" if token and needed.operation_id in _NEED_ADMIN_403 else "hidden"


def decide_for_account(needed: Needed, token: Token | None) -> Verdict:
    """
    Decide whether a caller may run an operation without a repository in its path.

    Source:
        https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user and, for apps,
        https://docs.github.com/rest/apps/installations
    """
    if token and (verdict := _OF_APPS.get((needed.caller, token.kind))):
        return verdict
    if token is None or token.is_unlimited or needed.operation_id not in _FOR_PEOPLE:
        return "allowed"
    if token.kind == "app":
        return "not_accessible"
    if needed.operation_id != _CREATES_REPOSITORY:
        return "allowed"
    if token.permissions is not None:
        return "allowed" if has(token.permissions, needed.permission, needed.level) else "not_accessible"
    return "allowed" if may_create(token, private=False) else "hidden"


# By the kinds of caller and token: operations of apps that other tokens may not run.
_OF_APPS: dict[tuple[Caller, str], Verdict] = {
    **{("installation", kind): "installations_only" for kind in ("classic", "fine_grained", "user_access")},
    **{("user_access", kind): "user_access_only" for kind in ("classic", "fine_grained")},
    ("user_access", "app"): "not_accessible",
}


def may_create(token: Token | None, *, private: bool) -> bool:
    """Return whether the scopes of a classic token allow it to create a private or public repository."""
    if token is None or token.scopes is None:
        return True
    return "repo" in token.scopes or (not private and "public_repo" in token.scopes)


# Headers and hints


def headers(token: Token, needed: Needed | None) -> dict[str, str]:
    """
    Build the response headers that list the token's scopes and those that the operation accepts.

    Args:
        needed: ``None`` if the path matches no operation.

    Source:
        https://docs.github.com/rest/authentication/permissions-required-for-github-apps, and recordings by
        PyGithub and octokit.rb: reading deployments accepts ``repo, repo_deployment``, creating one lists none.
    """
    fields: dict[str, str] = {}
    if token.kind == "jwt":
        return fields
    if token.kind == "classic":
        fields["X-OAuth-Scopes"] = ", ".join(normal_scopes(SCOPES) if token.scopes is None else token.scopes)
        fields["X-Accepted-OAuth-Scopes"] = ", ".join(accepted_scopes(needed) if needed else ())
    elif needed:
        fields["X-Accepted-GitHub-Permissions"] = accepted_permissions(needed)
    if token.expires_at:
        fields["github-authentication-token-expiration"] = f"{token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return fields


def accepted_scopes(needed: Needed) -> tuple[str, ...]:
    """List the scopes in ``X-Accepted-OAuth-Scopes``: recorded for deployments [guess: the same for others]."""
    if needed.operation_id == "repos/delete":
        return ("delete_repo",)
    if needed.operation_id == _CREATES_REPOSITORY:
        return ("public_repo", "repo")
    if not needed.permission or (needed.permission == "deployments" and not needed.reads):
        return ()
    scopes = _own_scopes(needed)
    if needed.permission == "repository_hooks":
        return tuple(sorted(("public_repo", "repo", *scopes)))
    return ("repo", *scopes) if needed.reads else ("public_repo", "repo", *scopes)


def accepted_permissions(needed: Needed) -> str:
    """Format ``X-Accepted-GitHub-Permissions`` [guess: the value if no permission is needed]."""
    listed = (f"{name}={needed.level}" for name in needed.permissions)
    return "; ".join(listed) or "allows_permissionless_access=true"


def has_now(token: Token) -> str:
    """Describe the scopes or permissions of a token, for hints."""
    if token.permissions is not None:
        return "the permissions " + ", ".join(f"{name}={level}" for name, level in sorted(token.permissions.items()))
    if not token.scopes:
        return "no scope"
    return f"the scope{'s' if len(token.scopes) > 1 else ''} {', '.join(token.scopes)}"


def explain(
    verdict: Verdict,
    needed: Needed,
    token: Token | None,
    repository: Repository,
    *,
    right: Permission | None,
    selected: Collection[str] | None,
) -> str:
    """
    Write the hint for a refused caller: the reason, and how to change the setup.

    Args:
        selected: The full names of the repositories that the token covers, ``None`` for all.
    """
    user: User | None = token.user if token else None
    target = f"{'private' if repository.private else 'public'} repository {repository.full_name}"
    subject = f"the token of {user.login}" if user else ""
    if verdict == "apps_only":
        example = f'add_token(..., user="NAME[bot]", permissions={{"{needed.permission}": "write"}})'
        if token and token.kind == "user_access":
            example = "use the token of an installation"
        return f"{subject} is a user's token, and only apps may call {needed.operation_id}: {example}"
    if token and selected is not None and repository.full_name not in selected:
        covered = f"{', '.join(selected)} only" if selected else "no repository"
        listed = ", ".join(f'"{name}"' for name in (*selected, repository.full_name))
        by_install = token.installation_id is not None or token.kind == "user_access"
        setup = "see App.install" if by_install else f"add_token(..., repositories=[{listed}])"
        return f"{subject} covers {covered}, not {target}: {setup}"
    if (token is None or token.kind != "app") and not allows(right, needed.right):
        has = f"has {f'only the right {right!r}' if right else 'no right'} on {target}"
        needs = f"{needed.operation_id} needs {needed.right!r}"
        if user is None:
            return f"no token was sent, and an anonymous caller {has}; {needs}: send the header Authorization"
        granted = "" if needed.right == "push" else f', "{needed.right}"'
        example = f'repo.add_collaborator("{user.login}"{granted})'
        if token and token.kind != "user_access":
            example += f', or add_token(..., user="{repository.owner.login}")'
        return f"{user.login} {has}; {needs}: {example}"
    assert token is not None  # noqa: S101 - an anonymous caller lacks rights only
    if token.permissions is None:
        scopes = scopes_for(needed, private=repository.private)
        example = f'add_token(..., scopes=["{"repo" if "repo" in scopes else scopes[0]}"])'
        listed = " or ".join(scopes)
        return f"{subject} has {has_now(token)}; {needed.operation_id} on {target} needs {listed}: {example}"
    example = f'add_token(..., permissions={{"{needed.permissions[0]}": "{needed.level}"}})'
    if token.kind == "user_access":
        example = "see add_app and App.install"
    elif token.installation_id is not None:
        example = "see App.install and Installation.token"
    return f"{subject} has {has_now(token)}; {needed.operation_id} needs {needed.levels}: {example}"


def explain_for_account(needed: Needed, token: Token) -> str:
    """Write the hint for a refused caller of an operation without a repository."""
    subject = f"the token of {token.user.login}"
    if needed.caller == "installation":
        return f"{subject} is not a token of an installation, which {needed.operation_id} needs: see Installation.token"
    if needed.caller == "user_access":
        return f"{subject} is not one with which an app acts for a user: see Installation.user_token"
    if token.kind == "app":
        return f"{subject} is an app token and has no user account: {needed.operation_id} needs a user's token"
    if token.permissions is None:
        scopes = accepted_scopes(needed)
        example = f'add_token(..., scopes=["{scopes[-1]}"])'
        return f"{subject} has {has_now(token)}; {needed.operation_id} needs {' or '.join(scopes)}: {example}"
    call = "add_app" if token.kind == "user_access" else "add_token"
    example = f'{call}(..., permissions={{"{needed.permission}": "{needed.level}"}})'
    return f"{subject} has {has_now(token)}; {needed.operation_id} needs {needed.permission}={needed.level}: {example}"
