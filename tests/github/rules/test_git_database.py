"""Rules of blobs, trees, commits and annotated tags."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.merges import WEB_FLOW_PGP_SIGNATURE
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import git_database as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git_objects import ObjectKind

SHA = "1" * 40
OTHER = "2" * 40
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        ("hello", "utf-8", b"hello"),
        ("aGVsbG8=", "utf-8", b"aGVsbG8="),
        ("ä", "latin1", "ä".encode()),
        ("aGVsbG8=", "", b"aGVsbG8="),
        ("aGVsbG8=", None, b"aGVsbG8="),
        ("aGVsbG8=", "BASE64", b"aGVsbG8="),
        ("aGVsbG8=", "base64", b"hello"),
        ("aGVs\nbG8=\n", "base64", b"hello"),
        ("", "base64", b""),
        # Without padding, with foreign characters, and with something after the end.
        ("aGVsbG8", "base64", b"hello"),
        ("aGVsbA", "base64", b"hell"),
        ("aGVsb", "base64", b"hel"),
        ("aG*Vs_bG8=", "base64", b"hello"),
        ("aGVsbG8=aGVsbG8=", "base64", b"hello"),
        ("aGV=sbG8=", "base64", b"he"),
        # In the first and second place of a group of four, = is a foreign character.
        ("=aGVsbG8=", "base64", b"hello"),
        ("a=GVsbG8=", "base64", b"hello"),
        ("äöü", "base64", b""),
    ],
)
def test_only_base64_is_decoded(content: str, encoding: str | None, expected: bytes) -> None:
    """It is read leniently, as Ruby does. Any other encoding means text."""
    assert rules.blob_content(content, encoding) == expected


def entry(path: str = "a.txt", mode: str | None = "100644", **more: object) -> dict[str, Any]:
    """Make an entry of a new tree."""
    return {"path": path, **({} if mode is None else {"mode": mode}), **more}


MODE = "Must supply a valid tree.mode"
EITHER = "Must supply either tree.sha or tree.content. Request will be rejected if both are present."
SLASH = "tree.path cannot start with a slash"
MALFORMED = "tree.path contains a malformed path component"
FOLDER = "A subdirectory may not have content"
STATE = "GitRPC::BadObjectState"


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (entry(content=""), None, None),
        (entry(mode="100755", content="x"), None, None),
        (entry(mode="120000", content="x"), None, None),
        (entry(type="tree", content="x"), None, None),
        (entry("a/b/c", type="blob", sha=SHA), "blob", None),
        (entry(sha=SHA), "blob", None),
        (entry(mode="040000", sha=SHA), "tree", None),
        (entry(mode="040000", type="tree", sha=SHA), "tree", None),
        (entry(mode="160000", sha=SHA), None, None),
        (entry(mode="160000", type="commit", sha=SHA), None, None),
        (entry(mode=None, content="x"), None, MODE),
        (entry(mode="40000", sha=SHA), "tree", MODE),
        (entry(mode="100664", content="x"), None, MODE),
        (entry(mode="", content="x"), None, MODE),
        (entry(), None, EITHER),
        (entry(sha=SHA, content="x"), "blob", EITHER),
        (entry(sha=None, content="x"), None, EITHER),
        (entry("/a", content="x"), None, SLASH),
        (entry("/", content="x"), None, SLASH),
        ({"mode": "100644", "content": "x"}, None, MALFORMED),
        (entry("", content="x"), None, MALFORMED),
        (entry("a/../b", content="x"), None, MALFORMED),
        (entry("a//b", content="x"), None, MALFORMED),
        (entry(".git/config", content="x"), None, MALFORMED),
        (entry(mode="040000", content="x"), None, FOLDER),
        (entry(mode="160000", content="x"), None, STATE),
        (entry(type="blob", sha=SHA), None, f"tree.sha {SHA} is not a valid blob"),
        (entry(type="blob", sha="nope"), None, "tree.sha nope is not a valid blob"),
        (entry(type="blob", sha=""), None, "tree.sha  is not a valid blob"),
        (entry(type="blob", sha=SHA), "tree", f"tree.sha {SHA} is not a valid blob"),
        (entry(type="tree", sha=SHA), "blob", f"tree.sha {SHA} is not a valid tree"),
        (entry(mode="040000", type="tree", sha=SHA), "commit", f"tree.sha {SHA} is not a valid tree"),
        (entry(mode="160000", type="commit", sha="0" * 40), None, f"tree.sha {'0' * 40} is not a valid commit"),
        (entry(mode="160000", type="commit", sha="nope"), None, "tree.sha nope is not a valid commit"),
        (entry(mode="040000", type="blob", sha=SHA), "blob", STATE),
        (entry(mode="160000", type="blob", sha=SHA), "blob", STATE),
        (entry(type="tree", sha=SHA), "tree", STATE),
        (entry(type="commit", sha=SHA), None, STATE),
    ],
)
def test_an_entry_of_a_tree_is_checked(given: dict[str, Any], kind: ObjectKind | None, message: str | None) -> None:
    """Each refusal has its own text, and a hint that names the entry."""
    if message is None:
        rules.check_tree_entry(given, kind=kind, is_there=False)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_tree_entry(given, kind=kind, is_there=False)
    assert refused.value.message == message
    assert repr(given.get("path", "")) in refused.value.hint


def test_only_what_exists_is_removed() -> None:
    """A missing path is the refusal of git itself."""
    rules.check_tree_entry(entry(sha=None), kind=None, is_there=True)
    with pytest.raises(Unprocessable, match=r"^GitRPC::BadObjectState$"):
        rules.check_tree_entry(entry(sha=None), kind=None, is_there=False)


@pytest.mark.parametrize(
    ("tree", "parents", "has_tree", "unknown", "message"),
    [
        (SHA, [], True, [], None),
        (SHA, [SHA, OTHER], True, [], None),
        ("main", [], True, [], "The tree parameter must be exactly 40 characters and contain only [0-9a-f]."),
        ("A" * 40, [], True, [], "The tree parameter must be exactly 40 characters and contain only [0-9a-f]."),
        (
            *(SHA, ["main"], False, ["main"]),
            "Each SHA in the 'parents' parameter must be exactly 40 characters and contain only [0-9a-f].",
        ),
        (SHA, [], False, [], "Tree SHA does not exist"),
        (SHA, [SHA, OTHER], True, [OTHER], "Parent SHA does not exist or is not a commit object"),
    ],
)
def test_a_commit_has_an_existing_tree_and_existing_parents(
    tree: str, parents: list[str], *, has_tree: bool, unknown: list[str], message: str | None
) -> None:
    """Their SHAs are written in full."""
    if message is None:
        rules.check_new_commit(tree, parents, has_tree=has_tree, unknown=unknown)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_new_commit(tree, parents, has_tree=has_tree, unknown=unknown)
    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        (SHA, "commit", None),
        (SHA, "tree", "Object does not exist"),
        (SHA, None, "Object does not exist"),
        ("main", None, "The object parameter must be exactly 40 characters and contain only [0-9a-f]."),
    ],
)
def test_a_tagged_object_exists(target: str, kind: ObjectKind | None, message: str | None) -> None:
    """It is of the stated kind."""
    if message is None:
        rules.check_tagged(target, "commit", kind)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_tagged(target, "commit", kind)
    assert refused.value.message == message


@pytest.mark.parametrize("member", ["name", "email"])
@pytest.mark.parametrize("text", ["", " "])
def test_a_person_has_a_name_and_an_address(member: str, text: str) -> None:
    """The resource of the error is the role, in lower case."""
    fields = {"name": "Mona", "email": "mona@example.com"}
    rules.check_person("author", fields)
    with pytest.raises(Unprocessable) as refused:
        rules.check_person("author", fields | {member: text})
    assert refused.value.message == "Validation Failed"
    assert refused.value.errors == [{"code": "missing_field", "field": member, "resource": "author"}]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (None, NOW),
        ("1972-11-02T15:05:10+08:00", datetime(1972, 11, 2, 7, 5, 10, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1970-01-01T01:00:00+02:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_is_not_before_1970(date: str | None, expected: datetime) -> None:
    """It keeps the offset that the client chose."""
    found = rules.date_of("author", {} if date is None else {"date": date}, NOW)
    assert found == expected
    if date and date.endswith("+08:00"):
        assert found.tzinfo == timezone(timedelta(hours=8))


SOMEBODY = {"name": "Mona", "email": "mona@example.com"}


@pytest.mark.parametrize(
    ("kind", "author", "committer", "sent", "expected"),
    [
        ("Bot", None, None, "", WEB_FLOW_PGP_SIGNATURE),
        ("Bot", {}, {}, "", WEB_FLOW_PGP_SIGNATURE),
        ("Bot", None, None, "-----BEGIN", "-----BEGIN"),
        ("Bot", SOMEBODY, None, "", ""),
        ("Bot", None, SOMEBODY, "", ""),
        ("User", None, None, "", ""),
        ("User", None, None, "-----BEGIN", "-----BEGIN"),
    ],
)
def test_github_signs_what_an_app_commits_as_itself(
    kind: Any,  # noqa: ANN401 - a literal
    author: dict[str, str] | None,
    committer: dict[str, str] | None,
    sent: str,
    expected: str,
) -> None:
    """Nothing that a person commits, and nothing with an author or committer of the client's choice."""
    actor = User(7, "deployer[bot]", kind, NOW)
    assert rules.pgp_signature(actor, author, committer, sent=sent) == expected
