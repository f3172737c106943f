"""The gate: a run with its baseline, a policy and a date -> one verdict. The only place that decides.

The command line, the server and a replay pass a `Run` that carries its baseline and the policy of base, and get the same
`Verdict`. Comment, terminal, exit code and page only render it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

import msgspec

from perfgate.gate import pairing
from perfgate.gate.notes import NOTHING_COMPARED, drift_note, incomparable, notes
from perfgate.gate.pairing import NotJudged, Sides
from perfgate.gate.rows import judge_sides
from perfgate.gate.verdict import ALPHA, FalseAlarms, Row, Verdict
from perfgate.policy import language
from perfgate.policy.findings import Outcome
from perfgate.policy.language import Budgets
from perfgate.policy.references import References
from perfgate.policy.rule_kind import JudgmentContext
from perfgate.policy.waivers import Waiver
from perfgate.results import shards
from perfgate.results.metrics import EXTRA_INFO
from perfgate.results.records import Run, Shard
from perfgate.stats.judgments import MAX_INFLATION


def judge(
    run: Run,
    *,
    today: date,
    alpha: float = ALPHA,
    waivers: Sequence[Waiver] = (),
    references: References | None = None,
) -> Verdict:
    """Return the verdict on a run, compared with the baseline that was measured beside it.

    Args:
        run: The candidate, with `Run.baseline` and, if the repository has one, `Run.policy`.
        today: Decides which waivers are in force.
        alpha: Chance of any false "regressed" in the whole suite.
        waivers: Waivers besides those of the policy; of several that cover a row, the last one holds.
        references: Levels outside this run that rules may use; None: none are known.

    Raises:
        InvalidPolicy: The policy is invalid.
    """
    budgets = language.read(run.policy)
    context = JudgmentContext(today=today, waivers=(*budgets.waivers, *waivers), references=references or References())
    remarks = list(notes(run))
    why_not = incomparable(run)
    if why_not or run.baseline is None:
        return _verdict(run, budgets, [], (), [*remarks, why_not], alpha)
    sides, not_judged = pairing.bring_together(run, run.baseline, partial(_is_judged, budgets))
    rows: list[Row] = []
    inflations = []
    for runner, part in _parts(run, sides):
        found, inflation = judge_sides(part, frozenset(run.exempt), budgets, context, alpha_of(run.shards, alpha))
        rows += found
        if inflation is not None:
            inflations.append(inflation)
            remarks += [drift_note(runner, inflation)] if inflation > MAX_INFLATION else []
    if not rows and not run.exempt:
        remarks.append(NOTHING_COMPARED)
    verdict = _verdict(run, budgets, rows, not_judged, remarks, alpha)
    return msgspec.structs.replace(verdict, inflation=max(inflations, default=None))


def _is_judged(budgets: Budgets, label: str, metric: str) -> bool:
    """Tell whether a metric is judged: of a number that a test keeps, it is unknown which way is better."""
    return not metric.startswith(EXTRA_INFO) or budgets.names(label, metric)


def alpha_of(parts: Sequence[Shard], alpha: float = ALPHA) -> float:
    """Return the error rate that one part of a suite may spend of the whole suite's *alpha*.

    Parts are measured and judged separately. With equal shares the chance of a false "regressed" in any of them is at most
    *alpha*, and a decision about a part does not change when all parts are joined.
    """
    return alpha / parts[0].count if parts else alpha


def _parts(run: Run, sides: Sequence[Sides]) -> Iterator[tuple[str, list[Sides]]]:
    """Yield what was measured and is judged together, with the name of its runner."""
    if not run.shards:
        yield "This runner", list(sides)
    for shard in run.shards:
        labels = frozenset(shard.labels)
        runner = f"The runner of shard {shard.number} of {shard.count}"
        yield runner, [side for side in sides if side.label in labels]


def _verdict(
    run: Run,
    budgets: Budgets,
    rows: Sequence[Row],
    not_judged: tuple[NotJudged, ...],
    remarks: Sequence[str],
    alpha: float,
) -> Verdict:
    missing = ", ".join(map(str, shards.missing(run)))
    outcome = _outcome(run, rows, not_judged)
    return Verdict(
        outcome=Outcome.INCONCLUSIVE if missing and outcome is not Outcome.FAIL else outcome,
        suite=run.suite,
        head=run.commit,
        base=run.baseline.commit if run.baseline else None,
        rows=tuple(rows),
        not_judged=not_judged,
        exempt=run.exempt,
        assumptions=run.assumptions,
        false_alarms=_false_alarms(rows),
        missing_shards=f"{missing} of {run.shards[0].count}" if missing else "",
        environment=run.environment.name,
        notes=tuple(remark for remark in remarks if remark),
        alpha=alpha,
        policy_path=budgets.path if run.policy else "",
        policy_revision=budgets.revision,
        pull_request=run.pull_request,
    )


def _false_alarms(rows: Sequence[Row]) -> FalseAlarms:
    """Count exempt benchmarks, each once, however many metrics it has."""

    def count(*judgments: str) -> int:
        return len({row.label for row in rows if row.exempt and row.judgment in judgments})

    return FalseAlarms(
        judged=count("regressed", "improved", "within"), regressed=count("regressed"), improved=count("improved")
    )


def _outcome(run: Run, rows: Sequence[Row], not_judged: Sequence[NotJudged]) -> Outcome:
    """Return the outcome of the suite: one failure fails it; without a single answer it is inconclusive."""
    outcomes = {row.outcome for row in rows if not row.exempt}
    if not outcomes and _reaches_nothing(run, not_judged):
        return Outcome.PASS
    if outcomes <= {Outcome.INCONCLUSIVE}:
        return Outcome.INCONCLUSIVE
    return next(outcome for outcome in (Outcome.FAIL, Outcome.WAIVED, Outcome.PASS) if outcome in outcomes)


def _reaches_nothing(run: Run, not_judged: Sequence[NotJudged]) -> bool:
    """Return whether the change can reach no benchmark of the suite."""
    exempt = frozenset(run.exempt)
    return bool(exempt) and not incomparable(run) and all(missing.label in exempt for missing in not_judged)
