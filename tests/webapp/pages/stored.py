"""A small project with everything that pages show, stored through the ingest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from perfgate import gate
from perfgate.results import result_file
from perfgate.results.records import (
    CPU_TIME,
    TIME,
    Benchmark,
    Commit,
    Environment,
    Policy,
    Refusal,
    Run,
    Sample,
    SampleState,
)
from webapp.alerts.models import Alert, Event, StoredChangePoint
from webapp.history import ingest, models
from webapp.history import series as points_of
from webapp.verdicts.models import StoredVerdict

START = datetime(2026, 10, 1, tzinfo=UTC)
STEP_AT = 8
POLICY = '[[budget]]\nmax_regression = "2%"\n'
HOSTILE = "<img src=x onerror=alert(1)>'\"{{ 7|add:7 }}&amp;"
"""Untrusted text in a commit message or the reason of a failure."""


@dataclass(frozen=True)
class Shop:
    """What the tests need to know of the stored project."""

    project: models.Project
    series: models.Series
    """``bench.parse``: 12.3 ms, then 13.8 ms from the ninth commit on."""
    last_run: int
    judged_run: int
    alert: Alert


def commit(number: int, subject: str = "") -> Commit:
    return Commit(
        sha=f"{number:08x}" * 5,
        committed_at=START + timedelta(days=number),
        generation=number,
        branch="main",
        subject=subject or f"Change {number}",
        author="Ada",
    )


def environment(python: str = "3.12", name: str = "runner") -> Environment:
    return Environment(name=name, fields={"machine": "m1", "cpu": "EPYC 7763", "os": "Linux 6.8", "python": python})


def history_run(number: int, samples: Sequence[Sample], python: str = "3.12", **more: Any) -> Run:
    return Run(
        suite="pytest-benchmark",
        tool="pytest-benchmark 5.3.1",
        commit=commit(number, HOSTILE if number == STEP_AT + 1 else ""),
        environment=environment(python),
        started_at=START + timedelta(days=number, hours=1),
        samples=tuple(samples),
        **more,
    )


def value(name: str, number: float, **parameters: str) -> Sample:
    return Sample(benchmark=Benchmark(name=name, parameters=parameters), metric=TIME, value=number)


def store(project: models.Project, run: Run, *, imported: bool = True) -> int:
    """Store a run; an imported one asks for no worker."""
    return ingest.store(project, run, result_file.write(run), name="result.json", imported=imported).run_id


def store_history(project: models.Project, commits: int = 14) -> None:
    rng = np.random.default_rng(5)
    for number in range(1, commits + 1):
        level = 0.0123 if number <= STEP_AT else 0.0138
        samples = [
            value("bench.parse", level * (1 + rng.normal(0, 0.001))),
            value("bench.render", 0.0005, size="10"),
            Sample(benchmark=Benchmark(name="bench.broken"), metric=TIME, state=SampleState.FAILED, reason=HOSTILE),
        ]
        refused = (Refusal(where="$.benchmarks[7]", reason="NaN is no value"),)
        store(project, history_run(number, samples, "3.12" if number <= 11 else "3.13", refused=refused))


def store_alert(project: models.Project, series: models.Series) -> Alert:
    points = points_of.read(series)
    alert = Alert.objects.create(
        project=project,
        previous_commit_id=int(points.commits[STEP_AT - 1]),
        commit_id=int(points.commits[STEP_AT]),
        branch="main",
        state="confirmed",
        reason="10 later points stayed at the new level.",
    )
    Event.objects.create(alert=alert, action="opened", after="suspected")
    Event.objects.create(alert=alert, action="moved", before="suspected", after="confirmed", text=alert.reason)
    StoredChangePoint.objects.create(
        series=series,
        run_id=int(points.runs[STEP_AT]),
        position=STEP_AT,
        previous_run_id=int(points.runs[STEP_AT - 1]),
        effect=0.122,
        low=0.118,
        high=0.126,
        before=0.0123,
        after=0.0138,
        regression=True,
        alert=alert,
    )
    return alert


def judged_run() -> Run:
    """Return a pull request's run in which parsing is slower, beside its baseline."""
    rng = np.random.default_rng(6)

    def rounds(name: str, level: float) -> Sample:
        measured = tuple((level * float(1 + rng.normal(0, 0.003)),) for _ in range(20))
        return Sample(benchmark=Benchmark(name=name), metric=CPU_TIME, value=level, rounds=measured)

    base, head = ([rounds("bench.parse", level), rounds("bench.lex", 0.002)] for level in (0.0123, 0.0137))
    return Run(
        suite="pytest-benchmark",
        tool="perfgate",
        commit=Commit(sha="feed" * 10, branch="faster", subject="Use the new parser"),
        environment=environment(),
        samples=(*head, rounds("bench.new", 0.001)),
        baseline=Run(
            suite="pytest-benchmark",
            tool="perfgate",
            commit=commit(14),
            environment=environment(),
            samples=tuple(base),
        ),
        policy=Policy(text=POLICY, revision="0000000e" * 5),
        pull_request=7,
    )


def store_shop() -> Shop:
    """Store a project with a history, an alert, and a judged pull request."""
    project = models.Project.objects.create(slug="shop", repository="acme/shop")
    store_history(project)
    series = models.Series.objects.get(benchmark__name="bench.parse")
    run = judged_run()
    judged = store(project, run)
    said = gate.judge(run, today=date(2026, 11, 21))
    StoredVerdict.objects.create(run_id=judged, outcome=said.outcome, document=gate.to_document(said))
    models.Run.objects.update(processed_at=START)
    last = models.Run.objects.filter(pull_request=None).latest("id")
    return Shop(project, series, last.pk, judged, store_alert(project, series))
