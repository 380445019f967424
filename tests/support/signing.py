"""JSON web tokens of apps, as a client would sign them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt

from pytest_ghdeploy.github import json_web_tokens
from pytest_ghdeploy.store.clock import running_time

if TYPE_CHECKING:
    from pytest_ghdeploy import App, FakeGitHub


@cache
def private_key() -> str:
    """Return the same private key in all tests of this process, because making one takes a tenth of a second."""
    return json_web_tokens.new_private_key()


def signed(
    fake: FakeGitHub, app: App | int | str, key: str | None = "", algorithm: str = "RS256", **claims: object
) -> str:
    """Sign a JSON web token of an app, or of an issuer. Among the *claims*, those that are ``None`` are left out."""
    now = int(running_time(fake.clock).timestamp())
    usual: dict[str, object] = {"iat": now, "exp": now + 300}
    usual["iss"] = app if isinstance(app, (int, str)) else app.id
    # PyJWT itself does not sign an iss that is a number.
    payload = {name: value for name, value in (usual | claims).items() if value is not None}
    signer = jwt.PyJWS()
    used: Any = private_key() if key == "" else key  # None is for the algorithm none
    return signer.encode(json.dumps(payload).encode(), used, algorithm)
