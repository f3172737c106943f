"""A command or a pressed button gets one reply, which stays one while it is updated."""

from __future__ import annotations

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.publishing.channels.github.replies import store_reply
from webapp.publishing.models import Publication


def test_a_reply_is_written_once_and_updated(lab: Lab, github: StandIn) -> None:
    """A second text for the same command edits the reply; another command gets its own."""
    number = github.open_pull_request(NAME, title="Faster", head_sha=sha(2), base_sha=sha(1))
    for reply_to, text in (("1", "Searching"), ("1", "Found it"), ("2", "Done")):
        store_reply(lab.project, number, reply_to, text)
        lab.publish()

    bodies = [comment.body for comment in github.comments(NAME, number)]
    assert 2 == len(bodies)
    assert "Found it" in bodies[0]
    assert "Done" in bodies[1]


def test_a_deleted_comment_gets_no_reply(lab: Lab, github: StandIn) -> None:
    """A command that its author deleted before it was answered is not answered, and not tried again."""
    number = github.open_pull_request(NAME, title="Faster", head_sha=sha(2), base_sha=sha(1))

    store_reply(lab.project, number, "1", "Searching", react_to=123_456)
    lab.publish()

    assert [] == github.comments(NAME, number)
    row = Publication.objects.get()
    assert row.revision == row.published_revision
