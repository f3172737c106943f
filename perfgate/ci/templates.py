"""The files that `perfgate init` writes: the workflow and a commented policy."""

from __future__ import annotations

import json
from collections.abc import Sequence

from perfgate import policy
from perfgate.ci.onboarding import RepositorySurvey
from perfgate.policy.suite_table import SuiteTable

WORKFLOW = ".github/workflows/perfgate.yml"

ACTION = "perfgate/perfgate"
"""Repository of the action that the workflow uses."""

HOSTED_RUNNER = "ubuntu-24.04"
"""A runner that every repository has."""


def workflow_text(
    found: RepositorySurvey, *, action: str, runner: Sequence[str] = (HOSTED_RUNNER,), server: str = ""
) -> str:
    """Return the workflow that measures and reports.

    Args:
        found: What `perfgate.ci.onboarding.survey` found.
        action: What stands after ``uses:``, such as ``perfgate/perfgate@SHA``.
        runner: Labels of the runner that measures.
        server: Address of a perfgate server; empty: there is none.
    """
    has_several = len(found.suites) > 1
    return _TEMPLATE.format(
        push=f"  push:\n    branches: [{json.dumps(found.branch)}] # for the history\n" if server else "",
        matrix=_MATRIX.format(suites=", ".join(suite.tool for suite in found.suites)) if has_several else "",
        runner=runner[0] if len(runner) == 1 else f"[{', '.join(runner)}]",
        guard="" if runner == (HOSTED_RUNNER,) else _OWN_RUNNER,
        checkout="actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
        measure="\n".join(_measure_step(found, action)),
        action=action,
        identity="      id-token: write # shows the server which workflow this is\n" if server else "",
        server=f"          server: {json.dumps(server)}\n" if server else "",
    )


def policy_text(table: SuiteTable | None) -> str:
    """Return a commented ``perfgate.toml`` that tolerates what perfgate tolerates without it.

    Args:
        table: What the suite needs; None: nothing is said about it.
    """
    suite = suite_text(table) if table else ""
    return suite + _POLICY.format(budget=f"{policy.DEFAULT_MAX_REGRESSION:.0%}")


def _measure_step(found: RepositorySurvey, action: str) -> list[str]:
    """Return the lines of the step that measures."""
    return [
        f"      - uses: {action}",
        "        with:",
        "          step: measure",
        *(["          suite: ${{ matrix.suite }}"] if len(found.suites) > 1 else []),
    ]


def suite_text(table: SuiteTable) -> str:
    """Return the table ``[suite]`` of a perfgate.toml."""
    lines = [
        "# What the benchmarks need to run, on every machine. Read from the revision whose benchmarks are measured.",
        "[suite]",
    ]
    given = {name: value for name in SuiteTable.__struct_fields__ if (value := getattr(table, name))}
    variables = given.pop("environment", {})
    lines += [f"{name} = {_toml(value)}" for name, value in given.items()]
    lines += [f"environment.{name} = {_toml(value)}" for name, value in variables.items()]
    return "\n".join(lines) + "\n\n"


def _toml(value: str | tuple[str, ...]) -> str:
    """Return a text or a list of texts as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


_MATRIX = """    strategy:
      matrix:
        suite: [{suites}]
      max-parallel: 1 # two suites at once would disturb each other
"""

_OWN_RUNNER = """    # Untrusted code never runs on your own runner.
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
# Without any line below: {budget} for every benchmark and metric.

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
