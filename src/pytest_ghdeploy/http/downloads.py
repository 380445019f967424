"""
Downloads of archives, which GitHub answers outside its API: codeload, and the links to archives on pages.

Nothing else on these hosts is answered.

Source:
    https://docs.github.com/repositories/working-with-files/using-files/downloading-source-code-archives
    The refusal and the names of the files were observed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, quote, unquote

from pytest_ghdeploy.api import archives as links, git
from pytest_ghdeploy.github import archives
from pytest_ghdeploy.github.refusals import GitHubError
from pytest_ghdeploy.http import router
from pytest_ghdeploy.http.authentication import authenticate, check_access
from pytest_ghdeploy.http.messages import Answer

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git import Graph, Target
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.http.messages import Request
    from pytest_ghdeploy.store.store import Store

PREFIX = "/_codeload"
"""The path of codeload on a GitHub Enterprise Server, and on the live server."""

_CODELOAD = re.compile(
    r"/(?P<owner>[^/]+)/(?P<repo>[^/]+)/(?P<form>legacy\.tar\.gz|legacy\.zip|tar\.gz|zip)/(?P<ref>.+)"
)
# An API path may look alike if a repository is called "archive".
_PAGE = re.compile(r"/(?!repos/)(?P<owner>[^/]+)/(?P<repo>[^/]+)/archive/(?P<ref>.+)\.(?P<form>tar\.gz|zip)")
_TYPES = {"tar.gz": "application/x-gzip", "zip": "application/zip"}


class Place(NamedTuple):
    """
    What a request wants to download.

    Attributes:
        form: ``tar.gz`` or ``zip``, with ``legacy.`` before it for a link of the API.

        is_page: Whether the path is that of a page, which redirects to codeload.
    """

    owner: str
    repo: str
    form: str
    ref: str
    is_page: bool


def place_on_codeload(path: str) -> Place | None:
    """Find what a path of codeload's own host means; ``None`` if it is nothing to download."""
    return _place(_CODELOAD.fullmatch(path), is_page=False)


def place_on_pages(path: str) -> Place | None:
    """Find what a path of a host with GitHub's pages means; ``None`` if it is nothing to download."""
    return _place(_PAGE.fullmatch(path), is_page=True)


def place_on_server(path: str) -> Place | None:
    """Find what a path of a GitHub Enterprise Server means; ``None`` if it is nothing to download."""
    if path.startswith(f"{PREFIX}/"):
        return place_on_codeload(path.removeprefix(PREFIX))
    return place_on_pages(path)


def _place(match: re.Match[str] | None, *, is_page: bool) -> Place | None:
    return (
        Place(**{name: unquote(text) for name, text in match.groupdict().items()}, is_page=is_page) if match else None
    )


def answer(store: Store, urls: Urls, request: Request, place: Place, headers: dict[str, str]) -> Answer:
    """Answer a download. *headers* are those that every answer has."""
    request.params = {"owner": place.owner, "repo": place.repo}
    repository = store.repository(f"{place.owner}/{place.repo}")
    if repository is None or request.method not in ("GET", "HEAD"):
        return _refused(headers, f"there is no repository {place.owner}/{place.repo}")
    request.repository = repository
    if not _may_read(store, request, repository):
        return _refused(headers, f"{repository.full_name} is private: the token is missing, invalid or older than "
                        f"{archives.TOKEN_SECONDS} seconds by ghdeploy.clock")  # fmt: skip
    graph = store.git(repository)
    target = git.find(store, repository, place.ref, short_shas=True) if graph.commits else None
    if place.is_page:
        return _redirected(store, urls, request, repository, place, headers)
    if target is None:
        known = git.known_refs(graph, place.ref)
        return _refused(headers, f"{repository.full_name} has no branch, tag or commit {place.ref!r}; {known}")
    return _packed(graph, repository, place, target, request, headers)


def _may_read(store: Store, request: Request, repository: Repository) -> bool:
    if not repository.private:
        return True
    tokens = parse_qs(request.query).get("token", ())
    if any(archives.is_link_token(token, repository.id, store.clock.now) for token in tokens):
        return True
    with suppress(GitHubError):
        token = authenticate(store, request)
        check_access(store, router.endpoints()["repos/download-tarball-archive"], token, repository)
        return True
    return False


def _redirected(
    store: Store, urls: Urls, request: Request, repository: Repository, place: Place, headers: dict[str, str]
) -> Answer:
    ref = quote(links.full_ref(store, repository, place.ref))
    query = f"?{request.query}" if request.query else ""
    location = f"{urls.codeload}/{repository.full_name}/{place.form}/{ref}{query}"
    return Answer(int(HTTPStatus.FOUND), headers | {"Location": location, "Content-Length": "0"}, b"")


def _packed(
    graph: Graph, repository: Repository, place: Place, target: Target, request: Request, headers: dict[str, str]
) -> Answer:
    commit, form = graph.commits[target.sha], place.form.removeprefix("legacy.")
    if place.form == form:
        names = archives.web_names(repository.name, target)
    else:
        names = archives.legacy_names(repository.owner.login, repository.name, graph, commit)
    pack = archives.tar_gz if form == "tar.gz" else archives.zip_
    body = pack(graph, commit, names.folder)
    headers = headers | {
        "Content-Type": _TYPES[form],
        "Content-Disposition": f"attachment; filename={quote(names.file)}.{form}",
        "Content-Length": str(len(body)),
        "Vary": "Authorization,Accept-Encoding,Origin",
    }
    return Answer(int(HTTPStatus.OK), headers, b"" if request.method == "HEAD" else body)


def _refused(headers: dict[str, str], hint: str) -> Answer:
    body = b"404: Not Found"
    more = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "X-GHDeploy-Hint": hint}
    return Answer(int(HTTPStatus.NOT_FOUND), headers | more, body, hint)
