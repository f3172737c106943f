"""Create and fill the rows of runs, and add their points to their series. The caller must hold the project's lock.

`ingest` uses this for new runs, `rebuild` for stored ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from perfgate.results import records
from perfgate.results.records import SampleState
from webapp.history import catalog, chunks, series_rows
from webapp.history.models import Environment, Project, Run, Upload
from webapp.history.series_rows import SeriesKey
from webapp.history.submission import Submission


@dataclass(frozen=True)
class ReferencedRows:
    """The rows that some submissions refer to."""

    environments: dict[str, Environment]
    """By name."""
    states: dict[tuple[str, str], int]
    """Ids by environment name and fingerprint."""
    commits: dict[str, int]
    """Ids by sha."""
    benchmarks: dict[str, int]
    """Ids by `catalog.benchmark_key`."""
    policies: dict[str, int]
    """Ids by `catalog.policy_digest`."""


class _NewPoint(NamedTuple):
    run: Run
    series: SeriesKey
    value: float
    segment: tuple[str, str]
    """Fingerprint and benchmark version."""


def is_point(run: records.Run) -> bool:
    """Return whether a run belongs to the history of its branch: it has no pull request and no baseline."""
    return run.pull_request is None and run.baseline is None


def get_or_create_referenced(project: Project, submissions: Sequence[Submission]) -> ReferencedRows:
    """Return the rows that *submissions* refer to; missing rows are created."""
    runs = [submission.run for submission in submissions]
    environments = catalog.environments(project, runs)
    baselines = [run.baseline.commit for run in runs if run.baseline is not None]
    benchmarks = {
        checked.benchmark_key: checked.sample.benchmark for submission in submissions for checked in submission.samples
    }
    return ReferencedRows(
        environments=environments,
        states=catalog.states(environments, runs),
        commits=catalog.commits(project, [*(run.commit for run in runs), *baselines]),
        benchmarks=catalog.benchmarks(project, benchmarks),
        policies=catalog.policies(run.policy for run in runs if run.policy is not None and is_point(run)),
    )


def create(
    project: Project,
    referenced: ReferencedRows,
    submissions: Sequence[Submission],
    *,
    imported: bool,
    trusted: bool,
) -> list[Run]:
    """Create the runs and uploads of new submissions, in their order; they have no points yet."""
    rows = []
    for submission in submissions:
        assert trusted or not is_point(submission.run), "an untrusted run is no point of a history"
        row = Run(project=project, key=submission.key, digest=submission.digest, imported=imported, trusted=trusted)
        set_number(row, referenced.environments[submission.run.environment.name], submission.run)
        fill(row, referenced, submission, project)
        rows.append(row)
    Run.objects.bulk_create(rows, batch_size=catalog.BATCH)
    save_run_numbers(referenced)
    _create_uploads(rows, submissions)
    return rows


def set_number(row: Run, environment: Environment, run: records.Run) -> None:
    """Set the environment of *row*, and its number if *run* is a point; a number in the same environment stays."""
    if not is_point(run):
        row.number = None
    elif row.number is None or row.environment_id != environment.pk:
        environment.runs += 1
        row.number = environment.runs
    row.environment = environment


def save_run_numbers(referenced: ReferencedRows) -> None:
    """Write the newest run number of each environment, which `set_number` increased."""
    Environment.objects.bulk_update(referenced.environments.values(), ["runs"], batch_size=100)


def fill(row: Run, referenced: ReferencedRows, submission: Submission, project: Project) -> None:
    """Set all fields of *row* that the file determines."""
    run = submission.run
    row.state_id = referenced.states[run.environment.name, run.environment.fingerprint]
    row.commit_id = referenced.commits[run.commit.sha]
    row.baseline_commit_id = referenced.commits[run.baseline.commit.sha] if run.baseline is not None else None
    row.branch = run.commit.branch or project.default_branch
    row.pull_request = run.pull_request
    row.suite = run.suite
    row.tool = run.tool
    row.dirty = run.commit.dirty
    policy = run.policy if is_point(run) else None
    row.policy_id = None if policy is None else referenced.policies[catalog.policy_digest(policy)]
    row.started_at = catalog.valid_utc(run.started_at)
    row.measured, row.failed, row.skipped = (submission.count(state) for state in SampleState)
    row.refused = [{"where": refusal.where, "reason": refusal.reason} for refusal in submission.refused]


def add_points(referenced: ReferencedRows, stored: Sequence[tuple[Run, Submission]]) -> None:
    """Add the values of runs to their series. Runs without a number and superseded runs have no points.

    Raises:
        InvalidResult: A series already has the maximum number of segments. A retry cannot help.
    """
    new: list[_NewPoint] = []
    metrics: dict[SeriesKey, records.Metric] = {}
    for row, submission in stored:
        if row.number is not None and row.superseded_by_id is None:
            new += _new_points(row, submission, referenced, metrics)
    series = series_rows.get_or_create(metrics)
    for key, metric in metrics.items():
        series[key].set_direction(metric.direction.value)
    points = np.empty(len(new), chunks.POINT)
    points["run"] = [point.run.pk for point in new]
    points["value"] = [point.value for point in new]
    points["segment"] = [series[point.series].segment(*point.segment) for point in new]
    owners = np.array([series[point.series].id for point in new], np.int64)
    chunks.append(owners, np.array([point.run.number for point in new], np.int64), points)
    series_rows.save(series.values())


def _new_points(
    row: Run, submission: Submission, referenced: ReferencedRows, metrics: dict[SeriesKey, records.Metric]
) -> Iterator[_NewPoint]:
    """Yield the points of one run, and put the metric of each series into *metrics*."""
    fingerprint = submission.run.environment.fingerprint
    for benchmark_key, sample in submission.samples:
        if sample.value is not None:
            metric = sample.metric
            benchmark = referenced.benchmarks[benchmark_key]
            key = (row.environment_id, benchmark, metric.name, metric.unit, row.branch)
            metrics[key] = metric
            yield _NewPoint(row, key, sample.value, (fingerprint, sample.benchmark.version))


def _create_uploads(rows: Sequence[Run], submissions: Sequence[Submission]) -> None:
    contexts = catalog.contexts(
        {submission.context_digest: submission.context for submission in submissions if submission.context}
    )
    Upload.objects.bulk_create(
        [
            Upload(
                run=row,
                name=submission.name,
                content=submission.content,
                size=submission.size,
                context_id=contexts[submission.context_digest] if submission.context else None,
            )
            for row, submission in zip(rows, submissions, strict=True)
        ],
        batch_size=100,
    )
