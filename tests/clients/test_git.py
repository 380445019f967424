"""Git over REST with PyGithub and github3.py: refs, files, merges, comparisons, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
import requests
from github import Auth, Github, GithubException, InputGitAuthor, InputGitTreeElement, UnknownObjectException

if TYPE_CHECKING:
    from github.Repository import Repository as Remote

    from pytest_ghdeploy import FakeGitHub, Repository

BINARY = bytes(range(256))


@pytest.fixture
def remote(repo: Repository) -> Remote:
    """Return the repository as a PyGithub object."""
    token = Auth.Token("ghp_of_the_tests_0001")
    client = Github(auth=token)
    return client.get_repo(repo.full_name)


@pytest.fixture
def remote3(repo: Repository) -> Any:  # noqa: ANN401 - github3.py has no types
    """Return the repository as a github3.py object."""
    return github3.login(token="ghp_of_the_tests_0001").repository(*repo.full_name.split("/"))  # noqa: S106


def test_pygithub_handles_refs(remote: Remote, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Create, get, list, fast-forward, force back, delete."""
    first = repo.sha("main")
    made = remote.create_git_ref("refs/heads/feature/a", first)
    assert (made.ref, made.object.sha, made.object.type) == ("refs/heads/feature/a", first, "commit")
    assert remote.get_git_ref("heads/feature/a").object.sha == first
    second = repo.add_commit("main")
    made.edit(second)
    with pytest.raises(GithubException) as refused:
        made.edit(first)
    assert (refused.value.status, refused.value.data["message"]) == (422, "Update is not a fast forward")
    made.edit(first, force=True)
    assert repo.sha("feature/a") == first
    assert [ref.ref for ref in remote.get_git_matching_refs("heads/feature/")] == ["refs/heads/feature/a"]
    assert [ref.ref for ref in remote.get_git_refs()] == ["refs/heads/feature/a", "refs/heads/main"]
    made.delete()
    with pytest.raises(UnknownObjectException):
        remote.get_git_ref("heads/feature/a")
    assert [event.name for event in ghdeploy.events] == ["create", "push", "push", "push", "delete", "push"]


def test_pygithub_commits_through_the_objects_of_git(remote: Remote, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Blob, tree, commit and annotated tag, as a tool writes several files in one commit."""
    head = remote.get_git_commit(repo.sha("main"))
    blob = remote.create_git_blob("/wBh", "base64")
    entries = [
        InputGitTreeElement("data/a.bin", "100644", "blob", sha=blob.sha),
        InputGitTreeElement("run.sh", "100755", "blob", content="#!/bin/sh\n"),
        InputGitTreeElement("README.md", "100644", "blob", sha=None),
    ]
    tree = remote.create_git_tree(entries, base_tree=remote.get_git_tree(head.sha))
    assert [(entry.path, entry.mode, entry.type) for entry in remote.get_git_tree(tree.sha, recursive=True).tree] == [
        (".gitignore", "100644", "blob"),
        ("data", "040000", "tree"),
        ("data/a.bin", "100644", "blob"),
        ("run.sh", "100755", "blob"),
    ]
    assert remote.get_git_blob(blob.sha).size == 3
    person = InputGitAuthor("Mona", "mona@example.com", "2026-01-02T03:04:05Z")
    commit = remote.create_git_commit("Add files", tree, [head], author=person)
    assert (commit.author.name, commit.committer.date.year, commit.parents[0].sha) == ("Mona", 2026, head.sha)
    remote.get_git_ref("heads/main").edit(commit.sha)
    assert repo.sha("main") == commit.sha
    assert sorted(file.filename for file in remote.compare(head.sha, "main").files) == [
        *("README.md", "data/a.bin", "run.sh"),
    ]
    tag = remote.create_git_tag("v1", "First", commit.sha, "commit")
    remote.create_git_ref("refs/tags/v1", tag.sha)
    assert remote.get_git_ref("tags/v1").object.type == "tag"
    assert remote.get_git_tag(tag.sha).object.sha == remote.create_deployment("v1").sha == commit.sha
    assert [event.name for event in ghdeploy.events] == ["push", "create", "push", "deployment"]


def test_pygithub_gets_the_link_of_an_archive(remote: Remote, repo: Repository) -> None:
    """The link can be downloaded. A release's archives have the same URLs."""
    repo.add_tag("v1", "main", message="First")
    (tag,) = remote.get_tags()
    assert tag.commit.sha == repo.sha("main")
    for form in ("tarball", "zipball"):
        link = remote.get_archive_link(form, ref="v1")
        assert requests.get(link, timeout=10).content == requests.get(
            getattr(tag, f"{form}_url"), timeout=10
        ).content  # fmt: skip


def test_pygithub_reads_protected_branches(remote: Remote, repo: Repository) -> None:
    """Each branch says whether it is protected, and one that is names the contexts it requires."""
    repo.add_branch("topic")
    repo.protect_branch("main", required_contexts=["ci"])
    assert [(branch.name, branch.protected) for branch in remote.get_branches()] == [("main", True), ("topic", False)]
    shown = remote.get_branch("main")
    assert shown.raw_data["protection"]["required_status_checks"]["contexts"] == ["ci"]


@pytest.mark.parametrize("content", ["text\n", BINARY])
def test_pygithub_handles_files(remote: Remote, content: str | bytes) -> None:
    """Create, read, list, update, delete."""
    author = InputGitAuthor("Mona", "mona@example.com")
    written = remote.create_file("docs/a.bin", "Add", content, branch="main", author=author)
    assert written["commit"].raw_data["author"]["name"] == "Mona"
    found = remote.get_contents("docs/a.bin")
    assert not isinstance(found, list)
    assert found.sha == written["content"].sha
    assert found.decoded_content == (content.encode() if isinstance(content, str) else content)
    listed = remote.get_contents("")
    assert isinstance(listed, list)
    assert [(entry.type, entry.path) for entry in listed][-1] == ("dir", "docs")
    updated = remote.update_file("docs/a.bin", "Change", "more\n", found.sha)
    with pytest.raises(GithubException) as refused:
        remote.update_file("docs/a.bin", "Change", "less\n", found.sha)
    assert refused.value.status == 409
    remote.delete_file("docs/a.bin", "Remove", updated["content"].sha)
    with pytest.raises(UnknownObjectException):
        remote.get_contents("docs/a.bin")


def test_pygithub_merges_and_compares(remote: Remote, repo: Repository) -> None:
    """A merge commit, nothing to merge, a conflict; a comparison with all its pages; tags."""
    repo.add_branch("topic")
    for _ in range(3):
        repo.add_commit("topic")
    compared = remote.compare("main", "topic")
    assert (compared.status, compared.ahead_by, compared.behind_by) == ("ahead", 3, 0)
    assert [commit.sha for commit in compared.commits][-1] == repo.sha("topic")
    assert len(compared.files) == 3
    paged = remote.compare("main", "topic", comparison_commits_per_page=1)
    assert [commit.sha for commit in paged.commits] == [commit.sha for commit in compared.commits]
    merge = remote.merge("main", "topic")
    assert merge is not None
    assert merge.sha == repo.sha("main")
    assert remote.merge("main", "topic") is None
    repo.add_merge_conflict("topic")
    with pytest.raises(GithubException) as refused:
        remote.merge("main", "topic")
    assert (refused.value.status, refused.value.data["message"]) == (409, "Merge Conflict")
    repo.add_tag("v1", "main")
    assert [(tag.name, tag.commit.sha) for tag in remote.get_tags()] == [("v1", repo.sha("main"))]


def test_github3_handles_refs(remote3: Any, repo: Repository) -> None:  # noqa: ANN401
    """Create, get, list, move, delete."""
    first = repo.sha("main")
    made = remote3.create_ref("refs/heads/feature/a", first)
    assert (made.ref, made.object.sha) == ("refs/heads/feature/a", first)
    assert remote3.create_branch_ref("plain", first).ref == "refs/heads/plain"
    made = remote3.ref("heads/feature/a")
    second = repo.add_commit("main")
    assert made.update(second) is True
    assert made.refresh().object.sha == second
    with pytest.raises(github3.exceptions.UnprocessableEntity, match="Update is not a fast forward"):
        made.update(first)
    assert made.update(first, force=True) is True
    repo.add_tag("v1", "main")
    assert [ref.ref for ref in remote3.refs()][-1] == "refs/tags/v1"
    assert [ref.ref for ref in remote3.refs("tags")] == ["refs/tags/v1"]
    assert made.delete() is True
    with pytest.raises(github3.exceptions.NotFoundError):
        remote3.ref("heads/feature/a")


def test_github3_handles_files(remote3: Any) -> None:  # noqa: ANN401
    """Create, read, list, update, delete."""
    written = remote3.create_file("docs/a.bin", "Add", BINARY)
    assert written["commit"].message == "Add"
    found = remote3.file_contents("docs/a.bin")
    assert (found.decoded, found.sha) == (BINARY, written["content"].sha)
    assert [name for name, _ in remote3.directory_contents("docs")] == ["a.bin"]
    found.update("Change", b"more\n")
    assert remote3.file_contents("docs/a.bin").decoded == b"more\n"
    found.delete("Remove")
    with pytest.raises(github3.exceptions.NotFoundError):
        remote3.file_contents("docs/a.bin")


def test_github3_merges_and_compares(remote3: Any, repo: Repository) -> None:  # noqa: ANN401
    """A merge commit, nothing to merge, a conflict; a comparison; tags."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    compared = remote3.compare_commits("main", "topic")
    assert (compared.status, compared.ahead_by, len(list(compared.commits()))) == ("ahead", 1, 1)
    assert remote3.merge("main", "topic", "Bring it in").message == "Bring it in"
    with pytest.raises(github3.exceptions.UnexpectedResponse, match="204"):
        remote3.merge("main", "topic")  # it cannot read GitHub's empty answer
    repo.add_merge_conflict("topic")
    with pytest.raises(github3.exceptions.Conflict, match="409 Merge Conflict"):
        remote3.merge("main", "topic")
    repo.add_tag("v1", "main")
    assert [(tag.name, tag.commit.sha) for tag in remote3.tags()] == [("v1", repo.sha("main"))]
