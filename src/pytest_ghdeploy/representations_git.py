"""
What GitHub's API shows of git as JSON: refs, tags, files, comparisons.

As in ``representations``, which has commits and branches, these are pure
functions of rows and what else is handed in.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy import rules
from pytest_ghdeploy.git import blob_sha

if TYPE_CHECKING:
    from pytest_ghdeploy.git import Commit, Entry
    from pytest_ghdeploy.model import Repository
    from pytest_ghdeploy.representations import JSON, Urls

# GitHub breaks the lines of base64 after so many characters.
_LINE = 60


def ref(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's reference: *name* is without ``refs/``. Tags are lightweight, so each names a commit."""
    api = urls.repository(repository)
    return {
        "ref": f"refs/{name}",
        "node_id": as_json.node_id("REF", repository.id, f"refs/{name}"),
        "url": f"{api}/git/refs/{quote(name)}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/git/commits/{sha}"},
    }


def tag(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's tag as the list of tags shows it."""
    api = urls.repository(repository)
    return {
        "name": name,
        "zipball_url": f"{api}/zipball/refs/tags/{quote(name)}",
        "tarball_url": f"{api}/tarball/refs/tags/{quote(name)}",
        "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
        "node_id": as_json.node_id("REF", repository.id, f"refs/tags/{name}"),
    }


def file(path: str, content: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's file without what is in it."""
    return _item("file", path, blob_sha(content), len(content), ref, repository, urls)


def file_with_content(path: str, content: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's file, with its *content* in base64 unless it is too long."""
    shown = rules.shows_content(len(content))
    text = base64.b64encode(content).decode() if shown else ""
    lines = (f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))
    answer = file(path, content, ref, repository, urls)
    links = answer.pop("_links")
    return answer | {"content": "".join(lines), "encoding": "base64" if shown else "none", "_links": links}


def entry(row: Entry, size: int | None, ref: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's file or directory as the list of a directory shows it. *size* is a file's, in bytes."""
    return _item("dir" if row.is_directory else "file", row.path, row.sha, size or 0, ref, repository, urls)


def _item(kind: str, path: str, sha: str, size: int, ref: str, repository: Repository, urls: Urls) -> JSON:
    api, html = urls.repository(repository), f"{urls.html}/{repository.full_name}"
    where, at = quote(path), quote(ref)
    is_file = kind == "file"
    self_url = f"{api}/contents/{where}?ref={quote(ref, safe='')}"
    git_url = f"{api}/git/{'blobs' if is_file else 'trees'}/{sha}"
    html_url = f"{html}/{'blob' if is_file else 'tree'}/{at}/{where}"
    raw = "https://raw.githubusercontent.com" if urls.is_public else f"{urls.html}/raw"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": size,
        "url": self_url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": f"{raw}/{repository.full_name}/{at}/{where}" if is_file else None,
        "type": kind,
        "_links": {"self": self_url, "git": git_url, "html": html_url},
    }


def file_commit(row: Commit, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit as the answer to a change of a file shows it: git's own view of it."""
    whole = as_json.commit(row, repository, urls)
    inner = whole["commit"]
    return {
        "sha": row.sha,
        "node_id": whole["node_id"],
        "url": inner["url"],
        "html_url": whole["html_url"],
        "author": inner["author"],
        "committer": inner["committer"],
        "tree": inner["tree"],
        "message": row.message,
        "parents": [
            {**parent, "url": f"{urls.repository(repository)}/git/commits/{parent['sha']}"}
            for parent in whole["parents"]
        ],
        "verification": inner["verification"],
    }


def comparison_urls(basehead: str, base: Commit, head: Commit, repository: Repository, urls: Urls) -> JSON:
    """Address GitHub's comparison of *base* and *head*, asked for as *basehead*: its first members."""
    html, asked, owner = (
        f"{urls.html}/{repository.full_name}/compare",
        quote(basehead, safe="/:"),
        repository.owner.login,
    )
    return {
        "url": f"{urls.repository(repository)}/compare/{asked}",
        "html_url": f"{html}/{asked}",
        "permalink_url": f"{html}/{owner}:{base.sha[:7]}...{owner}:{head.sha[:7]}",
        "diff_url": f"{html}/{asked}.diff",
        "patch_url": f"{html}/{asked}.patch",
    }
