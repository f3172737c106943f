"""``python -m benchmarks.live [PROJECT]``: does the gate fail when it should, and only then?

Every check is the command that users run, in a process of its own. PROJECT is any git repository with a suite of
benchmarks; the default is this one. Unchanged code is one commit checked against itself, from clones whose paths differ
in length. The slowdown is planted into one of the project's own functions, the wait into a small project of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.live import made
from perfgate.measure import canary
from perfgate.measure.options import MeasureOptions

SHARE = 0.08
"""How much slower the planted function makes its benchmark."""

RED = 1
"""Exit code of a broken budget."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Run whole checks of unchanged and of slowed code.")
    parser.add_argument("project", nargs="?", type=Path, default=Path())
    parser.add_argument("--suite", help="asv, pytest-benchmark or a path")
    parser.add_argument("--select", help="only benchmarks whose name matches")
    parser.add_argument("--planted", help="the slowdown goes into one of these; as --select where left out")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--only", choices=["same", "slower", "waits", "asv"], action="append", help="not all parts")
    options = parser.parse_args()
    parts = options.only or ["same", "slower", "waits"]
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    is_met = True
    print(f"{options.project.resolve().name}: load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="perfgate-live-") as name:
        folder = Path(name)
        if "same" in parts:
            is_met &= _same(options, folder)
        if "slower" in parts:
            is_met &= _slower(options, folder)
        if "waits" in parts:
            is_met &= _waits(options, folder)
        if "asv" in parts:
            _asv_continuous(options, folder)
    return 0 if is_met else 1


def _same(options: argparse.Namespace, folder: Path) -> bool:
    """Check a commit against itself, from clones in paths of different length; no failure is allowed."""
    clones = [_clone(options.project, folder / name) for name in ("a", "a_clone_with_a_rather_longer_path")]
    reds = 0
    for turn in range(options.repetitions):
        found = _check(clones[turn % 2], "HEAD", "HEAD", _suite(options), options.select)
        reds += found["exit"] == RED
        print(f"  same code, {turn + 1}: {_summary(found)}", flush=True)
    return _verdict("unchanged code called red", reds, options.repetitions, is_met=reds == 0)


def _slower(options: argparse.Namespace, folder: Path) -> bool:
    """Check a planted slowdown; it must be found every time."""
    workspace = folder / "planted"
    workspace.mkdir()
    place = canary.find_place(
        options.project,
        "HEAD",
        workspace=workspace,
        seed=1,
        options=MeasureOptions(suite=options.suite, select=options.planted or options.select),
    )
    planted = canary.plant(place, SHARE)
    print(f"  planted {SHARE:.0%} into {place.function.name} of {place.function.file}, for {place.benchmark}")
    reds = 0
    for turn in range(options.repetitions):
        found = _check(place.repository, place.base, planted.head, _suite(options), place.select)
        reds += found["exit"] == RED
        print(f"  slower, {turn + 1}: {_summary(found)}; {_effects(found)}", flush=True)
    return _verdict(f"planted {SHARE:+.0%} called red", reds, options.repetitions, is_met=reds == options.repetitions)


def _waits(options: argparse.Namespace, folder: Path) -> bool:
    """Check a benchmark of a millisecond that began to sleep for 0.3 ms; its CPU time is the same."""
    project = made.waiting(folder / "waiting")
    reds = 0
    for turn in range(options.repetitions):
        found = _check(project, "HEAD~1", "HEAD", (), None)
        reds += found["exit"] == RED
        print(f"  waits, {turn + 1}: {_summary(found)}; {_effects(found)}", flush=True)
    return _verdict("planted sleep called red", reds, options.repetitions, is_met=reds == options.repetitions)


def _asv_continuous(options: argparse.Namespace, folder: Path) -> None:
    """Print the seconds that ``asv continuous`` takes for the last two commits, and ours for the same, twice each.

    The first run of either builds environments, the second reuses them.
    """
    project = _clone(options.project, folder / "beside_asv")
    where = next(path.parent for path in sorted(project.glob("**/asv.conf.json")) if "template" not in path.parts)
    subprocess.run([sys.executable, "-m", "asv", "machine", "--yes"], cwd=where, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "asv", "continuous", "HEAD~1", "HEAD", "--split"]
    # asv takes a regular expression, perfgate a glob.
    command += ["--bench", "^" + options.select.replace(".", r"\.").replace("*", ".*")] if options.select else []
    for turn in ("first", "second"):
        began = time.monotonic()
        done = subprocess.run(command, cwd=where, check=False, capture_output=True, text=True)
        theirs = time.monotonic() - began
        ours = _check(project, "HEAD~1", "HEAD", ("--suite", "asv"), options.select)
        print(f"  {turn} run: asv continuous {theirs:.0f} s (exit {done.returncode}), perfgate check {_summary(ours)}")
        if done.returncode not in {0, 1}:
            print(done.stdout[-2000:], done.stderr[-2000:])


def _check(project: Path, base: str, head: str, suite: Sequence[str], select: str | None) -> dict[str, Any]:
    """Return the exit code, the seconds and the rows of one ``perfgate check``."""
    command = [sys.executable, "-m", "perfgate", "check", base, head, "--json", "--gate-all"]
    command += ["--repository", str(project), *suite, *(["--select", select] if select else [])]
    began = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if not done.stdout:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return {"exit": done.returncode, "seconds": seconds, "rows": json.loads(done.stdout)["rows"]}


def _summary(found: dict[str, Any]) -> str:
    rows = found["rows"]
    outcomes = {name: sum(row["outcome"] == name for row in rows) for name in ("fail", "pass", "inconclusive")}
    counted = ", ".join(f"{count} {name}" for name, count in outcomes.items() if count)
    return f"exit {found['exit']}, {counted}; {sum(row['pairs'] for row in rows)} pairs, {found['seconds']:.0f} s"


def _effects(found: dict[str, Any]) -> str:
    return "; ".join(_effect(found["rows"]))


def _effect(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["effect"] is not None:
            yield f"{row['metric']} {row['effect']:+.1%} [{row['low']:+.1%}, {row['high']:+.1%}]"


def _suite(options: argparse.Namespace) -> tuple[str, ...]:
    return ("--suite", options.suite) if options.suite else ()


def _clone(project: Path, destination: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(project.resolve()), str(destination)], check=True)
    return destination


def _verdict(what: str, count: int, total: int, *, is_met: bool) -> bool:
    print(f"{what:44}{count:3} of {total}  {'met' if is_met else 'not met'}", flush=True)
    return is_met


if __name__ == "__main__":
    raise SystemExit(main())
