"""
Every block of code in the documentation is run or compared, and the examples are tested.

An HTML comment above a block says how it is tested: ``<!-- test: name -->`` is a
test file that passes, ``<!-- report of: name -->`` is the output of a failing
one, and so on; see `KINDS`. A block without such a comment fails a test here.
"""

from __future__ import annotations

import ast
import configparser
import importlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fetched
import pytest
import yaml
from github import Auth, Github

from pytest_ghdeploy import (
    Assumptions,
    FakeGitHub,
)
from pytest_ghdeploy.admin import endpoints
from pytest_ghdeploy.commands import cli
from pytest_ghdeploy.commands.serve import ServedGitHub, Settings
from pytest_ghdeploy.options import DEFAULT_KEEP, DEFAULT_KEEP_BYTES, DEFAULT_PORT, OPTIONS
from pytest_ghdeploy.seeds import seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

KINDS = {
    "test": "a test file that passes",
    "failing test": "a test file that fails",
    "summary of": "the last line of pytest's output for a test file, without the time",
    "report of": "lines of pytest's output for a test file, perhaps with a line removed; … stands for omitted lines",
    "beside": "a file in the folder of these test files",
    "script": "a program that runs",
    "prints": "the complete output of a script or of the command ghdeploy",
    "shell": "a shell script that runs, with ghdeploy and curl",
    "log of": "the output of ghdeploy serve in such a script after it is ready, in the file serve.log",
    "in project": "a file of JavaScript projects",
    "run in project": "shell commands that run three passing tests in such a project, named after its test runner",
    "session": "commands in such a project, each after a $, with their complete output; the port does not matter",
    "workflow": "a workflow of GitHub Actions, valid by its schema, with a matrix of options of the plugin",
    "configuration": "a pytest configuration file with options of the plugin",
    "file": "a file of the worked example in CONTRIBUTING.md",
    "checked": "commands that are not run, but checked to exist",
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"<!-- ([a-z ]+)(?:: (.+))? -->")


class Block(NamedTuple):
    """A block of code, with the content of the comment above it."""

    page: str
    line: int
    kind: str
    argument: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}:{self.kind}"


def blocks_of(page: str, text: str) -> list[Block]:
    """Find the blocks in a page. The kind of an unmarked block is empty."""
    blocks = []
    for fence in FENCE.finditer(text):
        before = text[: fence.start()].splitlines()
        mark = MARK.fullmatch(before[-1]) if before else None
        kind, argument = (mark[1], mark[2] or "") if mark else ("", "")
        blocks.append(Block(page, len(before) + 1, kind, argument, fence[2]))
    return blocks


BLOCKS = [block for path in PAGES if path.is_file() for block in blocks_of(path.name, path.read_text("utf-8"))]


def of_kind(*kinds: str) -> list[Any]:
    """Return a parameter for each block of these kinds."""
    return [
        pytest.param(block, id=str(block).replace(" ", "-"), marks=[pytest.mark.slow] if starts_programs(block) else [])
        for block in BLOCKS
        if block.kind in kinds
    ]


def starts_programs(block: Block) -> bool:
    """Return whether running a block starts another program."""
    return bool({"subprocess", "run_action"} & set(re.findall(r"\w+", block.text))) or (
        block.kind == "prints" and not block.argument.startswith("ghdeploy ")
    )


def table_after(mark: str) -> list[list[str]]:
    """Read the cells of the documentation table below a comment, without its header."""
    texts = [path.read_text("utf-8").partition(f"<!-- {mark} -->\n")[2] for path in PAGES]
    (text,) = filter(None, texts)
    lines = text.partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, block: Block, text: str = "") -> Any:  # noqa: ANN401 - a RunResult
    """Run a test file in this process, where conftest.py checks all responses."""
    monkeypatch.setenv("COLUMNS", "80")
    # A name that no test file of ours has, because pytest would confuse them.
    path = pytester.makepyfile(**{f"test_shown_{block.argument}": text or block.text})
    for other in BLOCKS:
        names, _, called = other.argument.partition(", as ")
        if other.kind == "beside" and block.argument in names.split(", "):
            (pytester.path / called).write_text(other.text, "utf-8")
            if "@actions/" in other.text and not (pytester.path / "node_modules").exists():
                modules = fetched.from_npm("@actions/core").parents[1]
                (pytester.path / "node_modules").symlink_to(modules)
    return pytester.runpytest_inprocess("-W", "error", path)


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    # pytester unloads modules that a run imported, even if modules of ours still use them.
    with FakeGitHub() as fake:
        repository = fake.add_repository("octocat/example")
        Github(auth=Auth.Token("a-token-for-tests")).get_repo(repository.full_name).create_deployment("main")


def source_of(name: str) -> Block:
    """Find the test file or script whose output a block shows."""
    return next(
        block for block in BLOCKS if block.argument == name and block.kind in ("test", "failing test", "script")
    )


def test_every_block_says_how_it_is_checked() -> None:
    """Each block of code in the documentation has a comment that says how it is tested."""
    unknown = [f"{block.page}:{block.line}: {block.kind!r}" for block in BLOCKS if block.kind not in KINDS]
    assert not unknown, f"a comment above each of these must say one of {', '.join(KINDS)}"
    assert {block.kind for block in BLOCKS} == set(KINDS), "remove unused kinds"


def test_every_fence_is_found() -> None:
    """Each fence opens or closes a block that was found, so no block escapes the tests."""
    for path in PAGES:
        text = path.read_text("utf-8") if path.is_file() else ""
        fences = re.findall(r"^\s*(?:```|~~~)", text, re.MULTILINE)
        assert len(fences) == 2 * len(blocks_of(path.name, text)), path.name
        assert "<pre" not in text


def test_every_link_has_a_target() -> None:
    """The linked file exists, and the heading in it too."""
    for path in PAGES:
        text = FENCE.sub("", path.read_text("utf-8"))
        for target in re.findall(r"\]\((?!https?:)([^)]*)\)", text):
            name, _, anchor = target.partition("#")
            linked = (path.parent / name).resolve() if name else path
            assert linked.exists(), f"{path.name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", FENCE.sub("", linked.read_text("utf-8")), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in anchors, f"{path.name}: {target}"


def test_no_page_has_a_merge_left_in_it() -> None:
    """A page with both sides of a merge still has all its links, so the other tests do not notice."""
    for path in PAGES:
        assert not re.search(r"^(?:<{7}|>{7})", path.read_text("utf-8"), re.MULTILINE), path.name


def test_every_page_is_listed() -> None:
    """The README links each page of the documentation but the home page of the site, which repeats the README."""
    listed = set(re.findall(r"\]\((docs/[^)#]*)\)", (ROOT / "README.md").read_text("utf-8")))
    pages = {path.relative_to(ROOT).as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")}
    assert listed == pages - {"docs/index.md"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_has_the_marks_of_an_unresolved_merge(path: Path) -> None:
    """Git writes these lines into a file whose versions it cannot merge."""
    assert not re.findall(r"^(?:<{7} |={7}$|>{7} ).*", path.read_text("utf-8"), re.MULTILINE)


def test_an_unmarked_block_is_noticed() -> None:
    """A block below plain text has no kind. A block below a comment has the comment's."""
    blocks = blocks_of("page", "Text.\n```python\n1\n```\n\n<!-- test: one -->\n```python\n2\n```\n")
    assert [(block.line, block.kind, block.argument) for block in blocks] == [(2, "", ""), (7, "test", "one")]


@pytest.mark.parametrize("block", of_kind("test"))
def test_a_test_in_the_documentation_passes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, block: Block
) -> None:
    """Every shown test passes unchanged, with warnings as errors."""
    outcomes = run_pytest(pytester, monkeypatch, block).parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= len(re.findall(r"^(?:async )?def test_", block.text, re.MULTILINE)) > 0


@pytest.mark.parametrize("block", of_kind("summary of"))
def test_a_summary_in_the_documentation_is_true(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, block: Block
) -> None:
    """The shown summary is the last line of pytest's output."""
    last = run_pytest(pytester, monkeypatch, source_of(block.argument)).outlines[-1]
    assert re.fullmatch(rf"=+ {re.escape(block.text.strip())} in .*s =+", last)


@pytest.mark.parametrize("block", of_kind("report of"))
def test_a_report_in_the_documentation_is_real(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, block: Block
) -> None:
    """The report of a failing test has the shown lines; … stands for omitted lines."""
    name, _, without = block.argument.partition(", without: ")
    source = source_of(name)
    lines = source.text.splitlines()
    kept = [line for line in lines if not without or without not in line]
    assert len(lines) - len(kept) == bool(without), f"{without!r} names no line, or several"

    result = run_pytest(pytester, monkeypatch, source, "\n".join(kept))

    assert result.parseoutcomes() == {"failed": 1}
    printed = "\n".join(line.rstrip() for line in result.outlines)
    for chunk in block.text.split("…\n") if "\n…\n" in block.text else [block.text]:
        assert f"\n{chunk}" in printed
        printed = printed.partition(chunk)[2]


@pytest.mark.parametrize("block", of_kind("prints"))
def test_shown_output_is_complete(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], block: Block) -> None:
    """The shown output of a script or of `ghdeploy` is the exact output."""
    program, *arguments = block.argument.split()
    if program == "ghdeploy":
        cli.main(arguments)
        printed = f"$ {block.argument}\n{capsys.readouterr().out}"
    else:
        path = pytester.makepyfile(source_of(program).text)
        result = pytester.runpython(path)
        assert (result.ret, result.errlines) == (0, [])
        printed = "\n".join([*result.outlines, ""])
    assert printed == block.text


def run_shell(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in *folder*, with the command ghdeploy."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    command = folder / "bin" / "ghdeploy"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest_ghdeploy "$@"\n', "utf-8")
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 - what the page shows
        ["timeout", "60", "sh", "-euc", text],  # noqa: S607
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", of_kind("shell"))
def test_a_shell_script_runs(tmp_path: Path, block: Block) -> None:
    """Each of its commands succeeds, and the shown log is that of `ghdeploy serve`."""
    process = run_shell(tmp_path, block.text)
    assert process.returncode == 0, process.stdout + process.stderr
    log = (tmp_path / "serve.log").read_text("utf-8").partition("# ready\n")[2]
    assert log == next(shown.text for shown in BLOCKS if shown.kind == "log of" and shown.argument == block.argument)


def write_project(folder: Path, name: str) -> None:
    """Write the files of a project into *folder*."""
    for block in BLOCKS:
        names, _, called = block.argument.partition(", as ")
        if block.kind == "in project" and name in names.split(", "):
            (folder / called).write_text(block.text, "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("block", of_kind("session"))
def test_a_session_is_real(tmp_path: Path, block: Block) -> None:
    """Each command prints what the page shows, on both outputs."""
    write_project(tmp_path, block.argument)
    commands = re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
    # The exit status is still that of the command before.
    lines = ["set +e", "exec 2>&1", 'show() { status=$?; printf "%s\\n" "$1"; return $status; }']
    for command in commands:
        lines += [f"show {shlex.quote(f'$ {command}')}", command]

    process = run_shell(tmp_path, "\n".join(lines))

    assert re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:40001", process.stdout) == block.text


@pytest.mark.slow
@pytest.mark.parametrize("block", of_kind("run in project"))
def test_a_javascript_project_passes(tmp_path: Path, block: Block) -> None:
    """Its three tests pass, and its fake stops with them."""
    packages = fetched.from_npm(block.argument.split()[0]).parent
    (tmp_path / "node_modules").symlink_to(packages)
    write_project(tmp_path, block.argument)

    process = run_shell(tmp_path, f"export NO_COLOR=1\n{block.text}")

    assert process.returncode == 0, process.stdout + process.stderr
    assert re.search(r"Tests:? +3 passed", process.stdout + process.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "instead", "status", "message"),
    [
        ('"state": "pending"', '"state": "pendig"', 1, "ghdeploy serve: seed.json: unknown value 'pendig' of "),
        ('"fields": {"ref": "topic"}', '"fields": {"ref": "other"}', 22, "no event deployment with ref 'other'"),
        ('"state": "success"', '"stat": "success"', 22, "unknown key 'stat';"),
    ],
)
def test_a_failing_shell_script_prints_the_reason_and_stops_its_server(
    tmp_path: Path, wanted: str, instead: str, status: int, message: str
) -> None:
    """A server that cannot start is not awaited, and a failing test stops its server, even with a stale env file."""
    (block,) = (block for block in BLOCKS if block.kind == "shell")
    assert block.text.count(wanted) == 1
    (tmp_path / "github.env").write_text(
        "# ghdeploy serve at http://127.0.0.1:1\nexport GITHUB_SERVER_URL=x\n", "utf-8"
    )

    process = run_shell(tmp_path, block.text.replace(wanted, instead))

    assert (process.returncode, message in process.stdout + process.stderr) == (status, True), (
        process.stdout + process.stderr
    )
    assert not (tmp_path / "github.env").exists()
    log = (tmp_path / "serve.log").read_text("utf-8")
    if url := re.search(r"http://127\.0\.0\.1:(\d+)/api", log):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(url[1])), 20).close()


@pytest.mark.parametrize(("kind", "output"), [("script", "prints"), ("failing test", "report of")])
def test_scripts_and_failing_tests_show_their_output(kind: str, output: str) -> None:
    """They are run only to compare their output."""
    run = {block.argument for block in BLOCKS if block.kind == kind}
    assert run
    assert run <= {block.argument for block in BLOCKS if block.kind == output}


@pytest.mark.parametrize("block", of_kind("configuration"))
def test_a_shown_configuration_takes_effect(pytester: pytest.Pytester, block: Block) -> None:
    """Each shown option reaches the fake with the shown value."""
    if block.argument.endswith(".toml"):
        written: dict[str, Any] = tomllib.loads(block.text)["tool"]["pytest"]["ini_options"]
    else:
        parser = configparser.ConfigParser()
        parser.read_string(block.text)
        written = dict(parser["pytest"])
    assert written
    (pytester.path / block.argument).write_text(block.text, "utf-8")
    wanted = {name.removeprefix("ghdeploy_"): str(value).lower() for name, value in written.items()}
    pytester.makepyfile(
        f"""
        def test_options(ghdeploy):
            wanted = {wanted!r}
            added = " ".join(row.full_name for row in ghdeploy._engine.store.repositories)
            assert added == wanted.pop("repositories", "")
            for name, value in wanted.items():
                holder = ghdeploy if name == "base_url" else ghdeploy._engine.assume
                assert str(getattr(holder, name)).lower() == value
        """
    )
    pytester.runpytest_inprocess("--strict-config", "-W", "error").assert_outcomes(passed=1)


@pytest.mark.parametrize("block", of_kind("workflow"))
def test_each_option_of_a_shown_matrix_takes_effect(pytester: pytest.Pytester, block: Block) -> None:
    """The command of its last step runs the tests with the other side of an open question."""
    job = yaml.safe_load(block.text)["jobs"]["tests"]
    command = job["steps"][-1]["run"]
    for option in job["strategy"]["matrix"]["option"]:
        name, value = option.removeprefix("ghdeploy_").split("=")
        assert str(getattr(Assumptions(), name)).lower() != value
        pytester.makepyfile(
            f"""
            def test_options(ghdeploy):
                assert str(ghdeploy._engine.assume.{name}).lower() == {value!r}
            """
        )
        python, module, *arguments = shlex.split(command.replace("${{ matrix.option }}", option))
        assert (python, module, arguments.pop(0)) == ("python", "-m", "pytest")
        pytester.runpytest_inprocess(*arguments, "-W", "error").assert_outcomes(passed=1)


@pytest.mark.slow
@pytest.mark.parametrize("block", of_kind("workflow"))
def test_a_shown_workflow_is_valid(tmp_path: Path, block: Block) -> None:
    """It follows the published schema of workflows."""
    path = tmp_path / "workflow.yml"
    path.write_text(block.text, "utf-8")
    run_in_subprocess(["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)])


@pytest.mark.parametrize("block", of_kind("checked"))
def test_a_command_that_is_not_run_exists(block: Block) -> None:
    """The package to install is this one, and each make target is in the Makefile."""
    for line in block.text.splitlines():
        if block.argument == "install":
            name = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
            assert line == f"pip install {name}"
        elif block.argument == "extras":
            project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
            extra = re.fullmatch(rf"pip install '{project['name']}\[(\w+)\]'", line)
            assert extra
            assert extra[1] in project["optional-dependencies"]
        else:
            program, target = line.split()
            assert program == "make"
            assert re.search(rf"^{target}:", (ROOT / block.argument).read_text("utf-8"), re.MULTILINE)


# Tables


def test_the_table_of_options_matches_the_package() -> None:
    """The reference lists every option in order, with its default and help text."""
    listed = [(name.strip("`"), default, meaning) for name, default, meaning in table_after("options")]
    assert listed == [(name, option.default, option.meaning) for name, option in OPTIONS.items()]


def test_every_assumption_is_an_open_question_of_the_readme() -> None:
    """A page lists each switch with its default, effect and evidence."""
    rows = table_after("assumptions")
    assert [(row[0].strip("`"), row[1]) for row in rows] == [
        (field.name, str(field.default).lower()) for field in fields(Assumptions)
    ]
    assert all(len(row) == 4 and row[2] and row[3] for row in rows)


def test_the_table_of_doors_is_complete() -> None:
    """Each door has a row in the documentation, and each row a module."""
    folder = ROOT / "src" / "pytest_ghdeploy" / "doors"
    inside = {"__init__", "activation", "coexistence", "http1", "import_hook", "memory_socket"}
    inside |= {"network_guard", "patching", "pygithub", "registry"}
    doors = {path.stem for path in folder.glob("*.py")} - inside
    assert {row[0].strip("`") for row in table_after("doors")} == doors


def test_the_table_of_seed_lists_matches_the_sections() -> None:
    """The reference lists each list of a seed file with the method that its items call."""

    def listed(sections: tuple[seed.Section, ...], outer: str, owner: str) -> Iterator[tuple[str, str, set[str]]]:
        for section in sections:
            keys = {*section.without, *section.renamed, *section.renamed.values()}
            yield f"{outer}{section.name}", f"{owner}.{section.method}", keys
            owner_name = section.method.removeprefix("add_")
            yield from listed(section.inside, f"{outer}{section.name}[].", owner_name)

    rows = [(row[0].strip("`"), re.findall(r"`([^`]+)`", row[1])) for row in table_after("sections")]
    documented = sorted((name, method, set(keys)) for name, (method, *keys) in rows)
    assert documented == sorted(listed(seed.SECTIONS, "", "ghdeploy"))
    assert [name for name, _ in rows if "[]" not in name] == [section.name for section in seed.SECTIONS]


def test_the_table_of_admin_endpoints_matches_the_code() -> None:
    """The page lists each endpoint in order, with its body keys and summary."""
    expected = [
        [
            f"`{endpoint['method']} {endpoint['path']}`",
            ", ".join(f"`{key}`" for key in endpoint["keys"]),
            f"{endpoint['does'][0].lower()}{endpoint['does'][1:].rstrip('.')}",
        ]
        for endpoint in endpoints.index(ServedGitHub(Settings()), "/_ghdeploy")
    ]
    assert table_after("admin") == expected


def test_the_table_of_serve_options_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the command's own options with their defaults, and some of the fake's."""
    with pytest.raises(SystemExit):
        cli.main(["serve", "--help"])
    own, of_the_fake = capsys.readouterr().out.partition("options:")[2].split("the fake:")
    rows = table_after("serve options")
    listed = [name for row in rows for name in re.findall(r"`(--[a-z-]+)`", row[0])]
    wanted = re.findall(r"^  (--[a-z-]+)", own, re.MULTILINE)
    assert listed[: len(wanted)] == wanted
    assert set(listed[len(wanted) :]) < set(re.findall(r"^  (--[a-z-]+)", of_the_fake, re.MULTILINE))
    assert [row[1] for row in rows if row[1]] == [str(DEFAULT_PORT), str(DEFAULT_KEEP), "64 MiB"]
    assert DEFAULT_KEEP_BYTES == 64 * 1024 * 1024


def test_the_tables_of_variables_match_the_server(ghdeploy: FakeGitHub) -> None:
    """One page lists each variable of `env` in order, another those that differ in `proxy_env`."""
    listed = [name for row in table_after("env") for name in re.findall(r"`([^`]+)`", row[0])]
    assert listed == list(ghdeploy.serve(tls=True).env)
    server = ghdeploy.serve(proxy=True)
    changed = [name for name, value in server.proxy_env.items() if value != server.env.get(name)]
    named = [name for row in table_after("proxy env") for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(named) == sorted({*changed, "NO_PROXY", "no_proxy"})


def test_the_table_of_run_options_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the command's own options, and some of the fake's."""
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    own, of_the_fake = capsys.readouterr().out.partition("options:")[2].split("the fake:")
    listed = [name for row in table_after("run options") for name in re.findall(r"`(--[a-z-]+)`", row[0])]
    wanted = re.findall(r"^  (--[a-z-]+)", own, re.MULTILINE)
    assert sorted(listed[: len(wanted)]) == sorted(wanted)
    assert set(listed[len(wanted) :]) < set(re.findall(r"^  (--[a-z-]+)", of_the_fake, re.MULTILINE))


# The worked example


@pytest.mark.slow
def test_the_worked_example_of_an_endpoint_works(tmp_path: Path) -> None:
    """In a copy of the tree, the files in CONTRIBUTING.md create an endpoint that passes its own and our tests."""
    tree = tmp_path / "main"
    for name in ("src", "schemas", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tree / name)
    if fetched.CLIENTS.is_dir():  # so that the tests can check GitHub's description
        (tree / fetched.CLIENTS.name).symlink_to(fetched.CLIENTS)
    files = [block for block in BLOCKS if block.kind == "file"]
    assert [Path(block.argument).parts[0] for block in files] == ["schemas", "src", "tests"]
    for block in files:
        path = tree / block.argument
        assert not path.exists(), f"{block.argument} exists now: show another example"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    options = ["-m", "pytest", "-p", "no:cacheprovider", "-W", "error"]
    run_in_subprocess([*options, files[-1].argument, "tests/project/test_layers.py"], cwd=tree, source=tree / "src")
    operation_id = files[0].argument.removeprefix("schemas/").removesuffix(".json")
    general = ["tests/project/test_completeness.py", "tests/http/test_schemas.py", "-k", operation_id]
    run_in_subprocess([*options, *general], cwd=tree, source=tree / "src")


# The examples


def run_in_subprocess(arguments: Sequence[str], *, cwd: Path = ROOT, source: Path | None = None) -> str:
    """Run Python, with the package from *source* if given, check that it succeeds, and return its output."""
    environment = {**os.environ, "PYTHONPATH": str(source)} if source else None
    if environment:  # no coverage of the copy
        environment.pop("COVERAGE_PROCESS_CONFIG", None)
    process = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


SUITES = [path.relative_to(ROOT / "examples").as_posix() for path in sorted((ROOT / "examples").glob("*/test_*.py"))]


@pytest.fixture
def example_runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Import the program behind `make example`."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    yield importlib.import_module("run")
    for name in ("run", "pygithub_tool", "pygithub_tool.deployer"):
        del sys.modules[name]


def test_make_example_prints_a_life_cycle(example_runner: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A deployment is blocked, merged and successful, and the older one becomes inactive."""
    example_runner.life_cycle()

    printed = capsys.readouterr().out
    answers = re.findall(r"^ +(\d{3}) \w+", printed, re.MULTILINE)
    assert answers == ["200", "409", "202", "201", "201", "201"]
    assert re.search(r"^ +\d+ +main +[0-9a-f]{7} +inactive$", printed, re.MULTILINE)


def test_make_example_runs_every_suite_with_full_validation(
    example_runner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All suites are collected, and warnings are errors. The suites themselves run in `make example` only."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 5)

    monkeypatch.setattr(subprocess, "run", run)
    assert example_runner.main() == 5
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "pytest", "examples"]
    assert " -W error -o ghdeploy_validate=all" in " ".join(command)
    assert len(SUITES) == 5
    assert {path.parent.name for path in (ROOT / "examples").glob("*/*.py")} == {
        Path(suite).parent.name for suite in SUITES
    }


@pytest.mark.slow
def test_make_example_fails_if_an_example_does(tmp_path: Path) -> None:
    """The output has the result of each test."""
    for name in ("requests_script", "pygithub_tool"):
        ignored = shutil.ignore_patterns("__pycache__", *(["test_*"] if name == "pygithub_tool" else []))
        shutil.copytree(ROOT / "examples" / name, tmp_path / "examples" / name, ignore=ignored)
    shutil.copy(ROOT / "examples" / "run.py", tmp_path / "examples")
    suite = tmp_path / "examples" / "requests_script" / "test_deploy.py"
    with suite.open("a", encoding="utf-8") as file:
        file.write("\n\ndef test_that_fails():\n    raise AssertionError\n")

    process = subprocess.run(
        [sys.executable, "examples/run.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert process.returncode == 1
    results = re.findall(
        r"^examples/requests_script/test_deploy\.py::(\w+)(?:\[.*\])? (\w+)", process.stdout, re.MULTILINE
    )
    names = re.findall(r"^def (test_\w+)", suite.read_text("utf-8"), re.MULTILINE)
    assert list(dict.fromkeys(results)) == [*((name, "PASSED") for name in names[:-1]), ("test_that_fails", "FAILED")]


@pytest.mark.parametrize(
    ("tool", "libraries"),
    [
        ("flask_receiver/wsgi_receiver", {"flask", "requests"}),
        ("pygithub_tool/deployer", {"github"}),
        ("requests_script/deploy", {"requests"}),
        ("starlette_receiver/asgi_receiver", {"starlette", "requests"}),
        ("waiting_tool/wait_for", {"requests"}),
    ],
)
def test_an_example_does_not_import_the_fake(tool: str, libraries: set[str]) -> None:
    """Tools import only their client library, their framework and the standard library."""
    tree = ast.parse((ROOT / "examples" / f"{tool}.py").read_text("utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == libraries
