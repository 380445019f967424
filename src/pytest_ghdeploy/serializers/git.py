"""Commits, branches, refs, tags, files and comparisons as GitHub's JSON."""

from __future__ import annotations

import base64
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github.git_objects import blob_sha
from pytest_ghdeploy.github.rules.git import shows_content
from pytest_ghdeploy.serializers.accounts import email, node_id, time, user

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.git import Commit, Graph, Signature
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.trees import Change, Entry
    from pytest_ghdeploy.github.urls import JSON, Urls


# Commits and branches


def git_user(row: User, when: datetime, chosen: Signature | None) -> JSON:
    """Serialize the author or committer of a commit: *chosen* by the client, otherwise *row* at *when*."""
    if chosen:
        return {"name": chosen.name, "email": chosen.email, "date": time(chosen.date.astimezone(UTC))}
    return {"name": row.login, "email": email(row), "date": time(when)}


def _account(row: User, chosen: Signature | None, urls: Urls) -> JSON | None:
    # GitHub finds the account by the email address. In the fake, each account has one address.
    return user(row, urls) if chosen is None or chosen.email == email(row) else None


def diff_entries(
    changes: Iterable[Change], before: str | None, after: str, graph: Graph, repository: Repository, urls: Urls
) -> list[JSON]:
    """
    Serialize changed files as GitHub's diff entries, with line counts and, for text files, a ``patch``.

    Args:
        changes: The changes between the commits *before* and *after*.
    """
    api, html = urls.repository(repository), f"{urls.html}/{repository.full_name}"
    old, new = graph.commits[before].tree if before else {}, graph.commits[after].tree
    files: list[JSON] = []
    for path, change in changes:
        sha, was = new.get(path), old.get(path)
        before_after = graph.blobs[was] if was else b"", graph.blobs[sha] if sha else b""
        is_short = sum(map(len, before_after)) <= _CACHED_BYTES
        added, removed, patch = (_cached_diff if is_short else _diff)(*before_after)
        # The URLs of a deleted file lead to the previous commit.
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


_LINES = 2000
"""The most lines for which two files are compared. Comparing more would slow a test down."""


def _diff(old: bytes, new: bytes) -> tuple[int, int, str]:
    """Count the added and removed lines and make the patch, which is ``""`` for binary files."""
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


_cached_diff = lru_cache(256)(_diff)
_CACHED_BYTES = 64 * 1024
"""The size of two files, together, up to which their comparison is cached."""


def commit(row: Commit, repository: Repository, urls: Urls) -> JSON:
    """Serialize a commit without ``stats`` and ``files``."""
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
    """Serialize a commit with ``stats`` and ``files``."""
    before = row.parents[0] if row.parents else None
    files = diff_entries(graph.changed_paths(row.sha), before, row.sha, graph, repository, urls)
    stats = {field: sum(file[field] for file in files) for field in ("additions", "deletions")}
    stats = {"total": sum(stats.values()), **stats}
    return {**commit(row, repository, urls), "stats": stats, "files": files}


def short_branch(name: str, sha: str, repository: Repository, urls: Urls, *, protected: bool) -> JSON:
    """Serialize a branch for events."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{urls.repository(repository)}/commits/{sha}"},
        "protected": protected,
    }


def listed_branch(name: str, sha: str, rule: BranchProtection | None, repository: Repository, urls: Urls) -> JSON:
    """Serialize a branch for the list of branches. Only that of a protected branch shows the protection."""
    short = short_branch(name, sha, repository, urls, protected=rule is not None)
    return short if rule is None else short | _protection(name, rule, repository, urls)


def branch(name: str, head: Commit, rule: BranchProtection | None, repository: Repository, urls: Urls) -> JSON:
    """Serialize a branch for its own endpoint."""
    api = f"{urls.repository(repository)}/branches/{quote(name)}"
    return {
        "name": name,
        "commit": commit(head, repository, urls),
        "_links": {"self": api, "html": f"{urls.html}/{repository.full_name}/tree/{quote(name)}"},
        "protected": rule is not None,
        **_protection(name, rule, repository, urls),
    }


def _protection(name: str, rule: BranchProtection | None, repository: Repository, urls: Urls) -> JSON:
    contexts = rule.required_contexts if rule else ()
    return {
        "protection": {
            "enabled": rule is not None,
            "required_status_checks": {
                "enforcement_level": "non_admins" if contexts else "off",
                "contexts": list(contexts),
                "checks": [{"context": context, "app_id": None} for context in contexts],
            },
        },
        "protection_url": f"{urls.repository(repository)}/branches/{quote(name)}/protection",
    }


# Refs and tags


def ref(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a ref. *name* is without ``refs/``. Tags are lightweight, so the object is always a commit."""
    api = urls.repository(repository)
    return {
        "ref": f"refs/{name}",
        "node_id": node_id("REF", repository.id, f"refs/{name}"),
        "url": f"{api}/git/refs/{quote(name)}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/git/commits/{sha}"},
    }


def tag(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a tag for the list of tags."""
    api = urls.repository(repository)
    return {
        "name": name,
        "zipball_url": f"{api}/zipball/refs/tags/{quote(name)}",
        "tarball_url": f"{api}/tarball/refs/tags/{quote(name)}",
        "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
        "node_id": node_id("REF", repository.id, f"refs/tags/{name}"),
    }


# Files and directories

_LINE = 60
"""Characters in a line of base64."""


def file(path: str, content: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a file without its content."""
    return _item("file", path, blob_sha(content), len(content), ref, repository, urls)


def file_with_content(path: str, content: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a file with its *content* in base64, unless it is too long."""
    is_shown = shows_content(len(content))
    text = base64.b64encode(content).decode() if is_shown else ""
    lines = (f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))
    item = file(path, content, ref, repository, urls)
    links = item.pop("_links")
    return item | {"content": "".join(lines), "encoding": "base64" if is_shown else "none", "_links": links}


def entry(row: Entry, size: int | None, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a file or directory for the list of a directory. *size* is in bytes, ``None`` for a directory."""
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
    """Serialize the commit in the response to a changed file: GitHub's form for a git commit."""
    full = commit(row, repository, urls)
    inner = full["commit"]
    return {
        "sha": row.sha,
        "node_id": full["node_id"],
        "url": inner["url"],
        "html_url": full["html_url"],
        "author": inner["author"],
        "committer": inner["committer"],
        "tree": inner["tree"],
        "message": row.message,
        "parents": [
            {**parent, "url": f"{urls.repository(repository)}/git/commits/{parent['sha']}"}
            for parent in full["parents"]
        ],
        "verification": inner["verification"],
    }


def comparison_urls(basehead: str, base: Commit, head: Commit, repository: Repository, urls: Urls) -> JSON:
    """Serialize the URLs of the comparison of *base* and *head*, requested as *basehead*."""
    html, owner = f"{urls.html}/{repository.full_name}/compare", repository.owner.login
    quoted = quote(basehead, safe="/:")
    return {
        "url": f"{urls.repository(repository)}/compare/{quoted}",
        "html_url": f"{html}/{quoted}",
        "permalink_url": f"{html}/{owner}:{base.sha[:7]}...{owner}:{head.sha[:7]}",
        "diff_url": f"{html}/{quoted}.diff",
        "patch_url": f"{html}/{quoted}.patch",
    }
