"""
Who may do what: scopes, permissions and what GitHub answers without them.

Pure functions, as in ``rules.py``. An operation needs three things at once: the
caller's right on the repository, and of the token either a scope (classic
tokens) or a permission (fine-grained tokens and those of apps). Sources:
https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_ghdeploy.github.rules.permissions import allows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ghdeploy.github.model import Permission, Repository, Token, User

Verdict = Literal["allowed", "hidden", "not_admin", "apps_only", "not_accessible"]
"""*hidden* is GitHub's 404; the last three are its 403s."""

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
_ALONE = ("admin:org_hook", "delete:packages", "delete_repo", "gist", "notifications", "workflow")

SCOPES: tuple[str, ...] = tuple(sorted({*_INCLUDED, *_ALONE}.union(*_INCLUDED.values())))
"""All that a classic token can have."""

_READ_WRITE: tuple[str, ...] = ("read", "write")
TOKEN_PERMISSIONS: dict[str, tuple[str, ...]] = {
    "actions": _READ_WRITE,
    "administration": _READ_WRITE,
    "attestations": _READ_WRITE,
    "checks": _READ_WRITE,
    "codespaces": _READ_WRITE,
    "contents": _READ_WRITE,
    "dependabot_secrets": _READ_WRITE,
    "deployments": _READ_WRITE,
    "discussions": _READ_WRITE,
    "environments": _READ_WRITE,
    "issues": _READ_WRITE,
    "metadata": ("read",),
    "packages": _READ_WRITE,
    "pages": _READ_WRITE,
    "pull_requests": _READ_WRITE,
    "repository_hooks": _READ_WRITE,
    "secret_scanning_alerts": _READ_WRITE,
    "secrets": _READ_WRITE,
    "security_events": _READ_WRITE,
    "statuses": _READ_WRITE,
    "vulnerability_alerts": _READ_WRITE,
    "workflows": ("write",),
}
"""The permissions on repositories that fine-grained tokens and apps can have, and their levels, weakest first."""

# What a scope of its own gives access to, on private repositories too, without the code.
_SCOPE_FOR = {"deployments": "repo_deployment", "statuses": "repo:status"}

# The same for hooks, by what is done: who may write may read, and who may delete may do both.
_SCOPES_FOR_HOOKS = ("admin:repo_hook", "write:repo_hook", "read:repo_hook")
# These send what the hook would send anyway: whoever may read a hook may do so.
_SENDS_ONLY = frozenset({"repos/ping-webhook", "repos/test-push-webhook"})

# The operations that GitHub lets apps alone do.
_FOR_APPS = frozenset({"checks/create", "checks/update"})
# The operations of an account and of no repository that no app can do.
_FOR_PEOPLE = frozenset({"users/get-authenticated", "repos/create-for-authenticated-user"})
# The operations whose description lists a 403 for a user without the right to administer: others are 404 then.
_NEED_ADMIN_403 = frozenset({"repos/update", "repos/delete", "repos/add-collaborator", "repos/remove-collaborator"})
_CREATES_REPOSITORY = "repos/create-for-authenticated-user"


class Needed(NamedTuple):
    """
    What an operation asks of its caller.

    Attributes:
        right: On the repository in the path.

        permission: Of a fine-grained token or an app, GitHub's name of it; ``""`` where none is needed.

        reads: Whether it changes nothing.
    """

    operation_id: str
    right: Permission
    permission: str
    reads: bool

    @property
    def level(self) -> str:
        """How much of the *permission* it takes."""
        return "read" if self.reads or self.operation_id in _SENDS_ONLY else "write"


def permission_for(*, needs: Permission, given: str | None, usual: str) -> str:
    """
    Find the permission that an operation takes.

    Args:
        given: What the operation itself names, if anything.

        usual: That of the others on its page. What takes the right ``admin`` takes ``administration`` instead.
    """
    if given is not None:
        return given
    return "administration" if needs == "admin" else usual


def normal_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """
    Leave out the scopes that others include, and sort the rest, as GitHub does.

    Source:
        https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps#normalized-scopes
    """
    given = set(scopes)
    included = {name for scope in given for name in _INCLUDED.get(scope, ())}
    return tuple(sorted(given - included))


def scopes_for(needed: Needed, *, private: bool) -> tuple[str, ...]:
    """List the scopes each of which is enough for an operation on a repository."""
    if needed.operation_id == "repos/delete":
        return ("delete_repo",)
    return (*(() if private else ("public_repo",)), "repo", *_own_scopes(needed))


def _own_scopes(needed: Needed) -> tuple[str, ...]:
    if needed.permission == "repository_hooks":
        # https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
        if needed.operation_id == "repos/delete-webhook":
            return _SCOPES_FOR_HOOKS[:1]
        return _SCOPES_FOR_HOOKS if needed.level == "read" else _SCOPES_FOR_HOOKS[:2]
    own = _SCOPE_FOR.get(needed.permission)
    return (own,) if own else ()


def has(permissions: Mapping[str, str], permission: str, level: str) -> bool:
    """Tell whether *permissions* include the *level* of a permission."""
    levels = TOKEN_PERMISSIONS.get(permission, ())
    given = permissions.get(permission)
    return given in levels and level in levels and levels.index(given) >= levels.index(level)


def sees(token: Token | None, *, right: Permission | None, private: bool, selected: bool) -> bool:
    """
    Tell whether a caller may know that a repository is there.

    Args:
        token: ``None`` for an anonymous caller.

        right: What the token's user may do there.

        selected: Whether it is one of those that a fine-grained or an app's token is for.
    """
    if not private:
        return True
    if token is None or token.is_unlimited:
        return right is not None
    if token.kind == "classic":
        return right is not None and "repo" in (token.scopes or ())
    return selected and (token.kind == "app" or right is not None)


def decide(needed: Needed, token: Token | None, *, right: Permission | None, private: bool, selected: bool) -> Verdict:
    """
    Decide whether a caller may do an operation on a repository; for the arguments see ``sees``.

    A user's token that lacks a right or a scope is told that there is nothing,
    with few exceptions; a fine-grained or an app's token is told what it is.
    What an app may do depends on its permissions alone.

    Source:
        https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api, and reports by
        users for the 404s (fulll/github#16, TrueLearnAI/truelearn#18) and the 403s (chrnorm/deployment-status#31).
    """
    visible = sees(token, right=right, private=private, selected=selected)
    # What anyone may read, any token may read.
    reads_public = not private and needed.reads and needed.right == "pull"
    entitled = allows(right, needed.right)
    if token is None or token.is_unlimited:
        may = entitled
    elif token.kind == "classic":
        accepted = scopes_for(needed, private=private)
        may = entitled and (reads_public or any(scope in accepted for scope in token.scopes or ()))
    else:
        permitted = selected and has(token.permissions or {}, needed.permission, needed.level)
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
    Decide whether a caller may do an operation that is about no repository.

    Source:
        https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user
    """
    if token is None or token.is_unlimited or needed.operation_id not in _FOR_PEOPLE:
        return "allowed"
    if token.kind == "app":
        return "not_accessible"
    if needed.operation_id != _CREATES_REPOSITORY:
        return "allowed"
    if token.permissions is not None:
        return "allowed" if has(token.permissions, needed.permission, needed.level) else "not_accessible"
    return "allowed" if may_create(token, private=False) else "hidden"


def may_create(token: Token | None, *, private: bool) -> bool:
    """Tell whether the scopes of a classic token, if it has any limits, let it create such a repository."""
    if token is None or token.scopes is None:
        return True
    return "repo" in token.scopes or (not private and "public_repo" in token.scopes)


# What answers say about it


def headers(token: Token, needed: Needed | None) -> dict[str, str]:
    """
    Make the headers that tell a caller what its token may do, and what the operation takes.

    Args:
        needed: ``None`` where the path names no operation.

    Source:
        https://docs.github.com/rest/authentication/permissions-required-for-github-apps, and recordings:
        PyGithub's and octokit.rb's of deployments have ``repo, repo_deployment`` on reading, nothing on creating.
    """
    made: dict[str, str] = {}
    if token.kind == "classic":
        made["X-OAuth-Scopes"] = ", ".join(normal_scopes(SCOPES) if token.scopes is None else token.scopes)
        made["X-Accepted-OAuth-Scopes"] = ", ".join(accepted_scopes(needed) if needed else ())
    elif needed:
        made["X-Accepted-GitHub-Permissions"] = accepted_permissions(needed)
    if token.expires_at:
        made["github-authentication-token-expiration"] = f"{token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    return made


def accepted_scopes(needed: Needed) -> tuple[str, ...]:
    """List what ``X-Accepted-OAuth-Scopes`` holds. Recorded for deployments [guess: in the same manner for others]."""
    if needed.operation_id == "repos/delete":
        return ("delete_repo",)
    if needed.operation_id == _CREATES_REPOSITORY:
        return ("public_repo", "repo")
    if not needed.permission or (needed.permission == "deployments" and not needed.reads):
        return ()
    own = _own_scopes(needed)
    if needed.permission == "repository_hooks":
        return tuple(sorted(("public_repo", "repo", *own)))
    return ("repo", *own) if needed.reads else ("public_repo", "repo", *own)


def accepted_permissions(needed: Needed) -> str:
    """Write what ``X-Accepted-GitHub-Permissions`` holds [guess: where no permission is needed]."""
    return f"{needed.permission}={needed.level}" if needed.permission else "allows_permissionless_access=true"


def has_now(token: Token) -> str:
    """Tell in words what a token was given, for hints."""
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
    Tell a test's author why a caller may not do something, and what to change.

    Args:
        selected: The full names of the repositories that the token is for, ``None`` for all.
    """
    user: User | None = token.user if token else None
    what = f"{'private' if repository.private else 'public'} repository {repository.full_name}"
    whose = f"the token of {user.login}" if user else ""
    if verdict == "apps_only":
        example = f'add_token(..., user="NAME[bot]", permissions={{"{needed.permission}": "write"}})'
        return f"{whose} is a user's, and {needed.operation_id} is for apps: {example}"
    if token and selected is not None and repository.full_name not in selected:
        return f"{whose} is for {', '.join(selected) or 'no repository'} only, not for {what}: see add_token"
    if (token is None or token.kind != "app") and not allows(right, needed.right):
        who = user.login if user else "an anonymous caller"
        return (
            f"{who} has {f'only the right {right!r}' if right else 'no right'} on {what}; "
            f"{needed.operation_id} needs {needed.right!r}: see add_collaborator"
        )
    assert token is not None  # noqa: S101 - an anonymous caller lacks rights only
    if token.permissions is None:
        takes = " or ".join(scopes_for(needed, private=repository.private))
        return f"{whose} has {has_now(token)}; {needed.operation_id} on {what} takes {takes}: see add_token"
    takes = f'add_token(..., permissions={{"{needed.permission}": "{needed.level}"}})'
    return f"{whose} has {has_now(token)}; {needed.operation_id} takes {needed.permission}={needed.level}: {takes}"


def explain_for_account(needed: Needed, token: Token) -> str:
    """Tell a test's author why a caller may not do something that is about no repository."""
    who = f"the token of {token.user.login}"
    if token.kind == "app":
        return f"{who} is an app's, which is nobody's account: {needed.operation_id} takes a user's token"
    if token.permissions is None:
        takes = " or ".join(accepted_scopes(needed))
        return f"{who} has {has_now(token)}; {needed.operation_id} takes {takes}: see add_token"
    return f"{who} has {has_now(token)}; {needed.operation_id} takes {needed.permission}={needed.level}: see add_token"
