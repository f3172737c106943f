"""Frozen records of measurements: Run, Commit, Environment, Benchmark, Metric, Sample.

A `Run` is one suite on one commit in one environment, and the unit of upload. Records contain facts only: no statistics,
no judgments. `msgspec` validates a record when it decodes it, and reports the path of an invalid field. A record that
code constructs is not validated, except by ``__post_init__``.

Times and sizes are in seconds and bytes. Datetimes are aware and in UTC. Fractions are never percent.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from statistics import median
from typing import Annotated

import msgspec

from perfgate.results.limits import MAX_INTEGER, SAFE_LINE, Label, Name, Sha, ShortName, Text

SAME_MACHINE_FIELDS = ("machine",)
"""Environment fields that must be equal, in addition to `COMPARABILITY_FIELDS`, before two runs are compared for a verdict."""

COMPARABILITY_FIELDS = ("cpu", "cpu_count", "arch", "memory", "os", "python", "dependencies")
"""Environment fields whose change starts a new segment of a series.

Source: pyperf's ``_CHECKED_METADATA``. The host name is not in it, because hosted runners get a new one each day.
"""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all records: immutable, keyword-only, without unknown fields when decoded."""


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Metric(Record, frozen=True):
    """A quantity, its unit, and which direction is better."""

    name: ShortName
    """For example ``time``, ``cpu_time``, ``peak_memory``."""
    unit: Annotated[str, msgspec.Meta(max_length=100, pattern=SAFE_LINE)]
    """``s`` for time, ``B`` for memory, otherwise as the tool wrote it; empty for a dimensionless number."""
    direction: Direction = Direction.LOWER
    """Which direction is better."""


TIME = Metric(name="time", unit="s")
CPU_TIME = Metric(name="cpu_time", unit="s")
WALL_TIME = Metric(name="wall_time", unit="s")
PEAK_MEMORY = Metric(name="peak_memory", unit="B")
MEMORY = Metric(name="memory", unit="B")


class Benchmark(Record, frozen=True):
    """One named, parametrized piece of work."""

    name: Name
    """The tool's full name without parameters, for example ``bench.Sort.time_sort``."""
    parameters: dict[Name, Text] = {}
    """Parameter name to value, both as text, in the tool's order."""
    version: Annotated[str, msgspec.Meta(max_length=200, pattern=SAFE_LINE)] = ""
    """Version of the benchmark's own code; a change starts a new segment of a series. Empty: unknown."""

    @property
    def label(self) -> str:
        """Name and parameters in one line: ``bench.Sort.time_sort[kind=list, n=10]``."""
        if not self.parameters:
            return self.name
        inside = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name}[{inside}]"


class SampleState(StrEnum):
    """Whether one benchmark and metric was measured in one run."""

    MEASURED = "measured"
    FAILED = "failed"
    SKIPPED = "skipped"


class Sample(Record, frozen=True):
    """All measurements of one benchmark and metric in one run.

    A *round* is one fresh process. The measurements in a round are not independent of each other. If a tool does not
    keep raw measurements, `rounds` is empty and `value` is set.
    """

    benchmark: Benchmark
    metric: Metric
    state: SampleState = SampleState.MEASURED
    value: float | None = None
    """The level: as the tool reported it, otherwise the median of the round medians. None if and only if not measured."""
    low: float | None = None
    """Lower end of the tool's own confidence interval for the level; None: unknown or unbounded."""
    high: float | None = None
    """Upper end of that interval; None: unknown or unbounded."""
    rounds: tuple[tuple[float, ...], ...] = ()
    """Measurements, oldest first, grouped by process, in the metric's unit; all finite."""
    calls: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Inner iterations per measurement."""
    statistics: dict[Annotated[str, msgspec.Meta(max_length=100)], float] = {}
    """Statistics from the tool (``mean``, ``stddev``, ``q1`` …), in the metric's unit; all finite."""
    reason: Text = ""
    """Why it failed or was skipped, if known. Of a measured sample: the limit that ended measuring before it was decided."""

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        self._check_value()
        if not all(map(_all_finite, self.rounds)):
            raise ValueError("measurements must be finite numbers")
        if not _all_finite(self.statistics.values()):
            raise ValueError("statistics must be finite numbers")
        if not _all_finite((self.low or 0.0, self.high or 0.0)):
            raise ValueError("an interval's end must be finite; leave it out where it is unbounded")

    def _check_value(self) -> None:
        if self.state is not SampleState.MEASURED and self.value is not None:
            raise ValueError(f"a {self.state} sample cannot have a value, got {self.value!r}")
        if self.state is SampleState.MEASURED and (self.value is None or not math.isfinite(self.value)):
            raise ValueError(f"a measured sample needs a finite value, got {self.value!r}")


def _all_finite(numbers: Collection[float]) -> bool:
    # The sum is finite if all numbers are, and fast. It can overflow, so an infinite sum is checked number by number.
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))


def level(rounds: tuple[tuple[float, ...], ...]) -> float:
    """Return the level of a sample: the median of the round medians.

    >>> level(((1.0, 2.0, 9.0), (4.0, 4.0)))
    3.0
    """
    return median(median(measurements) for measurements in rounds)


class Environment(Record, frozen=True):
    """Where a run was measured: the facts that make values comparable, and the name that a team gives them."""

    name: Name
    """Part of a series' identity. ``--environment`` sets it; a format of another tool derives it from the result."""
    fields: dict[ShortName, Text] = {}
    """Facts by name: those in `COMPARABILITY_FIELDS` and `SAME_MACHINE_FIELDS`, and any others to show."""

    @property
    def fingerprint(self) -> str:
        """Digest of the comparability fields, 16 hexadecimal digits. Values with equal fingerprints are comparable in a series."""
        facts = "\n".join(f"{name}={self.fields.get(name, '')}" for name in COMPARABILITY_FIELDS)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    def differences(self, other: Environment) -> dict[str, tuple[str, str]]:
        """Return the fields that rule out a verdict: name to (own value, other value). Empty: comparable."""
        names = (*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS)
        return {
            name: (self.fields.get(name, ""), other.fields.get(name, ""))
            for name in names
            if self.fields.get(name, "") != other.fields.get(name, "")
        }


class Commit(Record, frozen=True):
    """The commit that was measured."""

    sha: Sha
    committed_at: datetime | None = None
    """Committer time, UTC; None if the tool did not record it."""
    generation: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None
    """1 + the largest generation of the parents, so that an ancestor's is always smaller. None if the clone was shallow
    or absent."""
    branch: Annotated[str, msgspec.Meta(max_length=255, pattern=SAFE_LINE)] = ""
    """Branch of the run; empty: the project's default branch."""
    subject: Text = ""
    """First line of the message."""
    author: Text = ""
    """Name of the author, without the email address."""
    dirty: bool = False
    """Whether the work tree held uncommitted changes."""


class Refusal(Record, frozen=True):
    """A part of a file that could not be read or stored, and why."""

    where: Text
    """File, and path in it, of the part."""
    reason: Text
    """What is wrong."""


class Policy(Record, frozen=True):
    """The text of a policy at a revision, stored with the measurements that it judges."""

    text: Annotated[str, msgspec.Meta(max_length=1_000_000)]
    """Content of ``perfgate.toml`` or of ``[tool.perfgate]``."""
    path: Text = "perfgate.toml"
    revision: Text = ""
    """Commit that it was read from: the base if there is one, so that a pull request cannot loosen its own budget."""


MAX_SHARDS = 1_000
"""Largest number of shards of a suite."""


class Shard(Record, frozen=True):
    """One part of a suite, measured and judged separately."""

    number: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHARDS)]
    """1-based."""
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHARDS)]
    """Number of shards of the suite."""
    labels: tuple[Label, ...]
    """Labels of the benchmarks in the shard, measured or not."""
    suite: Annotated[str, msgspec.Meta(max_length=64)]
    """Digest of the labels of all shards, to check that all machines split the same suite."""


class Run(Record, frozen=True):
    """One suite on one commit in one environment."""

    suite: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=SAFE_LINE)]
    """Name of the suite; by default the name of the tool."""
    tool: Text
    """Tool that measured, and its version."""
    commit: Commit
    environment: Environment
    started_at: datetime | None = None
    """UTC."""
    samples: tuple[Sample, ...] = ()
    refused: tuple[Refusal, ...] = ()
    """Parts of the file that could not be read."""
    baseline: Run | None = None
    """The baseline, if both were measured together: round *i* of a sample was measured side by side with round *i* of
    the baseline's sample."""
    exempt: tuple[Label, ...] = ()
    """Labels of benchmarks that are not gated, because nothing that they reach differs between the two sides. If they
    have samples, these show how often unchanged code is judged as changed."""
    assumptions: tuple[Text, ...] = ()
    """Assumptions behind `exempt`, one sentence each."""
    shards: tuple[Shard, ...] = ()
    """The shards of the suite in this run; empty if the suite was not split."""
    notes: tuple[Text, ...] = ()
    """Notes for readers on how the run was measured, one sentence each."""
    policy: Policy | None = None
    """The baseline's policy if the run has a baseline, otherwise the policy at its own commit."""
    pull_request: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None
    """Number of the pull request whose head was measured."""

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        if self.baseline is not None and self.baseline.baseline is not None:
            raise ValueError("a baseline cannot have a baseline of its own")
        if self.shards:
            self._check_shards()

    def _check_shards(self) -> None:
        numbers = [shard.number for shard in self.shards]
        if len(set(numbers)) < len(numbers) or len({shard.count for shard in self.shards}) > 1:
            raise ValueError("shards must be different parts of one split suite")
        labels = [*chain.from_iterable(shard.labels for shard in self.shards)]
        if len(set(labels)) < len(labels):
            raise ValueError("a benchmark belongs to one shard only")
        if labels and not {sample.benchmark.label for sample in self.samples} <= set(labels):
            raise ValueError("every benchmark that was measured belongs to a shard")

    def count(self, state: SampleState) -> int:
        """Return how many samples are in *state*."""
        return sum(sample.state is state for sample in self.samples)


def as_utc(moment: datetime) -> datetime:
    """Return *moment* in UTC. A naive datetime is interpreted as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
