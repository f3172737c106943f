"""What was measured, as frozen records: Run, Commit, Environment, Benchmark, Metric, Sample.

A `Run` is one suite on one commit in one environment; it is the unit of upload. The records hold facts only: no
statistics, no judgement, no database. They decode and validate themselves (`msgspec`), so a reader of foreign JSON
gets either a sound record or an error with the path of the offending field.

Units inside are seconds and bytes; times are aware and in UTC; fractions are fractions, never percent.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from statistics import median
from typing import Annotated

import msgspec

MAX_NAME_CHARACTERS = 2_000
"""Longest benchmark name; real ones reach a few hundred characters through their parameters."""

MAX_TEXT_CHARACTERS = 10_000
"""Longest free text (commit subject, environment field, refusal)."""

_HARMLESS_NAME = (
    r"(?i)\A(?:[^<\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]++"
    r"|<(?!/?(?:script|iframe|img|svg)\b))*+\Z"
)
"""A name is one line of characters that show what they are: no control characters, none that reverse the text around
them, and no markup that loads or runs something. Pages escape it; mail, chat and terminals may not."""

_SHA = r"^[0-9a-f]{7,64}\Z"

_STORABLE_TEXT = r"\A[^\x00\ud800-\udfff]*+\Z"
"""PostgreSQL cannot hold a NUL, UTF-8 no lone surrogate."""

PATTERNS_IN_WORDS = {
    _HARMLESS_NAME: "one line without control characters, reversed text, or markup that loads or runs something",
    _STORABLE_TEXT: "text without NUL characters and lone surrogates",
    _SHA: "7 to 64 hexadecimal digits in lower case",
}
"""What an error says instead of the regular expression."""

MAX_INTEGER = 2**31 - 1
"""Largest whole number that every database holds in a plain integer column."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=_HARMLESS_NAME)]
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS, pattern=_STORABLE_TEXT)]
Sha = Annotated[str, msgspec.Meta(pattern=_SHA)]
Label = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS)]

SAME_MACHINE_FIELDS = ("machine",)
"""Environment fields that must agree, besides those below, before two runs may be compared for a verdict."""

COMPARABILITY_FIELDS = ("cpu", "cpu_count", "arch", "memory", "os", "python", "dependencies")
"""Environment fields whose change starts a new segment of a series.

Source: the idea of one list is pyperf's ``_CHECKED_METADATA``; the host name is left out of it because hosted
runners get a new one each day.
"""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all records: immutable, keyword-only, strict when decoded."""


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Metric(Record, frozen=True):
    """A quantity, its unit, and which direction is better."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_HARMLESS_NAME)]
    """For example ``time``, ``cpu_time``, ``peak_memory``."""
    unit: Annotated[str, msgspec.Meta(max_length=100, pattern=_HARMLESS_NAME)]
    """``s`` and ``B`` for time and memory; else as the tool wrote it; empty for a pure number."""
    direction: Direction = Direction.LOWER
    """Which direction is better."""


TIME = Metric(name="time", unit="s")
CPU_TIME = Metric(name="cpu_time", unit="s")
WALL_TIME = Metric(name="wall_time", unit="s")
PEAK_MEMORY = Metric(name="peak_memory", unit="B")
MEMORY = Metric(name="memory", unit="B")


class Benchmark(Record, frozen=True):
    """One named, parametrised piece of work."""

    name: Name
    """The tool's own full name without parameters, for example ``bench.Sort.time_sort``."""
    parameters: dict[Name, Text] = {}
    """Parameter name to value, both as text, in the tool's order."""
    version: Annotated[str, msgspec.Meta(max_length=200, pattern=_HARMLESS_NAME)] = ""
    """What the benchmark itself looked like (asv's version hash); a change starts a new segment. Empty: unknown."""

    @property
    def label(self) -> str:
        """Name and parameters in one line: ``bench.Sort.time_sort[kind=list, n=10]``."""
        if not self.parameters:
            return self.name
        inside = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name}[{inside}]"


class SampleState(StrEnum):
    """What became of one benchmark and metric in one run."""

    MEASURED = "measured"
    FAILED = "failed"
    SKIPPED = "skipped"


class Sample(Record, frozen=True):
    """All measurements of one benchmark and metric in one run.

    A *round* is one fresh process; the measurements inside one round are not independent of each other. Tools that
    keep no raw measurements leave `rounds` empty and give `value`.
    """

    benchmark: Benchmark
    metric: Metric
    state: SampleState = SampleState.MEASURED
    value: float | None = None
    """The level: as the tool reported it, else the median of the round medians. None exactly if not measured."""
    low: float | None = None
    """Lower end of the tool's own confidence interval for the level; None: unknown or unbounded."""
    high: float | None = None
    """Upper end of that interval; None: unknown or unbounded."""
    rounds: tuple[tuple[float, ...], ...] = ()
    """Measurements, oldest first, grouped by process, in the metric's unit; all finite."""
    calls: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Inner iterations behind each measurement (asv's number, pytest-benchmark's iterations)."""
    statistics: dict[Annotated[str, msgspec.Meta(max_length=100)], float] = {}
    """What the tool itself computed (``mean``, ``stddev``, ``q1`` …), in the metric's unit; all finite."""
    reason: Text = ""
    """Why it failed or was skipped, where known."""

    def __post_init__(self) -> None:
        """Refuse contradictions that types cannot express."""
        if self.state is SampleState.MEASURED:
            if self.value is None or not math.isfinite(self.value):
                raise ValueError(f"a measured sample needs a finite value, got {self.value!r}")
        elif self.value is not None:
            raise ValueError(f"a {self.state} sample cannot have a value, got {self.value!r}")
        # The sum is finite if all are, and cheap over a million; only an overflow needs a look at each.
        if any(not math.isfinite(sum(one)) and not all(map(math.isfinite, one)) for one in self.rounds):
            raise ValueError("measurements must be finite numbers")
        if not all(map(math.isfinite, self.statistics.values())):
            raise ValueError("statistics must be finite numbers")
        if not (math.isfinite(self.low or 0.0) and math.isfinite(self.high or 0.0)):
            raise ValueError("an interval's end must be finite; leave it out where it is unbounded")


def level(rounds: tuple[tuple[float, ...], ...]) -> float:
    """Return the median of the round medians, the level of a sample.

    >>> level(((1.0, 2.0, 9.0), (4.0, 4.0)))
    3.0
    """
    return median(median(one_round) for one_round in rounds)


class Environment(Record, frozen=True):
    """What makes values comparable, and the name under which a team follows it."""

    name: Name
    """Part of a series' identity: asv's machine and environment, pytest-benchmark's machine id, or ``--environment``."""
    fields: dict[Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_HARMLESS_NAME)], Text] = {}
    """Facts: the names in `COMPARABILITY_FIELDS` and `SAME_MACHINE_FIELDS`, and any other worth showing."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits over the comparability fields; equal fingerprints may share one segment of a series."""
        facts = "\n".join(f"{name}={self.fields.get(name, '')}" for name in COMPARABILITY_FIELDS)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    def differences(self, other: Environment) -> dict[str, tuple[str, str]]:
        """Return the fields that forbid a verdict between the two: name to (ours, theirs). Empty: comparable."""
        names = (*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS)
        return {
            name: (self.fields.get(name, ""), other.fields.get(name, ""))
            for name in names
            if self.fields.get(name, "") != other.fields.get(name, "")
        }


class Commit(Record, frozen=True):
    """The state of the code that was measured."""

    sha: Sha
    committed_at: datetime | None = None
    """Committer time, UTC; None where the tool did not record it."""
    generation: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None
    """1 + the largest generation among the parents: an ancestor's is always smaller, whatever was measured or
    fetched. None where the clone was shallow or absent."""
    branch: Annotated[str, msgspec.Meta(max_length=255, pattern=_HARMLESS_NAME)] = ""
    """Branch the run was made on; empty: the project's default branch."""
    subject: Text = ""
    """First line of the message."""
    author: Text = ""
    """Name of the author, without the address."""
    dirty: bool = False
    """Whether the work tree held uncommitted changes."""


class Refusal(Record, frozen=True):
    """A part of a file that could not be kept, and why."""

    where: Text
    """File, and path inside it, of what was refused."""
    reason: Text
    """What is wrong, in words."""


class Policy(Record, frozen=True):
    """The text of a policy as it stood at a revision, kept with the measurements that it judges."""

    text: Annotated[str, msgspec.Meta(max_length=1_000_000)]
    """Content of ``perfgate.toml`` or of ``[tool.perfgate]``."""
    path: Text = "perfgate.toml"
    revision: Text = ""
    """Commit it was read from: where there is a base, that, so that a pull request cannot loosen its own budget."""


MAX_SHARDS = 1_000
"""Most parts that a suite can be cut into."""


class Shard(Record, frozen=True):
    """One part of a suite that was measured, and is judged, by itself."""

    number: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHARDS)]
    """1-based."""
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHARDS)]
    """How many parts the suite was cut into."""
    labels: tuple[Label, ...]
    """Labels of its benchmarks, measured or not."""
    suite: Annotated[str, msgspec.Meta(max_length=64)]
    """Digest of the labels of all parts together: the machines must have cut the same suite."""


class Run(Record, frozen=True):
    """One suite on one commit in one environment."""

    suite: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_HARMLESS_NAME)]
    """Name of the suite, for example ``asv`` or ``pytest-benchmark``."""
    tool: Text
    """Tool and version that measured, for example ``pytest-benchmark 5.3.1``."""
    commit: Commit
    environment: Environment
    started_at: datetime | None = None
    """UTC."""
    samples: tuple[Sample, ...] = ()
    refused: tuple[Refusal, ...] = ()
    """What the file held besides and could not be kept."""
    baseline: Run | None = None
    """The other side, when both were measured together: round *i* of a sample here was measured side by side with
    round *i* of the same sample there."""
    exempt: tuple[Label, ...] = ()
    """Labels of benchmarks that are not gated, because nothing they reach differs between the two sides. Those that
    have samples were measured all the same, and show how often unchanged code is called changed."""
    assumptions: tuple[Text, ...] = ()
    """What `exempt` takes for granted, one sentence each."""
    shards: tuple[Shard, ...] = ()
    """Which parts of the suite these are, where it was cut into parts; empty: it is whole."""
    notes: tuple[Text, ...] = ()
    """What a reader must know about how this was measured, one sentence each."""
    policy: Policy | None = None
    """The policy in force at the baseline, when this run asks for a verdict; else the one at its own commit."""
    pull_request: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None
    """Number of the pull request whose head this is."""

    def __post_init__(self) -> None:
        """Refuse a baseline of a baseline, and shards that contradict each other."""
        if self.baseline is not None and self.baseline.baseline is not None:
            raise ValueError("a baseline cannot have a baseline of its own")
        numbers = [shard.number for shard in self.shards]
        if len(set(numbers)) < len(numbers) or len({shard.count for shard in self.shards}) > 1:
            raise ValueError("shards are parts of one cut, each once")
        labels = [*chain.from_iterable(shard.labels for shard in self.shards)]
        if len(set(labels)) < len(labels):
            raise ValueError("a benchmark belongs to one shard only")
        if labels and not {sample.benchmark.label for sample in self.samples} <= set(labels):
            raise ValueError("every benchmark that was measured belongs to a shard")

    def count(self, state: SampleState) -> int:
        """Return how many samples are in *state*."""
        return sum(sample.state is state for sample in self.samples)


def as_utc(moment: datetime) -> datetime:
    """Return *moment* in UTC; a naive one is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
