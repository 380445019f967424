"""
Reactions over HTTP.

`reactions/list-for-commit-comment`, `reactions/create-for-commit-comment`, `reactions/delete-for-commit-comment`,
`reactions/list-for-issue-comment`, `reactions/create-for-issue-comment`, `reactions/delete-for-issue-comment`,
`reactions/list-for-issue`, `reactions/create-for-issue`, `reactions/delete-for-issue`,
`reactions/list-for-release`, `reactions/create-for-release`, `reactions/delete-for-release`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from client import API, REPO, Client

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

CONTENTS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


@pytest.fixture(params=["commit comment", "issue comment", "issue"])
def subjects(request: pytest.FixtureRequest, repo: Repository) -> tuple[str, str]:
    """Return the paths of two things of one kind to react to."""
    paths = []
    for branch in ("one", "two"):
        repo.add_branch(branch)
        repo.add_commit(branch)
        pull = repo.add_pull_request(branch)
        ids = {
            "commit comment": f"comments/{repo.add_commit_comment('main', 'Looks good.').id}",
            "issue comment": f"issues/comments/{pull.add_comment('Looks good.').id}",
            "issue": f"issues/{pull.number}",
        }
        paths.append(f"{REPO}/{ids[request.param]}")
    return paths[0], paths[1]


@pytest.fixture
def subject(subjects: tuple[str, str]) -> str:
    """Return the path of something to react to."""
    return subjects[0]


def test_a_reaction_has_githubs_fields(http: requests.Session, subject: str, ghdeploy: FakeGitHub) -> None:
    """The response has no Location. There is no event, and the comment has not changed, but counts the reaction."""
    ghdeploy.events.clear()
    before = http.get(subject).json()
    ghdeploy.clock.tick(60)
    reply = http.post(f"{subject}/reactions", json={"content": "heart"})
    reaction = reply.json()
    assert (reply.status_code, "Location" in reply.headers) == (201, False)
    assert list(reaction.items()) == [
        ("id", reaction["id"]),
        ("node_id", reaction["node_id"]),
        ("user", before["user"]),
        ("content", "heart"),
        ("created_at", ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    assert reaction["node_id"].startswith("REA_")
    counted = before["reactions"] | {"total_count": 1, "heart": 1}
    assert http.get(subject).json() == before | {"reactions": counted}
    assert list(ghdeploy.events) == []


def test_the_same_reaction_again_is_the_same(http: requests.Session, subject: str) -> None:
    """It is a 200 with the reaction that exists."""
    first, again = (http.post(f"{subject}/reactions", json={"content": "eyes"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["ETag"] == again.headers["ETag"]


def test_reactions_are_listed_in_their_order(http: requests.Session, subject: str) -> None:
    """The filter `content` selects one kind. An empty filter selects all."""
    made = [http.post(f"{subject}/reactions", json={"content": content}).json() for content in CONTENTS]
    assert http.get(f"{subject}/reactions").json() == made
    assert http.get(f"{subject}/reactions", params={"content": "+1"}).json() == made[:1]
    assert http.get(f"{subject}/reactions?content=").json() == made
    assert http.get(f"{subject}/reactions?content=sad").json() == []
    assert http.get(subject).json()["reactions"]["total_count"] == len(CONTENTS)


def test_an_unknown_content_is_refused(http: requests.Session, subject: str) -> None:
    """The message lists those that GitHub has."""
    reply = http.post(f"{subject}/reactions", json={"content": "sad"})
    listed = ", ".join(f'"{content}"' for content in CONTENTS)
    expected = f"Invalid request.\n\nsad is not a member of [{listed}]."
    assert (reply.status_code, reply.json()["message"]) == (422, expected)


def test_a_reaction_is_deleted(http: requests.Session, subject: str) -> None:
    """The second time it is a 404."""
    made = http.post(f"{subject}/reactions", json={"content": "rocket"}).json()
    answers = [http.delete(f"{subject}/reactions/{made['id']}").status_code for _ in range(2)]
    assert answers == [204, 404]
    assert http.get(f"{subject}/reactions").json() == []


def test_a_reaction_belongs_to_one_subject(http: requests.Session, subjects: tuple[str, str]) -> None:
    """In the path of another one it is a 404."""
    subject, other = subjects
    made = http.post(f"{subject}/reactions", json={"content": "rocket"}).json()
    reply = http.delete(f"{other}/reactions/{made['id']}")
    assert reply.status_code == 404
    assert reply.headers["X-GHDeploy-Hint"].startswith(f"the reaction {made['id']} is to the ")
    assert http.get(f"{other}/reactions").json() == []


def test_a_reaction_of_somebody_else_stays(ghdeploy: FakeGitHub, http: requests.Session, subject: str) -> None:
    """Only the user who reacted may delete it. Everyone who can read the repository may react."""
    made = http.post(f"{subject}/reactions", json={"content": "rocket"}).json()
    ghdeploy.add_token("of-mona", user="mona")
    mona = Client(authorization="token of-mona")
    assert mona.post(f"{subject}/reactions", json={"content": "rocket"}).status_code == 201
    reply = mona.delete(f"{subject}/reactions/{made['id']}")
    assert (reply.status_code, reply.json()["message"]) == (403, "Must have admin rights to Repository.")
    assert reply.headers["X-GHDeploy-Hint"] == "this is a reaction of octocat, and the caller is mona"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["comments/1", "issues/comments/1", "issues/1"])
@pytest.mark.usefixtures("repo")
def test_what_does_not_exist_has_no_reactions(http: requests.Session, method: str, path: str) -> None:
    """It is a 404."""
    tail = "/reactions/2" if method == "DELETE" else "/reactions"
    assert http.request(method, f"{REPO}/{path}{tail}", json={"content": "eyes"}).status_code == 404


@pytest.mark.usefixtures("repo")
def test_a_pull_request_has_reactions_as_an_issue_only(http: requests.Session) -> None:
    """GitHub has no such path below pulls."""
    reply = http.get(f"{REPO}/pulls/1/reactions")
    assert (reply.status_code, reply.json()["documentation_url"]) == (404, "https://docs.github.com/rest")


# Releases


def test_a_release_has_reactions_of_six_kinds(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The release shows them if there are any."""
    release = f"{REPO}/releases/{repo.add_release('v1').id}"
    assert "reactions" not in http.get(release).json()
    made = [http.post(f"{release}/reactions", json={"content": content}) for content in CONTENTS]
    assert [content for content, reply in zip(CONTENTS, made, strict=True) if reply.status_code == 422] == [
        "-1",
        "confused",
    ]
    ids = [reply.json()["id"] for reply in made if reply.status_code == 201]
    assert [reaction["id"] for reaction in http.get(f"{release}/reactions").json()] == ids
    shown = http.get(release).json()["reactions"]
    assert (shown["url"], shown["total_count"], shown["-1"]) == (f"{API}{release}/reactions", 6, 0)
    assert http.get(f"{REPO}/releases").json()[0]["reactions"] == shown
    assert http.post(f"{release}/reactions", json={"content": "eyes"}).status_code == 200
    assert [http.delete(f"{release}/reactions/{ids[0]}").status_code for _ in range(2)] == [204, 404]
    assert http.delete(release).status_code == 204
    assert http.get(f"{release}/reactions").status_code == 404
    assert not list(ghdeploy._engine.store.reactions)
