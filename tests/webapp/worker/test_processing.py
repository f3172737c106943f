"""Owed runs are done together, once, whoever owes them."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command

from tests.webapp.lab import Lab
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Run
from webapp.history.rebuild import rebuild
from webapp.publishing.models import Publication
from webapp.verdicts.models import StoredVerdict
from webapp.worker import processing


def test_process_needs_no_worker(lab: Lab) -> None:
    """``manage.py process`` does at once what is owed, imports that have just ended included."""
    lab.history([1.0] * 12 + [1.2] * 12, imported=True)
    lab.pull(7, 1_002, 1.0, 1.2)

    call_command("process", verbosity=0)

    assert not Run.objects.filter(processed_at=None).exists()
    assert 1 == Alert.objects.count() == StoredVerdict.objects.count()


def test_a_rebuild_decides_the_same_again(lab: Lab) -> None:
    """After all points were made anew from the uploads, the same alerts, verdicts and publications stand there."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.pull(7, 1_002, 1.0, 1.2)
    lab.work()
    before = decided()

    assert 25 == max(rebuild(lab.project))
    assert 25 == Run.objects.filter(processed_at=None).count()
    assert 25 == processing.process_backlog(lab.project)

    assert before == decided()


def decided() -> list[tuple[Any, ...]]:
    """Return every row of gating."""
    return [
        *Alert.objects.order_by("pk").values_list(),
        *StoredChangePoint.objects.order_by("pk").values_list(),
        *StoredVerdict.objects.order_by("pk").values_list(),
        *Publication.objects.order_by("pk").values_list(),
    ]
