"""The URLs in GitHub's responses: for github.com, GitHub Enterprise Server and data residency."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User

JSON = dict[str, Any]

PUBLIC_API = "https://api.github.com"
ENTERPRISE_VERSION = "3.19.0"
"""The default version of GitHub Enterprise Server."""

_RESIDENCE = ".ghe.com"
_DOCS = "https://docs.github.com"


class Urls(NamedTuple):
    """
    The roots of the URLs in responses, without a trailing slash.

    Attributes:
        api: ``https://api.github.com``, or ``https://HOST/api/v3`` on GitHub Enterprise Server.

        html: ``https://github.com``, or ``https://HOST``.

        enterprise_version: The version of GitHub Enterprise Server; ``""`` for github.com and data residency.

        pictures: The pattern for pictures of accounts, by id [guess: with data residency].
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
            enterprise_version: Used if *base_url* has a path, as with GitHub Enterprise Server.
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
        """Move the API to *root*, the live server's address, and all other URLs to the same host."""
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

    @property
    def codeload(self) -> str:
        """The root of downloads. On GitHub Enterprise Server, and on the live server, it is a path of the same host."""
        scheme, _, host = self.api.partition("://")
        if self.is_public:
            return "https://codeload.github.com"
        if host.startswith("api.") and host.endswith(_RESIDENCE):
            return f"{scheme}://codeload.{host.removeprefix('api.')}"
        return f"{self.api.removesuffix('/api/v3')}/_codeload"

    def avatar(self, row: User) -> str:
        """Return the URL of an account's picture. A bot has its app's [guess: except on github.com]."""
        if row.app_id is None:
            return self.pictures % row.id
        return self.pictures.replace("/u/%d", "/in/%d") % row.app_id

    def documentation(self, page: str) -> str:
        """Return the URL of a documentation *page*, in the edition for this GitHub [guess: in refusals too]."""
        if not self.enterprise_version:
            return page
        release = ".".join(self.enterprise_version.split(".")[:2])
        return page.replace(f"{_DOCS}/rest", f"{_DOCS}/enterprise-server@{release}/rest", 1)

    @property
    def uploads(self) -> str:
        """The root of the host for uploads [guess: with data residency]."""
        parts = urlsplit(self.api)
        if not parts.path and parts.netloc.startswith("api."):
            return f"{parts.scheme}://uploads.{parts.netloc.removeprefix('api.')}"
        return f"{parts.scheme}://{parts.netloc}/api/uploads"

    def ssh(self, row: Repository) -> str:
        """
        Return the SSH address of a repository. With data residency, the user is the enterprise's subdomain.

        Source:
            https://docs.github.com/enterprise-cloud@latest/admin/data-residency
        """
        host = urlsplit(self.html).hostname or ""
        login = host.removesuffix(_RESIDENCE) if host.endswith(_RESIDENCE) else "git"
        return f"{login}@{host}:{row.full_name}.git"

    def repository(self, row: Repository) -> str:
        """Return the API URL of a repository."""
        return f"{self.api}/repos/{row.full_name}"

    def deployment(self, repository: Repository, deployment_id: int) -> str:
        """Return the API URL of a deployment."""
        return f"{self.api}/repos/{repository.full_name}/deployments/{deployment_id}"
