"""The machine's fingerprint: the facts that decide what may be compared with what, and the runner's hygiene.

Facts are read, never changed. A fact that this system does not show is left out: absent means unknown. Which facts
must agree is one list in `perfgate.results.records`: `COMPARABILITY_FIELDS` and `SAME_MACHINE_FIELDS`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from perfgate.errors import MeasurementFailed
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Environment

MEMORY_STEP_BYTES = 512 * 2**20
"""Memory is rounded to this: what a kernel reserves for itself differs by megabytes between two starts."""

LONGEST_DEPENDENCIES = 200
"""Characters up to which ``dependencies`` is the list itself; above, a digest of it."""

_INTERPRETER_SECONDS = 60

_ADDR_NO_RANDOMIZE = 0x0040000
"""Bit of a process's personality, see personality(2)."""

_INTERPRETER = """
import importlib.metadata, json, platform, sysconfig
packages = []
for found in importlib.metadata.distributions():
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    is_local = origin.get("url", "").startswith("file:") and "dir_info" in origin
    packages.append([found.metadata["Name"] or "", found.version or "", is_local])
settings = sysconfig.get_config_vars()
how = settings.get("CONFIG_ARGS") or ""
traits = [("debug build", settings.get("Py_DEBUG")), ("free-threaded", settings.get("Py_GIL_DISABLED")),
          ("profile-guided", "--enable-optimizations" in how), ("link-time optimised", "--with-lto" in how)]
build = ", ".join([platform.python_compiler().strip(), *(name for name, holds in traits if holds)])
print(json.dumps({"implementation": platform.python_implementation(), "version": platform.python_version(),
                  "build": build, "packages": packages}))
"""
"""Run by the interpreter that is described; the first distribution found on its path is the one that imports."""


class _Interpreter(msgspec.Struct):
    implementation: str
    version: str
    build: str
    """Compiler, and what sets this build apart."""
    packages: list[tuple[str, str, bool]]
    """Name, version, and whether it was installed from a folder on this machine, in the order of the import path."""


def describe(name: str | None = None, python: Path | None = None, *, exclude: Collection[str] = ()) -> Environment:
    """Return the facts of this machine and of one Python interpreter on it.

    Args:
        name: Name under which a team follows this environment; None: ``{system}-{implementation}-{version}-{arch}``,
            for example ``linux-cpython-3.11-x86_64``.
        python: The interpreter whose version and packages count; None: the running one.
        exclude: Normalised names of distributions that are no dependency, the project under test for one.
            perfgate itself and whatever was installed from a local folder are left out anyway.

    Raises:
        MeasurementFailed: *python* cannot be run.
    """
    interpreter = _interpreter(python or Path(sys.executable))
    minor = ".".join(interpreter.version.split(".")[:2])
    named = name or f"{platform.system()}-{interpreter.implementation}-{minor}-{platform.machine()}".lower()
    facts = {
        "machine": platform.node(),
        "cpu": _cpu_model(),
        "cpu_count": str(os.cpu_count() or ""),
        "arch": platform.machine(),
        "memory": _memory(),
        "os": _operating_system(),
        "kernel": platform.release(),
        "python": f"{interpreter.implementation} {interpreter.version}",
        "python_build": interpreter.build,
        **_dependencies(interpreter, {"perfgate", *exclude}),
        **hygiene(),
    }
    return Environment(name=named, fields={key: value[:MAX_TEXT_CHARACTERS] for key, value in facts.items() if value})


def hygiene(root: Path = Path("/")) -> dict[str, str]:
    """Return what this system shows of the conditions that make timing noisy.

    None of them is part of the fingerprint. Keys, where visible:

    - ``virtualisation``, ``governor``, ``turbo`` (on, off), ``smt`` (on, off) and ``aslr`` (full, partial, off);
    - ``load`` of the last minute, ``steal_since_boot`` as a fraction of the CPU time that was wanted;
    - ``cpus_available`` to this process, ``cpus_isolated`` from the scheduler, ``cpu_quota`` in CPUs;
    - ``hash_seed``: ``random``, or the value of PYTHONHASHSEED; live pairs get a random one each all the same;
    - ``valgrind`` (yes, no) and ``perf`` (yes, no, without counters).

    Args:
        root: Folder that holds ``proc`` and ``sys``.
    """
    cpu = root / "sys/devices/system/cpu"
    ticks = cpu_ticks(root)
    facts = {
        "virtualisation": _virtualisation(root),
        "governor": _read(cpu / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(cpu),
        "smt": {"1": "on", "0": "off"}.get(_read(cpu / "smt/active"), ""),
        "aslr": _aslr(root / "proc"),
        "load": f"{os.getloadavg()[0]:.2f}",
        "steal_since_boot": f"{ticks.steal:.4f}" if ticks else "",
        "cpus_available": str(len(available_cpus()) or ""),
        "cpus_isolated": _read(cpu / "isolated"),
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
    """Ticks in which something was ready to run and the host ran another guest."""
    wanted: int
    """Ticks in which something was ready to run, stolen ones included."""

    @property
    def steal(self) -> float:
        """Return the stolen share of the wanted time; idle CPUs do not dilute it."""
        return self.stolen / self.wanted if self.wanted else 0.0

    def since(self, earlier: CpuTicks) -> CpuTicks:
        """Return the ticks between two readings."""
        return CpuTicks(stolen=self.stolen - earlier.stolen, wanted=self.wanted - earlier.wanted)


def cpu_ticks(root: Path = Path("/")) -> CpuTicks | None:
    """Return the ticks of all CPUs together since the machine started; None where the system does not count them.

    Args:
        root: Folder that holds ``proc``.

    Source:
        proc_stat(5): user nice system idle iowait irq softirq steal; the guest columns are part of user and nice.
    """
    label, *columns = (_read(root / "proc/stat").splitlines() or [""])[0].split() or [""]
    if label != "cpu" or len(columns) < 8:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, columns[:8])
    return CpuTicks(stolen=steal, wanted=user + nice + system + irq + softirq + steal)


def available_cpus() -> tuple[int, ...]:
    """Return the numbers of the CPUs that this process may run on; empty where the system has no affinity."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def _interpreter(python: Path) -> _Interpreter:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter is the one that measures; the script is ours
            [str(python), "-c", _INTERPRETER],
            capture_output=True,
            check=True,
            cwd=python.absolute().parent,  # a script given by -c imports from where it stands: keep it off any project
            env=environment,
            timeout=_INTERPRETER_SECONDS,
        )
        return msgspec.json.decode(done.stdout, type=_Interpreter)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {error.returncode}"]
        raise MeasurementFailed(f"the interpreter {python} cannot describe itself: {said[-1]}") from error
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise MeasurementFailed(f"{python} is no usable Python interpreter ({error}): name another") from error


def _dependencies(interpreter: _Interpreter, exclude: Collection[str]) -> dict[str, str]:
    packages: dict[str, tuple[str, bool]] = {}
    for name, version, is_local in interpreter.packages:
        if name:
            packages.setdefault(canonicalize_name(name), (version, is_local))
    listed = sorted(
        f"{name}=={version}" for name, (version, is_local) in packages.items() if not is_local and name not in exclude
    )
    text = " ".join(listed)
    if len(text) <= LONGEST_DEPENDENCIES:
        return {"dependencies": text}
    return {"dependencies": f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}", "packages": text}


def _read(path: Path) -> str:
    """Return the text of a file in /proc or /sys, empty where the system has none or will not show it."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _entry(path: Path, *keys: str) -> str:
    """Return the value of the first ``key : value`` line of *path* whose key is one of *keys*."""
    for line in _read(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in keys:
            return value.strip()
    return ""


def _cpu_model() -> str:
    listed = Path("/proc/cpuinfo")
    return (
        _entry(listed, "model name", "Model", "cpu model")
        or _sysctl("machdep.cpu.brand_string")
        or platform.processor()
    )


def _memory() -> str:
    kilobytes = _entry(Path("/proc/meminfo"), "MemTotal").split()
    size = int(kilobytes[0]) * 1024 if kilobytes else int(_sysctl("hw.memsize") or 0)
    return str(round(size / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES) if size else ""


def _sysctl(key: str) -> str:
    """Return one value of macOS's sysctl, empty elsewhere."""
    if platform.system() != "Darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", key]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603 - fixed program and keys
    return done.stdout.strip()


def _operating_system() -> str:
    system = platform.system()
    if system == "Linux":
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            return system
        return f"{system} {release['NAME']} {release.get('VERSION_ID', '')}".strip()
    version = platform.mac_ver()[0] if system == "Darwin" else platform.version()
    return f"{system} {version}"


def _virtualisation(root: Path) -> str:
    kind = "container" if any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv")) else ""
    guest = "hypervisor" in _entry(root / "proc/cpuinfo", "flags", "Features").split()
    vendor = _read(root / "sys/class/dmi/id/sys_vendor")
    product = _read(root / "sys/class/dmi/id/product_name")
    machine = " ".join(part for part in ("virtual machine", f"({vendor} {product})" if vendor else "") if part)
    return ", ".join(part for part in (machine if guest else "", kind) if part)


def _aslr(proc: Path) -> str:
    """Return how much of the memory layout is random; ``setarch -R`` turns it off for one process and its children."""
    if int(_read(proc / "self/personality") or "0", 16) & _ADDR_NO_RANDOMIZE:
        return "off"
    return {"0": "off", "1": "partial", "2": "full"}.get(_read(proc / "sys/kernel/randomize_va_space"), "")


def _turbo(cpu: Path) -> str:
    no_turbo = {"0": "on", "1": "off"}.get(_read(cpu / "intel_pstate/no_turbo"), "")
    return no_turbo or {"1": "on", "0": "off"}.get(_read(cpu / "cpufreq/boost"), "")


def _cpu_quota(groups: Path) -> str:
    """Return how many CPUs' time a container may use before it is throttled; empty where nothing limits it."""
    words = _read(groups / "cpu.max").split() or [
        _read(groups / "cpu/cpu.cfs_quota_us"),
        _read(groups / "cpu/cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdecimal() and int(word) for word in words):
        return ""  # "max" in the second version of cgroups, -1 in the first
    return f"{int(words[0]) / int(words[1]):.2f}"


def _perf(root: Path) -> str:
    """Tell whether instructions can be counted; most virtual machines have the program at best."""
    if not shutil.which("perf"):
        return "no"
    return "yes" if (root / "sys/bus/event_source/devices/cpu").exists() else "without counters"
