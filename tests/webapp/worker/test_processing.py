"""Pending runs are processed together, and processing them again changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F

from tests.webapp.lab import Lab
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Run
from webapp.history.rebuild import rebuild
from webapp.publishing.models import Publication
from webapp.verdicts.models import StoredVerdict
from webapp.worker import processing


def test_a_rebuild_decides_the_same_again(lab: Lab) -> None:
    """After all points were rebuilt from the uploads, alerts, verdicts and publications are the same."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.pull(7, 1_002, 1.0, 1.2)
    lab.work()
    before = decided()

    assert 25 == max(rebuild(lab.project))
    assert 25 == Run.objects.filter(processed_at=None).count()
    assert 25 == processing.process_backlog(lab.project)

    assert before == decided()


def test_a_running_import_is_left_alone(lab: Lab) -> None:
    """Pending runs of an import wait until none has arrived for a while; uploaded ones do not."""
    imported = lab.history([1.0] * 3, imported=True)
    uploaded = lab.upload(3, {"parse": 1.0})
    assert 1 == processing.process_backlog(lab.project)
    assert uploaded.pk == Run.objects.exclude(processed_at=None).get().pk

    Run.objects.update(received_at=F("received_at") - timedelta(hours=1))
    assert len(imported) == processing.process_backlog(lab.project)


def decided() -> list[tuple[Any, ...]]:
    """Return everything that is decided from runs."""
    return [
        *Alert.objects.order_by("pk").values_list(),
        *StoredChangePoint.objects.order_by("pk").values_list(),
        *StoredVerdict.objects.order_by("pk").values_list(),
        *Publication.objects.order_by("pk").values_list(),
    ]
