"""Tests of `perfgate.gate.exit_codes`."""

from __future__ import annotations

import pytest

from perfgate.gate import NotJudged, Outcome, Verdict, exit_code
from perfgate.gate.pairing import NEW, REMOVED
from perfgate.results.records import Commit
from tests.perfgate.report import shown


def verdict(outcome: Outcome, *reasons: str, exempt: tuple[str, ...] = ()) -> Verdict:
    missing = tuple(NotJudged(label=f"b{i}", metric="time", reason=reason) for i, reason in enumerate(reasons))
    return Verdict(outcome=outcome, suite="s", head=Commit(sha="a" * 40), not_judged=missing, exempt=exempt)


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.PASS, 0), (Outcome.WAIVED, 0), (Outcome.FAIL, 1), (Outcome.INCONCLUSIVE, 3)]
)
@pytest.mark.parametrize("strict", [False, True])
def test_each_outcome_has_a_code(outcome: Outcome, code: int, *, strict: bool) -> None:
    """Passed and waived are 0, failed 1, undecidable 3, strict or not."""
    assert code == exit_code(verdict(outcome), strict=strict)


def test_strict_counts_what_has_no_answer() -> None:
    """With strict, a removed or failed benchmark is undecidable."""
    for reason in (REMOVED, "failed: head: ValueError", "newest pytest is needed"):
        assert 3 == exit_code(verdict(Outcome.PASS, reason), strict=True)
        assert 0 == exit_code(verdict(Outcome.PASS, reason))


def test_strict_counts_an_inconclusive_row() -> None:
    """With strict, one inconclusive benchmark beside one that passes is undecidable; an exempt one is not counted."""
    passed, open_row = shown.row("a", Outcome.PASS, "within"), shown.row("b", Outcome.INCONCLUSIVE, "inconclusive")
    unreached = shown.row("b", Outcome.PASS, "inconclusive", exempt=True)

    assert 3 == exit_code(shown.verdict(passed, open_row, outcome=Outcome.PASS), strict=True)
    assert 0 == exit_code(shown.verdict(passed, open_row, outcome=Outcome.PASS))
    assert 0 == exit_code(shown.verdict(passed, unreached, outcome=Outcome.PASS), strict=True)


def test_strict_does_not_count_a_new_benchmark() -> None:
    """A new benchmark has nothing to be compared with, and needs no answer."""
    assert 0 == exit_code(verdict(Outcome.PASS, NEW), strict=True)


def test_strict_does_not_count_an_exempt_benchmark() -> None:
    """A benchmark that the change cannot reach needs no answer."""
    assert 0 == exit_code(verdict(Outcome.PASS, "failed: it broke", exempt=("b0",)), strict=True)


def test_a_failure_comes_before_what_has_no_answer() -> None:
    """A broken budget is 1 although a benchmark failed to run."""
    assert 1 == exit_code(verdict(Outcome.FAIL, "failed: it broke"), strict=True)
