"""What a repository is read for: pull requests, ranges of commits, and the login behind a token."""

from __future__ import annotations

import pytest

from perfgate.errors import InvalidInput, NotFound
from perfgate.github import CommitRange, PullRequest, RangeCommit, Repository
from standin import Change, StandIn

NAME = "octocat/hello"
HEAD, BASE = "a" * 40, "b" * 40


class TestPullRequest:
    def test_is_read_at_every_call(self, github: StandIn, repository: Repository) -> None:
        """A push between two calls is visible in the second."""
        github.push(NAME, 1, "c" * 40)

        assert repository.pull_request(1) == PullRequest(
            number=1,
            title="Sort faster",
            state="open",
            head_sha="c" * 40,
            head_repository=NAME,
            base_sha=BASE,
            base_ref="main",
        )

    def test_from_a_fork_names_the_fork(self, github: StandIn, repository: Repository) -> None:
        """The repository of the proposed branch is named, because results from a fork are not trusted."""
        number = github.open_pull_request(
            NAME, title="From a fork", head_sha=HEAD, base_sha=BASE, head_repository="contributor/hello"
        )

        assert repository.pull_request(number).head_repository == "contributor/hello"


class TestCommitRange:
    def test_is_listed_newest_first_with_merged_pull_requests(self, github: StandIn, repository: Repository) -> None:
        """The subject is the first line of the message, and only merged pull requests are listed with a commit."""
        github.add_line(NAME, Change(BASE), Change("c" * 40, "Sort\n\nSlowly.", "Ada", (7, 3)), Change(HEAD, "Tidy"))

        found = repository.commits_between(BASE, HEAD, limit=10)

        assert found.count == 2
        assert found.newest == (  # pull request 1 holds HEAD, and is open
            RangeCommit(sha=HEAD, subject="Tidy", author=""),
            RangeCommit(sha="c" * 40, subject="Sort", author="Ada", pull_requests=(3, 7)),
        )

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 205])
    def test_counts_all_commits_and_lists_the_newest(self, github: StandIn, repository: Repository, count: int) -> None:
        """However many pages the comparison has, all commits are counted and the newest are listed."""
        line = [f"{number:040x}" for number in range(count + 1)]
        github.add_line(NAME, *map(Change, line))

        found = repository.commits_between(line[0], line[-1], limit=10)

        assert found.count == count
        assert [commit.sha for commit in found.newest] == line[:0:-1][:10]

    def test_of_an_unknown_commit_is_not_found(self, github: StandIn, repository: Repository) -> None:
        """A commit that GitHub does not have is an error, not an empty range."""
        github.add_line(NAME, Change(HEAD))

        with pytest.raises(NotFound, match="compare"):
            repository.commits_between(BASE, HEAD, limit=10)


@pytest.mark.parametrize("name", ["", "hello", "a/b/c", "../hello", "octocat/..", "octo cat/hello", "octocat/hello?x"])
def test_a_repository_has_owner_and_name(name: str) -> None:
    """A name that would change the path of a request is refused before anything is sent."""
    with pytest.raises(InvalidInput, match="write it as owner/name"):
        Repository(name, "token")


class TestFirstParentLine:
    def test_leads_from_base_to_head(self, github: StandIn, repository: Repository) -> None:
        """The line holds the commits after the base, the oldest first, without their pull requests."""
        github.add_line(NAME, Change(BASE), Change("c" * 40, "Sort", "Ada", (7,)), Change(HEAD, "Tidy"))

        expected = (
            RangeCommit(sha="c" * 40, subject="Sort", author="Ada"),
            RangeCommit(sha=HEAD, subject="Tidy", author=""),
        )
        assert expected == repository.commits_between(BASE, HEAD, limit=1).line

    def test_is_empty_where_the_range_is_too_long(self, github: StandIn, repository: Repository) -> None:
        """Of more than five pages only the end is read, which does not reach the base."""
        line = [f"{number:040x}" for number in range(602)]
        github.add_line(NAME, *map(Change, line))
        found = repository.commits_between(line[0], line[-1], limit=1)

        assert 601 == found.count
        assert () == found.line
        assert 3 == [exchange.operation for exchange in github.exchanges].count("repos/compare-commits-with-basehead")

    def test_of_nothing_is_empty(self, github: StandIn, repository: Repository) -> None:
        """A commit has no commits that it itself lacks."""
        github.add_line(NAME, Change(HEAD))

        assert CommitRange(count=0, newest=(), line=()) == repository.commits_between(HEAD, HEAD, limit=10)


class TestFile:
    def test_is_read_at_a_ref(self, github: StandIn, repository: Repository) -> None:
        """The text of one branch is not that of another, and bytes that are no UTF-8 are replaced."""
        github.add_file(NAME, "main", "perfgate.toml", b"budget = 3")
        github.add_file(NAME, "change", "perfgate.toml", b"\xff")

        assert "budget = 3" == repository.read_file("perfgate.toml", "main")
        assert "\ufffd" == repository.read_file("perfgate.toml", "change")

    def test_that_does_not_exist_is_none(self, repository: Repository) -> None:
        """A missing file is no error."""
        assert repository.read_file("perfgate.toml", "main") is None


class TestFork:
    def test_pull_requests_are_found_by_their_head(self, github: StandIn, repository: Repository) -> None:
        """Only the open pull requests of this very fork's branch are returned, whatever the case of its name."""
        number = github.open_pull_request(
            NAME, title="t", head_sha=HEAD, base_sha=BASE, head_ref="fast", head_repository="Contributor/hello"
        )
        github.open_pull_request(
            NAME, title="t", head_sha=HEAD, base_sha=BASE, head_ref="fast", head_repository="contributor/other"
        )

        assert [number] == [pull.number for pull in repository.pull_requests_from("Contributor/Hello", "fast")]

    def test_artifacts_are_listed_and_downloaded(self, github: StandIn, repository: Repository) -> None:
        """A workflow run is what GitHub attests; its artifacts are read up to a limit and no further."""
        run_id = github.add_workflow_run(
            NAME,
            path=".github/workflows/perfgate.yml@refs/heads/main",
            event="pull_request",
            head_sha=HEAD,
            head_branch="fast",
            head_repository="contributor/hello",
            artifacts={"perfgate-result": b"zipped"},
        )
        run = repository.workflow_run(run_id)
        (artifact,) = repository.artifacts(run_id)

        assert (".github/workflows/perfgate.yml", "contributor/hello") == (run.path, run.head_repository)
        assert ("perfgate-result", 6) == (artifact.name, artifact.size_in_bytes)
        assert b"zipped" == repository.download_artifact(artifact.id, max_bytes=6)
        with pytest.raises(InvalidInput, match="larger than 5 bytes"):
            repository.download_artifact(artifact.id, max_bytes=5)

    def test_permission_is_the_role_of_a_user(self, github: StandIn, repository: Repository) -> None:
        """A user with a role has that role."""
        github.set_permission(NAME, "ada", "write")

        assert "write" == repository.permission("ada")


def test_the_default_branch_is_read_with_its_commit(github: StandIn, repository: Repository) -> None:
    """Its name and its newest commit are returned together."""
    github.add_line(NAME, Change(BASE), Change(HEAD))

    assert ("main", HEAD) == repository.default_branch()
