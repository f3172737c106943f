"""The demonstration ends with everything that it started: demo/__main__.py and demo/services.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.processes import PATIENCE_SECONDS, commands_using, wait_for_command


@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGTERM, False), (signal.SIGINT, True)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_signal_ends_every_process_of_the_demonstration(
    tmp_path: Path, number: signal.Signals, *, whole_group: bool
) -> None:
    """While a commit is measured, the server with its workers and the measuring command end, and no folder stays."""
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    with (tmp_path.parent / f"{tmp_path.name}.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        # A tool runs inside a workspace of `perfgate run`.
        wait_for_command(tmp_path, "perfgate-measures-", lambda: demo.poll() is None)
        os.kill(-demo.pid if whole_group else demo.pid, number)

        assert 128 + number == demo.wait(PATIENCE_SECONDS)
    assert [] == commands_using(tmp_path)
    assert [] == list(tmp_path.iterdir())
