"""Comparing two commits over HTTP, and listing tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from client import API

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import Repository

PATH = "/repos/octocat/example"
PAGE = "https://docs.github.com/rest/commits/commits#compare-two-commits"


@pytest.fixture
def apart(repo: Repository) -> Repository:
    """Make a repository with two commits on main and three on topic, the last of them tagged."""
    repo.add_branch("topic")
    repo.add_branch("old")
    for number in (1, 2):
        repo.add_commit("main", files={"main.txt": f"{number}\n"})
    repo.add_commit("topic", files={"a/topic.txt": "1\n2\n3\n"})
    repo.add_commit("topic", files={"a/topic.txt": "1\n2!\n3\n", "README.md": "# Another\n"})
    repo.add_commit("topic", message="Last", files={"logo.png": b"\x89PNG\xff\x00"})
    repo.add_tag("v1", "topic")
    return repo


@pytest.mark.parametrize(
    ("base", "head", "status", "ahead_by", "behind_by"),
    [
        ("main", "main", "identical", 0, 0),
        ("old", "main", "ahead", 2, 0),
        ("main", "old", "behind", 0, 2),
        ("main", "topic", "diverged", 3, 2),
        ("topic", "main", "diverged", 2, 3),
        ("topic", "v1", "identical", 0, 0),
    ],
)
def test_a_comparison_counts_commits_ahead_and_behind(
    http: requests.Session, apart: Repository, base: str, head: str, status: str, ahead_by: int, behind_by: int
) -> None:
    """`GET /repos/octocat/example/compare/{basehead}` counts the commits that each side lacks."""
    body = http.get(f"{PATH}/compare/{base}...{head}").json()
    assert (body["status"], body["ahead_by"], body["behind_by"]) == (status, ahead_by, behind_by)
    assert body["total_commits"] == len(body["commits"]) == ahead_by
    assert body["base_commit"]["sha"] == apart.sha(base)
    common = {"identical": base, "ahead": base, "behind": head, "diverged": "old"}[status]
    assert body["merge_base_commit"]["sha"] == apart.sha(common)


def test_a_comparison_shows_commits_and_files(http: requests.Session, apart: Repository) -> None:
    """Commits are listed oldest first. Files are those changed since the merge base, with patches for text."""
    body = http.get(f"{PATH}/compare/main...topic").json()
    assert [commit["sha"] for commit in body["commits"]][-1] == apart.sha("topic")
    assert [commit["commit"]["message"] for commit in body["commits"]] == ["Update", "Update", "Last"]
    files = {file["filename"]: file for file in body["files"]}
    assert list(files) == ["README.md", "a/topic.txt", "logo.png"]
    assert [(file["status"], file["additions"], file["deletions"]) for file in files.values()] == [
        ("modified", 1, 1),
        ("added", 3, 0),
        ("added", 0, 0),
    ]
    assert files["README.md"]["patch"] == "@@ -1 +1 @@\n-# octocat/example\n+# Another"
    assert files["a/topic.txt"]["patch"] == "@@ -0,0 +1,3 @@\n+1\n+2!\n+3"
    assert "patch" not in files["logo.png"]
    html = "https://github.com/octocat/example/compare"
    short = (apart.sha("main")[:7], apart.sha("topic")[:7])
    assert {name: body[name] for name in body if name.endswith("url")} == {
        "url": f"{API}{PATH}/compare/main...topic",
        "html_url": f"{html}/main...topic",
        "permalink_url": f"{html}/octocat:{short[0]}...octocat:{short[1]}",
        "diff_url": f"{html}/main...topic.diff",
        "patch_url": f"{html}/main...topic.patch",
    }
    assert http.get(body["url"]).json() == body


@pytest.mark.parametrize(
    "basehead", ["{sha}...v1", "{short}...topic", "a/b...c/d", "a%2Fb...c%2Fd", "octocat:main...OctoCat:topic"]
)
def test_any_two_refs_can_be_compared(http: requests.Session, apart: Repository, basehead: str) -> None:
    """SHAs, short SHAs, tags, branches with slashes and branches with an owner work."""
    apart.add_branch("a/b")
    apart.add_branch("c/d", from_ref="topic")
    sha = apart.sha("main")
    body = http.get(f"{PATH}/compare/{basehead.format(sha=sha, short=sha[:7])}").json()
    assert (body["status"], body["ahead_by"], body["behind_by"]) == ("diverged", 3, 2)
    assert http.get(body["url"]).json() == body


def test_the_commits_of_a_comparison_come_in_pages(http: requests.Session, apart: Repository) -> None:
    """Only the first page has the files. The counts include all pages."""
    reply = http.get(f"{PATH}/compare/main...topic", params={"per_page": 2})
    first, link = reply.json(), reply.links["next"]["url"]
    assert link == f"{API}/repositories/{apart.id}/compare/main...topic?per_page=2&page=2"
    second = http.get(link).json()
    assert [len(page["commits"]) for page in (first, second)] == [2, 1]
    assert [len(page["files"]) for page in (first, second)] == [3, 0]
    assert first["total_commits"] == second["total_commits"] == 3
    assert second["commits"][0]["commit"]["message"] == "Last"


def test_a_long_comparison_shows_250_commits_and_300_files(http: requests.Session, repo: Repository) -> None:
    """These limits apply to requests without pages."""
    repo.add_branch("topic")
    for _ in range(251):
        repo.add_commit("topic")
    repo.add_commit("topic", files={f"{number}.txt": "" for number in range(301)})
    reply = http.get(f"{PATH}/compare/main...topic")
    body = reply.json()
    assert (body["total_commits"], len(body["commits"]), len(body["files"])) == (252, 250, 300)
    assert "Link" not in reply.headers


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    ("basehead", "hint"),
    [
        ("main...nope", "octocat/example has no branch, tag or SHA 'nope'; known: "),
        ("nope...main", "octocat/example has no branch, tag or SHA 'nope'; known: "),
        ("main..topic", "the path of a comparison ends with BASE...HEAD; the request has 'main..topic'"),
        ("main", "the path of a comparison ends with BASE...HEAD; the request has 'main'"),
        ("main...hubot:topic", "'hubot:topic' is in another repository, and the fake does not implement forks"),
    ],
)
def test_an_impossible_comparison_is_a_404(http: requests.Session, basehead: str, hint: str) -> None:
    """A side does not exist or is in another repository, or the path does not name two sides."""
    reply = http.get(f"{PATH}/compare/{basehead}")
    assert reply.status_code == 404
    assert reply.json() == {"message": "Not Found", "documentation_url": PAGE, "status": "404"}
    assert reply.headers["X-GHDeploy-Hint"].startswith(hint)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\0b\n", (0, 0, False)),
        (b"\xff\n", (0, 0, False)),
        (b"x\n" * 2001, (2001, 1, False)),
        (b"x\n" * 1999, (1999, 1, True)),
        (b"# octocat/example", (0, 0, False)),
    ],
)
def test_only_text_files_of_limited_length_have_a_patch(
    http: requests.Session, repo: Repository, content: bytes, expected: tuple[int, int, bool]
) -> None:
    """Binary files have no lines, and all lines of a long file count as changed."""
    repo.add_branch("topic")
    repo.add_commit("topic", files={"README.md": content})
    (file,) = http.get(f"{PATH}/compare/main...topic").json()["files"]
    assert (file["additions"], file["deletions"], "patch" in file) == expected


def test_unrelated_histories_are_not_compared(http: requests.Session, repo: Repository) -> None:
    """GitHub has a message of its own for them."""
    graph = repo._graph
    graph.commit("island", message="Begin anew", files={}, author=repo.owner, now=repo._store.clock.now)
    reply = http.get(f"{PATH}/compare/main...island")
    assert (reply.status_code, reply.json()["message"]) == (404, "No common ancestor between main and island.")


def test_tags_are_listed_in_reverse_alphabetical_order(http: requests.Session, repo: Repository) -> None:
    """`GET /repos/octocat/example/tags` shows each tag with its commit, in pages."""
    assert http.get(f"{PATH}/tags").json() == []
    for name in ("v1", "rel/2", "v2"):
        repo.add_tag(name, "main")
    reply = http.get(f"{PATH}/tags")
    sha = repo.sha("main")
    assert [tag["name"] for tag in reply.json()] == ["v2", "v1", "rel/2"]
    last = reply.json()[-1]
    assert last["commit"] == {"sha": sha, "url": f"{API}{PATH}/commits/{sha}"}
    assert last["zipball_url"] == f"{API}{PATH}/zipball/refs/tags/rel/2"
    assert last["tarball_url"] == f"{API}{PATH}/tarball/refs/tags/rel/2"
    paged = http.get(f"{PATH}/tags", params={"per_page": 2, "page": 2})
    assert [tag["name"] for tag in paged.json()] == ["rel/2"]
