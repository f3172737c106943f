"""Tasks carry ids, may run twice, and a sweep finds what was never rung for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from pytest_django import Settings

from standin import StandIn
from tests.webapp.lab import Lab
from webapp.celery import app
from webapp.history.models import Run
from webapp.queue import Task, enqueue
from webapp.settings import broker_options
from webapp.worker import tasks

HOUR = timedelta(hours=1)


@pytest.fixture
def queue() -> Iterator[Path]:
    folder = Path(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]))
    empty(folder)
    yield folder
    empty(folder)


def empty(queue: Path) -> None:
    for message in queue.glob("*.msg"):
        message.unlink()


def rung(queue: Path) -> list[tuple[str, int]]:
    """Return the names and ids in the waiting messages."""
    told = []
    for path in queue.glob("*.msg"):
        headers = json.loads(path.read_text())["headers"]
        told.append((headers["task"].rpartition(".")[2], json.loads(headers["argsrepr"])[0]))
    return sorted(told)


@pytest.mark.django_db(transaction=True)
def test_an_upload_rings(lab: Lab, queue: Path) -> None:
    """A stored run asks for its processing; a run of an import waits for its end."""
    run = lab.upload(1, {"parse": 1.0})
    lab.upload(2, {"parse": 1.0}, imported=True)

    assert [("process_run", run.pk)] == rung(queue)


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_is_found_by_a_sweep(lab: Lab, queue: Path) -> None:
    """When the broker loses the message, the next sweep rings for the project, and the work is done."""
    run = lab.upload(1, {"parse": 1.0})
    empty(queue)
    tasks.sweep()
    assert [] == rung(queue)

    Run.objects.update(received_at=F("received_at") - HOUR)
    tasks.sweep()
    assert [("process_backlog", lab.project.pk)] == rung(queue)

    tasks.process_backlog(lab.project.pk)
    run.refresh_from_db()
    assert run.processed_at is not None
    empty(queue)
    tasks.sweep()
    assert [] == rung(queue)


def test_a_sweep_rings_once_for_each_project_s_publications(lab: Lab, queue: Path, github: StandIn) -> None:
    """What GitHub has not been told yet is rung for, one publication of a project at a time."""
    lab.pull(7, 1_002, 1.0, 1.2)
    for run in Run.objects.all():
        tasks.process_run(run.pk)
    empty(queue)

    tasks.sweep()

    assert ["publish"] == [task for task, _ in rung(queue)]
    assert [] == github.exchanges


@pytest.mark.django_db
def test_ids_of_nothing_are_ignored() -> None:
    """A message that outlived its row does nothing."""
    tasks.process_run(10**9)
    tasks.process_backlog(10**9)
    tasks.publish(10**9)


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_no_upload(
    lab: Lab, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The run is stored and owed, the failure is logged without the password."""
    down = app.__class__("down", broker=address, set_as_current=False)
    down.conf.broker_transport_options = broker_options(address)
    monkeypatch.setattr("webapp.queue.app", down)
    settings.CELERY_BROKER_URL = address
    run = lab.upload(1, {"parse": 1.0})

    assert run.processed_at is None
    assert "next sweep" in caplog.text
    assert "guest" not in caplog.text


def test_a_folder_that_cannot_be_written_costs_no_upload(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full or missing disk under the embedded queue is logged."""
    options = {name: str(tmp_path / "file" / name) for name in ("data_folder_in", "data_folder_out", "control_folder")}
    (tmp_path / "file").write_text("")
    down = app.__class__("down", broker="files://localhost", set_as_current=False)
    down.conf.broker_transport_options = options
    monkeypatch.setattr("webapp.queue.app", down)

    enqueue(Task.PROCESS_RUN, 1)

    assert "next sweep" in caplog.text
