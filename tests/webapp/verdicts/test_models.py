"""What the database itself forbids."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from webapp.history.models import Project
from webapp.verdicts.models import PullRequestWaiver


def test_a_comment_gives_one_waiver(project: Project) -> None:
    """Processing the same comment twice cannot waive twice."""
    fields = {
        "project": project,
        "pull_request": 7,
        "label": "parse",
        "metric": "time",
        "max_regression": 0.1,
        "until": date(2030, 1, 1),
        "who": "ada",
        "comment_id": 5,
    }
    PullRequestWaiver.objects.create(**fields)

    with pytest.raises(IntegrityError), transaction.atomic():
        PullRequestWaiver.objects.create(**fields)

    assert "parse up to 10.0% by ada" == str(PullRequestWaiver.objects.get())
