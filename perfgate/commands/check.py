"""``perfgate check BASE HEAD``: measure two revisions side by side and give one verdict."""

from __future__ import annotations

import argparse
import contextlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.progress import Progress
from rich.text import Text

from perfgate import gate, git, policy, report, resultfile, suite, terminal
from perfgate.commands.run import add_measuring_arguments
from perfgate.gate import Outcome, Verdict
from perfgate.policy import Budgets
from perfgate.records import Policy, Run
from perfgate.stats.sequential import PAIRS, Pair, judge_suite
from perfgate.wording import interval, percent, plain, quantity, share

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.WAIVED: "yellow", Outcome.INCONCLUSIVE: "magenta"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", help="commit, branch or tag to compare against; its perfgate.toml is obeyed")
    parser.add_argument("head", nargs="?", default="HEAD", help="commit, branch or tag to judge (HEAD)")
    add_measuring_arguments(parser)
    parser.add_argument("--pull-request", type=int, metavar="N", help="note the number in the result file")
    parser.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks had no answer")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the verdict as JSON")
    shape.add_argument("--markdown", action="store_true", help="print the verdict as the pull-request comment")


def run(arguments: argparse.Namespace) -> int:
    """Measure pairs, decide, report; return the gate's exit code."""
    root = git.root(arguments.repository)
    rules = _policy_at(root, git.resolve(root, arguments.base))
    measured = _measure(arguments, policy.read(rules))
    measured = msgspec.structs.replace(measured, policy=rules, pull_request=arguments.pull_request)
    if arguments.output:
        resultfile.save(measured, arguments.output)
    verdict = gate.judge(measured, today=datetime.now(UTC).date())
    if arguments.json:
        print(report.json_text(verdict))
    elif arguments.markdown:
        print(report.markdown(verdict), end="")
    else:
        _print(verdict, arguments.output)
    return gate.exit_code(verdict, strict=arguments.strict)


def _policy_at(root: Path, sha: str) -> Policy | None:
    """Return the policy as it stands at the base, so that a change cannot loosen its own budget."""

    def read_file(name: str) -> str | None:
        listed = git.run(root, "ls-tree", "--name-only", sha, "--", name).strip()
        return git.run(root, "show", f"{sha}:{name}") if listed else None

    return policy.find(read_file, revision=sha)


def _measure(arguments: argparse.Namespace, budgets: Budgets) -> Run:
    with terminal.progress() as bar:
        task = bar.add_task("starting", total=None)
        with suite.open_pairs(
            arguments.repository,
            arguments.base,
            arguments.head,
            suite=arguments.suite,
            select=arguments.select,
            environment_name=arguments.environment,
            install=arguments.install,
            progress=lambda text: bar.update(task, description=text),
        ) as pairs:
            bar.reset(task, total=PAIRS * (len(pairs.benchmarks) + len(pairs.others)))

            def take_pair(label: str) -> Pair:
                _tell(bar, label)
                return pairs.take_pair(label)

            judge_suite(
                pairs.benchmarks,
                take_pair,
                budget={label: budgets.max_regression(label, "time").value for label in pairs.benchmarks},
                alpha=gate.ALPHA,
            )
            for label in pairs.others:
                # A value that cannot be taken leaves a failed sample, which the gate names.
                with contextlib.suppress(suite.PairFailed):
                    for _ in range(PAIRS):
                        _tell(bar, label)
                        pairs.take_values(label)
            return pairs.run()


def _tell(bar: Progress, label: str) -> None:
    bar.update(bar.task_ids[0], advance=1, description=plain(label, 40))


def _print(verdict: Verdict, output: Path | None) -> None:
    out = terminal.console()
    out.print(Text(report.headline(verdict), style=STYLES[verdict.outcome]))
    base = verdict.base.sha[:10] if verdict.base else "nothing"
    out.print(
        Text(f"{verdict.suite}, {verdict.head.sha[:10]} against {base} on {plain(verdict.environment)}", style="dim")
    )
    out.print()
    prefix = terminal.shared_prefix([row.label for row in verdict.rows])
    terminal.announce(out, prefix)
    table = terminal.table(
        "benchmark",
        ["outcome", "metric"],
        ["base", "head", "change", "95 % interval", "budget", "could have seen", "pairs"],
    )
    for row in report.ordered(verdict):
        style = STYLES[row.outcome]
        table.add_row(
            terminal.name(row.label, prefix),
            Text(str(row.outcome), style=style),
            row.metric,
            quantity(row.baseline, row.unit),
            quantity(row.candidate, row.unit),
            Text(percent(row.effect), style="" if row.outcome is Outcome.PASS else style),
            interval(row.low, row.high),
            share(row.allowed.value),
            percent(row.smallest_detectable),
            str(row.pairs),
        )
    if verdict.rows:
        terminal.show(out, table)
        out.print()
    for line in report.remarks(verdict):
        out.print(Text(line, style="dim"))
    if output:
        out.print(f"written to {output}")
