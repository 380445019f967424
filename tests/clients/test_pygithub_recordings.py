"""
PyGithub's recorded exchanges with GitHub: the fake answers the same requests with the same status and shape.

Each recording is replayed against a fake that is set up alike. Ids, numbers,
SHAs and some names in its requests are replaced by those of the fake.
"""

from __future__ import annotations

import re
import time
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import recordings
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com"
RECENT = 2025
"""From this year on, a member of ours that was not recorded is a difference too."""


class World:
    """A repository with one of each thing that the recorded requests are about."""

    def __init__(self, fake: FakeGitHub, full_name: str, *, in_organization: bool) -> None:
        """Set up the repository *full_name*."""
        self.owner = full_name.partition("/")[0]
        fake.add_user(self.owner, type="Organization" if in_organization else "User")
        fake.add_user("reviewer")
        self.fake = fake
        self.replaced: dict[str, str] = {"master": "main"}
        """What stands for a recorded text."""
        self.jwt_seconds = 540
        """When a JSON web token expires."""
        self.repo = repo = fake.add_repository(full_name)
        self.root = repo.sha("main")
        repo.add_branch("topic")
        self.sha = repo.add_commit("topic", files={"a.txt": "a\n", "folder/b.txt": "b\n"})
        self.pull = repo.add_pull_request("topic", body="Please", labels=["wip", "refactoring", "improvement"])
        repo.add_commit("main")
        self.comment = self.pull.add_comment("A comment")
        self.review_id = self.pull.add_review("APPROVED", user="reviewer", body="A review").id
        self.commit_comment = repo.add_commit_comment(self.sha, "A comment")
        self.release = repo.add_release("v1.0")
        self.run = repo.add_check_run("topic", name="testrun")
        self.app = fake.add_app("recorded", owner=self.owner)
        self.installation = self.app.install(self.owner)

    def send(self, exchange: recordings.Exchange) -> requests.Response:
        """Send a recorded request to the fake, as the owner of the repository or as an app."""
        path, body = self._replace(exchange.path), self._replace(exchange.request_body)
        if exchange.method in ("PATCH", "DELETE"):
            path = path.replace("/git/ref/", "/git/refs/")  # these paths were written by hand
        headers = {"Accept": exchange.request_headers.get("Accept", "*/*"), "Authorization": self._token(exchange)}
        return requests.request(
            exchange.method, API + path, data=body.encode(), headers=headers, timeout=10, allow_redirects=False
        )

    def learn(self, recorded: object, answered: object) -> None:
        """Replace a recorded id, number or SHA by the fake's in later requests."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for name in {"id", "sha", "number"} & recorded.keys() & answered.keys():
                self.replaced.setdefault(str(recorded[name]), str(answered[name]))

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Add something that only requests can add."""
        url, headers = f"{API}/repos/{self.repo.full_name}/{path}", {"Authorization": "token of-the-owner"}
        response = requests.post(url, json=body, headers=headers, timeout=10)
        response.raise_for_status()
        return response.json()

    def reaction(self, subject: str) -> Any:  # noqa: ANN401 - an id
        """React to a subject."""
        return self.post(f"{subject}/reactions", {"content": "+1"})["id"]

    def _replace(self, text: str) -> str:
        for pattern, value in PLACES:
            for match in re.finditer(pattern, text):
                if match[1] not in self.replaced:
                    self.replaced[match[1]] = str(value(self))
        words = sorted(self.replaced, key=len, reverse=True)
        known = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)
        return re.sub(known, lambda match: self.replaced[match[0]], text)

    def _token(self, exchange: recordings.Exchange) -> str:
        if exchange.path.startswith("/installation/"):
            return f"token {self.installation.token()}"
        if exchange.path.startswith("/user/installations"):
            return f"token {self.installation.user_token(self.owner)}"
        if not exchange.request_headers.get("Authorization", "").endswith("jwt_removed"):
            return "token of-the-owner"
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + self.jwt_seconds, "iss": str(self.app.id)}
        return f"Bearer {jwt.encode(claims, self.app.private_key, 'RS256')}"


def _tree(world: World) -> Any:  # noqa: ANN401 - a SHA
    files = [{"path": path, "mode": "100644", "content": "text"} for path in (".github/a", "b")]
    return world.post("git/trees", {"tree": files})["sha"]


def _tag(world: World) -> Any:  # noqa: ANN401 - a SHA
    return world.post("git/tags", {"tag": "v9", "message": "Nine", "object": world.sha, "type": "commit"})["sha"]


# A text in a path or a body, and what stands for it.
PLACES: list[tuple[str, Callable[[World], Any]]] = [
    (r"/pulls/\d+/reviews/(\d+)", lambda world: world.review_id),
    (r"/pulls/(\d+)", lambda world: world.pull.number),
    (r"/issues/comments/\d+/reactions/(\d+)", lambda world: world.reaction(f"issues/comments/{world.comment.id}")),
    (r"/issues/comments/(\d+)", lambda world: world.comment.id),
    (r"/issues/\d+/reactions/(\d+)", lambda world: world.reaction(f"issues/{world.pull.number}")),
    (r"/issues/(\d+)", lambda world: world.pull.number),
    (r"\w/comments/\d+/reactions/(\d+)", lambda world: world.reaction(f"comments/{world.commit_comment.id}")),
    (r"^/repos/[^/]+/[^/]+/comments/(\d+)", lambda world: world.commit_comment.id),
    (r"/releases/(\d+)", lambda world: world.release.id),
    (r"/check-suites/(\d+)", lambda world: world.run.check_suite.id),
    (r"/git/blobs/([0-9a-f]{40})", lambda world: world.post("git/blobs", {"content": "text"})["sha"]),
    (r"/git/trees/([0-9a-f]{40})", _tree),
    (r"/git/tags/([0-9a-f]{40})", _tag),
    (r"commits/([0-9a-f]{40})", lambda world: world.sha),
    (r"/app/installations/(30614431|30614487|36541767)\b", lambda world: world.installation.id),
    (r'"(?:object|expected_head_sha|target_commitish|commit_id)": ?"([0-9a-f]{40})"', lambda world: world.sha),
    (r'"sha": ?"([0-9a-f]{40})", "ref"', lambda world: world.sha),
    (r'"ref": [^}]*"sha": ?"([0-9a-f]{40})"', lambda world: world.sha),
    (r'^\{"sha": ?"([0-9a-f]{40})"', lambda world: world.sha),
    (r'"(?:tree|base_tree)": ?"([0-9a-f]{40})"', _tree),
    (r'"blob", [^}]*"sha": ?"([0-9a-f]{40})"', lambda world: world.post("git/blobs", {"content": "text"})["sha"]),
]


def branch(world: World) -> None:
    """Give the branch that recordings of refs are about."""
    world.repo.add_branch("BranchCreatedByPyGithub", from_ref=world.root)


def long_branch(world: World) -> None:
    """Let the pull request have the branch with the long name."""
    world.replaced[LONG] = "topic"


def pending_review(world: World) -> None:
    """Begin a review."""
    world.review_id = world.post(f"pulls/{world.pull.number}/reviews", {"body": "Later"})["id"]


def reviewers(world: World) -> None:
    """Let those be collaborators who are asked for a review."""
    world.repo.add_collaborator("sfdye")
    world.fake.add_team(world.owner, "pygithub-owners")


def labelled(world: World) -> None:
    """Put the labels on the issue that are taken off."""
    for name in ("Bug", "Question"):
        world.pull.add_label(name)


def silly_label(world: World) -> None:
    """Add the label that is read."""
    world.repo.add_label("Label with silly name % * + created by PyGithub")


def other_head(world: World) -> None:
    """Add a branch that can be the head of a pull request."""
    world.repo.add_branch("other")
    world.repo.add_commit("other")
    world.replaced |= {"BeaverSoftware:master": f"{world.owner}:other", "topic/RewriteWithGeneratedCode": "main"}


def reaction(world: World) -> None:
    """React to the release."""
    world.reaction(f"releases/{world.release.id}")


def other_repository(world: World) -> None:
    """Let one repository stand for both."""
    world.replaced["wrecker/PySample"] = world.repo.full_name


def expired(world: World) -> None:
    """Let JSON web tokens be too old."""
    world.jwt_seconds = -60


def installed(world: World) -> None:
    """Let the app be installed on the account that is asked about."""
    world.replaced |= dict.fromkeys(["GithubApp-Test-Org", "ammarmallik"], world.owner)


def committed(world: World) -> None:
    """Give the branch to which files are committed through the API of git, and the SHA of its head."""
    world.repo.add_branch("commit-with-multiple-files", from_ref=world.sha)
    world.replaced["162ce9d0ed69b9e4950c92e1896ab3539a9cba1a"] = world.sha


LONG = "-".join([*(f"revert-{number}" for number in range(20, 0, -1) if number != 17), "testing"])

# Further set-up by the name of a recording.
GIVEN: dict[str, Callable[[World], None]] = {
    "CheckSuite.setUp": other_repository,
    "GitRef.testExample": committed,
    "GitRef.*": branch,
    "GitRelease.testGetLazyLatestRelease": reaction,
    "GitRelease.testGet*": lambda world: world.replaced.update({"v1.55": "v1.0"}),
    "GithubIntegration.testGetAccessTokenWithExpiredJWT": expired,
    "GithubIntegration.*": installed,
    "Issue.test*Labels": labelled,
    "PullRequest.testRestoreBranch": lambda world: world.replaced.update({LONG: "restored"}),
    "PullRequest.test*Branch": long_branch,
    "PullRequest.testDeleteOnMerge": long_branch,
    "PullRequest.testReviewRequests": reviewers,
    "PullRequestReview1856.testDelete": pending_review,
    "Repository.testCreatePull": other_head,
    "Repository.testGetLabel": silly_label,
}

# The recordings whose operations the fake has. Those of review comments, files of releases, forks, plain issues and
# GraphQL are left out.
RECORDINGS = [
    "AuthenticatedUser.testGetRepos",
    "AuthenticatedUser.testInstallations",
    "CheckSuite.setUp",
    "CheckSuite.testGetCheckRuns",
    "CheckSuite.testGetCheckRunsFilterByCheckName",
    "CheckSuite.testGetCheckRunsFilterByFilter",
    "CheckSuite.testGetCheckRunsFilterByStatus",
    "CheckSuite.testGetCheckSuitesForRef",
    "CheckSuite.testGetCheckSuitesForRefFilterByAppId",
    "CheckSuite.testGetCheckSuitesForRefFilterByCheckName",
    "Commit.testCreateComment",
    "Commit.testCreateCommentOnFileLine",
    "Commit.testCreateCommentOnFilePosition",
    "Commit.testGetComments",
    "Commit.testGetPulls",
    "CommitComment.setUp",
    "CommitComment.testCreateReaction",
    "CommitComment.testDelete",
    "CommitComment.testDeleteReaction",
    "CommitComment.testEdit",
    "CommitComment.testGetReactions",
    "Environment.testEnvironmentSecret",
    "Environment.testEnvironmentSecrets",
    "Environment.testEnvironmentVariable",
    "Environment.testEnvironmentVariables",
    "GitBlob.setUp",
    "GitCommit.setUp",
    "GitCommitVerification.setUp",
    "GitRef.setUp",
    "GitRef.testDelete",
    "GitRef.testEdit",
    "GitRef.testEditWithForce",
    "GitRef.testExample",
    "GitTag.setUp",
    "GitTree.setUp",
    "GitRelease.setUp",
    "GitRelease.testCreateGitTagAndRelease",
    "GitRelease.testDelete",
    "GitRelease.testGetLatestRelease",
    "GitRelease.testGetLazyLatestRelease",
    "GitRelease.testGetLazyReleaseByTag",
    "GitRelease.testGetRelease",
    "GitRelease.testGetReleaseByTag",
    "GitRelease.testUpdate",
    "GithubApp.setUp",
    "GithubApp.testGetAuthenticatedApp",
    "GithubIntegration.testAppAuth",
    "GithubIntegration.testGetAccessToken",
    "GithubIntegration.testGetAccessTokenForNoInstallation",
    "GithubIntegration.testGetAccessTokenWithExpiredJWT",
    "GithubIntegration.testGetAccessTokenWithInvalidData",
    "GithubIntegration.testGetAccessTokenWithInvalidPermissions",
    "GithubIntegration.testGetApp",
    "GithubIntegration.testGetAppInstallation",
    "GithubIntegration.testGetInstallationNotFound",
    "GithubIntegration.testGetInstallations",
    "GithubIntegration.testGetOrgInstallation",
    "GithubIntegration.testGetRepoInstallation",
    "GithubIntegration.testGetUserInstallation",
    "Installation.setUp",
    "Installation.testGetRepos",
    "Issue.testAddAndRemoveLabels",
    "Issue.testCreateComment",
    "Issue.testCreateReaction",
    "Issue.testDeleteAndSetLabels",
    "Issue.testDeleteReaction",
    "Issue.testGetComments",
    "Issue.testGetCommentsSince",
    "Issue.testGetLabels",
    "Issue.testGetReactions",
    "IssueComment.setUp",
    "IssueComment.testCreateReaction",
    "IssueComment.testDelete",
    "IssueComment.testDeleteReaction",
    "IssueComment.testEdit",
    "IssueComment.testGetReactions",
    "Label.setUp",
    "Label.testDelete",
    "Label.testEdit",
    "Organization.testGetRepos",
    "Organization.testGetReposSorted",
    "Organization.testGetReposWithType",
    "PullRequest.testAddAndRemoveLabels",
    "PullRequest.testAddAndRemoveLabelsWithStringArguments",
    "PullRequest.testCreateIssueComment",
    "PullRequest.testDeleteAndSetLabels",
    "PullRequest.testDeleteAndSetLabelsWithStringArguments",
    "PullRequest.testDeleteBranch",
    "PullRequest.testDeleteOnMerge",
    "PullRequest.testEditWithAllArguments",
    "PullRequest.testEditWithoutArguments",
    "PullRequest.testForceDeleteBranch",
    "PullRequest.testGetCommits",
    "PullRequest.testGetFiles",
    "PullRequest.testGetIssueComment",
    "PullRequest.testGetIssueComments",
    "PullRequest.testGetLabels",
    "PullRequest.testMerge",
    "PullRequest.testMergeWithCommitMessage",
    "PullRequest.testRestoreBranch",
    "PullRequest.testReviewRequests",
    "PullRequest.testUpdateBranch",
    "PullRequest1169.testReviewApproveWithoutBody",
    "PullRequestFile.setUp",
    "PullRequestReview.setUp",
    "PullRequestReview.testAttributes",
    "PullRequestReview.testDismiss",
    "PullRequestReview.testEdit",
    "PullRequestReview1856.testDelete",
    "Reaction.testAttributes",
    "Repository.testCreateGitBlob",
    "Repository.testCreateGitCommit",
    "Repository.testCreateGitCommitWithAllArguments",
    "Repository.testCreateGitCommitWithParents",
    "Repository.testCreateGitRef",
    "Repository.testCreateGitRelease",
    "Repository.testCreateGitReleaseGenerateReleaseNotes",
    "Repository.testCreateGitReleaseWithAllArguments",
    "Repository.testCreateGitTag",
    "Repository.testCreateGitTagWithAllArguments",
    "Repository.testCreateGitTree",
    "Repository.testCreateGitTreeWithBaseTree",
    "Repository.testCreateGitTreeWithNullSha",
    "Repository.testCreateGitTreeWithSha",
    "Repository.testCreateLabel",
    "Repository.testCreatePull",
    "Repository.testCreateRepositoryDispatch",
    "Repository.testGenerateReleaseNotes",
    "Repository.testGenerateReleaseNotesWithAllArguments",
    "Repository.testGetArchiveLink",
    "Repository.testGetComments",
    "Repository.testGetGitRef",
    "Repository.testGetGitRefs",
    "Repository.testGetGitTreeWithRecursive",
    "Repository.testGetIssuesComments",
    "Repository.testGetLabel",
    "Repository.testGetLabels",
    "Repository.testGetPulls",
    "Repository.testGetPullsWithArguments",
    "Repository.testGetTopics",
    "Repository.testReplaceTopics",
]

# Requests by which PyGithub only finds the thing that the recording is about: other tests compare these.
_LEADING_THERE = re.compile(
    r"/user|/users/[^/]+|/repos/[^/]+/[^/]+|/repositories/.*|.*/environments/[^/]+|.*/issues/\d+"
)

# By recording and request: the status of the fake, where it differs, and why.
OTHER_STATUSES = {
    ("PullRequest.testReviewRequests", "DELETE"): (200, "written by hand, without a date; other recordings have 200"),
    ("PullRequest.testUpdateBranch", "PUT"): (422, "the base was pushed to again before the second request"),
    ("Repository.testCreateGitTreeWithNullSha", "POST"): (
        422,
        "written by hand: the tree has a file of another request",
    ),
}

# By recording and place: differences of the shape, and why.
OTHER_SHAPES = {
    "*.permissions.*": "another app has other permissions",
    "PullRequestReview.setUp *.submitted_at": "today, a review without an event is pending",
    "Label.setUp *.archived_??": "described since October 2026",
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_fake_answers_like_github(ghdeploy: FakeGitHub, name: str) -> None:
    """Each request gets the recorded status, and the body has each recorded member, with its type."""
    exchanges = recordings.load(name)
    paths = [exchange.path for exchange in exchanges]
    repository = next((match[1] for path in paths if (match := re.match(r"/repos/([^/]+/[^/?]+)", path))), "")
    organization = next((match[1] for path in paths if (match := re.match(r"/orgs/([^/]+)/repos", path))), "")
    world = World(
        ghdeploy,
        repository or f"{organization or 'PyGithub'}/PyGithub",
        in_organization=bool(organization) or "Org" in name or "ReviewRequests" in name,
    )
    for pattern, prepare in GIVEN.items():
        if fnmatch(name, pattern):
            prepare(world)
            break
    differing = []
    for exchange in exchanges:
        response = world.send(exchange)
        answered = response.json() if "json" in response.headers.get("Content-Type", "") else None
        world.learn(exchange.body, answered)
        if _LEADING_THERE.fullmatch(exchange.path.partition("?")[0]):
            continue
        status, _ = OTHER_STATUSES.get((name, exchange.method), (exchange.status, ""))
        if response.status_code not in (exchange.status, status):
            differing.append(f"{exchange.method} {exchange.path}: {response.status_code} {response.text[:300]}")
        elif response.ok:
            places = recordings.differences(exchange.body, answered, is_recent=exchange.year >= RECENT)
            differing += [
                f"{exchange.method} {exchange.path}: {place}"
                for place in places
                if not any(fnmatch(f"{name} {place.partition(':')[0]}", known) for known in OTHER_SHAPES)
            ]
    assert not differing
