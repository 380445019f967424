"""Commits, branches, refs, tags, files and comparisons as GitHub's JSON."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pytest_ghdeploy.github.git import Change, Commit, Graph, Signature
    from pytest_ghdeploy.github.model import (
        Repository,
        User,
    )
from typing import TYPE_CHECKING

from pytest_ghdeploy.github.git import blob_sha
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.github.urls import JSON, Urls
from pytest_ghdeploy.serializers import accounts as account_json
from pytest_ghdeploy.serializers.accounts import email, node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git import Commit, Entry
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.urls import JSON, Urls


# Git


def git_user(row: User, when: datetime, chosen: Signature | None) -> JSON:
    """Who wrote or made a commit: *row*, *when*, unless the client has *chosen* otherwise."""
    if chosen:
        return {"name": chosen.name, "email": chosen.email, "date": time(chosen.date)}
    return {"name": row.login, "email": email(row), "date": time(when)}


def _account(row: User, chosen: Signature | None, urls: Urls) -> JSON | None:
    # GitHub goes by the address; the fake knows one for each account.
    return user(row, urls) if chosen is None or chosen.email == email(row) else None


def diff_entries(
    changes: Iterable[Change], before: str | None, after: str, graph: Graph, repository: Repository, urls: Urls
) -> list[JSON]:
    """
    GitHub's diff entries: files with their counts of lines, and with a ``patch`` where they are text.

    Args:
        changes: What has changed between the commits *before* and *after*.
    """
    api, html = urls.repository(repository), f"{urls.html}/{repository.full_name}"
    old, new = graph.commits[before].tree if before else {}, graph.commits[after].tree
    files: list[JSON] = []
    for path, change in changes:
        sha, was = new.get(path), old.get(path)
        added, removed, patch = _diff(graph.blobs[was] if was else b"", graph.blobs[sha] if sha else b"")
        # What is gone is shown where it was.
        where = f"{after if sha or not before else before}/{quote(path)}"
        files.append(
            {
                "sha": sha or was,
                "filename": path,
                "status": change,
                "additions": added,
                "deletions": removed,
                "changes": added + removed,
                "blob_url": f"{html}/blob/{where}",
                "raw_url": f"{html}/raw/{where}",
                "contents_url": f"{api}/contents/{quote(path)}?ref={where.partition('/')[0]}",
                **({"patch": patch} if patch else {}),
            }
        )
    return files


# Beyond that many lines comparing takes too long for what a test could want of it.
_LINES = 2000


@lru_cache(256)
def _diff(old: bytes, new: bytes) -> tuple[int, int, str]:
    """Count the lines that were added and removed, and write the patch, ``""`` for binary contents."""
    import difflib

    try:
        before, after = old.decode().split("\n"), new.decode().split("\n")
    except UnicodeDecodeError:
        return 0, 0, ""
    if "\0" in old.decode() + new.decode():
        return 0, 0, ""
    before, after = (lines[:-1] if lines[-1] == "" else lines for lines in (before, after))
    if len(before) + len(after) > _LINES:
        return len(after), len(before), ""
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    signs = [line[0] for line in lines]
    return signs.count("+"), signs.count("-"), "\n".join(lines)


def commit(row: Commit, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit, without ``stats`` and ``files``."""
    api = urls.repository(repository)
    return {
        "sha": row.sha,
        "node_id": node_id("C", repository.id, row.sha),
        "commit": {
            "author": git_user(row.author, row.committed_at, row.written_by),
            "committer": git_user(row.author, row.committed_at, row.committed_by),
            "message": row.message,
            "tree": {"sha": row.tree_sha, "url": f"{api}/git/trees/{row.tree_sha}"},
            "url": f"{api}/git/commits/{row.sha}",
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "url": f"{api}/commits/{row.sha}",
        "html_url": f"{urls.html}/{repository.full_name}/commit/{row.sha}",
        "comments_url": f"{api}/commits/{row.sha}/comments",
        "author": _account(row.author, row.written_by, urls),
        "committer": _account(row.author, row.committed_by, urls),
        "parents": [
            {
                "sha": sha,
                "url": f"{api}/commits/{sha}",
                "html_url": f"{urls.html}/{repository.full_name}/commit/{sha}",
            }
            for sha in row.parents
        ],
    }


def full_commit(row: Commit, graph: Graph, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit with what it changed."""
    before = row.parents[0] if row.parents else None
    files = diff_entries(graph.changed_paths(row.sha), before, row.sha, graph, repository, urls)
    stats = {field: sum(file[field] for file in files) for field in ("additions", "deletions")}
    stats = {"total": sum(stats.values()), **stats}
    return {**commit(row, repository, urls), "stats": stats, "files": files}


def short_branch(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's branch as lists and events show it."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{urls.repository(repository)}/commits/{sha}"},
        "protected": False,
    }


def branch(name: str, head: Commit, repository: Repository, urls: Urls) -> JSON:
    """GitHub's branch as its own endpoint shows it. Branches of the fake are not protected."""
    api = f"{urls.repository(repository)}/branches/{quote(name)}"
    return {
        "name": name,
        "commit": commit(head, repository, urls),
        "_links": {"self": api, "html": f"{urls.html}/{repository.full_name}/tree/{quote(name)}"},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{api}/protection",
    }


# GitHub breaks the lines of base64 after so many characters.
_LINE = 60


def ref(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's reference: *name* is without ``refs/``. Tags are lightweight, so each names a commit."""
    api = urls.repository(repository)
    return {
        "ref": f"refs/{name}",
        "node_id": account_json.node_id("REF", repository.id, f"refs/{name}"),
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
        "node_id": account_json.node_id("REF", repository.id, f"refs/tags/{name}"),
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
    whole = commit(row, repository, urls)
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
