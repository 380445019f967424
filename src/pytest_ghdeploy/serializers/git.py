"""Commits, branches, refs, tags, comparisons and the objects of git as GitHub's JSON."""

from __future__ import annotations

import base64
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.github.merges import WEB_FLOW, WEB_FLOW_EMAIL, WEB_FLOW_PGP_SIGNATURE
from pytest_ghdeploy.serializers.accounts import email, node_id, time, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.git import Commit, Graph
    from pytest_ghdeploy.github.git_database import AnnotatedTag
    from pytest_ghdeploy.github.git_objects import ObjectKind
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.trees import Change, Entry, File
    from pytest_ghdeploy.github.urls import JSON, Urls


# Commits and branches

_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _verification(row: Commit) -> JSON:
    # The fake knows no keys but GitHub's own [guess: the payload, which is what git signs].
    if not row.pgp_signature:
        return dict(_UNSIGNED)
    usual = Signature(row.author.login, email(row.author), row.committed_at)
    author, committer = (
        f"{role} {person.name} <{person.email}> {int(person.date.timestamp())} {person.date:%z}\n"
        for role, person in (("author", row.written_by or usual), ("committer", row.committed_by or usual))
    )
    parents = "".join(f"parent {sha}\n" for sha in row.parents)
    payload = f"tree {row.tree_sha}\n{parents}{author}{committer}\n{row.message}"
    signed = _UNSIGNED | {"reason": "unknown_key", "signature": row.pgp_signature, "payload": payload}
    if row.pgp_signature == WEB_FLOW_PGP_SIGNATURE:
        signed |= {"verified": True, "reason": "valid", "verified_at": time(row.committed_at)}
    return signed


def git_user(row: User, when: datetime, chosen: Signature | None) -> JSON:
    """Serialize the author or committer of a commit: *chosen* by the client, otherwise *row* at *when*."""
    if chosen:
        return {"name": chosen.name, "email": chosen.email, "date": time(chosen.date.astimezone(UTC))}
    return {"name": row.login, "email": email(row), "date": time(when)}


def _account(row: User, chosen: Signature | None, urls: Urls) -> JSON | None:
    # GitHub finds the account by the email address. In the fake, each account has one address.
    if chosen and chosen.email == WEB_FLOW_EMAIL:
        return user(WEB_FLOW, urls)
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
        was, now = old.get(path), new.get(path)
        shown = now or was
        assert shown is not None  # noqa: S101 - the path has changed
        added, removed, patch = diff_of(was, now, graph.content)
        # The URLs of a deleted file lead to the previous commit.
        where = f"{after if now or not before else before}/{quote(path)}"
        files.append(
            {
                "sha": shown.sha,
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


def diff_of(old: File | None, new: File | None, content: Callable[[File], bytes]) -> tuple[int, int, str]:
    """
    Count the added and removed lines between two files, and make the patch, which is ``""`` for binary files.

    Args:
        content: Returns the content of a file.
    """
    contents = content(old) if old else b"", content(new) if new else b""
    is_short = sum(map(len, contents)) <= _CACHED_BYTES
    return (_cached_diff if is_short else _diff)(*contents)


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
            "verification": _verification(row),
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


def simple_commit(row: Commit) -> JSON:
    """Serialize a commit inside a check suite: who wrote what, without URLs."""
    author = git_user(row.author, row.committed_at, row.written_by)
    committer = git_user(row.author, row.committed_at, row.committed_by)
    return {
        "id": row.sha,
        "tree_id": row.tree_sha,
        "message": row.message,
        "timestamp": author["date"],
        "author": {"name": author["name"], "email": author["email"]},
        "committer": {"name": committer["name"], "email": committer["email"]},
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


def ref(name: str, sha: str, kind: ObjectKind, repository: Repository, urls: Urls) -> JSON:
    """Serialize a ref. *name* is without ``refs/``. *kind* is ``tag`` for an annotated tag."""
    api = urls.repository(repository)
    return {
        "ref": f"refs/{name}",
        "node_id": node_id("REF", repository.id, f"refs/{name}"),
        "url": f"{api}/git/refs/{quote(name)}",
        "object": {"sha": sha, "type": kind, "url": f"{api}/git/{kind}s/{sha}"},
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


# Objects, as the endpoints below `git/` show them


def git_commit(row: Commit, repository: Repository, urls: Urls) -> JSON:
    """Serialize a commit as an object of git, without accounts."""
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


def short_blob(sha: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a new blob."""
    return {"sha": sha, "url": f"{urls.repository(repository)}/git/blobs/{sha}"}


def blob(sha: str, content: bytes, repository: Repository, urls: Urls) -> JSON:
    """Serialize a blob with its *content* in base64."""
    return {
        "sha": sha,
        "node_id": node_id("B", repository.id, sha),
        "size": len(content),
        "url": f"{urls.repository(repository)}/git/blobs/{sha}",
        "content": in_base64(content),
        "encoding": "base64",
    }


_LINE = 60
"""Characters in a line of base64."""


def in_base64(content: bytes) -> str:
    """Write *content* in base64, in lines of 60 characters."""
    text = base64.b64encode(content).decode()
    return "".join(f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))


def tree(
    sha: str, entries: Iterable[Entry], graph: Graph, repository: Repository, urls: Urls, *, truncated: bool = False
) -> JSON:
    """
    Serialize a tree.

    Args:
        sha: The SHA in the request, which may be a commit's.

        truncated: Whether there are more than these *entries*.
    """
    api = f"{urls.repository(repository)}/git"
    items: list[JSON] = []
    for entry in entries:
        item: JSON = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        if entry.kind == "blob":
            item |= {"size": len(graph.blobs[entry.sha]), "url": f"{api}/blobs/{entry.sha}"}
        elif entry.kind == "tree":
            item["url"] = f"{api}/trees/{entry.sha}"
        items.append(item)
    return {"sha": sha, "url": f"{api}/trees/{sha}", "tree": items, "truncated": truncated}


def annotated_tag(row: AnnotatedTag, repository: Repository, urls: Urls) -> JSON:
    """Serialize a tag object."""
    api = f"{urls.repository(repository)}/git"
    tagger = row.tagger
    return {
        "node_id": node_id("TA", repository.id, row.sha),
        "sha": row.sha,
        "url": f"{api}/tags/{row.sha}",
        "tagger": {"name": tagger.name, "email": tagger.email, "date": time(tagger.date.astimezone(UTC))},
        "object": {"sha": row.target, "type": row.target_kind, "url": f"{api}/{row.target_kind}s/{row.target}"},
        "tag": row.name,
        "message": row.message,
        "verification": dict(_UNSIGNED),
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
