"""The URLs of submodules, which are in the file ``.gitmodules``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from pytest_ghdeploy.github.urls import Urls

_SECTION = re.compile(r"^\s*\[", re.MULTILINE)
_VALUE = re.compile(r"^[ \t]*(path|url)[ \t]*=[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_SCP = re.compile(r"[^@/]+@(?P<host>[^:/]+):(?P<path>.+)")


class SubmoduleUrls(NamedTuple):
    """
    The URLs of a submodule.

    Attributes:
        clone_url: The URL in ``.gitmodules``, ``None`` without one.

        git_url, html_url: Of its commit's tree, ``None`` unless the repository is on this GitHub.
    """

    clone_url: str | None
    git_url: str | None
    html_url: str | None


def submodule_urls(gitmodules: bytes, path: str, sha: str, owner: str, urls: Urls) -> SubmoduleUrls:
    """
    Find the URLs of the submodule at *path*.

    Args:
        gitmodules: The content of ``.gitmodules``.

        sha: The submodule's commit.

        owner: The owner of the repository, for a relative URL such as ``../other.git``.

    Source:
        https://docs.github.com/rest/repos/contents#get-repository-content
    """
    clone_url = None
    for section in _SECTION.split(gitmodules.decode("utf-8", "replace")):
        values = dict(_VALUE.findall(section))
        if values.get("path") == path:
            clone_url = values.get("url")
    if clone_url and clone_url.startswith(("./", "../")):
        clone_url = urljoin(f"{urls.html}/{owner}/_/", clone_url)
    host, place = _place(clone_url or "")
    if host != urlsplit(urls.html).netloc:
        return SubmoduleUrls(clone_url, None, None)
    name = place.strip("/").removesuffix(".git")
    return SubmoduleUrls(clone_url, f"{urls.api}/repos/{name}/git/trees/{sha}", f"{urls.html}/{name}/tree/{sha}")


def _place(clone_url: str) -> tuple[str, str]:
    if short := _SCP.fullmatch(clone_url):
        return short["host"], short["path"]
    parts = urlsplit(clone_url)
    return parts.netloc.rpartition("@")[2], parts.path
