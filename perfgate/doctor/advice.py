"""What makes a machine unfit to measure on, and what would improve it, in imperative sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping

from perfgate.doctor.grades import GROUP, MIN_SCORES, Grade
from perfgate.doctor.probe import ProbeResult
from perfgate.stats.judgments import MAX_INFLATION

MAX_STEAL = 0.05
"""Largest share of the CPU time wanted that the host may give to others."""

MAX_SWITCHES = 1.0
"""Most involuntary context switches per sample."""


def flags(facts: Mapping[str, str], result: ProbeResult, grade: Grade, inflation: float | None) -> tuple[str, ...]:
    """Return why no gate should run on this machine, and what to do about it; empty: it is fit."""
    steal, drift = result.steal or 0.0, inflation or 0.0
    rules = {
        f"Refuse this runner, or move it to a host that is not oversold: {100 * steal:.1f} % of the CPU time it wanted was"
        f" stolen, more than {100 * MAX_STEAL:g} %.": steal > MAX_STEAL,
        f"Stop other work on this machine: a millisecond of work is interrupted {result.switches:.1f} times, more than"
        f" {MAX_SWITCHES:g}.": result.switches > MAX_SWITCHES,
        f"Find what disturbs this machine in phases, other jobs or its clock: λ is {drift:.2f}, above {MAX_INFLATION:g}, so"
        " unchanged code varies by more than its own noise (--seconds 60 is more certain).": drift > MAX_INFLATION,
        "Turn address space randomization on (kernel.randomize_va_space=2, no setarch -R): with a frozen memory layout"
        " identical code differs by several percent, the same each time.": facts.get("aslr") == "off",
        "Run on a system that can bind a process to a CPU: the two sides of an unbound pair may run on CPUs of different"
        " speed, which multiplies the spread by about seven.": not result.is_pinned,
        "Do not gate here: pair values of unchanged code are too noisy to confirm a slowdown of 10 % with 32 pairs.": (
            grade is Grade.F
        ),
    }
    return tuple(text for text, applies in rules.items() if applies)


def advice(facts: Mapping[str, str], result: ProbeResult, grade: Grade, inflation: float | None) -> tuple[str, ...]:
    """Return what would improve the machine or the run, one sentence each."""
    cpus, load = _number(facts.get("cpus_available")), _number(facts.get("load"))
    governor, quota = facts.get("governor", "performance"), facts.get("cpu_quota")
    is_noisy, is_guest = grade > Grade.B, "virtual machine" in facts.get("virtualization", "")
    rules = {
        "Give the runner a second CPU, so that the system and the job's own logging have one to themselves.": cpus == 1,
        f"Run one job at a time: the load was {load:g} on {cpus:g} CPU(s) before the A/A run.": load > cpus / 2 > 0,
        f"Lift the CPU quota of {quota} CPUs: a throttled container stops in the middle of a sample.": bool(quota),
        "Reserve a CPU for benchmarks (isolcpus= at boot, or a cpuset of its own).": (
            is_noisy and not facts.get("cpus_isolated")
        ),
        "Turn off turbo: the clock then no longer depends on heat and on other CPUs.": facts.get("turbo") == "on",
        f"Set the CPU governor to performance: it is {governor}.": governor != "performance",
        "Turn off SMT, or leave the sibling of the measuring CPU idle.": facts.get("smt") == "on",
        "Set kernel.randomize_va_space to 2: only part of the memory layout is random.": facts.get("aslr") == "partial",
        "Unset PYTHONHASHSEED: a fixed seed freezes one memory layout.": facts.get("hash_seed", "random") != "random",
        "Measure with a release build of Python: this is a debug build.": (
            "debug build" in facts.get("python_build", "")
        ),
        "Prefer a dedicated machine to a shared virtual one: no setting inside the guest affects its neighbors.": (
            is_noisy and is_guest
        ),
    }
    return (*_longer_run(result, inflation), *(text for text, applies in rules.items() if applies))


def _longer_run(result: ProbeResult, inflation: float | None) -> tuple[str, ...]:
    """Return the advice to measure longer where the run was too short for λ."""
    if inflation is not None:
        return ()
    groups = math.ceil(MIN_SCORES / len(result.values))
    seconds = math.ceil(groups * GROUP * len(result.values) * result.pair_seconds)
    return (f"Measure longer (--seconds {seconds}): {result.pairs} pairs are too few for λ and few for a grade.",)


def _number(text: str | None) -> float:
    return float(text) if text else 0.0
