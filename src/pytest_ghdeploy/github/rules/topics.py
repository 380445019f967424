"""
GitHub's decisions about the topics of a repository.

Source: https://docs.github.com/rest/repos/repos#replace-all-repository-topics
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals_releases as refusals

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TOPICS = 20
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")


def stored_topics(names: Iterable[str]) -> tuple[str, ...]:
    """
    Return topics as GitHub stores them: in lower case, each once, in their order.

    Raises:
        Unprocessable: A topic has other characters or more than 50, or there are more than 20.

    Source:
        Users quote the text about characters. Until about 2022 it said 35.
    """
    topics = tuple(dict.fromkeys(name.lower() for name in names))
    for topic in topics:
        if not _TOPIC.fullmatch(topic):
            raise refusals.invalid_topic(f"{topic!r} is not a valid topic")
    if len(topics) > MOST_TOPICS:
        raise refusals.too_many_topics(MOST_TOPICS, f"{len(topics)} topics are given; the limit is {MOST_TOPICS}")
    return topics
