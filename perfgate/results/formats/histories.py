"""Read whole histories of values: a CSV file, or any tree of results that `perfgate.results.formats.find_results` knows."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from perfgate.errors import InvalidInput, InvalidResult
from perfgate.results.formats import find_results, read_run
from perfgate.results.formats.sources import read_file
from perfgate.results.records import Metric, Refusal, Run

_CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.xz")
_LABEL_NAMES = frozenset({"commit", "sha", "revision", "hash", "date", "time", "timestamp", "datetime", "build", "run"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class History(NamedTuple):
    """One series, oldest first; labels and values have the same length."""

    labels: tuple[str, ...]
    """What each point is called: commit, date, or ``row 1``."""
    values: tuple[float, ...]
    """Finite, in the metric's unit."""
    metric: Metric | None = None
    """What was measured; None for a CSV, which does not tell."""


def read_histories(path: Path) -> dict[str, History]:
    """Read every series in *path*.

    Args:
        path: A CSV file (one column of numbers; or columns called ``commit``, ``date`` and the like beside one column
            for each series; a header where there is more than one column; empty cells are left out), or anything
            that holds results. Results are ordered by commit date, then by when they were measured; runs of pull
            requests are left out, for they are not one history.

    Returns:
        Name of the series to its history, in the order of names (CSV: of columns). Never empty.

    Raises:
        InvalidInput: Not readable, or no series in it. A retry cannot help.
    """
    histories = _from_csv(path) if path.name.endswith(_CSV_SUFFIXES) else _from_results(path)
    if not histories:
        raise InvalidInput(f"{path}: no series in it: name a CSV file, a folder or an archive of results, or a data.js")
    return histories


Points = dict[tuple[str, str, str], list[tuple[datetime, datetime, str, float]]]
"""Label, metric and environment to commit time, start, commit and value."""


def _from_results(path: Path) -> dict[str, History]:
    points: Points = {}
    metrics: dict[tuple[str, str, str], Metric] = {}
    for found in find_results(path):
        if isinstance(found, Refusal):
            continue
        try:
            run = read_run(found.data, name=found.name, context=found.context)
        except InvalidResult:
            continue
        if run.pull_request is None:
            _collect(run, points, metrics)
    environments = {environment for _, _, environment in points}
    uses = Counter(label for label, _ in {(label, metric) for label, metric, _ in points})
    histories = {}
    for (label, metric, environment), series in sorted(points.items()):
        name = f"{label} ({metric})" if uses[label] > 1 else label
        name = f"{name} on {environment}" if len(environments) > 1 else name
        series.sort(key=lambda point: point[:2])
        labels, values = tuple(sha for *_, sha, _ in series), tuple(value for *_, value in series)
        histories[name] = History(labels, values, metrics[label, metric, environment])
    return histories


def _collect(run: Run, points: Points, metrics: dict[tuple[str, str, str], Metric]) -> None:
    """Keep of a run only its values: a history of thousands of runs must not be held with all its measurements."""
    when = run.commit.committed_at or run.started_at or _LONG_AGO
    for sample in run.samples:
        if sample.value is not None:
            key = (sample.benchmark.label, sample.metric.name, run.environment.name)
            points.setdefault(key, []).append((when, run.started_at or when, run.commit.sha, sample.value))
            metrics[key] = sample.metric


def _from_csv(path: Path) -> dict[str, History]:
    try:
        content = read_file(path).decode("utf-8-sig")
        first_line = content.lstrip().partition("\n")[0]
        delimiter = max(",;\t", key=first_line.count)
        rows = [row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path}: no CSV in UTF-8: {error}") from error
    if not rows:
        return {}
    has_header = any(_number(cell) is None for cell in rows[0] if cell)
    header = rows.pop(0) if has_header else [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    labels = _labels(header, rows)
    return {
        name.strip() or f"column {column + 1}": _history(path, column, rows, labels, first=2 if has_header else 1)
        for column, name in enumerate(header)
        if not _is_label(name, column, rows)
    }


def _history(path: Path, column: int, rows: list[list[str]], labels: Sequence[str], *, first: int) -> History:
    kept, values = [], []
    for row_number, (row, label) in enumerate(zip(rows, labels, strict=True), first):
        cell = row[column].strip() if column < len(row) else ""
        value = _number(cell)
        if value is not None:
            kept.append(label)
            values.append(value)
        elif cell and cell.lower() not in {"nan", "null", "none", "na", "n/a"}:
            raise InvalidInput(f"{path}:{row_number}: {cell[:100]!r} in column {column + 1} is no number")
    return History(tuple(kept), tuple(values))


def _is_label(name: str, column: int, rows: list[list[str]]) -> bool:
    """Tell whether a column names the points: by its title, or because nothing in it is a number."""
    if name.strip().lower() in _LABEL_NAMES:
        return True
    return not any(column < len(row) and _number(row[column]) is not None for row in rows)


def _labels(header: list[str], rows: list[list[str]]) -> list[str]:
    columns = [column for column, name in enumerate(header) if _is_label(name, column, rows)]
    if not columns:
        return [f"row {number}" for number in range(1, len(rows) + 1)]
    return [" ".join(row[column].strip() for column in columns if column < len(row)) for row in rows]


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
