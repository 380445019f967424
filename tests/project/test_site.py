"""The site of the documentation: it is built without warnings, is complete, and loads nothing from other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import pytest_ghdeploy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Attributes whose address a browser loads without being asked. A link to another page is followed only by a reader.
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    process = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return folder


class _Loads(HTMLParser):
    """Collects the addresses on other hosts that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element. A link element of the kind `canonical` names a page and loads nothing."""
        values = dict(attrs)
        address = values.get(LOADED.get(tag, "")) or ""
        if re.match(r"(?:[a-z]+:)?//", address) and values.get("rel") not in ("canonical", "prev", "next"):
            self.outside.append(address)


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    """No page, style sheet or script of the site loads a font, a picture or a script from elsewhere."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 8
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text("utf-8"))
        assert not loads.outside, page
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text("utf-8")), style


def test_every_page_is_in_the_site(site: Path) -> None:
    """Each page of the documentation becomes a page of the site, and each public class has its docstrings there."""
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        assert (site / page.relative_to(docs)).with_suffix(".html").is_file()
    classes = (site / "api.html").read_text("utf-8")
    for name in pytest_ghdeploy.__all__:
        assert re.search(rf'<h2 id="pytest_ghdeploy\.[\w.]+\.{name}"', classes), name


def test_comments_of_our_tests_are_invisible(site: Path) -> None:
    """The comments that say how a block is tested are not text on a page. They have a colon after their kind."""
    for page in site.rglob("*.html"):
        assert not re.search(r"&lt;!-- [a-z ]+:", page.read_text("utf-8")), page
