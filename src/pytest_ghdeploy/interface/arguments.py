"""Checks of the arguments that a test passes. The messages are for the author of the test."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import git_objects, model
from pytest_ghdeploy.github.assumptions import BRANCH_POLICY_REDIRECTS, Assumptions
from pytest_ghdeploy.github.refusals import GitHubError
from pytest_ghdeploy.github.token_permissions import TOKEN_PERMISSIONS
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.redaction.content import without_likely_credentials
from pytest_ghdeploy.redaction.names import quotable
from pytest_ghdeploy.store.clock import in_utc

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_ghdeploy.github.model import App, Repository, Team, User
    from pytest_ghdeploy.store.store import Store

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?(?:\[bot\])?")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_COMMON_HEADERS = ("content-encoding", "content-length", "content-type", "location", "retry-after", "transfer-encoding")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# One line of Latin-1, as HTTP requires, without white space at either end.
_HEADER_VALUE = re.compile(r"(?:[!-~\xa0-\xff](?:[\t -~\xa0-\xff]*[!-~\xa0-\xff])?)?")
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_ELLIPSES = ("...", "\N{HORIZONTAL ELLIPSIS}")
# The values of the assumptions that are neither switches nor numbers.
_CHOICES = {"branch_policy_redirect": BRANCH_POLICY_REDIRECTS}


@contextmanager
def advice(**arguments: str) -> Iterator[None]:
    """
    Turn GitHub's refusals into errors for the author of a test.

    Args:
        arguments: Argument names by request field, where the two differ: ``url="target"``.

    Raises:
        FakeError: The block raised a ``GitHubError``. The message contains GitHub's status and message, and the hint.
    """
    try:
        yield
    except GitHubError as refusal:
        msg = f"GitHub would respond {refusal.status} {refusal.message!r}: {refusal.hint}"
        field = refusal.field
        raise FakeError(msg, argument=None if field is None else arguments.get(field, field)) from None


def json_copy(operation_id: str, /, **members: object) -> dict[str, Any]:
    """
    Make the JSON body that a client would send for these arguments.

    Raises:
        FakeError: A value cannot be written as JSON, or does not match the operation's request schema.
    """
    copied = plain_json(**members)
    with advice():
        schema.check_request(operation_id, copied)
    return copied


def plain_json(**members: object) -> dict[str, Any]:
    """
    Copy arguments by writing them as JSON and reading them back.

    Raises:
        FakeError: A value cannot be written as JSON in UTF-8.
    """
    try:
        copied: dict[str, Any] = json.loads(_to_json(members))
    except (TypeError, ValueError) as problem:
        name = next((member for member, value in members.items() if not _is_json(value)), None)
        msg = f"{name or 'this'} cannot be written as JSON: {problem}"
        raise FakeError(msg, argument=name) from None
    return copied


def _to_json(value: object) -> bytes:
    # A lone surrogate, which no response can contain, fails here.
    return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def _is_json(value: object) -> bool:
    try:
        _to_json(value)
    except (TypeError, ValueError):
        return False
    return True


def one_of(what: str, value: object, known: Sequence[str], *, argument: str) -> None:
    """
    Check that *value* is one of the *known* values.

    Args:
        what: The kind of value, for the message.

        argument: The name of the argument with the value.

    Raises:
        FakeError: *value* is unknown. The message lists the known values.
    """
    if value not in known:
        raise errors.unknown(what, value, known, argument=argument)


def unknown_quotable(what: str, value: object, known: Collection[str], *, more: str = "", argument: str) -> FakeError:
    """Create an error for an unknown value next to secrets. A value that could be a token is not quoted."""
    return errors.unknown(what, quotable(value, known), known, more=more, argument=argument)


def check_type(
    name: str, value: object, wanted: type | tuple[type, ...], called: str, *, argument: str | None = None
) -> None:
    """
    Check that *value* is of the type *wanted*.

    Args:
        name: The name of the value in the message: the name of its argument, or a description.

        called: The wanted type in words, such as ``a string``.

        argument: The name of the argument with the value, if *name* is a description.

    Raises:
        FakeError: *value* has another type. The message says what *name* must be.
    """
    # The store's rows are tuples too, but not lists of values.
    is_row = isinstance(value, tuple) and hasattr(value, "_fields") and isinstance(wanted, tuple) and tuple in wanted
    if is_row or not isinstance(value, wanted) or (isinstance(value, str) and not _is_json(value)):
        msg = f"{name} must be {called}, got {value!r}"
        raise FakeError(msg, argument=argument or (name if name.isidentifier() else None))


def headers_of(headers: object) -> dict[str, str]:
    """
    Copy the headers that a test adds to a response.

    Names that clients look up in every response are spelled as the fake spells them.

    Raises:
        FakeError: *headers* is not a mapping of strings, or a name or value is not valid in HTTP. The message
            contains no values, since they may be secrets.
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        msg = f"headers must be a mapping of strings, got {errors.kind_of(headers)}"
        raise FakeError(msg, argument="headers")
    copied = {}
    for name, value in headers.items():
        check_type("the name of a header", name, str, "a string", argument="headers")
        if not _HEADER_NAME.fullmatch(name):
            # The name may contain the value too.
            shown = re.sub(r"[:=].*", "…", name, flags=re.DOTALL)
            msg = f"invalid header name {shown!r}: use letters, digits and hyphens, as in Retry-After"
            raise FakeError(msg, argument="headers")
        if not isinstance(value, str):
            msg = f"the header {name} must be a string, got {errors.kind_of(value)}"
            raise FakeError(msg, argument="headers")
        if not _HEADER_VALUE.fullmatch(value):
            msg = f"the header {name} must be one line of Latin-1; {_header_problem(value)}"
            raise FakeError(msg, argument="headers")
        copied[name.title() if name.lower() in _COMMON_HEADERS else name] = value
    return copied


def _header_problem(value: str) -> str:
    if value != value.strip(" \t"):
        return "it starts or ends with white space"
    character = next(char for char in value if not _HEADER_VALUE.fullmatch(char) and char not in " \t")
    return f"it contains the character U+{ord(character):04X}"


def check_number(name: str, number: object, least: int, most: int | None = None) -> None:
    """
    Check a whole number.

    Args:
        name: The name of the argument with the number.

        most: ``None`` for no limit.

    Raises:
        FakeError: It is not a whole number, is less than *least* or more than *most*.
    """
    if type(number) is not int or number < least or (most is not None and number > most):
        allowed = f"{least} or more" if most is None else f"{least} to {most}"
        msg = f"{name} must be a whole number, {allowed}; got {number!r}"
        raise FakeError(msg, argument=name)


def check_method(method: str) -> None:
    """
    Check the name of an HTTP method, in upper or lower case.

    Raises:
        FakeError: *method* is unknown. The message lists the known ones.
    """
    check_type("method", method, str, "a string")
    if method.upper() not in _METHODS:
        raise errors.unknown("method", method, _METHODS, argument="method")


def check_path(path: object) -> None:
    """
    Check a path below the root of the API.

    Raises:
        FakeError: It does not start with a slash, has a query, or contains an ellipsis as a segment.
    """
    if not isinstance(path, str):
        msg = f"path must be a string, got {errors.kind_of(path)}"
        raise FakeError(msg, argument="path")
    # A query, or the user in front of a host, may contain a token.
    shown = re.sub(r"\?.*", "?…", without_likely_credentials(path), flags=re.DOTALL)
    check_type("path", shown, str, "a string")
    if not path.startswith("/") or "?" in path:
        msg = f'path must start with "/" and must not have a query, such as "/repos/octocat/example"; got {shown!r}'
        raise FakeError(msg, argument="path")
    if ellipsis := next((part for part in path.split("/") if part in _ELLIPSES), None):
        msg = f'path must be complete; use "*" for any segment instead of {ellipsis!r} in {path!r}'
        raise FakeError(msg, argument="path")


def check_ref_name(name: str, *, argument: str = "name") -> None:
    """
    Check the name of a branch or tag.

    Raises:
        FakeError: Git does not allow the name, or it is a full ref such as ``refs/heads/main``.
    """
    check_type("a branch or tag", name, str, "a string", argument=argument)
    if name.startswith("refs/"):
        msg = f"{name!r} is a full ref: use the name of the branch or tag, without refs/heads/ or refs/tags/"
        raise FakeError(msg, argument=argument)
    if not git_objects.is_valid_ref_name(name):
        msg = f"{name!r} is not a valid name for a branch or tag: see git check-ref-format"
        raise FakeError(msg, argument=argument)


def check_login(login: str, *, argument: str = "login") -> None:
    """
    Check the login of an account.

    Raises:
        FakeError: GitHub does not allow the login.
    """
    check_type("a login", login, str, "a string", argument=argument)
    if not _LOGIN.fullmatch(login):
        msg = f'invalid login {login!r}: use letters, digits and "-"; the login of a bot ends in "[bot]"'
        raise FakeError(msg, argument=argument)


def split_full_name(full_name: str) -> tuple[str, str]:
    """
    Split the full name of a repository into owner and name.

    Raises:
        FakeError: It is not the full name of a repository.
    """
    check_type("full_name", full_name, str, 'a string such as "owner/name"')
    owner, slash, name = full_name.partition("/")
    if (
        not slash
        or not _LOGIN.fullmatch(owner)
        or not _NAME.fullmatch(name)
        or name in (".", "..")
        or name.endswith(".git")
    ):
        msg = f'invalid repository name {full_name!r}: use "owner/name", with letters, digits, ".", "_" and "-"'
        raise FakeError(msg, argument="full_name")
    return owner, name


def user_called(store: Store, login: str | None, argument: str) -> User:
    """
    Look up an account by its login. ``None`` is the default user, ``octocat``.

    Args:
        argument: The name of the argument with the login.

    Raises:
        FakeError: No account has this login. The message lists the known ones.
    """
    if login is None:
        return store.default_user
    if isinstance(login, model.User):
        msg = f"{argument} must be a login, got a User: use its login, {login.login!r}"
        raise FakeError(msg, argument=argument)
    check_type(argument, login, str, "a login")
    user = store.user(login)
    if user is None:
        known = (user.login for user in store.users)
        raise errors.unknown("user", login, known, more=": add it with add_user", argument=argument)
    return user


def to_assumptions(values: Mapping[str, Any]) -> Assumptions:
    """
    Check the assumptions that a test makes.

    Raises:
        FakeError: An assumption is unknown, or its value is invalid.
    """
    known: dict[str, Any] = {field.name: field.default for field in fields(Assumptions)}
    for name, value in values.items():
        if name not in known:
            raise errors.unknown(
                "argument", name, ["base_url", "validate", "enterprise_version", *known], argument=name
            )
        if name in _CHOICES:
            is_valid, wanted = value in _CHOICES[name], " or ".join(f'"{choice}"' for choice in _CHOICES[name])
        else:
            is_valid = type(value) is type(known[name]) and value >= 0
            wanted = "True or False" if isinstance(known[name], bool) else "a whole number, 0 or more"
        if not is_valid:
            msg = f"{name} must be {wanted}, got {value!r}"
            raise FakeError(msg, argument=name)
    return Assumptions(**values)


def team_called(store: Store, name: str, argument: str) -> Team:
    """
    Look up a team by organization and slug, such as ``octo-org/release-team``, ignoring case.

    Raises:
        FakeError: No team has this name. The message lists the known ones.
    """
    teams = {f"{team.organization.login}/{team.slug}": team for team in store.teams}
    for known, team in teams.items():
        if known.lower() == name.lower():
            return team
    raise errors.unknown("team", name, teams, argument=argument)


def app_called(store: Store, slug: str, argument: str) -> App:
    """
    Look up an app by its slug.

    Raises:
        FakeError: No app has this slug. The message lists the known ones.
    """
    apps = {app.slug: app for app in store.apps}
    if slug not in apps:
        raise errors.unknown("app", slug, apps, argument=argument)
    return apps[slug]


def permissions_of(permissions: Mapping[str, str]) -> dict[str, str]:
    """
    Check and copy the permissions of a token, an app or an installation. ``metadata`` is always among them.

    Raises:
        FakeError: A permission or its level is unknown. The message lists the known ones.
    """
    check_type("permissions", permissions, Mapping, 'a mapping such as {"deployments": "write"}')
    for name, level in permissions.items():
        levels = TOKEN_PERMISSIONS.get(name)
        if levels is None:
            raise unknown_quotable("permission", name, TOKEN_PERMISSIONS, argument="permissions")
        if level not in levels:
            more = f" of the permission {name}"
            raise unknown_quotable("level", level, levels, more=more, argument="permissions")
    # Every token with a permission can read the metadata of a repository.
    return {"metadata": "read", **permissions}


def repositories_called(store: Store, full_names: Sequence[str]) -> list[Repository]:
    """
    Look up the repositories in an argument *repositories* by their full names.

    Raises:
        FakeError: One of them does not exist. The message lists the known ones.
    """
    check_type(
        "repositories", full_names, (list, tuple, set, frozenset), 'a list of full names, such as ["octocat/example"]'
    )
    for full_name in full_names:
        check_type("the name of a repository", full_name, str, 'a string such as "owner/name"', argument="repositories")
    return [repository_called(store, full_name, "repositories") for full_name in full_names]


def time_of(name: str, when: datetime | None) -> datetime | None:
    """
    Convert a time to UTC in whole seconds.

    Args:
        name: The name of the argument with the time.

    Raises:
        FakeError: It has no time zone, or is outside the years 1 to 9999.
    """
    if when is None:
        return None
    if not isinstance(when, datetime) or when.tzinfo is None:
        msg = f"{name} must be a datetime with a time zone, got {when!r}"
        raise FakeError(msg, argument=name)
    converted = in_utc(when)
    if converted is None:
        msg = f"{name} must be a time in the years 1 to 9999, in UTC; got {when.isoformat()}"
        raise FakeError(msg, argument=name)
    return converted


def repository_called(store: Store, full_name: str, argument: str) -> Repository:
    """
    Look up a repository by its full name, ignoring case.

    Raises:
        FakeError: No repository has this name. The message lists the known ones.
    """
    row = store.repository(full_name)
    if row is None:
        known = (row.full_name for row in store.repositories)
        raise errors.unknown("repository", full_name, known, argument=argument)
    return row
