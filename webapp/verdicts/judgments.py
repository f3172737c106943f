"""A run that was measured beside its baseline -> its verdict, judged by `perfgate.gate` from the upload itself."""

from __future__ import annotations

import glob

import msgspec
from django.db.models import Sum
from django.db.models.functions import Coalesce

from perfgate import gate
from perfgate.errors import InvalidInput
from perfgate.gate import FalseAlarms, Outcome
from perfgate.policy import Waiver
from perfgate.results import records
from webapp.history import uploads
from webapp.history.models import Project, Run
from webapp.verdicts.models import PullRequestWaiver, StoredVerdict


def needs_verdict(run: Run) -> bool:
    """Return whether *run* is to be judged: it belongs to a pull request, or brought its baseline along."""
    return run.pull_request is not None or run.baseline_commit_id is not None


def judge_run(run: Run) -> StoredVerdict:
    """Judge *run* and store the verdict; the same upload, under the same decisions, gets the same one.

    What cannot be judged, for its policy or its upload cannot be read, gets an inconclusive verdict that says why.
    """
    said = _judged(run)
    # A part of a suite is counted when all parts are there: the joined run holds it again. A stranger's counts nothing.
    counted = FalseAlarms() if said.missing_shards or not run.trusted else said.false_alarms
    counts = {f"exempt_{name}": count for name, count in msgspec.structs.asdict(counted).items()}
    verdict, _ = StoredVerdict.objects.update_or_create(
        run=run, defaults={"outcome": said.outcome.value, "document": msgspec.to_builtins(said), **counts}
    )
    return verdict


def false_alarms(project: Project) -> FalseAlarms:
    """Return what all verdicts of *project* together measured: how often unchanged benchmarks were called changed."""
    names = FalseAlarms.__struct_fields__
    sums = {name: Coalesce(Sum(f"exempt_{name}"), 0) for name in names}
    return FalseAlarms(**StoredVerdict.objects.filter(run__project=project).aggregate(**sums))


def read(verdict: StoredVerdict) -> gate.Verdict:
    """Return the gate's own record of a stored verdict."""
    return msgspec.convert(verdict.document, gate.Verdict)


def _granted(run: Run) -> list[Waiver]:
    """Return what people permitted in the run's pull request, oldest first."""
    if run.pull_request is None:
        return []
    return [
        Waiver(
            benchmarks=glob.escape(each.label),
            metric=glob.escape(each.metric),
            max_regression=each.max_regression,
            until=each.until,
            owner=each.who,
            reason=each.reason,
            line=0,
        )
        for each in PullRequestWaiver.objects.filter(project=run.project_id, pull_request=run.pull_request).order_by(
            "pk"
        )
    ]


def _judged(run: Run) -> gate.Verdict:
    # Waivers hold by the day of the upload: judging the same run again later changes nothing.
    today = run.received_at.date()
    try:
        return gate.judge(uploads.open_again(run).run, today=today, waivers=_granted(run))
    except InvalidInput as error:
        return gate.Verdict(
            outcome=Outcome.INCONCLUSIVE,
            suite=run.suite,
            head=records.Commit(sha=run.commit.sha),
            environment=run.environment.name,
            notes=(f"No verdict could be made: {error}",),
            pull_request=run.pull_request,
        )
