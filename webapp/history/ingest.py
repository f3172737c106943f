"""The write path: one file and the run read from it become rows and points, in one transaction.

Storing is idempotent (the same bytes twice are one run) and takes the project's lock first, so that everything after
it, lookups included, happens as if nobody else wrote to the project. Points go to the series of a run that stands on a
branch; a pull request's run, and the baseline measured beside it, are kept for a verdict and are no points.

Gating is told by `run_stored` after the commit. The signal may be lost: `Run.processed_at` is the work owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.dispatch import Signal

from perfgate.results import records
from perfgate.results.records import Refusal, SampleState
from webapp.history import catalogue, chunks
from webapp.history.models import Environment, Project, Run, Upload
from webapp.history.submission import Submission, prepare

run_stored = Signal()
"""Sent after the commit with ``run_ids``, a list of the new `Run` ids."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored of one file."""

    run_id: int
    created: bool
    """False: it was there already, and nothing changed."""
    measured: int
    failed: int
    skipped: int
    benchmarks: int
    refused: list[Refusal]


@dataclass(frozen=True)
class Resolved:
    """The rows behind some submissions."""

    environments: dict[str, Environment]
    states: dict[tuple[str, str], int]
    commits: dict[str, int]
    benchmarks: dict[str, int]
    """Ids by `catalogue.benchmark_key`."""
    policies: dict[str, int]
    """Ids by `catalogue.policy_digest`."""


def store(
    project: Project,
    run: records.Run,
    data: bytes,
    *,
    name: str,
    context: bytes | None = None,
    identity: str = "",
    imported: bool = False,
    trusted: bool = True,
) -> Stored:
    """Store one file; arguments as for `prepare` and `store_all`.

    Raises:
        InvalidResult: Nothing in it can be stored. A retry cannot help.
    """
    submission = prepare(run, data, name=name, context=context, identity=identity)
    return store_all(project, [submission], imported=imported, trusted=trusted)[0]


def store_all(
    project: Project, submissions: Sequence[Submission], *, imported: bool = False, trusted: bool = True
) -> list[Stored]:
    """Store some files in one transaction, all or none.

    Args:
        project: Where they belong.
        submissions: In order of arrival: of two with one key, the later supersedes the earlier.
        imported: They come from an old history: changes in it are recorded quietly.
        trusted: False: a stranger may have written the numbers; they must be a pull request's.

    Returns:
        What is stored of each, in the same order.

    Raises:
        InvalidResult: A series cannot take another segment. A retry cannot help.
    """
    with transaction.atomic():
        locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        digests = [each.digest for each in submissions]
        known = dict(Run.objects.filter(project=locked, digest__in=digests).values_list("digest", "id"))
        fresh = list({each.digest: each for each in submissions if each.digest not in known}.values())
        if fresh:
            resolved = resolve(locked, fresh)
            made = _make_runs(locked, resolved, fresh, imported=imported, trusted=trusted)
            _supersede(locked, made)
            add_points(resolved, list(zip(made, fresh, strict=True)))
            locked.revision += 1
            locked.save(update_fields=["revision"])
            new_ids = {run.digest: run.pk for run in made}
            transaction.on_commit(lambda: run_stored.send(sender=Run, run_ids=list(new_ids.values())))
            known |= new_ids
    project.revision = locked.revision
    created = {each.digest for each in fresh}
    stored = []
    for each in submissions:
        stored.append(_stored(each, known[each.digest], created=each.digest in created))
        created.discard(each.digest)
    return stored


def resolve(project: Project, submissions: Sequence[Submission]) -> Resolved:
    """Return the rows that *submissions* name, made where there were none; needs the project's lock."""
    runs = [each.run for each in submissions]
    environments = catalogue.environments(project, runs)
    baselines = [run.baseline.commit for run in runs if run.baseline is not None]
    named = {kept.benchmark_key: kept.sample.benchmark for each in submissions for kept in each.samples}
    return Resolved(
        environments=environments,
        states=catalogue.states(environments, runs),
        commits=catalogue.commits(project, [*(run.commit for run in runs), *baselines]),
        benchmarks=catalogue.benchmarks(project, named),
        policies=catalogue.policies(run.policy for run in runs if run.policy is not None and is_point(run)),
    )


def add_points(resolved: Resolved, stored: Sequence[tuple[Run, Submission]]) -> None:
    """Add the values of runs that stand on a branch, and are not superseded, to their series; needs the lock."""
    identified: list[tuple[Run, catalogue.SeriesKey, records.Sample, float, str]] = []
    wanted: dict[catalogue.SeriesKey, records.Metric] = {}
    for row, submission in stored:
        if row.number is None or row.superseded_by_id is not None:
            continue
        fingerprint = submission.run.environment.fingerprint
        for benchmark_key, sample in submission.samples:
            if sample.value is not None:
                metric = sample.metric
                benchmark = resolved.benchmarks[benchmark_key]
                key = (row.environment_id, benchmark, metric.name, metric.unit, row.branch)
                wanted[key] = metric
                identified.append((row, key, sample, sample.value, fingerprint))
    series = catalogue.series(wanted)
    for key, metric in wanted.items():  # the newest run knows best which way is better
        if series[key].direction != metric.direction:
            series[key].direction, series[key].changed = metric.direction.value, True
    points = np.empty(len(identified), chunks.POINT)
    points["run"] = [row.pk for row, *_ in identified]
    points["value"] = [value for _, _, _, value, _ in identified]
    points["segment"] = [
        series[key].segment(fingerprint, sample.benchmark.version) for _, key, sample, _, fingerprint in identified
    ]
    owners = np.array([series[key].id for _, key, *_ in identified], np.int64)
    chunks.append(owners, np.array([row.number for row, *_ in identified], np.int64), points)
    catalogue.save_series(series.values())


def describe(row: Run, resolved: Resolved, submission: Submission, project: Project) -> None:
    """Set everything on *row* that follows from the file."""
    run = submission.run
    row.state_id = resolved.states[run.environment.name, run.environment.fingerprint]
    row.commit_id = resolved.commits[run.commit.sha]
    row.baseline_commit_id = resolved.commits[run.baseline.commit.sha] if run.baseline is not None else None
    row.branch = run.commit.branch or project.default_branch
    row.pull_request = run.pull_request
    row.suite = run.suite
    row.tool = run.tool
    row.dirty = run.commit.dirty
    carried = run.policy if is_point(run) else None
    row.policy_id = None if carried is None else resolved.policies[catalogue.policy_digest(carried)]
    row.started_at = catalogue.moment(run.started_at)
    row.measured, row.failed, row.skipped = (submission.count(state) for state in SampleState)
    row.refused = [{"where": each.where, "reason": each.reason} for each in submission.refused]


def is_point(run: records.Run) -> bool:
    """Tell whether a run belongs to the history of its branch, and not to a pull request."""
    return run.pull_request is None and run.baseline is None


def _make_runs(
    project: Project, resolved: Resolved, submissions: Sequence[Submission], *, imported: bool, trusted: bool
) -> list[Run]:
    rows = []
    for each in submissions:
        environment = resolved.environments[each.run.environment.name]
        row = Run(project=project, environment=environment, key=each.key, digest=each.digest, imported=imported)
        row.trusted = trusted
        assert trusted or not is_point(each.run), "what a stranger measured is no point of a history"
        if is_point(each.run):
            environment.runs += 1
            row.number = environment.runs
        describe(row, resolved, each, project)
        rows.append(row)
    Run.objects.bulk_create(rows, batch_size=catalogue.BATCH)
    Environment.objects.bulk_update(resolved.environments.values(), ["runs"], batch_size=100)
    contexts = catalogue.contexts({each.context_digest: each.context for each in submissions if each.context})
    Upload.objects.bulk_create(
        [
            Upload(
                run=row,
                name=each.name,
                content=each.content,
                size=each.size,
                context_id=contexts[each.context_digest] if each.context else None,
            )
            for row, each in zip(rows, submissions, strict=True)
        ],
        batch_size=100,
    )
    return rows


def _supersede(project: Project, made: Sequence[Run]) -> None:
    """Let each new run take the place of the older ones of its source."""
    newest = {row.key: row for row in made if row.key}
    changed = [row for row in made if row.key and newest[row.key] is not row]
    older = Run.objects.filter(project=project, key__in=list(newest), superseded_by=None)
    for row in older.exclude(pk__in=[row.pk for row in made]):
        if row.number is not None:
            chunks.remove_run(row.environment_id, row.number, row.pk)
        changed.append(row)
    for row in changed:
        row.superseded_by = newest[row.key]
    Run.objects.bulk_update(changed, ["superseded_by"], batch_size=100)


def _stored(submission: Submission, run_id: int, *, created: bool) -> Stored:
    return Stored(
        run_id=run_id,
        created=created,
        measured=submission.count(SampleState.MEASURED),
        failed=submission.count(SampleState.FAILED),
        skipped=submission.count(SampleState.SKIPPED),
        benchmarks=len({kept.benchmark_key for kept in submission.samples}),
        refused=submission.refused,
    )
