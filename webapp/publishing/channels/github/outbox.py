"""The outbox of the channel GitHub."""

from __future__ import annotations

from webapp.github import account
from webapp.publishing.models import Publication
from webapp.publishing.outbox import Outbox

OUTBOX = Outbox(Publication.ChannelName.GITHUB, account.can_reach)
