"""Short ways to store runs and to process them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from perfgate.results import records, result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Metric, Policy, Sample
from webapp.history import ingest, submission
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
    """Makes up measurements with given levels and stores them; holds no state but the project and a random generator."""

    project: Project
    policy: str = ""
    """Text of perfgate.toml on the default branch."""
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

    def run(
        self,
        number: int,
        levels: Mapping[str, float],
        *,
        environment: Environment = RUNNER,
        metric: Metric = CPU_TIME,
        branch: str = "",
    ) -> records.Run:
        """Return the run of one commit, with one round of each benchmark around its level."""
        return records.Run(
            suite="bench",
            tool="t 1",
            commit=self.commit(number, branch=branch),
            environment=environment,
            samples=tuple(self.sample(name, level, metric=metric, rounds=1) for name, level in levels.items()),
            policy=Policy(text=self.policy) if self.policy else None,
        )

    def upload(
        self, number: int, levels: Mapping[str, float], *, imported: bool = False, key: str = "", **fields: Any
    ) -> Run:
        """Store a run on the default branch; *number* is the commit and its place in the order."""
        return self.store(self.run(number, levels, **fields), imported=imported, identity=key)

    def upload_all(
        self, levels: Mapping[int, Mapping[str, float]], *, imported: bool = False, key: str = "", **fields: Any
    ) -> list[Run]:
        """Store a run for each commit number, as `upload` does, in one transaction.

        Args:
            levels: By commit number: level by benchmark name.
            imported: See `ingest.store_all`.
            key: With ``{}`` for the commit number: a later run with the same key supersedes the earlier.
            fields: See `run`.
        """
        runs = {number: self.run(number, values, **fields) for number, values in levels.items()}
        submissions = [
            submission.prepare(run, result_file.write(run), name="result.json", identity=key.format(number))
            for number, run in runs.items()
        ]
        stored = ingest.store_all(self.project, submissions, imported=imported)
        rows = Run.objects.in_bulk([file.run_id for file in stored])
        return [rows[file.run_id] for file in stored]

    def history(
        self, levels: Sequence[float], *, first: int = 0, name: str = "parse", imported: bool = False
    ) -> list[Run]:
        """Store one run of one benchmark for each level, commit after commit."""
        return self.upload_all({first + i: {name: level} for i, level in enumerate(levels)}, imported=imported)

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
                samples=tuple(self.sample(name, sides[side], rounds=rounds) for name, sides in levels.items()),
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
        """Do what the workers do until nothing is pending: the newest run by itself, the rest together, publications."""
        newest = Run.objects.filter(processed_at=None, imported=False).order_by("pk").last()
        if newest is not None:
            tasks.process_run(newest.pk)
        processing.process_backlog(self.project, wait_for_imports=False)
        self.publish()

    def publish(self) -> None:
        while (row := publisher.due().order_by("pk").first()) is not None:
            tasks.publish(row.pk)
