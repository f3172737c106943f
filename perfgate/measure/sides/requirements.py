"""Which requirements of a project are not met, and how two sides differ in their packages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from perfgate.measure.sides.installed import InstalledPackages, Package


@dataclass(frozen=True)
class UnmetRequirements:
    """The requirements on one package that the installed version, if any, does not meet."""

    name: str
    requirements: tuple[str, ...]
    """As pip and uv read them, all on this package."""
    version: str
    """The installed version; empty: the package is not installed."""

    def __str__(self) -> str:
        """Return the text for an error message."""
        found = f"{self.version} is installed" if self.version else "not installed"
        return f"{', '.join(self.requirements)} ({found})"


def unmet(installed: InstalledPackages, roots: Collection[str]) -> tuple[UnmetRequirements, ...]:
    """Return the unmet requirements of *roots* and of everything that these depend on.

    All requirements of packages in the interpreter's own folder count. A package in a shared folder is used as it is,
    unless a package in the own folder now hides a dependency of it: then it must be installed again in the own folder.

    Args:
        installed: What is installed.
        roots: Normalized names of installed packages, such as the project. Their extras are ignored.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    required: dict[str, dict[str, None]] = defaultdict(dict)
    for name, requirement in _dependencies(installed, roots):
        needed, text = canonicalize_name(requirement.name), _without_marker(requirement)
        required[needed][text] = None
        if _is_met(requirement, installed.packages.get(needed)):
            continue
        if name in installed.own:
            found[needed][text] = None
        elif needed in installed.own:
            found[name].update(required[name] or {name: None})
    versions = {name: package.version for name, package in installed.packages.items()}
    return tuple(UnmetRequirements(name, tuple(found[name]), versions.get(name, "")) for name in sorted(found))


def _dependencies(installed: InstalledPackages, roots: Collection[str]) -> Iterator[tuple[str, Requirement]]:
    """Yield the requirements of *roots*, each with the package that has it, and those of the packages that meet them."""
    visited: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, frozenset[str]()) for name in roots if name in installed.packages]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in visited:
            continue
        visited.add((name, extras))
        for requirement in _active(installed.packages[name].requires, installed.markers, extras):
            yield name, requirement
            needed = canonicalize_name(requirement.name)
            if _is_met(requirement, installed.packages.get(needed)):
                waiting.append((needed, frozenset(requirement.extras)))


def differences(base: Mapping[str, str], head: Mapping[str, str]) -> str:
    """Return the packages that differ between two sides, as text for people; empty if none does.

    Args:
        base: Versions by normalized name.
        head: Likewise.
    """
    parts = [
        f"{name} {base.get(name, 'absent')} → {head.get(name, 'absent')}"
        for name in sorted(base.keys() | head.keys())
        if base.get(name) != head.get(name)
    ]
    return ", ".join(parts)


def _active(requires: Collection[str], markers: Mapping[str, str], extras: frozenset[str]) -> Iterator[Requirement]:
    """Yield the requirements whose marker is true; invalid ones, which old tools have written, are left out."""
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        environments = ({**markers, "extra": extra} for extra in ("", *sorted(extras)))
        if requirement.marker is None or any(requirement.marker.evaluate(values) for values in environments):
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
