"""The URLs of submodules."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github.submodules import submodule_urls
from pytest_ghdeploy.github.urls import Urls

SHA = "1" * 40
URLS = Urls.of("https://api.github.com")
FILE = """\
[submodule "other"]
\tpath = libs/other
\turl = {url}
\tbranch = main
[submodule "third"]
    path=third
    url=https://example.com/third.git
"""


@pytest.mark.parametrize(
    ("url", "clone_url", "name"),
    [
        ("https://github.com/mona/other.git", None, "mona/other"),
        ("https://token@github.com/mona/other", None, "mona/other"),
        ("git://github.com/mona/other.git", None, "mona/other"),
        ("git@github.com:mona/other.git", None, "mona/other"),
        ("../other.git", "https://github.com/octocat/other.git", "octocat/other"),
        ("../../mona/other", "https://github.com/mona/other", "mona/other"),
        ("https://example.com/mona/other.git", None, None),
        ("git@example.com:mona/other.git", None, None),
    ],
)
def test_a_submodule_on_this_github_has_urls(url: str, clone_url: str | None, name: str | None) -> None:
    """The URL in .gitmodules may have any of git's forms. A relative one starts at the repository."""
    found = submodule_urls(FILE.format(url=url).encode(), "libs/other", SHA, "octocat", URLS)
    assert found.clone_url == (clone_url or url)
    git_url = name and f"https://api.github.com/repos/{name}/git/trees/{SHA}"
    assert (found.git_url, found.html_url) == (git_url, name and f"https://github.com/{name}/tree/{SHA}")


def test_each_submodule_has_its_own_section() -> None:
    """A submodule without one has no URLs."""
    text = FILE.format(url="https://github.com/mona/other").encode()
    assert submodule_urls(text, "third", SHA, "octocat", URLS) == ("https://example.com/third.git", None, None)
    for path, file in (("nope", text), ("third", b""), ("third", b"\xff[submodule]")):
        assert submodule_urls(file, path, SHA, "octocat", URLS) == (None, None, None)
