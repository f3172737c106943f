"""GitHub is made equal to what is wanted, exactly once, whatever response is lost."""

from __future__ import annotations

from typing import Any

import pytest

from perfgate.errors import InvalidInput, NotFound, PermissionDenied, Rejected, Unavailable
from perfgate.github import Repository
from standin import Dispatch, StandIn

NAME = "octocat/hello"
HEAD, BASE = "a" * 40, "b" * 40
BOT = "perfgate[bot]"
MARKER = "perfgate:report"
FIRST_LINE = "<!-- perfgate:report -->"
INPUTS = {"base": BASE, "head": HEAD}


def report(repository: Repository, **changes: Any) -> int:
    wanted: dict[str, Any] = {
        "status": "completed",
        "conclusion": "failure",
        "title": "1 regression",
        "summary": "sort is 30 % slower",
        "details_url": "http://perfgate.test/runs/1",
    }
    return repository.upsert_check_run(HEAD, "perfgate", "run/1", **{**wanted, **changes})


class TestComment:
    def test_is_edited_by_its_id(self, github: StandIn, repository: Repository) -> None:
        """A second report edits the comment of the first one, found by its id without listing any."""
        comment_id = repository.upsert_comment(1, MARKER, "A")
        assert repository.upsert_comment(1, MARKER, "B", comment_id=comment_id) == comment_id

        (comment,) = github.comments(NAME, 1)
        assert (comment.id, comment.author, comment.body) == (comment_id, BOT, f"{FIRST_LINE}\nB")
        assert [exchange.operation for exchange in github.exchanges[-2:]] == [
            "issues/get-comment",
            "issues/update-comment",
        ]

    def test_is_found_again_without_its_id(self, github: StandIn, repository: Repository) -> None:
        """A caller that lost the id does not post a second comment."""
        comment_id = repository.upsert_comment(1, MARKER, "A")

        assert repository.upsert_comment(1, MARKER, "B") == comment_id
        assert len(github.comments(NAME, 1)) == 1

    @pytest.mark.parametrize("loss", ["connection", "502"])
    def test_is_not_duplicated_when_the_response_was_lost(
        self, loss: str, github: StandIn, repository: Repository
    ) -> None:
        """A POST that succeeded although it looked failed may be retried: the comment is found, not duplicated."""
        if loss == "connection":
            github.lose_response("issues/create-comment")
        else:
            github.fail("issues/create-comment", 502, after=True)
        with pytest.raises(Unavailable):
            repository.upsert_comment(1, MARKER, "A")

        comment_id = repository.upsert_comment(1, MARKER, "A")

        assert [comment.id for comment in github.comments(NAME, 1)] == [comment_id]
        assert github.writes() == ["issues/create-comment"]

    @pytest.mark.parametrize("known", [True, False])
    def test_is_not_written_when_unchanged(self, known: bool, github: StandIn, repository: Repository) -> None:
        """The same report again costs no write, which GitHub counts and shows as an edit."""
        comment_id = repository.upsert_comment(1, MARKER, "A\nB\n")
        github.comments(NAME, 1)[0].body = f"{FIRST_LINE}\r\nA\r\nB"

        repository.upsert_comment(1, MARKER, "A\nB\n", comment_id=comment_id if known else None)

        assert github.writes() == ["issues/create-comment"]

    def test_is_created_again_when_deleted(self, github: StandIn, repository: Repository) -> None:
        """A comment that somebody deleted comes back under a new id."""
        comment_id = repository.upsert_comment(1, MARKER, "A")
        github.delete_comment(NAME, comment_id)

        new_id = repository.upsert_comment(1, MARKER, "A", comment_id=comment_id)

        assert [comment.id for comment in github.comments(NAME, 1)] == [new_id]
        assert new_id != comment_id

    @pytest.mark.parametrize(
        ("author", "body"),
        [("mallory", f"{FIRST_LINE}\nall is fast"), (BOT, f"> {FIRST_LINE}"), (BOT, "<!-- perfgate:report2 -->")],
    )
    def test_of_others_is_left_alone(self, author: str, body: str, github: StandIn, repository: Repository) -> None:
        """Only a text that starts with the whole marker and that we wrote is ours."""
        other = github.add_comment(NAME, 1, author, body)

        comment_id = repository.upsert_comment(1, MARKER, "A")

        assert [(comment.id, comment.body) for comment in github.comments(NAME, 1)] == [
            (other, body),
            (comment_id, f"{FIRST_LINE}\nA"),
        ]

    def test_duplicates_are_deleted(self, github: StandIn, repository: Repository) -> None:
        """Of several comments of ours, left by a race, the oldest stays; one that is already deleted is no error."""
        ids = [github.add_comment(NAME, 1, BOT, f"{FIRST_LINE}\n{text}") for text in "ABC"]
        github.fail("issues/delete-comment", 404, "Not Found", after=True)

        assert repository.upsert_comment(1, MARKER, "D") == ids[0]
        assert [(comment.id, comment.body) for comment in github.comments(NAME, 1)] == [(ids[0], f"{FIRST_LINE}\nD")]

    def test_is_found_behind_many_others(self, github: StandIn, repository: Repository) -> None:
        """A long discussion has several pages; our comment is found on the last one."""
        for number in range(230):
            github.add_comment(NAME, 1, "talker", f"comment {number}")
        ours = github.add_comment(NAME, 1, BOT, f"{FIRST_LINE}\nA")

        assert repository.upsert_comment(1, MARKER, "B") == ours
        assert [exchange.operation for exchange in github.exchanges] == 3 * ["issues/list-comments"] + [
            "issues/update-comment"
        ]

    def test_is_cut_below_the_limit(self, github: StandIn, repository: Repository) -> None:
        """A report longer than GitHub takes is cut at the end of a line and says so."""
        repository.upsert_comment(1, MARKER, "| one row of a table |\n" * 4_000)

        body = github.comments(NAME, 1)[0].body
        assert 59_000 < len(body) <= 60_000
        assert body.endswith("|\n\n*Cut here: the text is longer than GitHub shows.*\n")

    def test_without_line_ends_is_shortened_too(self, github: StandIn, repository: Repository) -> None:
        """A single endless line still fits."""
        repository.upsert_comment(1, MARKER, "x" * 70_000)

        assert len(github.comments(NAME, 1)[0].body) == 60_000

    @pytest.mark.parametrize("marker", ["", "a b", "a-->", "a\nb", "ä"])
    def test_refuses_a_marker_that_ends_its_comment(self, marker: str, repository: Repository) -> None:
        """A marker cannot break out of the HTML comment that hides it."""
        with pytest.raises(InvalidInput, match="is not a marker"):
            repository.upsert_comment(1, marker, "A")

    def test_of_a_personal_token_is_found_by_its_login(self, github: StandIn) -> None:
        """With a personal token GitHub is asked for the login once, and only where a marker was found."""
        with Repository(NAME, "personal-token", api_url=github.url) as ours:
            comment_id = ours.upsert_comment(1, MARKER, "A")
            assert "users/get-authenticated" not in [exchange.operation for exchange in github.exchanges]

            assert ours.upsert_comment(1, MARKER, "B") == comment_id
            assert ours.upsert_comment(1, MARKER, "C") == comment_id

        assert [exchange.operation for exchange in github.exchanges].count("users/get-authenticated") == 1

    def test_of_an_app_without_author_is_an_error(self, github: StandIn) -> None:
        """An App's token does not know its own login; the error says what to do."""
        github.add_comment(NAME, 1, BOT, f"{FIRST_LINE}\nA")
        with (
            Repository(NAME, "app-token", api_url=github.url) as ours,
            pytest.raises(PermissionDenied, match=r"give it as the author, for an App as its-slug\[bot\]"),
        ):
            ours.upsert_comment(1, MARKER, "B")


class TestCheckRun:
    def test_is_created_and_completed(self, github: StandIn, repository: Repository) -> None:
        """One check run goes from in progress to its conclusion."""
        check_run_id = report(repository, status="in_progress", conclusion=None)
        assert report(repository, check_run_id=check_run_id) == check_run_id

        (run,) = github.check_runs(NAME, HEAD)
        assert (run.id, run.app, run.name, run.external_id) == (check_run_id, "perfgate", "perfgate", "run/1")
        assert (run.status, run.conclusion, run.title) == ("completed", "failure", "1 regression")
        assert (run.summary, run.details_url) == ("sort is 30 % slower", "http://perfgate.test/runs/1")

    def test_is_found_by_its_external_id(self, github: StandIn, repository: Repository) -> None:
        """A check run whose id was lost with the answer is found by name and external id, not doubled."""
        github.lose_response("checks/create")
        with pytest.raises(Unavailable):
            report(repository)

        check_run_id = report(repository, conclusion="success")

        assert [(run.id, run.conclusion) for run in github.check_runs(NAME, HEAD)] == [(check_run_id, "success")]

    def test_of_an_older_run_is_left_alone(self, github: StandIn, repository: Repository) -> None:
        """Another external id is another check run, also where a later one of the same name hides it."""
        first = report(repository)
        second = repository.upsert_check_run(
            HEAD, "perfgate", "run/2", status="queued", title="t", summary="s", details_url="http://perfgate.test"
        )

        assert report(repository, title="new") == first
        assert [run.id for run in github.check_runs(NAME, HEAD)] == [first, second]

    def test_of_another_app_is_left_alone(self, github: StandIn, repository: Repository) -> None:
        """The check run of another App is not edited, even one with our external id."""
        with Repository(NAME, "other-token", api_url=github.url, author="other[bot]") as other:
            github.add_token("other-token", "other[bot]")
            theirs = report(other)

        assert report(repository) != theirs

    def test_cannot_move_to_another_commit(self, github: StandIn, repository: Repository) -> None:
        """After a push, a known check run of the old commit stays there and a new one is made."""
        old = report(repository)
        github.push(NAME, 1, "c" * 40)

        new = repository.upsert_check_run(
            "c" * 40,
            "perfgate",
            "run/2",
            status="queued",
            title="t",
            summary="s",
            details_url="http://x.test",
            check_run_id=old,
        )

        assert [run.id for run in github.check_runs(NAME, "c" * 40)] == [new]
        assert [run.conclusion for run in github.check_runs(NAME, HEAD)] == ["failure"]

    def test_is_not_written_when_unchanged(self, github: StandIn, repository: Repository) -> None:
        """The same verdict again costs no write."""
        check_run_id = report(repository)
        report(repository, check_run_id=check_run_id)
        report(repository)

        assert github.writes() == ["checks/create"]

    @pytest.mark.parametrize(
        "change", [{"title": "t"}, {"summary": "s"}, {"conclusion": "success"}, {"details_url": "http://other.test"}]
    )
    def test_is_written_when_anything_changed(
        self, change: dict[str, str], github: StandIn, repository: Repository
    ) -> None:
        """A change of anything that readers see is written."""
        check_run_id = report(repository)
        report(repository, check_run_id=check_run_id, **change)

        assert github.writes() == ["checks/create", "checks/update"]

    def test_is_cut_below_the_limits(self, github: StandIn, repository: Repository) -> None:
        """Neither a long summary nor a long benchmark name makes GitHub refuse the verdict."""
        report(repository, summary="x" * 70_000, title="y" * 300)

        (run,) = github.check_runs(NAME, HEAD)
        assert len(run.summary or "") == 60_000
        assert run.title == "y" * 254 + "…"

    def test_needs_an_app(self, github: StandIn) -> None:
        """A personal token cannot write check runs, and the error says so."""
        with (
            Repository(NAME, "personal-token", api_url=github.url) as ours,
            pytest.raises(PermissionDenied, match="You must authenticate via a GitHub App"),
        ):
            report(ours)

    def test_on_an_unknown_commit_is_rejected(self, repository: Repository) -> None:
        """A commit that GitHub does not have is no reason to try again."""
        with pytest.raises(Rejected, match="No commit found for SHA"):
            repository.upsert_check_run(
                "d" * 40, "perfgate", "run/1", status="queued", title="t", summary="s", details_url="http://x.test"
            )


class TestIssue:
    def file(self, repository: Repository, title: str = "sort is slower", **known: int) -> int:
        return repository.upsert_issue("perfgate:alert:17", title, "since abc", ["performance"], **known)

    def test_is_created_once_and_edited_later(self, github: StandIn, repository: Repository) -> None:
        """The issue of an alert is created once and edited later, found by its number or without."""
        number = self.file(repository)
        github.issues(NAME)[0].labels.append("triaged")

        assert self.file(repository, "two are slower", issue_number=number) == number
        assert self.file(repository, "three are slower") == number

        (issue,) = github.issues(NAME)
        assert (issue.title, issue.body) == ("three are slower", "<!-- perfgate:alert:17 -->\nsince abc")
        assert issue.labels == ["performance", "triaged"]

    def test_is_not_duplicated_when_the_response_was_lost(self, github: StandIn, repository: Repository) -> None:
        """A request that looked failed may be retried, even if somebody closed and unlabeled the issue by then."""
        github.lose_response("issues/create")
        with pytest.raises(Unavailable):
            self.file(repository)
        (issue,) = github.issues(NAME)
        issue.state, issue.labels = "closed", []

        assert self.file(repository) == issue.number
        assert github.writes() == ["issues/create"]

    def test_of_others_is_left_alone(self, github: StandIn, repository: Repository) -> None:
        """Neither an issue of somebody else nor a pull request of ours is taken for the issue."""
        github.add_token("mallory-token", "mallory")
        with Repository(NAME, "mallory-token", api_url=github.url) as mallory:
            theirs = self.file(mallory)
        pull = github.open_pull_request(NAME, title="t", head_sha=HEAD, base_sha=BASE, author=BOT)
        github.set_body(NAME, pull, "<!-- perfgate:alert:17 -->")

        assert self.file(repository) not in {theirs, pull}

    def test_is_filed_again_when_deleted(self, github: StandIn, repository: Repository) -> None:
        """An issue that somebody deleted comes back under a new number."""
        number = self.file(repository)
        github.delete_issue(NAME, number)
        github.fail("issues/get", 410, "This issue was deleted")

        self.file(repository, issue_number=number)
        assert github.writes() == ["issues/create", "issues/create"]

    def test_is_closed_with_a_reason(self, github: StandIn, repository: Repository) -> None:
        """When the level returns, the issue gets a comment and is closed; a second call changes nothing."""
        number = self.file(repository)
        for _ in range(2):
            repository.close_issue(number, reason="completed", comment="back since def")

        (issue,) = github.issues(NAME)
        assert (issue.state, issue.state_reason) == ("closed", "completed")
        assert [comment.body.partition("\n")[2] for comment in github.comments(NAME, number)] == ["back since def"]
        assert github.writes() == ["issues/create", "issues/create-comment", "issues/update"]

    def test_is_reopened(self, github: StandIn, repository: Repository) -> None:
        """A change that returns reopens the same issue; each time has its own comment."""
        number = self.file(repository)
        repository.close_issue(number, reason="completed", comment="back since def")
        repository.reopen_issue(number, comment="lost since 123")
        repository.close_issue(number, reason="not_planned", comment="accepted")

        (issue,) = github.issues(NAME)
        assert (issue.state, issue.state_reason) == ("closed", "not_planned")
        assert [comment.body.partition("\n")[2] for comment in github.comments(NAME, number)] == [
            "back since def",
            "lost since 123",
            "accepted",
        ]

    @pytest.mark.parametrize("lost", ["issues/create-comment", "issues/update"])
    def test_closing_may_be_retried(self, lost: str, github: StandIn, repository: Repository) -> None:
        """Whichever response is lost, a second call closes once and comments once."""
        number = self.file(repository)
        github.lose_response(lost)
        with pytest.raises(Unavailable):
            repository.close_issue(number, reason="completed", comment="back since def")

        repository.close_issue(number, reason="completed", comment="back since def")

        assert github.issues(NAME)[0].state == "closed"
        assert github.writes() == ["issues/create", "issues/create-comment", "issues/update"]

    def test_is_cut_below_the_limits(self, github: StandIn, repository: Repository) -> None:
        """A benchmark name of any length fits into the title, on one line."""
        repository.upsert_issue("perfgate:alert:17", "bench[\n" + "x" * 2_000, "y" * 70_000, [])

        (issue,) = github.issues(NAME)
        assert len(issue.title) == 255
        assert issue.title.startswith("bench[ xx")
        assert len(issue.body) == 60_000


class TestWorkflow:
    def test_is_started(self, github: StandIn, repository: Repository) -> None:
        """A workflow is started on a branch, with the inputs that it declares."""
        github.add_workflow(NAME, "perfgate.yml", "base", "head")

        repository.dispatch_workflow("perfgate.yml", "main", INPUTS)

        assert github.dispatches(NAME) == [Dispatch("perfgate.yml", "main", INPUTS)]

    def test_without_a_listener_is_an_error(self, github: StandIn, repository: Repository) -> None:
        """A missing workflow, and an undeclared input, are errors that no retry can help."""
        with pytest.raises(NotFound):
            repository.dispatch_workflow("perfgate.yml", "main", INPUTS)

        github.add_workflow(NAME, "perfgate.yml", "base")
        with pytest.raises(Rejected, match="Unexpected inputs"):
            repository.dispatch_workflow("perfgate.yml", "main", INPUTS)

        assert github.dispatches(NAME) == []
