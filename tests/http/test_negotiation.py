"""Negotiation of versions and media types, tags and conditions, as tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_ghdeploy.api.routing import Terms
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.http import negotiation

V3 = "github.v3; format=json"
ANT, FLASH = "github.ant-man-preview; format=json", "github.flash-preview; format=json"
PREVIEWS = "application/vnd.github.ant-man-preview+json, application/vnd.github.flash-preview+json"


@pytest.mark.parametrize(
    ("accept", "reads", "form", "media_type"),
    [
        ("", True, "", V3),
        (" ", True, "", V3),
        (",", True, "", V3),
        ("*/*", True, "", V3),
        ("application/json", True, "", V3),
        ("application/json; charset=utf-8", True, "", V3),
        ("APPLICATION/JSON", True, "", V3),
        ("application/vnd.github+json", True, "", V3),
        ("application/vnd.github.v3+json", True, "", V3),
        ("application/vnd.github", True, "", V3),
        ("application/vnd.github.v3", True, "", V3),
        ("application/vnd.github.json", True, "json", "github.v3; param=json"),
        ("application/vnd.github.ant-man-preview+json", True, "", ANT),
        (PREVIEWS, True, "", f"{ANT}, {FLASH}"),
        (PREVIEWS, False, "", ANT),
        (f"{PREVIEWS}, application/json", True, "", f"{ANT}, {FLASH}, {V3}"),
        ("application/json, */*;q=0.5", True, "", V3),
        ("text/html, */*", True, "", V3),
        ("text/html, application/json;q=0.9", True, "", V3),
        ("application/vnd.github.raw+json", True, "raw", "github.v3; param=raw; format=json"),
        ("application/vnd.github.v3.raw", True, "raw", "github.v3; param=raw"),
        ("application/vnd.github.sha", True, "sha", "github.v3; param=sha"),
    ],
)
def test_media_types_are_negotiated(accept: str, media_type: str, form: str, *, reads: bool) -> None:
    """For a GET all requested previews are listed, for other requests the first one."""
    agreed = negotiation.terms(accept, None, reads=reads, in_errors=False)
    assert agreed == Terms("2022-11-28", form, accept if form else "", media_type)


@pytest.mark.parametrize(
    ("accept", "listed"),
    [
        ("text/html", '"text/html"'),
        ("image/png, text/plain;q=0.5", '"image/png", "text/plain"'),
        ("application/xml", '"application/xml"'),
        ("application/vnd.github.nonsense+json", '"application/vnd.github.nonsense+json"'),
        ("application/vnd.gitlab+json", '"application/vnd.gitlab+json"'),
    ],
)
def test_a_type_that_github_does_not_send_is_refused(accept: str, listed: str) -> None:
    """If GitHub sends none of the types, the 415 lists them."""
    with pytest.raises(refusals.UnsupportedMediaType) as caught:
        negotiation.terms(accept, None, reads=True, in_errors=False)
    assert caught.value.message == f"Unsupported 'Accept' header: [{listed}]. Must accept 'application/json'."
    assert "application/vnd.github+json" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "agreed"), [(None, "2022-11-28"), ("2022-11-28", "2022-11-28"), ("2026-03-10", "2026-03-10")]
)
def test_versions_are_negotiated(version: str | None, agreed: str) -> None:
    """The default is the older version."""
    assert negotiation.terms("", version, reads=True, in_errors=False).version == agreed


UNKNOWN = (
    'The version you specified in the "X-GitHub-API-Version" request header, "v3", is not a supported version. '
    'The following versions are currently supported: "2026-03-10" (most recent), "2022-11-28".'
)


@pytest.mark.parametrize(("in_errors", "message", "more"), [(False, UNKNOWN, []), (True, "Bad Request", UNKNOWN)])
def test_an_unknown_version_is_refused(message: str, more: object, *, in_errors: bool) -> None:
    """The text is the message or, with the assumption, in `errors`."""
    with pytest.raises(refusals.BadRequest) as caught:
        negotiation.terms("", "v3", reads=True, in_errors=in_errors)
    assert (caught.value.message, caught.value.errors) == (message, more)
    assert caught.value.hint == "X-GitHub-Api-Version is 'v3'; the versions are 2022-11-28 and 2026-03-10"


REPOSITORY = {"id": 1, "has_downloads": True, "has_issues": True, "use_squash_pr_title_as_default": False}


@pytest.mark.parametrize(
    ("operation_id", "body", "newer"),
    [
        ("repos/get", REPOSITORY, {"id": 1, "has_issues": True}),
        ("any/nested", {"all": [{"repository": REPOSITORY}]}, {"all": [{"repository": {"id": 1, "has_issues": True}}]}),
        ("rate-limit/get", {"resources": {"core": {}}, "rate": {}}, {"resources": {"core": {}}}),
        ("other/get", {"rate": 1}, {"rate": 1}),
        ("any/list", [1, "a", None], [1, "a", None]),
    ],
)
def test_a_newer_version_has_fewer_fields(operation_id: str, body: object, newer: object) -> None:
    """`has_downloads` and `use_squash_pr_title_as_default` are removed everywhere, `rate` from the rate limits."""
    assert negotiation.as_of("2022-11-28", operation_id, body) is body
    assert negotiation.as_of("2026-03-10", operation_id, body) == newer


BODY = b'{"id":1,"name":"a text"}'
TAG = negotiation.entity_tag(BODY, "2022-11-28", reads=False, accept_encoding="")


@pytest.mark.parametrize(
    ("body", "reads", "accept_encoding", "weak"),
    [
        (BODY, True, "gzip, deflate", True),
        (BODY, True, "GZIP", True),
        (BODY, True, "identity", False),
        (BODY, True, "", False),
        (BODY, False, "gzip", False),
        (b"[]", True, "gzip", False),
    ],
)
def test_a_tag_is_weak_where_github_compresses(body: bytes, accept_encoding: str, *, reads: bool, weak: bool) -> None:
    """GitHub compresses long bodies of reading requests that accept gzip. The digits are the same."""
    tag = negotiation.entity_tag(body, "2022-11-28", reads=reads, accept_encoding=accept_encoding)
    strong = negotiation.entity_tag(body, "2022-11-28", reads=False, accept_encoding="")
    assert tag == (f"W/{strong}" if weak else strong)
    assert len(strong.strip('"')) == 64


def test_a_tag_changes_with_the_content_and_the_version() -> None:
    """Two bodies, or one body in two versions, have different tags."""
    tags = {
        negotiation.entity_tag(body, version, reads=False, accept_encoding="")
        for body in (BODY, BODY + b" ")
        for version in ("2022-11-28", "2026-03-10")
    }
    assert len(tags) == 4


THEN = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "expected"),
    [
        (TAG, None, True),
        (f"W/{TAG}", None, True),
        (f'"other", W/{TAG}', None, True),
        ("*", None, True),
        ('"other"', None, False),
        (TAG.strip('"'), None, False),
        ("", None, False),
        (None, None, False),
        (None, "Fri, 20 Nov 2026 12:00:30 GMT", True),
        (None, "Fri, 20 Nov 2026 12:00:31 GMT", True),
        (None, "Fri, 20 Nov 2026 12:00:29 GMT", False),
        (None, "Fri, 20 Nov 2026 12:00:30", True),
        (None, "yesterday", False),
        # A tag that differs settles it.
        ('"other"', "Fri, 20 Nov 2026 12:00:31 GMT", False),
        (TAG, "Fri, 20 Nov 2026 12:00:29 GMT", True),
    ],
)
@pytest.mark.parametrize("tag", [TAG, f"W/{TAG}"])
def test_conditions_are_evaluated(
    tag: str, if_none_match: str | None, if_modified_since: str | None, *, expected: bool
) -> None:
    """Tags are compared weakly. If there is a tag, the time is ignored."""
    assert negotiation.is_unchanged(if_none_match, if_modified_since, tag=tag, modified_at=THEN) is expected


def test_a_list_has_no_time_to_compare() -> None:
    """Without `Last-Modified`, `If-Modified-Since` gives no 304."""
    since = "Fri, 20 Nov 2099 12:00:00 GMT"
    assert not negotiation.is_unchanged(None, since, tag=TAG, modified_at=None)


def test_a_time_has_the_format_of_http() -> None:
    """It is in GMT, with the day of the week."""
    assert negotiation.http_date(int(THEN.timestamp())) == "Fri, 20 Nov 2026 12:00:30 GMT"
