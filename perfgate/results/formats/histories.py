"""Read histories of values: a CSV table, or anything that holds results of many commits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from perfgate.errors import InvalidInput, InvalidResult
from perfgate.results.formats.csv_table import read_table
from perfgate.results.formats.files import read_file
from perfgate.results.formats.readers import read_run
from perfgate.results.formats.registry import recognize
from perfgate.results.formats.search import find_results
from perfgate.results.records import Metric, Refusal, Run

_CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".csv.xz")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class ValueHistory(NamedTuple):
    """One series, oldest first; labels and values have the same length."""

    labels: tuple[str, ...]
    """Name of each point: commit, date, or ``row 1``."""
    values: tuple[float, ...]
    """Finite, in the metric's unit."""
    metric: Metric | None = None
    """What was measured; None for a CSV table, which does not say."""


def read_histories(path: Path) -> dict[str, ValueHistory]:
    """Read every series in *path*.

    Args:
        path: A CSV table as `csv_table.read_table` reads it, or anything that `find_results` searches. Results are
            ordered by commit time, then by start. Runs of pull requests are left out, because they are not one history.

    Returns:
        Name of the series to its history, in the order of names (CSV: of columns). Never empty.

    Raises:
        InvalidInput: Not readable, or it holds no series. A retry cannot help.
    """
    if _is_table(path):
        histories = {name: ValueHistory(*column) for name, column in read_table(path).items()}
    else:
        histories = _read_results(path)
    if not histories:
        raise InvalidInput(
            f"{path}: no series in it: name a CSV file, a folder or an archive of results, or a result file"
        )
    return histories


def _is_table(path: Path) -> bool:
    """Return whether *path* is named like a CSV table and is no result of a tool that writes CSV."""
    return path.name.endswith(_CSV_SUFFIXES) and recognize(read_file(path)) is None


class _Point(NamedTuple):
    committed_at: datetime
    started_at: datetime
    sha: str
    value: float


_SeriesKey = tuple[str, str, str]
"""Label, metric name and environment name."""


def _read_results(path: Path) -> dict[str, ValueHistory]:
    points: dict[_SeriesKey, list[_Point]] = {}
    metrics: dict[_SeriesKey, Metric] = {}
    for found in find_results(path):
        if isinstance(found, Refusal):
            continue
        try:
            run = read_run(found.data, name=found.name, context=found.context)
        except InvalidResult:
            continue
        if run.pull_request is None:
            _add_points(run, points, metrics)
    names = _series_names(sorted(points))
    histories = {}
    for key, name in names.items():
        series = sorted(points[key], key=lambda point: (point.committed_at, point.started_at))
        labels, values = tuple(point.sha for point in series), tuple(point.value for point in series)
        histories[name] = ValueHistory(labels, values, metrics[key])
    return histories


def _add_points(run: Run, points: dict[_SeriesKey, list[_Point]], metrics: dict[_SeriesKey, Metric]) -> None:
    """Add only the values of a run: thousands of runs with all their measurements do not fit into memory."""
    committed_at = run.commit.committed_at or run.started_at or _LONG_AGO
    for sample in run.samples:
        if sample.value is not None:
            key = (sample.benchmark.label, sample.metric.name, run.environment.name)
            point = _Point(committed_at, run.started_at or committed_at, run.commit.sha, sample.value)
            points.setdefault(key, []).append(point)
            metrics[key] = sample.metric


def _series_names(keys: list[_SeriesKey]) -> dict[_SeriesKey, str]:
    """Return a name for each series: the label, with metric and environment only where the label is not unique."""
    environments = {environment for _, _, environment in keys}
    uses = Counter(label for label, _ in {(label, metric) for label, metric, _ in keys})
    names = {}
    for key in keys:
        label, metric, environment = key
        name = f"{label} ({metric})" if uses[label] > 1 else label
        names[key] = f"{name} on {environment}" if len(environments) > 1 else name
    return names
