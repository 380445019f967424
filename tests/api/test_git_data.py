"""Blobs, trees, commits and annotated tags over HTTP, and how the rest of the API shows them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from client import API, Client

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.github.git_objects import blob_sha
from pytest_ghdeploy.github.rules import git_database

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Repository

    Snapshot = Callable[[], object]

pytestmark = pytest.mark.usefixtures("repo")

PATH = "/repos/octocat/example"
GIT = f"{PATH}/git"
DOCS = "https://docs.github.com/rest/git"
UNKNOWN = "1" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
SHELL = blob_sha(b"#!/bin/sh\n")
MONA = {"name": "Mona", "email": "mona@example.com"}


def created(http: requests.Session, kind: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Create an object: `POST /repos/octocat/example/git/{kind}`. Its URL is in ``Location``, too."""
    reply = http.post(f"{GIT}/{kind}", json=body)
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()
    assert reply.headers["Location"] == answer["url"] == f"{API}{GIT}/{kind}/{answer['sha']}"
    return answer


def item(path: str, content: str | None = "new\n", mode: str = "100644", **more: object) -> dict[str, object]:
    """Make an entry for a tree: a file, or what has the ``sha`` in *more*."""
    return {"path": path, "mode": mode, **({} if "sha" in more else {"content": content}), **more}


def listed(tree: dict[str, Any]) -> dict[str, str]:
    """Map the paths in a tree to modes."""
    return {entry["path"]: entry["mode"] for entry in tree["tree"]}


def committed(http: requests.Session, *items: dict[str, object], branch: str = "main") -> str:
    """Commit *items* on top of a branch, as a program does that uses the objects of git."""
    head = http.get(f"{GIT}/ref/heads/{branch}").json()["object"]["sha"]
    tree = created(http, "trees", base_tree=head, tree=list(items))["sha"]
    sha: str = created(http, "commits", message="By hand", tree=tree, parents=[head])["sha"]
    assert http.patch(f"{GIT}/refs/heads/{branch}", json={"sha": sha}).status_code == 200
    return sha


# Blobs


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"content": "hello\n"}, b"hello\n"),
        ({"content": "ä", "encoding": "utf-8"}, "ä".encode()),
        ({"content": "/wBh", "encoding": "base64"}, b"\xff\0a"),
        ({"content": "/wBh", "encoding": None}, b"/wBh"),
        ({"content": ""}, b""),
    ],
)
def test_a_blob_has_gits_sha(http: requests.Session, body: dict[str, Any], content: bytes) -> None:
    """`git/create-blob` answers with that; `git/get-blob`: the blob is shown in base64."""
    answer = created(http, "blobs", **body)
    assert answer == {"sha": blob_sha(content), "url": f"{API}{GIT}/blobs/{blob_sha(content)}"}
    shown = http.get(answer["url"]).json()
    assert base64.b64decode(shown.pop("content")) == content
    assert shown.pop("node_id").startswith("B_")
    assert shown == answer | {"size": len(content), "encoding": "base64"}


def test_a_blob_has_lines_of_60_characters(
    http: requests.Session,
) -> None:
    """Each of them ends in a line break, as in the contents of a file."""
    sha = created(http, "blobs", content="x" * 100)["sha"]
    assert [len(line) for line in http.get(f"{GIT}/blobs/{sha}").json()["content"].split("\n")] == [60, 60, 16, 0]


def test_a_blob_is_sent_raw(http: requests.Session, repo: Repository) -> None:
    """`GET /repos/octocat/example/git/blobs/{file_sha}` has a raw form, for files of commits as well."""
    repo.add_commit("main", files={"logo.png": b"\xff\0"})
    sha = blob_sha(b"\xff\0")
    reply = http.get(f"{GIT}/blobs/{sha}", headers={"Accept": "application/vnd.github.raw"})
    assert (reply.status_code, reply.content) == (200, b"\xff\0")
    assert reply.headers["X-GitHub-Media-Type"] == "github.v3; param=raw"
    assert reply.headers["Cache-Control"] == "private, max-age=86400, s-maxage=86400", "the content of a SHA stays"
    anonymous = Client(authorization=None).get(f"{GIT}/blobs/{sha}", headers={"Accept": "application/vnd.github.raw"})
    assert anonymous.headers["Cache-Control"] == "public, max-age=86400, s-maxage=86400"


# Trees


def test_a_tree_is_made_of_contents_and_objects(
    http: requests.Session,
) -> None:
    """`git/create-tree` answers with the top level, in git's order; nested paths are folders."""
    blob = created(http, "blobs", content="x")["sha"]
    folder = created(http, "trees", tree=[item("z.txt", sha=blob)])["sha"]
    answer = created(
        http,
        "trees",
        tree=[
            item("run.sh", "#!/bin/sh\n", "100755", type="tree"),
            item("link", "run.sh", "120000"),
            item("a/b/c.txt", sha=blob, type="blob"),
            item("moved", mode="040000", sha=folder),
            item("third", mode="160000", sha=UNKNOWN, type="commit"),
        ],
    )
    assert answer["truncated"] is False
    by_path = {entry.pop("path"): entry for entry in answer["tree"]}
    assert list(by_path) == ["a", "link", "moved", "run.sh", "third"]
    size = {"size": 10, "url": f"{API}{GIT}/blobs/{SHELL}"}
    assert by_path["run.sh"] == {"mode": "100755", "type": "blob", "sha": SHELL, **size}
    assert by_path["moved"] == {"mode": "040000", "type": "tree", "sha": folder, "url": f"{API}{GIT}/trees/{folder}"}
    assert by_path["third"] == {"mode": "160000", "type": "commit", "sha": UNKNOWN}
    deep = http.get(f"{answer['url']}?recursive=1").json()
    assert [entry["path"] for entry in deep["tree"]] == [
        *("a", "a/b", "a/b/c.txt", "link", "moved", "moved/z.txt", "run.sh", "third"),
    ]
    assert http.get(by_path["a"]["url"]).json()["tree"][0]["path"] == "b"


@pytest.mark.parametrize("base", ["tree", "commit", "tag"])
def test_a_tree_changes_another(http: requests.Session, repo: Repository, base: str) -> None:
    """base_tree is the SHA of a tree or of a commit. A null SHA removes a file or folder, and with it empty folders."""
    commit = repo.add_commit("main", files={"a/b/c.txt": "c", "d/e.txt": "e", "d/f.txt": "f"})
    tree = http.get(f"{GIT}/commits/{commit}").json()["tree"]["sha"]
    tag = created(http, "tags", tag="v1", message="m", object=commit, type="commit")["sha"]
    changes = [item("a/b/c.txt", sha=None), item("d", mode="040000", sha=None), item("README.md")]
    answer = created(http, "trees", base_tree={"tree": tree, "commit": commit, "tag": tag}[base], tree=changes)
    assert listed(answer) == {".gitignore": "100644", "README.md": "100644"}
    again = created(http, "trees", base_tree=tree, tree=[item("a/b/c.txt", "c")])
    assert again["sha"] == tree


def test_equal_trees_have_the_same_sha(http: requests.Session, repo: Repository) -> None:
    """It does not matter how they were made, or whether a commit has them."""
    sha = repo.add_commit("main", files={"src/app.py": "print()\n"})
    made = created(
        http, "trees", tree=[item("README.md", "# octocat/example\n"), item(".gitignore", "*.pyc\n"),
                             item("src/app.py", "print()\n")]
    )  # fmt: skip
    assert made["sha"] == http.get(f"{GIT}/commits/{sha}").json()["tree"]["sha"]
    assert created(http, "trees", tree=[])["sha"] == EMPTY_TREE
    assert http.get(f"{GIT}/trees/{EMPTY_TREE}").json()["tree"] == []


def test_a_mode_is_part_of_a_tree(http: requests.Session, repo: Repository) -> None:
    """With another mode of the same file, the tree has another SHA, and the commit has changed the file."""
    before = repo.sha("main")
    sha = committed(http, item("README.md", "# octocat/example\n", "100755"))
    compared = http.get(f"{PATH}/compare/{before}...{sha}").json()["files"]
    assert [(file["filename"], file["status"], file["changes"]) for file in compared] == [("README.md", "modified", 0)]
    assert "patch" not in compared[0]
    # A new content keeps the mode.
    repo.add_commit("main", files={"README.md": "again\n"})
    assert listed(http.get(f"{GIT}/trees/main").json())["README.md"] == "100755"


@pytest.mark.parametrize("asked", ["main", "heads/main", "refs/heads/a/b", "v1", "sha"])
def test_a_tree_is_found_by_a_commit(http: requests.Session, repo: Repository, asked: str) -> None:
    """`git/get-tree` then answers with the commit's SHA instead of the tree's."""
    repo.add_branch("a/b")
    repo.add_tag("v1", "main")
    head = repo.sha("main")
    answer = http.get(f"{GIT}/trees/{head if asked == 'sha' else asked}").json()
    assert (answer["sha"], answer["url"]) == (head, f"{API}{GIT}/trees/{head}")
    assert listed(answer) == {".gitignore": "100644", "README.md": "100644"}
    # Programs send it back as base_tree.
    assert len(created(http, "trees", base_tree=answer["sha"], tree=[item("new")])["tree"]) == 3


@pytest.mark.parametrize(
    ("query", "recursive"),
    [
        ("", False),
        ("?recursive", False),
        ("?recursive&page=1", False),
        ("?recursive=", True),
        ("?recursive=0", True),
        ("?recursive=false", True),
        ("?page=1&recursive=1", True),
    ],
)
def test_any_value_is_recursive(http: requests.Session, repo: Repository, query: str, *, recursive: bool) -> None:
    """An empty one is too, but not the bare word."""
    repo.add_commit("main", files={"a/b": "x"})
    paths = [entry["path"] for entry in http.get(f"{GIT}/trees/main{query}").json()["tree"]]
    assert paths == [".gitignore", "README.md", "a", *(["a/b"] if recursive else [])]


def test_a_large_tree_is_truncated(http: requests.Session, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than GitHub's limit are left out, and the response says so."""
    repo.add_commit("main", files={"a/b": "x"})
    monkeypatch.setattr(git_database, "TREE_LIMIT", 3)
    answer = http.get(f"{GIT}/trees/main?recursive=1").json()
    assert (len(answer["tree"]), answer["truncated"]) == (3, True)
    assert http.get(f"{GIT}/trees/main").json()["truncated"] is False


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"tree": [item("a")], "base_tree": UNKNOWN}, "base_tree is not a valid tree oid"),
        ({"tree": [item("a")], "base_tree": "{blob}"}, "base_tree is not a valid tree oid"),
        ({"tree": [item("a")], "base_tree": "main"}, "base_tree is not a valid tree oid"),
        ({"tree": [item("a")], "base_tree": ""}, "base_tree is not a valid tree oid"),
        ({"tree": [item("a"), item("nope", sha=None)], "base_tree": "{commit}"}, "GitRPC::BadObjectState"),
        ({"tree": [item("README.md", sha=None)]}, "GitRPC::BadObjectState"),
        ({"tree": [item("a"), item("b", mode="7")]}, "Must supply a valid tree.mode"),
        ({"tree": [item("a", sha="{commit}", type="blob")]}, "tree.sha {commit} is not a valid blob"),
        ({"tree": [item("a", sha="{blob}", type="tree", mode="040000")]}, "tree.sha {blob} is not a valid tree"),
        ({"tree": [item("a", sha="{blob}", mode="040000", type="blob")]}, "GitRPC::BadObjectState"),
        ({"tree": [item("a", type="tag")]}, 'Invalid request.\n\ntag is not a member of ["blob", "tree", "commit"].'),
        ({}, 'Invalid request.\n\n"tree" wasn\'t supplied.'),
    ],
)
def test_a_refused_tree_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, body: dict[str, Any], message: str
) -> None:
    """The whole request is refused, with GitHub's text and a hint, and leaves nothing behind."""
    words = {"{commit}": repo.sha("main"), "{blob}": blob_sha(b"*.pyc\n")}

    def filled(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {name: filled(member) for name, member in value.items()}
        return [filled(each) for each in value] if isinstance(value, list) else words.get(value, value)

    before = snapshot()
    reply = http.post(f"{GIT}/trees", json=filled(body))
    for word, sha in words.items():
        message = message.replace(word, sha)
    assert reply.status_code == 422
    assert reply.json() == {"message": message, "documentation_url": f"{DOCS}/trees#create-a-tree", "status": "422"}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# Commits


def test_a_commit_is_an_object_first(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`git/create-commit` moves no branch and dispatches no event."""
    head = repo.sha("main")
    tree = created(http, "trees", base_tree=head, tree=[item("a.txt")])["sha"]
    answer = created(http, "commits", message="Add a.txt", tree=tree, parents=[head])
    person = answer["author"]
    assert (person["name"], person["email"].partition("+")[2]) == ("octocat", "octocat@users.noreply.github.com")
    html = f"https://github.com/octocat/example/commit/{answer['sha']}"
    assert answer == {
        "sha": answer["sha"],
        "node_id": answer["node_id"],
        "url": f"{API}{GIT}/commits/{answer['sha']}",
        "html_url": html,
        "author": person,
        "committer": person,
        "tree": {"sha": tree, "url": f"{API}{GIT}/trees/{tree}"},
        "message": "Add a.txt",
        "parents": [
            {
                "sha": head,
                "url": f"{API}{GIT}/commits/{head}",
                "html_url": f"https://github.com/octocat/example/commit/{head}",
            }
        ],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }
    assert repo.sha("main") == head
    assert list(ghdeploy.events) == []
    shown = http.get(answer["url"])
    assert shown.json() == answer
    assert shown.headers["Last-Modified"] == ghdeploy.clock.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    # No branch has it, but it exists.
    assert http.get(f"{PATH}/commits/{answer['sha']}").json()["files"][0]["filename"] == "a.txt"
    assert repo.add_deployment(ref=answer["sha"], required_contexts=[]).sha == answer["sha"]


def test_a_commit_reaches_the_rest_of_the_api(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Once a branch moves to it, it is in contents, comparisons, merges, deployments and the push."""
    repo.add_branch("topic")
    sha = committed(http, item("src/app.py", "print()\n"), branch="topic")
    assert http.get(f"{PATH}/contents/src/app.py?ref=topic").json()["sha"] == blob_sha(b"print()\n")
    compared = http.get(f"{PATH}/compare/main...topic").json()
    assert (compared["status"], [file["filename"] for file in compared["files"]]) == ("ahead", ["src/app.py"])
    assert [commit["sha"] for commit in compared["commits"]] == [sha]
    payload = ghdeploy.assert_event("push", ref="refs/heads/topic").payload
    assert [(commit["id"], commit["added"]) for commit in payload["commits"]] == [(sha, ["src/app.py"])]
    assert payload["head_commit"]["tree_id"] == http.get(f"{GIT}/commits/{sha}").json()["tree"]["sha"]
    repo.add_commit("main", files={"other.txt": "x"})
    assert http.post(f"{PATH}/merges", json={"base": "main", "head": "topic"}).status_code == 201
    assert http.post(f"{PATH}/deployments", json={"ref": "topic"}).status_code == 202  # behind
    assert http.get(f"{PATH}/contents/src/app.py").status_code == 200


def test_the_same_commit_has_the_same_sha(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """A commit with another date, message, parent or author is another one."""
    head = repo.sha("main")
    body: dict[str, Any] = {"message": "m", "tree": EMPTY_TREE, "parents": [head]}
    sha = created(http, "commits", **body)["sha"]
    assert created(http, "commits", **body)["sha"] == sha
    others = [
        body | {"message": "n"},
        body | {"parents": []},
        body | {"author": MONA},
        body | {"committer": MONA},
        body | {"author": MONA | {"date": "2026-01-02T03:04:05Z"}},
        body | {"tree": http.get(f"{GIT}/commits/{head}").json()["tree"]["sha"]},
        body | {"signature": "-----BEGIN PGP SIGNATURE-----"},
    ]
    shas = {created(http, "commits", **other)["sha"] for other in others}
    ghdeploy.clock.tick(3600)
    later = created(http, "commits", **body)["sha"]
    assert len({sha, later, *shas}) == len(others) + 2
    assert created(http, "commits", **body)["sha"] == later


def test_a_sha_does_not_depend_on_the_present_time() -> None:
    """A test gets the same SHAs in every run, also of tags."""
    shas = []
    for year in (2026, 2027):
        with FakeGitHub() as fake, Client() as http:
            fake.clock.move_to(datetime(year, 1, 1, tzinfo=UTC))
            head = fake.add_repository("octocat/example").sha("main")
            commit = created(http, "commits", message="m", tree=EMPTY_TREE, parents=[head])["sha"]
            tag = created(http, "tags", tag="v1", message="m", object=commit, type="commit")["sha"]
            shas.append((commit, tag))
    assert shas[0] == shas[1]


@pytest.mark.parametrize(
    ("people", "author", "committer"),
    [
        ({}, "octocat", "octocat"),
        ({"author": MONA}, "Mona", "Mona"),
        ({"committer": MONA}, "octocat", "Mona"),
        ({"author": MONA, "committer": {"name": "Hubot", "email": "hubot@example.com"}}, "Mona", "Hubot"),
    ],
)
def test_people_of_a_commit(http: requests.Session, people: dict[str, Any], author: str, committer: str) -> None:
    """By default the caller is the author, and the author is the committer."""
    answer = created(http, "commits", message="m", tree=EMPTY_TREE, **people)
    assert (answer["author"]["name"], answer["committer"]["name"]) == (author, committer)
    listed = http.get(f"{PATH}/commits/{answer['sha']}").json()
    assert (listed["commit"]["author"], listed["commit"]["committer"]) == (answer["author"], answer["committer"])
    assert (listed["author"] is None) == (author != "octocat")


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("1972-11-02T15:05:10+08:00", "1972-11-02T07:05:10Z"),
        ("1960-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
    ],
)
def test_dates_are_shown_in_utc(http: requests.Session, date: str, shown: str) -> None:
    """A date before 1970 becomes the epoch."""
    answer = created(http, "commits", message="m", tree=EMPTY_TREE, author=MONA | {"date": date})
    assert answer["author"]["date"] == answer["committer"]["date"] == shown


def test_a_signature_is_kept_but_not_verified(http: requests.Session, repo: Repository) -> None:
    """The payload is what git signs."""
    head, people = repo.sha("main"), MONA | {"date": "1970-01-01T01:00:00+01:00"}
    answer = created(
        http, "commits", message="m", tree=EMPTY_TREE, parents=[head], author=people, signature="-----BEGIN"
    )
    payload = f"tree {EMPTY_TREE}\nparent {head}\n" + "".join(
        f"{role} Mona <mona@example.com> 0 +0100\n" for role in ("author", "committer")
    )
    assert answer["verification"] == {
        "verified": False,
        "reason": "unknown_key",
        "signature": "-----BEGIN",
        "payload": f"{payload}\nm",
        "verified_at": None,
    }


@pytest.mark.parametrize("path", ["git/commits", "contents/a.txt"])
def test_github_signs_commits_of_apps(ghdeploy: FakeGitHub, repo: Repository, path: str) -> None:
    """With its own key. If the client chooses the author, the commit has no signature."""
    ghdeploy.add_token("of-app", user="deployer[bot]", permissions={"contents": "write"})
    method, body = ("POST", {"tree": EMPTY_TREE}) if path == "git/commits" else ("PUT", {"content": "eA=="})
    with Client(authorization="token of-app") as client:
        url = f"/repos/{repo.full_name}/{path}"
        own = client.request(method, url, json=body | {"message": "m"}).json()
        url = url.replace("a.txt", "b.txt")
        chosen = client.request(method, url, json=body | {"message": "m", "author": MONA}).json()
    signed, unsigned = (answer.get("commit", answer) for answer in (own, chosen))
    verification, bot = signed["verification"], signed["author"]
    assert (verification["verified"], verification["reason"]) == (True, "valid")
    assert bot == signed["committer"]
    assert bot["name"] == "deployer[bot]"
    assert f"\ncommitter deployer[bot] <{bot['email']}> " in verification["payload"]
    assert (unsigned["author"]["name"], unsigned["verification"]["reason"]) == ("Mona", "unsigned")


PROBLEM = "Invalid request.\n\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"tree": UNKNOWN}, "Tree SHA does not exist"),
        ({"tree": "{commit}"}, "Tree SHA does not exist"),
        ({"tree": "main"}, "The tree parameter must be exactly 40 characters and contain only [0-9a-f]."),
        ({"parents": [UNKNOWN]}, "Parent SHA does not exist or is not a commit object"),
        ({"parents": [EMPTY_TREE]}, "Parent SHA does not exist or is not a commit object"),
        (
            {"parents": ["main"]},
            "Each SHA in the 'parents' parameter must be exactly 40 characters and contain only [0-9a-f].",
        ),
        ({"author": None}, f"{PROBLEM}For 'properties/author', nil is not an object."),
        ({"author": MONA | {"name": None}}, f"{PROBLEM}For 'properties/name', nil is not a string."),
        ({"author": {"name": "Mona"}}, f'{PROBLEM}"email" wasn\'t supplied.'),
        ({"author": MONA | {"name": ""}}, "Validation Failed"),
        ({"committer": {}}, f'{PROBLEM}"email", "name" weren\'t supplied.'),
        ({"author": MONA | {"date": "2026-01-02T03:04:05"}}, f"{PROBLEM}2026-01-02T03:04:05 is not a valid date-time."),
        ({"message": None}, f"{PROBLEM}For 'properties/message', nil is not a string."),
    ],
)
def test_a_refused_commit_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, body: dict[str, Any], message: str
) -> None:
    """Each refusal has GitHub's text and a hint, and leaves nothing behind. Null is refused here."""
    before = snapshot()
    if body.get("tree") == "{commit}":
        body = {"tree": repo.sha("main")}
    reply = http.post(f"{GIT}/commits", json={"message": "m", "tree": EMPTY_TREE} | body)
    errors = {"errors": [{"code": "missing_field", "field": "name", "resource": "author"}]}
    page = {"documentation_url": f"{DOCS}/commits#create-a-commit", "status": "422"}
    assert reply.status_code == 422
    assert reply.json() == {"message": message, **(errors if message == "Validation Failed" else {}), **page}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# Annotated tags


def test_an_annotated_tag_is_an_object_first(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`git/create-tag` creates no ref and dispatches no event."""
    head = repo.sha("main")
    answer = created(http, "tags", tag="v1", message="First", object=head, type="commit", tagger=MONA)
    date = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert answer == {
        "node_id": answer["node_id"],
        "sha": answer["sha"],
        "url": f"{API}{GIT}/tags/{answer['sha']}",
        "tagger": MONA | {"date": date},
        "object": {"sha": head, "type": "commit", "url": f"{API}{GIT}/commits/{head}"},
        "tag": "v1",
        "message": "First",
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }
    assert http.get(answer["url"]).json() == answer
    assert repo.tags == []
    assert list(ghdeploy.events) == []
    again = created(http, "tags", tag="v1", message="First", object=head, type="commit", tagger=MONA)
    assert again["sha"] == answer["sha"]
    ghdeploy.clock.tick()
    later = created(http, "tags", tag="v1", message="First", object=head, type="commit", tagger=MONA)
    assert later["sha"] != answer["sha"]
    by_caller = created(http, "tags", tag="v1", message="First", object=head, type="commit")
    assert by_caller["tagger"]["name"] == "octocat"


def tagged(http: requests.Session, repo: Repository, name: str = "v1", ref: str = "main") -> str:
    """Create an annotated tag with its ref."""
    sha: str = created(http, "tags", tag=name, message="m", object=repo.sha(ref), type="commit")["sha"]
    assert http.post(f"{GIT}/refs", json={"ref": f"refs/tags/{name}", "sha": sha}).status_code == 201
    return sha


def test_a_ref_points_to_the_tag_object(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Its type is tag. The list of tags has the commit, and the push has both."""
    head, sha = repo.sha("main"), tagged(http, repo)
    expected = {"sha": sha, "type": "tag", "url": f"{API}{GIT}/tags/{sha}"}
    assert http.get(f"{GIT}/ref/tags/v1").json()["object"] == expected
    refs = http.get(f"{GIT}/matching-refs/").json()
    assert [(ref["ref"], ref["object"]["type"]) for ref in refs] == [
        ("refs/heads/main", "commit"),
        ("refs/tags/v1", "tag"),
    ]
    assert http.get(f"{PATH}/tags").json()[0]["commit"]["sha"] == head
    assert [(tag.name, tag.sha) for tag in repo.tags] == [("v1", head)]
    payload = ghdeploy.assert_event("push", ref="refs/tags/v1").payload
    assert (payload["after"], payload["head_commit"]["id"], payload["base_ref"]) == (sha, head, "refs/heads/main")
    assert ghdeploy.assert_event("create").payload["ref_type"] == "tag"


@pytest.mark.parametrize("ref", ["v1", "tags/v1", "refs/tags/v1", "{sha}"])
def test_an_annotated_tag_stands_for_its_commit(http: requests.Session, repo: Repository, ref: str) -> None:
    """In deployments, commits, commit statuses, comparisons, contents, trees and merges."""
    sha = tagged(http, repo)
    head = repo.sha("main")
    repo.add_commit("main")
    ref = ref.format(sha=sha)
    body = {"ref": ref, "auto_merge": False, "required_contexts": []}
    assert http.post(f"{PATH}/deployments", json=body).json()["sha"] == head
    assert http.get(f"{PATH}/commits/{ref}").json()["sha"] == head
    assert http.get(f"{PATH}/commits/{ref}/status").json()["sha"] == head
    assert http.get(f"{PATH}/compare/{ref}...main").json()["base_commit"]["sha"] == head
    assert http.get(f"{PATH}/contents/README.md?ref={ref}").status_code == 200
    assert http.get(f"{GIT}/trees/{ref}").json()["sha"] == head
    assert http.post(f"{PATH}/merges", json={"base": "main", "head": ref}).status_code == 204
    assert repo.sha(ref) == head


def test_a_tag_moves_between_objects(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """An annotated tag of a later commit is a fast-forward. A deleted tag leaves its object."""
    first = tagged(http, repo)
    repo.add_commit("main")
    later = created(http, "tags", tag="v1", message="m", object=repo.sha("main"), type="commit")["sha"]
    reply = http.patch(f"{GIT}/refs/tags/v1", json={"sha": later})
    assert (reply.status_code, reply.json()["object"]["type"]) == (200, "tag")
    payload = ghdeploy.events[-1].payload
    assert (payload["before"], payload["after"], payload["forced"]) == (first, later, False)
    assert http.patch(f"{GIT}/refs/tags/v1", json={"sha": first}).json()["message"] == "Update is not a fast forward"
    assert http.delete(f"{GIT}/refs/tags/v1").status_code == 204
    assert http.get(f"{GIT}/tags/{later}").status_code == 200
    assert http.get(f"{GIT}/ref/tags/v1").status_code == 404


def test_trees_and_blobs_can_be_tagged(http: requests.Session, snapshot: Snapshot) -> None:
    """A ref cannot lead there, which is a difference from git."""
    blob = created(http, "blobs", content="x")["sha"]
    for sha, kind in ((blob, "blob"), (EMPTY_TREE, "tree")):
        answer = created(http, "tags", tag="v1", message="m", object=sha, type=kind)
        assert answer["object"] == {"sha": sha, "type": kind, "url": f"{API}{GIT}/{kind}s/{sha}"}
        before = snapshot()
        reply = http.post(f"{GIT}/refs", json={"ref": "refs/tags/v1", "sha": answer["sha"]})
        assert (reply.status_code, reply.json()["message"]) == (422, "Object does not exist")
        assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"object": UNKNOWN}, "Object does not exist"),
        ({"type": "tree"}, "Object does not exist"),
        ({"object": "main"}, "The object parameter must be exactly 40 characters and contain only [0-9a-f]."),
        ({"type": "tag"}, f'{PROBLEM}tag is not a member of ["commit", "tree", "blob"].'),
        ({"tagger": MONA | {"email": ""}}, "Validation Failed"),
        ({"tag": None}, f"{PROBLEM}For 'properties/tag', nil is not a string."),
    ],
)
def test_a_refused_tag_is_a_422(
    http: requests.Session, repo: Repository, snapshot: Snapshot, body: dict[str, Any], message: str
) -> None:
    """Each refusal has a hint, and leaves nothing behind."""
    before = snapshot()
    usual = {"tag": "v1", "message": "m", "object": repo.sha("main"), "type": "commit"}
    reply = http.post(f"{GIT}/tags", json=usual | body)
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# All of them


@pytest.mark.parametrize("kind", ["blobs", "commits", "tags"])
def test_an_object_is_found_by_its_full_sha_only(http: requests.Session, repo: Repository, kind: str) -> None:
    """
    An abbreviated SHA or a name is a 422; an unknown SHA, or that of another kind, a 404 with a hint.

    This is so for `git/get-blob`, `git/get-commit` and `git/get-tag`.
    """
    for sha in ("main", repo.sha("main")[:7], "A" * 40):
        reply = http.get(f"{GIT}/{kind}/{sha}")
        message = "The sha parameter must be exactly 40 characters and contain only [0-9a-f]."
        assert (reply.status_code, reply.json()["message"]) == (422, message)
    for sha, hint in ((UNKNOWN, f"octocat/example has no {kind.replace('tags', 'annotated tags')[:-1]} {UNKNOWN}"),
                      (EMPTY_TREE, f"{EMPTY_TREE} is a tree")):  # fmt: skip
        reply = http.get(f"{GIT}/{kind}/{sha}")
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.headers["X-GHDeploy-Hint"] == hint


def test_an_unknown_tree_is_not_found(
    http: requests.Session,
) -> None:
    """The hint lists refs."""
    reply = http.get(f"{GIT}/trees/mian")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
    assert reply.headers["X-GHDeploy-Hint"] == "octocat/example has no tree, commit or ref 'mian'; known: main"


def test_objects_belong_to_their_repository(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Another repository does not have them."""
    ghdeploy.add_repository("octocat/other")
    sha = created(http, "blobs", content="only here")["sha"]
    assert http.get(f"/repos/octocat/other/git/blobs/{sha}").status_code == 404


# Modes in contents and comparisons


def test_a_symbolic_link_is_shown_in_contents(
    http: requests.Session,
) -> None:
    """In a list it is a link. By itself, it is the file that it leads to, or else a link with its target."""
    committed(
        http,
        item("bin/run", "#!/bin/sh\n", "100755"),
        item("bin/link", "run", "120000"),
        item("loose", "nowhere", "120000"),
    )
    assert [(entry["name"], entry["type"], entry["size"]) for entry in http.get(f"{PATH}/contents/bin").json()] == [
        ("link", "symlink", 3),
        ("run", "file", 10),
    ]
    followed = http.get(f"{PATH}/contents/bin/link").json()
    assert (followed["type"], followed["path"]) == ("file", "bin/link")
    assert base64.b64decode(followed["content"]) == b"#!/bin/sh\n"
    loose = http.get(f"{PATH}/contents/loose").json()
    assert (loose["type"], loose["target"], loose["size"]) == ("symlink", "nowhere", 7)
    assert "content" not in loose
    raw = http.get(f"{PATH}/contents/bin/link", headers={"Accept": "application/vnd.github.raw"})
    assert raw.content == b"#!/bin/sh\n"


@pytest.mark.parametrize("url", ["https://github.com/mona/lib.git", "https://example.com/lib.git", None])
def test_a_submodule_is_shown_in_contents(http: requests.Session, url: str | None) -> None:
    """Its URLs lead to its repository, if .gitmodules has one on GitHub. In a list its type is file."""
    listed = [item(".gitmodules", f'[submodule "lib"]\n\tpath = libs/lib\n\turl = {url}\n')] if url else []
    sha = committed(http, item("libs/lib", mode="160000", sha=UNKNOWN), *listed)
    shown = http.get(f"{PATH}/contents/libs/lib").json()
    assert (shown["type"], shown["sha"], shown["submodule_git_url"]) == ("submodule", UNKNOWN, url)
    assert (shown["size"], shown["download_url"]) == (0, None)
    is_here = bool(url) and "github.com" in str(url)
    assert shown["git_url"] == (f"{API}/repos/mona/lib/git/trees/{UNKNOWN}" if is_here else None)
    assert shown["html_url"] == (f"https://github.com/mona/lib/tree/{UNKNOWN}" if is_here else None)
    (entry,) = http.get(f"{PATH}/contents/libs").json()
    assert (entry["type"], entry["git_url"], entry["size"]) == ("file", shown["git_url"], 0)
    (file,) = (file for file in http.get(f"{PATH}/commits/{sha}").json()["files"] if file["filename"] == "libs/lib")
    assert (file["status"], file["patch"]) == ("added", f"@@ -0,0 +1 @@\n+Subproject commit {UNKNOWN}")


def test_modes_survive_merges_and_the_contents_api(http: requests.Session, repo: Repository) -> None:
    """A merge takes the mode of the side that changed it, and new content of a file keeps its mode."""
    repo.add_branch("topic")
    committed(http, item("README.md", "# octocat/example\n", "100755"), branch="topic")
    repo.add_commit("main", files={"other.txt": "x"})
    assert http.post(f"{PATH}/merges", json={"base": "main", "head": "topic"}).status_code == 201
    body = {"message": "m", "content": "YQ==", "sha": blob_sha(b"# octocat/example\n")}
    assert http.put(f"{PATH}/contents/README.md", json=body).status_code == 200
    assert listed(http.get(f"{GIT}/trees/main").json())["README.md"] == "100755"


def test_a_file_and_a_folder_with_its_name_conflict(http: requests.Session, repo: Repository) -> None:
    """Neither is lost: the merge is a 409."""
    repo.add_branch("topic")
    committed(http, item("docs", "a file"), branch="topic")
    repo.add_commit("main", files={"docs/index.md": "x"})
    for base, head in (("main", "topic"), ("topic", "main")):
        reply = http.post(f"{PATH}/merges", json={"base": base, "head": head})
        assert (reply.status_code, reply.json()["message"]) == (409, "Merge Conflict")
