"""The figures of every row agree with each other, whatever was measured, in both directions."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate.gate import Outcome, Row, Verdict, from_document, judge, to_document
from perfgate.report.headline import headline
from perfgate.report.rows import decisive_rows, word
from perfgate.results.metrics import TRACED_PEAK
from perfgate.results.records import CPU_TIME, Benchmark, Direction, Metric, Sample, level
from tests.perfgate.gate.test_decision import TODAY, run

RATE = Metric(name="throughput", unit="1/s", direction=Direction.HIGHER)

WORDS = {
    "beyond the budget": "fail",
    "waived": "waived",
    "improved": "improved",
    "within budget": "pass",
    "inconclusive": "inconclusive",
    "not reached by the change": "not gated",
}


class Measured(NamedTuple):
    """How one benchmark of a generated run was measured."""

    change: float
    noise: float
    pairs: int
    metric: Metric
    drift: float
    """By how much both sides get slower from the first pair to the last."""


measured = st.builds(
    Measured,
    change=st.sampled_from([-0.4, -0.1, -0.03, 0.0, 0.02, 0.03, 0.05, 0.12, 0.8]),
    noise=st.sampled_from([0.0, 0.002, 0.02, 0.07, 0.3]),
    pairs=st.sampled_from([1, 2, 3, 5, 9, 12, 20, 29, 90, 140]),
    metric=st.sampled_from([CPU_TIME, RATE, TRACED_PEAK]),
    drift=st.sampled_from([0.0, 0.5]),
)


def samples(name: str, how: Measured, rng: np.random.Generator) -> tuple[Sample, Sample]:
    """Return the samples of head and base."""
    unit = {CPU_TIME: 1e-3, RATE: 1e10, TRACED_PEAK: 1e6}[how.metric]
    common = unit * np.linspace(1.0, 1.0 + how.drift, how.pairs)[:, np.newaxis]
    base = common * np.exp(how.noise * rng.standard_normal((how.pairs, 5)))
    head = common * (1 + how.change) * np.exp(how.noise * rng.standard_normal((how.pairs, 5)))
    made = []
    for values in (head, base):
        rounds = tuple(tuple(pair) for pair in values.tolist())
        made.append(Sample(benchmark=Benchmark(name=name), metric=how.metric, value=level(rounds), rounds=rounds))
    return made[0], made[1]


def verdict_on(suite: list[Measured], seed: int, budget: float) -> Verdict:
    rng = np.random.default_rng(seed)
    pairs = [samples(f"b{number}", how, rng) for number, how in enumerate(suite)]
    policy = f"[[budget]]\nmax_regression='{budget:.0%}'\n"
    both = run([head for head, _ in pairs], [base for _, base in pairs], policy)
    return judge(msgspec.structs.replace(both, exempt=("b1",)), today=TODAY)


def worsening(row: Row) -> tuple[float, float]:
    """Return the ends of a row's interval as changes for the worse."""
    assert row.low is not None
    assert row.high is not None
    return (row.low, row.high) if row.direction is Direction.LOWER else (-row.high, -row.low)


@settings(max_examples=150)
@given(st.lists(measured, min_size=1, max_size=4), st.integers(0, 999), st.sampled_from([0.01, 0.03, 0.2]))
def test_the_figures_of_a_row_agree(suite: list[Measured], seed: int, budget: float) -> None:
    """Head is base × (1 + change); the interval holds the change, and decides; the headline counts what the rows say."""
    verdict = verdict_on(suite, seed, budget)

    for row in verdict.rows:
        if row.effect is not None:
            assert row.candidate == pytest.approx(row.baseline * (1 + row.effect), rel=1e-9)
        if row.low is None or row.is_unremarkable:  # no pairs could decide, or the row is not shown
            assert row.judgment == "inconclusive" or row.is_unremarkable
            continue
        low, high = worsening(row)
        assert row.high is not None
        assert row.effect is not None
        assert row.low - 1e-9 <= row.effect <= row.high + 1e-9
        assert (row.judgment == "regressed") == (low > budget + 1e-8)
        assert (row.judgment in {"within", "improved"}) == (high <= budget + 1e-8)
        assert (row.judgment == "inconclusive") == (low <= budget + 1e-8 < high)
    counted = {
        WORDS[text]: int(count)
        for count, text in re.findall(r"(\d+) (?:benchmarks? )?([a-z ]*[a-z])", headline(verdict))
    }
    shown = Counter(word(row) for row in decisive_rows(verdict))
    if decisive_rows(verdict):
        assert counted == shown + Counter({"not gated": 1})


@given(st.lists(measured, min_size=1, max_size=3), st.integers(0, 99))
def test_a_stored_verdict_keeps_its_figures(suite: list[Measured], seed: int) -> None:
    """A document is read as it was written, unknown ends included."""
    verdict = verdict_on(suite, seed, 0.03)

    assert from_document(to_document(verdict)).rows == verdict.rows


def test_the_level_that_is_limited_is_the_one_that_is_shown() -> None:
    """A largest value is held against the level in the row, and equality is no excess."""
    head, base = samples("b0", Measured(0.0, 0.0, 20, CPU_TIME, 0.0), np.random.default_rng(1))
    policy = "[[budget]]\nmax='1ms'\n"
    (row,) = judge(run([head], [base], policy), today=TODAY).rows

    assert row.candidate == pytest.approx(1e-3)
    assert row.outcome is Outcome.PASS


def test_the_confidence_interval_is_narrower_than_the_one_that_decides() -> None:
    """What computes with a row's error needs the 95 % interval around the change."""
    head, base = samples("b0", Measured(0.12, 0.02, 90, CPU_TIME, 0.0), np.random.default_rng(1))
    (row,) = judge(run([head], [base]), today=TODAY).rows

    assert row.confidence_interval is not None
    assert row.low is not None
    assert row.high is not None
    assert row.effect is not None
    low, high = row.confidence_interval
    assert row.low < low < row.effect < high < row.high
    assert (1 + low) * (1 + high) == pytest.approx((1 + row.effect) ** 2)
