"""The machine's fingerprint: the facts that decide what may be compared with what, and the runner's hygiene.

Facts are read, never changed. A fact that this system does not show is left out: absent means unknown. Which facts
must agree is one list in `perfgate.records`: `COMPARABILITY_FIELDS` and `SAME_MACHINE_FIELDS`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.records import MAX_TEXT_CHARACTERS, Environment

MEMORY_STEP_BYTES = 512 * 2**20
"""Memory is rounded to this: what a kernel reserves for itself differs by megabytes between two starts."""

LONGEST_DEPENDENCIES = 200
"""Characters up to which ``dependencies`` is the list itself; above, a digest of it."""

_INTERPRETER_SECONDS = 60

_INTERPRETER = """
import importlib.metadata, json, platform, re
packages = {}
for found in importlib.metadata.distributions():
    name = found.metadata["Name"]
    if name:
        key = re.sub(r"[-_.]+", "-", name).lower()
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        packages.setdefault(key, [found.version or "", origin.get("url", "").startswith("file:") and "dir_info" in origin])
print(json.dumps({"implementation": platform.python_implementation(), "version": platform.python_version(),
                  "packages": packages}))
"""
"""Run by the interpreter that is described; the first distribution found on its path is the one that imports."""


class _Interpreter(msgspec.Struct):
    implementation: str
    version: str
    packages: dict[str, tuple[str, bool]]
    """Normalised name to (version, whether it was installed from a folder on this machine)."""


def describe(name: str | None = None, python: Path | None = None, *, leaving_out: Collection[str] = ()) -> Environment:
    """Return the facts of this machine and of one Python interpreter on it.

    Args:
        name: Name under which a team follows this environment; None: ``{system}-{implementation}-{version}-{arch}``,
            for example ``linux-cpython-3.11-x86_64``.
        python: The interpreter whose version and packages count; None: the running one.
        leaving_out: Normalised names of distributions that are no dependency, the project under test for one.
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
        **_dependencies(interpreter, {"perfgate", *leaving_out}),
        **hygiene(),
    }
    return Environment(name=named, fields={key: value[:MAX_TEXT_CHARACTERS] for key, value in facts.items() if value})


def hygiene() -> dict[str, str]:
    """Return what this system shows of the conditions that make timing noisy.

    Keys, where visible: ``virtualisation``, ``governor``, ``turbo``, ``smt``, ``aslr`` and ``load`` (of the last
    minute). None of them is part of the fingerprint.
    """
    cpu = Path("/sys/devices/system/cpu")
    facts = {
        "virtualisation": _virtualisation(),
        "governor": _read(cpu / "cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(cpu),
        "smt": {"1": "on", "0": "off"}.get(_read(cpu / "smt/active"), ""),
        "aslr": {"0": "off", "1": "partial", "2": "full"}.get(_read(Path("/proc/sys/kernel/randomize_va_space")), ""),
        "load": f"{os.getloadavg()[0]:.2f}",
    }
    return {key: value for key, value in facts.items() if value}


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


def _dependencies(interpreter: _Interpreter, leaving_out: Collection[str]) -> dict[str, str]:
    listed = sorted(
        f"{name}=={version}"
        for name, (version, is_local) in interpreter.packages.items()
        if not is_local and name not in leaving_out
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


def _virtualisation() -> str:
    kind = "container" if any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv"))) else ""
    guest = "hypervisor" in _entry(Path("/proc/cpuinfo"), "flags", "Features").split()
    vendor = _read(Path("/sys/class/dmi/id/sys_vendor"))
    product = _read(Path("/sys/class/dmi/id/product_name"))
    machine = " ".join(part for part in ("virtual machine", f"({vendor} {product})" if vendor else "") if part)
    return ", ".join(part for part in (machine if guest else "", kind) if part)


def _turbo(cpu: Path) -> str:
    no_turbo = {"0": "on", "1": "off"}.get(_read(cpu / "intel_pstate/no_turbo"), "")
    return no_turbo or {"1": "on", "0": "off"}.get(_read(cpu / "cpufreq/boost"), "")
