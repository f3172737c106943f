"""Every channel that a publication can name is there; interface.py says what each offers."""

from __future__ import annotations

from webapp.publishing.channels.github.outbox import OUTBOX
from webapp.publishing.channels.interface import Channel
from webapp.publishing.channels.registry import CHANNELS
from webapp.publishing.models import Publication


def test_every_channel_has_a_name_and_every_name_a_channel() -> None:
    """A publication of any channel can be delivered."""
    assert {name.value for name in Publication.ChannelName} == CHANNELS.keys()
    assert OUTBOX.channel in CHANNELS


def test_every_channel_offers_what_the_publisher_needs() -> None:
    """A new channel that lacks a part is found here, and not by the worker."""
    needed = {name for name in vars(Channel) if not name.startswith("_")}

    assert needed
    for channel in CHANNELS.values():
        assert needed <= set(dir(channel))
