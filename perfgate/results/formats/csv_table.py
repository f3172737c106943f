"""Read series of values from a CSV table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from perfgate.errors import InvalidInput
from perfgate.results.formats.files import read_file

_LABEL_NAMES = frozenset({"commit", "sha", "revision", "hash", "date", "time", "timestamp", "datetime", "build", "run"})
_EMPTY = frozenset({"", "nan", "null", "none", "na", "n/a"})

Column = tuple[tuple[str, ...], tuple[float, ...]]
"""Labels and values of one series, both of the same length."""


def read_table(path: Path) -> dict[str, Column]:
    """Return each column of numbers by its name, in the order of columns; empty if there is none.

    Args:
        path: A file in UTF-8, plain or compressed, separated by commas, semicolons or tabs. A header is optional if
            there is one column. The columns called ``commit``, ``date``, ``build`` and similar, and those without
            numbers, are the labels of the points. Empty cells are skipped.

    Raises:
        InvalidInput: It is no CSV, or a cell among numbers is no number. A retry cannot help.
    """
    rows = _rows(path)
    if not rows:
        return {}
    has_header = any(_number(cell) is None for cell in rows[0] if cell)
    header = rows.pop(0) if has_header else [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    labels = _labels(header, rows)
    return {
        name.strip() or f"column {column + 1}": _column(path, column, rows, labels, first_row=2 if has_header else 1)
        for column, name in enumerate(header)
        if not _is_label(name, column, rows)
    }


def _rows(path: Path) -> list[list[str]]:
    try:
        content = read_file(path).decode("utf-8-sig")
        first_line = content.lstrip().partition("\n")[0]
        delimiter = max(",;\t", key=first_line.count)
        return [row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path}: no CSV in UTF-8: {error}") from error


def _column(path: Path, column: int, rows: list[list[str]], labels: Sequence[str], *, first_row: int) -> Column:
    kept, values = [], []
    for row_number, (row, label) in enumerate(zip(rows, labels, strict=True), first_row):
        cell = row[column].strip() if column < len(row) else ""
        value = _number(cell)
        if value is not None:
            kept.append(label)
            values.append(value)
        elif cell.lower() not in _EMPTY:
            raise InvalidInput(f"{path}:{row_number}: {cell[:100]!r} in column {column + 1} is no number")
    return tuple(kept), tuple(values)


def _is_label(name: str, column: int, rows: list[list[str]]) -> bool:
    """Return whether a column labels the points: by its name, or because it has no number."""
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
