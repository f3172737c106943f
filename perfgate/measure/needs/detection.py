"""What a suite needs, found in its repository's files and in the errors of collecting it."""

from __future__ import annotations

import configparser
import platform
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from perfgate.errors import MeasurementFailed
from perfgate.measure.needs.declared import DeclaredRequirements, declared_requirements, mapping, read_toml, texts
from perfgate.measure.needs.missing import WELL_KNOWN, Missing, missing_in, plugin_of
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.suites import Suite
from perfgate.policy.suite_table import SuiteTable

TOOLS = ("pytest-benchmark", "pytest-codspeed", "asv")
"""Distributions whose place shows which set of requirements is that of the benchmarks."""

_BENCHMARKS = re.compile(r"bench|perf|speed|asv", re.IGNORECASE)
"""Names of sets that are likely those of the benchmarks."""

_RUNNING = platform.python_version()

_GROUPS = "dependency-groups."

_TESTS = re.compile(r"test", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class DetectedNeeds:
    """The needs that a repository declares for a suite, and what else it declares."""

    needs: SuiteNeeds
    declared: Sequence[DeclaredRequirements] = ()
    own_modules: Collection[str] = frozenset()
    """Top-level names of the project's modules."""

    def added(self, needs: SuiteNeeds, errors: str) -> SuiteNeeds | None:
        """Return *needs* with what *errors* ask for; None if nothing certain can be added."""
        there = _names(needs.packages)
        for missing in missing_in(errors, self.own_modules):
            more = self._lines_for(missing, needs)
            lines = [line for line in more if canonicalize_name(Requirement(line).name) not in there]
            if lines:
                return replace(needs, packages=(*needs.packages, *lines))
        return None

    def advice(self, needs: SuiteNeeds, errors: str) -> str:
        """Return the line that says what to add and where; empty if the errors do not show it."""
        there = _names(needs.packages)
        for missing in missing_in(errors, self.own_modules):
            if missing.distribution not in there:
                name = missing.distribution or "NAME"
                return f'{missing.what} is missing: add to perfgate.toml: [suite] packages = ["{name}"]'
        return ""

    def table(self, needs: SuiteNeeds, suite: Suite) -> SuiteTable:
        """Return *needs* as the table ``[suite]``; a dependency group is named, and not copied."""
        group = next((source for source in needs.sources if source.startswith(_GROUPS)), "")
        in_group = next((found.lines for found in self.declared if group and found.source == group), ())
        return SuiteTable(
            tool=suite.tool,
            python=needs.python,
            packages=tuple(line for line in needs.packages if line not in in_group),
            groups=(group.removeprefix(_GROUPS),) if group else (),
            extras=needs.extras,
            environment=dict(needs.variables),
            before_build=needs.before_build,
        )

    def _lines_for(self, missing: Missing, needs: SuiteNeeds) -> tuple[str, ...]:
        """Return the requirements to add for one missing thing; none if nothing certain is known."""
        if not missing.distribution:
            return ()
        name = canonicalize_name(Requirement(missing.distribution).name)
        there = _names(needs.packages)
        for declared in self.declared:
            if name in declared.names:
                # The first thing that is missing of a set may be all that the benchmarks need of it; a second is a sign.
                is_in_use = bool(declared.names & there - set(TOOLS) - {"pytest"})
                return declared.lines if is_in_use else declared.named(name)
        return (missing.distribution,) if name in WELL_KNOWN else ()


def find_needs(
    checkout: Path,
    suite: Suite,
    tool_packages: Sequence[str],
    *,
    suite_table: SuiteTable,
    own: Sequence[str],
    own_modules: Collection[str],
) -> DetectedNeeds:
    """Return what the suite in *checkout* needs.

    Args:
        checkout: The checked-out code.
        suite: The suite.
        tool_packages: Requirements that every suite of its tool has.
        suite_table: The checkout's ``[suite]``. If it lists requirements, nothing else is looked for.
        own: Normalized names of the distributions that the repository holds.
        own_modules: Top-level names of the project's modules.
    """
    project = checkout / suite.project
    table = suite_table if suite_table.describes(suite.tool) or suite_table.path else SuiteTable()
    if table.says_what_is_needed:
        return DetectedNeeds(needs=_listed(table, project, tool_packages), own_modules=own_modules)
    declared = declared_requirements(checkout, _folders(checkout, suite), own)
    chosen = _set_of_benchmarks(declared, suite)
    found = dict.fromkeys((*(chosen.lines if chosen else ()), *_configured(project, suite, declared)))
    needs = SuiteNeeds(
        packages=_with_tool(tuple(found), tool_packages),
        python=table.python or _python(project),
        variables=table.environment,
        before_build=table.before_build,
        sources=(chosen.source,) if chosen else (),
    )
    return DetectedNeeds(needs=needs, declared=declared, own_modules=own_modules)


def _folders(checkout: Path, suite: Suite) -> list[Path]:
    """Return the folders whose files may declare what a suite needs, the nearest first."""
    place = checkout / (suite.configuration or (suite.files[0] if suite.files else suite.project))
    above = [folder for folder in place.parents if folder.is_relative_to(checkout)]
    return [*above, checkout / suite.project, checkout]


def _configured(project: Path, suite: Suite, declared: Sequence[DeclaredRequirements]) -> Iterator[str]:
    """Yield what the tool's own configuration asks for: asv's matrix, or the plugins of pytest."""
    if suite.configuration is None:
        yield from _plugins(project, declared)
    else:
        yield from (line for found in declared if found.source.endswith("asv.conf.json") for line in found.lines)


def _with_tool(lines: tuple[str, ...], tool_packages: Sequence[str]) -> tuple[str, ...]:
    """Return *lines* with those of the tool's requirements that they do not have."""
    there = _names(lines)
    return (*dict.fromkeys(lines), *(line for line in tool_packages if _name(line) not in there))


def _listed(table: SuiteTable, project: Path, tool_packages: Sequence[str]) -> SuiteNeeds:
    """Return the needs that ``[suite]`` lists, and the tool."""
    groups = {found.source: found.lines for found in declared_requirements(project, [project], ())}
    lines = list(table.packages)
    for group in table.groups:
        if (source := f"{_GROUPS}{group}") not in groups:
            raise MeasurementFailed(f"perfgate.toml: [suite] groups: pyproject.toml has no dependency group {group!r}")
        lines += groups[source]
    return SuiteNeeds(
        python=table.python or _python(project),
        packages=_with_tool(tuple(lines), () if table.extras else tool_packages),
        extras=table.extras,
        variables=table.environment,
        before_build=table.before_build,
        sources=("[suite]",),
    )


def _is_requirement(line: str) -> bool:
    try:
        Requirement(line)
    except InvalidRequirement:
        return False  # a path or an option, which the installer reads
    return True


def _set_of_benchmarks(declared: Sequence[DeclaredRequirements], suite: Suite) -> DeclaredRequirements | None:
    """Return the set that names a benchmark tool; one that is called after benchmarks before others, the smallest first."""
    tools = {"asv"} if suite.configuration else {"pytest-benchmark", "pytest-codspeed"}
    found = [candidate for candidate in declared if tools & candidate.names]
    found = found or [
        candidate for candidate in declared if suite.configuration is None and "pytest" in candidate.names
    ]
    ranked = sorted(
        found,
        key=lambda candidate: (
            not _BENCHMARKS.search(candidate.source),
            not _TESTS.search(candidate.source),
            len(candidate.lines),
        ),
    )
    return ranked[0] if ranked else None


def _plugins(project: Path, declared: Sequence[DeclaredRequirements]) -> Iterator[str]:
    """Yield the requirements of the plugins that pytest's own configuration asks for."""
    options, required = _pytest_settings(project)
    names: list[str] = [canonicalize_name(re.split(r"[<>=!~\s]", name)[0]) for name in required]
    names += [plugin_of(word.partition("=")[0]) for word in _words(options) if word.startswith("-")]
    for name in dict.fromkeys(filter(None, names)):
        lines = next((found.named(name) for found in declared if name in found.names), ())
        yield from lines or ((name,) if name in WELL_KNOWN else ())


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []  # a quotation mark is missing, of which pytest itself tells


def _pytest_settings(project: Path) -> tuple[str, list[str]]:
    """Return pytest's ``addopts`` and ``required_plugins`` of a project."""
    for name, section in (
        ("pytest.ini", "pytest"),
        (".pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(project / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section(section):
            found = parser[section]
            return " ".join(found.get("addopts", "").split()), found.get("required_plugins", "").split()
    tool = mapping(mapping(read_toml(project / "pyproject.toml").get("tool")).get("pytest"))
    settings = mapping(tool.get("ini_options")) or tool
    required = settings.get("required_plugins", "")
    plugins = required.split() if isinstance(required, str) else texts(required)
    return " ".join(texts(settings.get("addopts"))), plugins


def _python(project: Path) -> str | None:
    """Return the versions of Python that a project admits, unless the running one is among them."""
    document = read_toml(project / "pyproject.toml")
    admitted = mapping(document.get("project")).get("requires-python")
    try:
        specifier = SpecifierSet(admitted if isinstance(admitted, str) else "")
    except InvalidSpecifier:
        return None
    return None if specifier.contains(_RUNNING, prereleases=True) else str(specifier)


def _names(lines: Sequence[str]) -> set[str]:
    return {_name(line) for line in lines if _is_requirement(line)}


def _name(line: str) -> str:
    return canonicalize_name(Requirement(line).name)
