"""All channels, by name."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.publishing.channels.github.channel import CHANNEL as GITHUB
from webapp.publishing.channels.interface import Channel
from webapp.publishing.models import Publication

CHANNELS: Mapping[str, Channel] = {Publication.ChannelName.GITHUB.value: GITHUB}
