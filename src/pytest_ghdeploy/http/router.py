"""
Finding the operation of a request, first among the fake's endpoints and then among all of GitHub's.

``endpoints.txt`` lists the operations of GitHub's REST API, one per line: method,
path, operation id, and the status of a success if it is not 200. It distinguishes an endpoint that the fake does not
implement, which must not go unnoticed, from a path that GitHub answers with 404.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from pytest_ghdeploy.api.routing import registered
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.http.messages import likeness, misfits
from pytest_ghdeploy.http.short_cache import cached_if_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_ghdeploy.api.routing import Endpoint
    from pytest_ghdeploy.github.refusals import GitHubError
    from pytest_ghdeploy.http.messages import Segments

# Parameters that may contain slashes that are not percent-encoded.
_WITH_SLASHES = frozenset({"ref", "branch", "path", "basehead", "tag", "tree_sha"})
# So may the names of labels, such as kind/bug, but not those of other things.
_OF_LABELS = ("labels", "{name}")
# The only values of {namespace}. A ref with an encoded slash must not match it.
_NAMESPACES = ("heads", "tags")
# These paths may end in a slash, after a folder or the beginning of a ref.
_MAY_END_IN_SLASH = re.compile(r"/(?:repos/[^/]+|repositories)/[^/]+/(?:contents|git/matching-refs)/(.*/)?")
_PARAMETER = re.compile(r"\{(\w+)\}")
_REPOSITORY = "/repos/{owner}/{repo}"
_PLACE = re.compile(r"/(?:repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)|repositories/(?P<repository_id>[^/]+))(?:/|$)")


# A tree of paths


class _Rule(NamedTuple):
    name: str
    segments: list[str]


class _Node:
    """
    A place in the tree of paths.

    Attributes:
        literals: The next node by the text of the next segment.

        segment: The next node where the next segment is any value.

        segments: The next node where one or more segments are a value with slashes.

        rule: The rule whose path ends here.
    """

    __slots__ = ("literals", "rule", "segment", "segments")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.segment: _Node | None = None
        self.segments: _Node | None = None
        self.rule: _Rule | None = None

    def child(self, segment: str, *, before: str) -> _Node:
        """Find the next node for a segment of a rule's path, which follows the segment *before*, or make it."""
        # {base}...{head} is kept as a literal. Requests of that path match {basehead}, which GitHub lists too.
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is None:
            return self.literals.setdefault(segment, _Node())
        if parameter[1] in _WITH_SLASHES or (before, segment) == _OF_LABELS:
            self.segments = self.segments or _Node()
            return self.segments
        self.segment = self.segment or _Node()
        return self.segment

    def match(self, path: list[str], passed: tuple[str, ...] = ()) -> tuple[_Rule, tuple[str, ...]] | None:
        """Find the rule for the rest of a path, and the text that matches each segment of the rule."""
        if not path:
            return (self.rule, passed) if self.rule else None
        for node, length in self._ways(path):
            if match := node.match(path[length:], (*passed, "/".join(path[:length]))):
                return match
        return None

    def _ways(self, path: list[str]) -> Iterator[tuple[_Node, int]]:
        """List the next nodes and how many segments lead there: a literal first, then short values before long ones."""
        if literal := self.literals.get(path[0]):
            yield literal, 1
        if path[0] and self.segment:
            yield self.segment, 1
        if path[0] and self.segments:
            for length in range(1, len(path) + 1):
                yield self.segments, length


class Router:
    """Finds the rule for a method and a path."""

    def __init__(self, rules: Iterable[tuple[str, str, str]]) -> None:
        """Add *rules* (method, path, name). ``/repos/{owner}/{repo}/…`` also matches ``/repositories/{id}/…``."""
        self._roots: dict[str, _Node] = {}
        for method, path, name in rules:
            self._add(method, path, name)
            if path.startswith(_REPOSITORY):
                self._add(method, path.replace(_REPOSITORY, "/repositories/{repository_id}", 1), name)

    def _add(self, method: str, path: str, name: str) -> None:
        template = path.split("/")
        for namespace in _NAMESPACES if "{namespace}" in template else ("",):
            node = self._roots.setdefault(method, _Node())
            for before, segment in pairwise(["", *template]):
                node = node.child(namespace if segment == "{namespace}" else segment, before=before)
            node.rule = _Rule(name, template)

    def match(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Find the name of the rule and its parameters, still percent-encoded; ``None`` if no rule matches."""
        if path.endswith("/") and path != "/":
            tail = _MAY_END_IN_SLASH.fullmatch(path)
            if tail is None:
                return None
            path = path if tail[1] else path[:-1]
        root = self._roots.get("GET" if method == "HEAD" else method)
        match = root.match(path.split("/")) if root else None
        if match is None:
            return None
        rule, texts = match
        parameters = (_PARAMETER.fullmatch(segment) for segment in rule.segments)
        return rule.name, {name[1]: text for name, text in zip(parameters, texts, strict=True) if name}


# GitHub's operations


@cache
def _listed() -> dict[str, tuple[str, str, int]]:
    """Read the list: method, path and status of a success by operation id."""
    lines = (Path(__file__).parent / "endpoints.txt").read_text("utf-8").splitlines()
    split = (line.split(" ") for line in lines if line and not line.startswith("#"))
    listed = {name: (method, path, int(status[0]) if status else 200) for method, path, name, *status in split}
    return listed | {"graphql": ("POST", "/graphql", 200)}


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Return method and path by operation id."""
    return {name: (method, path) for name, (method, path, _) in _listed().items()}


@cache
def _githubs_router() -> Router:
    return Router((method, path, name) for name, (method, path) in operations().items())


def operation(method: str, path: str) -> str | None:
    """Find GitHub's operation id for a request; ``None`` if GitHub has no such endpoint."""
    match = _githubs_router().match(method, path)
    return match[0] if match else None


def operations_like(method: str, pattern: Segments) -> list[str]:
    """List GitHub's operation ids for the paths that match a *pattern*. A HEAD is a GET."""
    method = "GET" if method == "HEAD" else method
    if pattern[1:2] == ("repositories",) and len(pattern) > 2:  # noqa: PLR2004 - followed by the id
        pattern = ("", "repos", None, None, *pattern[3:])
    return [
        name
        for name, (listed, path) in operations().items()
        if listed == method and _could_be(tuple(path.split("/")), pattern)
    ]


def _could_be(template: tuple[str, ...], pattern: Segments) -> bool:
    if not template or not pattern:
        return not template and not pattern
    parameter = _PARAMETER.fullmatch(template[0])
    if parameter and parameter[1] in _WITH_SLASHES:
        return any(_could_be(template[1:], pattern[length:]) for length in range(1, len(pattern) + 1))
    return (parameter is not None or pattern[0] in (None, template[0])) and _could_be(template[1:], pattern[1:])


# The fake's own endpoints


@cache
def endpoints() -> dict[str, Endpoint]:
    """Collect the endpoints of all modules in ``api``, by operation id."""
    return _own_endpoints(_usual_modules().union(_ON_DEMAND))[1]


# Modules that few tests need, and that are imported when a path has one of these segments. Those without segments have
# no endpoints. Any other module in `api` is imported with the first request, so a new module need not be listed here.
_ON_DEMAND: dict[str, set[str]] = {
    "archives": {"tarball", "zipball"},
    "app_installations": {"installation", "installations"},
    "app_tokens": {"access_tokens"},
    "apps": {"app", "apps"},
    "blobs": {"blobs"},
    "branch_rules": {"rules"},
    "branches": {"branches", "merges"},
    "check_suites": {"check-suites"},
    "collaborators": {"collaborators"},
    "commit_comments": {"comments"},
    "commits": {"commits", "compare"},
    "contents": {"contents"},
    "conversation": set(),
    "dispatches": {"dispatches"},
    "environment_secrets": {"secrets"},
    "environment_variables": {"variables"},
    "git_commits": {"git"},
    "git_tags": {"git"},
    "installations": {"installation", "installations"},
    "issue_comments": {"issues"},
    "issue_labels": {"issues"},
    "issues": {"issues"},
    "labels": {"labels"},
    "pull_merges": {"pulls"},
    "pull_states": set(),
    "pulls": {"pulls"},
    "rate_limit": {"rate_limit"},
    "reactions": {"reactions"},
    "review_requests": {"requested_reviewers"},
    "reviews": {"reviews"},
    "releases": {"releases"},
    "repository_lists": {"organizations", "orgs", "user"},
    "tags": {"tags"},
    "topics": {"topics"},
    "trees": {"trees"},
    "users": {"user", "users"},
    "webhook_deliveries": {"deliveries"},
    "webhooks": {"hooks"},
}


@cache
def _usual_modules() -> frozenset[str]:
    from pytest_ghdeploy import api

    return frozenset(info.name for info in iter_modules(api.__path__) if info.name not in _ON_DEMAND)


@cache
def _own_endpoints(modules: frozenset[str]) -> tuple[Router, dict[str, Endpoint]]:
    """Collect the endpoints of these *modules* in ``api``, and of others that are already imported."""
    for module in sorted(modules):
        import_module(f"pytest_ghdeploy.api.{module}")
    own = dict(sorted(registered.items()))
    return Router((endpoint.method, path, name) for name, endpoint in own.items() for path in endpoint.paths), own


# Tests request the same few paths again and again.
@cached_if_short(1024)
def find(method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
    """
    Find the fake's endpoint for a path, and the parameters in the path.

    Returns:
        The endpoint and its parameters. If there is no endpoint, ``None`` and the parameters of the repository.
    """
    endpoint, params = _own_endpoint(method, path)
    if endpoint is None and (place := _PLACE.match(path)):
        params = {name: text for name, text in place.groupdict().items() if text}
    return endpoint, MappingProxyType({name: unquote(text) for name, text in params.items()})


def _own_endpoint(method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
    segments = path.split("/")
    needed = {module for module, words in _ON_DEMAND.items() if not words.isdisjoint(segments)}
    router, own = _own_endpoints(_usual_modules() | needed)
    match = router.match(method, path)
    if match is None:
        return None, {}
    name, params = match
    # A ref may contain slashes, so it may have matched the rest of a longer path that only GitHub has.
    if any("/" in value for value in params.values()) and (operation(method, path) or name) not in own:
        return None, {}
    return own[name], params


def no_endpoint(method: str, path: str, near_stub: str = "") -> UnsupportedRequest | GitHubError:
    """
    Return the error for a request without an endpoint in the fake. *near_stub* describes the closest stub, if any.

    Returns:
        ``UnsupportedRequest`` if GitHub has an endpoint for the method and path, else GitHub's 404. A method that is
        none of GitHub's, such as ``get``, is a 501 everywhere.
    """
    if method not in (*_METHODS, "HEAD"):
        known = f": methods are case-sensitive, so write {method.upper()}" if method.upper() in _METHODS else ""
        return refusals.unknown_method(f"no endpoint of GitHub has the method {method}{known}")
    operation_id, own = operation(method, path), endpoints()
    if operation_id and operation_id not in own:
        stub = _stub_for(operation_id, path)
        problem = UnsupportedRequest(
            f"{method} {path} is GitHub's {operation_id}, which this fake does not implement "
            f"(`ghdeploy routes` lists its {sum(len(endpoint.paths) for endpoint in own.values())} endpoints). "
            f"Stub the response: {stub}{near_stub and f'; {near_stub}'}",
            see="an-endpoint-that-the-fake-lacks",
        )
        problem._operation_id, problem._stub = operation_id, stub  # noqa: SLF001 - not for tests
        return problem
    return refusals.not_found(
        f"GitHub has no {method} {path}{what_it_has(method, path)}", documentation_url=refusals.REST_DOCS
    )


def what_it_has(method: str, path: str) -> str:
    """Name what GitHub has instead of a path that it has not, for the end of a message; ``""`` if nothing is near."""
    if "/" in path.partition("/environments/")[2]:
        return "; encode a slash in the name of an environment as %2F"
    if methods := [other for other in _METHODS if other != method and operation(other, path)]:
        return f"; this path has {' and '.join(methods)}"
    near = _nearest(method, path)
    return f"; the nearest is {near}" if near else ""


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Other requests of the same kind have other ids and SHAs.
_ID = re.compile(r"\d+|[0-9a-f]{40}(?:\.\.\.[0-9a-f]{40})?")
# The other arguments of a stub by status. The default is a body.
_MORE = {204: "", 205: "", 302: ', headers={"Location": …}'}


def _stub_for(operation_id: str, path: str) -> str:
    """Write the call that stubs an operation, with the status of its success and ``*`` for ids and SHAs."""
    method, _, status = _listed()[operation_id]
    pattern = "/".join("*" if _ID.fullmatch(segment) else segment for segment in path.split("/"))
    more = _MORE.get(status, ", json=…")
    return f'ghdeploy.stub("{method}", "{pattern}", status={status}{more})'


@lru_cache(256)
def _nearest(method: str, path: str) -> str:
    """Find the path of an operation that was probably meant; ``""`` if there is none."""
    tidy = "/" + path.strip("/")
    for candidate in (tidy, f"/repos{tidy}", tidy.removeprefix("/api/v3"), tidy.removeprefix("/api")):
        if candidate != path and operation(method, candidate):
            return candidate
    corrections = [
        correction
        for listed, template in operations().values()
        if listed == method and (correction := _correction(tidy.split("/"), template.split("/")))
    ]
    return max(corrections, default=(0, ""), key=lambda correction: correction[0])[1]


_SIMILAR = 0.7


def _correction(path: list[str], template: list[str]) -> tuple[float, str] | None:
    """Correct the one segment that keeps a path from matching a template, and return the similarity too."""
    if len(path) != len(template):
        return None
    wrong = misfits([None if _PARAMETER.fullmatch(name) else name for name in template], path)
    if len(wrong) != 1 or not all(path[1:]):
        return None
    (place,) = wrong
    similarity = likeness(path[place], template[place])
    if similarity < _SIMILAR:
        return None
    return similarity, "/".join([*path[:place], template[place], *path[place + 1 :]])
