"""The URLs in GitHub's answers, for api.github.com, GitHub Enterprise Server and data residency."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import (
        Repository,
        User,
    )


JSON = dict[str, Any]

PUBLIC_API = "https://api.github.com"
ENTERPRISE_VERSION = "3.19.0"
"""The GitHub Enterprise Server that a fake is, unless told otherwise."""

_RESIDENCE = ".ghe.com"
_DOCS = "https://docs.github.com"


class Urls(NamedTuple):
    """
    The roots that URLs in answers start with, without a final slash.

    Attributes:
        api: ``https://api.github.com``, or ``https://HOST/api/v3`` on GitHub Enterprise Server.

        html: ``https://github.com``, or ``https://HOST``.

        enterprise_version: That of GitHub Enterprise Server; ``""`` for github.com and with data residency.

        pictures: Of accounts, by id [guess: where they are with data residency].
    """

    api: str
    html: str
    enterprise_version: str = ""
    pictures: str = "https://avatars.githubusercontent.com/u/%d?v=4"

    @classmethod
    @lru_cache(32)
    def of(cls, base_url: str, enterprise_version: str = ENTERPRISE_VERSION) -> Urls:
        """
        Derive the roots from the API's root *base_url*.

        Args:
            enterprise_version: Of GitHub Enterprise Server, whose API is below a path; others have none.
        """
        api = base_url.rstrip("/")
        parts = urlsplit(api)
        host = parts.netloc
        if api == PUBLIC_API:
            host = "github.com"
        elif host.startswith("api.") and not parts.path:
            host = host.removeprefix("api.")
        html = f"{parts.scheme}://{host}"
        if api == PUBLIC_API:
            return cls(api, html)
        escaped = host.replace("%", "%%")
        if parts.path:
            return cls(api, html, enterprise_version, f"{parts.scheme}://{escaped}/avatars/u/%d?")
        return cls(api, html, "", f"{parts.scheme}://avatars.{escaped}/u/%d?v=4")

    @lru_cache(64)  # noqa: B019 - few are ever made
    def at(self, root: str) -> Urls:
        """Move the API to *root*, where the live server was asked, and all else to the same host."""
        parts = urlsplit(root)
        moved = Urls.of(root, "")
        if parts.netloc == urlsplit(self.api).netloc:
            return moved._replace(enterprise_version=self.enterprise_version, pictures=self.pictures)
        host = f"{parts.scheme}://{parts.netloc}"
        pictures = f"{host.replace('%', '%%')}/avatars/u/%d?"
        return Urls(moved.api, moved.html, self.enterprise_version, pictures)

    @property
    def is_public(self) -> bool:
        """Whether this is github.com."""
        return self.api == PUBLIC_API

    def avatar(self, row: User) -> str:
        """Address an account's picture."""
        return self.pictures % row.id

    def documentation(self, page: str) -> str:
        """Address a *page* of docs.github.com in the edition for this GitHub [guess: for refusals too]."""
        if not self.enterprise_version:
            return page
        release = ".".join(self.enterprise_version.split(".")[:2])
        return page.replace(f"{_DOCS}/rest", f"{_DOCS}/enterprise-server@{release}/rest", 1)

    def ssh(self, row: Repository) -> str:
        """
        Address a repository for git over SSH; with data residency the user is the enterprise's subdomain.

        Source:
            https://docs.github.com/enterprise-cloud@latest/admin/data-residency
        """
        host = urlsplit(self.html).hostname or ""
        login = host.removesuffix(_RESIDENCE) if host.endswith(_RESIDENCE) else "git"
        return f"{login}@{host}:{row.full_name}.git"

    def repository(self, row: Repository) -> str:
        """Address a repository in the API."""
        return f"{self.api}/repos/{row.full_name}"

    def deployment(self, repository: Repository, deployment_id: int) -> str:
        """Address a deployment in the API."""
        return f"{self.api}/repos/{repository.full_name}/deployments/{deployment_id}"
