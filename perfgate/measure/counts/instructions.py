"""Instructions of one call of each benchmark on both sides, counted by valgrind.

They supplement time: they hardly depend on the machine or its load, but do not show caches, waiting, or how long an
instruction takes. callgrind writes its count whenever a certain C function of the system's library is entered. The
agent enters it directly before and after one call, so that start-up does not count. Threads count, child processes do
not.
"""

from __future__ import annotations

import dataclasses
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.counts.probe_session import Measurements, Probe
from perfgate.measure.counts.probes import Progress, measure_items
from perfgate.measure.live.agent_process import START_SECONDS
from perfgate.measure.live.items import Item
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.results.metrics import INSTRUCTIONS
from perfgate.results.records import Sample

TIMEOUT_SECONDS = 60.0
"""Longest call at the usual speed; under callgrind it may take `SLOWDOWN` times as long."""

SLOWDOWN = 50.0
"""How much slower a program may run under callgrind; 20 to 50 is usual."""

_MARK = "sched_rr_get_interval"
"""C function that `agent.probes` enters before and after the call."""

_OUTPUT = "callgrind"
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _CountedSide(Side):
    """A side whose processes are run by valgrind."""

    valgrind: Path

    @property
    def python(self) -> Path:
        """Return the path of valgrind; the interpreter is its last argument."""
        return self.valgrind


def measure(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    deadline: float = math.inf,
    progress: Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return the instructions of one call of each benchmark for each side; two calls before it do not count.

    One process of each side forks a child process for each benchmark, because a start under callgrind takes 2 to 10 s.

    Args:
        sides: Both sides, by role, prepared, with the same benchmark files.
        suite: The suite.
        items: What to measure, in the tool's own order.
        folder: A folder in which processes run and write.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
        deadline: Time of the monotonic clock at which the remaining benchmarks fail.
        progress: Called with a description of each step.

    Returns:
        By role, samples of one round each. A benchmark that fails on one side has failed samples on both, with the
        side in the reason.

    Raises:
        MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
    """
    valgrind = find_valgrind()
    counts = folder / "counts"
    counts.mkdir(exist_ok=True)
    probe = Probe(
        name="instructions",
        metrics=(INSTRUCTIONS,),
        slowdown=SLOWDOWN,
        start_seconds=START_SECONDS * SLOWDOWN / 10,
        launcher=partial(_launch, valgrind, counts),
        read=partial(_read, counts),
    )
    return measure_items(
        sides, suite, items, folder, probe=probe, timeout_seconds=timeout_seconds, deadline=deadline, progress=progress
    )


def find_valgrind() -> Path:
    """Return the path of valgrind.

    Raises:
        MeasurementFailed: It is not installed.
    """
    found = shutil.which("valgrind")
    if found is None:
        raise MeasurementFailed(
            "instructions are counted by valgrind, which is not installed here: install the package 'valgrind'"
            " (apt-get install valgrind, dnf install valgrind) or leave instructions out"
        )
    return Path(found)


def _launch(valgrind: Path, counts: Path, side: Side) -> tuple[Side, Sequence[str]]:
    values = {field.name: getattr(side, field.name) for field in dataclasses.fields(side)}
    words = (
        "-q",
        "--tool=callgrind",
        f"--callgrind-out-file={counts / _OUTPUT}.%p",
        f"--dump-before={_MARK}",
        str(side.python),
    )
    return _CountedSide(**values, valgrind=valgrind), words


def _read(counts: Path, answer: dict[str, Any]) -> Measurements:
    """Return the count between the two marks of the process that answered, and remove its files."""
    written = sorted(counts.glob(f"{_OUTPUT}.{answer['pid']}.*"), key=lambda path: int(path.suffix[1:]))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in written]
    for path in written:
        path.unlink()
    if len(texts) != 2:
        raise MeasurementFailed(
            f"callgrind wrote {len(texts)} counts instead of 2: this valgrind does not recognize {_MARK} of the"
            " system's C library, or the benchmark itself calls it"
        )
    found = _TOTALS.search(texts[-1])
    if found is None:
        raise MeasurementFailed("callgrind wrote a count without its line of totals")
    return {INSTRUCTIONS.name: [float(found[1])]}
