"""What the database itself forbids."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.webapp.alerts.made import stored_alert
from webapp.alerts.models import Alert, Event
from webapp.history.models import Project


def test_an_event_cannot_be_changed(project: Project) -> None:
    """Events are added and never rewritten."""
    event = Event.objects.create(alert=stored_alert(project), action=Event.Action.OPENED)
    event.text = "something else"

    with pytest.raises(TypeError, match="cannot be changed"):
        event.save()


def test_one_cause_has_one_alert(project: Project) -> None:
    """A second alert of the same project, branch, commit and kind is refused, unless it was split off or merged."""
    first = stored_alert(project)
    fields = {"project": project, "branch": "main", "commit": first.commit}
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(**fields)

    Alert.objects.create(**fields, split_from=first)
    Alert.objects.create(**fields, merged_into=first)

    assert 3 == Alert.objects.count()
