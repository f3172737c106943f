"""Let asv make an environment and install one commit into it: ``python build.py REQUEST ANSWER``.

Run by the interpreter that has asv, in the folder of the configuration, as asv itself would be. The answer is JSON: the
environment, or ``unavailable`` with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_BUILD = ["python -m pip wheel --no-deps -w {build_cache_dir} {build_dir}"]
"""asv's default without the wheels of dependencies: among several wheels asv does not know which to install (0.6.6)."""


_CONDA = frozenset({"conda", "mamba", "rattler"})
"""Types of environment in whose place virtualenv is used where they cannot be made."""


def _build(request: dict[str, Any]) -> dict[str, Any]:
    try:
        from asv import util  # noqa: PLC0415 - its absence is an answer
        from asv.repo import get_repo  # noqa: PLC0415
    except ImportError as error:
        return {"unavailable": f"asv cannot be imported ({error})"}
    os.setpgid = None  # type: ignore[assignment]  # asv's child processes stay in our group, and end with it
    conf = _configuration(request)
    found, missing, reason = _available(conf)
    replaced = conf.environment_type if not found and conf.environment_type in _CONDA else ""
    if replaced:
        conf.environment_type = "virtualenv"
        found, missing, reason = _available(conf)
    if not found:
        return {"unavailable": reason or f"asv can make no environment_type {conf.environment_type!r} here"}
    first = found[0]
    try:
        first.create()
        first.install_project(conf, get_repo(conf), request["sha"])
        python = first.find_executable("python")
    except (util.ProcessError, util.UserError, OSError) as error:
        raise SystemExit(f"\nasv cannot build {first.name}: {error}") from error
    return {
        "python": python,
        "name": first.name,
        "built_at": time.time(),
        "combinations": len(found),
        "missing": missing,
        "replaced": replaced,
        "variables": {name: str(value) for name, value in first.env_vars.items()},
    }


def _configuration(request: dict[str, Any]) -> Any:
    """Return asv's configuration, with our repository and folder in it."""
    from asv.config import Config  # noqa: PLC0415
    from asv.console import log  # noqa: PLC0415
    from asv.plugin_manager import plugin_manager  # noqa: PLC0415

    log.enable(verbose=False)
    conf = Config.load(request["configuration"])
    for plugin in conf.plugins:
        plugin_manager.import_plugin(plugin)
    conf.repo, conf.dvcs, conf.env_dir = request["repository"], "git", request["folder"]
    conf.build_command = _BUILD if conf.build_command is None else conf.build_command
    conf.environment_type = conf.environment_type or "virtualenv"
    return conf


def _available(conf: Any) -> tuple[list[Any], list[str], str]:
    """Return what `_environments` does, and why asv can make none; empty if it does not say."""
    from asv import environment  # noqa: PLC0415

    try:
        found, missing = _environments(conf)
    except environment.EnvironmentUnavailable as error:
        return [], [], str(error)
    return found, missing, ""


def _environments(conf: Any) -> tuple[list[Any], list[str]]:
    """Return the environments that the configuration names, and the Python versions if none of them is installed.

    In that case, the environments are those of the running version.
    """
    from asv import environment  # noqa: PLC0415

    named, conf.pythons = conf.pythons, [python for python in conf.pythons if not _is_broken(python)]
    found = list(environment.get_environments(conf, None)) if conf.pythons else []
    if found or not named:
        return found, []
    conf.pythons = [f"{sys.version_info[0]}.{sys.version_info[1]}"]
    return list(environment.get_environments(conf, None)), [str(python) for python in named]


def _is_broken(version: str) -> bool:
    """Tell whether there is a program of that name that does not run: pyenv installs one for each of its versions."""
    program = shutil.which(f"python{version}")
    if program is None:
        return False
    done = subprocess.run([program, "-c", ""], capture_output=True, check=False)  # noqa: S603 - as asv would run it
    return done.returncode != 0


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(_build(json.loads(sys.argv[1]))), encoding="utf-8")
