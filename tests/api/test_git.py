"""Branches and commits over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from client import API

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example"
DOCS = "https://docs.github.com/rest"


# Branches


def test_branches_are_listed_in_alphabetical_order(http: requests.Session, repo: Repository) -> None:
    """Each branch has its head and the head's URL, and is not protected."""
    for name in ("zeta", "feature/ab", "alpha"):
        repo.add_branch(name)
    reply = http.get(f"{PATH}/branches")
    sha = repo.sha("main")
    assert reply.status_code == 200
    assert reply.json() == [
        {"name": name, "commit": {"sha": sha, "url": f"{API}{PATH}/commits/{sha}"}, "protected": False}
        for name in ("alpha", "feature/ab", "main", "zeta")
    ]


@pytest.mark.parametrize(("query", "count"), [("protected=true", 0), ("protected=false", 1), ("protected=", 1)])
def test_no_branch_is_protected(http: requests.Session, repo: Repository, query: str, count: int) -> None:
    """The list with protected=true is empty."""
    assert repo.default_branch == "main"
    assert len(http.get(f"{PATH}/branches?{query}").json()) == count


def test_branches_come_in_pages(http: requests.Session, repo: Repository) -> None:
    """The links have the id of the repository."""
    for name in ("a", "b"):
        repo.add_branch(name)
    reply = http.get(f"{PATH}/branches?per_page=2")
    url = f"{API}/repositories/{repo.id}/branches?per_page=2&page=2"
    assert reply.headers["Link"] == f'<{url}>; rel="next", <{url}>; rel="last"'
    assert [branch["name"] for branch in reply.json() + http.get(url).json()] == ["a", "b", "main"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("topic", "topic"),
        ("feature/login", "feature/login"),
        ("feature/login", "feature%2Flogin"),
        ("a/b/c", "a/b/c"),
        ("ä#1", "%C3%A4%231"),
        ("50%25", "50%2525"),
        ("a+b", "a+b"),
        ("a+b", "a%2Bb"),
    ],
)
def test_a_branch_is_shown_with_its_head(http: requests.Session, repo: Repository, name: str, path: str) -> None:
    """Names with slashes or other special characters work, escaped or not."""
    repo.add_branch(name)
    sha = repo.add_commit(name, message="Do it")
    body = http.get(f"{PATH}/branches/{path}").json()
    assert list(body) == ["name", "commit", "_links", "protected", "protection", "protection_url"]
    assert (body["name"], body["commit"]["sha"], body["protected"]) == (name, sha, False)
    assert body["commit"]["commit"]["message"] == "Do it"
    assert http.get(body["_links"]["self"]).json() == body


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("name", ["nope", "Main", "refs/heads/main", "heads/main"])
def test_an_unknown_branch_is_not_found(http: requests.Session, name: str) -> None:
    """GitHub has a message of its own for branches. Names must match exactly."""
    reply = http.get(f"{PATH}/branches/{name}")
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Branch not found",
        "documentation_url": f"{DOCS}/branches/branches#get-a-branch",
        "status": "404",
    }
    assert "main" in reply.headers["X-GHDeploy-Hint"]


def test_a_tag_is_not_a_branch(http: requests.Session, repo: Repository) -> None:
    """A tag is not found among the branches."""
    repo.add_tag("v1", "main")
    assert http.get(f"{PATH}/branches/v1").status_code == 404


# Commits


def test_commits_are_listed_newest_first(http: requests.Session, repo: Repository) -> None:
    """By default, the history of the default branch is listed."""
    first = repo.sha("main")
    shas = [repo.add_commit("main", message=f"Step {number}") for number in (1, 2)]
    repo.add_branch("topic")
    repo.add_commit("topic")
    reply = http.get(f"{PATH}/commits")
    assert [commit["sha"] for commit in reply.json()] == [*shas[::-1], first]
    assert [commit["commit"]["message"] for commit in reply.json()[:2]] == ["Step 2", "Step 1"]
    assert [[parent["sha"] for parent in commit["parents"]] for commit in reply.json()] == [[shas[0]], [first], []]


@pytest.mark.parametrize("start", ["topic", "refs/heads/topic", "v1", "sha", "short", "a/b"])
def test_commits_of_any_ref_can_be_listed(http: requests.Session, repo: Repository, start: str) -> None:
    """The parameter sha is a branch, a tag or a SHA. Commits of other branches are not listed."""
    root = repo.sha("main")
    repo.add_branch("topic")
    sha = repo.add_commit("topic")
    repo.add_branch("a/b", from_ref="topic")
    repo.add_tag("v1", "topic")
    repo.add_commit("main")
    start = {"sha": sha, "short": sha[:7]}.get(start, start)
    reply = http.get(f"{PATH}/commits", params={"sha": start})
    assert [commit["sha"] for commit in reply.json()] == [sha, root]


@pytest.mark.usefixtures("repo")
def test_commits_of_an_unknown_ref_are_not_found(http: requests.Session) -> None:
    """The response is a 404."""
    reply = http.get(f"{PATH}/commits", params={"sha": "nope"})
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")


def test_commits_can_be_filtered(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Path, author, since and until must all match. Invalid times are ignored."""
    start = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    first = repo.sha("main")
    ghdeploy.clock.tick(3600)
    docs = repo.add_commit("main", files={"docs/a.md": "a\n"})
    code = repo.add_commit("main", files={"src/a.py": "a\n"})
    later = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    table: list[tuple[dict[str, str], list[str]]] = [
        ({"path": "docs"}, [docs]),
        ({"path": "docs/a.md"}, [docs]),
        ({"path": "doc"}, []),
        ({"path": "src/a.py", "author": "octocat"}, [code]),
        ({"author": "OctoCat"}, [code, docs, first]),
        ({"author": "mona"}, []),
        ({"committer": "mona"}, []),
        ({"since": later}, [code, docs]),
        ({"until": start}, [first]),
        ({"since": later, "path": "docs"}, [docs]),
        ({"since": "yesterday"}, [code, docs, first]),
        ({"per_page": "1", "page": "2"}, [docs]),
    ]
    for query, expected in table:
        listed_shas = [commit["sha"] for commit in http.get(f"{PATH}/commits", params=query).json()]
        assert listed_shas == expected, query


def test_commits_are_filtered_by_their_signatures(http: requests.Session, repo: Repository) -> None:
    """By the email addresses that the client chose, and by the committer's date. An empty filter is ignored."""
    head, tree = repo.sha("main"), "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    mona, hubot = ({"name": name, "email": f"{name}@example.com"} for name in ("mona", "hubot"))
    dates = {"author": mona | {"date": "2020-01-01T00:00:00Z"}, "committer": hubot | {"date": "2021-01-01T00:00:00Z"}}
    body = {"message": "m", "tree": tree, "parents": [head], **dates}
    sha = http.post(f"{PATH}/git/commits", json=body).json()["sha"]
    assert http.patch(f"{PATH}/git/refs/heads/main", json={"sha": sha}).status_code == 200
    for query, expected in (
        ({"author": "mona@example.com"}, [sha]),
        ({"author": "MONA@example.com", "committer": "hubot@example.com"}, [sha]),
        ({"author": "hubot@example.com"}, []),
        ({"author": "mona"}, []),
        ({"committer": "octocat"}, [head]),
        ({"until": "2020-06-01T00:00:00Z"}, []),
        ({"until": "2021-01-01T00:00:00Z"}, [sha]),
        ({"since": "2021-01-01T01:00:00+02:00", "until": "2022-01-01T00:00:00Z"}, [sha]),
        ({"author": "", "committer": "", "path": "", "since": "", "until": "", "sha": ""}, [sha, head]),
        ({"path": "nope"}, []),
    ):
        assert [commit["sha"] for commit in http.get(f"{PATH}/commits", params=query).json()] == expected, query


def test_a_merge_changes_only_what_it_changes_itself(http: requests.Session, repo: Repository) -> None:
    """As in `git log`, a file that a merge takes over from one side was changed by the commits of that side."""
    repo.add_branch("topic")
    theirs = repo.add_commit("topic", files={"theirs.txt": "a\n"})
    ours = repo.add_commit("main", files={"ours.txt": "a\n"})
    merge = http.post(f"{PATH}/merges", json={"base": "main", "head": "topic"}).json()["sha"]
    for path, expected in (("theirs.txt", [theirs]), ("ours.txt", [ours])):
        assert [commit["sha"] for commit in http.get(f"{PATH}/commits?path={path}").json()] == expected
    assert http.get(f"{PATH}/commits").json()[0]["sha"] == merge


@pytest.mark.parametrize("ref", ["topic", "heads/topic", "refs/heads/topic", "a/b", "tags/v1", "v1", "sha", "short"])
def test_a_commit_is_shown_with_its_changes(http: requests.Session, repo: Repository, ref: str) -> None:
    """Any ref of the commit works. The response has counts, files and kinds of change."""
    repo.add_branch("topic")
    repo.add_commit("topic", files={"a.txt": "1\n2\n", "b.txt": "1\n"})
    sha = repo.add_commit("topic", message="Change", files={"a.txt": "1\n2\n3\n", "c.txt": "1\n"})
    repo.add_branch("a/b", from_ref="topic")
    repo.add_tag("v1", "topic")
    ref = {"sha": sha, "short": sha[:10]}.get(ref, ref)
    reply = http.get(f"{PATH}/commits/{ref}")
    assert reply.status_code == 200
    body = reply.json()
    assert (body["sha"], body["commit"]["message"], len(body["parents"])) == (sha, "Change", 1)
    assert body["url"] == f"{API}{PATH}/commits/{sha}"
    assert [(file["filename"], file["status"]) for file in body["files"]] == [("a.txt", "modified"), ("c.txt", "added")]
    changes = [(file["additions"], file["deletions"], file["changes"]) for file in body["files"]]
    assert body["stats"] == {
        "total": sum(total for _, _, total in changes),
        "additions": sum(added for added, _, _ in changes),
        "deletions": sum(removed for _, removed, _ in changes),
    }
    assert changes[1] == (1, 0, 1)
    assert (body["author"]["login"], body["committer"]["login"]) == ("octocat", "octocat")
    assert re.fullmatch(r"[0-9a-f]{40}", body["commit"]["tree"]["sha"])


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("ref", ["nope", "0" * 40, "a/b"])
def test_an_unknown_commit_is_refused(http: requests.Session, ref: str) -> None:
    """The response is GitHub's 422."""
    reply = http.get(f"{PATH}/commits/{ref}")
    assert reply.status_code == 422
    assert reply.json() == {
        "message": f"No commit found for SHA: {ref}",
        "documentation_url": f"{DOCS}/commits/commits#get-a-commit",
        "status": "422",
    }


def test_branches_and_commits_are_available_by_the_id_of_the_repository(
    http: requests.Session, repo: Repository
) -> None:
    """Paths below /repositories/{id} show the same."""
    repo.add_branch("a/b")
    for path in ("branches", "branches/a/b", "commits", "commits/a/b", f"commits/{repo.sha('main')}"):
        reply = http.get(f"/repositories/{repo.id}/{path}")
        assert reply.status_code == 200
        assert reply.json() == http.get(f"{PATH}/{path}").json()


def test_git_is_read_without_a_token(http: requests.Session, repo: Repository) -> None:
    """Branches and commits of a public repository are public."""
    assert repo.private is False
    del http.headers["Authorization"]
    for path in ("branches", "branches/main", "commits", "commits/main"):
        assert http.get(f"{PATH}/{path}").status_code == 200
