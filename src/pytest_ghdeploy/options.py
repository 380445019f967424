"""
The options of a fake, each described once.

pytest has them as ini options and arguments of the marker, ``ghdeploy serve``
as options of the command line. pytest reads this table in every run of everyone
who has the package installed, so this module imports next to nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """
    An argument of ``FakeGitHub`` that can be written as text.

    Attributes:
        default: What it is if it is not given. Digits stand for a number.

        value: What the value is called in the help of a command; an empty text if it is true or false.
    """

    default: str
    meaning: str
    value: str = ""

    @property
    def is_switch(self) -> bool:
        """Whether it is true or false."""
        return not self.value

    @property
    def is_number(self) -> bool:
        """Whether it is a whole number."""
        return self.default.isdecimal()


OPTIONS = {
    "base_url": Option("https://api.github.com", "root of the fake's API", "URL"),
    "validate": Option("requests", 'validate "requests" only, or "all": answers and events too', "WHAT"),
    "enterprise_version": Option("3.19.0", "version of a fake whose base_url is a GitHub Enterprise Server", "VERSION"),
    "inactive_events": Option("false", "dispatch deployment_status for the state inactive too"),
    "auto_inactive_production": Option("false", "let auto_inactive retire production deployments too"),
    "delete_per_repository": Option(
        "false", "an active deployment can be deleted only if it is alone in its repository, not in its environment"
    ),
    "neutral_passes": Option("false", "a check run with the conclusion neutral satisfies required_contexts"),
    "short_shas": Option("false", "accept an abbreviated SHA as the ref of a deployment"),
    "contexts_before_merge": Option("false", "check required_contexts before auto_merge"),
    "list_all_contexts": Option("false", "a 409 for given required_contexts lists all contexts of the commit"),
    "payload_limit": Option("65535", "longest payload of a deployment in bytes of JSON, 0 for no limit", "BYTES"),
    "version_text_in_errors": Option(
        "false", 'an unknown X-GitHub-Api-Version is refused with "Bad Request", and the reason in errors'
    ),
    "null_is_absent": Option("true", "an optional member of a request body that is null counts as left out"),
    "branch_policy_redirect": Option(
        "list", 'the 303 for an existing branch policy leads to the "list" of policies, or to the "policy"', "WHERE"
    ),
    "legacy_delivery_headers": Option("false", "spell the header names of deliveries as GitHub did in 2023"),
}
"""By name. An ini option has ``ghdeploy_`` before it, an option of a command dashes for underscores."""

SEED = "seed files to load into the fake of each test, relative to the file with this option"
"""The ini option ``ghdeploy_seed``, which is no argument of a fake: what is done with one that has just been made."""
