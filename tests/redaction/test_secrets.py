"""Known secrets are hidden wherever they appear."""

from __future__ import annotations

import random
from threading import Thread
from time import perf_counter

import pytest

from pytest_ghdeploy.redaction.secrets import Secrets


def many(count: int = 100) -> list[str]:
    """Make so many tokens that they are searched for by an index."""
    return [f"some-token-{number:06d}" for number in range(count)]


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        ("hunter2", "wrong: 'hunter2', hunter2!", "wrong: '[redacted]', [redacted]!"),
        ("main", "main, domain, mainly", "[redacted], domain, mainly"),
        ("abc", "abc", "abc"),
        ("12345678", "x12345678y", "x[redacted]y"),
        ('a"b-änd-c', 'a\\"b-\\u00e4nd-c a\\"b-änd-c a%22b-%C3%A4nd-c', "[redacted] [redacted] [redacted]"),
        ("$ec!", "$ec! ($ec!)", "[redacted] ([redacted])"),
    ],
)
def test_a_declared_secret_is_redacted_from_four_characters_on(secret: str, text: str, redacted: str) -> None:
    """In any encoding. A shorter one could be a common word."""
    secrets = Secrets()
    secrets.add(secret)
    assert secrets.redact(text) == redacted
    assert secrets.redact_known_in_body(text.encode()) == redacted.encode()


def test_a_clients_token_is_redacted_from_eight_characters_on() -> None:
    """It may be any word, such as a name, and redacting a short one would make the report unreadable."""
    secrets = Secrets()
    secrets.add_token("octocat")
    secrets.add_token("octocats")
    assert secrets.redact("octocat, octocats") == "octocat, [redacted]"


def test_many_secrets_are_hidden_like_few() -> None:
    """An index finds them. Results are those of a search for each one."""
    choice = random.Random(12)  # noqa: S311 - the same in every run
    letters = 'abé-% \n"'
    for _ in range(300):
        words = ["".join(choice.choices(letters, k=choice.randrange(4, 14))) for _ in range(5)]
        text = "".join(choice.choices([*words, *letters], k=40))
        few, lots = Secrets(), Secrets()
        for word in words:
            few.add(word)
            lots.add(word)
        for other in many():
            lots.add(other)
        for short in range(1000, 1100):
            lots.add(f"#{short}")
        assert lots.redact_known(text) == few.redact_known(text)
        assert lots.redact_known_in_body(text.encode()) == few.redact_known_in_body(text.encode())


@pytest.mark.parametrize("others", [[], many()], ids=["few", "many"])
def test_secrets_may_contain_each_other(others: list[str]) -> None:
    """Whatever belongs to a secret is hidden. Overlapping secrets are one."""
    secrets = Secrets()
    for secret in ("abcdefgh", "abcdefgh-ijklmnop", "ijklmnop-qrstuvwx", "aaaaaaaa", *others):
        secrets.add_token(secret)
    for text, redacted in {
        "x abcdefgh y": "x [redacted] y",
        "abcdefgh-ijklmnop": "[redacted]",
        "abcdefgh-ijklmnop-qrstuvwx": "[redacted]",
        "abcdefghabcdefgh": "[redacted][redacted]",
        "a" * 12: "[redacted]",
        "abcdefg": "abcdefg",
    }.items():
        assert secrets.redact_known(text) == redacted


@pytest.mark.parametrize("others", [[], many()], ids=["few", "many"])
def test_a_secret_may_be_short_or_have_spaces(others: list[str]) -> None:
    """A short one counts only as a word."""
    secrets = Secrets()
    for secret in ("open sesame, please", "tok1", "a b c", *others):
        secrets.add(secret)
    text = "say 'open sesame, please' (open%20sesame%2C%20please, open+sesame%2C+please), tok1, tok12, xtok1; a b c"
    assert secrets.redact_known(text) == (
        "say '[redacted]' ([redacted], [redacted]), [redacted], tok12, xtok1; [redacted]"
    )


@pytest.mark.parametrize("secret", ["[redacted]", "redacted", "redacted]"])
def test_the_marker_is_no_secret(secret: str) -> None:
    """It would be marked again and again."""
    secrets = Secrets()
    secrets.add(secret)
    assert secrets.redact("was [redacted]") == "was [redacted]"


def test_secrets_can_be_added_while_others_are_hidden() -> None:
    """No reader fails, and what was added before is always hidden."""
    secrets = Secrets()
    secrets.add_token("known-from-the-start")
    tokens = many(4000)

    def add() -> None:
        for token in tokens:
            secrets.add_token(token)

    adding = Thread(target=add)
    adding.start()
    rounds = 0
    while adding.is_alive() or not rounds:
        assert secrets.redact("known-from-the-start") == "[redacted]"
        rounds += 1
    adding.join()
    assert secrets.redact(" ".join(tokens)) == " ".join(["[redacted]"] * len(tokens))


def test_the_time_does_not_grow_with_secrets_times_texts() -> None:
    """8,000 secrets against 8,000 texts would take minutes one by one."""
    secrets = Secrets()
    start = perf_counter()
    for token in many(8000):
        secrets.add_token(token)
    for number in range(8000):
        assert secrets.redact_known(f"some-token-{number:06d} at /repos/octocat/example {number}").startswith(
            "[redacted] at"
        )
    assert perf_counter() - start < 20
