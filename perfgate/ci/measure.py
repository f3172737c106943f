"""The measuring job: measure what the event is about, into a folder of result files.

This job runs the code under test, so it holds no permission but to read. A bad verdict is no failure of this job.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from perfgate import git
from perfgate.canary import CanaryResult, check_canary
from perfgate.check import Checked, CheckOptions, CheckScope, check
from perfgate.ci import artifacts
from perfgate.ci.jobs import Job, JobKind
from perfgate.formatting import plain
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import ProgressCallback
from perfgate.results import result_file
from perfgate.results.records import Run
from perfgate.run import measure_revision


@dataclass(frozen=True)
class Skipped:
    """There is nothing to measure."""

    reason: str


Measured = Skipped | CanaryResult | Run | Checked
"""What a job measured: a canary, one revision for the history, or two revisions side by side."""


def measure(
    job: Job,
    *,
    options: MeasureOptions,
    time_budget_seconds: float | None = None,
    results: Path = artifacts.FOLDER,
    repository: Path = Path(),
    progress: ProgressCallback | None = None,
) -> tuple[Measured, Path | None]:
    """Measure what *job* is about.

    Args:
        job: What the event asks for.
        options: What is measured and how, where the event does not say it.
        time_budget_seconds: Stop measuring two revisions after so long.
        results: Folder for the result file; made if need be.
        repository: The checkout of the repository.
        progress: Is told what is being done.

    Returns:
        What was measured, and the result file; None where there is none.

    Raises:
        InvalidInput, MeasurementFailed: As `perfgate.check.check`.
    """
    results.mkdir(parents=True, exist_ok=True)
    if job.suite and options.suite and job.suite != options.suite:
        return Skipped(f"the event asks for {plain(job.suite)}, not for {plain(options.suite)}"), None
    chosen = replace(
        options,
        suite=job.suite or options.suite,
        select=job.select or options.select,
        environment=options.environment or job.environment,
    )
    if job.kind is JobKind.CANARY:
        return check_canary(repository, "HEAD", options=CheckOptions(**vars(chosen)), progress=progress), None
    root = git.root(repository)
    file = results / artifacts.file_name(chosen.suite or "")
    measured: Run | Checked
    if base := _base(root, job):
        measured = _check(root, base, job, _check_options(root, base, job, chosen, time_budget_seconds), progress)
        result_file.save(measured.run, file)
    else:
        measured = measure_revision(root, job.head, options=chosen, progress=progress)
        result_file.save(measured, file)
    return measured, file


def _base(root: Path, job: Job) -> str:
    """Return the revision to compare with; empty: there is none, and one commit alone is measured."""
    if job.kind is JobKind.RANGE:
        # The commit of a fork is in no branch. Only people with write access can start this job, and they named it.
        for sha in (job.base, job.head):
            git.fetch_missing(root, sha)
    if job.kind in {JobKind.PULL_REQUEST, JobKind.MERGE_GROUP} or job.pull_request:
        return git.merge_base(root, job.base, job.head)
    return git.tag_before(root, job.tag) if job.kind is JobKind.RELEASE else job.base


def _check_options(
    root: Path, base: str, job: Job, options: MeasureOptions, time_budget_seconds: float | None
) -> CheckOptions:
    # A change that only adds the workflow reaches no benchmark. All are gated, to show what perfgate can detect.
    scope = CheckScope.GATE_ALL if _is_first(root, base, job) else CheckScope.GATE_AFFECTED
    return CheckOptions(
        **vars(options), scope=scope, time_budget_seconds=time_budget_seconds, pull_request=job.pull_request
    )


def _is_first(root: Path, base: str, job: Job) -> bool:
    """Tell whether the pull request adds perfgate's workflow."""
    return job.kind is JobKind.PULL_REQUEST and bool(job.workflow) and git.read_file(root, base, job.workflow) is None


def _check(root: Path, base: str, job: Job, options: CheckOptions, progress: ProgressCallback | None) -> Checked:
    checked = check(root, base, job.head, options=options, progress=progress)
    if not _is_first(root, base, job):
        return checked
    notes = (*checked.run.notes, artifacts.FIRST_NOTE)
    return replace(checked, run=msgspec.structs.replace(checked.run, notes=notes))
