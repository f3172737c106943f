"""``perfgate changes FILE``: where the level of a history changed."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from perfgate.formatting import interval, percent, plain, quantity, sparkline
from perfgate.report import terminal
from perfgate.results.formats.histories import ValueHistory, read_histories
from perfgate.results.records import Direction
from perfgate.stats.changepoints import ChangePoint, find_change_points

SPARKS = 16
"""Points shown around a change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        type=Path,
        help="CSV file, or a folder, an archive or a file with results of any known format",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the change points of every series; return 0 whether there are any or none."""
    histories = read_histories(arguments.file)
    with terminal.progress() as bar:
        found = {
            name: find_change_points(history.values) for name, history in bar.track(histories.items(), len(histories))
        }
    if arguments.json:
        for name, changes in found.items():
            print(json.dumps(_plain(name, histories[name], changes)))
    else:
        _print(histories, found)
    return 0


def _plain(name: str, history: ValueHistory, changes: tuple[ChangePoint, ...]) -> dict[str, object]:
    points = [{"label": history.labels[change.index], **asdict(change)} for change in changes]
    return {"series": name, "points": len(history.values), "change_points": points}


def _print(histories: dict[str, ValueHistory], found: dict[str, tuple[ChangePoint, ...]]) -> None:
    out = terminal.console()
    prefix = terminal.shared_prefix([name for name, changes in found.items() if changes])
    terminal.announce(out, prefix)
    table = terminal.table("series", ["around it", "from"], ["change", "95 % interval", "before", "after"])
    for name, changes in found.items():
        history = histories[name]
        unit = history.metric.unit if history.metric else ""
        higher_is_better = history.metric is not None and history.metric.direction is Direction.HIGHER
        for change in changes:
            around = history.values[max(0, change.index - SPARKS // 2) : change.index + SPARKS // 2]
            table.add_row(
                terminal.name(name, prefix),
                sparkline(around),
                plain(history.labels[change.index], 10),
                Text(percent(change.effect), style="green" if (change.effect > 0) is higher_is_better else "red"),
                interval(change.low, change.high),
                quantity(change.before, unit),
                quantity(change.after, unit),
            )
    if table.row_count:
        terminal.show(out, table)
    points = sum(len(history.values) for history in histories.values())
    out.print(f"{table.row_count} change points in {len(histories)} series of {points:,} points")
