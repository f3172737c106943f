"""The conditions on this machine that make timing noisy, as the system shows them. They are read, never changed."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_ADDR_NO_RANDOMIZE = 0x0040000
"""Bit of a process's personality, see personality(2)."""


def hygiene(root: Path = Path("/")) -> dict[str, str]:
    """Return the conditions that make timing noisy; a condition that the system does not show is left out.

    None of them is part of the fingerprint. The keys:

    - ``virtualization``, ``governor``, ``turbo`` (on, off), ``smt`` (on, off) and ``aslr`` (full, partial, off);
    - ``load`` of the last minute, ``steal_since_boot`` as a fraction of the CPU time that was needed;
    - ``cpus_available`` to this process, ``cpus_isolated`` from the scheduler, ``cpu_quota`` in CPUs;
    - ``hash_seed``: ``random``, or the value of PYTHONHASHSEED; live pairs always get a random one each;
    - ``valgrind`` (yes, no) and ``perf`` (yes, no, without counters).

    Args:
        root: The folder that contains ``proc`` and ``sys``.
    """
    cpu = root / "sys/devices/system/cpu"
    ticks = cpu_ticks(root)
    facts = {
        "virtualization": _virtualization(root),
        "governor": read_file(cpu / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(cpu),
        "smt": {"1": "on", "0": "off"}.get(read_file(cpu / "smt/active"), ""),
        "aslr": _aslr(root / "proc"),
        "load": f"{os.getloadavg()[0]:.2f}",
        "steal_since_boot": f"{ticks.steal:.4f}" if ticks else "",
        "cpus_available": str(len(available_cpus()) or ""),
        "cpus_isolated": read_file(cpu / "isolated"),
        "cpu_quota": _cpu_quota(root / "sys/fs/cgroup"),
        "hash_seed": os.environ.get("PYTHONHASHSEED") or "random",
        "valgrind": "yes" if shutil.which("valgrind") else "no",
        "perf": _perf(root),
    }
    return {key: value for key, value in facts.items() if value}


@dataclass(frozen=True, kw_only=True)
class CpuTicks:
    """Time of the machine's CPUs, in the kernel's ticks."""

    stolen: int
    """Ticks in which something was ready to run, but the host ran another guest."""
    needed: int
    """Ticks in which something was ready to run, stolen ones included."""

    @property
    def steal(self) -> float:
        """Return the stolen share of the needed time; the idle time of CPUs does not reduce it."""
        return self.stolen / self.needed if self.needed else 0.0

    def since(self, earlier: CpuTicks) -> CpuTicks:
        """Return the ticks between two readings."""
        return CpuTicks(stolen=self.stolen - earlier.stolen, needed=self.needed - earlier.needed)


def cpu_ticks(root: Path = Path("/")) -> CpuTicks | None:
    """Return the ticks of all CPUs together since the machine started; None if the system does not count them.

    Args:
        root: The folder that contains ``proc``.

    Source:
        proc_stat(5): user nice system idle iowait irq softirq steal; the guest columns are part of user and nice.
    """
    label, *columns = (read_file(root / "proc/stat").splitlines() or [""])[0].split() or [""]
    if label != "cpu" or len(columns) < 8:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, columns[:8])
    return CpuTicks(stolen=steal, needed=user + nice + system + irq + softirq + steal)


def available_cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that this process may run on; empty if the system has no affinity."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def read_file(path: Path) -> str:
    """Return the text of a file in /proc or /sys; empty if the system has no such file or does not let us read it."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def read_entry(path: Path, *keys: str) -> str:
    """Return the value of the first ``key : value`` line of *path* whose key is one of *keys*."""
    for line in read_file(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in keys:
            return value.strip()
    return ""


def _virtualization(root: Path) -> str:
    kind = "container" if any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv")) else ""
    guest = "hypervisor" in read_entry(root / "proc/cpuinfo", "flags", "Features").split()
    vendor = read_file(root / "sys/class/dmi/id/sys_vendor")
    product = read_file(root / "sys/class/dmi/id/product_name")
    machine = " ".join(part for part in ("virtual machine", f"({vendor} {product})" if vendor else "") if part)
    return ", ".join(part for part in (machine if guest else "", kind) if part)


def _aslr(proc: Path) -> str:
    """Return how much of the memory layout is random; ``setarch -R`` turns it off for one process and its child processes."""
    if int(read_file(proc / "self/personality") or "0", 16) & _ADDR_NO_RANDOMIZE:
        return "off"
    return {"0": "off", "1": "partial", "2": "full"}.get(read_file(proc / "sys/kernel/randomize_va_space"), "")


def _turbo(cpu: Path) -> str:
    no_turbo = {"0": "on", "1": "off"}.get(read_file(cpu / "intel_pstate/no_turbo"), "")
    return no_turbo or {"1": "on", "0": "off"}.get(read_file(cpu / "cpufreq/boost"), "")


def _cpu_quota(groups: Path) -> str:
    """Return how many CPUs' time a container may use before it is throttled; empty if nothing limits it."""
    words = read_file(groups / "cpu.max").split() or [
        read_file(groups / "cpu/cpu.cfs_quota_us"),
        read_file(groups / "cpu/cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdecimal() and int(word) for word in words):
        return ""  # "max" in the second version of cgroups, -1 in the first
    return f"{int(words[0]) / int(words[1]):.2f}"


def _perf(root: Path) -> str:
    """Return whether perf can count instructions; most virtual machines have the program, but no counters."""
    if not shutil.which("perf"):
        return "no"
    return "yes" if (root / "sys/bus/event_source/devices/cpu").exists() else "without counters"
