"""What ``perfgate bisect`` prints: the forecast, a line for each commit, and the result as text or JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.text import Text

from perfgate.bisect import SMALLEST_SLOWDOWN, Bisected, NoSlowdown, SearchStarted, SearchStep
from perfgate.formatting import chance, interval, percent, plain, share
from perfgate.report import terminal
from perfgate.stats.bisection import CommitMeasurement, Explanation
from perfgate.stats.judgments import Judgment

MAX_NAMED = 5
"""Suspects that are named where none is proved."""

_NORMAL = 1.96
"""Standard errors on either side of a 95 % interval."""


def started(event: SearchStarted) -> str:
    """Return how much slower the bad end is, and what the search will cost."""
    effect, expected = event.followed.decision, event.forecast
    found = f"{plain(event.followed.label)} is {percent(effect.effect)} {interval(effect.low, effect.high)} slower."
    if event.commits == 1:
        return found
    return (
        f"{found}\n{event.commits} commits are suspect: about {expected.visits} to measure, {expected.most_visits} at"
        f" most, some {_duration(expected.visit_seconds)} each, about {_duration(expected.seconds)} in all."
    )


def step(event: SearchStep) -> str:
    """Return what was measured of one commit, and how many suspects are left."""
    measurement, suspects = event.step.measurement, len(event.step.posterior.suspects())
    text = (
        f"skipped: {_shorten(event.step.reason)}"
        if measurement is None
        else f"{percent(math.expm1(measurement.value))} {_interval(measurement)}"
    )
    return f"{event.commit.sha[:10]}  {text}  ({suspects} suspect{'' if suspects == 1 else 's'} left)"


def no_slowdown(result: NoSlowdown) -> str:
    """Return why no commit was searched for."""
    decisions = result.decisions
    unclear = [decision for decision in decisions.values() if decision.outcome is Judgment.INCONCLUSIVE]
    text = f"No benchmark of {len(decisions)} is surely slower than GOOD by more than {share(SMALLEST_SLOWDOWN)}"
    return text + (f"; {len(unclear)} are undecided, the first because {plain(unclear[0].reason)}" if unclear else "")


def document(result: Bisected | NoSlowdown) -> dict[str, object]:
    """Return the result for JSON; probabilities and effects are fractions."""
    if isinstance(result, NoSlowdown):
        return {"outcome": Explanation.NOTHING, "reason": no_slowdown(result)}
    followed, search, posterior = result.followed, result.search, result.posterior
    return {
        "outcome": posterior.explanation,
        "reason": search.stopped,
        "good": result.good,
        "bad": result.commits[-1].sha,
        "commits": len(result.commits),
        "benchmark": followed.label,
        "metric": followed.metric,
        "between_ends": {
            "effect": followed.decision.effect,
            "low": followed.decision.low,
            "high": followed.decision.high,
        },
        "suspects": list(_suspects(result)),
        "nothing": posterior.nothing,
        "several": posterior.several,
        "merged": result.branch,
        "measured": [
            _commit(result, position) | {"log_ratio": found.value, "error": found.error, "pairs": pairs}
            for position, (found, pairs) in search.measured.items()
        ],
        "skipped": [
            _commit(result, position) | {"reason": reason} for position, reason in sorted(search.skipped.items())
        ],
        "slower_too": followed.others,
    }


def _suspects(result: Bisected) -> Iterator[dict[str, object]]:
    for position, probability in result.posterior.suspects():
        effect, low, high = result.posterior.effect(position)
        yield _commit(result, position) | {"probability": probability, "effect": effect, "low": low, "high": high}


def _commit(result: Bisected, position: int) -> dict[str, object]:
    commit = result.commits[position - 1]
    return {"sha": commit.sha, "author": commit.author, "subject": commit.subject}


def show(result: Bisected) -> None:
    """Print the conclusion and a table of the measured commits."""
    out, search = terminal.console(), result.search
    for text in _conclusion(result):
        out.print(Text(text))
    out.print()
    table = terminal.table("commit", ["subject"], ["against good", "95 % interval", "pairs"])
    measured = search.measured
    for position in sorted({*measured, *search.skipped}):
        found, pairs = measured.get(position, (None, 0))
        table.add_row(
            result.sha(position),
            Text(plain(result.commits[position - 1].subject, 60)),
            percent(math.expm1(found.value)) if found else "skipped",
            _interval(found) if found else "",
            str(pairs or "–"),
        )
    terminal.show(out, table)
    for position, reason in sorted(search.skipped.items()):
        out.print(Text(f"{result.sha(position)} cannot be measured: {_shorten(reason)}", style="dim"))
    if others := result.followed.others:
        named = ", ".join(plain(label) for label in others[:MAX_NAMED])
        out.print(Text(f"{len(others)} more got slower between the ends, but less: {named}", style="dim"))


def _conclusion(result: Bisected) -> Iterator[str]:
    """Yield the conclusion, one sentence a line."""
    posterior = result.posterior
    if posterior.explanation is Explanation.FOUND:
        yield from _culprit(result)
    elif posterior.explanation is Explanation.SEVERAL:
        yield f"No single commit explains it (probability {chance(posterior.several)}); search each part by itself:"
        yield from (f"  perfgate bisect {result.sha(low)} {result.sha(high)}" for low, high in posterior.steps())
    elif posterior.explanation is Explanation.NOTHING:
        label = plain(result.followed.label)
        yield f"Measured again, {label} is no slower (probability {chance(posterior.nothing)})."
    else:
        suspects = posterior.suspects()
        named = ", ".join(f"{result.sha(position)} ({chance(likely)})" for position, likely in suspects[:MAX_NAMED])
        more = f" and {len(suspects) - MAX_NAMED} more" if len(suspects) > MAX_NAMED else ""
        yield f"Not proved. Suspects: {named}{more}"
        yield f"The search ended because {result.search.stopped}."


def _culprit(result: Bisected) -> Iterator[str]:
    position, probability = result.posterior.suspects()[0]
    commit = result.commits[position - 1]
    effect, low, high = result.posterior.effect(position)
    yield f"{commit.sha[:10]} made {plain(result.followed.label)} slower: {percent(effect)} {interval(low, high)}"
    yield f"{plain(commit.author)}: {plain(commit.subject)}"
    yield f"probability {chance(probability)}"
    if branch := result.branch:
        yield f"It is a merge. Its branch can be searched: perfgate bisect {branch[0][:10]} {branch[1][:10]}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _interval(measurement: CommitMeasurement) -> str:
    half = _NORMAL * measurement.error
    return interval(math.expm1(measurement.value - half), math.expm1(measurement.value + half))


def _shorten(reason: str) -> str:
    """Return the first and the last line of a reason: what was tried, and why it failed."""
    lines = [text for text in reason.splitlines() if text.strip()]
    return plain(" … ".join(dict.fromkeys((lines[0], lines[-1])))) if lines else "no reason given"
