"""A confirmed alert has one issue, which is closed and opened again with it."""

from __future__ import annotations

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts.models import Alert
from webapp.history.models import Run
from webapp.publishing import publisher
from webapp.worker import processing

STEP = [1.0] * 12 + [1.2] * 12


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
    """When the level returns, the issue is closed with the commit that fixed it; on a relapse it is opened again."""
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
