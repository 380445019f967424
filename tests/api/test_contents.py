"""Contents over HTTP: read files and directories, write and delete files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from client import API

from pytest_ghdeploy.github.git_objects import blob_sha

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

    Snapshot = Callable[[], object]

PATH = "/repos/octocat/example"
CONTENTS = f"{PATH}/contents"
DOCS = "https://docs.github.com/rest/repos/contents"
BINARY = bytes(range(256))


def encoded(content: bytes) -> str:
    """Encode content as most clients do."""
    return base64.b64encode(content).decode()


def put(http: requests.Session, path: str, content: bytes | str = b"text\n", **more: object) -> requests.Response:
    """Write a file: `PUT /repos/octocat/example/contents/{path}`."""
    body = {"message": f"Write {path}", "content": content if isinstance(content, str) else encoded(content)} | more
    return http.request("PUT", f"/repos/octocat/example/contents/{path}", json=body)


# Reading


@pytest.mark.parametrize("content", [b"", b"one\n", "ümlaut\n".encode(), BINARY, b"x" * 1000])
def test_a_file_is_shown_with_its_content(http: requests.Session, repo: Repository, content: bytes) -> None:
    """`GET /repos/octocat/example/contents/{path}` returns base64 in lines of 60 characters."""
    repo.add_commit("main", files={"docs/a b.bin": content})
    reply = http.get(f"{CONTENTS}/docs/a%20b.bin")
    assert reply.status_code == 200
    body = reply.json()
    text = body.pop("content")
    assert base64.b64decode(text) == content
    assert all(len(line) <= 60 for line in text.split("\n"))
    assert text.endswith("\n") == bool(content)
    sha = blob_sha(content)
    self_url, git_url = f"{API}{CONTENTS}/docs/a%20b.bin?ref=main", f"{API}{PATH}/git/blobs/{sha}"
    html_url = "https://github.com/octocat/example/blob/main/docs/a%20b.bin"
    assert body == {
        "name": "a b.bin",
        "path": "docs/a b.bin",
        "sha": sha,
        "size": len(content),
        "url": self_url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": "https://raw.githubusercontent.com/octocat/example/main/docs/a%20b.bin",
        "type": "file",
        "encoding": "base64",
        "_links": {"self": self_url, "git": git_url, "html": html_url},
    }
    assert http.get(self_url).json()["content"] == text


def test_a_file_above_a_megabyte_is_shown_without_its_content(http: requests.Session, repo: Repository) -> None:
    """Its encoding is `none`."""
    repo.add_commit("main", files={"big": b"x" * 1_000_001})
    body = http.get(f"{CONTENTS}/big").json()
    assert (body["encoding"], body["content"], body["size"]) == ("none", "", 1_000_001)


@pytest.mark.parametrize("path", ["", "/", "/docs", "/docs/"])
def test_a_directory_is_listed(http: requests.Session, repo: Repository, path: str) -> None:
    """The list has files and directories without contents. The root and a trailing slash work."""
    repo.add_commit("main", files={"docs/b.md": "b\n", "docs/sub/c.md": "c\n", "a.txt": "a\n"})
    reply = http.get(f"{CONTENTS}{path}")
    assert reply.status_code == 200
    shown = [(entry["type"], entry["path"], entry["size"], entry["download_url"] is None) for entry in reply.json()]
    if "docs" in path:
        assert shown == [("file", "docs/b.md", 2, False), ("dir", "docs/sub", 0, True)]
    else:
        assert shown == [
            ("file", ".gitignore", 6, False),
            ("file", "README.md", 18, False),
            ("file", "a.txt", 2, False),
            ("dir", "docs", 0, True),
        ]
    assert all("content" not in entry for entry in reply.json())
    for entry in reply.json():
        followed = http.get(entry["url"]).json()
        assert isinstance(followed, list) == (entry["type"] == "dir")


@pytest.mark.parametrize("ref", ["topic", "refs/heads/topic", "v1", "sha", "short", "a/b"])
def test_contents_are_read_at_any_ref(http: requests.Session, repo: Repository, ref: str) -> None:
    """The parameter ref is a branch, a tag or a SHA. The URLs in the response include it."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic", files={"a.txt": "there\n"})
    repo.add_tag("v1", "topic")
    repo.add_branch("a/b", from_ref="topic")
    ref = {"sha": sha, "short": sha[:8]}.get(ref, ref)
    assert http.get(f"{CONTENTS}/a.txt").status_code == 404
    body = http.get(f"{CONTENTS}/a.txt", params={"ref": ref}).json()
    assert base64.b64decode(body["content"]) == b"there\n"
    assert http.get(body["url"]).json() == body


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("nope.md", "Not Found", "octocat/example has no file or directory 'nope.md' at main; known: "),
        ("README.md/x", "Not Found", "octocat/example has no file or directory 'README.md/x' at main; known: "),
        ("README.md?ref=nope", "No commit found for the ref nope", "octocat/example has no branch, tag or SHA 'nope'"),
    ],
)
def test_an_unknown_path_or_ref_is_a_404(
    http: requests.Session, repo: Repository, path: str, message: str, hint: str
) -> None:
    """The hint lists the existing ones."""
    assert repo.default_branch == "main"
    reply = http.get(f"{CONTENTS}/{path}")
    assert reply.status_code == 404
    page = f"{DOCS}#get-repository-content"
    assert reply.json() == {"message": message, "documentation_url": page, "status": "404"}
    assert reply.headers["X-GHDeploy-Hint"].startswith(hint)


# Writing


@pytest.mark.parametrize("content", [b"", b"one\ntwo\n", BINARY])
def test_a_new_file_is_a_201_and_a_push(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, content: bytes
) -> None:
    """It adds a commit to the default branch. The response has the file and the git commit."""
    before = repo.sha("main")
    reply = put(http, "docs/new.bin", content, message="Add it")
    assert reply.status_code == 201
    body, after = reply.json(), repo.sha("main")
    assert (body["content"]["path"], body["content"]["sha"]) == ("docs/new.bin", blob_sha(content))
    assert "content" not in body["content"]
    commit = body["commit"]
    assert (commit["sha"], commit["message"]) == (after, "Add it")
    assert [parent["sha"] for parent in commit["parents"]] == [before]
    assert commit["url"] == f"{API}{PATH}/git/commits/{after}"
    assert commit["author"] == commit["committer"]
    assert base64.b64decode(http.get(f"{CONTENTS}/docs/new.bin").json()["content"]) == content
    (event,) = ghdeploy.events
    payload = event.payload
    fields = (payload["ref"], payload["before"], payload["after"], payload["created"], payload["forced"])
    assert fields == ("refs/heads/main", before, after, False, False)
    (pushed,) = payload["commits"]
    assert (pushed["id"], pushed["added"], pushed["modified"], pushed["removed"], pushed["distinct"]) == (
        after, ["docs/new.bin"], [], [], True,
    )  # fmt: skip
    assert payload["head_commit"] == pushed
    assert pushed["author"]["username"] == "octocat"


def test_a_file_is_replaced_with_its_current_sha(http: requests.Session, repo: Repository) -> None:
    """The response is a 200. A branch can be named."""
    repo.add_branch("a/b")
    old = put(http, "a.txt", b"1\n", branch="a/b").json()["content"]["sha"]
    reply = put(http, "a.txt", b"2\n", branch="a/b", sha=old)
    assert (reply.status_code, reply.json()["content"]["sha"]) == (200, blob_sha(b"2\n"))
    assert reply.json()["content"]["url"].endswith("?ref=a%2Fb")
    assert http.get(f"{CONTENTS}/a.txt").status_code == 404
    shown = http.get(f"{PATH}/commits/a/b").json()
    (file,) = shown["files"]
    assert (file["status"], file["additions"], file["deletions"]) == ("modified", 1, 1)
    assert file["patch"] == "@@ -1 +1 @@\n-1\n+2"


def test_base64_may_have_line_breaks(http: requests.Session, repo: Repository) -> None:
    """Ruby's and Python's encoders add line breaks, and so does the content that GitHub returns."""
    assert repo.sha("main")
    reply = put(http, "a.bin", content=BINARY * 4)
    assert reply.status_code == 201
    content = http.get(f"{CONTENTS}/a.bin").json()["content"]
    assert "\n" in content
    assert put(http, "b.bin", content).json()["content"]["sha"] == blob_sha(BINARY * 4)


def test_author_and_committer_can_be_chosen(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The git commit shows both. Unknown addresses have no account. The author defaults to the committer."""
    mona = {"name": "Mona", "email": "mona@example.com"}
    hubot = {"name": "Hubot", "email": "hubot@example.com", "date": "2020-02-02T02:02:02+02:00"}
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    both = put(http, "a", author=mona, committer=hubot).json()["commit"]
    assert both["author"] == {**mona, "date": now}
    assert both["committer"] == {**hubot, "date": "2020-02-02T00:02:02Z"}
    pushed = ghdeploy.events[-1].payload["head_commit"]
    assert (pushed["author"], pushed["committer"]) == ({**mona, "date": now}, hubot)
    assert pushed["timestamp"] == now
    shown = http.get(f"{PATH}/commits/main").json()
    assert (shown["author"], shown["committer"], shown["commit"]["author"]["name"]) == (None, None, "Mona")

    commit_by_mona = put(http, "b", committer=mona).json()["commit"]
    assert commit_by_mona["author"] == commit_by_mona["committer"] == {**mona, "date": now}
    repo.add_commit_status("main", state="success")  # whose event has the commit

    address = http.get(f"{PATH}/commits").json()[-1]["commit"]["author"]["email"]
    counts = {
        wanted: len(http.get(f"{PATH}/commits", params={"author": wanted}).json())
        for wanted in ("Mona@example.com", "octocat", address, "mona")
    }
    assert counts == {"Mona@example.com": 2, "octocat": 1, address: 1, "mona": 0}
    put(http, "c", author={"name": "The Cat", "email": address})
    shown = http.get(f"{PATH}/commits/main").json()
    assert (shown["author"]["login"], shown["commit"]["author"]["name"]) == ("octocat", "The Cat")


def test_a_chosen_date_keeps_its_offset(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """REST shows it in UTC, and the events of a push may show it as it was."""
    mona = {"name": "Mona", "email": "mona@example.com", "date": "2026-01-02T03:04:05+02:00"}
    sha = put(http, "a", committer=mona).json()["commit"]["sha"]
    shown = http.get(f"{PATH}/commits/{sha}").json()["commit"]
    assert shown["author"]["date"] == shown["committer"]["date"] == "2026-01-02T01:04:05Z"
    kept = ghdeploy._engine.store.git(repo._row).commits[sha].committed_by
    assert kept
    assert kept.date.isoformat() == "2026-01-02T03:04:05+02:00"


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("until=2020-02-02T00:02:02Z", ["old"]),
        ("until=2020-02-02T00:02:01Z", []),
        ("since=2020-02-02T00:02:03Z&path=old", []),
        ("since=2020-02-02T00:02:02Z&path=old", ["old"]),
    ],
)
def test_commits_are_filtered_by_the_committers_date(
    http: requests.Session, repo: Repository, query: str, paths: list[str]
) -> None:
    """A chosen date counts instead of the time of the request."""
    assert repo.sha("main")
    put(http, "old", committer={"name": "M", "email": "m@example.com", "date": "2020-02-02T02:02:02+02:00"})
    commits = http.get(f"{PATH}/commits?{query}").json()
    assert [http.get(commit["url"]).json()["files"][0]["filename"] for commit in commits] == paths


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("author=nobody", (200, [])),
        ("committer=nobody", (200, [])),
        ("path=nope", (200, [])),
        ("sha=nope", (404, "Not Found")),
    ],
)
@pytest.mark.usefixtures("repo")
def test_a_filter_that_matches_no_commit(http: requests.Session, query: str, expected: tuple[int, object]) -> None:
    """An unknown author or path selects nothing, and an unknown start is a 404."""
    reply = http.get(f"{PATH}/commits?{query}")
    body = reply.json()
    assert (reply.status_code, body if isinstance(body, list) else body["message"]) == expected


BAD_BASE64 = "content is not valid Base64"
BAD_PATH = "path contains a malformed path component"


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("README.md", {}, 422, 'Invalid request.\n\n"sha" wasn\'t supplied.'),
        ("README.md", {"sha": "0" * 40}, 409, f"README.md does not match {'0' * 40}"),
        ("README.md", {"sha": "nonsense"}, 409, "README.md does not match nonsense"),
        ("new.md", {"sha": "0" * 40}, 409, f"new.md does not match {'0' * 40}"),
        ("new.md", {"branch": "nope"}, 404, "Branch nope not found"),
        ("new.md", {"branch": "refs/heads/main"}, 404, "Branch refs/heads/main not found"),
        ("new.md", {"content": "no base64!"}, 422, BAD_BASE64),
        ("new.md", {"content": "ä"}, 422, BAD_BASE64),
        ("new.md", {"content": "YQ"}, 422, BAD_BASE64),
        ("a//b", {}, 422, BAD_PATH),
        ("a/", {}, 422, BAD_PATH),
        ("a/%2E%2E/b", {}, 422, BAD_PATH),
        (".git/config", {}, 422, BAD_PATH),
        ("README.md/sub", {}, 422, "path conflicts with an existing file or directory"),
        ("docs", {}, 422, "path conflicts with an existing file or directory"),
        ("new.md", {"message": None}, 422, "Invalid request.\n\nFor 'properties/message', nil is not a string."),
        ("new.md", {"author": {"name": "Mona"}}, 422, 'Invalid request.\n\n"email" wasn\'t supplied.'),
        (
            "new.md",
            {"author": {"name": "Mona", "email": "m@example.com", "date": "soon"}},
            422,
            "Invalid request.\n\nsoon is not a valid date-time.",
        ),
        (
            "new.md",
            {"committer": {"name": "M", "email": "m@example.com", "date": "0001-01-01T00:00:00+23:00"}},
            422,
            "Invalid request.\n\n0001-01-01T00:00:00+23:00 is not a valid date-time.",
        ),
        (
            "new.md",
            {"committer": {"name": "M", "email": "m@example.com", "date": "2026-01-02T03:04:05"}},
            422,
            "Invalid request.\n\n2026-01-02T03:04:05 is not a valid date-time.",
        ),
    ],
)
def test_a_refused_write_changes_nothing(
    http: requests.Session,
    repo: Repository,
    snapshot: Snapshot,
    path: str,
    body: dict[str, Any],
    status: int,
    message: str,
) -> None:
    """Each refusal has GitHub's text and a hint."""
    repo.add_commit("main", files={"docs/a.md": "a\n"})
    before = snapshot()
    reply = put(http, path, **body)
    page = f"{DOCS}#create-or-update-file-contents"
    assert reply.status_code == status
    assert reply.json() == {"message": message, "documentation_url": page, "status": str(status)}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_the_first_file_of_an_empty_repository_creates_its_default_branch(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """The commit has no parent, and the new branch is dispatched. Other branches cannot be created this way."""
    graph = repo._graph
    graph.branches.clear()
    graph.commits.clear()
    assert put(http, "a.txt", branch="other").status_code == 404
    reply = put(http, "a.txt")
    assert (reply.status_code, reply.json()["commit"]["parents"]) == (201, [])
    assert [event.name for event in ghdeploy.events] == ["create", "push"]
    payload = ghdeploy.events[1].payload
    assert (payload["created"], payload["base_ref"], len(payload["commits"])) == (True, None, 1)
    assert [entry["path"] for entry in http.get(CONTENTS).json()] == ["a.txt"]


# Deleting


def test_a_file_is_deleted_with_its_current_sha(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`DELETE /repos/octocat/example/contents/{path}` adds a commit. The content in the response is null."""
    sha = repo.add_commit("main", files={"docs/a.md": "a\nb\n"})
    body = {"message": "Tidy", "sha": blob_sha(b"a\nb\n"), "author": {"name": "Mona"}}
    reply = http.delete(f"{CONTENTS}/docs/a.md", json=body)
    assert reply.status_code == 200
    assert reply.json()["content"] is None
    assert reply.json()["commit"]["author"]["name"] == "Mona"
    assert [parent["sha"] for parent in reply.json()["commit"]["parents"]] == [sha]
    assert http.get(f"{CONTENTS}/docs/a.md").status_code == http.get(f"{CONTENTS}/docs").status_code == 404
    assert ghdeploy.assert_event("push").payload["commits"][0]["removed"] == ["docs/a.md"]
    (file,) = http.get(f"{PATH}/commits/main").json()["files"]
    assert (file["status"], file["deletions"], file["contents_url"].rpartition("=")[2]) == ("removed", 2, sha)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("nope.md", {}, 404, "Not Found"),
        ("docs", {}, 404, "Not Found"),
        ("docs/a.md", {"sha": "0" * 40}, 409, f"docs/a.md does not match {'0' * 40}"),
        ("docs/a.md", {"branch": "nope"}, 404, "Branch nope not found"),
        ("docs/a.md", {"sha": 7}, 422, "Invalid request.\n\nFor 'properties/sha', 7 is not a string."),
    ],
)
def test_a_refused_deletion_changes_nothing(
    http: requests.Session,
    repo: Repository,
    snapshot: Snapshot,
    path: str,
    body: dict[str, Any],
    status: int,
    message: str,
) -> None:
    """Each refusal has GitHub's text and a hint."""
    repo.add_commit("main", files={"docs/a.md": "a\n"})
    before = snapshot()
    reply = http.delete(f"{CONTENTS}/{path}", json={"message": "Tidy", "sha": blob_sha(b"a\n")} | body)
    assert reply.status_code == status
    page = f"{DOCS}#delete-a-file"
    assert reply.json() == {"message": message, "documentation_url": page, "status": str(status)}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


# All operations


def test_changing_contents_needs_push(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Snapshot
) -> None:
    """Without a token it is a 401, with a reader's token a 404. Reading a public repository needs no token."""
    assert repo.private is False
    ghdeploy.add_token("reader", user="mona")
    before = snapshot()
    for header, status in (("Bearer reader", 404), (None, 401)):
        http.headers["Authorization"] = header  # type: ignore[assignment] # None takes it out
        assert put(http, "a.txt").status_code == status
        assert http.delete(f"{CONTENTS}/README.md", json={"message": "m", "sha": "x"}).status_code == status
        assert http.get(f"{CONTENTS}/README.md").status_code == 200
    assert snapshot() == before


def test_contents_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} show the same files."""
    for path in ("contents", "contents/", "contents/README.md"):
        assert http.get(f"/repositories/{repo.id}/{path}").json() == http.get(f"{PATH}/{path}").json()


def test_an_enterprise_server_serves_raw_files_itself(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """No URL in a response leads to another host."""
    import requests

    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    fake.add_repository("octocat/example")
    body = requests.get("https://ghe.example.com/api/v3/repos/octocat/example/contents/README.md", timeout=10).json()
    assert body["download_url"] == "https://ghe.example.com/raw/octocat/example/main/README.md"
    assert body["html_url"] == "https://ghe.example.com/octocat/example/blob/main/README.md"
