"""
The options of a fake, each described once, and the defaults of ``ghdeploy serve``.

The options are ini options and marker arguments in pytest, and command-line options of
``ghdeploy serve``. pytest imports this module in every run, for everyone who has
the package installed, so it imports almost nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """
    An argument of ``FakeGitHub`` that can be written as a string.

    Attributes:
        default: The default value. Digits mean a number.

        value: The name of the value in the help of a command; ``""`` for true or false.
    """

    default: str
    meaning: str
    value: str = ""

    @property
    def is_switch(self) -> bool:
        """Whether the value is true or false."""
        return not self.value

    @property
    def is_number(self) -> bool:
        """Whether the value is a whole number."""
        return self.default.isdecimal()


OPTIONS = {
    "base_url": Option("https://api.github.com", "root URL of the fake's API", "URL"),
    "validate": Option("requests", 'validate only "requests", or "all": responses and events too', "WHAT"),
    "enterprise_version": Option("3.19.0", "version of GitHub Enterprise Server, if base_url is one", "VERSION"),
    "inactive_events": Option("false", "dispatch deployment_status for the state inactive too"),
    "auto_inactive_production": Option("false", "let auto_inactive retire production deployments too"),
    "delete_per_repository": Option(
        "false",
        "allow deleting an active deployment only if it is the only one in its repository, not just in its environment",
    ),
    "neutral_passes": Option("false", "let a check run with the conclusion neutral satisfy required_contexts"),
    "short_shas": Option("false", "accept an abbreviated SHA as the ref of a deployment"),
    "contexts_before_merge": Option("false", "check required_contexts before auto_merge"),
    "list_all_contexts": Option(
        "false", "list all contexts of the commit in a 409, even with explicit required_contexts"
    ),
    "payload_limit": Option("65535", "size limit of a deployment's payload in bytes of JSON, 0 for no limit", "BYTES"),
    "version_text_in_errors": Option(
        "false", 'refuse an unknown X-GitHub-Api-Version with the message "Bad Request" and the reason in errors'
    ),
    "null_is_absent": Option("true", "treat an optional member of a request body that is null as left out"),
    "branch_policy_redirect": Option(
        "list", 'lead the 303 for an existing branch policy to the "list" of policies, or to the "policy"', "WHERE"
    ),
    "legacy_delivery_headers": Option("false", "spell the header names of deliveries as GitHub did in 2023"),
    "mergeable_after": Option(
        "0", "how many reads of a pull request after a push say that mergeable is not known yet", "READS"
    ),
    "stateless_tokens": Option(
        "false", "issue tokens of installations in GitHub's format of 2026, with a JSON web token"
    ),
    "quoted_issuer": Option("true", "accept the id of an app as a string in the iss of a JSON web token"),
}
"""The options by name. Ini options start with ``ghdeploy_``; command-line options have dashes for underscores."""

DEFAULT_PORT = 8417
"""The port of ``ghdeploy serve``."""
DEFAULT_KEEP = 1000
"""How many requests, events and deliveries ``ghdeploy serve`` remembers at least, if they are not too large."""
DEFAULT_KEEP_BYTES = 64 * 1024 * 1024
"""The size at which ``ghdeploy serve`` forgets old requests, events and deliveries."""

SEED = "seed files to load into the fake of each test, relative to the file with this option"
"""The meaning of the ini option ``ghdeploy_seed``. It is not an argument of ``FakeGitHub``."""

REPOSITORIES = "full names of repositories to add to the fake of each test"
"""The meaning of the ini option ``ghdeploy_repositories``. It is not an argument of ``FakeGitHub``."""

OTHER_HOSTS = "hosts of GitHub to leave to other mocks and the network"
"""The meaning of the ini option ``ghdeploy_pass_through``. ``ghdeploy serve`` answers for one host only."""

REPORT_LINES = Option("100", "limit of lines of a conversation in the report of a failed test, 0 for no limit", "LINES")
"""The ini option ``ghdeploy_report_lines``. It is not an argument of ``FakeGitHub``."""
