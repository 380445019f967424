"""
Releases. They have no assets, because the fake has no place for files.

Source:
    https://docs.github.com/rest/releases/releases and https://docs.github.com/rest/releases/assets
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import conversation, git, refs
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, refuse_forms, route
from pytest_ghdeploy.github import authorization, refusals, refusals_releases
from pytest_ghdeploy.github.git_objects import is_valid_ref_name
from pytest_ghdeploy.github.releases import Release
from pytest_ghdeploy.github.rules import releases as rules
from pytest_ghdeploy.github.rules.permissions import allows
from pytest_ghdeploy.serializers import release_events as payloads, releases as as_json
from pytest_ghdeploy.serializers.comments import reaction_rollup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.releases import MakeLatest
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"

_RELEASES = "/repos/{owner}/{repo}/releases"


def create(
    store: Store,
    repository: Repository,
    author: User,
    *,
    tag_name: str,
    target_commitish: str | None = None,
    name: str | None = None,
    body: str | None = None,
    draft: bool = False,
    prerelease: bool = False,
    generate_release_notes: bool = False,
    make_latest: MakeLatest = "true",
) -> Release:
    """
    Create a release, and its tag if it does not exist, unless it is a *draft*.

    Dispatches ``release`` with the action ``created``; for a release that is
    not a draft also ``published``, and ``released`` or ``prereleased``. A new
    tag dispatches ``create`` and ``push`` first.

    Args:
        target_commitish: A branch or full SHA for a new tag. The default is the default branch.

        generate_release_notes: Whether to add generated notes to *body*, and to name the release like its tag.

    Raises:
        Unprocessable:
            The repository has no commits, the tag is invalid or has a release,
            or *target_commitish* does not exist. Nothing has changed.

    Source:
        https://docs.github.com/rest/releases/releases#create-a-release
    """
    if generate_release_notes:
        generated = notes(store, repository, tag_name)
        body = f"{body}\n\n{generated}" if body else generated
        name = name or tag_name
    now = store.clock.now
    row = Release(
        id=store.releases.next_id,
        repository_id=repository.id,
        tag_name=tag_name,
        target_commitish=target_commitish or repository.default_branch,
        name=name,
        body=body,
        draft=draft,
        prerelease=prerelease,
        author=author,
        created_at=now,
        updated_at=now,
        published_at=None if draft else now,
        make_latest=make_latest,
    )
    row = store.releases.add(_tagged(store, repository, author, row))
    _dispatch(store, repository, author, row, row, *rules.actions_of_new(row))
    return row


def update(
    store: Store,
    repository: Repository,
    sender: User,
    release: Release,
    *,
    tag_name: str | None = None,
    target_commitish: str | None = None,
    name: str | None = None,
    body: str | None = None,
    draft: bool | None = None,
    prerelease: bool | None = None,
    make_latest: MakeLatest | None = None,
) -> Release:
    """
    Change a release. Arguments that are ``None`` change nothing.

    A draft that becomes a release gets its tag, as in ``create``. Dispatches
    ``release`` with ``edited`` if its details change, and with ``published``,
    ``unpublished``, ``released`` or ``prereleased`` if its kind changes.

    Raises:
        Unprocessable: As in ``create``. Nothing has changed.

    Source:
        https://docs.github.com/rest/releases/releases#update-a-release
    """
    values: dict[str, Any] = {
        "tag_name": tag_name,
        "target_commitish": target_commitish,
        "name": name,
        "body": body,
        "draft": draft,
        "prerelease": prerelease,
        "make_latest": make_latest,
    }
    row = release._replace(**{field: value for field, value in values.items() if value is not None})
    if row == release:
        return release
    now = store.clock.now
    published_at = None if row.draft else release.published_at or now
    row = _tagged(store, repository, sender, row._replace(updated_at=now, published_at=published_at))
    row = store.releases.replace(row)
    _dispatch(store, repository, sender, release, row, *rules.actions_of_change(release, row))
    return row


def delete(store: Store, repository: Repository, sender: User, release: Release) -> None:
    """
    Delete a release, and dispatch ``release`` with the action ``deleted``. Its tag stays.

    Source:
        https://docs.github.com/rest/releases/releases#delete-a-release
    """
    conversation.forget_reactions(store, "release", release.id)
    store.releases.remove(release)
    _dispatch(store, repository, sender, release, release, "deleted")


def notes(store: Store, repository: Repository, tag_name: str, previous: str | None = None) -> str:
    """
    Write the generated notes of a release.

    Args:
        previous: The tag to compare with. The default is that of the newest release with another tag.
    """
    if previous is None:
        others = [row for row in of(store, repository) if not row.draft and row.tag_name != tag_name]
        previous = others[0].tag_name if others else None
    return rules.notes(f"{store.urls.html}/{repository.full_name}", tag_name, previous)


def of(store: Store, repository: Repository) -> list[Release]:
    """List the releases of a repository, newest first, with drafts."""
    return rules.newest_first(store.releases.where(repository_id=repository.id))


def _tagged(store: Store, repository: Repository, actor: User, row: Release) -> Release:
    """Check the tag of a release, create it if it is missing and needed, and return the release with its date."""
    named = store.releases.where(repository_id=repository.id, tag_name=row.tag_name)
    taken_by = next((other for other in named if not other.draft and other.id != row.id), None)
    rules.check_tag(row.tag_name, is_valid=is_valid_ref_name(row.tag_name), taken_by=taken_by)
    graph = store.git(repository)
    if not graph.commits:
        raise refusals_releases.empty_repository()
    tag = git.find(store, repository, f"refs/tags/{row.tag_name}", short_shas=False)
    target = tag or git.find(store, repository, row.target_commitish, short_shas=False)
    if target is None:
        hint = f"{repository.full_name} has no branch or commit {row.target_commitish!r}"
        raise refusals_releases.no_target(f"{hint}; {git.known_refs(graph, row.target_commitish)}")
    if tag is None and not row.draft:
        if blocking := graph.blocking_ref(f"tags/{row.tag_name}"):
            raise refusals_releases.invalid_tag_name(f"git cannot store the tag {row.tag_name!r} beside {blocking}")
        refs.create(store, repository, actor, ref=f"refs/tags/{row.tag_name}", sha=target.sha)
    return row._replace(created_at=graph.commits[target.sha].committed_at)


def _dispatch(
    store: Store, repository: Repository, sender: User, before: Release, after: Release, *actions: str
) -> None:
    for action in actions:
        changes = rules.changes(before, after) if action == "edited" else None
        store.events.record(
            "release",
            action,
            repository.full_name,
            partial(payloads.release, action, after, changes, repository, sender, store.urls),
            after,
        )


def find(call: Call) -> Release:
    """
    Look up the release in the path. Only users with push access see drafts.

    Raises:
        NotFound: The repository has no such release.
    """
    row: Release = find_in_repository(call, call.store.releases, "release_id", "release", label=_label)
    if row.draft and not _sees_drafts(call):
        raise refusals.not_found(f"release {row.id} is a draft, which only users with push access can see")
    return row


def find_by_tag(call: Call) -> Release:
    """
    Look up the published release of the tag in the path.

    Raises:
        NotFound: The tag has no release, or only a draft.
    """
    tag = call.params["tag"]
    rows = of(call.store, call.repository)
    row = next((release for release in rows if release.tag_name == tag and not release.draft), None)
    if row is None:
        known = errors.known_values(tag, (release.tag_name for release in rows if not release.draft))
        raise refusals.not_found(f"{call.repository.full_name} has no published release of the tag {tag!r}; {known}")
    return row


def find_latest(call: Call) -> Release:
    """
    Find the latest release.

    Raises:
        NotFound: The repository has no release other than drafts and prereleases.
    """
    rows = of(call.store, call.repository)
    row = rules.latest(rows)
    if row is None:
        hint = f"{call.repository.full_name} has {len(rows)} release(s), of which none can be the latest"
        raise refusals.not_found(hint)
    return row


def _label(row: Release) -> str:
    return f"{row.id} ({row.tag_name})"


def _sees_drafts(call: Call) -> bool:
    token = call.token
    if token and token.kind == "app" and token.permissions is not None:
        return authorization.has(token.permissions, PERMISSION, "write")
    return allows(call.store.permission(call.repository, call.viewer), "push")


def _refuse_discussion(call: Call) -> None:
    if category := call.body.get("discussion_category_name"):
        raise refusals.not_found(f"the fake has no discussions, so there is no category {category!r}")


@route("repos/list-releases", f"GET {_RELEASES}")
def list_releases(call: Call) -> Reply:
    """List releases, newest first. Users with push access also see drafts."""
    refuse_forms(call, *_FORMS)
    sees_drafts = _sees_drafts(call)
    rows: Sequence[Release] = [row for row in of(call.store, call.repository) if sees_drafts or not row.draft]
    return Reply(200, Listing(rows, partial(_as_json, call)))


def _as_json(call: Call, row: Release) -> JSON:
    shown = as_json.release(row, call.repository, call.urls)
    reactions = conversation.reactions_to(call.store, "release", row.id)
    # Other objects have them always, a release only if there are any [guess].
    return shown | {"reactions": reaction_rollup(shown["url"], reactions)} if reactions else shown


def _shown(call: Call, row: Release) -> Reply:
    return Reply(200, _as_json(call, row), modified_at=row.updated_at)


# Media types that replace the body. "full", which github3.py requests, only adds fields, which are left out.
_FORMS = ("html", "text")


@route("repos/create-release", f"POST {_RELEASES}")
def create_release(call: Call) -> Reply:
    """Create a release or a draft."""
    _refuse_discussion(call)
    row = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    body = as_json.release(row, call.repository, call.urls)
    return Reply(201, body, location=body["url"])


@route("repos/generate-release-notes", f"POST {_RELEASES}/generate-notes")
def generate_release_notes(call: Call) -> Reply:
    """Write the notes of a release, without creating it."""
    tag = call.body["tag_name"]
    text = notes(call.store, call.repository, tag, call.body.get("previous_tag_name"))
    return Reply(200, {"name": tag, "body": text})


@route("repos/get-latest-release", f"GET {_RELEASES}/latest", finds=find_latest)
def get_latest_release(call: Call) -> Reply:
    """Show the latest release, which is neither a draft nor a prerelease."""
    refuse_forms(call, *_FORMS)
    return _shown(call, call.found)


@route("repos/get-release-by-tag", f"GET {_RELEASES}/tags/{{tag}}", finds=find_by_tag)
def get_release_by_tag(call: Call) -> Reply:
    """Show the published release of a tag."""
    refuse_forms(call, *_FORMS)
    return _shown(call, call.found)


@route("repos/get-release", f"GET {_RELEASES}/{{release_id}}", finds=find)
def get_release(call: Call) -> Reply:
    """Show a release."""
    refuse_forms(call, *_FORMS)
    return _shown(call, call.found)


@route("repos/update-release", f"PATCH {_RELEASES}/{{release_id}}", finds=find)
def update_release(call: Call) -> Reply:
    """Change a release, or publish a draft."""
    _refuse_discussion(call)
    row = update(call.store, call.repository, call.actor, call.found, **call.arguments_for(update))
    return Reply(200, as_json.release(row, call.repository, call.urls))


@route("repos/delete-release", f"DELETE {_RELEASES}/{{release_id}}", finds=find)
def delete_release(call: Call) -> Reply:
    """Delete a release. Its tag stays."""
    delete(call.store, call.repository, call.actor, call.found)
    return Reply(204)


@route("repos/list-release-assets", f"GET {_RELEASES}/{{release_id}}/assets", finds=find)
def list_release_assets(call: Call) -> Reply:  # noqa: ARG001 - as every handler
    """List the assets of a release, of which the fake has none."""
    return Reply(200, Listing([]))
