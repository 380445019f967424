"""Sequence diagrams: the parties, the messages, refusals, and secrets."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import fetched
import flask
import pytest
import requests

from pytest_ghdeploy import Step
from pytest_ghdeploy.report.diagram import GITHUB, Message, Parties, as_mermaid, as_text
from pytest_ghdeploy.report.entries import Said

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
TOKEN = "a-token-for-tests"  # noqa: S105 - of nobody
HEADERS = {"Authorization": f"token {TOKEN}", "User-Agent": "a-tool/1.0"}


def get(path: str = "", **headers: str) -> requests.Response:
    """Send a GET below the repository."""
    return requests.get(f"{API}{path}", headers={**HEADERS, **headers}, timeout=5)


MESSAGES: list[Message | str] = [
    Message("tool", GITHUB, "1. POST /deployments", "request"),
    Message(GITHUB, "tool", "409 Conflict", "refusal", "because", answer=True),
    Message(GITHUB, GITHUB, "event deployment", "note", answer=True),
    Message("third party", GITHUB, "deployment status", "request"),
    Message(GITHUB, "receiver", "deployment", "message"),
    "… 3 more times …",
    Message(GITHUB, GITHUB, "trouble", "warning"),
    Message(GITHUB, "tool", "200 OK", "response"),
    Message("second tool", GITHUB, "2. GET /", "request"),
]
PARTIES = Parties(("tool", "second tool"), ("third party", "receiver"))


def test_each_party_has_a_lifeline() -> None:
    """Clients are left of GitHub, other parties right of it; a refusal is marked in the margin."""
    drawn = [line.rstrip() for line in as_text(MESSAGES, PARTIES)]
    assert drawn == [
        "  tool      second tool  GitHub    third party  receiver",
        "  |--------------------->|         |            |  1. POST /deployments",
        "x |x---------------------|         |            |       409 Conflict",
        "x |         |            |         |            |       hint: because",
        "  |         |            *         |            |       event deployment",
        "  |         |            |<--------|            |  deployment status",
        "  |         |            |--------------------->|  deployment",
        "  |         |            |         |            |  … 3 more times …",
        "x |         |            !         |            |  trouble",
        "  |<---------------------|         |            |  200 OK",
        "  |         |----------->|         |            |  2. GET /",
    ]


def test_the_same_in_mermaid() -> None:
    """A refusal is a crossed arrow with a note for its hint; a delivery is an open arrow."""
    assert list(as_mermaid(MESSAGES, PARTIES)) == [
        "sequenceDiagram",
        "    actor P0 as tool",
        "    actor P1 as second tool",
        "    participant P2 as GitHub",
        "    actor P3 as third party",
        "    actor P4 as receiver",
        "    P0->>P2: 1. POST /deployments",
        "    P2--xP0: 409 Conflict",
        "    Note over P2,P0: hint: because",
        "    Note over P2: event deployment",
        "    P3->>P2: deployment status",
        "    P2-)P4: deployment",
        "    Note over P0,P4: … 3 more times …",
        "    Note over P2: trouble",
        "    P2-->>P0: 200 OK",
        "    P1->>P2: 2. GET /",
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ('{"ref": "main"}', "{#34;ref#34;: #34;main#34;}"),
        ("a; b", "a#59; b"),
        ("#35;", "#35;35#59;"),
        ("the end of END, ending bend", "the #101;nd of #69;ND, ending bend"),
        ("two\nlines\r\n", "two lines"),
        ("%%{init: {}}%%", "#37;#37;{init: {}}#37;#37;"),
        ("<b>&amp;</b>", "#60;b#62;#38;amp#59;#60;/b#62;"),
        ("wrap: text", "wrap#58; text"),
        ("NOWRAP:text", "NOWRAP#58;text"),
        ("$$x$$ `y` \\z", "#36;#36;x#36;#36; #96;y#96; #92;z"),
        ("deployer[bot] (é)", "deployer[bot] (é)"),
        ("", "#32;"),
        ("x" * 101, "x" * 99 + "…"),
        ('"' * 100, "#34;" * 100),
    ],
)  # fmt: skip
def test_special_characters_of_mermaid_are_escaped(text: str, escaped: str) -> None:
    """Every message from a client stays one message on one line."""
    party = Parties((), ())
    assert list(as_mermaid([Message(GITHUB, GITHUB, text, "note")], party))[-1] == f"    Note over P0: {escaped}"


def test_too_many_clients_share_a_lifeline() -> None:
    """Of twenty clients, four have their own."""
    names = [f"c{number}" for number in range(20)]
    messages = [Message(name, GITHUB, name, "request") for name in names]
    drawn = list(as_text(messages, Parties(tuple(names), ())))
    assert drawn[0].split() == ["c0", "c1", "c2", "c3", "other", "clients", "GitHub"]
    assert drawn[5] == "  |         |         |         |         |------------->|  c4"
    assert drawn[20] == "  |         |         |         |         |------------->|  c19"
    others = Parties((), tuple(names))
    assert [others.lifeline_of(name) for name in ("c0", "c3", "c4", "c19")] == [1, 4, 5, 5]


# Who takes part


@pytest.mark.usefixtures("repo")
def test_clients_are_distinguished_by_login_and_user_agent(ghdeploy: FakeGitHub) -> None:
    """The agent is shown only if a login has several."""
    get()
    assert _parties(ghdeploy) == ["octocat", "GitHub"]
    get(**{"User-Agent": "PyGithub/Python"})
    requests.get(API, headers={"User-Agent": "curl/8"}, timeout=5)
    assert _parties(ghdeploy) == ["octocat (a-tool)", "octocat (PyGithub)", "anonymous", "GitHub"]
    ghdeploy.reset()
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token("of-mona-and-hers", user="mona")
    get(Authorization="Bearer of-mona-and-hers")
    get()
    get(**{"Authorization": "Bearer of-mona-and-hers", "User-Agent": "*"})
    assert _parties(ghdeploy) == ["mona (a-tool)", "unknown token", "mona (no User-Agent)", "GitHub"]
    assert [asked.login for asked in ghdeploy.requests] == ["mona", "", "mona"]


def _parties(ghdeploy: FakeGitHub) -> list[str]:
    return re.findall(r"^ {4}(?:actor|participant) P\d+ as (.*)$", ghdeploy.conversation.mermaid(), re.MULTILINE)


def test_a_third_party_and_a_receiver_are_drawn(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A third party's messages go to GitHub, and GitHub's deliveries to the receiver."""
    ghdeploy.deployer(steps=["success"])
    get("/deployments/1")
    repo.add_deployment(ref="main")
    entries = ghdeploy._engine.transcript.entries
    entries.append(Said("", "receiver", "deployment delivered: 200"))
    entries.append(Said("", "receiver", "deployment_status delivered", refused=True, hint="500"))
    hint = "octocat/example has no deployment 1; known: none"
    report = "deployment status success of deployment 4442074271 (octocat/example)"
    event = "event deployment.created: id 4442074271, environment production, ref main (octocat/example)"
    reported = "event deployment_status.created: id 12690168079, state success, environment production"
    assert ghdeploy.conversation.diagram().splitlines() == [
        "  octocat   GitHub    deployer[bot]  receiver",
        "  |-------->|         |              |    1. GET /repos/octocat/example/deployments/1",
        'x |x--------|         |              |       404 Not Found "Not Found"',
        f"x |         |         |              |       hint: {hint}",
        f"  |         *         |              |       {event}",
        f"  |         |<--------|              |       {report}",
        f"  |         *         |              |       {reported} (octocat/example)",
        "  |         |----------------------->|       deployment delivered: 200",
        "x |         |-----------------------x|       deployment_status delivered",
        "x |         |         |              |       hint: 500",
    ]
    assert "    P1-)P3: deployment delivered: 200\n    P1--xP3:" in ghdeploy.conversation.mermaid()
    assert ghdeploy.conversation.text().splitlines()[-3:] == [
        "     GitHub to receiver: deployment delivered: 200",
        "     GitHub to receiver: deployment_status delivered",
        "     hint: 500",
    ]


def _answering(status: int) -> flask.Flask:
    app = flask.Flask(f"app-{status}")
    app.add_url_rule("/", "hook", lambda: ("", status), methods=["POST"])
    return app


@pytest.mark.usefixtures("repo")
def test_receivers_with_the_same_name_are_distinguished(ghdeploy: FakeGitHub) -> None:
    """Two applications or two functions are two parties; one that is subscribed twice is one."""
    first = _answering(204)
    for target in (first, _answering(500), lambda _: None, lambda _: 503, first):
        ghdeploy.webhooks.subscribe(target)
    assert ghdeploy.conversation.diagram().splitlines()[0].split("  ")[1:] == [
        "GitHub", "", "Flask", "", " Flask 2", " <lambda>", "<lambda> 2",
    ]  # fmt: skip
    lines = ghdeploy.conversation.text().splitlines()
    assert [line.strip() for line in lines if "-->" in line] == [
        "--> ping to Flask: 204 OK",
        "!  --> ping to Flask 2: failed: the receiver answered 500 Internal Server Error",
        "--> ping to <lambda>: 200 OK",
        "!  --> ping to <lambda> 2: failed: the receiver answered 503 Service Unavailable",
        "--> ping to Flask: 204 OK",
    ]


def test_parties_of_different_kinds_with_the_same_name_are_distinguished(ghdeploy: FakeGitHub) -> None:
    """A function, a third party and a client may have the same name, even GitHub's."""
    repo = ghdeploy.add_repository("octocat/example")

    def octocat(_: Delivery) -> None:
        """Receive a delivery; the function has a client's name."""

    class GitHub:
        def __call__(self, _: Delivery) -> None:
            """Have GitHub's."""

    ghdeploy.webhooks.subscribe(octocat)
    ghdeploy.webhooks.subscribe(GitHub())
    ghdeploy.deployer(steps=["success"], login="octocat")
    repo.add_deployment(ref="main")
    ghdeploy.add_token(TOKEN, user="GitHub")
    get()
    ghdeploy.revoke_token(TOKEN)
    ghdeploy.add_token("another-for-tests", user="octocat")
    get(Authorization="token another-for-tests")
    assert _parties(ghdeploy) == [
        "GitHub (client)",
        "octocat",
        "GitHub",
        "octocat (receiver)",
        "GitHub (receiver)",
        "octocat (third party)",
    ]
    drawn = ghdeploy.conversation.mermaid().splitlines()
    assert "    P2-)P3: ping delivered: 200 OK" in drawn
    assert "    P2-)P4: ping delivered: 200 OK" in drawn
    assert "    P0->>P2: 1. GET /repos/octocat/example" in drawn
    assert any(line.startswith("    P5->>P2: deployment status success") for line in drawn)


@pytest.mark.usefixtures("repo")
def test_a_third_party_that_receives_is_one_party(ghdeploy: FakeGitHub) -> None:
    """Whether it is subscribed itself or with its method."""
    deployer = ghdeploy.deployer(by_webhook=True, steps=["queued"])
    ghdeploy.webhooks.subscribe(deployer.receive, events=["deployment"])
    ghdeploy.webhooks.subscribe(deployer, events=["deployment"])
    ghdeploy.repository("octocat/example").add_deployment(ref="main")
    assert _parties(ghdeploy) == ["GitHub", "deployer[bot]"]


def test_long_names_are_cut_and_numbered(ghdeploy: FakeGitHub) -> None:
    """The diagram fits on a screen; the text has the full name."""
    urls = [f"http://127.0.0.1:1/{letter * 300}?token=abc" for letter in ("a", "a" * 2, "b")]
    for url in urls:
        ghdeploy.webhooks.subscribe(url)
    names = [f"http://127.0.0.1:1/{'a' * 20}…", f"http://127.0.0.1:1/{'a' * 20}… 2", f"http://127.0.0.1:1/{'b' * 20}…"]
    assert ghdeploy.conversation.diagram().splitlines()[0].split("  ")[1:] == ["GitHub", "", *names]
    assert f"ping to http://127.0.0.1:1/{'b' * 300}?token=[redacted]: failed" in ghdeploy.conversation.text()


def test_a_hint_in_mermaid_is_cut_later_than_a_message() -> None:
    """The hint is the most important part of a refusal."""
    messages = [Message("tool", GITHUB, "x" * 400, "refusal", "y" * 400)]
    lines = list(as_mermaid(messages, Parties(("tool",), ())))
    assert lines[-2:] == [f"    P0--xP1: {'x' * 99}…", f"    Note over P0,P1: hint: {'y' * 299}…"]


def test_polls_with_the_same_response_are_counted(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Only in the diagram; the text has a line for each."""
    ghdeploy.deployer(steps=["queued", Step("success", after_polls=20)])
    url = f"/deployments/{repo.add_deployment(ref='main').id}/statuses"
    for _ in range(23):
        get(url)
    drawn = ghdeploy.conversation.diagram().splitlines()
    assert [found[0] for line in drawn if (found := re.search(r"\d+\. GET", line))] == ["1. GET", "21. GET"]
    assert [line.rpartition("  ")[2] for line in drawn if "… " in line] == [
        "… 19 more times, with the same response",
        "… 2 more times, with the same response",
    ]
    assert len(ghdeploy.conversation.text().splitlines()) == 46 + 5


def test_a_long_diagram_shows_the_beginning_and_the_end(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The rest is counted, as in the text."""
    for number in range(150):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    for drawn in (ghdeploy.conversation.diagram(), ghdeploy.conversation.mermaid()):
        lines = drawn.splitlines()[-101:]
        assert lines[10].endswith("… 50 more requests and events …")
        assert "environment env-9," in lines[9]
        assert "environment env-60," in lines[11]


def test_an_empty_conversation_is_an_empty_diagram(ghdeploy: FakeGitHub) -> None:
    """It is still valid Mermaid."""
    assert (ghdeploy.conversation.text(), ghdeploy.conversation.diagram()) == ("", "")
    assert ghdeploy.conversation.mermaid() == "sequenceDiagram\n    participant P0 as GitHub"
    assert repr(ghdeploy.conversation) == "<Conversation 0 entries>"
    assert ghdeploy.conversation_text() == ghdeploy.conversation.text()


def test_no_diagram_contains_a_secret(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A token is redacted everywhere, even where a long body is cut in the middle of it."""
    ghdeploy.add_token(TOKEN)
    filler = "x" * (200 - len('{"ref": "", "payload": "') - len(TOKEN) // 2)
    for payload in (filler, "", "x" * 70):
        body = f'{{"ref": "{payload}", "payload": "{TOKEN}"}}'
        requests.post(f"{API}/deployments", data=body, headers={**HEADERS, "User-Agent": TOKEN}, timeout=5)
    get(f"/deployments/{TOKEN}?page={TOKEN}")
    ghdeploy._engine.fail(ValueError(TOKEN))
    repo.add_deployment(ref="main", environment=TOKEN)
    ghdeploy._engine.take_problem()
    picture = ghdeploy._engine.transcript
    shown = picture.text() + picture.diagram() + picture.mermaid() + picture.report(0)
    assert TOKEN[: len(TOKEN) // 2] not in shown
    assert "[redacted]" in shown


# In reports


def test_the_report_of_a_failed_test_is_drawn_if_more_than_two_take_part(pytester: pytest.Pytester) -> None:
    """For a tool and GitHub alone, the text is enough."""
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.mark.parametrize("third", [False, True])
        def test_it(ghdeploy, third):
            ghdeploy.add_repository("octocat/example")
            if third:
                ghdeploy.deployer(steps=["queued"])
            requests.post("https://api.github.com/repos/octocat/example/deployments", json={"ref": "main"},
                          headers={"Authorization": "token a-token-for-tests"}, timeout=5)
            assert 0
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    plain, drawn = "\n".join(result.outlines).split("the conversation with https://api.github.com")[1:]
    assert plain.splitlines()[1].startswith("  1. POST /repos/octocat/example/deployments")
    assert drawn.splitlines()[1:3] == [
        "  octocat   GitHub    deployer[bot]",
        '  |-------->|         |    1. POST /repos/octocat/example/deployments {"ref": "main"}',
    ]


PARSE = """
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const page = new JSDOM("");
globalThis.window = page.window;
globalThis.document = page.window.document;
const { default: mermaid } = await import("mermaid");
const read = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const actors = [...db.getActors().values()].map((actor) => actor.description);
  read.push({ title: db.getDiagramTitle(), actors, messages: db.getMessages().map((message) => message.message) });
}
console.log(JSON.stringify(read));
"""
HOSTILE = [
    "", "  ", "end", "END;", "; drop", "# x", "\"q\" 'a'", "a\nb\nend\n", "\r", "\u2028x", "\x1b[31m",
    "%%{init: {'theme':'dark'}}%%", "%% comment", "wrap: x", "nowrap:y", "<script>alert(1)</script>", "&lt;",
    "#35;", "$$x^2$$", "activate P0", "+P1", "-P1", "participant X", "create participant Z", "destroy P0",
    "loop y", "alt", "else", "and", "option", "break", "rect rgb(0,0,0)", "box x", "Note over P0: z", ": : :",
    "->> P1", "P0->>P1: hi", "title: hi", "accDescr {", "links a: {}", "autonumber", "`code`", "\\n", "émoji 🚀",
    '@{ "type": "x" }', "{{", "}}", "[[x]]", "((x))", "///", "||", "==", "a" * 300,
]  # fmt: skip


@pytest.mark.slow
def test_mermaids_parser_finds_every_message(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It finds each party and each message, whatever their texts, and nothing else."""
    fetched.from_npm("mermaid")
    fetched.from_npm("jsdom")
    drawn = [ghdeploy.conversation.mermaid()]
    ghdeploy.deployer()
    for text in HOSTILE:
        requests.post(f"{API}/deployments", json={"ref": text}, headers=HEADERS, timeout=5)
        requests.post(f"{API}/deployments", data=text.encode(), headers=HEADERS | {"User-Agent": "x"}, timeout=5)
    repo.add_deployment(ref="main")
    drawn.append(ghdeploy.conversation.mermaid())
    named: list[tuple[Any, Parties]] = [
        (
            [
                Message(text or "x", GITHUB, text, "request"),
                Message(GITHUB, text or "x", text, "refusal", text, answer=True),
                Message(GITHUB, GITHUB, text, "warning"),
                text,
            ],
            Parties((text or "x",), ()),
        )
        for text in HOSTILE
        if text != GITHUB
    ]
    drawn += ["\n".join(as_mermaid(messages, parties)) for messages, parties in named]

    done = subprocess.run(  # noqa: S603 - our own script
        ["node", "--input-type=module", "-e", PARSE],  # noqa: S607 - as users have it
        input=json.dumps(drawn),
        cwd=fetched.NODE,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for text, read in zip(drawn, json.loads(done.stdout), strict=True):
        lines = text.split("\n")[1:]
        actors = sum(line.startswith(("    actor ", "    participant ")) for line in lines)
        assert (read["title"], len(read["actors"]), len(read["messages"])) == ("", actors, len(lines) - actors)
