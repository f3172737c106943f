"""Judge stored runs with `perfgate.gate` and store the verdicts. A verdict is computed from the kept upload itself."""

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
from webapp.verdicts.signals import run_judged


def needs_verdict(run: Run) -> bool:
    """Return whether *run* belongs to a pull request or holds the measurements of its baseline."""
    return run.pull_request is not None or run.baseline_commit_id is not None


def judge_run(run: Run) -> StoredVerdict:
    """Judge *run*, store the verdict and return it; the same upload and waivers always give the same verdict.

    If its policy or its upload cannot be read, the verdict is inconclusive and says why.
    """
    verdict = _verdict(run)
    # The parts of a suite are counted once they are joined to one run. Untrusted runs are not counted at all.
    counted = FalseAlarms() if verdict.missing_shards or not run.trusted else verdict.false_alarms
    counts = {f"exempt_{name}": count for name, count in msgspec.structs.asdict(counted).items()}
    stored, _ = StoredVerdict.objects.update_or_create(
        run=run, defaults={"outcome": verdict.outcome.value, "document": gate.to_document(verdict), **counts}
    )
    run_judged.send(Run, run=run)
    return stored


def false_alarms(project: Project) -> FalseAlarms:
    """Return how often the gate called an exempt benchmark changed, in all verdicts of *project* together."""
    names = FalseAlarms.__struct_fields__
    sums = {name: Coalesce(Sum(f"exempt_{name}"), 0) for name in names}
    return FalseAlarms(**StoredVerdict.objects.filter(run__project=project).aggregate(**sums))


def read(verdict: StoredVerdict) -> gate.Verdict:
    """Return a stored verdict as the gate returned it."""
    return gate.from_document(verdict.document)


def _waivers(run: Run) -> list[Waiver]:
    """Return the waivers that people gave in comments on the run's pull request, oldest first."""
    if run.pull_request is None:
        return []
    given = PullRequestWaiver.objects.filter(project=run.project_id, pull_request=run.pull_request)
    return [
        Waiver(
            benchmarks=glob.escape(waiver.label),
            metric=glob.escape(waiver.metric),
            max_regression=waiver.max_regression,
            until=waiver.until,
            owner=waiver.who,
            reason=waiver.reason,
            line=0,
        )
        for waiver in given.order_by("pk")
    ]


def _verdict(run: Run) -> gate.Verdict:
    # The date of the upload decides which waivers hold, so judging the run again later gives the same verdict.
    today = run.received_at.date()
    try:
        return gate.judge(uploads.open_upload(run).run, today=today, waivers=_waivers(run))
    except InvalidInput as error:
        return gate.Verdict(
            outcome=Outcome.INCONCLUSIVE,
            suite=run.suite,
            head=records.Commit(sha=run.commit.sha),
            environment=run.environment.name,
            notes=(f"No verdict could be made: {error}",),
            pull_request=run.pull_request,
        )
