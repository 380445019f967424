"""
GitHub's patterns for the names of branches and tags.

Source: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/managing-a-branch-protection-rule
"""

from __future__ import annotations

import re
from functools import lru_cache

_ANY_FOLDERS = re.compile(r"(?:\*\*/)+")
_SET = re.compile(r"\[(?P<negated>[!^]?)(?P<members>(?:\\.|[^\]\\])+)\]", re.DOTALL)


def matches(pattern: str, name: str) -> bool:
    r"""
    Return whether the whole *name* matches *pattern*, as Ruby's ``File.fnmatch`` decides with ``FNM_PATHNAME``.

    ``*`` and ``?`` match no ``/``. ``**/`` matches any number of folders, also none. ``[a-z]`` is one character of a
    set, ``[!a-z]`` one outside it. ``\\`` makes the next character literal. Case counts. A part of the name that
    set, ``[!a-z]`` one outside it. ``\`` makes the next character literal. Case counts. A part of the name that

    Source:
        Computed with Ruby 3.1. GitHub's page names the function and the flag.
    """
    expression = _expression(pattern)
    return expression is not None and expression.fullmatch(name) is not None


def is_plain(pattern: str) -> bool:
    """Return whether *pattern* has no special character, so that it matches one name."""
    return not set(pattern) & set("*?[]\\")


@lru_cache(256)
def _expression(pattern: str) -> re.Pattern[str] | None:
    """Translate a pattern; ``None`` for one that matches nothing, because of a set that does not end."""
    parts, place = [], 0
    while place < len(pattern):
        begins_part = place == 0 or pattern[place - 1] == "/"
        character = pattern[place]
        shown = r"(?!\.)" if begins_part else ""
        if begins_part and (folders := _ANY_FOLDERS.match(pattern, place)):
            parts.append(r"(?:(?!\.)[^/]+/)*")
            place = folders.end()
        elif character == "*":
            parts.append(f"{shown}[^/]*")
            place += 1
        elif character == "?":
            parts.append(f"{shown}[^/]")
            place += 1
        elif character == "[":
            found = _SET.match(pattern, place)
            if found is None:
                return None
            parts.append(f"{shown}(?!/){_set(**found.groupdict())}")
            place = found.end()
        else:
            place += character == "\\" and place + 1 < len(pattern)
            parts.append(re.escape(pattern[place]))
            place += 1
    return re.compile("".join(parts), re.DOTALL)


def _set(negated: str, members: str) -> str:
    choices, rest = [], re.findall(r"\\?(.)(?:-\\?(.))?", members, re.DOTALL)
    for first, last in rest:
        if not last:
            choices.append(re.escape(first))
        elif first <= last:
            choices.append(f"{re.escape(first)}-{re.escape(last)}")
    if not choices:  # only ranges that end before they begin
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{''.join(choices)}]"
