"""A run with its baseline gets the gate's verdict, or one that says why there is none."""

from __future__ import annotations

import msgspec
import pytest

from perfgate import gate
from perfgate.gate import FalseAlarms
from perfgate.results import records, shards
from perfgate.results.metrics import TRACED_PEAK
from tests.webapp.lab import Lab
from webapp.history import uploads
from webapp.history.models import Project, Upload
from webapp.verdicts import judgments
from webapp.verdicts.models import StoredVerdict
from webapp.worker import tasks

WAIVER = """
[[waiver]]
benchmarks = "parse"
max_regression = "30%"
until = {until}
owner = "Ada"
reason = "exact decimals"
"""


def test_the_gate_s_own_verdict_is_stored(lab: Lab) -> None:
    """The stored document is the gate's verdict on the same record, and is read back as the same verdict."""
    run = lab.pull(7, 1_002, 1.0, 1.2)
    lab.work()

    stored = StoredVerdict.objects.get(run=run)
    expected = gate.judge(uploads.open_upload(run).run, today=run.received_at.date())
    assert expected == judgments.read(stored)
    assert "fail" == stored.outcome == expected.outcome


def test_false_alarms_add_up_over_a_project(lab: Lab) -> None:
    """Exempt benchmarks are counted once per verdict, judged again or not, and not in other projects."""
    for number, candidate in ((1_002, 1.0), (1_003, 1.2), (1_004, 0.8)):
        lab.untouched(7, number, candidate)
    gated = lab.pull(8, 1_005, 1.0, 1.2)
    lab.work()
    judgments.judge_run(gated)

    assert FalseAlarms(judged=3, regressed=1, improved=1) == judgments.false_alarms(lab.project)
    assert FalseAlarms() == judgments.false_alarms(Project.objects.create(slug="other"))
    assert {"pass", "fail"} == set(StoredVerdict.objects.values_list("outcome", flat=True))


def test_a_shard_is_counted_when_all_are_joined(lab: Lab) -> None:
    """A shard is not counted, because the joined run holds its benchmarks again."""
    lab.untouched(7, 1_002, 1.2, shards=(shards.split(["parse", "render"], 1, 2),))
    lab.work()

    assert FalseAlarms() == judgments.false_alarms(lab.project)
    assert "inconclusive" == StoredVerdict.objects.get().outcome


def test_judging_again_changes_nothing(lab: Lab) -> None:
    """The same run gets the same verdict."""
    run = lab.pull(7, 1_002, 1.0, 1.2)
    tasks.process_run(run.pk)
    before = StoredVerdict.objects.values().get()

    judgments.judge_run(run)

    assert before == StoredVerdict.objects.values().get()


@pytest.mark.parametrize(("until", "outcome"), [("2999-01-01", "waived"), ("2020-01-01", "fail")])
def test_waivers_hold_by_the_day_of_the_upload(lab: Lab, until: str, outcome: str) -> None:
    """A waiver counts if it held when the run was uploaded."""
    lab.pull(7, 1_002, 1.0, 1.2, policy=WAIVER.format(until=until))
    lab.work()

    assert outcome == StoredVerdict.objects.get().outcome


def test_a_policy_that_cannot_be_obeyed_is_no_verdict(lab: Lab) -> None:
    """An invalid policy makes the verdict inconclusive and names the line; the run counts as processed."""
    run = lab.pull(7, 1_002, 1.0, 1.2, policy='[[budget]]\nmax_regression = "much"\n')
    lab.work()

    said = judgments.read(StoredVerdict.objects.get())
    assert "inconclusive" == said.outcome
    assert "perfgate.toml:1" in said.notes[0]
    run.refresh_from_db()
    assert run.processed_at is not None


@pytest.mark.parametrize("content", [b"not compressed", None])
def test_an_upload_that_cannot_be_read_is_no_verdict(lab: Lab, content: bytes | None) -> None:
    """A damaged or missing upload makes the verdict inconclusive with the reason."""
    run = lab.pull(7, 1_002, 1.0, 1.2)
    if content is None:
        Upload.objects.all().delete()
    else:
        Upload.objects.update(content=content)
    tasks.process_run(run.pk)

    said = judgments.read(StoredVerdict.objects.get())
    assert ("inconclusive", 7) == (said.outcome, said.pull_request)
    assert said.notes[0].startswith("No verdict could be made")


def test_a_run_on_a_branch_asks_for_none(lab: Lab) -> None:
    """A run without baseline and pull request belongs to the history only."""
    lab.upload(1, {"parse": 1.0})
    lab.work()

    assert not StoredVerdict.objects.exists()


def test_memory_in_an_upload_is_judged_like_time(lab: Lab) -> None:
    """One pair of a deterministic metric decides on the server as it does in the command, and the comment names it."""

    def with_memory(run: records.Run, peak: float) -> records.Run:
        measured = records.Sample(
            benchmark=run.samples[0].benchmark, metric=TRACED_PEAK, value=peak, rounds=((peak, peak),)
        )
        return msgspec.structs.replace(run, samples=(*run.samples, measured))

    run = uploads.open_upload(lab.pull(7, 1_002, 1.0, 1.0)).run
    assert run.baseline is not None
    run = with_memory(msgspec.structs.replace(run, baseline=with_memory(run.baseline, 2e6)), 3e6)
    stored = lab.store(run, identity="with memory")
    lab.work()

    said = judgments.read(StoredVerdict.objects.get(run=stored))
    assert gate.judge(run, today=stored.received_at.date()) == said
    assert [("traced_peak", "fail")] == [(row.metric, row.outcome) for row in said.rows if row.judgment == "regressed"]
