"""What GitHub shows equals what was stored: written once, by one worker, and never an old payload over a newer one."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.history.models import Run
from webapp.measurements import lifecycle
from webapp.measurements.models import Measurement
from webapp.measurements.reruns import request_reruns
from webapp.publishing import publisher
from webapp.publishing.models import Publication
from webapp.worker import processing, tasks

STEP = [1.0] * 12 + [1.2] * 12


def pull(github: StandIn, head: int) -> int:
    return github.open_pull_request(NAME, title="Faster", head_sha=sha(head), base_sha=sha(1))


@pytest.mark.parametrize("status", [502, 504])
def test_github_is_down(lab: Lab, github: StandIn, status: int) -> None:
    """What GitHub did not take is tried again later and later, and then stands there once."""
    github.fail("issues/create", status)
    github.lose_response("issues/create")
    lab.history(STEP)
    lab.work()
    row = Publication.objects.get()
    waits = []
    while row.published_revision < row.revision:
        assert row.error
        assert row.not_before is not None
        waits.append(row.not_before - timezone.now())
        Publication.objects.update(not_before=None)
        lab.publish()
        row.refresh_from_db()

    assert sorted(waits) == waits
    assert 2 == len(waits)
    assert 1 == len(github.issues(NAME))
    assert ("", 0) == (row.error, row.attempts)


def test_a_refused_token_is_not_tried_again(lab: Lab, github: StandIn) -> None:
    """What can never work is given up with GitHub's words, until its payload changes."""
    github.add_token("app", "perfgate[bot]", may_write=False)
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    lab.work()
    attempts = github.writes()
    tasks.sweep()
    lab.publish()

    assert attempts == github.writes()
    assert [True, True] == list(Publication.objects.values_list("failed_for_good", flat=True))
    assert all("not accessible" in error for error in Publication.objects.values_list("error", flat=True))

    github.add_token("app", "perfgate[bot]")
    lab.pull(number, 1_003, 1.0, 1.3)
    lab.work()
    assert 1 == len(github.comments(NAME, number))


def test_a_rate_limit_holds_for_the_whole_project(lab: Lab, github: StandIn) -> None:
    """When GitHub asks to wait, nothing of the project is sent until then."""
    github.fail("checks/create", 403, "secondary rate limit", headers={"Retry-After": "120"})
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    lab.work()

    assert ["checks/create"] == github.writes()
    for until in Publication.objects.values_list("not_before", flat=True):
        assert until is not None
        assert timedelta(seconds=100) < until - timezone.now() <= timedelta(seconds=120)

    Publication.objects.update(not_before=timezone.now())
    lab.publish()
    assert 1 == len(github.comments(NAME, number))


def test_a_wrong_repository_name_is_noted(lab: Lab, github: StandIn) -> None:
    """A project whose repository cannot be one fails with words and does not stop the worker."""
    lab.project.repository = "no name"
    lab.project.save()
    lab.history(STEP)
    lab.work()

    assert "is not a GitHub repository" in Publication.objects.get().error
    assert [] == github.exchanges


def test_without_a_token_nothing_is_sent(lab: Lab, settings: Settings) -> None:
    """Without a token publications are stored and nothing is due; with a token they are."""
    lab.history(STEP)
    lab.work()

    assert not publisher.due().exists()
    assert publisher.claim(Publication.objects.get().pk) is None
    settings.GITHUB_TOKEN = "app"
    assert publisher.due().exists()


def test_a_claimed_publication_is_left_alone(lab: Lab, github: StandIn) -> None:
    """While one worker writes for a project, others write nothing; a claim that was never given back lapses."""
    lab.pull(pull(github, 1_002), 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    first, second = publisher.due().order_by("pk")
    assert publisher.claim(first.pk) is not None

    tasks.publish(first.pk)
    tasks.publish(second.pk)
    assert [] == github.exchanges

    Publication.objects.update(claimed_until=timezone.now())
    tasks.publish(first.pk)
    assert ["checks/create"] == github.writes()


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_once(lab: Lab, github: StandIn) -> None:
    """Workers that take the same publication at the same moment create one issue."""
    lab.history(STEP)
    processing.process_backlog(lab.project)
    number = publisher.due().get().pk
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        tasks.publish(number)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert ["issues/create"] == github.writes()


def test_what_was_stored_meanwhile_stays_due(lab: Lab, github: StandIn) -> None:
    """A state that changes while the earlier one is being written is written afterwards."""
    number = pull(github, 1_002)
    lab.pull(number, 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    row = publisher.claim(Publication.objects.get(kind="pull_request").pk)
    assert row is not None
    tasks.process_run(lab.pull(number, 1_003, 1.0, 1.3).pk)
    Publication.objects.filter(pk=row.pk).update(published_revision=row.revision, claimed_until=None)

    assert publisher.due().filter(pk=row.pk).exists()


def test_a_measurement_is_started_once_as_it_was_requested_last(lab: Lab, github: StandIn) -> None:
    """If a request changes after a worker claimed it, the worker starts the workflow for the new one, and only once."""
    github.add_workflow(NAME, "perfgate.yml", "base", "head", "suite", "select", "pull_request")
    request_reruns(lab.project, 7, base=sha(1), head=sha(2), suites=[""], select="", reply_to="1")
    row = publisher.claim(Publication.objects.get().pk)
    assert row is not None
    measurement = Measurement.objects.get()
    measurement.head = sha(3)
    lifecycle.request(measurement)

    publisher._deliver(row)

    assert [sha(3)] == [dispatch.inputs["head"] for dispatch in github.dispatches(NAME)]
    assert not publisher.due().exists()
