"""Tests of `perfgate.policy.scope`."""

from __future__ import annotations

import pytest

from perfgate import policy
from perfgate.policy.scope import covers
from perfgate.results.records import Policy


def test_a_glob_matches_a_label_with_or_without_its_parameters() -> None:
    """Brackets in a label are text, not a character set of the glob."""
    assert covers("parse*", "*", "parse[large]", "cpu_time")
    assert covers("parse", "*", "parse[large]", "cpu_time")
    assert covers("parse[large]", "*", "parse[large]", "cpu_time")
    assert not covers("parse[large]", "*", "parse[small]", "cpu_time")


@pytest.mark.parametrize("metric", ["traced_peak", "peak_memory", "memory"])
def test_a_family_covers_its_metrics_only(metric: str) -> None:
    """The family memory covers the traced peak, the peak of the process and asv's memory metric."""
    budgets = policy.read(Policy(text="[[budget]]\nmetric = 'memory'\nmax_regression = '7%'\n"))

    assert 0.07 == budgets.max_regression("any", metric).value
    assert {policy.DEFAULT_MAX_REGRESSION} == {
        budgets.max_regression("any", other).value for other in ("cpu_time", "instructions")
    }
