"""
Pages of a list, and the ``Link`` header that connects them.

Source:
    https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api. The order of the
    relations and the handling of numbers out of range are observed (octokit's fixture paginate-issues).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")


class PageSizes(NamedTuple):
    """How many items are on a page: by default, and at most."""

    default: int = 30
    largest: int = 100


_USUAL = PageSizes()
_OTHERS = {"actions/list-environment-variables": PageSizes(10, 30)}


def sizes_of(operation_id: str) -> PageSizes:
    """Return the sizes of the pages of a list, from GitHub's description of the operation."""
    return _OTHERS.get(operation_id, _USUAL)


class Page(NamedTuple):
    """Page *number* of *last* pages, counted from 1."""

    number: int
    last: int
    per_page: int

    @classmethod
    def of(cls, query: Mapping[str, str], total: int, sizes: PageSizes = _USUAL) -> Page:
        """
        Find the page of *total* items that *query* requests.

        Invalid values of ``page`` and ``per_page`` are ignored.
        """
        per_page = min(_positive(query.get("per_page"), sizes.default), sizes.largest)
        return cls(_positive(query.get("page"), 1), max(1, -(-total // per_page)), per_page)

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items on this page; none if it is beyond the last page."""
        return items[(self.number - 1) * self.per_page : self.number * self.per_page]

    def links(self, url: str, query: str) -> str:
        """Write the ``Link`` header for a request of *url* with *query*; ``""`` if there is only one page."""
        relations: dict[str, int] = {}
        if self.number > 1:
            relations["prev"] = min(self.number - 1, self.last)
        if self.number < self.last:
            relations |= {"next": self.number + 1, "last": self.last}
        if self.number > 1:
            relations["first"] = 1
        return ", ".join(f'<{url}?{_with_page(query, number)}>; rel="{name}"' for name, number in relations.items())


def _positive(text: str | None, default: int) -> int:
    if text and text.isascii() and text.isdecimal():
        # 18 digits are beyond the last page of any list, and int() stays fast.
        return int(text.lstrip("0")[:18] or 0) or default
    return default


def _with_page(query: str, page: int) -> str:
    parts = query.split("&") if query else []
    kept = [f"page={page}" if part.partition("=")[0] == "page" else part for part in parts]
    return "&".join(kept if f"page={page}" in kept else [*kept, f"page={page}"])
