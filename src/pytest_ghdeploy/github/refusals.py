"""
GitHub's refusals and their texts.

::

    GitHubError             a response to a client, with GitHub's text
      Redirect              301 or 307
      BadRequest            400
      Unauthorized          401
      Forbidden             403
      NotFound              404
      MethodNotAllowed      405
      Conflict              409
      UnsupportedMediaType  415
      Unprocessable         422
      TooManyRequests       403 or 429

A refusal carries a *hint*, which explains it in terms of the test's setup. The
hint is sent in the header ``X-GHDeploy-Hint``; the body is the same as GitHub's.
Texts that no source confirms are marked [guess].

The module is long because it is one list: all of GitHub's texts are here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


REASONS = {**{int(status): status.phrase for status in HTTPStatus}, 422: "Unprocessable Entity"}
"""The reason phrases that GitHub sends. Newer versions of Python have a different one for 422."""


class GitHubError(Exception):
    """
    A refusal with GitHub's status, message and errors.

    Source:
        https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """

    status: ClassVar[int]

    def __init__(
        self,
        message: str,
        *,
        errors: Sequence[Any] | str = (),
        hint: str = "",
        documentation_url: str | None = None,
        field: str | None = None,
        shows_status: bool = True,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Keep the *message* and *errors* of the body. *documentation_url* replaces the operation's own.

        *field* is the key of the request that is invalid; if not given, the field of the first of the *errors*.
        *shows_status* is false for the bodies without ``status``. *metadata* is a member that few bodies have.
        """
        super().__init__(message)
        self.message = message
        self.errors: Any = errors if isinstance(errors, str) else list(errors)
        self.hint = hint
        self.documentation_url = documentation_url
        self.shows_status = shows_status
        self.metadata = metadata
        named = (error["field"] for error in self.errors if isinstance(error, dict) and "field" in error)
        self.field = field or next(named, None)


class Redirect(GitHubError):
    """The resource has moved to *url*."""

    def __init__(self, url: str, *, hint: str) -> None:
        """Redirect the client to *url*."""
        super().__init__("Moved Permanently", hint=hint, documentation_url="https://docs.github.com/v3/#http-redirects")
        self.url = url


class MovedPermanently(Redirect):
    """The resource has moved. Clients may change the method to GET."""

    status = 301


class TemporaryRedirect(Redirect):
    """The resource has moved. Clients repeat the request with the same method and body."""

    status = 307


class BadRequest(GitHubError):
    """GitHub cannot parse the request."""

    status = 400


class Unauthorized(GitHubError):
    """The caller is not authenticated."""

    status = 401


class Forbidden(GitHubError):
    """The caller is not allowed to do this."""

    status = 403


class PlainForbidden(Forbidden):
    """A refusal by GitHub's front end, in plain text instead of JSON."""


class NotFound(GitHubError):
    """The resource does not exist, or the caller may not see it."""

    status = 404


class MethodNotAllowed(GitHubError):
    """The pull request cannot be merged, or not in this way."""

    status = 405


class Conflict(GitHubError):
    """The request conflicts with the state of the repository."""

    status = 409


class UnsupportedMediaType(GitHubError):
    """The client accepts only media types that GitHub does not send."""

    status = 415


class UnknownMethod(GitHubError):
    """The method of the request is none that GitHub has anywhere."""

    status = 501


class Unprocessable(GitHubError):
    """The request is well-formed, but breaks a rule."""

    status = 422


REST_DOCS = "https://docs.github.com/rest"
_GETTING_STARTED = f"{REST_DOCS}/using-the-rest-api/getting-started-with-the-rest-api"


def bad_credentials(hint: str) -> Unauthorized:
    """Refuse an unknown token."""
    return Unauthorized("Bad credentials", hint=hint, documentation_url=REST_DOCS)


def requires_authentication(hint: str) -> Unauthorized:
    """Refuse an anonymous caller."""
    return Unauthorized("Requires authentication", hint=hint)


def user_agent_required() -> Forbidden:
    """Refuse a request without a ``User-Agent``, in plain text as GitHub's front end does."""
    return PlainForbidden(
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header "
        f"({_GETTING_STARTED}#user-agent).\n",
        hint="the request has no User-Agent header",
    )


def unknown_version(version: str, known: Sequence[str], *, in_errors: bool) -> BadRequest:
    """Refuse an API version that does not exist. The text is the message or, with *in_errors*, in ``errors``."""
    newest, *older = (f'"{name}"' for name in reversed(known))
    text = (
        f'The version you specified in the "X-GitHub-API-Version" request header, "{version}", is not a supported '
        f"version. The following versions are currently supported: {', '.join([f'{newest} (most recent)', *older])}."
    )
    return BadRequest(
        "Bad Request" if in_errors else text,
        errors=text if in_errors else (),
        hint=f"X-GitHub-Api-Version is {version!r}; the versions are {' and '.join(known)}",
        documentation_url=f"{REST_DOCS}/about-the-rest-api/api-versions",
    )


def unsupported_media_type(entries: Sequence[str]) -> UnsupportedMediaType:
    """Refuse a request for media types that GitHub does not send [guess]."""
    listed = ", ".join(f'"{entry}"' for entry in entries)
    return UnsupportedMediaType(
        f"Unsupported 'Accept' header: [{listed}]. Must accept 'application/json'.",
        hint=f"Accept is {', '.join(entries)}; GitHub sends application/json and application/vnd.github+json",
        documentation_url=f"{_GETTING_STARTED}#media-types",
    )


def not_found(hint: str, *, documentation_url: str | None = None) -> NotFound:
    """Refuse access to a resource that does not exist, or that the caller may not see."""
    return NotFound("Not Found", hint=hint, documentation_url=documentation_url)


def unknown_method(hint: str) -> UnknownMethod:
    """
    Refuse a method that no endpoint has. The message is a [guess].

    Source:
        RFC 9110, sections 9.1 and 15.6.2: methods are case-sensitive, and 501 is for those that a server does not know.
    """
    return UnknownMethod("Not Implemented", hint=hint, documentation_url=REST_DOCS)


def unparsable_json(hint: str) -> BadRequest:
    """Refuse a body that is not JSON."""
    return BadRequest("Problems parsing JSON", hint=hint)


def not_an_object(hint: str) -> BadRequest:
    """Refuse JSON that is not an object."""
    return BadRequest("Body should be a JSON object", hint=hint)


def invalid_request(problems: Iterable[str], places: Sequence[str]) -> Unprocessable:
    """Refuse a body that does not match the schema, for all its *problems* at once."""
    return Unprocessable(
        "Invalid request.\n\n" + "\n".join(problems),
        hint=f"invalid in the body: {', '.join(places)}",
        field=places[0].partition("/")[0],
    )


def no_body() -> Unprocessable:
    """Refuse a request without a body where members are required [guess: for the endpoints of deployments]."""
    return Unprocessable(
        "Invalid request.\n\nFor 'links/0/schema', nil is not an object.",
        hint="the request has no body; send a JSON object",
    )


def invalid_date_time(member: str, text: str, hint: str = "") -> Unprocessable:
    """Refuse a *member* of the body whose value is not a time in RFC 3339 with its offset from UTC."""
    return Unprocessable(
        f"Invalid request.\n\n{text} is not a valid date-time.",
        hint=hint or f"invalid in the body: {member}",
        field=member.partition("/")[0],
    )


def validation_failed(resource: str, field: str, message: str, *, hint: str = "") -> Unprocessable:
    """Refuse a well-formed body whose *field* breaks a rule of the *resource*."""
    error = {"resource": resource, "code": "custom", "field": field, "message": message}
    return Unprocessable("Validation Failed", errors=[error], hint=hint or message)


def invalid_field(resource: str, code: str, field: str, hint: str) -> Unprocessable:
    """Refuse a *field* of the *resource* with one of GitHub's codes, without a message."""
    error = {"resource": resource, "code": code, "field": field}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def too_long(resource: str, field: str, limit: int, length: int, unit: str = "characters") -> Unprocessable:
    """Refuse a string above its limit [guess: for all but descriptions, whose text users quote]."""
    message = f"{field} is too long (maximum is {limit} characters)"
    return validation_failed(resource, field, message, hint=f"{field} has {length:,} {unit}; the limit is {limit:,}")


def not_http(resource: str, field: str, url: str) -> Unprocessable:
    """Refuse a URL whose scheme is neither http nor https."""
    message = f"{field} must use http(s) scheme"
    return validation_failed(
        resource, field, message, hint=f"{field} is {url!r}; GitHub accepts http and https URLs only"
    )


def branch_not_found(hint: str) -> NotFound:
    """Refuse a request for a branch that does not exist."""
    return NotFound("Branch not found", hint=hint)


def no_ref(ref: str, hint: str) -> Unprocessable:
    """Refuse to deploy a ref that does not exist."""
    return Unprocessable(f"No ref found for: {ref}", hint=hint, field="ref")


def no_commit(sha: str, hint: str) -> Unprocessable:
    """Refuse a SHA without a commit."""
    return Unprocessable(f"No commit found for SHA: {sha}", hint=hint)


def merge_conflict(base: str, ref: str, hint: str) -> Conflict:
    """Refuse to deploy a ref that the default branch cannot be merged into."""
    return Conflict(f"Conflict merging {base} into {ref}.", hint=hint, field="ref")


def failed_contexts(ref: str, contexts: Sequence[tuple[str, str]], hint: str) -> Conflict:
    """Refuse to deploy a commit with unsuccessful checks. *contexts* are pairs of name and state."""
    listed = [{"context": context, "state": state} for context, state in contexts]
    error = {"contexts": listed, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    return Conflict(f"Conflict: Commit status checks failed for {ref}.", errors=[error], hint=hint)


def active_deployment(hint: str) -> Unprocessable:
    """Refuse to delete an active deployment."""
    return Unprocessable(
        "We cannot delete an active deployment unless it is the only deployment in a given environment.", hint=hint
    )


def invalid_commit_status(field: str, problem: str, hint: str) -> Unprocessable:
    """
    Refuse a commit status whose *field* breaks a rule, with ``errors`` as one string.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    return Unprocessable("Validation Failed", errors=f"Validation failed: {problem}", hint=hint, field=field)


def too_many_commit_statuses(hint: str) -> Unprocessable:
    """Refuse a commit status above the limit for its SHA and context."""
    error = {
        "resource": "Status",
        "code": "custom",
        "message": "This SHA and context has reached the maximum number of statuses.",
    }
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def key_in_use(hint: str) -> Unprocessable:
    """Refuse a key that is already a deploy key."""
    return validation_failed("PublicKey", "key", "key is already in use", hint=hint)


def deploy_keys_disabled(hint: str) -> Unprocessable:
    """Refuse a deploy key if deploy keys are disabled. The error has no field."""
    error = {"resource": "PublicKey", "code": "custom", "message": "Deploy keys are disabled for this repository"}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def invalid_key(hint: str) -> Unprocessable:
    """Refuse a deploy key that is not a public key."""
    message = "key is invalid. You must supply a key in OpenSSH public key format"
    return validation_failed("PublicKey", "key", message, hint=hint)


def no_conclusion(hint: str) -> Unprocessable:
    """Refuse to complete a check run without a conclusion."""
    error = {"resource": "CheckRun", "field": "conclusion", "code": "missing_field"}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def too_many_bytes(resource: str, field: str, limit: int, length: int) -> Unprocessable:
    """Refuse a string with too many bytes in UTF-8."""
    message = f"{field} exceeds a maximum bytesize of {limit}"
    return validation_failed(resource, field, message, hint=f"{field} has {length:,} bytes; the limit is {limit:,}")


def githubs_own(member: str, value: str, allowed: Sequence[str]) -> Unprocessable:
    """Refuse a *value* of a check run's *member* that only GitHub may set [guess]."""
    listed = ", ".join(f'"{name}"' for name in allowed)
    return Unprocessable(
        f"Invalid request.\n\n{value} is not a member of [{listed}].",
        hint=f"only GitHub sets the {member} {value} of a check run; apps may set {', '.join(allowed)}",
    )


# Authorization


def not_accessible(kind: str, hint: str) -> Forbidden:
    """Refuse a fine-grained or app token without the permission."""
    caller = "integration" if kind in ("app", "user_access") else "personal access token"
    return Forbidden(f"Resource not accessible by {caller}", hint=hint)


def admin_only(hint: str) -> Forbidden:
    """Refuse a user who sees the repository but is not its administrator."""
    return Forbidden("Must have admin rights to Repository.", hint=hint)


def apps_only(hint: str) -> Forbidden:
    """Refuse a token that does not belong to an app."""
    return Forbidden("You must authenticate via a GitHub App.", hint=hint)


def jobs_check_run(hint: str) -> Forbidden:
    """Refuse to set the status or conclusion of a job's check run, which only GitHub Actions itself does."""
    return Forbidden("Check run status and conclusions can only be updated internally by GitHub Actions", hint=hint)


def not_its_check_run(app_id: int, hint: str) -> Forbidden:
    """Refuse an app that did not create the check run."""
    return Forbidden(
        f"Invalid app_id `{app_id}` - check run can only be modified by the GitHub App that created it.", hint=hint
    )


def no_rate_limit() -> NotFound:
    """Refuse to show the rate limit of GitHub Enterprise Server, where it is off by default [guess]."""
    return NotFound("Rate limiting is not enabled.", hint="GitHub Enterprise Server has no rate limit by default")


# Repositories and people


def archived(hint: str) -> Forbidden:
    """Refuse to change anything in an archived repository."""
    return Forbidden("Repository was archived so is read-only.", hint=hint)


def name_too_long(message: str, hint: str) -> Unprocessable:
    """Refuse a repository name above the limit [guess: the *message* for a rename, not for a creation]."""
    error = {
        "resource": "Repository",
        "code": "custom",
        "field": "name",
        "message": "name cannot be more than 100 characters",
    }
    return Unprocessable(message, errors=[error], hint=hint)


def no_merge_method(hint: str) -> Unprocessable:
    """Refuse to turn the last merge method off [guess: the text]."""
    message = "Sorry, you need to allow at least one merge strategy. (no_merge_method)"
    error = {"resource": "Repository", "code": "custom", "message": message}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def name_taken(message: str, hint: str) -> Unprocessable:
    """Refuse a repository name that is taken [guess: the *message* for a rename, not for a creation]."""
    error = {
        "resource": "Repository",
        "code": "custom",
        "field": "name",
        "message": "name already exists on this account",
    }
    return Unprocessable(message, errors=[error], hint=hint)


def no_default_branch(branch: str, hint: str) -> Unprocessable:
    """Refuse a default branch that does not exist."""
    error = {
        "resource": "Repository",
        "code": "invalid",
        "field": "default_branch",
        "message": f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API.",
    }
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def owner_collaborates(hint: str) -> Unprocessable:
    """Refuse to add or remove the owner as a collaborator [guess]."""
    return validation_failed("Repository", "user", "Repository owner cannot be a collaborator", hint=hint)


def no_such_permission(permission: str, hint: str) -> Unprocessable:
    """Refuse to grant a permission that does not exist [guess]."""
    return validation_failed("Repository", "permission", f"{permission} is not a valid permission", hint=hint)


# Environments


def invalid_environment(field: str, message: str, hint: str) -> Unprocessable:
    """
    Refuse an environment whose *field* breaks a rule: without ``errors``, as described.

    [guess: every *message* except the one for ``deployment_branch_policy``]
    """
    return Unprocessable(message, hint=hint, field=field)


def no_reviewer(hint: str) -> Unprocessable:
    """Refuse ``prevent_self_review`` without reviewers [guess: the status, not the text]."""
    message = (
        "Failed to create or update the environment protection rule. "
        "Required reviewers must have at least one reviewer to set prevent_self_review."
    )
    return invalid_environment("prevent_self_review", message, hint)


def no_protection(hint: str) -> Unprocessable:
    """Refuse to protect an environment if the billing plan does not include protection rules."""
    message = "Fail to create protected rule, please ensure billing plan include protected branch gate."
    return Unprocessable(message, hint=hint)


def already_exists(resource: str, field: str, hint: str) -> Unprocessable:
    """Refuse a *resource* that already exists [guess: for branch policies and protection rules]."""
    return invalid_field(resource, "already_exists", field, hint)


# Git over REST


def not_a_sha(hint: str) -> Unprocessable:
    """Refuse to set a ref to an abbreviated or invalid SHA [guess]."""
    return Unprocessable("The sha parameter must be exactly 40 characters and contain only [0-9a-f].", hint=hint)


def no_object(hint: str) -> Unprocessable:
    """Refuse to set a ref to a SHA without an object."""
    return Unprocessable("Object does not exist", hint=hint)


def object_not_a_commit(hint: str) -> Unprocessable:
    """Refuse to move a branch to a tree or a file's content."""
    return Unprocessable("Object is not a commit", hint=hint)


def ref_exists(hint: str) -> Unprocessable:
    """Refuse to create a ref that already exists."""
    return Unprocessable("Reference already exists", hint=hint, field="ref")


def no_reference(hint: str) -> Unprocessable:
    """Refuse to change a ref that does not exist."""
    return Unprocessable("Reference does not exist", hint=hint)


def unqualified_ref(hint: str) -> Unprocessable:
    """Refuse to create a ref whose name does not start with ``refs/``."""
    return Unprocessable("Reference name must start with 'refs/'.", hint=hint, field="ref")


def short_ref(hint: str) -> Unprocessable:
    """Refuse to create a ref such as ``refs/main``."""
    message = "Reference name must contain at least three slash-separated components."
    return Unprocessable(message, hint=hint, field="ref")


def invalid_ref_name(ref: str, hint: str) -> Unprocessable:
    """Refuse to create a ref with a name that git does not accept [guess]."""
    return Unprocessable(f"{ref} is not a valid ref name.", hint=hint, field="ref")


def ref_update_failed(hint: str) -> Unprocessable:
    """
    Refuse to write a ref that git cannot store or that only GitHub writes.

    Recorded for a branch that would point to a file's content. For a ref beside an existing one, and for a ref of a
    pull request, it is a [guess].
    """
    return Unprocessable("Reference update failed", hint=hint, field="ref")


def not_fast_forward(hint: str) -> Unprocessable:
    """Refuse to move a ref to a commit that does not contain the ref's current commit."""
    return Unprocessable("Update is not a fast forward", hint=hint)


def default_branch_stays(hint: str) -> Unprocessable:
    """Refuse to delete the default branch [guess]."""
    return Unprocessable("Cannot delete the default branch", hint=hint)


def empty_repository() -> Conflict:
    """Refuse access to the refs of an empty repository."""
    return Conflict("Git Repository is empty.", hint=_EMPTY)


def no_contents() -> NotFound:
    """Refuse access to the contents of an empty repository [guess]."""
    return NotFound("This repository is empty.", hint=_EMPTY)


_EMPTY = "the repository has no commits; create it with auto_init, or add a file to it"


def unmergeable(hint: str) -> Conflict:
    """Refuse a merge that conflicts."""
    return Conflict("Merge Conflict", hint=hint)


def no_side(side: str, hint: str) -> NotFound:
    """Refuse a merge whose *side* (``Base`` or ``Head``) does not exist [guess]."""
    return NotFound(f"{side} does not exist", hint=hint)


def no_common_ancestor(base: str, head: str) -> NotFound:
    """Refuse to compare two unrelated histories [guess]."""
    return NotFound(f"No common ancestor between {base} and {head}.", hint="the two have no commit in common")


def no_branch_for_contents(branch: str, hint: str) -> NotFound:
    """Refuse to change a file on a branch that does not exist."""
    return NotFound(f"Branch {branch} not found", hint=hint)


def no_commit_for_contents(ref: str, hint: str) -> NotFound:
    """Refuse to show contents at a ref that does not exist [guess]."""
    return NotFound(f"No commit found for the ref {ref}", hint=hint)


def malformed_path(hint: str) -> Unprocessable:
    """Refuse a path that git does not accept [guess]."""
    return Unprocessable("path contains a malformed path component", hint=hint, field="path")


def path_taken(hint: str) -> Unprocessable:
    """Refuse a file at the path of a directory, or below another file [guess]."""
    return Unprocessable("path conflicts with an existing file or directory", hint=hint, field="path")


def not_base64(hint: str) -> Unprocessable:
    """Refuse file content that is not in base64 [guess]."""
    return Unprocessable("content is not valid Base64", hint=hint)


def sha_needed(hint: str) -> Unprocessable:
    """Refuse to replace a file without its current SHA."""
    return Unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.', hint=hint)


def stale_sha(path: str, sha: str, hint: str) -> Conflict:
    """Refuse to change a file whose current SHA differs from the client's [guess]."""
    return Conflict(f"{path} does not match {sha}", hint=hint)


# Rate limits


class TooManyRequests(GitHubError):
    """The caller has sent too many requests."""

    status = 429


_RATE_LIMIT_DOCS = f"{REST_DOCS}/using-the-rest-api/rate-limits-for-the-rest-api"


def _support(request_id: str, now: datetime) -> str:
    return (
        f" If you reach out to GitHub Support for help, please include the request ID {request_id}"
        f" and timestamp {now:%Y-%m-%d %H:%M:%S} UTC."
    )


def rate_limited(status: int, caller: str, hint: str, *, now: datetime, request_id: str) -> GitHubError:
    """
    Refuse a caller without requests left, with 403 or 429.

    *caller* is ``user ID 1`` or ``installation ID 2``; for an installation, the sentence about
    support is a [guess].
    """
    message = f"API rate limit exceeded for {caller}.{_support(request_id, now)}"
    kind = TooManyRequests if status == HTTPStatus.TOO_MANY_REQUESTS else Forbidden
    return kind(message, hint=hint, documentation_url=_RATE_LIMIT_DOCS)


def anonymously_rate_limited(status: int, hint: str) -> GitHubError:
    """Refuse an anonymous caller without requests left, with 403 or 429. The body has no ``status``."""
    message = (
        "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher "
        "rate limit. Check out the documentation for more details.)"
    )
    kind = TooManyRequests if status == HTTPStatus.TOO_MANY_REQUESTS else Forbidden
    page = f"{REST_DOCS}/overview/resources-in-the-rest-api#rate-limiting"
    return kind(message, hint=hint, documentation_url=page, shows_status=False)


def secondary_rate_limited(status: int, hint: str, *, now: datetime, request_id: str) -> GitHubError:
    """Refuse a caller above a secondary rate limit, with 403 or 429."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    kind = TooManyRequests if status == HTTPStatus.TOO_MANY_REQUESTS else Forbidden
    return kind(
        f"{message}{_support(request_id, now)}",
        hint=hint,
        documentation_url=f"{_RATE_LIMIT_DOCS}#about-secondary-rate-limits",
    )


# Hooks


def invalid_hook(field: str, message: str, hint: str) -> Unprocessable:
    """Refuse a hook's settings [guess: every *message* except those for a missing or empty URL]."""
    error = {"resource": "Hook", "code": "custom", **({"field": field} if field else {}), "message": message}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def invalid_hook_name(name: str, hint: str) -> Unprocessable:
    """Refuse a hook whose *name* is not ``web``."""
    error = {"value": name, "resource": "Hook", "field": "name", "code": "invalid"}
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def invalid_hook_event(event: str, hint: str) -> Unprocessable:
    """Refuse an unknown event of a hook. The error does not name the field."""
    error = {"resource": "Hook", "code": "custom", "message": f"{event} is not a valid event name"}
    return Unprocessable("Validation Failed", errors=[error], hint=hint, field="events")


def hook_exists(hint: str) -> Unprocessable:
    """Refuse a hook that already exists."""
    return invalid_hook("", "Hook already exists on this repository", hint)


def invalid_cursor(hint: str) -> Unprocessable:
    """Refuse an invalid cursor into the list of deliveries [guess]."""
    return Unprocessable("Invalid cursor", hint=hint)


def invalid_delivery_status(status: str, hint: str) -> Unprocessable:
    """Refuse an invalid ``status`` filter for deliveries [guess]."""
    return Unprocessable(f"Invalid status: {status}", hint=hint)


def too_many_hooks(event: str, most: int, hint: str) -> Unprocessable:
    """Refuse a hook above the limit for an event."""
    return invalid_hook("", f'The "{event}" event cannot have more than {most} hooks', hint)
