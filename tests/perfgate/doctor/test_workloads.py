"""The workloads of an A/A run do the same work each time."""

from __future__ import annotations

from io import StringIO

import pytest

from perfgate.doctor.workloads import WORKLOADS, serve


@pytest.mark.parametrize("name", WORKLOADS)
def test_work_gives_the_same_each_time(name: str) -> None:
    """Both sides of a pair do equal work, and some."""
    work = WORKLOADS[name]

    assert work() == work()
    assert work()


def test_every_request_has_a_response(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It holds CPU nanoseconds, wall nanoseconds and interruptions; the process ends with its input."""
    called: list[None] = []
    monkeypatch.setattr("sys.stdin", StringIO("2\n3\n"))
    serve(lambda: called.append(None))

    assert 1 + 2 + 3 == len(called)
    for line in capsys.readouterr().out.splitlines():
        cpu, wall, switches = map(int, line.split())
        assert min(cpu, wall, switches) >= 0
