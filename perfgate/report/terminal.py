"""Tables and progress on a terminal: one look for all subcommands."""

from __future__ import annotations

import os
import os.path
import re
import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from perfgate.formatting import plain

UNFOLDED_WIDTH = 240
"""Columns where the output goes to a file or a pipe and $COLUMNS does not say: nothing is cut there."""

MIN_NAME_WIDTH = 24
"""A terminal too narrow for this and the numbers wraps lines by itself; nothing is lost."""

GAP = 2
"""Blanks between columns."""

MIN_SHARED_PREFIX = 8
"""A shorter common beginning of names is not worth a line of its own."""


def console() -> Console:
    """Return a console for results, on standard output."""
    unfolded = None if sys.stdout.isatty() or "COLUMNS" in os.environ else UNFOLDED_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=unfolded)


def progress(*, has_steady_steps: bool = True) -> Progress:
    """Return a progress bar for long work, on standard error; silent where that is no terminal.

    Args:
        has_steady_steps: The time that is left follows from the steps done; else who knows better tells it in the
            description.
    """
    stderr = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([TimeRemainingColumn()] if has_steady_steps else []),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )


def table(name_column: str, text_columns: Sequence[str], number_columns: Sequence[str]) -> Table:
    """Return an empty table: names first, then words, then numbers aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    made.add_column(name_column, no_wrap=True, overflow="ellipsis")
    for name in text_columns:
        made.add_column(name, no_wrap=True)
    for name in number_columns:
        made.add_column(name, justify="right", no_wrap=True)
    return made


def show(on: Console, made: Table) -> None:
    """Print a table; where the terminal is narrow, the names are cut and the numbers stay whole."""
    others = [max(cell_len(str(cell)) for cell in (column.header, *column.cells)) for column in made.columns[1:]]
    rest = sum(others) + GAP * len(made.columns)
    names = max(cell_len(str(cell)) for cell in (made.columns[0].header, *made.columns[0].cells))
    made.columns[0].max_width = max(MIN_NAME_WIDTH, on.width - rest)
    if (needed := min(names, made.columns[0].max_width) + rest) > on.width:
        made.width = needed  # else every column would be cut a little, the numbers first
    on.print(made, crop=False)


def name(label: str, prefix: str = "") -> Text:
    """Return a benchmark's label for a cell, without the *prefix* that was announced above the table."""
    return Text(plain(label.removeprefix(prefix)))


def shared_prefix(labels: Sequence[str]) -> str:
    """Return what all labels begin with, up to a separator; empty where it is not worth announcing.

    >>> shared_prefix(["benchmarks/test_a.py::test_x", "benchmarks/test_b.py::test_y"])
    'benchmarks/'
    >>> shared_prefix(["bench.time_a"])
    ''
    """
    if len(labels) < 2:
        return ""
    beginning = os.path.commonprefix([label.split("[", 1)[0] for label in labels])  # noqa: RUF071 - of characters
    common = re.match(r".*[/.:]", beginning, re.DOTALL)
    return common[0] if common and len(common[0]) >= MIN_SHARED_PREFIX else ""


def announce(on: Console, prefix: str) -> None:
    """Print which prefix the names below leave out."""
    if prefix:
        on.print(Text(f"names below begin with {plain(prefix)}", style="dim"))
