"""What `perfgate bisect` says in each case."""

from __future__ import annotations

import json

import pytest

from perfgate.bisect import Bisected, Followed, NoSlowdown, SearchStarted, SearchStep
from perfgate.commands import bisect_output
from perfgate.results.records import Commit
from perfgate.stats.bisection import CommitMeasurement, Posterior
from perfgate.stats.judgments import BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.search import CostEstimate, CulpritSearch, VisitResult

COUNT = 8
COMMITS = tuple(
    Commit(sha=f"{number:x}" * 40, author="Ada", subject=f"Edit {number}") for number in range(1, COUNT + 1)
)


def judgment(outcome: Judgment, reason: str = "") -> BenchmarkJudgment:
    return BenchmarkJudgment(
        outcome=outcome,
        effect=0.2,
        low=0.18,
        high=0.22,
        smallest_detectable=0.02,
        pairs=8,
        seconds=16.0,
        metric="cpu_time",
        reason=reason,
    )


FOLLOWED = Followed(
    label="bench.parse",
    metric="cpu_time",
    decision=judgment(Judgment.REGRESSED),
    values=(0.18, 0.19),
    pair_seconds=2.0,
    prepare_seconds=9.0,
    others=("bench.load",),
)


def bisected(
    levels: dict[int, float], error: float, *, stopped: str = "", skipped: dict[int, str] | None = None
) -> Bisected:
    """Return the result of a search that measured these log ratios at these positions."""
    search = CulpritSearch(count=COUNT, bad=(0.18, 0.19), prepare_seconds=9.0, pair_seconds=2.0)
    search.skipped.update(skipped or {})
    search.stopped = stopped
    measured = [CommitMeasurement(position, value, error) for position, value in levels.items()]
    return Bisected(
        good="0" * 40,
        commits=COMMITS,
        followed=FOLLOWED,
        search=search,
        posterior=Posterior(COUNT, measured),
        branch=None,
    )


NOTHING = dict.fromkeys(range(1, 9), 0.0)
SEVERAL = {**dict.fromkeys((6, 7, 8), 0.2), **dict.fromkeys((3, 4, 5), 0.1), 2: 0.0, 1: 0.0}
OPEN = {8: 0.18}


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (NOTHING, "Measured again, bench.parse is no slower (probability "),
        (SEVERAL, "No single commit explains it (probability "),
        (OPEN, "Not proved. Suspects: "),
    ],
)
def test_what_was_not_found_is_said(levels: dict[int, float], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No slowdown, several causes, and no proof are different answers."""
    bisect_output.show(bisected(levels, 0.0003, stopped="the time is over"))
    printed = capsys.readouterr().out

    assert printed.startswith(said)
    assert ("The search ended because the time is over." in printed) is (levels is OPEN)
    assert "1 more got slower between the ends, but less: bench.load" in printed


def test_several_causes_come_with_the_commands_that_search_each_part(capsys: pytest.CaptureFixture[str]) -> None:
    """A person can copy the next command."""
    bisect_output.show(bisected(SEVERAL, 0.001))

    assert capsys.readouterr().out.count("  perfgate bisect ") == 2


def test_a_commit_that_cannot_be_measured_is_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """The first and the last line of a long reason: what was tried, and why it failed."""
    bisect_output.show(bisected(OPEN, 0.001, skipped={5: "pip ended with status 1:\n…\nno such module"}))

    assert "5555555555 cannot be measured: pip ended with status 1: … no such module" in capsys.readouterr().out


def test_json_holds_every_suspect_and_what_was_measured() -> None:
    """Probabilities and effects are fractions; every commit is named in full."""
    document = json.loads(json.dumps(bisect_output.document(bisected(OPEN, 0.001, skipped={5: "broken"}))))

    assert ("bench.parse", "0" * 40, "8" * 40) == (document["benchmark"], document["good"], document["bad"])
    assert COUNT == len(document["suspects"])
    assert 1.0 == pytest.approx(
        sum(suspect["probability"] for suspect in document["suspects"]) + document["nothing"] + document["several"]
    )
    assert [{"sha": "5" * 40, "author": "Ada", "subject": "Edit 5", "reason": "broken"}] == document["skipped"]


def test_the_forecast_tells_what_the_search_will_cost() -> None:
    """Which benchmark is slower, by how much, how many commits are suspect, and how long the search may take."""
    cost = CostEstimate(visits=3, most_visits=7, visit_seconds=40.0)
    several = bisect_output.started(SearchStarted(followed=FOLLOWED, commits=8, forecast=cost))
    single = bisect_output.started(SearchStarted(followed=FOLLOWED, commits=1, forecast=cost))

    assert several.startswith("bench.parse is +20.0 % ")
    assert "8 commits are suspect: about 3 to measure, 7 at most, some 40 s each, about 2 min in all." in several
    assert "suspect" not in single


def test_each_visit_is_one_line() -> None:
    """The commit, what was measured or why it was not, and how many suspects are left."""
    posterior = Posterior(COUNT, [CommitMeasurement(8, 0.18, 0.001), CommitMeasurement(4, 0.0, 0.001)])
    measured = VisitResult(position=4, measurement=CommitMeasurement(4, 0.0, 0.001), reason="", posterior=posterior)
    skipped = VisitResult(position=4, measurement=None, reason="it does not build", posterior=posterior)

    line = bisect_output.step(SearchStep(commit=COMMITS[3], step=measured))
    assert line.startswith("4444444444  ")
    assert line.endswith("(4 suspects left)")
    assert "skipped: it does not build" in bisect_output.step(SearchStep(commit=COMMITS[3], step=skipped))


def test_no_slowdown_says_how_many_benchmarks_are_undecided() -> None:
    """A suite that could not be judged is not a suite without a slowdown."""
    decided = SuiteJudgment({"a": judgment(Judgment.WITHIN)})
    undecided = SuiteJudgment({"a": judgment(Judgment.WITHIN), "b": judgment(Judgment.INCONCLUSIVE, "it failed")})

    clear, unclear = (bisect_output.no_slowdown(NoSlowdown(decisions=found)) for found in (decided, undecided))
    assert "No benchmark of 1 is surely slower than GOOD by more than 1 %" == clear
    assert unclear.endswith("; 1 are undecided, the first because it failed")
