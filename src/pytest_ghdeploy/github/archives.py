"""
Archives of a commit's files, as GitHub's codeload sends them.

The same commit gives the same bytes, as long as Python and zlib stay the same.

Source:
    https://docs.github.com/repositories/working-with-files/using-files/downloading-source-code-archives
    The names of folders and files were observed; see ``names``.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.github.trees import DIRECTORY, EXECUTABLE, SUBMODULE, SYMLINK

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Mapping

    from pytest_ghdeploy.github.git import Commit, Graph, Target
    from pytest_ghdeploy.github.trees import Entry

TOKEN_SECONDS = 300
"""How long the token in a link to an archive of a private repository is valid."""

# The permissions that `git archive` gives, whatever the permissions in the repository.
_FILE, _EXECUTABLE = 0o664, 0o775
# The first year of the format.
_ZIP_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
_LINK, _REGULAR, _FOLDER = 0o120000, 0o100000, 0o040000


class Names(NamedTuple):
    """
    The names in an archive.

    Attributes:
        folder: The folder that contains everything.

        file: The name of the archive, without its ending.
    """

    folder: str
    file: str


def legacy_names(owner: str, repo: str, graph: Graph, commit: Commit) -> Names:
    """
    Return the names of an archive that the REST API links to.

    The file is named after the newest tag that the commit contains, as by ``git describe`` [guess: without a tag].
    """
    short = commit.sha[:7]
    return Names(f"{owner}-{repo}-{short}", f"{owner}-{repo}-{_described(graph, commit)}")


def _described(graph: Graph, commit: Commit) -> str:
    tags = {graph.peel(sha): name for name, sha in sorted(graph.tags.items())}
    tagged = next((row.sha for row in graph.log(commit.sha) if row.sha in tags), None)
    if tagged is None:
        return commit.sha[:7]
    return f"{tags[tagged].replace('/', '-')}-{len(graph.missing(tagged, commit.sha))}-g{commit.sha[:7]}"


def web_names(repo: str, target: Target) -> Names:
    """Return the names of an archive that a page links to. The ``v`` before the number of a version is left out."""
    name = target.name.replace("/", "-")
    if target.kind == "tag" and name[:1] == "v" and name[1:2].isdigit():
        name = name[1:]
    return Names(f"{repo}-{name}", f"{repo}-{name}")


# Tokens


def link_token(repository_id: int, expires_at: datetime) -> str:
    """Make the token of a link to a private repository's archive. It contains the time at which it expires."""
    until = f"{int(expires_at.timestamp()):X}"
    return f"{_signed(repository_id, until)}{until}"


def is_link_token(token: str, repository_id: int, now: datetime) -> bool:
    """Return whether a link's *token* is for this repository, and still valid."""
    signature, until = token[:_SIGNED], token[_SIGNED:]
    is_ours = until.isalnum() and hmac.compare_digest(signature.encode(), _signed(repository_id, until).encode())
    return is_ours and int(until, 16) > now.timestamp()


_SIGNED = 24


def _signed(repository_id: int, until: str) -> str:
    return sha256(f"an archive of {repository_id} until {until}".encode()).hexdigest()[:_SIGNED].upper()


# Content


def tar_gz(graph: Graph, commit: Commit, folder: str) -> bytes:
    """Pack a commit's files with tar and gzip."""
    import gzip
    import tarfile

    data = BytesIO()
    headers = {"comment": commit.sha}
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        time = int(_date(commit).timestamp())
        _add_to_tar(archive, f"{folder}/", DIRECTORY, b"", time)
        for entry in commit.tree.walk():
            _add_to_tar(archive, f"{folder}/{entry.path}", entry.mode, _content(graph.blobs, entry), time)
    return gzip.compress(data.getvalue(), mtime=0)


def _add_to_tar(archive: tarfile.TarFile, path: str, mode: str, content: bytes, time: int) -> None:
    import tarfile

    member = tarfile.TarInfo(path.rstrip("/"))
    member.mtime, member.uname, member.gname = time, "root", "root"
    member.mode = _FILE if mode not in (DIRECTORY, SUBMODULE, EXECUTABLE) else _EXECUTABLE
    if mode in (DIRECTORY, SUBMODULE):
        member.type = tarfile.DIRTYPE
    elif mode == SYMLINK:
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, content.decode("utf-8", "surrogateescape")
    else:
        member.size = len(content)
    archive.addfile(member, BytesIO(content))


def zip_(graph: Graph, commit: Commit, folder: str) -> bytes:
    """Pack a commit's files with zip."""
    import zipfile

    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = commit.sha.encode()
        time = max(_date(commit), _ZIP_EPOCH)
        _add_to_zip(archive, f"{folder}/", DIRECTORY, b"", time)
        for entry in commit.tree.walk():
            _add_to_zip(archive, f"{folder}/{entry.path}", entry.mode, _content(graph.blobs, entry), time)
    return data.getvalue()


def _add_to_zip(archive: zipfile.ZipFile, path: str, mode: str, content: bytes, time: datetime) -> None:
    import zipfile

    is_folder = mode in (DIRECTORY, SUBMODULE)
    member = zipfile.ZipInfo(f"{path.rstrip('/')}/" if is_folder else path, time.timetuple()[:6])
    kind = _FOLDER if is_folder else _LINK if mode == SYMLINK else _REGULAR
    rights = 0o777 if mode == SYMLINK else _FILE if mode not in (DIRECTORY, SUBMODULE, EXECUTABLE) else _EXECUTABLE
    member.create_system, member.external_attr = 3, (kind | rights) << 16
    member.compress_type = zipfile.ZIP_STORED if is_folder or mode == SYMLINK else zipfile.ZIP_DEFLATED
    archive.writestr(member, content)


def _content(blobs: Mapping[str, bytes], entry: Entry) -> bytes:
    return blobs[entry.sha] if entry.kind == "blob" else b""


def _date(commit: Commit) -> datetime:
    return (commit.committed_by.date if commit.committed_by else commit.committed_at).astimezone(UTC)
