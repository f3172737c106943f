"""A pull request has one comment and one check run, which show its newest verdicts.

Covers comments.py, check_runs.py, newest_verdicts.py, comment_context.py and receivers.py too.
"""

from __future__ import annotations

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.worker import tasks


def pull(github: StandIn, head: int) -> int:
    return github.open_pull_request(NAME, title="Faster", head_sha=sha(head), base_sha=sha(1))


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
    assert [comment.id] == [shown.id for shown in github.comments(NAME, number)]
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
