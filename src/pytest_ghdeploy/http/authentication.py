"""The checks of a request's caller: authentication and authorization."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.rules import repositories as rules
from pytest_ghdeploy.github.rules.permissions import allows

if TYPE_CHECKING:
    from pytest_ghdeploy.api.routing import Endpoint
    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import Repository, Token
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.http.messages import Request
    from pytest_ghdeploy.store.store import Store


def token_of(authorization: str) -> str:
    """Read the token from an ``Authorization`` header: ``token X``, ``Bearer X`` or Basic. The default is ``""``."""
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "token" | "bearer":
            return value
        case "basic":
            try:
                name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            except ValueError:
                return ""
            # Git and curl send the token as the password, old clients send it as the user name.
            return name if password in ("", "x-oauth-basic") else password
        case _:
            return ""


_DOTS = 2
"""How many dots a JSON web token has."""


def is_json_web_token(text: str) -> bool:
    """Return whether a token is a JSON web token rather than one of GitHub's own tokens."""
    if text.count(".") != _DOTS:
        return False
    from pytest_ghdeploy.github import json_web_tokens  # few tests need them

    return json_web_tokens.read(text) is not None


def find_token(store: Store, text: str | None) -> Token | None:
    """
    Look up a token by its *text*, even if it is revoked or expired; ``None`` if it is unknown or has no text.

    Accepting every token does not include JSON web tokens.
    """
    if not text:
        return None
    known = store.tokens.get(text) or store.issued_tokens.get(text)
    if known or store.tokens or is_json_web_token(text):
        return known
    return store.any_token


def authenticate(store: Store, request: Request) -> Token | None:
    """
    Return the token of a request; ``None`` for an anonymous request.

    A JSON web token becomes a token of its app, where one is allowed.

    Raises:
        Forbidden: The request has no header ``User-Agent``, or the token's installation is suspended.
        Unauthorized: The header ``Authorization`` contains no token, the token is unknown, revoked or expired, or it
            is a JSON web token where GitHub takes none, or none where GitHub takes only that.

    Source:
        https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    if not request.headers.get("user-agent"):
        raise refusals.user_agent_required()
    takes_jwt_only = request.endpoint is not None and request.endpoint.caller == "jwt"
    if takes_jwt_only or (request.token is None and is_json_web_token(request.token_text or "")):
        from pytest_ghdeploy.http import app_authentication  # few tests need it

        return app_authentication.authenticate(store, request)
    if request.token_text is None:
        return None
    if not request.token_text:
        raise refusals.bad_credentials("the Authorization header contains no token")
    token = request.token
    if token is None:
        raise refusals.bad_credentials(
            f"the token was not added with add_token (tokens added: {len(store.tokens)}); "
            "until one is added, every token is accepted"
        )
    _check_valid(store, token)
    return token


def _check_valid(store: Store, token: Token) -> None:
    if token.revoked:
        means = "revoke_token or DELETE /installation/token"
        raise refusals.bad_credentials(f"the token of {token.user.login} was revoked with {means}")
    installation = None if token.installation_id is None else store.installations.get(token.installation_id)
    if token.installation_id is not None and installation is None:
        raise refusals.bad_credentials(
            f"the token of {token.user.login} belongs to an installation that was deleted, or that ended when "
            "App.install was called: until then, an app is installed on every account"
        )
    if token.expires_at and store.clock.now >= token.expires_at:
        raise refusals.bad_credentials(
            f"the token of {token.user.login} has expired: it is {store.clock.now:%Y-%m-%d %H:%M:%S} UTC by "
            f"ghdeploy.clock, and expires_at is {token.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    if installation and installation.suspended_at:
        from pytest_ghdeploy.github.rules import apps as app_rules  # few tests need it

        app_rules.check_not_suspended(installation)


def check_access(store: Store, endpoint: Endpoint, token: Token | None, repository: Repository) -> None:
    """
    Check that the caller may use an endpoint in a repository.

    Raises:
        Forbidden: The caller may see the repository, but not use the endpoint.
        NotFound: The caller may not see the repository.
    """
    right = store.permission(repository, token.user if token else None)
    if (token is None or token.is_unlimited) and allows(right, endpoint.needs):
        return
    installation = _installation(store, token, repository)
    selected = token is None or authorization.covers(token, installation, repository)
    if token and token.kind == "user_access" and installation:
        token = replace(token, permissions=installation.permissions)
    verdict = authorization.decide(endpoint.needed, token, right=right, private=repository.private, selected=selected)
    if verdict == "allowed":
        return
    names = None if token is None or selected else _covered(store, token)
    hint = authorization.explain(verdict, endpoint.needed, token, repository, right=right, selected=names)
    _refuse(verdict, token, hint)


def _installation(store: Store, token: Token | None, repository: Repository) -> Installation | None:
    """Find the installation that the token of an app acts under in a repository."""
    if token is None or token.app is None:
        return None
    from pytest_ghdeploy.api.app_installations import acting_installation  # few tests need it

    return acting_installation(store, token, repository)


def _covered(store: Store, token: Token) -> list[str]:
    return [
        row.full_name
        for row in store.repositories
        if authorization.covers(token, _installation(store, token, row), row)
    ]


def check_not_archived(endpoint: Endpoint, repository: Repository) -> None:
    """
    Refuse a write to an archived repository, from a caller who may write.

    Raises:
        Forbidden: The repository is archived.
    """
    reads, archived = endpoint.needed.reads, repository.settings.archived
    rules.check_not_archived(repository.full_name, endpoint.operation_id, reads=reads, archived=archived)


def check_account(endpoint: Endpoint, token: Token) -> None:
    """
    Check that a token may use an endpoint without a repository in its path.

    Raises:
        Forbidden: The token lacks a scope or a permission, or is of the wrong kind.
        NotFound: The same, for endpoints where GitHub responds 404.
    """
    verdict = authorization.decide_for_account(endpoint.needed, token)
    if verdict != "allowed":
        _refuse(verdict, token, authorization.explain_for_account(endpoint.needed, token))


def redirect_renamed(store: Store, request: Request, full_name: str, urls: Urls) -> None:
    """
    Redirect a request with the former name of a repository, *full_name*.

    Raises:
        Redirect: A repository had this name, and the caller may see it.
    """
    repository, token = store.renamed(full_name), request.token
    if repository is None:
        return
    right = store.permission(repository, token.user if token else None)
    selected = token is None or authorization.covers(token, _installation(store, token, repository), repository)
    if not authorization.sees(token, right=right, private=repository.private, selected=selected):
        return
    rest = "".join(f"/{part}" for part in request.path.split("/", 4)[4:])
    query = f"?{request.query}" if request.query else ""
    redirect = refusals.MovedPermanently if rules.moves_for_good(request.method) else refusals.TemporaryRedirect
    raise redirect(
        f"{urls.api}/repositories/{repository.id}{rest}{query}",
        hint=f"{full_name} was renamed to {repository.full_name}",
    )


def _refuse(verdict: authorization.Verdict, token: Token | None, hint: str) -> NoReturn:
    match verdict:
        case "not_accessible":
            raise refusals.not_accessible(token.kind if token else "", hint)
        case "not_admin":
            raise refusals.admin_only(hint)
        case "apps_only":
            raise refusals.apps_only(hint)
        case "installations_only" | "user_access_only":
            from pytest_ghdeploy.github import refusals_apps  # few tests need them

            is_users = verdict == "user_access_only"
            raise refusals_apps.user_access_only(hint) if is_users else refusals_apps.installations_only(hint)
        case _:
            raise refusals.not_found(hint)
