"""Files, symbolic links, submodules and directories as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github.rules.git import shows_content
from pytest_ghdeploy.github.trees import SUBMODULE, SYMLINK
from pytest_ghdeploy.serializers.git import in_base64

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.submodules import SubmoduleUrls
    from pytest_ghdeploy.github.trees import Entry, File
    from pytest_ghdeploy.github.urls import JSON, Urls


def file(path: str, row: File, size: int, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a file or symbolic link of *size* bytes, without its content."""
    return _item("symlink" if row.mode == SYMLINK else "file", path, row.sha, size, ref, repository, urls)


def file_with_content(path: str, row: File, content: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a file with its *content* in base64, unless it is too long."""
    is_shown = shows_content(len(content))
    item = _item("file", path, row.sha, len(content), ref, repository, urls)
    links = item.pop("_links")
    encoding = "base64" if is_shown else "none"
    return item | {"content": in_base64(content) if is_shown else "", "encoding": encoding, "_links": links}


def symlink(path: str, row: File, target: bytes, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a symbolic link that does not lead to a file."""
    return file(path, row, len(target), ref, repository, urls) | {"target": target.decode("utf-8", "replace")}


def submodule(path: str, row: File, of: SubmoduleUrls, ref: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a submodule."""
    item = _item("submodule", path, row.sha, 0, ref, repository, urls)
    return _elsewhere(item, of) | {"submodule_git_url": of.clone_url}


def entry(row: Entry, size: int, of: SubmoduleUrls | None, ref: str, repository: Repository, urls: Urls) -> JSON:
    """
    Serialize an entry for the list of a directory.

    Args:
        size: In bytes, 0 for a directory or submodule.

        of: The URLs of a submodule, ``None`` for other entries.
    """
    # The type of a submodule is "file" in lists, to remain compatible with older clients.
    kind = {"tree": "dir", "commit": "file"}.get(row.kind, "symlink" if row.mode == SYMLINK else "file")
    item = _item(kind, row.path, row.sha, size, ref, repository, urls)
    return _elsewhere(item, of) if of and row.mode == SUBMODULE else item


def _elsewhere(item: JSON, of: SubmoduleUrls) -> JSON:
    links = item["_links"] | {"git": of.git_url, "html": of.html_url}
    return item | {"git_url": of.git_url, "html_url": of.html_url, "download_url": None, "_links": links}


def _item(kind: str, path: str, sha: str, size: int, ref: str, repository: Repository, urls: Urls) -> JSON:
    api, html = urls.repository(repository), f"{urls.html}/{repository.full_name}"
    where, at = quote(path), quote(ref)
    is_file = kind != "dir"
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
