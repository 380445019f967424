"""Comments and reactions as GitHub's JSON."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.github.pull_requests import REACTION_CONTENTS
from pytest_ghdeploy.serializers.accounts import app_or_null, node_id, time, user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.pull_requests import CommitComment, IssueComment, Reaction
    from pytest_ghdeploy.github.urls import JSON, Urls


class Surroundings(NamedTuple):
    """
    What the JSON of a comment shows besides its row.

    Attributes:
        author_association: How its author is associated with the repository, such as ``OWNER``.

        reactions: How many reactions it has, by their content.
    """

    author_association: str
    reactions: Mapping[str, int]


def in_full(shown: JSON) -> JSON:
    """
    Add the text and the HTML of a Markdown ``body`` to the JSON of a comment or issue, for the media type ``full``.

    The fake does not render Markdown: the text is the body itself, and the HTML is one paragraph [guess].

    Source:
        https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types
    """
    body = shown["body"] or ""
    paragraph = f'<p dir="auto">{html.escape(body, quote=False)}</p>' if body else ""
    return {**shown, "body_html": paragraph, "body_text": body}


def reaction_rollup(url: str, counts: Mapping[str, int]) -> JSON:
    """Serialize the *counts* of the reactions to the object with this *url*, by content."""
    return {
        "url": f"{url}/reactions",
        "total_count": sum(counts.values()),
        **{content: counts.get(content, 0) for content in REACTION_CONTENTS},
    }


def reaction(row: Reaction, urls: Urls) -> JSON:
    """Serialize a reaction."""
    return {
        "id": row.id,
        "node_id": node_id("REA", row.repository_id, row.id),
        "user": user(row.user, urls),
        "content": row.content,
        "created_at": time(row.created_at),
    }


def issue_comment(row: IssueComment, number: int, about: Surroundings, repository: Repository, urls: Urls) -> JSON:
    """
    Serialize a comment on a pull request.

    Args:
        number: The number of the pull request.
    """
    issues = f"{urls.repository(repository)}/issues"
    url = f"{issues}/comments/{row.id}"
    return {
        "url": url,
        "html_url": f"{urls.html}/{repository.full_name}/pull/{number}#issuecomment-{row.id}",
        "issue_url": f"{issues}/{number}",
        "id": row.id,
        "node_id": node_id("IC", repository.id, row.id),
        "user": user(row.user, urls),
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "body": row.body,
        "author_association": about.author_association,
        "reactions": reaction_rollup(url, about.reactions),
        "performed_via_github_app": app_or_null(row.performed_via_github_app, urls),
    }


def commit_comment(row: CommitComment, about: Surroundings, repository: Repository, urls: Urls) -> JSON:
    """Serialize a comment on a commit."""
    url = f"{urls.repository(repository)}/comments/{row.id}"
    return {
        "url": url,
        "html_url": f"{urls.html}/{repository.full_name}/commit/{row.commit_id}#commitcomment-{row.id}",
        "id": row.id,
        "node_id": node_id("CC", repository.id, row.id),
        "user": user(row.user, urls),
        "position": row.position,
        "line": row.line,
        "path": row.path,
        "commit_id": row.commit_id,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "author_association": about.author_association,
        "body": row.body,
        "reactions": reaction_rollup(url, about.reactions),
    }
