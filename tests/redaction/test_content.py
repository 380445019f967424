"""Hiding secrets by their names and in URLs."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest

from pytest_ghdeploy.redaction.content import (
    hide,
    hide_in_body,
    hide_in_headers,
    hide_in_value,
    without_likely_credentials,
)
from pytest_ghdeploy.redaction.secrets import Secrets


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"secret": "abc", "ref": "main"}', b'{"secret": "[redacted]", "ref": "main"}'),
        (b'{"secret":"a\\"b\\\\","x":1}', b'{"secret":"[redacted]","x":1}'),
        (b'{"secret": ""}', b'{"secret": ""}'),
        (b'{"secret": null}', b'{"secret": null}'),
        (b'{"secret": 12345}', b'{"secret": "[redacted]"}'),
        (b'{"Client_Secret": "x", "password": "y", "token" : "z"}',
         b'{"Client_Secret": "[redacted]", "password": "[redacted]", "token" : "[redacted]"}'),
        (b'{"secret": "no \\q JSON"}', b'{"secret": "[redacted]"}'),
        (b'{"secret": "never ends', b'{"secret": "[redacted]'),
        (b'{"payload": "{\\"token\\": \\"abc\\", \\"a\\": 1}"}',
         b'{"payload": "{\\"token\\": \\"[redacted]\\", \\"a\\": 1}"}'),
        (b"secret=abc+d&url=x", b"secret=[redacted]&url=x"),
        (b"url=x&config[secret]=abc&config%5Bsecret%5D=abc",
         b"url=x&config[secret]=[redacted]&config%5Bsecret%5D=[redacted]"),
        (b'{"url": "http://localhost/?a=1&token=abc#x"}', b'{"url": "http://localhost/?a=1&token=[redacted]#x"}'),
        (b'{"url": "http://me:abc@localhost/"}', b'{"url": "http://[redacted]@localhost/"}'),
        (b'{"url": "http://me:ab@c@localhost/@x"}', b'{"url": "http://[redacted]@localhost/@x"}'),
        (b'{"description": "the secret is out: token"}', b'{"description": "the secret is out: token"}'),
        (b'{"secrets": "none", "tokens": 5, "mail": "a@b"}', b'{"secrets": "none", "tokens": 5, "mail": "a@b"}'),
        (b'{"secrets": {"a": "b"}, "tokens": [ "c" ]}', b'{"secrets": "[redacted]", "tokens": "[redacted]"}'),
        (b'{"secrets": [{"name": "A"}], "tokens": []}', b'{"secrets": [{"name": "A"}], "tokens": []}'),
        (b'{"auth": {"a": ["}", {"b": 1}]}, "c": 2}', b'{"auth": "[redacted]", "c": 2}'),
        (b'{"auth": {"a": 1', b'{"auth": "[redacted]'),
        (b'{"auth": {}, "token": [ ]}', b'{"auth": {}, "token": [ ]}'),
        (b'{"token": true, "password": false, "permissions": {"id-token": "write"}}',
         b'{"token": true, "password": false, "permissions": {"id-token": "write"}}'),
        (b'{"db_password": "x", "AWS_SECRET_ACCESS_KEY": "y", "key": "z"}',
         b'{"db_password": "[redacted]", "AWS_SECRET_ACCESS_KEY": "[redacted]", "key": "z"}'),
        (b'{"to\\u006ben": "abc"}', b'{"to\\u006ben": "[redacted]"}'),
        (b'{"private_key": "line 1\nline 2", "x": 1}', b'{"private_key": "[redacted]", "x": 1}'),
        (b'{"a": "{\\"b\\": \\"{\\\\\\"token\\\\\\": \\\\\\"x\\\\\\"}\\"}"}',
         b'{"a": "{\\"b\\": \\"{\\\\\\"token\\\\\\": \\\\\\"[redacted]\\\\\\"}\\"}"}'),
        (b'{"a": "{\\"auth\\": {\\"b\\": \\"}\\"}, \\"c\\": 1}"}',
         b'{"a": "{\\"auth\\": \\"[redacted]\\", \\"c\\": 1}"}'),
        (b"{'token': 'abc', 'n': b'x', 'secret': b'x'}",
         b"{'token': '[redacted]', 'n': b'x', 'secret': b'[redacted]'}"),
        (b"payload=%7B%22token%22%3A+%22abc%22%7D&a=%22", b"payload=%7B%22token%22%3A+%22%5Bredacted%5D%22%7D&a=%22"),
        (b"api_key=abc&author=me&token_type=x", b"api_key=[redacted]&author=me&token_type=x"),
        (b'{"url": "ssh://git@localhost/", "b": "x://t0ken@h/"}',
         b'{"url": "ssh://git@localhost/", "b": "x://[redacted]@h/"}'),
        (b"\xff\x00 secret", b"\xff\x00 secret"),
        (b'{"secret": "\\ud800abcdefgh"}', b'{"secret": "[redacted]"}'),
    ],
)  # fmt: skip
def test_a_secret_member_is_redacted_in_a_body(body: bytes, kept: bytes) -> None:
    """In JSON, in JSON within a string, in a form and in a URL. Only values are redacted."""
    assert hide_in_body(body, Secrets().learn) == kept
    assert hide_in_body(kept) == kept


@pytest.mark.parametrize(
    ("url", "shown", "refused"),
    [
        ("http://localhost/@x?a=b", "http://localhost/@x?a=b", "http://[redacted]@x?a=b"),
        ("http://me:ab@localhost/?Token=x&y=z", "http://[redacted]@localhost/?Token=[redacted]&y=z", None),
        ("http://me:ab@c@localhost/", "http://[redacted]@localhost/", None),
        ("http://me:a/b@localhost/", "http://me:a/b@localhost/", "http://[redacted]@localhost/"),
        ("http://me:a?b#c\n@[local/", "http://me:a?b#c\n@[local/", "http://[redacted]@[local/"),
        ("me:ab@localhost", "me:ab@localhost", "[redacted]@localhost"),
        (
            "http://localhost/x?ref=https%3A%2F%2Fme%3Aab%40localhost&user=me%40x",
            "http://localhost/x?ref=https%3A%2F%2F[redacted]%40localhost&user=me%40x",
            None,
        ),
        ("http://localhost/x/https%3a//me:a%40b%40c%2f%40", "http://localhost/x/https%3a//[redacted]%40c%2f%40", None),
        ("/x?url=https%3A%2F%2Fb&to=a%40b", "/x?url=https%3A%2F%2Fb&to=a%40b", None),
        ("/x/ssh%3A%2F%2Fgit%40localhost", "/x/ssh%3A%2F%2Fgit%40localhost", None),
    ],
)
def test_credentials_are_redacted_in_a_url(url: str, shown: str, refused: str | None) -> None:
    """In an invalid URL, everything that could be a password is redacted."""
    assert hide(url) == shown
    assert without_likely_credentials(url) == (shown if refused is None else refused)


@pytest.mark.parametrize(
    "value",
    [
        {"token": "x", "author": "y", "n": [{"api_key": 5}, ["https://me:x@localhost/"]]},
        {"secrets": ["a"], "tokens": [1], "credentials": {"a": {"b": 1}}, "password": None, "auth": True},
        {"payload": json.dumps({"token": "x", "b": 1}), "secret": "********", "cookie": "", "signature": []},
    ],
)
def test_a_value_and_its_text_hide_the_same(value: Any) -> None:  # noqa: ANN401 - any JSON
    """There is one rule, for JSON in a body and for JSON that was read already."""
    assert hide_in_value(value) == json.loads(hide(json.dumps(value)))
    assert hide_in_value(value) != value or "********" in str(value)


def test_headers_are_hidden_by_name_and_content() -> None:
    """Values of other headers are texts."""
    assert hide_in_headers(
        {"authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "a=b", "X-OAuth-Scopes": "repo", "X-Token": "",
         "Link": '<https://localhost/?access_token=x&page=2>; rel="next"', "Referer": "https://me:x@localhost/"}
    ) == {
        "authorization": "[redacted]", "X-Api-Key": "[redacted]", "Cookie": "[redacted]", "X-OAuth-Scopes": "repo",
        "X-Token": "", "Link": '<https://localhost/?access_token=[redacted]&page=2>; rel="next"',
        "Referer": "https://[redacted]@localhost/",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("payload {'api_key': 'it\\'s', 'a': 1}  <--", "payload {'api_key': '[redacted]', 'a': 1}  <--"),
        ("don't say 'token': known are x", "don't say 'token': known are x"),
        ('{"token": "[redac… (300 bytes)\n  2. GET "/x"', '{"token": "[redacted]\n  2. GET "/x"'),
        ("path 'http://localhost/?token=abc' is wrong", "path 'http://localhost/?token=[redacted]' is wrong"),
        ("http://localhost/?token=ab'c", "http://localhost/?token=[redacted]"),
        ("a token: see https://docs.github.com/rest?author=me", "a token: see https://docs.github.com/rest?author=me"),
    ],
)
def test_a_message_hides_what_it_quotes(text: str, hidden: str) -> None:
    """Mappings look as Python prints them. A value that was cut ends with its line."""
    assert hide(text) == hidden


def test_what_a_body_reveals_is_learned_once_decoded() -> None:
    """Values of vague names can be ordinary words, so they are not learned."""
    learned: list[tuple[str, str]] = []
    body = {
        "token": 'a"b',
        "auth": {"password": "pä"},
        "cookie": "c",
        "a": json.dumps({"api_key": "x\\y"}),
        "secret": 5,
    }
    hide_in_body(json.dumps(body).encode(), lambda *found: learned.append(found))
    hide_in_body(b"a=1&client_secret=b+c%21", lambda *found: learned.append(found))
    assert learned == [
        ("token", 'a"b'), ("password", "pä"), ("api_key", "x\\y"), ("secret", "5"), ("client_secret", "b c!")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "part",
    [
        *(
            '"token": "a-value", ',
            '"',
            '\\"',
            '"token": ',
            '"token": [',
            '"secrets": ["a", ',
            '\\"token\\": \\"',
            "?token=a&",
            "://",
        ),
        *("?", "&a", "://a", "'token': ", "{", '"auth": {"a": 1', '"secrets": {"a": "b", "secrets": ', "a=%22%2522"),
    ],
)
def test_the_time_is_linear_in_the_length(part: str) -> None:
    """Whatever is repeated. A quadratic search in 1 MB would take minutes."""
    text = part * (1_000_000 // len(part))
    start = perf_counter()
    hide(text)
    assert perf_counter() - start < 20
