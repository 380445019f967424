"""Headers: response headers, conditional requests, API versions, media types, HEAD and OPTIONS."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API, DEPLOYMENTS, REPO
from github import Auth, Github
from scene import KEYS

from pytest_ghdeploy.http import rendering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_ghdeploy import FakeGitHub, Repository

SINCE_ALWAYS = {
    "Server": "GitHub.com",
    "X-GitHub-Media-Type": "github.v3; format=json",
    "x-github-api-version-selected": "2022-11-28",
    "Access-Control-Allow-Origin": "*",
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains; preload",
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "origin-when-cross-origin, strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'",
}
PRIVATE = {
    "Cache-Control": "private, max-age=60, s-maxage=60",
    "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
}
PUBLIC = {
    "Cache-Control": "public, max-age=60, s-maxage=60",
    "Vary": "Accept, Accept-Encoding, Accept, X-Requested-With",
}
BARE = {"Vary": "Accept-Encoding, Accept, X-Requested-With", "Cache-Control": None, "ETag": None, "Last-Modified": None}


@pytest.fixture
def http(ghdeploy: FakeGitHub) -> Iterator[requests.Session]:
    """Make a session that acts as octocat, and the repository octocat/example."""
    ghdeploy.add_repository("octocat/example")
    with requests.Session() as session:
        session.headers["Authorization"] = "token any-token-will-do"
        yield session


@pytest.fixture
def repo(ghdeploy: FakeGitHub, http: requests.Session) -> Repository:  # noqa: ARG001 - it adds the repository
    """Return the repository."""
    return ghdeploy.repository("octocat/example")


def has(headers: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    """Check that *headers* include those *expected*; ``None`` is for a header that must be missing."""
    assert {name: headers.get(name) for name in expected} == dict(expected)


# Response headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "more"),
    [
        ("GET", DEPLOYMENTS, None, 200, PRIVATE),
        ("GET", REPO, None, 200, PRIVATE),
        ("HEAD", DEPLOYMENTS, None, 200, PRIVATE),
        ("POST", DEPLOYMENTS, {"ref": "main"}, 201, PRIVATE),
        ("PUT", f"{REPO}/environments/qa", None, 200, PRIVATE),
        ("DELETE", f"{REPO}/environments/production", None, 204, {**BARE, "Content-Type": None}),
        ("POST", DEPLOYMENTS, {}, 422, BARE),
        ("POST", DEPLOYMENTS, {"ref": "nope"}, 422, BARE),
        ("GET", f"{DEPLOYMENTS}/1", None, 404, BARE),
        ("GET", "/nothing/like/that", None, 404, BARE),
        ("GET", "/repos/octocat/former", None, 301, BARE),
    ],
)
def test_every_response_has_the_recorded_headers(
    ghdeploy: FakeGitHub,
    http: requests.Session,
    repo: Repository,
    method: str,
    path: str,
    body: object,
    status: int,
    more: Mapping[str, str | None],
) -> None:
    """Caching headers are on responses with content only, the others on all."""
    repo.add_environment("production")
    ghdeploy.add_repository("octocat/former").rename("octocat/latter")
    reply = http.request(method, API + path, json=body, allow_redirects=False, timeout=10)
    assert reply.status_code == status
    has(reply.headers, SINCE_ALWAYS)
    has(reply.headers, more)
    assert {name.strip() for name in reply.headers["Access-Control-Expose-Headers"].split(",")} >= {"ETag", "Link"}
    assert reply.headers.get("Content-Type") == (None if status == 204 else "application/json; charset=utf-8")
    expected = (
        None if status == 204 else str(len(http.get(API + path).content) if method == "HEAD" else len(reply.content))
    )
    assert reply.headers.get("Content-Length") == expected


def test_responses_to_anonymous_callers_are_publicly_cacheable(http: requests.Session) -> None:
    """`Cache-Control` is public, and `Vary` does not include the token."""
    assert http.headers
    has(requests.get(API + REPO, timeout=10).headers, PUBLIC)


def test_the_date_is_that_of_the_clock(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """`Date` shows the fake's clock."""
    ghdeploy.clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))
    assert http.get(API + REPO).headers["Date"] == "Tue, 01 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("path", "dated"),
    [
        ("", True),
        ("/deployments", False),
        ("/deployments/{id}", True),
        ("/deployments/{id}/statuses", False),
        ("/deployments/{id}/statuses/{status}", True),
        ("/environments", False),
        ("/environments/production", True),
        ("/keys", False),
        ("/keys/{key}", True),
        ("/branches", False),
    ],
)
def test_a_single_object_has_last_modified(
    ghdeploy: FakeGitHub, http: requests.Session, repo: Repository, path: str, *, dated: bool
) -> None:
    """It is the object's `updated_at`, or `created_at` if it cannot change. A list has none."""
    ghdeploy.clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))
    created = repo.add_deployment(ref="main")
    created.add_status("queued")
    key = repo.add_deploy_key("server", KEYS[0])
    repo.rename("octocat/example")
    ghdeploy.clock.tick(seconds=100)
    reply = http.get(API + REPO + path.format(id=created.id, status=created.statuses[0].id, key=key.id))
    assert ("Last-Modified" in reply.headers) is dated
    if dated and path:
        assert reply.headers["Last-Modified"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_a_new_deployment_has_last_modified_and_a_new_deployment_status_does_not(http: requests.Session) -> None:
    """Observed in recordings by PyGithub and octokit.rb."""
    deployment = http.post(API + DEPLOYMENTS, json={"ref": "main"})
    assert deployment.headers["Last-Modified"] == deployment.headers["Date"]
    assert deployment.headers["ETag"].startswith('"')
    deployment_status = http.post(deployment.json()["statuses_url"], json={"state": "queued"})
    has(deployment_status.headers, {"Last-Modified": None})
    assert deployment_status.headers["ETag"].startswith('"')


# Conditional requests


@pytest.mark.parametrize("path", ["", "/deployments", "/environments", "/commits/main", "/contents/README.md"])
def test_a_304_is_free(http: requests.Session, repo: Repository, path: str) -> None:
    """The 304 has no body and no type, repeats the tag, and does not count for the rate limit."""
    repo.add_commit("main", files={"README.md": "A text"})
    first = http.get(API + REPO + path)
    again = http.get(API + REPO + path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    has(again.headers, {"ETag": first.headers["ETag"], "Content-Type": None, "Content-Length": None} | PRIVATE)
    left = "X-RateLimit-Remaining"
    assert again.headers[left] == first.headers[left]
    assert int(http.get(API + REPO + path).headers[left]) == int(first.headers[left]) - 1


def test_a_tag_is_valid_until_something_changes(http: requests.Session, repo: Repository) -> None:
    """A new deployment status changes the deployment and its list of statuses: both are a 200 with another tag."""
    created = repo.add_deployment(ref="main")
    url = f"{API}{DEPLOYMENTS}/{created.id}/statuses"
    tag = http.get(url).headers["ETag"]
    assert http.get(url, headers={"If-None-Match": tag}).status_code == 304
    created.add_status("success")
    changed = http.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert [item["state"] for item in changed.json()] == ["success"]


def test_a_weak_tag_matches_a_strong_one(http: requests.Session) -> None:
    """The responses to a POST and to a GET have the same digits, and either tag gives a 304."""
    created = http.post(API + DEPLOYMENTS, json={"ref": "main"})
    weak = http.get(created.json()["url"]).headers["ETag"]
    assert weak == f"W/{created.headers['ETag']}"
    for tag in (weak, created.headers["ETag"]):
        assert http.get(created.json()["url"], headers={"If-None-Match": tag}).status_code == 304


def test_if_modified_since_gives_a_304(ghdeploy: FakeGitHub, http: requests.Session, repo: Repository) -> None:
    """The time is from `Last-Modified`. A new deployment status ends it."""
    created = repo.add_deployment(ref="main")
    url = f"{API}{DEPLOYMENTS}/{created.id}"
    since = http.get(url).headers["Last-Modified"]
    assert http.get(url, headers={"If-Modified-Since": since}).status_code == 304
    ghdeploy.clock.tick(seconds=1)
    created.add_status("queued")
    assert http.get(url, headers={"If-Modified-Since": since}).status_code == 200


def test_an_anonymous_304_counts(http: requests.Session) -> None:
    """Only requests with a token are free."""
    assert http.headers
    first = requests.get(API + REPO, timeout=10).headers
    again = requests.get(API + REPO, headers={"If-None-Match": first["ETag"]}, timeout=10)
    assert again.status_code == 304
    assert int(again.headers["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_writing_requests_are_not_conditional(http: requests.Session, repo: Repository, method: str) -> None:
    """`If-None-Match: *` does not stop a POST or DELETE."""
    path = f"{DEPLOYMENTS}/{repo.add_deployment(ref='main').id}" if method == "DELETE" else DEPLOYMENTS
    body = {"ref": "main"} if method == "POST" else None
    reply = http.request(method, API + path, json=body, headers={"If-None-Match": "*"})
    assert reply.status_code in (201, 204)


def test_pygithub_reads_conditionally(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """`update()` sends the tag: first nothing has changed, then something has."""
    assert http.headers
    github = Github(auth=Auth.Token("any-token-will-do"))
    repo = github.get_repo("octocat/example")
    assert repo.update() is False
    assert ghdeploy.requests[-1].status == 304
    ghdeploy.clock.tick(seconds=1)
    ghdeploy.repository("octocat/example").rename("octocat/latter")
    assert repo.update() is True
    assert repo.full_name == "octocat/latter"


# Versions of the API


def _repository_of(body: Any) -> Any:  # noqa: ANN401 - JSON
    return body.get("repository", body)


@pytest.mark.parametrize("version", [None, "2022-11-28", "2026-03-10"])
def test_a_repository_depends_on_the_version(http: requests.Session, version: str | None) -> None:
    """The newer version has neither `has_downloads` nor `use_squash_pr_title_as_default`."""
    reply = http.get(API + REPO, headers={"X-GitHub-Api-Version": version})
    gone = {"has_downloads", "use_squash_pr_title_as_default"}
    assert reply.headers["X-GitHub-Api-Version-Selected"] == (version or "2022-11-28")
    assert gone & reply.json().keys() == (set() if version == "2026-03-10" else gone)


def test_the_rate_limit_depends_on_the_version(http: requests.Session) -> None:
    """The newer version has no `rate` beside `resources`."""
    newer = {"X-GitHub-Api-Version": "2026-03-10"}
    assert http.get(f"{API}/rate_limit").json().keys() == {"resources", "rate"}
    assert http.get(f"{API}/rate_limit", headers=newer).json().keys() == {"resources"}


def test_other_responses_are_the_same_in_both_versions(http: requests.Session, repo: Repository) -> None:
    """Deployments, deployment statuses and environments do not differ. Events always have the older form."""
    created = repo.add_deployment(ref="main")
    created.add_status("success")
    for path in ("", f"/{created.id}", f"/{created.id}/statuses"):
        older, newer = (
            http.get(API + DEPLOYMENTS + path, headers={"X-GitHub-Api-Version": version})
            for version in ("2022-11-28", "2026-03-10")
        )
        assert older.content == newer.content
        assert older.headers["ETag"] != newer.headers["ETag"]


@pytest.mark.parametrize("version", ["v3", "2022-11-29", "", "2099-01-01"])
def test_an_unknown_version_is_a_400(
    ghdeploy: FakeGitHub, http: requests.Session, repo: Repository, version: str
) -> None:
    """The response lists the versions, and nothing is deployed."""
    reply = http.post(API + DEPLOYMENTS, json={"ref": "main"}, headers={"X-GitHub-Api-Version": version})
    assert reply.status_code == 400
    assert reply.json() == {
        "message": (
            f'The version you specified in the "X-GitHub-API-Version" request header, "{version}", is not a supported '
            'version. The following versions are currently supported: "2026-03-10" (most recent), "2022-11-28".'
        ),
        "documentation_url": "https://docs.github.com/rest/about-the-rest-api/api-versions",
        "status": "400",
    }
    assert (
        ghdeploy.requests[-1].hint == f"X-GitHub-Api-Version is {version!r}; the versions are 2022-11-28 and 2026-03-10"
    )
    assert not repo.deployments


@pytest.mark.ghdeploy(version_text_in_errors=True)
def test_the_text_about_the_version_can_be_in_errors(http: requests.Session) -> None:
    """With version_text_in_errors, the message is `Bad Request`."""
    reply = http.get(API + REPO, headers={"X-GitHub-Api-Version": "v3"}).json()
    assert reply["message"] == "Bad Request"
    assert reply["errors"].startswith('The version you specified in the "X-GitHub-API-Version" request header, "v3"')


# Media types


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/vnd.github.cannonball-preview+json",
        "application/vnd.github.ant-man-preview+json, application/vnd.github.flash-preview+json",
    ],
)
def test_a_deployment_does_not_depend_on_previews(http: requests.Session, accept: str) -> None:
    """All previews have ended, so all fields are always present."""
    reply = http.post(API + DEPLOYMENTS, json={"ref": "main"}, headers={"Accept": accept})
    assert reply.status_code == 201
    assert {"original_environment", "transient_environment", "production_environment"} <= reply.json().keys()


@pytest.mark.parametrize("accept", ["text/html", "application/xml, image/*"])
def test_an_unknown_media_type_is_a_415(
    ghdeploy: FakeGitHub, http: requests.Session, repo: Repository, accept: str
) -> None:
    """The message says what to accept, and nothing is deployed."""
    reply = http.post(API + DEPLOYMENTS, json={"ref": "main"}, headers={"Accept": accept})
    assert reply.status_code == 415
    assert reply.json()["message"].endswith("Must accept 'application/json'.")
    assert ghdeploy.requests[-1].hint.startswith(f"Accept is {accept}; ")
    assert not repo.deployments


@pytest.mark.parametrize("accept", ["application/vnd.github.raw+json", "application/vnd.github.v3.raw"])
def test_a_file_can_be_requested_raw(http: requests.Session, repo: Repository, accept: str) -> None:
    """`raw` returns the bytes, with a tag. A directory is listed as usual."""
    content = "R\N{LATIN SMALL LETTER E WITH ACUTE}sum\n".encode() + bytes(range(256))
    repo.add_commit("main", files={"docs/a.bin": content})
    reply = http.get(f"{API}{REPO}/contents/docs/a.bin", headers={"Accept": accept})
    assert reply.content == content
    assert reply.headers["Content-Type"] == f"{accept}; charset=utf-8"
    shown = http.get(f"{API}{REPO}/contents/docs/a.bin")
    assert base64.b64decode(shown.json()["content"]) == content
    assert shown.headers["ETag"] != reply.headers["ETag"]
    again = http.get(
        f"{API}{REPO}/contents/docs/a.bin", headers={"Accept": accept, "If-None-Match": reply.headers["ETag"]}
    )
    assert again.status_code == 304
    assert [item["name"] for item in http.get(f"{API}{REPO}/contents/docs", headers={"Accept": accept}).json()] == [
        "a.bin"
    ]


def test_a_commit_can_be_requested_as_its_sha(http: requests.Session, repo: Repository) -> None:
    """`sha` returns 40 digits and nothing else."""
    reply = http.get(f"{API}{REPO}/commits/main", headers={"Accept": "application/vnd.github.sha"})
    assert reply.text == repo.sha("main")
    assert reply.headers["Content-Type"] == "application/vnd.github.sha; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "form", "operation_id"),
    [
        ("/commits/main", "diff", "repos/get-commit"),
        ("/commits/main", "patch", "repos/get-commit"),
        ("/compare/main...main", "diff", "repos/compare-commits-with-basehead"),
        ("/contents/", "object", "repos/get-content"),
        ("/contents/", "html", "repos/get-content"),
    ],
)
def test_a_form_that_the_fake_does_not_implement_fails_the_test(
    ghdeploy: FakeGitHub, http: requests.Session, path: str, form: str, operation_id: str
) -> None:
    """The response is not silently JSON."""
    with pytest.raises(Exception, match=f"the fake does not implement the form '{form}' of {operation_id}") as caught:
        http.get(API + REPO + path, headers={"Accept": f"application/vnd.github.{form}"})
    assert type(caught.value).__name__ == "UnsupportedRequest"
    assert ghdeploy._engine.take_problem() is caught.value


# Other methods


@pytest.mark.parametrize("path", [DEPLOYMENTS, "/nothing/like/that", "/", "/repos/octocat/nope/pulls"])
def test_options_is_answered_for_browsers(ghdeploy: FakeGitHub, http: requests.Session, path: str) -> None:
    """Any path gets a 204, without a token. The headers list what other sites may send. The request does not count."""
    assert http.headers
    reply = requests.options(API + path, timeout=10, headers={"Origin": "https://example.com"})
    assert (reply.status_code, reply.content) == (204, b"")
    has(
        reply.headers,
        {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST, PATCH, PUT, DELETE",
            "Access-Control-Max-Age": "86400",
            "Content-Type": None,
            "X-RateLimit-Remaining": None,
        },
    )
    assert "X-GitHub-Api-Version" in reply.headers["Access-Control-Allow-Headers"]
    assert ghdeploy.requests[-1].method == "OPTIONS"


@pytest.mark.parametrize("path", [REPO, DEPLOYMENTS, f"{REPO}/commits/main"])
def test_head_is_get_without_the_body(http: requests.Session, path: str) -> None:
    """All headers are the same except the id, the date and the remaining rate limit."""
    got, head = http.get(API + path), http.head(API + path)
    changing = ("X-GitHub-Request-Id", "X-RateLimit-Remaining", "X-RateLimit-Used")
    assert head.content == b""
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }
    assert http.head(API + path, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304


def test_if_modified_since_hides_no_change_while_the_clock_stands_still(
    ghdeploy: FakeGitHub, http: requests.Session, repo: Repository
) -> None:
    """The response is a 304 only if no other content was ever sent with this `Last-Modified`."""
    created = repo.add_deployment(ref="main", environment="qa")
    url = f"{API}{DEPLOYMENTS}/{created.id}"
    since = {"If-Modified-Since": http.get(url).headers["Last-Modified"]}
    assert http.get(url, headers=since).status_code == 304
    created.add_status("success", environment="prod")
    assert http.get(url, headers=since).json()["environment"] == "prod"
    ghdeploy.clock.tick(60)
    assert http.get(url, headers=since).status_code == 200
    created.add_status("failure")
    since = {"If-Modified-Since": http.get(url).headers["Last-Modified"]}
    assert http.get(url, headers=since).status_code == 304
    repo.rename("octocat/other")
    assert http.get(url, headers=since).json()["url"] == f"{API}/repos/octocat/other/deployments/{created.id}"


def test_a_forgotten_version_hides_no_change(
    http: requests.Session, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the versions of the latest URLs are known. For others, a time does not show that nothing has changed."""
    monkeypatch.setattr(rendering, "_MOST_TAGS", 2)
    created = repo.add_deployment(ref="main", environment="qa")
    url = f"{API}{DEPLOYMENTS}/{created.id}"
    since = {"If-Modified-Since": http.get(url).headers["Last-Modified"]}
    created.add_status("success", environment="prod")
    for number in range(3):
        http.get(f"{API}{REPO}?{number}")
    assert http.get(url, headers=since).json()["environment"] == "prod"
    assert http.get(url, headers=since).json()["environment"] == "prod"
    tag = {"If-None-Match": http.get(url).headers["ETag"]}
    assert http.get(url, headers=tag).status_code == 304


@pytest.mark.parametrize(
    "since",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "\N{SNOWMAN}".encode().decode("latin-1"),
    ],
)
def test_an_invalid_if_modified_since_is_ignored(http: requests.Session, since: str) -> None:
    """The response is the same as without the header."""
    assert http.get(API + REPO, headers={"If-Modified-Since": since.encode("latin-1")}).status_code == 200


def test_refused_requests_count_too(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """An unknown path, media type or version takes one request from the budget, if any is left."""
    ghdeploy.rate_limits.set(3)
    for path, headers, status in (
        ("/nope", {}, 404),
        (REPO, {"Accept": "text/html"}, 415),
        (REPO, {"X-GitHub-Api-Version": "v3"}, 400),
        ("/nope", {}, 403),
    ):
        assert http.get(API + path, headers=headers).status_code == status
    assert http.get(f"{API}/rate_limit").json()["resources"]["core"]["remaining"] == 0


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_a_stub_has_githubs_headers_and_its_own(ghdeploy: FakeGitHub) -> None:
    """Its own headers take precedence, in any case. HEAD is answered like GET."""
    ghdeploy.stub("GET", "/zen", json="Keep it", headers={"server": "mine", "X-More": "1"})
    for method, content in (("GET", b'"Keep it"'), ("HEAD", b"")):
        reply = requests.request(method, f"{ghdeploy.base_url}/zen", timeout=10)
        assert reply.content == content
        has(
            reply.headers,
            SINCE_ALWAYS | {"Server": "mine", "X-More": "1", "X-GitHub-Enterprise-Version": "3.19.0"},
        )
        assert reply.headers["Content-Length"] == "9"
        assert reply.headers["X-GitHub-Request-Id"]


def test_an_http_status_is_a_plain_number(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """It is an int even for responses without a body."""
    tag = http.get(API + REPO).headers["ETag"]
    for reply in (http.get(API + REPO, headers={"If-None-Match": tag}), http.options(API + REPO)):
        assert type(reply.status_code) is type(ghdeploy.requests[-1].status) is int
