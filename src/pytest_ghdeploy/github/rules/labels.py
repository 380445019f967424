"""
GitHub's decisions about labels.

Source: https://docs.github.com/rest/issues/labels
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import refusals, refusals_issues
from pytest_ghdeploy.github.pull_requests import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import Repository

NAME_LIMIT = 50
DESCRIPTION_LIMIT = 100
DEFAULT_COLOR = "ededed"

_COLOR = re.compile(r"[0-9A-Fa-f]{6}")

# Name, color and description of the labels that every new repository has.
_DEFAULTS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)
_STEP = 7
_BELOW = 7_000_000_000


def name_key(name: str) -> str:
    """Return the form of a label's name that is compared. Case does not matter."""
    return name.lower()


def default_labels(repository: Repository) -> list[Label]:
    """
    List the nine labels that a new repository has.

    Their ids follow from the repository's, and are lower than those of all other labels.

    Source:
        https://docs.github.com/issues/using-labels-and-milestones-to-track-work/managing-labels#about-default-labels
    """
    first = repository.id * len(_DEFAULTS) - _BELOW
    return [
        Label(first + place * _STEP, repository.id, name, name_key(name), color, description, default=True)
        for place, (name, color, description) in enumerate(_DEFAULTS)
    ]


def names_of(body: Mapping[str, Any] | Sequence[Any]) -> list[str]:
    """
    Return the names in a request that labels an issue: an array of names or of objects, or an object with ``labels``.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    items = body.get("labels", ()) if isinstance(body, Mapping) else body
    return [item if isinstance(item, str) else item["name"] for item in items]


def check_added(body: Mapping[str, Any] | Sequence[Any]) -> None:
    """
    Refuse a request to add no labels. An empty array is fine, but ``labels`` must not be empty.

    Raises:
        Unprocessable: ``labels`` is empty.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    if isinstance(body, Mapping) and body.get("labels") == []:
        raise refusals_issues.no_labels("labels is empty; leave it out, or send at least one name")


def check_label(name: str, color: str, description: str | None) -> None:
    """
    Refuse a label that breaks a rule.

    Args:
        name: From 1 to 50 characters, not only white space.

        color: Six hexadecimal digits, without ``#``.

        description: At most 100 characters.

    Raises:
        Unprocessable: A rule is broken. The refusal names the first one.
    """
    if not name.strip():
        raise refusals_issues.no_label_name("the name of a label is empty")
    if len(name) > NAME_LIMIT:
        raise refusals.too_long("Label", "name", NAME_LIMIT, len(name))
    if not _COLOR.fullmatch(color):
        hint = f"color is {color!r}; GitHub accepts six hexadecimal digits without #, such as {DEFAULT_COLOR}"
        raise refusals_issues.invalid_color(hint)
    if description is not None and len(description) > DESCRIPTION_LIMIT:
        raise refusals.too_long("Label", "description", DESCRIPTION_LIMIT, len(description))
