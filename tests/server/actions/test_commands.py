"""Workflow commands and the files of the runner, without running anything."""

from __future__ import annotations

import pytest
from rows import Rows

from pytest_ghdeploy.server.actions import commands
from pytest_ghdeploy.server.actions.commands import Command, Malformed, Report


def test_workflow_commands() -> None:
    """The name, the properties and the data, unescaped."""
    with Rows() as rows:
        for line, command in [
            ("::notice::hello", Command("notice", {}, "hello")),
            ("  ::notice::hello", Command("notice", {}, "hello")),
            ("::error file=a.js,line=3::no::really", Command("error", {"file": "a.js", "line": "3"}, "no::really")),
            ("::set-output name=x::a=b", Command("set-output", {"name": "x"}, "a=b")),
            ("::warning title=a%3Ab%2Cc%25::100%25%0Adone%0D", Command("warning", {"title": "a:b,c%"}, "100%\ndone\r")),
            ("::warning title=x::%3A%2C%25%30A", Command("warning", {"title": "x"}, "%3A%2C%%30A")),
            ("::error file=,line::x", Command("error", {"file": ""}, "x")),
            ("::endgroup::", Command("endgroup", {}, "")),
            ("::notice", None),
            ("say ::notice::hello", None),
            ("", None),
        ]:
            with rows.row(repr(line)):
                assert commands.parse_command(line) == command


def test_files_of_values() -> None:
    """Both forms, with either kind of line end. The form with a delimiter is used if `<<` comes before `=`."""
    with Rows() as rows:
        for text, values in [
            ("", {}),
            ("a=1\n", {"a": "1"}),
            ("a=1\r\n\r\nb=2", {"a": "1", "b": "2"}),
            ("a=b=c\n", {"a": "b=c"}),
            ("a= 1 \n", {"a": " 1 "}),
            ("a=\n", {"a": ""}),
            ("a=1\na=2\n", {"a": "2"}),
            ("a=x<<y\n", {"a": "x<<y"}),
            ("a<<END\none\n\ntwo=2\nEND\nb=1\n", {"a": "one\n\ntwo=2", "b": "1"}),
            ("a<<END\r\none\r\ntwo\r\nEND\r\n", {"a": "one\r\ntwo"}),
            ("a<<END\nEND\n", {"a": ""}),
            ("a<<END\n END\nEND", {"a": " END"}),
            ("a<<E=D\nx\nE=D\n", {"a": "x"}),
        ]:
            with rows.row(repr(text)):
                assert commands.parse_values(text) == values


def test_malformed_files_have_the_messages_of_the_runner() -> None:
    """They are what a user finds in the log of a job."""
    with Rows() as rows:
        for text, message in [
            ("hello\n", "Invalid format 'hello'"),
            ("=1\n", "Invalid format '=1'. Name must not be empty"),
            ("<<END\nEND\n", "Invalid format '<<END'. Name must not be empty and delimiter must not be empty"),
            ("a<<\n", "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"),
            ("a<<END\nx\n", "Invalid value. Matching delimiter not found 'END'"),
        ]:
            with rows.row(repr(text)), pytest.raises(Malformed) as caught:
                commands.parse_values(text)
            assert str(caught.value) == message
    assert commands.parse_exported("A=1\n") == {"A": "1"}
    with pytest.raises(Malformed, match=r"^Can't store node_options output parameter using '\$GITHUB_ENV' command\.$"):
        commands.parse_exported("node_options=--inspect\n")


def test_paths_are_lines() -> None:
    """Empty lines are left out."""
    assert commands.parse_paths("/a\r\n\n/b c\n") == ["/a", "/b c"]


def reported(text: str, *masks: str, **files: str) -> Report:
    """Read the output of a step, and its files."""
    report = Report(list(masks))
    report.read_output(text)
    report.read_files(**dict.fromkeys(("output", "state", "env", "path", "summary"), "") | files)
    return report


def test_commands_take_effect_and_stay_in_the_log() -> None:
    """Outputs and state of older actions, and annotations with their properties, oldest first."""
    text = "hello\n::set-output name=a::1\n::save-state name=b::2\r\n"
    text += "::error file=x.js,line=3::bad\n::notice title=T::fine\n"
    report = reported(text, output="c=3\n", state="d=4\n", env="E=5\n", path="/f\n", summary="# Done\n")

    assert report.outputs == {"a": "1", "c": "3"}
    assert report.state == {"b": "2", "d": "4"}
    assert (report.env, report.paths, report.summary) == ({"E": "5"}, ["/f"], "# Done\n")
    assert report.annotations == [
        {"level": "error", "message": "bad", "file": "x.js", "line": "3"},
        {"level": "notice", "message": "fine", "title": "T"},
    ]
    assert report.log == text.replace("\r\n", "\n")
    assert not report.failed


def test_a_value_is_masked_from_its_command_on() -> None:
    """What was printed earlier stays visible, as on GitHub. Each line of a masked value is masked too."""
    text = "early s3cret\n::add-mask::s3cret\nlate s3cret\n"
    text += "::add-mask::one line%0Aanother\nanother one line\n::error::s3cret\n"
    report = reported(text, summary="s3cret\n")

    assert report.log.splitlines() == [
        "early s3cret",
        "::add-mask::***",
        "late ***",
        "::add-mask::***%0A***",
        "*** ***",
        "::error::***",
    ]
    assert report.annotations == [{"level": "error", "message": "***"}]
    assert report.summary == "***\n"


def test_the_properties_of_an_annotation_are_masked() -> None:
    """The runner knows six of them. Others are ignored, whatever their name."""
    text = "::add-mask::s3cret\n::error title=a s3cret,file=s3cret.js,color=red::bad\n"
    text += "::warning message=one,level=two,self=three,line=4::fine\n"
    assert reported(text).annotations == [
        {"level": "error", "message": "bad", "title": "a ***", "file": "***.js"},
        {"level": "warning", "message": "fine", "line": "4"},
    ]


def test_secrets_are_masked_from_the_beginning() -> None:
    """A longer one comes first, and an empty mask hides nothing."""
    report = reported("a-token and a-token-2\n::add-mask::\nlast\n", "a-token", "a-token-2", "")
    assert report.log == "*** and ***\n::add-mask::\nlast\n"


def test_stopped_commands_are_text() -> None:
    """Up to the line with the token, or the end of the step."""
    report = Report([])
    report.read_output("::stop-commands::pause\n::error::one\n::pause::\n::error::two\n::stop-commands::again\n")
    report.read_output("::error::three\n")
    assert [each["message"] for each in report.annotations] == ["two", "three"]


def test_commands_that_the_runner_cannot_process_fail_the_step() -> None:
    """The reason is an error, in the log too."""
    with Rows() as rows:
        for text, files, message, reason in [
            (
                "::set-env name=A::1\n",
                {},
                "Unable to process command '::set-env::' successfully.",
                "The `set-env` command is disabled. Please upgrade to using Environment Files.",
            ),
            (
                "::add-path::/x\n",
                {},
                "Unable to process command '::add-path::' successfully.",
                "The `add-path` command is disabled. Please upgrade to using Environment Files.",
            ),
            (
                "::set-output::1\n",
                {},
                "Unable to process command '::set-output::' successfully.",
                "Required field 'name' is missing",
            ),
            ("", {"output": "x\n"}, "Unable to process file command 'output' successfully.", "Invalid format 'x'"),
            ("", {"state": "x\n"}, "Unable to process file command 'state' successfully.", "Invalid format 'x'"),
            ("", {"env": "x\n"}, "Unable to process file command 'env' successfully.", "Invalid format 'x'"),
        ]:
            with rows.row(text, files):
                report = reported(text, **files)
                assert report.failed
                assert report.annotations == [{"level": "error", "message": each} for each in (message, reason)]
                assert f"::error::{message}\n::error::{reason}\n" in report.log
                assert (report.outputs, report.state, report.env) == ({}, {}, {})
