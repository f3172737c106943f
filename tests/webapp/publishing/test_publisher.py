"""What GitHub shows equals what was decided, written once, and never an old state over a newer one."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts.models import Alert
from webapp.history.models import Run
from webapp.publishing import publisher
from webapp.publishing.models import Publication
from webapp.worker import processing, tasks

STEP = [1.0] * 12 + [1.2] * 12


def pull(github: StandIn, head: int) -> int:
    return github.open_pull_request(NAME, title="Faster", head_sha=sha(head), base_sha=sha(1))


def test_a_change_is_one_issue(lab: Lab, github: StandIn) -> None:
    """A step is filed once, with benchmark, effect, interval, range and commit; working again writes nothing."""
    lab.history(STEP)
    lab.work()
    written = github.writes()

    for run in Run.objects.all():
        processing.process(run)
    processing.process_backlog(lab.project)
    lab.work()

    (issue,) = github.issues(NAME)
    assert written == github.writes() == ["issues/create"]
    assert issue.title.startswith("parse: +2")
    assert issue.title.endswith(f"slower since {sha(12)[:10]}")
    assert ["performance-regression"] == issue.labels
    for told in (sha(12), f"`{sha(11)[:10]}..{sha(12)[:10]}`", "`Change 12`", "`Ada`", "[+1", "→ 1.2 s"):
        assert told in issue.body


def test_the_issue_follows_the_level(lab: Lab, github: StandIn) -> None:
    """When the level returns, the issue is closed with the commit that did it; on a relapse it is opened again."""
    lab.history([1.0] * 12 + [1.2] * 30)
    lab.work()
    for number in range(42, 54):
        lab.upload(number, {"parse": 1.0}, key=f"run {number}")
    lab.work()

    (issue,) = github.issues(NAME)
    assert ("closed", "completed") == (issue.state, issue.state_reason)
    assert sha(42) in issue.comments[-1].body

    for number in range(42, 54):
        lab.upload(number, {"parse": 1.2}, key=f"run {number}")
    lab.work()

    (issue,) = github.issues(NAME)
    assert "open" == issue.state
    assert "there again" in issue.comments[-1].body


def test_an_imported_history_files_no_issue(lab: Lab, github: StandIn) -> None:
    """Old changes that come in with an import are on the pages only."""
    lab.history(STEP, imported=True)
    lab.work()

    assert Alert.objects.get().imported_only
    assert [] == github.exchanges


def test_an_alert_that_was_closed_before_its_issue_was_filed(lab: Lab, github: StandIn) -> None:
    """Nothing is filed about a change that was gone before GitHub could be told."""
    lab.history([1.0] * 12 + [1.2] * 30)
    processing.process_backlog(lab.project)
    lab.history([1.0] * 12, first=42)
    lab.work()

    assert [] == github.writes()
    assert not publisher.due().exists()


def test_a_pull_request_is_told_and_kept_up_to_date(lab: Lab, github: StandIn) -> None:
    """A failing push gets one comment and a failed check; later pushes edit the comment, until it says all is well."""
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    lab.work()
    (comment,) = github.comments(NAME, number)
    (check,) = github.check_runs(NAME, sha(1_002))
    assert "beyond the budget" in comment.body
    assert ("perfgate", "completed", "failure") == (check.name, check.status, check.conclusion)
    assert "❌ 1 benchmark beyond the budget" == check.title

    github.push(NAME, number, sha(1_003))
    lab.pull(number, 1_003, 1.0, 1.3)
    lab.work()
    assert [comment.id] == [each.id for each in github.comments(NAME, number)]
    assert sha(1_003)[:10] in github.comments(NAME, number)[0].body

    github.push(NAME, number, sha(1_004))
    lab.pull(number, 1_004, 1.0, 1.0)
    lab.work()
    (comment,) = github.comments(NAME, number)
    assert "✅ 1 within budget" in comment.body
    assert ["failure", "failure", "success"] == [
        github.check_runs(NAME, sha(head))[0].conclusion for head in (1_002, 1_003, 1_004)
    ]


def test_nothing_moved_is_silent(lab: Lab, github: StandIn) -> None:
    """A pull request that changed nothing gets its check and no comment."""
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.0)
    lab.work()

    assert [] == github.comments(NAME, number)
    assert ["success"] == [check.conclusion for check in github.check_runs(NAME, sha(1_002))]


def test_an_old_verdict_never_covers_a_newer_one(lab: Lab, github: StandIn) -> None:
    """Runs of a pull request judged in the wrong order leave the comment on the newest push."""
    number = pull(github, 1_002)
    github.push(NAME, number, sha(1_003))
    old, new = lab.pull(number, 1_002, 1.0, 1.3), lab.pull(number, 1_003, 1.0, 1.2)
    for run in (new, old):
        tasks.process_run(run.pk)
    lab.publish()

    assert sha(1_003)[:10] in github.comments(NAME, number)[0].body


def test_the_worst_suite_decides_the_check(lab: Lab, github: StandIn) -> None:
    """Two suites on one head share one check, which fails if either does, and one comment."""
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2, suite="asv")
    lab.pull(number, 1_002, 1.0, 1.0, suite="pytest")
    lab.work()

    assert ["failure"] == [check.conclusion for check in github.check_runs(NAME, sha(1_002))]
    (comment,) = github.comments(NAME, number)
    assert "`asv`" in comment.body
    assert "`pytest`" in comment.body


@pytest.mark.parametrize("status", [502, 504])
def test_github_is_down(lab: Lab, github: StandIn, status: int) -> None:
    """What GitHub did not take is tried again later and later, and then stands there once."""
    github.fail("issues/create", status)
    github.lose_response("issues/create")
    lab.history(STEP)
    lab.work()
    row = Publication.objects.get()
    waits = []
    while row.published_revision < row.revision:
        assert row.error
        assert row.not_before is not None
        waits.append(row.not_before - timezone.now())
        Publication.objects.update(not_before=None)
        lab.publish()
        row.refresh_from_db()

    assert sorted(waits) == waits
    assert 2 == len(waits)
    assert 1 == len(github.issues(NAME))
    assert ("", 0) == (row.error, row.attempts)


def test_a_refused_token_is_not_tried_again(lab: Lab, github: StandIn) -> None:
    """What can never work is given up with GitHub's words, until something else is wanted there."""
    github.add_token("app", "perfgate[bot]", may_write=False)
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    lab.work()
    attempts = github.writes()
    tasks.sweep()
    lab.publish()

    assert attempts == github.writes()
    assert [True, True] == list(Publication.objects.values_list("failed_for_good", flat=True))
    assert all("not accessible" in error for error in Publication.objects.values_list("error", flat=True))

    github.add_token("app", "perfgate[bot]")
    lab.pull(number, 1_003, 1.0, 1.3)
    lab.work()
    assert 1 == len(github.comments(NAME, number))


def test_a_rate_limit_holds_for_the_whole_project(lab: Lab, github: StandIn) -> None:
    """When GitHub asks to wait, nothing of the project is sent until then."""
    github.fail("checks/create", 403, "secondary rate limit", headers={"Retry-After": "120"})
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    lab.work()

    assert ["checks/create"] == github.writes()
    for until in Publication.objects.values_list("not_before", flat=True):
        assert until is not None
        assert timedelta(seconds=100) < until - timezone.now() <= timedelta(seconds=120)

    Publication.objects.update(not_before=timezone.now())
    lab.publish()
    assert 1 == len(github.comments(NAME, number))


def test_a_wrong_repository_name_is_noted(lab: Lab, github: StandIn) -> None:
    """A project whose repository cannot be one fails with words and does not stop the worker."""
    lab.project.repository = "no name"
    lab.project.save()
    lab.history(STEP)
    lab.work()

    assert "is not a GitHub repository" in Publication.objects.get().error
    assert [] == github.exchanges


def test_without_a_token_nothing_is_sent(lab: Lab, settings: Settings) -> None:
    """Without a token the wanted state is kept and nothing is due; with one, it is."""
    lab.history(STEP)
    lab.work()

    assert not publisher.due().exists()
    assert publisher.claim(Publication.objects.get().pk) is None
    settings.GITHUB_TOKEN = "app"
    assert publisher.due().exists()


def test_a_claimed_publication_is_left_alone(lab: Lab, github: StandIn) -> None:
    """While one worker writes for a project, others write nothing; a claim that was never given back lapses."""
    lab.pull(pull(github, 1_002), 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    first, second = publisher.due().order_by("pk")
    assert publisher.claim(first.pk) is not None

    tasks.publish(first.pk)
    tasks.publish(second.pk)
    assert [] == github.exchanges

    Publication.objects.update(claimed_until=timezone.now())
    tasks.publish(first.pk)
    assert ["checks/create"] == github.writes()


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_once(lab: Lab, github: StandIn) -> None:
    """Workers that take the same publication at the same moment create one issue."""
    lab.history(STEP)
    processing.process_backlog(lab.project)
    number = publisher.due().get().pk
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        tasks.publish(number)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert ["issues/create"] == github.writes()


def test_what_was_wanted_meanwhile_stays_due(lab: Lab, github: StandIn) -> None:
    """A state that changes while the earlier one is being written is written afterwards."""
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    row = publisher.claim(Publication.objects.get(kind="comment").pk)
    assert row is not None
    tasks.process_run(lab.pull(number, 1_003, 1.0, 1.3).pk)
    Publication.objects.filter(pk=row.pk).update(published_revision=row.revision, claimed_until=None)

    assert publisher.due().filter(pk=row.pk).exists()


def test_an_old_commit_s_result_that_comes_in_last_covers_nothing(lab: Lab, github: StandIn) -> None:
    """The comment tells of the head that GitHub knows, in whatever order results arrive; each commit keeps its check."""
    pull = github.open_pull_request(NAME, title="Change", head_sha=sha(2_000), base_sha=sha(1))
    github.push(NAME, pull, sha(2_001))
    lab.pull(pull, 2_001, 1.0, 1.2)
    lab.work()
    lab.pull(pull, 2_000, 1.0, 0.8)
    lab.work()

    (comment,) = github.comments(NAME, pull)
    assert sha(2_001)[:10] in comment.body
    assert "❌" in comment.body
    assert ["success"] == [run.conclusion for run in github.check_runs(NAME, sha(2_000))]
    assert ["failure"] == [run.conclusion for run in github.check_runs(NAME, sha(2_001))]
    lab.pull(pull, 2_001, 1.0, 1.0)
    lab.work()
    assert "✅" in github.comments(NAME, pull)[0].body
