"""What a repository has that perfgate can use, and the files that set it up there. Nothing is written here.

Files are read and never imported; branches are only looked into.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from perfgate import git, policy
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.discover import suites
from perfgate.measure.sides.asv_configuration import read_configuration
from perfgate.measure.suites import Suite

WORKFLOW = ".github/workflows/perfgate.yml"

ACTION = "perfgate/perfgate"
"""Repository of the action that the workflow uses."""

HOSTED = "ubuntu-24.04"
"""A runner that every repository has."""

BRANCHES = ("gh-pages", "asv-results", "benchmarks", "benchmark-results", "asv", "perf")
"""Branches, here or at a remote, that may hold nothing but a history."""

_DATA = re.compile(r"(?:^|/)data\.js$")
_MACHINE = re.compile(r"(?:^|/)machine\.json$")
_ASV_PAGES = re.compile(r"(?:^|/)graphs/summary/")
_PLAIN_LINE = re.compile(r"[\w.,;:'\"()\[\]<>=!~ -]{1,200}", re.ASCII)


@dataclass(frozen=True)
class History:
    """Older results that can be imported."""

    what: str
    """In words."""
    path: str
    """Folder or file."""
    branch: str = ""
    """Where it is; empty: in the work tree."""

    @property
    def commands(self) -> tuple[str, ...]:
        """Return what brings it to a server."""
        if not self.branch:
            return (_import(self.path),)
        folder = "../perfgate-history"
        return (
            f"git worktree add --detach {folder} {shlex.quote(self.branch)}",
            _import(f"{folder}/{self.path}" if self.path else folder),
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there is."""

    suites: tuple[Suite, ...]
    histories: tuple[History, ...]
    packages: tuple[str, ...]
    """Lines of a requirements file: what the benchmarks import besides the project."""
    packages_from: str
    """Where they stand; empty: nowhere, the tool alone was taken."""
    branch: str
    """The default branch."""


def look(root: Path) -> Found:
    """Return what the repository at *root* has.

    Raises:
        MeasurementFailed: It has no suite; says what was looked for and what to do.
    """
    found = suites(root)
    if not found:
        raise MeasurementFailed(
            f"{root} has no benchmarks: looked for asv.conf.json and for tests with a 'benchmark' parameter. Write one,"
            " such as tests/test_bench.py with 'def test_it(benchmark): benchmark(function)', and run this again"
        )
    listed, source, named = _packages(root, [suite.tool for suite in found])
    lacking = [tool for tool in (suite.tool for suite in found) if tool not in named]
    return Found(
        suites=found,
        histories=tuple(_histories(root, found)),
        packages=(*listed, *lacking),
        packages_from=source,
        branch=_default_branch(root),
    )


def workflow(found: Found, *, action: str, runner: Sequence[str] = (HOSTED,), server: str = "") -> str:
    """Return the workflow that measures and reports.

    Args:
        found: What `look` found.
        action: What stands after ``uses:``, such as ``perfgate/perfgate@SHA``.
        runner: Labels of the runner that measures.
        server: Address of a perfgate server; empty: there is none.
    """
    several = len(found.suites) > 1
    labels = runner[0] if len(runner) == 1 else f"[{', '.join(runner)}]"
    measure = [
        f"      - uses: {action}",
        "        with:",
        "          step: measure",
        *(["          suite: ${{ matrix.suite }}"] if several else []),
        *_block("packages", found.packages),
    ]
    return _TEMPLATE.format(
        push=f"  push:\n    branches: [{json.dumps(found.branch)}] # for the history\n" if server else "",
        matrix=_MATRIX.format(suites=", ".join(suite.tool for suite in found.suites)) if several else "",
        runner=labels,
        guard="" if runner == (HOSTED,) else _OWN_RUNNER,
        checkout="actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
        measure="\n".join(measure),
        action=action,
        identity="      id-token: write # shows the server which workflow this is\n" if server else "",
        server=f"          server: {json.dumps(server)}\n" if server else "",
    )


def policy_text() -> str:
    """Return a commented ``perfgate.toml`` that changes nothing."""
    return _POLICY.format(budget=f"{policy.DEFAULT_MAX_REGRESSION:.0%}")


def _block(name: str, lines: Sequence[str]) -> list[str]:
    if len(lines) == 1 and re.fullmatch(r"[A-Za-z][\w.-]*", lines[0]):
        return [f"          {name}: {lines[0]}"]
    return [f"          {name}: |", *(f"            {line}" for line in lines)]


def _default_branch(root: Path) -> str:
    for arguments in (("symbolic-ref", "--short", "refs/remotes/origin/HEAD"), ("symbolic-ref", "--short", "HEAD")):
        try:
            return git.run(root, *arguments).strip().removeprefix("origin/")
        except InvalidInput:
            continue
    return "main"


def _packages(root: Path, tools: Sequence[str]) -> tuple[list[str], str, set[str]]:
    """Return the requirements among which a benchmarks' tool stands, where that is, and which tools stand there."""
    for file in sorted((*root.glob("*requirements*.txt"), *root.glob("requirements/*.txt"))):
        named = _named(file.read_text(encoding="utf-8", errors="replace").splitlines(), tools)
        if named:
            name = file.relative_to(root).as_posix()
            return [f"-r {name}"], name, named
    try:
        document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [], "", set()
    extras = _mapping(_mapping(document.get("project")).get("optional-dependencies"))
    groups = _mapping(document.get("dependency-groups"))
    own = str(_mapping(document.get("project")).get("name", ""))
    for table, where in ((groups, "dependency-groups"), (extras, "project.optional-dependencies")):
        for name in table:
            lines = list(dict.fromkeys(_expanded(table, name, own, frozenset())))
            if named := _named(lines, tools):
                return [line for line in lines if _PLAIN_LINE.fullmatch(line)], f"{where}.{name}", named
    return [], "", set()


def _expanded(table: dict[str, Any], name: str, own: str, seen: frozenset[str]) -> Iterator[str]:
    """Yield the requirements of a group or an extra, those that it includes among them."""
    entries = table.get(name)
    if name in seen or not isinstance(entries, list):
        return
    for entry in entries:
        if isinstance(entry, dict):
            yield from _expanded(table, str(entry.get("include-group", "")), own, seen | {name})
        elif isinstance(entry, str) and (inner := re.fullmatch(rf"{re.escape(own)}\[([\w, -]+)\]", entry)) and own:
            for each in inner[1].split(","):
                yield from _expanded(table, each.strip(), own, seen | {name})
        elif isinstance(entry, str):
            yield entry.strip()


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(lines: Sequence[str], tools: Sequence[str]) -> set[str]:
    """Return which of *tools* the lines of a requirements file name."""
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line.strip()) for line in lines)
    names: set[str] = {canonicalize_name(each[0]) for each in found if each}
    return names.intersection(tools)


def _histories(root: Path, found: Sequence[Suite]) -> Iterator[History]:
    for suite in found:
        if suite.configuration is not None:
            named = str(read_configuration(root / suite.configuration).get("results_dir", "results"))
            results = suite.configuration.parent / named
            if any((root / results).glob("*/machine.json")):
                yield History("asv results", results.as_posix())
    if any((root / ".benchmarks").glob("*/*.json")):
        yield History("pytest-benchmark files", ".benchmarks")
    for branch in _branches(root):
        yield from _on_branch(root, branch)


def _branches(root: Path) -> Iterator[str]:
    listed = git.run(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes").splitlines()
    seen = set()
    for name in sorted(listed, key=lambda each: each.count("/")):
        last = name.removeprefix("origin/")
        if last in BRANCHES and last not in seen:
            seen.add(last)
            yield name


def _on_branch(root: Path, branch: str) -> Iterator[History]:
    files = git.run(root, "ls-tree", "-r", "-z", "--name-only", f"{branch}^{{commit}}").split("\0")
    for path in files:
        if _DATA.search(path):
            yield History("a data.js of github-action-benchmark", path, branch)
    machines = [path for path in files if _MACHINE.search(path)]
    if machines:
        results = machines[0].rpartition("/")[0].rpartition("/")[0]
        yield History("asv results", results, branch)
    elif any(_ASV_PAGES.search(path) for path in files):
        yield History("pages that asv published; its results are needed to import them", "", branch)


def _import(path: str) -> str:
    return f"python manage.py import_results {shlex.quote(path)} --project NAME --repo ."


_MATRIX = """    strategy:
      matrix:
        suite: [{suites}]
      max-parallel: 1 # two suites at once would disturb each other
"""

_OWN_RUNNER = """    # A stranger's code never reaches a runner of your own.
    if: >-
      github.event_name != 'pull_request' ||
      github.event.pull_request.head.repo.full_name == github.repository
"""

_TEMPLATE = """\
# Written by `perfgate init`. Measures base and head of each pull request side by side and says whether it got slower.
# The job `measure` runs the code and may write nothing; the job `verdict` may write and runs none of that code.
name: perfgate

on:
  pull_request:
  merge_group:
{push}  release:
    types: [published]
  schedule:
    - cron: "17 4 * * 1" # once a week a slowdown is planted, which the gate must find
  workflow_dispatch: # two commits by hand; a server asks so to confirm an alert, or to find its commit
    inputs:
      base:
        description: commit, branch or tag to compare with
        required: true
        type: string
      head:
        description: commit, branch or tag to judge
        required: true
        type: string
      suite:
        description: asv, pytest-benchmark or a path
        type: string
      select:
        description: glob over benchmarks
        type: string
      pull_request:
        description: number of the pull request that head is of
        type: string

permissions: {{}}

concurrency:
  group: perfgate-${{{{ github.ref }}}}-${{{{ github.event_name }}}}-${{{{ inputs.head || 'all' }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  measure:
{guard}    runs-on: {runner}
    timeout-minutes: 60
    permissions:
      contents: read
{matrix}    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0
          persist-credentials: false
{measure}

  verdict:
    needs: measure
    if: always() && needs.measure.result != 'skipped' && github.event_name != 'schedule'
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      checks: write # the check run
      pull-requests: write # the comment
{identity}    steps:
      - uses: {action}
        with:
          step: report
{server}"""

_POLICY = """\
# What perfgate tolerates. It is read from the base branch: a pull request cannot loosen its own budget.
# Without any line here: {budget} for every benchmark and metric.

# [[budget]]
# max_regression = "{budget}"      # of everything

# [[budget]]
# benchmarks = "*parse*"           # a glob; the last budget that matches decides
# max_regression = "1%"
# max = "5ms"                      # a largest value, too

# [[budget]]
# metric = "memory"                # time, memory, instructions, …
# max_regression = "2%"

# A reasoned exception, with a ceiling and an end:
# [[waiver]]
# benchmarks = "tests/test_bench.py::test_parse"
# max_regression = "8%"
# until = 2027-01-31
# owner = "release managers"
# reason = "exact decimals, see #812"

# With a server, lasting changes of the history become alerts:
# [alerts]
# confirm = "measure"              # measured again side by side before anybody is told
"""
