"""What stands below the table: notes, what was not judged, and how the verdict was made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from perfgate.formatting import plain, quantity, share
from perfgate.gate import NotJudged, Row, Verdict
from perfgate.report.false_alarms import false_alarms, measured_rate
from perfgate.report.headline import benchmarks
from perfgate.results import metrics
from perfgate.results.metrics import DeterministicMetric
from perfgate.stats.judgments import MAX_INFLATION

MAX_NAMED = 3
"""Benchmarks that are named where many share one remark."""

DECIDING = (
    "The interval is the one that decides: a benchmark is regressed if all of it is beyond the budget, within or improved if"
    " none of it is, and inconclusive otherwise. Each end holds with 99 % confidence or more."
)


ASSUMED = "The exemption assumes:"
"""Beginning of the remark on what must hold where benchmarks are exempt."""


def remarks(verdict: Verdict) -> list[str]:
    """Return all remarks as plain text, one a line."""
    lines = [*false_alarms(verdict, plain), *verdict.notes]
    if verdict.assumptions:
        lines.append(f"{ASSUMED} {' '.join(verdict.assumptions)}")
    lines += [f"{names} not judged: {plain(reason)}" for names, reason in _not_judged(verdict)]
    lines += [f"{_name(row)}: {plain(row.reason)}" for row in verdict.gated if row.reason]
    return [line for line in (*lines, power(verdict), unlisted(verdict), procedure(verdict)) if line]


def power(verdict: Verdict) -> str:
    """Return the smallest change that this comparison would detect; empty if no time was compared."""
    detectable = sorted(
        row.smallest_detectable
        for row in verdict.gated
        if row.smallest_detectable is not None and row.deterministic is None
    )
    if not detectable:
        return ""
    most = detectable[min(len(detectable) - 1, math.ceil(0.9 * len(detectable)) - 1)]
    return (
        f"Smallest detectable change: {share(most, digits=2)} or less in 90 % of the benchmarks (detected with"
        " probability 0.9)."
    )


def unlisted(verdict: Verdict) -> str:
    """Return how many unremarkable rows are not listed, by metric; empty if there are none."""
    counts = Counter(metrics.describe(row.metric).title for row in verdict.rows if row.is_unremarkable)
    parts = [f"{title} of {benchmarks(count)}" for title, count in counts.items()]
    return f"Not listed because unchanged or too small to judge: {', '.join(parts)}." if parts else ""


def procedure(verdict: Verdict) -> str:
    """Return how the verdict was made; empty if nothing was compared."""
    if not verdict.rows:
        return ""
    intro = (
        "Base and head were measured alternately on one machine, in fresh processes for every pair; the change is the mean"
        " of the pairs' log ratios. A few pairs certify benchmarks that are not slower than their budget. Those that look"
        " slower are measured again, and only these fresh pairs can call them regressed: the change must be significant and"
        " larger than the budget. The chance of any false “regressed” or “improved” in the whole suite is at most"
        f" {share(verdict.alpha)}."
    )
    texts = (
        intro,
        DECIDING,
        _runner(verdict),
        measured_rate(verdict.false_alarms),
        _pairs(verdict),
        _deterministic(verdict),
    )
    return " ".join(text for text in texts if text)


def _name(row: Row | NotJudged) -> str:
    return f"{plain(row.label)} ({plain(metrics.describe(row.metric).title)})"


def _not_judged(verdict: Verdict) -> list[tuple[str, str]]:
    """Return what was not judged, with the reason; those with one reason together."""
    groups: dict[str, list[NotJudged]] = {}
    for missing in verdict.not_judged:
        groups.setdefault(missing.reason, []).append(missing)
    return [(_names(group), reason) for reason, group in groups.items()]


def _names(group: Sequence[NotJudged]) -> str:
    named = ", ".join(_name(missing) for missing in group[:MAX_NAMED])
    return f"{named} and {len(group) - MAX_NAMED} more" if len(group) > MAX_NAMED else named


def _runner(verdict: Verdict) -> str:
    if verdict.inflation is None:
        return ""
    return (
        f"Benchmarks that hardly changed differ {verdict.inflation:.2f} times as much as their pairs explain (λ; a good"
        f" runner has at most {MAX_INFLATION:g})."
    )


def _pairs(verdict: Verdict) -> str:
    pairs = sorted(row.pairs for row in verdict.rows if row.deterministic is None)
    if not pairs:
        return ""
    return f"Pairs per benchmark: {pairs[0]}" + (f" to {pairs[-1]}." if pairs[-1] > pairs[0] else ".")


def _deterministic(verdict: Verdict) -> str:
    """Return how deterministic metrics were judged; empty if there are none."""
    found = {row.metric: row.deterministic for row in verdict.rows}
    infos = [info for info in found.values() if info is not None]
    if not infos:
        return ""
    bounds = ", ".join(f"{info.title} {share(info.repeatability)}" for info in infos)
    return (
        "Deterministic metrics were measured separately and spend none of that chance: one pair decides. A change is"
        f" regressed if it exceeds the budget and the differences that the same code shows ({bounds}; more if the calls of"
        " one process or the pairs differ by more). An apparent change is measured again in fresh processes, unless all"
        f" calls agree exactly.{_too_small(infos)}"
    )


def _too_small(infos: Sequence[DeterministicMetric]) -> str:
    parts = [f"{quantity(info.judged_above, info.metric.unit)} of {info.title}" for info in infos if info.judged_above]
    return f" Up to {' and '.join(parts)}, a change is shown and not judged." if parts else ""
