"""
Which operation a request is for: one of the fake's own endpoints, or one that only GitHub has.

``endpoints.txt`` lists the operations of GitHub's REST API, one per line: method,
path, operation id. It distinguishes an endpoint that the fake is missing, which
must not go unnoticed, from a path that GitHub answers with 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_ghdeploy.api.routing import registered
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.api.routing import Endpoint

# These may contain slashes that are not percent-encoded.
_WITH_SLASHES = frozenset({"ref", "branch", "path", "basehead"})
# The last stands for what begins the name of a ref, so that a ref with an encoded slash is not taken for it.
_CONVERTERS = {**dict.fromkeys(_WITH_SLASHES, "path"), "namespace": "any(heads, tags)"}
# What comes after these may end in a slash: a folder, or the beginning of a ref.
_MAY_END_IN_SLASH = re.compile(r"/(?:repos/[^/]+|repositories)/[^/]+/(?:contents|git/matching-refs)/(.*/)?")
_PARAMETER = re.compile(r"\{(\w+)\}")


_importing = Lock()

Finder = Callable[[str, str], "tuple[str, dict[str, str]] | None"]
"""Finds, for a method and a path, the name of its rule and the parameters, still percent-encoded."""


def url_map(rules: Iterable[tuple[str, str, str]]) -> Finder:
    """Compile *rules* (path, method, name), each ``/repos/{owner}/{repo}/…`` also as ``/repositories/{id}/…``."""
    # Not before the first request; two threads that import it at once may find half of it.
    with _importing:
        from werkzeug.exceptions import HTTPException
        from werkzeug.routing import Map, RequestRedirect, Rule

    def to_rule(path: str, method: str, name: str) -> Rule:
        converted = _PARAMETER.sub(lambda found: f"<{_CONVERTERS.get(found[1], 'string')}:{found[1]}>", path)
        return Rule(converted, methods=[method], endpoint=name)

    compiled = []
    for path, method, name in rules:
        compiled.append(to_rule(path, method, name))
        if path.startswith("/repos/{owner}/{repo}"):
            by_id = path.replace("/repos/{owner}/{repo}", "/repositories/{repository_id}", 1)
            compiled.append(to_rule(by_id, method, name))
    adapter = Map(compiled, merge_slashes=False, redirect_defaults=False).bind("api.github.com")

    def find(method: str, path: str) -> tuple[str, dict[str, str]] | None:
        # werkzeug overlooks a slash too many at the start, GitHub does not.
        if path.startswith("//"):
            return None
        if path.endswith("/") and path != "/":
            found = _MAY_END_IN_SLASH.fullmatch(path)
            if not found:
                return None
            path = path if found[1] else path[:-1]
        try:
            name, parameters = adapter.match(path, method)
        except (HTTPException, RequestRedirect):
            return None
        return name, dict(parameters)

    return find


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Read the list: method and path by operation id."""
    lines = (Path(__file__).parent / "endpoints.txt").read_text("utf-8").splitlines()
    split = (line.split(" ") for line in lines if line and not line.startswith("#"))
    return {name: (method, path) for method, path, name in split} | {"graphql": ("POST", "/graphql")}


@cache
def _templates() -> dict[str, list[tuple[str, list[str]]]]:
    """Cut the paths at their slashes, by method, those with most segments that are no parameter first."""
    templates: dict[str, list[tuple[str, list[str]]]] = {}
    for name, (method, path) in operations().items():
        templates.setdefault(method, []).append((name, path.split("/")))
    for listed in templates.values():
        listed.sort(key=lambda item: sum("{" in segment for segment in item[1]) - len(item[1]))
    return templates


def _fits(template: list[str], path: list[str]) -> bool:
    if not template or not path:
        return not template and not path
    head, rest = template[0], template[1:]
    found = _PARAMETER.search(head)
    if found is None:
        return head == path[0] and _fits(rest, path[1:])
    between = _PARAMETER.split(head)[2::2]
    if not path[0] or not all(text in path[0] for text in between):
        return False
    longest = len(path) if found[1] in _WITH_SLASHES else 1
    return any(_fits(rest, path[taken:]) for taken in range(1, longest + 1))


def operation(method: str, path: str) -> str | None:
    """
    Find GitHub's operation id for a request, ``None`` if GitHub has no such endpoint.

    Not with werkzeug: compiling a map of all of GitHub's paths takes half a second, and few are asked for.
    """
    parts = path.split("/")
    ways = [parts]
    if parts[1:2] == ["repositories"] and len(parts) > 2:  # noqa: PLR2004 - the id comes third
        ways.append(["", "repos", "owner", "repo", *parts[3:]])
    candidates = _templates().get("GET" if method == "HEAD" else method, [])
    return next((name for name, template in candidates if any(_fits(template, way) for way in ways)), None)


# The fake's own endpoints


@cache
def endpoints() -> dict[str, Endpoint]:
    """Collect the endpoints of all modules in ``api``, by operation id."""
    from pytest_ghdeploy import api

    for module in sorted(found.name for found in iter_modules(api.__path__)):
        import_module(f"{api.__name__}.{module}")
    return dict(sorted(registered.items()))


@cache
def _own_endpoints() -> tuple[Finder, dict[str, Endpoint]]:
    own = endpoints()
    rules = [(path, endpoint.method, name) for name, endpoint in own.items() for path in endpoint.paths]
    return url_map(rules), own


def _match(method: str, path: str) -> tuple[Endpoint, dict[str, Any]]:
    """
    Find the endpoint for a path.

    Raises:
        NotFound: GitHub has no such path, or not with this method.
        UnsupportedRequest: GitHub has, and the fake has not.
    """
    find, own = _own_endpoints()
    found = find(method, path)
    # A ref may contain slashes, so it may have swallowed the rest of a longer path that GitHub has.
    if found is None or any("/" in value for value in found[1].values()):
        theirs = operation(method, path)
        if theirs and theirs not in own:
            where = f"{method} {path}"
            msg = (
                f"{where} is GitHub's {theirs}, which is not an endpoint of this fake "
                f"({len(own)} are: `ghdeploy routes`). "
                f'A canned answer helps: ghdeploy.stub("{method}", "{path}", status=200, json=…)'
            )
            raise UnsupportedRequest(msg)
    if found is None:
        hint = f"GitHub has no {method} {path}"
        if "/" in path.partition("/environments/")[2]:
            hint += "; a slash in the name of an environment is %2F in a path"
        raise refusals.not_found(hint, documentation_url=refusals.REST_DOCS)
    name, params = found
    return own[name], {key: unquote(value) for key, value in params.items()}


# The same few paths are asked for again and again.
_match_once = lru_cache(1024)(_match)
