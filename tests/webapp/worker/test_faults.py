"""Two hundred pull requests with every fault that GitHub has: each gets one comment and one check with the newest verdict.

The clock is simulated: a wait takes no time, and moves the clock.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connections
from django.db.models import F, Min
from pytest_django import Settings

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.history.models import Project, Run
from webapp.inbox import deliveries
from webapp.inbox.models import Delivery
from webapp.publishing import publisher
from webapp.publishing.models import Publication
from webapp.worker import processing, tasks

PULLS = 200
PER_MINUTE, PER_HOUR = 80, 500
"""What GitHub lets an account create."""

READS = ("issues/get-comment", "issues/list-comments", "checks/get", "checks/list-for-ref")
WRITES = ("issues/create-comment", "issues/update-comment", "checks/create", "checks/update")


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, tzinfo=UTC)

    def tell(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    made = Clock()
    monkeypatch.setattr("django.utils.timezone.now", made.tell)
    monkeypatch.setattr("webapp.github.rate_limit._sleep", made.sleep)
    settings.GITHUB_SPACING_SECONDS = 1.0
    return made


@pytest.fixture
def github(clock: Clock, settings: Settings) -> Iterator[StandIn]:
    with StandIn(clock=lambda: clock.tell().timestamp()) as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_token("app", "perfgate[bot]")
        settings.GITHUB_TOKEN = "app"
        settings.GITHUB_LOGIN = "perfgate[bot]"
        settings.GITHUB_API_URL = stand_in.url
        yield stand_in


def inject_fault(github: StandIn, rng: random.Random) -> None:
    """Make one of the next requests fail in one of the ways that GitHub has."""
    write, read = rng.choice(WRITES), rng.choice(READS)
    ways: tuple[Callable[[], None], ...] = (
        partial(github.lose_response, write),  # a timeout after the request was executed
        lambda: github.fail(write, 502),
        lambda: github.fail(write, 502, after=True),
        lambda: github.fail(read, 503),
        lambda: github.fail(write, 403, "secondary rate limit", headers={"Retry-After": "30"}),
        lambda: github.fail(write, 403, "You have exceeded a secondary rate limit. Please wait a few minutes."),
        lambda: github.fail(write, 429, "Too many requests", headers={"Retry-After": "60"}),
        lambda: github.fail(write, 422, "Validation Failed: was submitted too quickly"),
        lambda: github.delay(read, 0.02),
        lambda: github.lose_response(read),
    )
    rng.choice(ways)()


def head(pull: int, push: int) -> int:
    return 1_000 + 4 * pull + push


def is_slow(pull: int, push: int) -> bool:
    return (pull + push) % 2 == 0


def work(github: StandIn, clock: Clock, rng: random.Random) -> None:
    """Publish in random order, some of it twice, until nothing is pending."""
    while True:
        due = list(publisher.due().values_list("pk", flat=True))
        if due:
            if rng.random() < 0.5:
                inject_fault(github, rng)
            for number in rng.choices(due, k=rng.choice((1, 1, 2))):  # sometimes twice, or two of them
                tasks.publish(number)
            continue
        waiting = Publication.objects.filter(published_revision__lt=F("revision"), failed_for_good=False)
        soonest = waiting.aggregate(at=Min("not_before"))["at"]
        if soonest is None:
            return
        clock.now = max(clock.now, soonest)


def test_two_hundred_pull_requests(lab: Lab, github: StandIn, clock: Clock) -> None:
    """With lost answers, 502, three kinds of limits, 422, deleted comments, slow and repeated tasks, in any order."""
    rng = random.Random(5)
    _open_pull_requests(github)
    newest = dict.fromkeys(range(1, PULLS + 1), 0)
    pending = [(pull, push) for push in range(3) for pull in newest if push == 0 or rng.random() < 0.5]
    while pending:
        batch, pending = pending[:40], pending[40:]
        newest.update(batch)
        _push(lab, github, batch, rng)
        work(github, clock, rng)

    for row in Delivery.objects.all():
        tasks.process_delivery(row.pk)
    work(github, clock, rng)
    assert not Publication.objects.filter(failed_for_good=True).exists()
    for pull, push in newest.items():
        _assert_shown(github, pull, push)
    _assert_slow_enough([exchange.at for exchange in github.exchanges if exchange.method != "GET"])


def _open_pull_requests(github: StandIn) -> None:
    for pull in range(1, PULLS + 1):
        number = github.open_pull_request(NAME, title="Change", head_sha=sha(head(pull, 0)), base_sha=sha(1))
        assert number == pull


def _push(lab: Lab, github: StandIn, batch: list[tuple[int, int]], rng: random.Random) -> None:
    """Push to some pull requests, process their runs in any order and some twice, and delete some comments."""
    runs = []
    for pull, push in batch:
        github.push(NAME, pull, sha(head(pull, push)))
        runs.append(lab.pull(pull, head(pull, push), 1.0, 1.2 if is_slow(pull, push) else 0.8))
    _deliver(batch, rng)
    rng.shuffle(runs)
    for run in [*runs, *rng.sample(runs, 10)]:
        Run.objects.filter(pk=run.pk).update(processed_at=None)
        tasks.process_run(run.pk)
    for pull, push in batch:
        if push and rng.random() < 0.3:
            for comment in github.comments(NAME, pull):
                github.delete_comment(NAME, comment.id)


def _assert_shown(github: StandIn, pull: int, push: int) -> None:
    """The pull request has one comment and one check, about its newest push."""
    (comment,) = github.comments(NAME, pull)
    (check,) = github.check_runs(NAME, sha(head(pull, push)))
    assert check.conclusion == ("failure" if is_slow(pull, push) else "success")
    assert f"### perfgate: {'❌' if is_slow(pull, push) else '✅'}" in comment.body
    assert sha(head(pull, push))[:10] in comment.body


def _deliver(batch: list[tuple[int, int]], rng: random.Random) -> None:
    """Deliver the webhook of each push twice, in any order, some of it late."""
    pushes = [(f"{pull}-{push}", pull, push) for pull, push in batch] * 2
    rng.shuffle(pushes)
    for guid, pull, push in pushes:
        side = {"sha": sha(head(pull, push)), "repo": {"full_name": NAME}}
        payload = {"action": "synchronize", "pull_request": {"number": pull, "head": side}}
        deliveries.store(guid, "pull_request", {"repository": {"full_name": NAME}, **payload})
    pending = list(Delivery.objects.filter(processed_at=None).values_list("pk", flat=True))
    for number in rng.sample(pending, len(pending) * 3 // 4):
        tasks.process_delivery(number)


def _assert_slow_enough(times: list[float]) -> None:
    """No two writes within a second, and within any minute and hour no more than GitHub allows."""
    assert len(times) > 2 * PULLS
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 1.0 - 1e-6
    for window, most in ((60.0, PER_MINUTE), (3_600.0, PER_HOUR)):
        counts = Counter[int]()
        first = 0
        for last, at in enumerate(times):
            while times[first] <= at - window:
                first += 1
            counts[last] = last - first + 1
        assert max(counts.values()) <= most


@pytest.mark.usefixtures("lab")
def test_webhooks_twice_and_in_any_order(github: StandIn, clock: Clock) -> None:
    """A delivery that arrives several times, and in any order, is answered once."""
    rng = random.Random(6)
    github.set_permission(NAME, "ada", "write")
    number = github.open_pull_request(NAME, title="Change", head_sha=sha(2), base_sha=sha(1))
    payloads = []
    for index in range(12):
        comment = github.add_comment(NAME, number, "ada", "/perfgate help")
        payload = {
            "action": "created",
            "repository": {"full_name": NAME},
            "issue": {"number": number, "pull_request": {"url": "x"}},
            "comment": {"id": comment, "body": "/perfgate help", "user": {"login": "ada"}},
        }
        payloads += [(str(index), payload)] * 3
    rng.shuffle(payloads)
    for guid, payload in payloads:
        deliveries.store(guid, "issue_comment", payload)
        for row in Delivery.objects.order_by("?")[:3]:
            tasks.process_delivery(row.pk)
    for row in Delivery.objects.all():
        tasks.process_delivery(row.pk)
    work(github, clock, rng)
    answers = [comment for comment in github.comments(NAME, number) if comment.author == "perfgate[bot]"]
    assert len(answers) == 12
    assert len({comment.body.splitlines()[0] for comment in answers}) == 12


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_every_pull_request(github: StandIn, settings: Settings) -> None:
    """Two workers at the same time, without the simulated clock: each publication is written by one of them."""
    settings.GITHUB_SPACING_SECONDS = 0.0
    lab = Lab(Project.objects.create(slug="hello", repository=NAME))
    for pull in range(1, 13):
        github.open_pull_request(NAME, title="Change", head_sha=sha(head(pull, 0)), base_sha=sha(1))
        run = lab.pull(pull, head(pull, 0), 1.0, 1.2)
        processing.process(run)
    for write in WRITES[:1] + WRITES[2:3]:
        github.lose_response(write)
        github.fail(write, 502, after=True)

    def publish() -> None:
        for _ in range(3):
            for number in list(Publication.objects.order_by("?").values_list("pk", flat=True)):
                Publication.objects.filter(pk=number).update(not_before=None)
                tasks.publish(number)
        connections.close_all()

    workers = [threading.Thread(target=publish) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    Publication.objects.update(not_before=None, claimed_until=None)
    lab.publish()
    for pull in range(1, 13):
        assert len(github.comments(NAME, pull)) == 1
        assert len(github.check_runs(NAME, sha(head(pull, 0)))) == 1
