"""``perfgate doctor``: whether this machine is fit to measure on, which changes it can detect, and what to improve."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from perfgate.doctor import Diagnosis, examine, measure
from perfgate.doctor.advice import MAX_STEAL, MAX_SWITCHES
from perfgate.doctor.grades import BUDGET, pairs_for_inflation
from perfgate.doctor.workloads import WORKLOADS
from perfgate.formatting import percent, plain, quantity, share
from perfgate.measure import forecast, machine
from perfgate.report import terminal
from perfgate.stats.judgments import MAX_INFLATION

LEAST_SECONDS = 20.0
"""How long the A/A run lasts at least, where nobody says."""

_ABOUT_THE_SOFTWARE = ("packages", "dependencies")
"""Facts that say nothing about the machine."""

_UNKNOWN = "unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="how long the A/A run lasts (until λ is known, 20 s at least)"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Examine the machine and print the diagnosis; return 0 if it is fit to gate on, 3 if not."""
    found = machine.describe().fields
    facts = {name: value for name, value in found.items() if name not in _ABOUT_THE_SOFTWARE}
    with terminal.progress() as bar:
        seconds = LEAST_SECONDS if arguments.seconds is None else arguments.seconds
        min_pairs = pairs_for_inflation(len(WORKLOADS)) if arguments.seconds is None else 0
        task = bar.add_task("measuring unchanged code (s)", total=round(seconds, 1))
        measured = measure(
            seconds, min_pairs=min_pairs, progress=lambda over: bar.update(task, completed=round(over, 1))
        )
    forecast.keep(measured.pair_seconds)
    diagnosis = examine(facts, measured)
    if arguments.json:
        print(json.dumps(_document(diagnosis), indent=2))
    else:
        _print(diagnosis)
    return 0 if diagnosis.is_fit else 3


def _document(diagnosis: Diagnosis) -> dict[str, object]:
    """Return everything as JSON holds it: fractions and seconds, null where unknown."""
    measured = diagnosis.probe
    return {
        "fit": diagnosis.is_fit,
        "grade": diagnosis.grade,
        "spread": diagnosis.spread,
        "lambda": diagnosis.inflation,
        "steal": measured.steal,
        "involuntary_switches_per_sample": measured.switches,
        "pinned": measured.is_pinned,
        "pairs": measured.pairs,
        "seconds": measured.seconds,
        "seconds_per_pair": measured.pair_seconds,
        "budget": BUDGET,
        "detectable": [asdict(change) for change in diagnosis.detectable],
        "workloads": [
            {"name": name, "spread": spread, "pair_values": measured.values[name].tolist()}
            for name, spread in diagnosis.spreads.items()
        ],
        "flags": diagnosis.flags,
        "advice": diagnosis.advice,
        "facts": diagnosis.facts,
    }


def _print(diagnosis: Diagnosis) -> None:
    out = terminal.console()
    word = Text("fit to gate on", style="green") if diagnosis.is_fit else Text("not fit to gate on", style="red")
    out.print(Text.assemble("This machine is ", word, f", grade {diagnosis.grade}."))
    out.print(_summary(diagnosis))
    out.print()
    _print_conditions(out, diagnosis)
    out.print()
    table = terminal.table("pairs of a benchmark", [], ["slowdown seen 9 times in 10", "cost"])
    for change in diagnosis.detectable:
        table.add_row(str(change.pairs), percent(change.smallest_detectable), quantity(change.seconds, "s"))
    terminal.show(out, table)
    for title, lines, style in (("to do first", diagnosis.flags, "red"), ("would help", diagnosis.advice, "yellow")):
        if lines:
            out.print()
            out.print(Text(title, style="bold"))
        for line in lines:
            out.print(Text.assemble((" • ", style), plain(line, 500)))


def _summary(diagnosis: Diagnosis) -> str:
    eight = next(change for change in diagnosis.detectable if change.pairs == 8)
    return (
        f"With a budget of {share(BUDGET)} it sees a slowdown of {percent(eight.smallest_detectable)}"
        f" in 8 pairs, {quantity(eight.seconds, 's')} a benchmark of short calls;"
        f" {quantity(diagnosis.probe.pair_seconds, 's')} a pair, which the next check compares with what it took."
    )


def _print_conditions(out: Console, diagnosis: Diagnosis) -> None:
    measured, facts = diagnosis.probe, diagnosis.facts
    spreads = sorted(diagnosis.spreads.values())
    noise = f"{share(diagnosis.spread, digits=2)} ({share(spreads[0], digits=2)} to {share(spreads[-1], digits=2)})"
    inflation = "run too short" if diagnosis.inflation is None else f"{diagnosis.inflation:.2f}"
    steal = _UNKNOWN if measured.steal is None else share(measured.steal, digits=2)
    pairs = f"{measured.pairs} pairs of {len(measured.values)} workloads in {quantity(measured.seconds, 's')}"
    rows = [
        ("spread of a pair", noise, "small", pairs),
        ("λ", inflation, f"at most {MAX_INFLATION:g}", "how much more than its own noise unchanged code moves"),
        ("steal", steal, f"at most {share(MAX_STEAL)}", "of the CPU time wanted meanwhile"),
        ("interruptions", f"{measured.switches:.2g}", f"at most {MAX_SWITCHES:g}", "involuntary switches a sample"),
        ("bound to a CPU", "yes" if measured.is_pinned else "no", "yes", "both sides of a pair to the same"),
        *((title, facts.get(key, absent), wanted, "") for title, key, wanted, absent in _CONDITIONS),
    ]
    table = terminal.table("condition", ["found", "wanted", ""], [])
    for row in rows:
        table.add_row(*(plain(cell, 60) for cell in row))
    terminal.show(out, table)


_CONDITIONS = (
    ("ASLR", "aslr", "full", _UNKNOWN),
    ("governor", "governor", "performance", _UNKNOWN),
    ("turbo", "turbo", "off", _UNKNOWN),
    ("SMT", "smt", "off", _UNKNOWN),
    ("load before", "load", "low", _UNKNOWN),
    ("PYTHONHASHSEED", "hash_seed", "random", _UNKNOWN),
    ("virtualization", "virtualization", "none", "none seen"),
    ("CPU", "cpu", "", _UNKNOWN),
    ("CPUs", "cpu_count", "", _UNKNOWN),
    ("CPUs available", "cpus_available", "2 or more", _UNKNOWN),
    ("CPU quota", "cpu_quota", "none", "none seen"),
    ("CPUs isolated", "cpus_isolated", "one or more", "none seen"),
    ("Python", "python", "", _UNKNOWN),
    ("built with", "python_build", "a release build", _UNKNOWN),
    ("valgrind", "valgrind", "", _UNKNOWN),
    ("perf", "perf", "", _UNKNOWN),
)
"""Title, fact, what is wanted, and what its absence means."""
