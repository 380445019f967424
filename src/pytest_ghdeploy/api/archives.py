"""
Links to archives of a commit's files. The archives themselves are in ``http/downloads``.

Source:
    https://docs.github.com/rest/repos/contents
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import archives

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def full_ref(store: Store, repository: Repository, ref: str) -> str:
    """Return the full name of a branch or tag, and any other *ref* as it is, even if it does not exist."""
    target = git.find(store, repository, ref, short_shas=True)
    spaces = {"branch": "refs/heads/", "tag": "refs/tags/", "ref": "refs/"}
    return f"{spaces[target.kind]}{target.name}" if target and target.kind != "commit" else ref


def _link(call: Call, form: Literal["legacy.tar.gz", "legacy.zip"]) -> Reply:
    """
    Redirect to an archive. That of a private repository has a token in its URL, which is valid for five minutes.

    Source:
        Recorded: the redirect and its headers (@octokit/fixtures and hub4j/github-api).
        That a ref which does not exist is redirected too is widely known.
    """
    store, repository, now = call.store, call.repository, call.store.clock.now
    ref = full_ref(store, repository, call.params.get("ref") or repository.default_branch)
    url = f"{call.urls.codeload}/{repository.full_name}/{form}/{quote(ref)}"
    if repository.private:
        token = archives.link_token(repository.id, now + timedelta(seconds=archives.TOKEN_SECONDS))
        store.secrets.add_token(token)
        url += f"?token={token}"
    headers = {
        "Content-Type": "text/html;charset=utf-8",
        "Cache-Control": "public, must-revalidate, max-age=0",
        "Expires": format_datetime(now, usegmt=True),
    }
    return Reply(302, location=url, headers=headers)


@route(
    "repos/download-tarball-archive",
    "GET /repos/{owner}/{repo}/tarball/{ref}",
    "GET /repos/{owner}/{repo}/tarball",
)
def download_tarball_archive(call: Call) -> Reply:
    """Redirect to an archive in the format tar.gz."""
    return _link(call, "legacy.tar.gz")


@route(
    "repos/download-zipball-archive",
    "GET /repos/{owner}/{repo}/zipball/{ref}",
    "GET /repos/{owner}/{repo}/zipball",
)
def download_zipball_archive(call: Call) -> Reply:
    """Redirect to an archive in the format zip."""
    return _link(call, "legacy.zip")
