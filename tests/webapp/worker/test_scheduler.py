"""The scheduler sends the sweep, and stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT
from tests.webapp.enqueued import Enqueued
from webapp.worker import tasks
from webapp.worker.scheduler import SWEEP, SWEEP_SECONDS, scheduler

PROGRAM = """
import sys
from webapp.worker.scheduler import scheduler
app = scheduler()
app.loader.init_worker()
app.finalize()
print(sorted({"numpy", "scipy", "github3", "rest_framework", "webapp.history.models"} & set(sys.modules)))
"""


def test_a_sweep_is_scheduled() -> None:
    """A sweep is sent every minute under its registered name, and its messages expire before the next one."""
    assert [(SWEEP, SWEEP_SECONDS)] == [
        (entry["task"], entry["schedule"]) for entry in scheduler().conf.beat_schedule.values()
    ]
    assert SWEEP == tasks.sweep.name
    assert tasks.EXPIRES_SECONDS < SWEEP_SECONDS


def test_a_sweep_reaches_the_queue_of_the_workers(enqueued: Enqueued) -> None:
    """The scheduler sends to the queue that workers read."""
    scheduler().send_task(SWEEP)

    (message,) = enqueued.folder.glob("*.perfgate.msg")
    assert SWEEP == json.loads(message.read_text())["headers"]["task"]


def test_the_scheduler_loads_neither_models_nor_numpy(tmp_path: Path) -> None:
    """It knows the task by name, so that its process needs little memory."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PERFGATE_DATA_DIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert "[]\n" == done.stdout
