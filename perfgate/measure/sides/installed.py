"""The packages that an interpreter sees installed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from perfgate.errors import MeasurementFailed
from perfgate.measure.processes import run_tool, tail

_SCRIPT = """
import importlib.metadata, json, os, platform, sys, sysconfig

def describe(found):
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    vcs = origin.get("vcs_info", {})
    tops = sorted({file.parts[0].partition(".")[0] for file in found.files or () if ".dist-info" not in file.parts[0]})
    return {"name": found.metadata["Name"] or "", "version": found.version or "", "requires": found.requires or [],
            "folder": str(found.locate_file("")), "url": origin.get("url", ""),
            "revision": vcs.get("requested_revision", ""), "modules": tops}

version = sys.implementation.version
full = "{0.major}.{0.minor}.{0.micro}".format(version)
full += "" if version.releaselevel == "final" else version.releaselevel[0] + str(version.serial)
markers = {
    "implementation_name": sys.implementation.name, "implementation_version": full, "os_name": os.name,
    "platform_machine": platform.machine(), "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(), "platform_system": platform.system(),
    "platform_version": platform.version(), "python_full_version": platform.python_version(),
    "python_version": ".".join(platform.python_version_tuple()[:2]), "sys_platform": sys.platform,
}
with open(sys.argv[1], "w") as answer:
    json.dump({"purelib": sysconfig.get_path("purelib"), "prefixes": [sys.prefix, sys.base_prefix], "markers": markers,
               "distributions": [describe(found) for found in importlib.metadata.distributions()]}, answer)
"""
"""Run by the interpreter in question, with the path of the file to write."""


class Package(msgspec.Struct, frozen=True):
    """An installed distribution."""

    name: str
    version: str
    requires: list[str]
    """Its requirements, as its metadata has them."""
    folder: str
    """The site-packages folder that contains it."""
    url: str
    """Where it was installed from; empty: from a package index."""
    revision: str
    """The tag, branch or commit that was requested, if it was installed from a repository."""
    modules: list[str]
    """Top-level names of its modules."""


class InstalledPackages(msgspec.Struct, frozen=True, dict=True):
    """What an interpreter sees installed."""

    purelib: str
    """Its own site-packages folder."""
    prefixes: list[str]
    """Folders of the interpreter: its environment's, and those of the interpreter that this was made from."""
    markers: dict[str, str]
    """Values for the environment markers of requirements."""
    distributions: list[Package]
    """In the order of the import path; a name may occur twice."""

    @cached_property
    def packages(self) -> Mapping[str, Package]:
        """Return the packages by normalized name; of two with one name, the one that is imported."""
        found: dict[str, Package] = {}
        for package in self.distributions:
            if package.name:
                found.setdefault(canonicalize_name(package.name), package)
        return found

    @cached_property
    def own(self) -> frozenset[str]:
        """Return the names of the packages in its own site-packages folder, not in one that it shares."""
        own_folder = Path(self.purelib).resolve()
        return frozenset(
            name for name, package in self.packages.items() if Path(package.folder).resolve() == own_folder
        )

    @property
    def from_files(self) -> frozenset[str]:
        """Return the names of its own packages that were installed from a file or folder: normally the project."""
        return frozenset(name for name in self.own if self.packages[name].url.startswith("file:"))

    def versions(self, *, exclude: Collection[str]) -> dict[str, str]:
        """Return the version of each package, with the repository and revision if it was installed from one."""
        return {
            name: f"{package.version} ({package.url}@{package.revision})" if package.revision else package.version
            for name, package in self.packages.items()
            if name not in exclude
        }


def installed_packages(python: Path, variables: Mapping[str, str], log: Path) -> InstalledPackages:
    """Return what *python* sees installed.

    Args:
        python: The interpreter.
        variables: Its environment variables.
        log: File for its output; a file beside it receives the answer.

    Raises:
        MeasurementFailed: The interpreter cannot be run.
    """
    answer = log.with_name(f"{log.name}_packages")
    run_tool([python, "-c", _SCRIPT, answer], cwd=log.parent, environment=variables, output=log)
    try:
        return msgspec.json.decode(answer.read_bytes(), type=InstalledPackages)
    except (OSError, msgspec.DecodeError) as error:
        raise MeasurementFailed(f"{python} cannot list its installed packages: {tail(log)}") from error
