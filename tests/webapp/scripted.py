"""A history of thirty commits in a real git repository: steps, a fix, another machine, drift, outliers, an edited benchmark."""

from __future__ import annotations

import os
import subprocess
from functools import cached_property
from pathlib import Path

import numpy as np

from perfgate import git
from perfgate.results import result_file
from perfgate.results.records import CPU_TIME, Benchmark, Environment, Policy, Run, Sample

COMMITS, BENCHMARKS = 30, 20
MACHINE, STEP, EDIT, FIX = 4, 13, 15, 22
"""Commits: another machine; eight benchmarks get 10 % slower; one benchmark is edited; the fix."""
MOVED = range(8)
EDITED, DRIFTING = 16, 17
SPIKES = {(18, 12): 2.0, (19, 20): 1.5}
"""One outlier each, by (benchmark, commit)."""
DRIFT = 0.004
DRIFT_FROM, BEYOND = 6, 12
"""The middle of the best stretch of the drifting benchmark, and the first one that is beyond the budget of 3 %."""
NOISE = 0.004
POLICY = '[alerts]\nconfirm = "points"\npoints = 4\n'

DUMP = """
import json
from webapp.alerts.models import Alert, StoredChangePoint
place = lambda commit: commit.generation - 1 if commit else None
print("DUMP", json.dumps([
    sorted([one.alert.kind if one.alert else "", one.kind, one.regression, one.series.benchmark.label, place(one.run.commit)]
           for one in StoredChangePoint.objects.all()),
    [[one.kind, one.state, place(one.commit), place(one.previous_commit), place(one.closed_by)]
     for one in Alert.objects.order_by("kind", "commit__generation")],
]))
"""
"""A program for `manage.py shell` that prints change points and alerts without the numbers that differ from run to run."""


class Script:
    """The repository, and the measurements of each of its commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        for number in range(COMMITS):
            (folder / "code.py").write_text(f"version = {number}\n", encoding="utf-8")
            self._git("add", ".")
            self._git("commit", "--quiet", "-m", f"Change {number}", day=number)

    @cached_property
    def shas(self) -> list[str]:
        """All commits of ``main``, oldest first."""
        return self._git("rev-list", "--reverse", "main").split()

    @cached_property
    def runs(self) -> list[Run]:
        """The runs that ``perfgate run`` would have written, one for each commit."""
        rng = np.random.default_rng(4)
        return [
            Run(
                suite="bench",
                tool="t 1",
                commit=git.commit(self.folder, sha),
                environment=Environment(name="runner", fields={"cpu": "new" if number >= MACHINE else "old"}),
                samples=tuple(self._sample(number, benchmark, rng) for benchmark in range(BENCHMARKS)),
                policy=Policy(text=POLICY),
            )
            for number, sha in enumerate(self.shas)
        ]

    @cached_property
    def uploads(self) -> list[bytes]:
        """The same as result files."""
        return [result_file.write(run) for run in self.runs]

    @staticmethod
    def label(number: int) -> str:
        """Return a benchmark's name."""
        return f"bench.time_{number:02}"

    def _sample(self, commit: int, benchmark: int, rng: np.random.Generator) -> Sample:
        level = 1e-3 * (1 + benchmark)
        level *= 1.3 if commit >= MACHINE else 1.0
        level *= 1.1 if benchmark in MOVED and STEP <= commit < FIX else 1.0
        level *= 1.5 if benchmark == EDITED and commit >= EDIT else 1.0
        level *= float(np.exp(DRIFT * commit)) if benchmark == DRIFTING else 1.0
        level *= SPIKES.get((benchmark, commit), 1.0)
        value = level * float(np.exp(NOISE * rng.standard_normal()))
        version = "2" if benchmark == EDITED and commit >= EDIT else "1"
        return Sample(
            benchmark=Benchmark(name=self.label(benchmark), version=version),
            metric=CPU_TIME,
            value=value,
            rounds=((value,),),
        )

    def _git(self, *arguments: str, day: int = 0) -> str:
        when = f"2026-01-{1 + day:02}T12:00:00+00:00"
        identity = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in (
            ("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", when))}  # fmt: skip
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **identity},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def expected(self) -> list[list[list[object]]]:
        """Return what `DUMP` prints if every change was classified correctly."""
        moved = [["regression", "regression", True, self.label(number), STEP] for number in MOVED]
        fixed = [["", "regression", False, self.label(number), FIX] for number in MOVED]
        drifted = ["drift", "drift", True, self.label(DRIFTING), BEYOND]
        return [
            sorted([*moved, *fixed, drifted]),
            [["drift", "confirmed", BEYOND, DRIFT_FROM, None], ["regression", "fixed", STEP, STEP - 1, FIX]],
        ]
