"""Archives: `repos/download-tarball-archive`, `repos/download-zipball-archive`, and where their links lead."""

from __future__ import annotations

import io
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import requests
from client import Client

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Repository

    Factory = Callable[..., FakeGitHub]

PATH = "/repos/octocat/example"
CODELOAD = "https://codeload.github.com/octocat/example"
PAGE = "https://github.com/octocat/example/archive"
NOT_FOUND = "404: Not Found"
NAMES = [".gitignore", "README.md", "docs", "docs/index.md"]


@pytest.fixture
def sha(repo: Repository) -> str:
    """Return the head of main, which has one file in a folder."""
    repo.add_branch("a/b")
    repo.add_tag("v1.0", "main")
    return repo.add_commit("main", files={"docs/index.md": "hello\n"}, date=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC))


def get(url: str, **more: object) -> requests.Response:
    """Follow the URL of a download, without a token unless *more* has one."""
    return requests.get(url, timeout=10, **more)  # type: ignore[arg-type]


def names_in(reply: requests.Response) -> list[str]:
    """List the names in an archive, without slashes at their ends."""
    assert reply.status_code == 200, reply.text
    assert len(reply.content) == int(reply.headers["Content-Length"])
    data = io.BytesIO(reply.content)
    if reply.headers["Content-Type"] == "application/zip":
        with zipfile.ZipFile(data) as archive:
            assert archive.testzip() is None
            return [name.rstrip("/") for name in archive.namelist()]
    assert reply.headers["Content-Type"] == "application/x-gzip"
    with tarfile.open(fileobj=data, mode="r:gz") as archive:
        return archive.getnames()


# Links


@pytest.mark.parametrize(("ball", "form"), [("tarball", "tar.gz"), ("zipball", "zip")])
@pytest.mark.parametrize(
    ("ref", "full"),
    [
        ("", "refs/heads/main"),
        ("/main", "refs/heads/main"),
        ("/a/b", "refs/heads/a/b"),
        ("/heads/a/b", "refs/heads/a/b"),
        ("/HEAD", "refs/heads/main"),
        ("/v1.0", "refs/tags/v1.0"),
        ("/refs/tags/v1.0", "refs/tags/v1.0"),
        ("/{sha}", "{sha}"),
        ("/nope", "nope"),
        ("/a%20b", "a%20b"),
    ],
)
def test_the_api_redirects_to_codeload(
    http: requests.Session, ghdeploy: FakeGitHub, sha: str, ball: str, form: str, ref: str, full: str
) -> None:
    """`GET /repos/octocat/example/tarball/{ref}` is a 302 with an empty body, even for a ref that does not exist."""
    for method in ("GET", "HEAD"):
        reply = http.request(method, f"{PATH}/{ball}{ref.format(sha=sha)}", allow_redirects=False)
        assert (reply.status_code, reply.content) == (302, b"")
        assert reply.headers["Location"] == f"{CODELOAD}/legacy.{form}/{full.format(sha=sha)}"
        assert reply.headers["Cache-Control"] == "public, must-revalidate, max-age=0"
        assert reply.headers["Expires"] == format_datetime(ghdeploy.clock.now, usegmt=True)


def test_a_public_archive_needs_no_token(http: requests.Session, sha: str, ghdeploy: FakeGitHub) -> None:
    """The client follows the link, and gets the files of the commit. No event is dispatched."""
    reply = http.get(f"{PATH}/tarball")
    folder = f"octocat-example-{sha[:7]}"
    assert names_in(reply) == [folder, *(f"{folder}/{name}" for name in NAMES)]
    assert names_in(http.get(f"{PATH}/zipball/{sha}")) == [folder, *(f"{folder}/{name}" for name in NAMES)]
    assert names_in(get(reply.url)) == names_in(reply)
    assert list(ghdeploy.events) == []


# Names


@pytest.mark.parametrize(
    ("url", "folder", "file"),
    [
        (
            f"{CODELOAD}/legacy.tar.gz/refs/heads/main",
            "octocat-example-{short}",
            "octocat-example-v1.0-1-g{short}.tar.gz",
        ),
        (f"{CODELOAD}/legacy.zip/{{sha}}", "octocat-example-{short}", "octocat-example-v1.0-1-g{short}.zip"),
        (f"{CODELOAD}/legacy.zip/v1.0", "octocat-example-{root}", "octocat-example-v1.0-0-g{root}.zip"),
        (f"{CODELOAD}/tar.gz/refs/heads/main", "example-main", "example-main.tar.gz"),
        (f"{CODELOAD}/zip/a/b", "example-a-b", "example-a-b.zip"),
        (f"{PAGE}/refs/heads/main.tar.gz", "example-main", "example-main.tar.gz"),
        (f"{PAGE}/refs/heads/a/b.zip", "example-a-b", "example-a-b.zip"),
        (f"{PAGE}/refs/tags/v1.0.tar.gz", "example-1.0", "example-1.0.tar.gz"),
        (f"{PAGE}/v1.0.zip", "example-1.0", "example-1.0.zip"),
        (f"{PAGE}/{{sha}}.zip", "example-{sha}", "example-{sha}.zip"),
    ],
)
def test_names_in_an_archive(repo: Repository, sha: str, url: str, folder: str, file: str) -> None:
    """The API's archives are named after the owner and the short SHA, and those of pages after the ref."""
    names = {"sha": sha, "short": sha[:7], "root": repo.sha("v1.0")[:7]}
    reply = get(url.format(**names))
    assert names_in(reply)[0] == folder.format(**names)
    assert reply.headers["Content-Disposition"] == f"attachment; filename={file.format(**names)}"


def test_an_archive_without_a_tag_is_named_after_its_commit(ghdeploy: FakeGitHub) -> None:
    """As by `git describe --always`. A tag with a slash gets a dash."""
    repo = ghdeploy.add_repository("octocat/example")
    url = f"{CODELOAD}/legacy.zip/main"
    name = f"attachment; filename=octocat-example-{repo.sha('main')[:7]}.zip"
    assert get(url).headers["Content-Disposition"] == name
    repo.add_tag("rel/1", "main")
    assert get(url).headers["Content-Disposition"].startswith("attachment; filename=octocat-example-rel-1-0-g")


@pytest.mark.usefixtures("sha")
def test_a_page_redirects_to_codeload() -> None:
    """As on GitHub. A ref that does not exist is a 404 there."""
    reply = get(f"{PAGE}/refs/tags/v1.0.tar.gz", allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, f"{CODELOAD}/tar.gz/refs/tags/v1.0")
    reply = get(f"{PAGE}/nope.zip")
    assert (reply.status_code, reply.text, reply.url) == (404, NOT_FOUND, f"{CODELOAD}/zip/nope")
    assert reply.headers["X-GHDeploy-Hint"] == (
        "octocat/example has no branch, tag or commit 'nope'; known: main, a/b, v1.0"
    )


# Content


def test_an_archive_has_modes_links_and_contents(http: requests.Session, sha: str) -> None:
    """A submodule is an empty folder, and a symbolic link stays one. The comment is the commit's SHA."""
    entries = [
        {"path": "run.sh", "mode": "100755", "content": "#!/bin/sh\n"},
        {"path": "link", "mode": "120000", "content": "docs/index.md"},
        {"path": "third", "mode": "160000", "type": "commit", "sha": "1" * 40},
    ]
    tree = http.post(f"{PATH}/git/trees", json={"base_tree": sha, "tree": entries}).json()["sha"]
    date = "2026-01-02T05:04:06+02:00"
    person = {"name": "Mona", "email": "mona@example.com", "date": date}
    body = {"message": "m", "tree": tree, "parents": [sha], "author": person}
    commit = http.post(f"{PATH}/git/commits", json=body).json()["sha"]
    folder = f"octocat-example-{commit[:7]}"
    with tarfile.open(fileobj=io.BytesIO(get(f"{CODELOAD}/legacy.tar.gz/{commit}").content)) as archive:
        members = {name.removeprefix(f"{folder}/"): archive.getmember(name) for name in archive.getnames()}
        index = archive.extractfile(members["docs/index.md"])
        assert index is not None
        assert index.read() == b"hello\n"
        assert archive.pax_headers["comment"] == commit
    assert {name: member.mode for name, member in members.items() if member.isreg()} == {
        ".gitignore": 0o664,
        "README.md": 0o664,
        "docs/index.md": 0o664,
        "run.sh": 0o775,
    }
    assert members["link"].issym()
    assert members["link"].linkname == "docs/index.md"
    assert members["third"].isdir()
    assert {member.mtime for member in members.values()} == {datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC).timestamp()}

    with zipfile.ZipFile(io.BytesIO(get(f"{CODELOAD}/legacy.zip/{commit}").content)) as packed:
        modes = {info.filename.removeprefix(f"{folder}/"): info.external_attr >> 16 for info in packed.infolist()}
        assert packed.read(f"{folder}/link") == b"docs/index.md"
        assert packed.read(f"{folder}/docs/index.md") == b"hello\n"
        assert packed.comment == commit.encode()
        assert {info.date_time for info in packed.infolist()} == {(2026, 1, 2, 3, 4, 6)}
    assert {name: modes[name] for name in ("run.sh", "link", "README.md", "docs/", "third/")} == {
        "run.sh": 0o100775,
        "link": 0o120777,
        "README.md": 0o100664,
        "docs/": 0o040775,
        "third/": 0o040775,
    }


def test_a_date_that_zip_does_not_know_becomes_its_first(repo: Repository) -> None:
    """The format begins in 1980, and tar in 1970."""
    repo.add_commit("main", files={"a.txt": "a"}, date=datetime(1975, 1, 1, tzinfo=UTC))
    with zipfile.ZipFile(io.BytesIO(get(f"{CODELOAD}/zip/main").content)) as packed:
        assert packed.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("form", ["legacy.tar.gz", "zip"])
def test_the_same_commit_gives_the_same_bytes(ghdeploy: FakeGitHub, form: str) -> None:
    """The present time does not count."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_commit("main", files={"a.txt": "a"}, date=datetime(2026, 1, 1, tzinfo=UTC))
    first = get(f"{CODELOAD}/{form}/main").content
    ghdeploy.clock.tick(100_000)
    assert get(f"{CODELOAD}/{form}/main").content == first


def test_a_head_has_no_body(sha: str) -> None:
    """Its headers are those of the archive."""
    for url in (f"{CODELOAD}/zip/{sha}", f"{CODELOAD}/legacy.tar.gz/{sha}"):
        reply = requests.head(url, timeout=10)
        assert (reply.status_code, reply.content) == (200, b"")
        assert reply.headers["Content-Length"] == str(len(get(url).content))


# Refusals


@pytest.mark.parametrize(
    "url",
    [
        f"{CODELOAD}/legacy.zip/nope",
        f"{CODELOAD}/tar.gz/refs/heads/nope",
        "https://codeload.github.com/octocat/nope/zip/main",
        "https://codeload.github.com/octocat/empty/zip/main",
        "https://github.com/octocat/nope/archive/main.zip",
    ],
)
@pytest.mark.usefixtures("sha")
def test_what_does_not_exist_is_not_found(url: str) -> None:
    """The 404 is in plain text, with a hint."""
    assert Client().post("/user/repos", json={"name": "empty"}).status_code == 201
    reply = get(url)
    assert (reply.status_code, reply.text) == (404, NOT_FOUND)
    assert reply.headers["X-GHDeploy-Hint"]


def test_only_reading_is_answered(sha: str) -> None:
    """Other methods are a 404 too."""
    assert requests.post(f"{CODELOAD}/zip/{sha}", timeout=10).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://codeload.github.com/octocat/example/main",
        "https://codeload.github.com/octocat/example/tar.bz2/main",
        "https://codeload.github.com/",
        "https://github.com/octocat/example",
        "https://github.com/octocat/example/archive/main.tar",
        "https://github.com/octocat/example/legacy.zip/main",
        "https://github.com/_codeload/octocat/example/zip/main",
    ],
)
@pytest.mark.usefixtures("sha")
def test_other_pages_are_refused_as_before(ghdeploy: FakeGitHub, url: str) -> None:
    """The error names the host and the way through."""
    host = url.split("/")[2]
    for _ in range(2):
        with pytest.raises(UnsupportedRequest) as caught:
            get(url)
        assert str(caught.value).startswith(
            f"a request to {host} cannot be answered: active fakes answer for https://api.github.com only. "
            f'ghdeploy.pass_through("{host}") leaves this host to other mocks and the network'
        )
    assert ghdeploy._engine.take_problem() is not None
    assert len(ghdeploy.requests) == 0


# Private repositories


@pytest.mark.usefixtures("repo")
def test_a_private_archive_has_a_token_in_its_link(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """It is valid for five minutes by the fake's clock, for this repository only, and is never shown."""
    ghdeploy.add_repository("octocat/other", private=True)
    assert http.patch(PATH, json={"private": True}).status_code == 200
    location = http.get(f"{PATH}/tarball", allow_redirects=False).headers["Location"]
    url, _, token = location.partition("?token=")
    assert (url, token.isalnum()) == (f"{CODELOAD}/legacy.tar.gz/refs/heads/main", True)
    assert get(location).status_code == 200
    assert get(location.replace("tar.gz", "zip")).status_code == 200
    for other in (url, f"{url}?token=", f"{url}?token={token[:-1]}", f"{url}?token=X{token[1:]}",
                  location.replace("example", "other")):  # fmt: skip
        assert get(other).text == NOT_FOUND
    ghdeploy.clock.tick(299)
    assert get(location).status_code == 200
    ghdeploy.clock.tick()
    assert get(location).status_code == 404
    assert "older than 300 seconds" in ghdeploy.requests[-1].hint
    recorded = repr(list(ghdeploy.requests)) + ghdeploy.conversation_text()
    assert token not in recorded
    assert "?token=[redacted]" in recorded


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ({"user": "octocat"}, 200),
        ({"user": "mona"}, 404),
        ({"user": "octocat", "permissions": {"contents": "read"}}, 200),
        ({"user": "octocat", "permissions": {"deployments": "write"}}, 404),
    ],
)
@pytest.mark.usefixtures("repo")
def test_a_client_may_send_its_own_token(
    http: requests.Session, ghdeploy: FakeGitHub, token: dict[str, object], status: int
) -> None:
    """If it may read the contents, codeload and the links on pages work without the token in a link."""
    assert http.patch(PATH, json={"private": True}).status_code == 200
    ghdeploy.add_user("mona")
    ghdeploy.add_token("a-token-of-the-test", **token)  # type: ignore[arg-type]
    headers = {"Authorization": "token a-token-of-the-test"}
    assert get(f"{CODELOAD}/zip/main", headers=headers).status_code == status
    page = get(f"{PAGE}/main.zip", headers=headers, allow_redirects=False)
    assert page.status_code == (302 if status == 200 else 404)
    assert get(f"{CODELOAD}/zip/main", headers={"Authorization": "token another-token"}).status_code == 404
    assert get(f"{CODELOAD}/zip/main").status_code == 404


@pytest.mark.usefixtures("repo")
def test_a_link_needs_the_permission(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """For a private repository that is to read contents. A public one needs nothing."""
    ghdeploy.add_token("a-token-of-the-test", permissions={"deployments": "write"})
    ghdeploy.add_token("of-the-owner")
    weak, owner = ({"Authorization": f"token {name}"} for name in ("a-token-of-the-test", "of-the-owner"))
    assert http.get(f"{PATH}/tarball", headers=weak, allow_redirects=False).status_code == 302
    assert http.patch(PATH, json={"private": True}, headers=owner).status_code == 200
    reply = http.get(f"{PATH}/tarball", headers=weak, allow_redirects=False)
    assert (reply.status_code, reply.json()["message"]) == (403, "Resource not accessible by personal access token")


# Places


@pytest.mark.usefixtures("repo")
def test_other_mocks_get_a_host_that_is_passed_through(ghdeploy: FakeGitHub) -> None:
    """The fake does not answer for it then, whichever fake passed it through."""
    import responses

    ghdeploy.pass_through("codeload.github.com", "github.com")
    with responses.RequestsMock() as mock:
        mock.get(f"{CODELOAD}/zip/main", body=b"mine")
        mock.get(f"{PAGE}/main.zip", body=b"mine too")
        assert get(f"{CODELOAD}/zip/main").content == b"mine"
        assert get(f"{PAGE}/main.zip").content == b"mine too"


@pytest.mark.parametrize(
    ("base_url", "codeload", "page"),
    [
        ("https://ghe.example.com/api/v3", "https://ghe.example.com/_codeload", "https://ghe.example.com"),
        ("https://api.octo.ghe.com", "https://codeload.octo.ghe.com", "https://octo.ghe.com"),
    ],
)
def test_archives_of_other_githubs(ghdeploy_factory: Factory, base_url: str, codeload: str, page: str) -> None:
    """On GitHub Enterprise Server codeload is a path, and with data residency a host."""
    fake = ghdeploy_factory(base_url=base_url)
    fake.add_repository("octocat/example")
    reply = get(f"{base_url}/repos/octocat/example/tarball")
    assert reply.url == f"{codeload}/octocat/example/legacy.tar.gz/refs/heads/main"
    assert names_in(reply)
    reply = get(f"{page}/octocat/example/archive/refs/heads/main.zip")
    assert reply.url == f"{codeload}/octocat/example/zip/refs/heads/main"
    assert names_in(reply)[0] == "example-main"
    for url in (f"{page}/octocat/example", f"{codeload}/octocat/example"):
        with pytest.raises(UnsupportedRequest):
            get(url)
    fake._engine.take_problem()


def test_a_repository_called_archive_is_a_repository(ghdeploy_factory: Factory) -> None:
    """Its paths in the API are not taken for those of pages."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    fake.add_repository("octocat/archive").add_commit("main", files={"b.zip": "b"})
    with fake.serve() as server:
        for root in ("https://ghe.example.com/api/v3", server.api_url, server.url):
            client = Client(root)
            assert client.get("/repos/octocat/archive/contents/b.zip").json()["size"] == 1


@pytest.mark.parametrize("root", ["api_url", "url"])
def test_the_live_server_has_archives(ghdeploy: FakeGitHub, sha: str, root: str) -> None:
    """Its links lead to itself, whichever root of the API the client uses."""
    with ghdeploy.serve() as server:
        reply = get(f"{getattr(server, root)}{PATH}/tarball")
        assert reply.url == f"{server.url}/_codeload/octocat/example/legacy.tar.gz/refs/heads/main"
        assert names_in(reply)[0] == f"octocat-example-{sha[:7]}"
        reply = get(f"{server.url}/octocat/example/archive/refs/tags/v1.0.zip")
        assert reply.url == f"{server.url}/_codeload/octocat/example/zip/refs/tags/v1.0"
        assert names_in(reply)[0] == "example-1.0"


def test_a_mounted_application_has_archives(ghdeploy: FakeGitHub, sha: str) -> None:
    """Its links start with the place where it is mounted."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.test import Client as Browser
    from werkzeug.wrappers import Response

    app = DispatcherMiddleware(Response("elsewhere"), {"/github": ghdeploy.app})
    browser = Browser(app)
    headers = {"User-Agent": "a test"}
    for prefix in ("", "/api/v3"):
        location = browser.get(f"/github{prefix}{PATH}/zipball/{sha}", headers=headers).headers["Location"]
        assert location == f"http://localhost/github/_codeload/octocat/example/legacy.zip/{sha}"
    assert browser.get(location.removeprefix("http://localhost")).status_code == 200


def test_a_download_is_recorded(ghdeploy: FakeGitHub, sha: str) -> None:
    """With its repository, and without an operation, since it is outside the API."""
    get(f"{CODELOAD}/zip/{sha}")
    exchange = ghdeploy.requests[-1]
    assert (exchange.method, exchange.url, exchange.path) == (
        *("GET", f"{CODELOAD}/zip/{sha}"),
        f"/octocat/example/zip/{sha}",
    )
    assert (exchange.status, exchange.operation_id, exchange.total_count) == (200, "", None)
    assert exchange.params == {"owner": "octocat", "repo": "example"}
    assert exchange.repository_id == ghdeploy.requests[-1].repository_id is not None


def test_a_download_may_fail(ghdeploy: FakeGitHub, sha: str) -> None:
    """A fault matches the path of the URL."""
    ghdeploy.faults.add(path="/octocat/example/zip/*", status=502)
    assert [get(f"{CODELOAD}/zip/{sha}").status_code for _ in range(2)] == [502, 200]


def test_an_old_token_is_no_number() -> None:
    """A time that is not in the token's form is refused, not an error."""
    from pytest_ghdeploy.github import archives

    now = datetime(2026, 1, 1, tzinfo=UTC)
    token = archives.link_token(1, now + timedelta(seconds=1))
    assert archives.is_link_token(token, 1, now)
    for wrong in ("", "a", token[:24], f"{token[:24]}Z", f"{token[:24]}+1", f"{token}0", "ü" * 40):
        assert not archives.is_link_token(wrong, 1, now)
