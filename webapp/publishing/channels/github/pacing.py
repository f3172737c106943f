"""When the next write to GitHub may be made: in turn, a second apart, and so many an hour, by all workers together.

GitHub counts what an account creates: 80 a minute, 500 an hour. Whoever breaks that is locked out for everything, so the
count is kept where all workers see it, and a write that would be one too many waits for its time.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from perfgate.errors import RateLimited
from webapp.publishing.models import Pace

PER_HOUR = 480
"""Of GitHub's 500: somebody may write with the same account by hand."""

LONGEST_SLEEP_SECONDS = 3.0
"""A worker waits this long for its turn; for anything longer it is let go and comes back."""

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 15.0, 3_600.0

_sleep = time.sleep


def wait_after(failures: int) -> timedelta:
    """Return how long to leave alone what has failed so many times before; it grows to an hour."""
    return timedelta(seconds=min(FIRST_WAIT_SECONDS * 2 ** min(failures, 10), LONGEST_WAIT_SECONDS))


def wait_for_turn(account: str) -> None:
    """Return when *account* may write once.

    Raises:
        RateLimited: Not soon; knows when.

    Source:
        GitHub, "Rate limits for the REST API", secondary rate limits; "Best practices", pause between mutative requests.
    """
    hour = timedelta(hours=1)
    with transaction.atomic():
        Pace.objects.get_or_create(account=account)
        row = Pace.objects.select_for_update().get(account=account)
        now = timezone.now()
        at = max(now, row.next_at or now)
        wait = (at - now).total_seconds()
        if wait <= LONGEST_SLEEP_SECONDS:
            recent = [each for each in row.recent if each > (at - hour).timestamp()]
            if len(recent) >= PER_HOUR:
                wait = recent[0] + hour.total_seconds() - now.timestamp()
            else:
                row.next_at = at + timedelta(seconds=settings.GITHUB_SPACING_SECONDS)
                row.recent = [*recent, at.timestamp()]
                row.save(update_fields=["next_at", "recent"])
    if wait > LONGEST_SLEEP_SECONDS:
        raise RateLimited(f"{PER_HOUR} writes an hour are made, no more: waiting", retry_after_seconds=wait)
    if wait > 0:
        _sleep(wait)
