"""perfgate.toml: what a team tolerates, as budgets and waivers.

    [[budget]]
    benchmarks = "bench.parse.*"     # glob on the benchmark's label; "*" if left out
    metric = "time"                  # cpu_time, wall_time, or both: time; traced_peak, peak_memory, or both: memory;
                                     # instructions, …; "*" (if left out)
    max_regression = "3%"            # largest tolerated change in the bad direction
    max = "5ms"                      # largest tolerated value

    [[waiver]]
    benchmarks = "bench.parse.time_large"
    max_regression = "8%"            # the ceiling: beyond it the gate fails all the same
    until = 2027-01-31               # last day it holds
    owner = "release managers"
    reason = "exact decimals, see #812"

    [alerts]                         # lasting changes in the history, see `AlertRules`
    confirm = "measure"              # measure, points, or no
    points = 10
    per_day = 5
    workflow = "perfgate.yml"

Where several budgets match, the last one that sets a limit decides it, as in a CODEOWNERS file. Where none does,
`DEFAULT_MAX_REGRESSION` holds. In ``pyproject.toml`` the same tables stand below ``[tool.perfgate]``.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from perfgate.errors import InvalidPolicy
from perfgate.results import metrics
from perfgate.results.records import Policy, Record

DEFAULT_MAX_REGRESSION = 0.03
"""Budget of a benchmark that no rule names: what a noisy shared runner can certify in a few seconds."""

FILE_NAME = "perfgate.toml"

_UNITS = {
    "": (1.0, ""),
    "%": (0.01, ""),
    "ns": (1e-9, "s"),
    "us": (1e-6, "s"),
    "µs": (1e-6, "s"),
    "ms": (1e-3, "s"),
    "s": (1.0, "s"),
    "min": (60.0, "s"),
    "B": (1.0, "B"),
    "kB": (1e3, "B"),
    "KB": (1e3, "B"),
    "MB": (1e6, "B"),
    "GB": (1e9, "B"),
    "KiB": (1024.0, "B"),
    "MiB": (1024.0**2, "B"),
    "GiB": (1024.0**3, "B"),
}
_QUANTITY = re.compile(r"^\s*(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*(?P<unit>[^\s0-9]*)\s*$")


class Limit(Record, frozen=True):
    """One number of a rule, and where it stands."""

    value: float
    """A fraction for a regression; seconds, bytes or a pure number for a value."""
    line: int
    """1-based line of the rule in the policy's text; 0: perfgate's own default."""


class Waiver(Record, frozen=True):
    """A reasoned, owned, expiring permission with a ceiling."""

    benchmarks: str
    metric: str
    max_regression: float
    until: date
    """Last day on which it holds."""
    owner: str
    reason: str
    line: int
    """0: it stands in no policy."""


class AlertRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must happen before an alert of the history is shouted about, and how often that may be."""

    confirm: Literal["measure", "points", "no"] = "measure"
    """``measure``: both ends of the range are measured again side by side, where the server can ask for it, and
    *points* counts all the same; ``points``: later points alone; ``no``: an issue is filed at first sight."""
    points: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    """Later points at the new level, the first one not counted, that confirm a change by themselves."""
    per_day: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5
    """New issues, and new measurements asked for, within 24 hours; what is more waits."""
    workflow: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,100}\.ya?ml$")] = "perfgate.yml"
    """File below ``.github/workflows`` that measures again when asked, see docs/how-to/alerts.md."""


class Budgets(msgspec.Struct, frozen=True):
    """A policy, read and checked."""

    rules: tuple[_Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    path: str = FILE_NAME
    revision: str = ""
    alerts: AlertRules = AlertRules()

    def max_regression(self, label: str, metric: str) -> Limit:
        """Return the largest tolerated change in the bad direction, a fraction."""
        for rule in reversed(self.rules):
            if rule.max_regression is not None and _covers(rule, label, metric):
                return Limit(value=rule.max_regression, line=rule.line)
        return Limit(value=DEFAULT_MAX_REGRESSION, line=0)

    def max_value(self, label: str, metric: str, unit: str) -> Limit | None:
        """Return the largest tolerated value in *unit*, None where no rule of that unit sets one."""
        for rule in reversed(self.rules):
            if rule.max_value is not None and rule.max_unit == unit and _covers(rule, label, metric):
                return Limit(value=rule.max_value, line=rule.line)
        return None

    def waiver(self, label: str, metric: str, today: date) -> Waiver | None:
        """Return the last waiver in force on *today* for this benchmark and metric."""
        for waiver in reversed(self.waivers):
            if today <= waiver.until and _covers(waiver, label, metric):
                return waiver
        return None


class _Rule(msgspec.Struct, frozen=True):
    benchmarks: str
    metric: str
    line: int
    max_regression: float | None = None
    max_value: float | None = None
    max_unit: str = ""


_Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class _BudgetTable(msgspec.Struct, forbid_unknown_fields=True):
    benchmarks: _Glob = "*"
    metric: _Glob = "*"
    max_regression: str | float | None = None
    max: str | float | None = None


class _WaiverTable(msgspec.Struct, forbid_unknown_fields=True):
    benchmarks: _Glob
    max_regression: str | float
    until: date
    owner: Annotated[str, msgspec.Meta(min_length=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    metric: _Glob = "*"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    budget: list[_BudgetTable] = []
    waiver: list[_WaiverTable] = []
    alerts: AlertRules = AlertRules()


def find(read_file: Callable[[str], str | None], revision: str = "") -> Policy | None:
    """Return the policy of a repository: ``perfgate.toml``, else ``[tool.perfgate]``; None where it has neither.

    Args:
        read_file: Returns the text of a file at the top of the repository, None where there is none.
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
    """Read and check a policy; None gives the defaults.

    Raises:
        InvalidPolicy: Not TOML, an unknown key, or a limit that is no limit; names the line where it can.
    """
    if policy is None:
        return Budgets()
    tables = _tables(policy)
    in_project = policy.path.endswith("pyproject.toml")
    prefix = r"tool\.perfgate\." if in_project else ""
    budget_lines = _lines(policy.text, prefix + "budget")
    waiver_lines = _lines(policy.text, prefix + "waiver")
    rules = [_rule(table, line, policy.path) for table, line in zip(tables.budget, budget_lines, strict=True)]
    waivers = [_waiver(table, line, policy.path) for table, line in zip(tables.waiver, waiver_lines, strict=True)]
    return Budgets(
        rules=tuple(rules),
        waivers=tuple(waivers),
        path=policy.path,
        revision=policy.revision,
        alerts=tables.alerts,
    )


def quantity(text: str | float) -> tuple[float, str]:
    """Read a number with a unit as people write it; return it in seconds, bytes or as a pure number, and that unit.

    Raises:
        ValueError: Not a number with a known unit; says which are known.

    >>> quantity("250 MB"), quantity("3%"), quantity("2min")
    ((250000000.0, 'B'), (0.03, ''), (120.0, 's'))
    """
    if isinstance(text, int | float):
        return float(text), ""
    match = _QUANTITY.match(text)
    if match is None or match["unit"] not in _UNITS:
        known = ", ".join(repr(unit) for unit in _UNITS if unit)
        raise ValueError(f"{text!r} is not a number followed by a unit perfgate knows ({known})")
    factor, unit = _UNITS[match["unit"]]
    return float(match["number"].replace("_", "")) * factor, unit


def _tables(policy: Policy) -> _File:
    try:
        document: dict[str, Any] = tomllib.loads(policy.text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise InvalidPolicy(str(error), source=policy.path, line=int(line[1]) if line else 0) from error
    if policy.path.endswith("pyproject.toml"):
        document = document.get("tool", {}).get("perfgate", {})
    try:
        return msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise InvalidPolicy(str(error), source=policy.path, line=_line_of(policy, str(error))) from error


def _line_of(policy: Policy, message: str) -> int:
    """Return the line of the table that a validation error speaks of, 0 where it names none."""
    if "$.alerts" in message:
        header = re.compile(r"^\s*\[\s*(?:tool\.perfgate\.)?alerts\s*\]")
        return next((number for number, line in enumerate(policy.text.splitlines(), 1) if header.match(line)), 0)
    match = re.search(r"\$\.(budget|waiver)\[(\d+)\]", message)
    lines = _lines(policy.text, r"(?:tool\.perfgate\.)?" + match[1]) if match else []
    return lines[int(match[2])] if match and int(match[2]) < len(lines) else 0


def _lines(text: str, table: str) -> list[int]:
    """Return the 1-based lines of all ``[[table]]`` headers; tomllib does not tell."""
    header = re.compile(rf"^\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]


def _rule(table: _BudgetTable, line: int, path: str) -> _Rule:
    if table.max_regression is None and table.max is None:
        raise InvalidPolicy("a [[budget]] sets neither max_regression nor max", source=path, line=line)
    max_value, max_unit = (None, "") if table.max is None else _checked(table.max, "max", line, path)
    return _Rule(
        benchmarks=table.benchmarks,
        metric=table.metric,
        line=line,
        max_regression=None if table.max_regression is None else _fraction(table.max_regression, line, path),
        max_value=max_value,
        max_unit=max_unit,
    )


def _waiver(table: _WaiverTable, line: int, path: str) -> Waiver:
    return Waiver(
        benchmarks=table.benchmarks,
        metric=table.metric,
        max_regression=_fraction(table.max_regression, line, path),
        until=table.until,
        owner=table.owner,
        reason=table.reason,
        line=line,
    )


def _fraction(given: str | float, line: int, path: str) -> float:
    value, unit = _checked(given, "max_regression", line, path)
    if unit:
        raise InvalidPolicy(f"max_regression = {given!r}: a share is needed, such as '3%'", source=path, line=line)
    if value > 10 or (isinstance(given, int | float) and value > 1):
        raise InvalidPolicy(
            f"max_regression = {given!r}: more than tenfold, write '3%' or 0.03", source=path, line=line
        )
    return value


def _checked(given: str | float, key: str, line: int, path: str) -> tuple[float, str]:
    try:
        value, unit = quantity(given)
    except ValueError as error:
        raise InvalidPolicy(f"{key} = {error}", source=path, line=line) from error
    if not math.isfinite(value) or value < 0:
        raise InvalidPolicy(f"{key} = {given!r}: must be a number of at least 0", source=path, line=line)
    return value, unit


def _covers(rule: _Rule | Waiver, label: str, metric: str) -> bool:
    names = {metric, metrics.describe(metric).family} - {""}
    return any(fnmatchcase(name, rule.metric) for name in names) and _matches(rule.benchmarks, label)


@lru_cache(maxsize=4_096)
def _matches(glob: str, label: str) -> bool:
    # A label may hold brackets, which a glob would read as a set of characters: equality comes first.
    return glob == label or fnmatchcase(label, glob) or fnmatchcase(label.split("[", 1)[0], glob)
