"""
The files in ``schemas/``: valid by themselves, and in agreement with GitHub's own description.

The second half needs GitHub's description, which ``make clients`` fetches, and is
skipped without it. `KNOWN_DIFFERENCES` lists intended differences with their
reasons. A row that is no longer needed fails a test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import githubs_description
import pytest
from githubs_description import needs_description
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from referencing._core import Resolver

ROOT = Path(__file__).parents[2] / "schemas"
# https, since urllib joins relative references only for schemes that it knows.
OURS = "https://ghdeploy.invalid/"
REST = "https://github.invalid/github-openapi.json"
WEBHOOKS = "https://github.invalid/github-webhooks.json"

FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.json"))}
OPERATIONS = [name.removesuffix(".json") for name in FILES if not name.startswith(("components/", "events/"))]
EVENTS = {
    "check_run": ["webhook-check-run-created", "webhook-check-run-completed"],
    "commit_comment": ["webhook-commit-comment-created"],
    "create": ["webhook-create"],
    "delete": ["webhook-delete"],
    "deployment": ["webhook-deployment-created"],
    "deployment_status": ["webhook-deployment-status-created"],
    "issue_comment": [f"webhook-issue-comment-{action}" for action in ("created", "edited", "deleted")],
    "label": ["webhook-label-created", "webhook-label-edited", "webhook-label-deleted"],
    "installation": [
        "webhook-installation-created",
        "webhook-installation-deleted",
        "webhook-installation-suspend",
        "webhook-installation-unsuspend",
    ],
    "ping": ["webhook-ping"],
    "pull_request": [
        *("webhook-pull-request-opened", "webhook-pull-request-edited", "webhook-pull-request-closed"),
        *("webhook-pull-request-reopened", "webhook-pull-request-synchronize"),
        *("webhook-pull-request-review-requested", "webhook-pull-request-review-request-removed"),
        *("webhook-pull-request-labeled", "webhook-pull-request-unlabeled"),
    ],
    "pull_request_review": [f"webhook-pull-request-review-{action}" for action in ("submitted", "edited", "dismissed")],
    "push": ["webhook-push"],
    "release": [
        f"webhook-release-{action}"
        for action in ("created", "deleted", "edited", "prereleased", "published", "released", "unpublished")
    ],
    "repository": [
        f"webhook-repository-{action}"
        for action in ("archived", "edited", "privatized", "publicized", "renamed", "unarchived")
    ],
    "repository_dispatch": ["webhook-repository-dispatch-sample"],
    "status": ["webhook-status"],
}

# Statuses that were observed, but that GitHub's description omits.
ONLY_OBSERVED = {
    ("apps/delete-installation", "202"),  # of the newer version, which the description is not
    ("repos/create-deployment", "409"),
    ("repos/create-commit-status", "422"),
    ("issues/update-label", "422"),
    ("repos/list-comments-for-commit", "422"),
    ("repos/update-commit-comment", "422"),
    ("repos/create-deployment-branch-policy", "303"),  # described, as having no body, like the next two
    ("repos/download-tarball-archive", "302"),
    ("repos/download-zipball-archive", "302"),
    ("repos/create-deployment-branch-policy", "422"),
    ("repos/update-deployment-branch-policy", "422"),
    ("repos/create-deployment-protection-rule", "422"),
    *((operation, "422") for operation in ("checks/create", "checks/update", "checks/list-for-ref")),
    ("git/delete-ref", "422"),
    ("pulls/request-reviewers", "422"),
    ("git/get-commit", "422"),
    ("git/get-tag", "422"),
    ("repos/merge", "409"),
    ("repos/list-pull-requests-associated-with-commit", "422"),
    ("repos/update-webhook-config-for-repo", "422"),
    ("actions/create-or-update-environment-secret", "422"),
    *((f"actions/{verb}-environment-variable", code) for verb in ("create", "update") for code in ("409", "422")),
    ("repos/generate-release-notes", "422"),
    ("repos/update-release", "422"),
    ("checks/list-suites-for-ref", "422"),
}
# Members of a body that GitHub accepts but does not describe.
ONLY_SENT = {
    "repos/create-or-update-environment": ["can_admins_bypass"],
    # Described for the other of the two only.
    "repos/create-for-authenticated-user": ["allow_forking", "allow_update_branch", "use_squash_pr_title_as_default"],
    "repos/update": ["has_discussions", "has_downloads"],
}

# GitHub's webhook description repeats, inline, an older copy of two objects that it also has whole.
INLINE_COPIES = {"User": "simple-user", "App": "integration"}

LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")


class Known(NamedTuple):
    """An intended difference from GitHub's description. *path* and *kind* may contain ``*``."""

    path: str
    kind: str
    reason: str


KNOWN_DIFFERENCES = [
    # Recorded responses differ from the description.
    Known("*-deployment-status* 20? $*.target_url", "format", "what was left out comes back as an empty string"),
    Known("*deployment*status* $*.log_url", "format", "what was left out comes back as an empty string"),
    Known("*deployment*status* $*.environment_url", "format", "what was left out comes back as an empty string"),
    Known("* 4?? $.status", "property", "sent with every error since 2024, described for one of them"),
    Known("meta/get 200 $.installed_version", "property", "of GitHub Enterprise Server, which has no description here"),
    Known("pulls/merge 40? $.url", "property", "described inline, without what any refusal may have"),
    Known("repos/delete 403 $.url", "property", "described inline, without what any refusal may have"),
    Known("repos/create-deployment request $.payload", "default", "left out, it comes back as {}"),
    Known("repos/create-deployment request $.description", "default", "left out, it comes back as null"),
    Known("repos/create-deployment-status request $.auto_inactive", "default", "said in words only"),
    Known("git/create-blob request $.encoding", "nullable", "measured: anything but base64 means text"),
    Known("git/create-commit request $.committer.*", "required", "recorded, as for the author"),
    Known("git/create-tree request $.tree[].mode", "enum", "refused later, with a text of its own"),
    Known("repos/get-content 200 $.submodule_git_url", "nullable", "a submodule that .gitmodules does not list"),
    Known("repos/* request $.description", "nullable", "of a repository: null empties it"),
    Known("repos/* request $.homepage", "nullable", "null empties it"),
    Known("*.homepage", "format", "described as a URI in some objects only"),
    *(
        Known(f"{name} request $.{member}", "property", "sent by clients")
        for name in ONLY_SENT
        for member in ONLY_SENT[name]
    ),
    Known("repos/delete-file request $.*.date", "property", "described for the creation of a file only"),
    Known("checks/* request $*.annotation_level", "enum", "error, which users report as accepted, is not described"),
    Known("checks/* 20? $*.conclusion", "enum", "stale, which GitHub sets by itself, is described for webhooks only"),
    Known("check_run event $.check_run.status", "enum", "waiting and requested are described for REST only"),
    Known("repos/*webhook* request $*.insecure_ssl", "type", "a boolean, which was measured, is not described"),
    Known("repos/list-webhook-deliveries 200 $[].url", "property", "recorded in 2026, always empty"),
    Known("*.can_admins_bypass", "property", "seen in answers, and sent by go-github and Terraform"),
    Known("*.protection_rules[].type", "enum", "the three that are seen"),
    Known("*comment* $*.body_????", "property", "with the media type full"),
    Known("*label*.archived_??", "property", "described since October 2026"),
    Known("issues/*-labels request $", "type", "measured: an array is accepted too"),
    Known("issues/*-labels request $.labels", "limit", "refused later, and only if labels are to be added"),
    Known("issues/*-labels request $.labels??", "open", "measured: objects in labels are refused"),
    Known("issues/update request $.labels*", "*", "what suggests a label, and labels without a name"),
    Known("issues/update request $.*", "open", "what no issue of the fake has"),
    Known("issues/* 20? $*.minimized", "left out", "comments that are hidden"),
    Known("issues/* 20? $*.pin", "left out", "comments that are pinned"),
    Known("issues/* 200 $*.issue_field_values", "left out", "fields of issues, which organizations define"),
    Known("issues/* 200 $*labels*.color", "nullable", "every label has one"),
    Known("issues/* 200 $*.parent_issue_url", "left out", "sub-issues"),
    Known("issues/* 200 $*.pull_request.*url", "nullable", "every pull request has them"),
    Known("issues/* 200 $*.repository", "left out", "only in lists across repositories"),
    Known("issues/* 200 $*.state", "enum", "the two states that there are"),
    Known("issues/update 200 $.*.owner.name", "nullable", "a simple user, as in the other responses"),
    Known("issues/update 200 $.suggestions", "left out", "suggestions of agents"),
    Known("issue* $*.type", "open", "types of issues, which organizations define"),
    Known("pulls/update request $.body", "nullable", "measured: null empties it"),
    Known("pulls/create request $.head_repo", "format", "repo.nwo is a format of GitHub's own"),
    Known("*pull* 20? $*labels*.description", "nullable", "recorded, and described for other labels"),
    Known("*pull* $*labels*.archived_??", "property", "described for labels by themselves, since October 2026"),
    Known("*pull* 20? $*.body_????", "property", "with the media type full"),
    Known("*pull* $*.state", "enum", "described for single pull requests only"),
    Known("*pull* $*.mergeable_state", "enum", "the states that a pull request can have here"),
    # GitHub allows cases that never happen here.
    Known("*pull* 20? $*.user", "nullable", "every pull request has an author"),
    Known("*pull* 20? $*.stack", "left out", "stacked pull requests"),
    Known("git/create-blob 422 $.metadata", "left out", "push rules, which no repository has"),
    Known("git/get-blob 200 $.highlighted_content", "left out", "only after a search for code"),
    Known("git/get-blob 200 $.size", "nullable", "every blob has a size"),
    Known("repos/create-or-update-file-contents 409 $.metadata", "open", "the details of push rules"),
    Known("repos/delete-file 409 $.metadata", "property", "measured for the other change of a file"),
    Known("release event $.release.author", "nullable", "every release has an author"),
    Known("release event $.release.created_at", "nullable", "it is the date of a commit"),
    Known("*.assets", "open", "releases have no files here"),
    Known("repos/list-release-assets 200 $", "open", "releases have no files here"),
    Known("repos/get-branch-rules 200 $[].parameters", "open", "a test gives what it needs"),
    *(
        Known(f"*release* $*.{member}", "left out", "discussions and media types that the fake lacks")
        for member in ("body_html", "body_text", "mentions_count", "discussion_url")
    ),
    Known("*.deployment_status.state", "enum", "we keep to the states that can be created"),
    Known("deployment_status event $.deployment.payload", "nullable", "object or string, as everywhere else"),
    Known("push event $.repository.owner", "nullable", "every repository has an owner"),
    Known("*.apps[]", "nullable", "GitHub calls each App nullable, in lists too"),
    Known("apps/get-* 200 $", "nullable", "GitHub calls each App nullable, also by itself"),
    Known("*installation* $*.account", "nullable", "every installation has an account"),
    Known("apps/list-installations 200 $[].account*", "*", "described as a user and an enterprise at once"),
    Known("apps/list-installations 200 $[].suspended_by.*", "property", "a simple user as it is elsewhere"),
    Known("apps/list-installations 200 $[].client_id", "property", "described for a single installation"),
    Known("apps/list-* 200 $.repository_selection", "enum", "the values are described elsewhere"),
    Known("*.custom_properties", "property", "of repositories of organizations; described for some lists"),
    Known("apps/create-installation-access-token request $.permissions*", "*", "refused by the operation itself"),
    Known("apps/create-installation-access-token request $.repositor*", "limit", "said in words only"),
    Known(
        "installation event $.action", "enum", "the fifth, which the fake never sends, has no description of its own"
    ),
    # The webhook description is older than the other one.
    Known("* event $.repository.has_pull_requests", "property", "captured in 2026; REST has it"),
    Known("* event $.repository.pull_request_creation_policy", "property", "captured in 2026; REST has it"),
    Known("* event $.check_run.check_suite.repository.*", "property", "a minimal repository as REST has it today"),
    Known("* event $.check_run.check_suite.repository.license.url", "nullable", "as REST has it today"),
    # It has two forms of an issue, both inline.
    Known("issue_comment event $.issue.*", "nullable", "as in responses"),
    Known("issue_comment event $.issue.*", "enum", "as in responses"),
    Known("issue_comment event $.issue.closed_by", "property", "only responses have it"),
    Known("issue_comment event $.issue.pinned_comment", "property", "recorded in responses of 2026"),
    # It has three forms of a pull request, one of them inline.
    Known("pull_request* event $.pull_request.*.repo*", "*", "the repository as other events show it"),
    Known("pull_request* event $.pull_request.*", "left out", "settings of the repository, recorded beside it only"),
    Known("pull_request* event $.pull_request.*", "nullable", "an older form, with null for anything that is missing"),
    Known("pull_request* event $*requested_team*", "*", "a team as REST has it today"),
    Known("pull_request* event $*requested_reviewer*", "*", "a user; the description adds the fields of a team"),
    Known("pull_request_review event $.review.submitted_at", "nullable", "only submitted reviews are dispatched"),
    # A user or an app, where GitHub inlines a less strict copy.
    Known("*.restrictions.users[]*", "*", "a simple user"),
    Known("*.restrictions.apps[]*", "*", "an App"),
    # The fake produces nothing inside these.
    Known("* event $.workflow", "open", "GitHub Actions"),
    Known("* event $.workflow_run", "open", "GitHub Actions"),
    Known("deployment_status event $.check_run", "open", "GitHub Actions"),
    Known("* event $.repository.template_repository", "open", "templates"),
    Known("*.permissions", "open", "an App's permissions: GitHub names a few and allows any"),
]


class Mismatch(NamedTuple):
    """One difference between our schema and GitHub's."""

    path: str
    kind: str
    text: str

    def __str__(self) -> str:
        """Format the place, the kind and both sides."""
        return f"{self.path}: {self.kind}: {self.text}"

    def is_known_as(self, known: Known) -> bool:
        """Return whether *known* covers this difference."""
        return fnmatchcase(self.path, known.path) and fnmatchcase(self.kind, known.kind)


@dataclass(frozen=True)
class Node:
    """A schema and the document that its references start from."""

    schema: Mapping[str, Any]
    resolver: Resolver[Any]

    def child(self, schema: Mapping[str, Any]) -> Node:
        """Return the node of a schema inside this one."""
        return Node(schema, self.resolver)

    def follow(self, ref: str) -> Node:
        """Return the node that *ref* points to."""
        resolved = self.resolver.lookup(ref)
        return Node(resolved.contents, resolved.resolver)


@dataclass(frozen=True)
class Shape:
    """A schema with its references and combinations resolved."""

    types: frozenset[str]
    properties: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: tuple[Node, ...] = ()
    enum: frozenset[object] | None = None
    formats: frozenset[str | None] = frozenset()
    limits: Mapping[str, object] = field(default_factory=dict)
    default: str | None = None


@cache
def registry() -> Registry[Any]:
    """Load our files, and GitHub's if they were fetched."""
    paths = {OURS + name: path for name, path in FILES.items()}
    documents = {uri: json.loads(path.read_text(encoding="utf-8")) for uri, path in paths.items()}
    if githubs_description.is_fetched():
        documents[REST] = githubs_description.load(githubs_description.REST)
        documents[WEBHOOKS] = githubs_description.load(githubs_description.WEBHOOKS)
    return Registry[Any]().with_resources((uri, DRAFT202012.create_resource(each)) for uri, each in documents.items())


def node(uri: str, pointer: str = "") -> Node:
    """Find the schema at *pointer* of the document *uri*."""
    resolved = registry().resolver(uri).lookup(f"#{pointer}")
    return Node(resolved.contents, resolved.resolver)


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """List the JSON types that *schema* states or implies."""
    stated = schema.get("type")
    types = {stated} if isinstance(stated, str) else set(stated or ())
    if not types and ("properties" in schema or "required" in schema):
        types = {"object"}
    if not types and ("const" in schema or "enum" in schema):
        types = {"string"}
    return frozenset(types | {"null"} if schema.get("nullable") else types)


def own_shape(at: Node) -> Shape:
    """Read the keywords of *at* itself."""
    schema = at.schema
    types = types_of(schema)
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return Shape(
        types=types,
        properties={name: (at.child(each),) for name, each in schema.get("properties", {}).items()},
        required=frozenset(schema.get("required", ())),
        items=(at.child(schema["items"]),) if "items" in schema else (),
        enum=None if values is None else frozenset(values) - {None},
        formats=frozenset({schema.get("format")}) if "string" in types else frozenset(),
        limits={name: schema[name] for name in LIMITS if name in schema},
        default=json.dumps(schema["default"]) if "default" in schema else None,
    )


def either(shapes: Iterable[Shape], *, also: frozenset[str] = frozenset()) -> Shape:
    """Join alternatives: a property is required only if every alternative with properties requires it."""
    shapes = list(shapes)
    described = [shape.required for shape in shapes if shape.properties]
    lists = [shape.enum for shape in shapes if shape.types - {"null"}]
    known = [each for each in lists if each is not None]
    return Shape(
        types=also.union(*(shape.types for shape in shapes)),
        properties=joined_properties(shapes),
        required=frozenset.intersection(*described) if described else frozenset(),
        items=tuple(item for shape in shapes for item in shape.items),
        enum=frozenset().union(*known) if known and len(known) == len(lists) else None,
        formats=frozenset().union(*(shape.formats for shape in shapes)),
        limits={name: limit for shape in shapes for name, limit in shape.limits.items()},
        default=next((shape.default for shape in shapes if shape.default is not None), None),
    )


def both(shapes: Iterable[Shape]) -> Shape:
    """Join conditions that hold at once, stated in one document."""
    shapes = list(shapes)
    merged = either(shapes)
    return Shape(
        types=frozenset.intersection(*(shape.types for shape in shapes)),
        properties={
            name: (nodes[0].child({"allOf": [each.schema for each in nodes]}),)
            for name, nodes in merged.properties.items()
        },
        required=frozenset().union(*(shape.required for shape in shapes)),
        items=merged.items,
        enum=merged.enum,
        formats=merged.formats - {None} or merged.formats,
        limits=merged.limits,
    )


def joined_properties(shapes: Iterable[Shape]) -> dict[str, tuple[Node, ...]]:
    """Collect every property of *shapes* with all its schemas."""
    joined: dict[str, tuple[Node, ...]] = {}
    for shape in shapes:
        for name, nodes in shape.properties.items():
            joined[name] = joined.get(name, ()) + nodes
    return joined


def shape_of(at: Node) -> Shape:
    """Resolve references, combinations and inline copies."""
    schema = at.schema
    if "$ref" in schema:
        return shape_of(at.follow(schema["$ref"]))
    also = types_of(schema) & {"null"}
    if schema.get("title") in INLINE_COPIES and "properties" in schema:
        whole = shape_of(node(WEBHOOKS, f"/components/schemas/{INLINE_COPIES[schema['title']]}"))
        return either([whole], also=also)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            alternatives = either((shape_of(at.child(each)) for each in schema[keyword]), also=also)
            # Next to properties, the alternatives are conditions on them.
            return both([own_shape(at), alternatives]) if "properties" in schema else alternatives
    if "allOf" in schema:
        return both(shape_of(at.child(each)) for each in schema["allOf"])
    return own_shape(at)


def compare(ours: Shape, theirs: Shape, path: str, *, request: bool = False) -> Iterator[Mismatch]:
    """Yield the differences between *ours* and GitHub's *theirs*."""
    if extra := ours.types - theirs.types - {"null"}:
        yield Mismatch(path, "type", f"{sorted(extra)} of ours is none of {sorted(theirs.types)}")
    if ("null" in ours.types) != ("null" in theirs.types):
        yield Mismatch(path, "nullable", f"ours {sorted(ours.types)}, GitHub's {sorted(theirs.types)}")
    if ours.enum != theirs.enum:
        yield Mismatch(path, "enum", f"ours {ours.enum}, GitHub's {theirs.enum}")
    if "uri-template" not in theirs.formats and None not in theirs.formats and ours.formats != theirs.formats:
        yield Mismatch(path, "format", f"ours {ours.formats}, GitHub's {theirs.formats}")
    yield from compare_limits(ours, theirs, path, request=request)
    yield from compare_properties(ours, theirs, path, request=request)
    if ours.items and theirs.items:
        mine, other = (either(map(shape_of, shape.items)) for shape in (ours, theirs))
        yield from compare(mine, other, f"{path}[]", request=request)
    elif theirs.items:
        yield Mismatch(path, "open", "GitHub says what the items are")


def compare_limits(ours: Shape, theirs: Shape, path: str, *, request: bool) -> Iterator[Mismatch]:
    """Compare limits: our responses may be narrower than GitHub's, our requests may not. Defaults must be equal."""
    for name in LIMITS:
        mine, other = ours.limits.get(name), theirs.limits.get(name)
        if mine != other and (request or other is not None):
            yield Mismatch(path, "limit", f"{name}: ours {mine}, GitHub's {other}")
    if request and ours.default != theirs.default:
        yield Mismatch(path, "default", f"ours {ours.default}, GitHub's {theirs.default}")


def compare_properties(ours: Shape, theirs: Shape, path: str, *, request: bool) -> Iterator[Mismatch]:
    """Compare names and required properties, then the properties that both have."""
    if theirs.properties and not ours.properties:
        yield Mismatch(path, "open", "GitHub names its properties")
        return
    if not theirs.properties and ours.properties:
        yield Mismatch(path, "type", "GitHub names no properties")
        return
    for name in ours.properties.keys() - theirs.properties.keys():
        yield Mismatch(f"{path}.{name}", "property", "GitHub has no such property")
    for name in theirs.properties.keys() - ours.properties.keys():
        yield Mismatch(f"{path}.{name}", "left out", "GitHub has this property")
    unmet = theirs.required ^ ours.required if request else theirs.required - ours.required
    for name in unmet:
        whose = "GitHub" if name in theirs.required else "us"
        yield Mismatch(f"{path}.{name}", "required", f"required by {whose} only")
    for name in ours.properties.keys() & theirs.properties.keys():
        mine, other = (either(map(shape_of, shape.properties[name])) for shape in (ours, theirs))
        yield from compare(mine, other, f"{path}.{name}", request=request)


def json_body(described: Mapping[str, Any]) -> Node | None:
    """Find the JSON schema of a described request or response, if any."""
    at = node(REST)
    if "$ref" in described:
        at = at.follow(described["$ref"])
        described = at.schema
    content = described.get("content", {}).get("application/json")
    return at.child(content["schema"]) if content else None


def github_answers(operation: str) -> dict[str, Node]:
    """List the responses with a body that GitHub describes, except for server errors."""
    responses = githubs_description.operations()[operation].described["responses"]
    bodies = {code: json_body(each) for code, each in responses.items()}
    return {code: body for code, body in bodies.items() if body is not None and not code.startswith("5")}


def our_answers(operation: str) -> dict[str, Node]:
    """Find our schema for each status of *operation*."""
    answers: dict[str, Node] = {}
    for name in ("components/any-operation", operation):
        at = node(f"{OURS}{name}.json", "/$defs/response/$defs")
        answers |= {code: at.child(schema) for code, schema in at.schema.items()}
    return answers


def request_shapes(operation: str) -> tuple[Shape, Shape] | None:
    """Resolve the body of *operation*, ours and GitHub's, if it has one."""
    described = githubs_description.operations()[operation].described.get("requestBody")
    body = json_body(described) if described else None
    ours = node(f"{OURS}{operation}.json", "/$defs")
    if body is None or "request" not in ours.schema:
        assert (body is None) == ("request" not in ours.schema), operation
        return None
    return shape_of(ours.child(ours.schema["request"])), shape_of(body)


def mismatches(subject: str) -> list[Mismatch]:
    """List every difference in *subject*, an operation id or ``<event> event``, known or not."""
    if subject.endswith(" event"):
        event = subject.removesuffix(" event")
        theirs = either(shape_of(node(WEBHOOKS, f"/components/schemas/{name}")) for name in EVENTS[event])
        return sorted(compare(shape_of(node(f"{OURS}events/{event}.json")), theirs, f"{subject} $"))
    resolved: list[Mismatch] = []
    if shapes := request_shapes(subject):
        resolved += compare(*shapes, f"{subject} request $", request=True)
    ours = our_answers(subject)
    for code, theirs_at in github_answers(subject).items():
        if code in ours:
            resolved += compare(shape_of(ours[code]), shape_of(theirs_at), f"{subject} {code} $")
    return sorted(resolved)


def references(value: object) -> Iterator[str]:
    """Yield every ``$ref`` in *value*."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def described_objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield every object schema in *value* that names its properties, except in requests."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and "type" in value:
            yield value
        for name, each in value.items():
            if name != "request":
                yield from described_objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from described_objects(each)


def validator(uri: str, pointer: str) -> Draft202012Validator:
    """Make a validator for the schema at *pointer* of one of our files."""
    return Draft202012Validator({"$ref": f"{OURS}{uri}#{pointer}"}, registry=registry())


every_file = pytest.mark.parametrize("name", FILES)
every_operation = pytest.mark.parametrize("operation", OPERATIONS)
every_event = pytest.mark.parametrize("event", EVENTS)


def test_there_are_schemas_of_every_kind() -> None:
    """Operations, events and components exist, so that no test below is empty."""
    assert OPERATIONS
    assert {f"events/{event}.json" for event in EVENTS} == {name for name in FILES if name.startswith("events/")}
    assert any(name.startswith("components/") for name in FILES)


@every_file
def test_a_schema_is_valid(name: str) -> None:
    """Each file declares JSON Schema 2020-12 and conforms to it."""
    schema = node(OURS + name).schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in schema
    Draft202012Validator.check_schema(schema)


@every_file
def test_a_schema_refers_to_schemas_beside_it_only(name: str) -> None:
    """Each reference is relative and leads to a file in ``schemas/``."""
    at = node(OURS + name)
    for ref in references(at.schema):
        assert "://" not in ref
        assert at.follow(ref).schema


def test_every_component_is_used() -> None:
    """Each component is used by an operation, an event, or the refusals of all operations."""
    reached: set[str] = set()
    waiting = [name for name in FILES if not name.startswith("components/")] + ["components/any-operation.json"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [f"components/{ref.rpartition('/')[2]}" for ref in references(node(OURS + name).schema)]
    assert set(FILES) == reached


@every_file
def test_responses_allow_no_unknown_members(name: str) -> None:
    """Except in requests, an object that names its properties allows no others."""
    for schema in described_objects(node(OURS + name).schema):
        assert schema.get("additionalProperties") is False, list(schema["properties"])


@pytest.mark.parametrize(
    ("component", "count"), [("deployment", 18), ("deployment-status", 15), ("simple-user", 19), ("commit-status", 11)]
)
def test_fields_of_all_recordings_are_required(component: str, count: int) -> None:
    """These objects have a recorded number of members, in the recorded order."""
    schema = node(f"{OURS}components/{component}.json").schema
    assert schema["required"] == list(schema["properties"])[:count]


@pytest.mark.parametrize("payload", [None, 1, 1.5, True, []])
def test_a_payload_is_an_object_or_a_string(payload: object) -> None:
    """Any other JSON value is refused with one error about its type."""
    check = validator("repos/create-deployment.json", "/$defs/request")
    assert [error.validator for error in check.iter_errors({"ref": "main", "payload": payload})] == ["type"]
    assert check.is_valid({"ref": "main", "payload": {}})
    assert check.is_valid({"ref": "main", "payload": "text"})


def test_the_schema_does_not_limit_descriptions() -> None:
    """GitHub checks lengths after the schema, with other messages."""
    body = {"state": "success", "description": "x" * 141, "environment_url": "not a url"}
    assert validator("repos/create-deployment-status.json", "/$defs/request").is_valid(body)


def test_a_deployment_conflict_has_two_forms() -> None:
    """A merge conflict has no ``errors``. Unmet contexts have exactly one, with the contexts."""
    check = validator("repos/create-deployment.json", "/$defs/response/$defs/409")
    refusal: dict[str, object] = {"message": "no", "documentation_url": "https://docs.github.com/rest", "status": "409"}
    unmet = {"contexts": [], "resource": "Deployment", "field": "required_contexts", "code": "invalid"}
    assert check.is_valid(refusal)
    assert check.is_valid(refusal | {"errors": [unmet]})
    assert not check.is_valid(refusal | {"errors": []})
    assert not check.is_valid(refusal | {"errors": [unmet | {"contexts": None}]})


@needs_description
@every_operation
def test_an_operation_has_the_statuses_that_github_describes(operation: str) -> None:
    """Additional statuses are known from recordings."""
    ours, theirs = set(our_answers(operation)), set(github_answers(operation))
    assert theirs - ours == set()
    anywhere = set(node(f"{OURS}components/any-operation.json", "/$defs/response/$defs").schema)
    assert {code for code in ours - theirs if (operation, code) not in ONLY_OBSERVED} <= anywhere


@needs_description
@every_operation
def test_an_operation_has_githubs_shapes(operation: str) -> None:
    """Requests and responses agree with GitHub's, except for the rows of `KNOWN_DIFFERENCES`."""
    assert unknown_mismatches(operation) == []


@needs_description
@pytest.mark.parametrize("name", ["private-user", "public-user"])
def test_each_kind_of_profile_has_githubs_shape(name: str) -> None:
    """A response may have either profile. Each agrees with GitHub's by itself."""
    ours, theirs = node(f"{OURS}components/{name}.json"), node(REST, f"/components/schemas/{name}")
    assert list(compare(shape_of(ours), shape_of(theirs), f"{name} $")) == []


@needs_description
@every_event
def test_an_event_has_githubs_shape(event: str) -> None:
    """A payload agrees with GitHub's, except for the rows of `KNOWN_DIFFERENCES`."""
    assert unknown_mismatches(f"{event} event") == []


@needs_description
@every_operation
def test_a_request_has_githubs_properties(operation: str) -> None:
    """A body has exactly the members that GitHub describes, and those in `ONLY_SENT`."""
    if shapes := request_shapes(operation):
        ours, theirs = shapes
        assert ours.properties.keys() == theirs.properties.keys() | set(ONLY_SENT.get(operation, ()))
        assert ours.required == theirs.required


@needs_description
@pytest.mark.parametrize("known", KNOWN_DIFFERENCES, ids=lambda known: f"{known.kind} {known.path}")
def test_a_known_difference_is_still_one(known: Known) -> None:
    """A row that covers nothing must be removed."""
    subjects = [*OPERATIONS, *(f"{event} event" for event in EVENTS)]
    assert any(each.is_known_as(known) for subject in subjects for each in mismatches(subject))


def unknown_mismatches(subject: str) -> list[str]:
    """List the differences in *subject* that no row of `KNOWN_DIFFERENCES` covers."""
    resolved = mismatches(subject)
    return [str(each) for each in resolved if not any(each.is_known_as(known) for known in KNOWN_DIFFERENCES)]
