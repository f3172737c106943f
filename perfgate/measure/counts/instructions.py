"""Instructions of one call of each benchmark on both sides, counted by stock valgrind.

A second opinion beside time: it hardly depends on the machine or its load, but knows nothing of caches, of waiting, or
of how long an instruction takes. callgrind writes its count down whenever a certain C function of the system's library
is entered; the served process enters it right before and right after one call, so start-up does not count. Threads
count, child processes do not.
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
from perfgate.measure.counts import probes
from perfgate.measure.discover import Suite
from perfgate.measure.live.agent_process import START_SECONDS
from perfgate.measure.live.source import Item
from perfgate.measure.sides.side import Side
from perfgate.results.metrics import INSTRUCTIONS
from perfgate.results.records import Sample

TIMEOUT_SECONDS = 60.0
"""Longest call at the usual speed; counting may take `SLOWNESS` times as long."""

SLOWNESS = 50.0
"""How much slower a program may run under callgrind; 20 to 50 is usual."""

_MARK = "sched_rr_get_interval"
"""C function that `agent.probes` enters around the call."""

_OUTPUT = "callgrind"
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _CountedSide(Side):
    """A side whose processes are started through valgrind."""

    valgrind: Path

    @property
    def python(self) -> Path:
        """Return valgrind; the interpreter stands at the end of its arguments."""
        return self.valgrind


def measure(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    deadline: float = math.inf,
    progress: probes.Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return the instructions of one call of each benchmark, after two more, for each side.

    One process a side is started and forks a child for each benchmark: starting under callgrind takes 2 to 10 seconds.

    Args:
        sides: Both sides, by role, prepared, with the same files of benchmarks.
        suite: Where these stand.
        items: Which to measure, in the tool's own order.
        folder: Where processes run and write.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
        deadline: Moment of the monotonic clock from which on benchmarks fail for want of time.
        progress: Is told what begins.

    Returns:
        By role, samples of one round each. A benchmark that fails on one side has failed samples on both, with the
        side in the reason.

    Raises:
        MeasurementFailed: valgrind is not installed, or a side ran code that is not its own.
    """
    valgrind = find_valgrind()
    counts = folder / "counts"
    counts.mkdir(exist_ok=True)
    probe = probes.Probe(
        name="instructions",
        metrics=(INSTRUCTIONS,),
        patience=SLOWNESS,
        start_seconds=START_SECONDS * SLOWNESS / 10,
        launcher=partial(_launch, valgrind, counts),
        read=partial(_read, counts),
    )
    return probes.take(
        sides, suite, items, folder, probe=probe, timeout_seconds=timeout_seconds, deadline=deadline, progress=progress
    )


def find_valgrind() -> Path:
    """Return where valgrind is.

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


def _read(counts: Path, answer: dict[str, Any]) -> probes.Measurements:
    """Return the count between the last two marks of the process that answered, and remove what it wrote so far."""
    written = sorted(counts.glob(f"{_OUTPUT}.{answer['pid']}.*"), key=lambda path: int(path.suffix[1:]))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in written]
    for path in written:
        path.unlink()
    if len(texts) != 2:
        raise MeasurementFailed(
            f"callgrind wrote {len(texts)} counts where 2 were due: this valgrind does not see {_MARK} of the"
            " system's C library, or the benchmark itself calls it"
        )
    found = _TOTALS.search(texts[-1])
    if found is None:
        raise MeasurementFailed("callgrind wrote a count without its line of totals")
    return {INSTRUCTIONS.name: [float(found[1])]}
