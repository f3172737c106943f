"""The channel GitHub says what it can deliver, what opens something new, and what may work later.

outbox.py is covered here too.
"""

from __future__ import annotations

import pytest

from perfgate.errors import NotFound, PermissionDenied, Rejected
from standin import StandIn
from tests.webapp.lab import Lab
from webapp.history.models import Project
from webapp.publishing.channels.github.channel import CHANNEL, MAX_REJECTIONS
from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.models import Publication

Kind = Publication.Kind
PULL_REQUEST, MEASUREMENT, ALERT = Kind.PULL_REQUEST, Kind.MEASUREMENT, Kind.ALERT


def publication(lab: Lab, kind: str = PULL_REQUEST, **fields: object) -> Publication:
    return Publication(project=lab.project, channel="github", kind=kind, **{"payload": {}, **fields})


@pytest.mark.usefixtures("github")
def test_only_projects_with_a_repository_can_be_reached(lab: Lab) -> None:
    """A project without one has nothing to write to."""
    without = Project.objects.create(slug="without")
    for project in (lab.project, without):
        Publication.objects.create(project=project, channel="github", kind=PULL_REQUEST, pull_request=1, payload={})

    reachable = CHANNEL.reachable(Publication.objects.all())

    assert [lab.project.pk] == [row.project_id for row in reachable]
    assert OUTBOX.can_reach(lab.project)
    assert not OUTBOX.can_reach(without)


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        (MEASUREMENT, {}, True),
        (ALERT, {"state": "open"}, True),
        (ALERT, {"state": "closed"}, False),
        (PULL_REQUEST, {}, False),
    ],
)
def test_issues_and_workflows_are_new_to_people(lab: Lab, kind: str, payload: dict[str, str], expected: bool) -> None:
    """The daily limit counts these, and not what only changes something that is there."""
    assert expected is CHANNEL.opens_something(publication(lab, kind, payload=payload))


@pytest.mark.parametrize(
    ("attempts", "last", "expected"),
    [
        (0, "", True),
        (MAX_REJECTIONS - 2, "no", True),
        (MAX_REJECTIONS - 1, "no", False),
        (MAX_REJECTIONS - 1, "another reason", True),
    ],
)
def test_a_rejection_counts_after_some_attempts(lab: Lab, attempts: int, last: str, expected: bool) -> None:
    """GitHub rejects for a moment what names a commit that it has not spread yet; the same words again are final."""
    row = publication(lab, attempts=attempts, error=last)

    assert expected is CHANNEL.may_pass_later(row, Rejected("no"))


@pytest.mark.usefixtures("github")
def test_what_never_works_is_not_tried_again(lab: Lab) -> None:
    """A rejected dispatch, a missing pull request, and a permission that a new token lacks, too."""
    assert not CHANNEL.may_pass_later(publication(lab, MEASUREMENT), Rejected("no"))
    assert not CHANNEL.may_pass_later(publication(lab), NotFound("no"))
    assert not CHANNEL.may_pass_later(publication(lab, attempts=1), PermissionDenied("no"))


def test_a_connection_writes_to_the_projects_repository(lab: Lab, github: StandIn) -> None:
    """What is delivered stands in that repository."""
    with CHANNEL.connect(lab.project) as connection:
        row = publication(
            lab, Kind.REPLY, payload={"pull_request": 1, "marker": "m", "markdown": "Hello"}, pull_request=1
        )
        number = github.open_pull_request("octocat/hello", title="t", head_sha="a" * 40, base_sha="b" * 40)
        row.payload["pull_request"] = number
        connection.deliver(row)

    (comment,) = github.comments("octocat/hello", number)
    assert "Hello" in comment.body
