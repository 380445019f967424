"""The JSON web tokens of apps: verified with the app's key and the fake's clock, or taken on trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import apps as api
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import json_web_tokens, refusals_apps
from pytest_ghdeploy.github.model import Token
from pytest_ghdeploy.github.rules import apps as rules
from pytest_ghdeploy.store.clock import running_time

if TYPE_CHECKING:
    from pytest_ghdeploy.github.json_web_tokens import JsonWebToken
    from pytest_ghdeploy.github.model import App
    from pytest_ghdeploy.http.messages import Request
    from pytest_ghdeploy.store.store import Store

_ADVICE = "sign a JSON web token with App.private_key, and send it as Authorization: Bearer"


def authenticate(store: Store, request: Request) -> Token:
    """
    Return the token that stands for the JSON web token of a request.

    Until a test adds an app, every JSON web token belongs to the app ``example-app``.

    Raises:
        Unauthorized: GitHub takes no JSON web token here, or takes nothing else and the request has none.
            Or its signature or its ``iss`` belongs to no app, or it is not valid at this time.
        UnsupportedRequest: The libraries that verify a signature are not installed.

    Source:
        https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app. The order is a [guess].
    """
    caller = request.endpoint.caller if request.endpoint else "any"
    # A test may have added a token that looks like this.
    token = json_web_tokens.read(request.token_text) if request.token_text and request.token is None else None
    if caller not in ("jwt", "any"):
        raise refusals_apps.json_web_token_elsewhere(
            f"{request.method} {request.path} takes no JSON web token: exchange it for a token of an installation "
            "with POST /app/installations/{installation_id}/access_tokens"
        )
    what = f"{request.method} {request.path} takes a JSON web token of an app"
    if not request.token_text:
        raise refusals_apps.no_json_web_token(f"{what}, and no token was sent: {_ADVICE}")
    if token is None:
        whose = f"the token of {request.token.user.login}" if request.token else "a token of another kind"
        raise refusals_apps.no_json_web_token(f"{what}, and {whose} was sent: {_ADVICE}")
    scheme = request.headers["authorization"].partition(" ")[0]
    if scheme.lower() != "bearer":
        raise refusals_apps.no_json_web_token(f"a JSON web token must be sent as Bearer, not as {scheme}")
    app = api.example(store, token.claims.get("iss")) if store.takes_any_jwt else _verified(store, request, token)
    return Token(request.token_text, app.owner, "jwt", permissions=app.permissions, app=app)


def _verified(store: Store, request: Request, token: JsonWebToken) -> App:
    algorithm = token.header["alg"]
    if algorithm != json_web_tokens.ALGORITHM:
        hint = f"the JSON web token was signed with {algorithm!r}; GitHub accepts only {json_web_tokens.ALGORITHM}"
        raise refusals_apps.no_json_web_token(hint)
    app = rules.issuer(token.claims, store.apps, quoted=store.assume.quoted_issuer)
    # The key is in no local variable, because pytest can show those.
    if app.id not in store.private_keys:
        reason = "its private key was neither given to add_app nor read from App.private_key"
        raise refusals_apps.no_json_web_token(f"the JSON web token names the app {app.slug}, but {reason}")
    if not json_web_tokens.can_verify():
        msg = f"a JSON web token of the app {app.slug} cannot be verified, which {json_web_tokens.NEEDS_EXTRA}"
        raise UnsupportedRequest(msg, see="the-extra-app-is-missing")
    if not json_web_tokens.is_signed_by(request.token_text or "", store.private_keys[app.id]):
        hint = f"the JSON web token names the app {app.slug}, but the signature does not match its private key"
        raise refusals_apps.no_json_web_token(hint)
    rules.check_times(token.claims, running_time(store.clock))
    return app
