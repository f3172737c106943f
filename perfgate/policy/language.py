"""perfgate.toml: what a team tolerates, as budgets and waivers.

    [[budget]]
    benchmarks = "bench.parse.*"     # glob on the benchmark's label; default "*"
    metric = "time"                  # cpu_time, wall_time, or both: time; traced_peak, peak_memory, or both: memory;
                                     # instructions, …; default "*"
    max_regression = "3%"            # one key for each kind of rule, see `perfgate.policy.rules`
    max = "5ms"

    [[waiver]]
    benchmarks = "bench.parse.time_large"
    max_regression = "8%"            # the ceiling: beyond it the gate fails
    until = 2027-01-31               # last day in force
    owner = "release managers"
    reason = "exact decimals, see #812"

    [alerts]                         # changes in the history, see `AlertRules`
    confirm = "measure"              # measure, points, or no
    points = 10
    per_day = 5
    workflow = "perfgate.yml"

    [suite]                          # what the benchmarks need to run, see `SuiteTable`
    packages = ["pytest-benchmark"]

If several budgets match, the last one that sets a limit decides it, as in a CODEOWNERS file. If none does, the default of
the rule kind holds. In ``pyproject.toml`` the same tables stand below ``[tool.perfgate]``.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from perfgate.errors import InvalidPolicy
from perfgate.policy.alert_rules import AlertRules
from perfgate.policy.findings import Limit
from perfgate.policy.quantities import fraction
from perfgate.policy.rule_kind import RuleKind
from perfgate.policy.rules import all_kinds
from perfgate.policy.rules.max_regression import MaxRegression
from perfgate.policy.scope import covers
from perfgate.policy.suite_table import SuiteTable
from perfgate.policy.waivers import Waiver
from perfgate.results.records import Policy

DEFAULT_MAX_REGRESSION = MaxRegression.default
"""Budget of a benchmark for which no table sets one."""

FILE_NAME = "perfgate.toml"


class BudgetTable(msgspec.Struct, frozen=True):
    """One ``[[budget]]`` table, checked."""

    benchmarks: str
    metric: str
    limits: dict[str, Limit]
    """By the key of the rule kind."""


class Budgets(msgspec.Struct, frozen=True):
    """A policy, read and checked."""

    rules: tuple[BudgetTable, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    path: str = FILE_NAME
    revision: str = ""
    alerts: AlertRules = AlertRules()
    suite: SuiteTable = SuiteTable()

    def limit(self, kind: RuleKind, label: str, metric: str, unit: str = "") -> Limit | None:
        """Return the limit of one kind for a benchmark and metric; None if the rule does not apply."""
        for table in reversed(self.rules):
            limit = table.limits.get(kind.key)
            if limit and kind.applies_to(limit, unit) and covers(table.benchmarks, table.metric, label, metric):
                return limit
        return None if kind.default is None else Limit(value=kind.default, line=0)

    def names(self, label: str, metric: str) -> bool:
        """Return whether a table covers a benchmark and metric, and names the metric: not just all of them."""
        return any(
            table.metric.strip("*") and covers(table.benchmarks, table.metric, label, metric) for table in self.rules
        )

    def max_regression(self, label: str, metric: str) -> Limit:
        """Return the largest tolerated change in the bad direction, a fraction: the statistics test against it."""
        limit = self.limit(MaxRegression(), label, metric)
        assert limit is not None, "the kind has a default"
        return limit


_Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class _WaiverFields(msgspec.Struct, forbid_unknown_fields=True):
    benchmarks: _Glob
    max_regression: str | float
    until: date
    owner: Annotated[str, msgspec.Meta(min_length=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    metric: _Glob = "*"


def find(read_file: Callable[[str], str | None], revision: str = "") -> Policy | None:
    """Return the policy of a repository: ``perfgate.toml``, else ``[tool.perfgate]``; None if it has neither.

    Args:
        read_file: Returns the text of a file at the top of the repository; None if there is none.
        revision: Commit that it reads from.
    """
    own = read_file(FILE_NAME)
    if own is not None:
        return Policy(text=own, path=FILE_NAME, revision=revision)
    project = read_file("pyproject.toml")
    if project is not None and "[tool.perfgate" in project:
        return Policy(text=project, path="pyproject.toml", revision=revision)
    return None


def read(policy: Policy | None) -> Budgets:
    """Return a policy, checked; None gives the defaults.

    Raises:
        InvalidPolicy: Not TOML, an unknown key, or an invalid limit; names the line if it is known.
    """
    if policy is None:
        return Budgets()
    kinds = all_kinds()
    tables = _tables(policy, tuple(kind.key for kind in kinds))
    prefix = r"tool\.perfgate\." if policy.path.endswith("pyproject.toml") else ""
    budget_lines = _lines(policy.text, prefix + "budget")
    waiver_lines = _lines(policy.text, prefix + "waiver")
    return Budgets(
        rules=tuple(
            _budget(table, kinds, line, policy.path) for table, line in zip(tables.budget, budget_lines, strict=True)
        ),
        waivers=tuple(
            _waiver(table, line, policy.path) for table, line in zip(tables.waiver, waiver_lines, strict=True)
        ),
        path=policy.path,
        revision=policy.revision,
        alerts=tables.alerts,
        suite=tables.suite,
    )


@lru_cache(maxsize=8)
def _file_type(keys: tuple[str, ...]) -> Any:
    """Return the structure of a policy file whose budget tables have these keys."""
    budget = msgspec.defstruct(
        "_BudgetFields",
        [("benchmarks", _Glob, "*"), ("metric", _Glob, "*"), *((key, str | float | None, None) for key in keys)],
        forbid_unknown_fields=True,
    )
    return msgspec.defstruct(
        "_PolicyFile",
        [
            ("budget", list[budget], msgspec.field(default_factory=list)),  # type: ignore[valid-type] # made above
            ("waiver", list[_WaiverFields], msgspec.field(default_factory=list)),
            ("alerts", AlertRules, AlertRules()),
            ("suite", SuiteTable, SuiteTable()),
        ],
        forbid_unknown_fields=True,
    )


def _tables(policy: Policy, keys: tuple[str, ...]) -> Any:
    try:
        document: dict[str, Any] = tomllib.loads(policy.text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise InvalidPolicy(str(error), source=policy.path, line=int(line[1]) if line else 0) from error
    if policy.path.endswith("pyproject.toml"):
        document = document.get("tool", {}).get("perfgate", {})
    try:
        return msgspec.convert(document, _file_type(keys))
    except msgspec.ValidationError as error:
        raise InvalidPolicy(str(error), source=policy.path, line=_line_of(policy, str(error))) from error


def _line_of(policy: Policy, message: str) -> int:
    """Return the line of the table that a validation error names; 0 if it names none."""
    if single := re.search(r"\$\.(alerts|suite)\b", message):
        header = re.compile(rf"^\s*\[\s*(?:tool\.perfgate\.)?{single[1]}\s*\]")
        return next((number for number, line in enumerate(policy.text.splitlines(), 1) if header.match(line)), 0)
    match = re.search(r"\$\.(budget|waiver)\[(\d+)\]", message)
    lines = _lines(policy.text, r"(?:tool\.perfgate\.)?" + match[1]) if match else []
    return lines[int(match[2])] if match and int(match[2]) < len(lines) else 0


def _lines(text: str, table: str) -> list[int]:
    """Return the 1-based lines of all ``[[table]]`` headers; tomllib does not report them."""
    header = re.compile(rf"^\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]


def _budget(table: Any, kinds: tuple[RuleKind, ...], line: int, path: str) -> BudgetTable:
    given = {kind: getattr(table, kind.key) for kind in kinds}
    limits = {kind.key: _limit(kind, text, line, path) for kind, text in given.items() if text is not None}
    if not limits:
        keys = " nor ".join(kind.key for kind in kinds)
        raise InvalidPolicy(f"a [[budget]] sets neither {keys}", source=path, line=line)
    return BudgetTable(benchmarks=table.benchmarks, metric=table.metric, limits=limits)


def _limit(kind: RuleKind, given: str | float, line: int, path: str) -> Limit:
    try:
        value, unit = kind.read(given)
    except ValueError as error:
        raise InvalidPolicy(f"{kind.key} = {error}", source=path, line=line) from error
    _require_limit(kind.key, given, value, line, path)
    return Limit(value=value, unit=unit, line=line)


def _waiver(table: _WaiverFields, line: int, path: str) -> Waiver:
    try:
        ceiling = fraction(table.max_regression)
    except ValueError as error:
        raise InvalidPolicy(f"max_regression = {error}", source=path, line=line) from error
    _require_limit("max_regression", table.max_regression, ceiling, line, path)
    return Waiver(
        benchmarks=table.benchmarks,
        metric=table.metric,
        max_regression=ceiling,
        until=table.until,
        owner=table.owner,
        reason=table.reason,
        line=line,
    )


def _require_limit(key: str, given: str | float, value: float, line: int, path: str) -> None:
    if not math.isfinite(value) or value < 0:
        raise InvalidPolicy(f"{key} = {given!r}: must be a number of at least 0", source=path, line=line)
