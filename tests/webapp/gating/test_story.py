"""A history as teams have them leads to exactly the alerts that a careful person would file."""

from __future__ import annotations

from perfgate.records import Environment
from standin import StandIn
from tests.webapp.gating.lab import NAME, Lab, sha
from webapp.gating.models import Alert, Publication

BENCHMARKS = 12
MOVED = range(5)
COMMITS = 48
STEP, MACHINE, FIX = 10, 22, 36
SPIKES = {(6, 7), (9, 28)}
"""(benchmark, commit) of one wild value each."""


def levels(commit: int) -> dict[str, float]:
    """Return what every benchmark takes at a commit."""
    machine = 1.3 if commit >= MACHINE else 1.0
    slow = dict.fromkeys(MOVED, 1.1 if STEP <= commit < FIX else 1.0)
    return {
        f"bench.time_{number}": machine * slow.get(number, 1.0) * (1.5 if (number, commit) in SPIKES else 1.0)
        for number in range(BENCHMARKS)
    }


def test_one_cause_one_alert_one_issue(lab: Lab, github: StandIn) -> None:
    """What one commit slowed down is told once, when it has held, and closed by its fix; machines and spikes are not."""
    told = []
    for commit in range(COMMITS):
        cpu = "new" if commit >= MACHINE else "old"
        lab.upload(commit, levels(commit), environment=Environment(name="runner", fields={"cpu": cpu}))
        if commit % 3 == 2 or commit == MACHINE - 1:
            lab.catch_up()
            told += [commit] * len(github.issues(NAME))

    alert = Alert.objects.get()
    assert ("fixed", sha(STEP), sha(FIX)) == (alert.state, alert.commit.sha, alert.closed_by and alert.closed_by.sha)
    assert len(MOVED) == alert.change_points.filter(regression=True).count()
    (issue,) = github.issues(NAME)
    assert sha(STEP)[:10] in issue.title
    assert [1] == [text.count("The level returned") for text in (comment.body for comment in issue.comments)]
    assert STEP + 10 <= told[0] <= STEP + 13
    assert 1 == Publication.objects.filter(kind="issue").count()
