"""A verdict is reported upward as a signal."""

from __future__ import annotations

from typing import Any

from tests.webapp.lab import Lab
from webapp.history.models import Run
from webapp.verdicts.models import StoredVerdict
from webapp.verdicts.signals import run_judged


def test_a_judged_run_is_sent(lab: Lab) -> None:
    """Receivers find the stored verdict; runs without one are not sent."""
    outcomes: list[tuple[int, str]] = []

    def receive(run: Run, **_: Any) -> None:
        outcomes.append((run.pk, StoredVerdict.objects.get(run=run).outcome))

    run_judged.connect(receive)
    try:
        judged = lab.pull(7, 1_002, 1.0, 1.2)
        lab.upload(1, {"parse": 1.0})
        lab.work()
    finally:
        run_judged.disconnect(receive)

    assert [(judged.pk, "fail")] == outcomes
