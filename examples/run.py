"""
The program behind ``make example``: print the conversation of one deployment, then run the example suites.

The tools and receivers in ``flask_receiver``, ``pygithub_tool``, ``requests_script``,
``starlette_receiver`` and ``waiting_tool`` do not know about the fake. A team would write
them the same way for GitHub itself.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from github import Auth, Github
from pygithub_tool import deployer

from pytest_ghdeploy import FakeGitHub

HERE = Path(__file__).parent


class Story:
    """Prints a fake's conversation in parts, each with an explanation."""

    def __init__(self, fake: FakeGitHub) -> None:
        """Start before the first request."""
        self.fake = fake
        self.printed_length = 0

    def tell(self, *explanation: str) -> None:
        """Print an explanation, then the part of the conversation since the last one."""
        print(f"\n{textwrap.fill(' '.join(explanation), 100)}\n")
        text = self.fake.conversation_text()
        print(textwrap.indent(text[self.printed_length :].strip("\n"), "    "))
        self.printed_length = len(text)


def life_cycle() -> None:
    """Run the PyGithub tool against a fake and explain what happens."""
    print("The life cycle of a deployment: requests of the PyGithub tool, and the fake's responses and events.")
    with FakeGitHub() as fake:
        repo = fake.add_repository("octocat/example")
        repo.add_deployment("main", environment="staging", description="Last week's release").add_status("success")
        repo.add_branch("topic")
        repo.add_commit("topic", message="Answer faster")
        repo.add_commit_status("topic", state="pending", context="ci/tests")
        story = Story(fake)
        story.tell("Last week's deployment is live in staging. The tests of branch topic are still running.")

        token = Auth.Token("a-token-for-examples")
        github = Github(auth=token)
        remote = github.get_repo("octocat/example")
        try:
            deployer.deploy(remote, "topic", "staging", roll_out=lambda _: None)
        except deployer.ChecksNotPassed as refusal:
            message = refusal
        story.tell(f'Deploying now is too early: GitHub returns 409, and the tool reports "{message}".')

        repo.add_commit_status("topic", state="success", context="ci/tests")
        repo.add_commit("main", message="Somebody else's work")
        deployer.deploy(remote, "topic", "staging", roll_out=lambda _: None)
        story.tell(
            "The tests pass, but meanwhile main has a new commit, so topic is behind. GitHub merges main into topic",
            "and returns 202 without a deployment. The tool repeats the request, gets a deployment of the merge",
            "commit, rolls it out and reports its status.",
        )

        print("\nThe new success made last week's deployment inactive, without an event. All deployments to staging:\n")
        for deployment in repo.deployments:
            print(f"    {deployment.id}  {deployment.ref:6} {deployment.sha[:7]}  {deployment.state}")


def main() -> int:
    """Print the life cycle, run the suites, and return pytest's exit status."""
    life_cycle()
    print("\nThe example suites:\n", flush=True)
    root = HERE.parent
    options = ["-v", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-W", "error"]
    options += ["-o", "ghdeploy_validate=all"]
    return subprocess.run([sys.executable, "-m", "pytest", "examples", *options], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
