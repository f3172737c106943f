"""Enqueueing never fails its caller, see queue.py and celery.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import Celery
from pytest_django import Settings

from tests.webapp.enqueued import Enqueued
from tests.webapp.lab import Lab
from webapp.celery import app
from webapp.queue import Task, enqueue
from webapp.settings import broker_options
from webapp.worker.scheduler import SWEEP


def unreachable(address: str, options: dict[str, object]) -> Celery:
    down = app.__class__("down", broker=address, set_as_current=False)
    down.conf.broker_transport_options = options
    return down


def test_every_task_is_registered() -> None:
    """A name that can be enqueued is the name of a task, and every task but the sweep has such a name."""
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}

    assert {*Task, SWEEP} == ours


def test_a_message_holds_name_and_id(enqueued: Enqueued) -> None:
    """Nothing but the task's name and one id travels through the queue."""
    enqueue(Task.PUBLISH, 5)

    assert [("publish", 5)] == enqueued.tasks()


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_no_upload(
    lab: Lab, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The run is stored and pending, and the failure is logged without the password."""
    monkeypatch.setattr("webapp.queue.app", unreachable(address, broker_options(address)))
    settings.CELERY_BROKER_URL = address
    run = lab.upload(1, {"parse": 1.0})

    assert run.processed_at is None
    assert "next sweep" in caplog.text
    assert "guest" not in caplog.text


def test_a_folder_that_cannot_be_written_costs_no_upload(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full or missing disk below the file broker is logged."""
    names = ("data_folder_in", "data_folder_out", "control_folder")
    options: dict[str, object] = {name: str(tmp_path / "file" / name) for name in names}
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("webapp.queue.app", unreachable("files://localhost", options))

    enqueue(Task.PROCESS_RUN, 1)

    assert "next sweep" in caplog.text
