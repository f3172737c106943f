"""The work of an A/A run: small, and the same each time."""

from __future__ import annotations

from io import StringIO

import pytest

from perfgate.doctor.workloads import WORKLOADS, serve


@pytest.mark.parametrize("name", WORKLOADS)
def test_work_gives_the_same_each_time(name: str) -> None:
    """Both sides of a pair do equal work, and it is not empty."""
    work = WORKLOADS[name]

    assert work() == work()
    assert work()


def test_an_answer_a_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """CPU nanoseconds, wall nanoseconds, interruptions; the end of the requests is the end."""
    called: list[None] = []
    monkeypatch.setattr("sys.stdin", StringIO("2\n3\n"))
    serve(lambda: called.append(None))

    assert 1 + 2 + 3 == len(called)
    for line in capsys.readouterr().out.splitlines():
        cpu, wall, switches = map(int, line.split())
        assert min(cpu, wall, switches) >= 0
