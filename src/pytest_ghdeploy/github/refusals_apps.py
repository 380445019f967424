"""
GitHub's refusals of apps, their JSON web tokens and their installations.

Source: https://docs.github.com/rest/apps, recordings by PyGithub and hub4j, and users' quotations.
"""

from __future__ import annotations

from pytest_ghdeploy.github.refusals import REST_DOCS, BadRequest, Forbidden, Unauthorized, Unprocessable


def _unauthorized(message: str, hint: str) -> Unauthorized:
    return Unauthorized(message, hint=hint, documentation_url=REST_DOCS)


def no_json_web_token(hint: str) -> Unauthorized:
    """Refuse a token that is not a JSON web token or has a wrong signature [guess: a request without any token]."""
    return _unauthorized("A JSON web token could not be decoded", hint)


def unknown_issuer(hint: str) -> Unauthorized:
    """Refuse a JSON web token that names no app."""
    return _unauthorized("'Issuer' claim ('iss') must be an Integer", hint)


def expired(hint: str) -> Unauthorized:
    """Refuse a JSON web token that has expired, or has no valid ``exp``."""
    message = (
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion "
        "expires"
    )
    return _unauthorized(message, hint)


def expires_too_late(hint: str) -> Unauthorized:
    """Refuse a JSON web token that is valid for more than 10 minutes."""
    return _unauthorized("'Expiration time' claim ('exp') is too far in the future", hint)


def issued_in_future(hint: str) -> Unauthorized:
    """Refuse a JSON web token that was issued in the future, or has no valid ``iat``."""
    message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
    return _unauthorized(message, hint)


def json_web_token_elsewhere(hint: str) -> Unauthorized:
    """Refuse a JSON web token where a token is needed [guess: the text, not the status]."""
    return _unauthorized("Bad credentials", hint)


def suspended(hint: str) -> Forbidden:
    """Refuse a suspended installation."""
    return Forbidden("This installation has been suspended", hint=hint)


def malformed_permissions(hint: str) -> BadRequest:
    """Refuse permissions that are not an object."""
    return BadRequest("Problems parsing JSON", hint=hint)


def not_granted(hint: str) -> Unprocessable:
    """Refuse a token with permissions that the installation lacks."""
    message = "The permissions requested are not granted to this installation."
    return Unprocessable(message, hint=hint, field="permissions")


def unknown_repository(hint: str) -> Unprocessable:
    """Refuse a token for a repository that the installation does not cover."""
    message = "There is at least one repository that does not exist or is not accessible to the parent installation."
    return Unprocessable(message, hint=hint, field="repositories")


def installations_only(hint: str) -> Forbidden:
    """Refuse a caller without a token of an installation [guess: that DELETE /installation/token has the same text]."""
    message = (
        "You must authenticate with an installation access token in order to list repositories for an installation."
    )
    return Forbidden(message, hint=hint)


def user_access_only(hint: str) -> Forbidden:
    """Refuse a caller without a token with which an app acts for a user [guess: the text]."""
    message = "You must authenticate with an access token authorized to a GitHub App in order to list installations"
    return Forbidden(message, hint=hint)
