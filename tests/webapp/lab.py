"""Short ways to upload runs and to let the workers work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from perfgate.results import records, result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Metric, Policy, Sample
from webapp.history import ingest
from webapp.history.models import Project, Run
from webapp.publishing import publisher
from webapp.worker import processing, tasks

NAME = "octocat/hello"
NOISE = 0.002
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
RUNNER = Environment(name="runner", fields={"cpu": "c"})


def sha(number: int) -> str:
    return f"{number:08x}{'ab' * 16}"


@dataclass
class Lab:
    """Measures what it is told to and uploads it; keeps no state but the project and a random generator."""

    project: Project
    policy: str = ""
    """What perfgate.toml says on the default branch."""
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def sample(self, name: str, seconds: float, *, metric: Metric = CPU_TIME, rounds: int = 24) -> Sample:
        measured = tuple(tuple((seconds * np.exp(NOISE * self.rng.standard_normal(5))).tolist()) for _ in range(rounds))
        return Sample(benchmark=Benchmark(name=name), metric=metric, value=records.level(measured), rounds=measured)

    def commit(self, number: int, *, branch: str = "") -> Commit:
        return Commit(
            sha=sha(number),
            committed_at=FIRST_DAY + timedelta(days=number % 1_000),
            generation=number % 1_000 + 1,
            branch=branch,
            subject=f"Change {number}",
            author="Ada",
        )

    def upload(
        self,
        number: int,
        levels: dict[str, float],
        *,
        imported: bool = False,
        key: str = "",
        environment: Environment = RUNNER,
        metric: Metric = CPU_TIME,
        branch: str = "",
    ) -> Run:
        """Store a run on the default branch; *number* gives the commit and its place in the order."""
        samples = tuple(self.sample(name, seconds, metric=metric, rounds=1) for name, seconds in levels.items())
        run = records.Run(
            suite="bench",
            tool="t 1",
            commit=self.commit(number, branch=branch),
            environment=environment,
            samples=samples,
            policy=Policy(text=self.policy) if self.policy else None,
        )
        return self.store(run, imported=imported, identity=key)

    def history(
        self, levels: Sequence[float], *, first: int = 0, name: str = "parse", imported: bool = False
    ) -> list[Run]:
        """Store one run for each level."""
        return [self.upload(first + i, {name: each}, imported=imported) for i, each in enumerate(levels)]

    def pull(
        self, number: int, head: int, base: float, candidate: float, *, policy: str = "", suite: str = "bench"
    ) -> Run:
        """Store a pull-request run: head and base measured side by side."""
        baseline = records.Run(
            suite=suite,
            tool="t 1",
            commit=self.commit(1),
            environment=RUNNER,
            samples=(self.sample("parse", base),),
        )
        run = msgspec.structs.replace(
            baseline,
            commit=self.commit(head),
            samples=(self.sample("parse", candidate),),
            baseline=baseline,
            pull_request=number,
            policy=Policy(text=policy) if policy else None,
        )
        return self.store(run)

    def untouched(self, number: int, head: int, candidate: float, **fields: Any) -> Run:
        """Store a pull-request run of one exempt benchmark, measured all the same against a base of 1 second."""
        baseline = records.Run(
            suite="bench",
            tool="t 1",
            commit=self.commit(1),
            environment=RUNNER,
            samples=(self.sample("parse", 1.0),),
        )
        run = msgspec.structs.replace(
            baseline,
            commit=self.commit(head),
            samples=(self.sample("parse", candidate),),
            baseline=baseline,
            pull_request=number,
            exempt=("parse",),
            assumptions=("Files tell all.",),
            **fields,
        )
        return self.store(run)

    def measure_again(self, base: int, head: int, levels: dict[str, tuple[float, float]], *, rounds: int = 24) -> Run:
        """Store what ``perfgate check BASE HEAD`` measures: both commits side by side, for no pull request."""
        baseline, run = (
            records.Run(
                suite="bench",
                tool="t 1",
                commit=self.commit(number),
                environment=RUNNER,
                samples=tuple(self.sample(name, each[side], rounds=rounds) for name, each in levels.items()),
            )
            for side, number in enumerate((base, head))
        )
        return self.store(msgspec.structs.replace(run, baseline=baseline))

    def store(self, run: records.Run, *, imported: bool = False, identity: str = "") -> Run:
        stored = ingest.store(
            self.project, run, result_file.write(run), name="result.json", imported=imported, identity=identity
        )
        return Run.objects.get(pk=stored.run_id)

    def work(self) -> None:
        """Do what the workers would do until nothing is due."""
        for number in Run.objects.filter(processed_at=None, imported=False).order_by("pk").values_list("pk", flat=True):
            tasks.process_run(number)
        processing.process_backlog(self.project, wait_for_imports=False)
        self.publish()

    def catch_up(self) -> None:
        """Look at all owed runs together, and publish: what `work` does, in one look."""
        processing.process_backlog(self.project, wait_for_imports=False)
        self.publish()

    def publish(self) -> None:
        while (row := publisher.due().order_by("pk").first()) is not None:
            tasks.publish(row.pk)
