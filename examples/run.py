"""
What ``make example`` runs: one deployment told as a conversation, then the example suites.

The tools and receivers under ``flask_receiver``, ``pygithub_tool``, ``requests_script``,
``starlette_receiver`` and ``waiting_tool`` know nothing of the fake; they are what a team would
write for GitHub itself.
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
    """Tells what was said since the last time."""

    def __init__(self, fake: FakeGitHub) -> None:
        """Start at the beginning."""
        self.fake = fake
        self.told = 0

    def tell(self, *explanation: str) -> None:
        """Print an explanation, then the conversation that belongs to it."""
        print(f"\n{textwrap.fill(' '.join(explanation), 100)}\n")
        text = self.fake.conversation_text()
        print(textwrap.indent(text[self.told :].strip("\n"), "    "))
        self.told = len(text)


def life_cycle() -> None:
    """Run the tool against a fake and tell what happens."""
    print("A deployment's life, as the fake GitHub heard it from the PyGithub tool:")
    with FakeGitHub() as fake:
        repo = fake.add_repository("octocat/example")
        repo.add_deployment(ref="main", environment="staging", description="Last week's").add_status("success")
        repo.add_branch("topic")
        repo.add_commit("topic", message="Answer faster")
        repo.add_commit_status("topic", state="pending", context="ci/tests")
        story = Story(fake)
        story.tell("Last week's deployment is live in staging. The tests of the branch topic are still running.")

        token = Auth.Token("a-token-for-examples")
        github = Github(auth=token, seconds_between_requests=None, seconds_between_writes=None)
        remote = github.get_repo("octocat/example")
        try:
            deployer.deploy(remote, "topic", "staging", roll_out=lambda _: None)
        except deployer.ChecksNotPassed as refusal:
            complaint = refusal
        story.tell(f'Somebody is too early: GitHub answers 409, and the tool says "{complaint}".')

        repo.add_commit_status("topic", state="success", context="ci/tests")
        repo.add_commit("main", message="Somebody else's work")
        deployer.deploy(remote, "topic", "staging", roll_out=lambda _: None)
        story.tell(
            "The tests pass, but by now main has moved on and topic is behind. GitHub merges main into topic and",
            "answers 202, which is no deployment yet. The tool asks again, gets one of the merge commit, rolls it",
            "out and reports.",
        )

        print("\nThat success has retired last week's deployment, which GitHub tells nobody. What staging has seen:\n")
        for deployment in repo.deployments:
            print(f"    {deployment.id}  {deployment.ref:6} {deployment.sha[:7]}  {deployment.state}")


def main() -> int:
    """Tell the story, run the suites, and return the exit status."""
    life_cycle()
    print("\nThe example suites:\n", flush=True)
    root = HERE.parent
    options = ["-v", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-W", "error"]
    options += ["-o", "ghdeploy_validate=all"]
    return subprocess.run([sys.executable, "-m", "pytest", "examples", *options], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
