"""All workers together write to GitHub once a second, and no more than GitHub allows an hour. Covers models.py too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from perfgate.errors import RateLimited
from webapp.github import rate_limit
from webapp.github.models import WriteRate

pytestmark = pytest.mark.django_db


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[float]:
    """The seconds that were slept, without sleeping."""
    seconds: list[float] = []
    monkeypatch.setattr(rate_limit, "_sleep", seconds.append)
    settings.GITHUB_SPACING_SECONDS = 1.0
    return seconds


def test_writes_are_spaced(slept: list[float]) -> None:
    """The second write of an account waits for a second, that of another account does not."""
    rate_limit.wait_for_turn("app 1")
    rate_limit.wait_for_turn("app 1")
    rate_limit.wait_for_turn("app 2")

    assert 1 == len(slept)
    assert 0.5 < slept[0] <= 1.0


def test_a_worker_does_not_sleep_long(slept: list[float]) -> None:
    """A wait beyond `MAX_SLEEP_SECONDS` ends the task, which is repeated then."""
    WriteRate.objects.create(account="app 1", next_at=timezone.now() + timedelta(seconds=60))

    with pytest.raises(RateLimited) as caught:
        rate_limit.wait_for_turn("app 1")

    assert 55 < caught.value.retry_after_seconds <= 60
    assert [] == slept


@pytest.mark.usefixtures("slept")
def test_the_hourly_limit_holds() -> None:
    """One write more than allowed waits until the oldest is an hour old."""
    now = timezone.now().timestamp()
    WriteRate.objects.create(account="app 1", recent=[now - 3_000 + write for write in range(rate_limit.PER_HOUR)])

    with pytest.raises(RateLimited) as caught:
        rate_limit.wait_for_turn("app 1")

    assert caught.value.retry_after_seconds == pytest.approx(600, abs=5)


@pytest.mark.usefixtures("slept")
def test_old_writes_do_not_count() -> None:
    """Writes older than an hour no longer count."""
    now = timezone.now().timestamp()
    WriteRate.objects.create(account="app 1", recent=[now - 3_700] * rate_limit.PER_HOUR)

    rate_limit.wait_for_turn("app 1")

    assert 1 == len(WriteRate.objects.get().recent)
