"""`manage.py process` needs no worker."""

from __future__ import annotations

import io

from django.core.management import call_command

from tests.webapp.lab import Lab
from webapp.alerts.models import Alert
from webapp.history.models import Run
from webapp.verdicts.models import StoredVerdict


def test_process_needs_no_worker(lab: Lab) -> None:
    """It processes what is pending at once, imports that have just ended included, and says how much that was."""
    lab.history([1.0] * 12 + [1.2] * 12, imported=True)
    lab.pull(7, 1_002, 1.0, 1.2)
    output = io.StringIO()

    call_command("process", verbosity=0, stdout=output)

    assert "hello: 25 runs processed\n" == output.getvalue()
    assert not Run.objects.filter(processed_at=None).exists()
    assert 1 == Alert.objects.count() == StoredVerdict.objects.count()
