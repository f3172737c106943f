"""Why a pair failed follows from what its agents reported."""

from __future__ import annotations

import pytest

from perfgate.measure.live.failures import AgentFailed, BenchmarkEndedEarly, PairFailed

RAISED = {"outcome": "failed", "reason": "ValueError: no"}
SKIPPED = {"outcome": "skipped", "reason": "not today"}
UNMEASURED = {"outcome": "passed", "reason": ""}


@pytest.mark.parametrize(
    ("failures", "reason", "is_skip", "has_raised"),
    [
        ([BenchmarkEndedEarly("base", RAISED)], "base: failed: ValueError: no", False, True),
        ([BenchmarkEndedEarly("head", UNMEASURED)], "head: passed without being measured", False, True),
        (
            [BenchmarkEndedEarly("base", SKIPPED), BenchmarkEndedEarly("head", SKIPPED)],
            "base: skipped: not today; head: skipped: not today",
            True,
            False,
        ),
        (
            [BenchmarkEndedEarly("base", SKIPPED), BenchmarkEndedEarly("head", RAISED)],
            "base: skipped: not today; head: failed: ValueError: no",
            False,
            True,
        ),
        ([AgentFailed("base: no answer within 1 s")], "base: no answer within 1 s", False, False),
        (
            [BenchmarkEndedEarly("base", RAISED), AgentFailed("head: its process ended with status 3")],
            "base: failed: ValueError: no; head: its process ended with status 3",
            False,
            False,
        ),
    ],
)
def test_a_failure_says_whether_the_benchmark_skips_or_raised(
    failures: list[AgentFailed], reason: str, is_skip: bool, has_raised: bool
) -> None:
    """It is a skip if both sides skip; it has raised if every agent is still alive after it."""
    failure = PairFailed.from_agents(failures)

    assert (reason, is_skip, has_raised) == (failure.reason, failure.is_skip, failure.has_raised)
