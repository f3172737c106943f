"""Limit how fast all workers together write to GitHub: one write a second, and so many an hour.

GitHub allows an account to create 80 items a minute and 500 an hour, and blocks an account that exceeds this. The count
is therefore kept in the database, and a write beyond the limit waits.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from perfgate.errors import RateLimited
from webapp.github.models import WriteRate

PER_HOUR = 480
"""Writes an hour. GitHub allows 500; the rest is left for a person who uses the same account."""

MAX_SLEEP_SECONDS = 3.0
"""A worker sleeps no longer than this; for a longer wait the task ends and is repeated later."""

_sleep = time.sleep


def wait_for_turn(account: str) -> None:
    """Return when *account* may make one write.

    Raises:
        RateLimited: The wait is longer than `MAX_SLEEP_SECONDS`; the error holds its length.

    Source:
        GitHub, "Rate limits for the REST API", secondary rate limits; "Best practices", pause between mutative requests.
    """
    hour = timedelta(hours=1)
    with transaction.atomic():
        WriteRate.objects.get_or_create(account=account)
        row = WriteRate.objects.select_for_update().get(account=account)
        now = timezone.now()
        at = max(now, row.next_at or now)
        wait = (at - now).total_seconds()
        if wait <= MAX_SLEEP_SECONDS:
            recent = [written_at for written_at in row.recent if written_at > (at - hour).timestamp()]
            if len(recent) >= PER_HOUR:
                wait = recent[0] + hour.total_seconds() - now.timestamp()
            else:
                row.next_at = at + timedelta(seconds=settings.GITHUB_SPACING_SECONDS)
                row.recent = [*recent, at.timestamp()]
                row.save(update_fields=["next_at", "recent"])
    if wait > MAX_SLEEP_SECONDS:
        raise RateLimited(
            f"{PER_HOUR} writes were made within an hour, no more are allowed: waiting", retry_after_seconds=wait
        )
    if wait > 0:
        _sleep(wait)
