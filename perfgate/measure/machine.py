"""The environment of a measurement: facts about this machine and an interpreter, which decide what may be compared.

A fact that the system does not show is left out. Which facts must agree is said in `perfgate.results.records`:
`COMPARABILITY_FIELDS` and `SAME_MACHINE_FIELDS`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from perfgate.errors import MeasurementFailed
from perfgate.measure.hygiene import hygiene, read_entry
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Environment

MEMORY_STEP_BYTES = 512 * 2**20
"""Memory is rounded to a multiple of this: what the kernel reserves for itself varies by megabytes between boots."""

MAX_DEPENDENCIES_CHARACTERS = 200
"""Characters up to which ``dependencies`` is the list itself; a longer list is replaced by its digest."""

_INTERPRETER_SECONDS = 60

_INTERPRETER = """
import importlib.metadata, json, platform, sys, sysconfig
packages = []
for found in importlib.metadata.distributions():
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    is_local = origin.get("url", "").startswith("file:") and "dir_info" in origin
    packages.append([found.metadata["Name"] or "", found.version or "", is_local])
settings = sysconfig.get_config_vars()
how = settings.get("CONFIG_ARGS") or ""
traits = [("debug build", settings.get("Py_DEBUG")), ("free-threaded", settings.get("Py_GIL_DISABLED")),
          ("profile-guided", "--enable-optimizations" in how), ("link-time optimized", "--with-lto" in how)]
build = ", ".join([platform.python_compiler().strip(), *(name for name, holds in traits if holds)])
has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
has_jit = getattr(getattr(sys, "_jit", None), "is_enabled", lambda: False)()
modes = [name for name, holds in [("without GIL", not has_gil), ("with JIT", has_jit)] if holds]
print(json.dumps({"implementation": platform.python_implementation(), "version": platform.python_version(),
                  "build": build, "modes": modes, "packages": packages}))
"""
"""Run by the interpreter that is described."""


class _Interpreter(msgspec.Struct):
    implementation: str
    version: str
    build: str
    """Compiler, and special traits of the build."""
    modes: list[str]
    """In what unusual way it runs: a build that can do without its lock, or compile as it runs, need not do so."""
    packages: list[tuple[str, str, bool]]
    """Name, version, and whether it was installed from a folder on this machine, in the order of the import path."""


def describe(
    name: str | None = None,
    python: Path | None = None,
    *,
    exclude: Collection[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Environment:
    """Return the environment of measurements by one Python interpreter on this machine.

    Args:
        name: Name under which a team follows this environment; None: ``{system}-{implementation}-{version}-{arch}``,
            for example ``linux-cpython-3.11-x86_64``.
        python: The interpreter whose version and packages are described; None: the running one.
        exclude: Normalized names of distributions that are not dependencies, such as the project under test. perfgate
            itself and everything installed from a local folder are always excluded.
        settings: Environment variables that the interpreter gets besides ours, such as ``PYTHON_GIL``.

    Raises:
        MeasurementFailed: *python* cannot be run.
    """
    interpreter = _interpreter(python or Path(sys.executable), settings or {})
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
        "python": ", ".join([f"{interpreter.implementation} {interpreter.version}", *interpreter.modes]),
        "python_build": interpreter.build,
        **_dependencies(interpreter, {"perfgate", *exclude}),
        **hygiene(),
    }
    return Environment(name=named, fields={key: value[:MAX_TEXT_CHARACTERS] for key, value in facts.items() if value})


def _interpreter(python: Path, settings: Mapping[str, str]) -> _Interpreter:
    environment = {name: value for name, value in {**os.environ, **settings}.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter is the one that measures; the script is ours
            [str(python), "-c", _INTERPRETER],
            capture_output=True,
            check=True,
            cwd=python.absolute().parent,  # a script given by -c imports from its working folder, which must not be a project
            env=environment,
            timeout=_INTERPRETER_SECONDS,
        )
        return msgspec.json.decode(done.stdout, type=_Interpreter)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {error.returncode}"]
        raise MeasurementFailed(f"the interpreter {python} cannot describe itself: {said[-1]}") from error
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise MeasurementFailed(f"{python} is not a usable Python interpreter ({error}): name another") from error


def _dependencies(interpreter: _Interpreter, exclude: Collection[str]) -> dict[str, str]:
    packages: dict[str, tuple[str, bool]] = {}
    for name, version, is_local in interpreter.packages:
        if name:
            packages.setdefault(canonicalize_name(name), (version, is_local))
    listed = sorted(
        f"{name}=={version}" for name, (version, is_local) in packages.items() if not is_local and name not in exclude
    )
    text = " ".join(listed)
    if len(text) <= MAX_DEPENDENCIES_CHARACTERS:
        return {"dependencies": text}
    return {"dependencies": f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}", "packages": text}


def _cpu_model() -> str:
    listed = Path("/proc/cpuinfo")
    return (
        read_entry(listed, "model name", "Model", "cpu model")
        or _sysctl("machdep.cpu.brand_string")
        or platform.processor()
    )


def _memory() -> str:
    kilobytes = read_entry(Path("/proc/meminfo"), "MemTotal").split()
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
