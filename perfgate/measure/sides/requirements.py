"""What an interpreter sees installed, what of it does not satisfy a project, and how two sides differ in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

LOOK = """
import importlib.metadata, json, os, platform, re, sys, sysconfig

def look(found):
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    vcs = origin.get("vcs_info", {})
    tops = sorted({file.parts[0].partition(".")[0] for file in found.files or () if ".dist-info" not in file.parts[0]})
    return {"version": found.version or "", "requires": found.requires or [], "folder": str(found.locate_file("")),
            "url": origin.get("url", ""), "revision": vcs.get("requested_revision", ""), "modules": tops}

packages = {}
for found in importlib.metadata.distributions():
    if name := found.metadata["Name"]:
        packages.setdefault(re.sub(r"[-_.]+", "-", name).lower(), look(found))
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
    json.dump({"purelib": sysconfig.get_path("purelib"), "prefixes": [sys.prefix, sys.base_prefix],
               "markers": markers, "packages": packages}, answer)
"""
"""Run by the interpreter that is looked at, with the file to write to; of two distributions of one name the first on
the path is the one that imports."""


class Package(msgspec.Struct, frozen=True):
    """An installed distribution."""

    version: str
    requires: list[str]
    folder: str
    """The folder of packages that it lies in."""
    url: str
    """Where it was installed from, if not from an index."""
    revision: str
    """The tag, branch or commit asked for, of what was installed from a repository."""
    modules: list[str]
    """Top-level names of its modules."""


class Seen(msgspec.Struct, frozen=True, dict=True):
    """What an interpreter sees."""

    purelib: str
    """Its own folder of packages."""
    prefixes: list[str]
    """The folders of the interpreter: its environment's, and the one it was made from."""
    markers: dict[str, str]
    """What the markers of requirements are evaluated with."""
    packages: dict[str, Package]
    """By normalised name."""

    @cached_property
    def own(self) -> frozenset[str]:
        """Return the names of what lies in its own folder rather than in one that it shares."""
        here = Path(self.purelib).resolve()
        return frozenset(name for name, one in self.packages.items() if Path(one.folder).resolve() == here)

    @property
    def from_files(self) -> frozenset[str]:
        """Return the names of its own packages that were installed from a file or folder: the project, as a rule."""
        return frozenset(name for name in self.own if self.packages[name].url.startswith("file:"))

    def versions(self, leaving_out: Collection[str]) -> dict[str, str]:
        """Return the version of each package, or the place it comes from, where that is a repository."""
        return {
            name: f"{one.version} ({one.url}@{one.revision})" if one.revision else one.version
            for name, one in self.packages.items()
            if name not in leaving_out
        }


@dataclass(frozen=True)
class Missing:
    """A package that does not satisfy those that need it."""

    name: str
    wanted: tuple[str, ...]
    """Requirements as pip and uv read them, all on this package."""
    version: str
    """What is seen instead; empty: nothing."""

    def __str__(self) -> str:
        """Return how an error names it."""
        return f"{', '.join(self.wanted)} ({f'{self.version} is there' if self.version else 'it is not there'})"


def missing(seen: Seen, roots: Collection[str]) -> tuple[Missing, ...]:
    """Return the packages that *roots*, and all that these need, do not see satisfied.

    A package in the interpreter's own folder gets what it asks for. One in a shared folder is as good as it was there,
    unless something in the own folder now stands in front of what it needs: then it is wanted anew itself.

    Args:
        seen: What is installed.
        roots: Normalised names of installed packages, the project for one. Their extras are ignored.
    """
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    visited: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, frozenset[str]()) for name in roots if name in seen.packages]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in visited:
            continue
        visited.add((name, extras))
        for requirement in _active(seen.packages[name].requires, seen.markers, extras):
            needed = normalised(requirement.name)
            text = _without_marker(requirement)
            asked[needed][text] = None
            if _is_met(requirement, seen.packages.get(needed)):
                waiting.append((needed, frozenset(requirement.extras)))
            elif name in seen.own:
                wanted[needed][text] = None
            elif needed in seen.own:
                wanted[name].update(asked[name] or {name: None})
    found = ((name, tuple(texts), seen.packages.get(name)) for name, texts in sorted(wanted.items()))
    return tuple(Missing(name, texts, package.version if package else "") for name, texts, package in found)


def differences(base: Mapping[str, str], head: Mapping[str, str]) -> str:
    """Return which packages differ between two sides, as people read it; empty if none does."""
    parts = [
        f"{name} {base.get(name, 'absent')} → {head.get(name, 'absent')}"
        for name in sorted(base.keys() | head.keys())
        if base.get(name) != head.get(name)
    ]
    return ", ".join(parts)


def normalised(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _active(requires: Collection[str], markers: Mapping[str, str], extras: frozenset[str]) -> Iterator[Requirement]:
    """Yield what is required here; what cannot be read, as old tools have written it, is left out."""
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        environments = ({**markers, "extra": extra} for extra in ("", *sorted(extras)))
        if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
            yield requirement


def _is_met(requirement: Requirement, package: Package | None) -> bool:
    if package is None:
        return False
    if requirement.url:
        return bool(package.url) and package.url in requirement.url and package.revision in requirement.url
    try:
        return requirement.specifier.contains(Version(package.version), prereleases=True)
    except InvalidVersion:
        return True  # a version that cannot be compared is not known to be wrong


def _without_marker(requirement: Requirement) -> str:
    plain = Requirement(str(requirement))
    plain.marker = None
    return str(plain)
