"""``perfgate run``: measure the suite of a repository at one revision and write a result file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
from rich.text import Text

from perfgate import git, measure, policy
from perfgate.formatting import plain, quantity
from perfgate.report import terminal
from perfgate.results import result_file
from perfgate.results.records import Policy, Run, SampleState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revision", nargs="?", default="HEAD", help="commit, branch or tag to measure (HEAD)")
    add_measuring_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the result file instead of a table")


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every subcommand takes that writes a result file."""
    add_suite_arguments(parser)
    parser.add_argument("--environment", metavar="NAME", help="name under which this machine is followed")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result file there")


def add_suite_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every measuring subcommand takes."""
    parser.add_argument("--repository", type=Path, default=Path(), metavar="DIR", help="the git repository (here)")
    parser.add_argument("--suite", help="asv, pytest-benchmark or a path, where the repository holds more than one")
    parser.add_argument("--select", metavar="GLOB", help="only benchmarks whose name matches")
    parser.add_argument(
        "--install",
        default="auto",
        metavar="HOW",
        help="asv: asv builds the environments; plain: install the project, and what it asks for, beside the packages"
        " that are here; auto: asv if its configuration asks for a matrix or more, else plain; never; or a command with"
        " {python} and {checkout}",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, write the result file, print the values; return 0, or 3 if nothing could be measured."""
    with terminal.progress() as bar:
        task = bar.add_task("starting", total=None)
        measured = measure.measure(
            arguments.repository,
            arguments.revision,
            suite=arguments.suite,
            select=arguments.select,
            environment_name=arguments.environment,
            install=arguments.install,
            progress=lambda text: bar.update(task, description=text),
        )
    # The history follows the rules that stand beside the code: see `perfgate.policy.AlertRules`.
    carried = policy_at(git.root(arguments.repository), measured.commit.sha)
    measured = msgspec.structs.replace(measured, policy=carried)
    if arguments.output:
        result_file.save(measured, arguments.output)
    if arguments.json:
        print(json.dumps(json.loads(result_file.write(measured))))
    else:
        _print(measured, arguments.output)
    return 0 if measured.count(SampleState.MEASURED) else 3


def policy_at(root: Path, sha: str) -> Policy | None:
    """Return the policy as it stands at a commit."""

    def read_file(name: str) -> str | None:
        listed = git.run(root, "ls-tree", "--name-only", sha, "--", name).strip()
        return git.run(root, "show", f"{sha}:{name}") if listed else None

    return policy.find(read_file, revision=sha)


def _print(measured: Run, output: Path | None) -> None:
    out = terminal.console()
    prefix = terminal.shared_prefix([each.benchmark.label for each in measured.samples])
    terminal.announce(out, prefix)
    table = terminal.table("benchmark", ["metric"], ["value", "n"])
    for sample in measured.samples:
        size = sum(map(len, sample.rounds))
        value = quantity(sample.value, sample.metric.unit) if sample.value is not None else str(sample.state)
        table.add_row(terminal.name(sample.benchmark.label, prefix), sample.metric.name, value, str(size or "–"))
    terminal.show(out, table)
    out.print(
        f"{measured.count(SampleState.MEASURED)} measured, {measured.count(SampleState.FAILED)} failed,"
        f" {measured.count(SampleState.SKIPPED)} skipped at {measured.commit.sha[:10]} on {plain(measured.environment.name)}"
    )
    for refusal in measured.refused:
        out.print(Text(f"refused {plain(refusal.where)}: {plain(refusal.reason)}", style="yellow"))
    if output:
        out.print(f"written to {output}")
