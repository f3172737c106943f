"""Tests of `perfgate.gate.decision`, `perfgate.gate.rows` and `perfgate.gate.notes`: what passes, fails, is waived or undecidable."""

from datetime import date

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate import gate
from perfgate.gate import Outcome, judge
from perfgate.report.headline import headline
from perfgate.report.json_document import json_text
from perfgate.report.markdown import markdown
from perfgate.report.remarks import remarks
from perfgate.results.metrics import INSTRUCTIONS, TRACED_PEAK
from perfgate.results.records import (
    CPU_TIME,
    PEAK_MEMORY,
    WALL_TIME,
    Benchmark,
    Commit,
    Direction,
    Environment,
    Metric,
    Policy,
    Run,
    Sample,
    SampleState,
    level,
)

TODAY = date(2026, 11, 21)
HERE = Environment(name="runner", fields={"machine": "m1", "cpu": "c"})


def sample(name: str, milliseconds: float, metric: Metric = CPU_TIME, noise: float = 0.002, seed: int = 0) -> Sample:
    rng = np.random.default_rng([seed, int(milliseconds * 1e6), *name.encode()])
    rounds = tuple(tuple((milliseconds / 1e3 * np.exp(noise * rng.standard_normal(9))).tolist()) for _ in range(20))
    return Sample(benchmark=Benchmark(name=name), metric=metric, value=level(rounds), rounds=rounds)


def run(head: list[Sample], base: list[Sample], policy: str = "", environment: Environment = HERE) -> Run:
    baseline = Run(suite="s", tool="t 1", commit=Commit(sha="b" * 40), environment=HERE, samples=tuple(base))
    return Run(
        suite="s",
        tool="t 1",
        commit=Commit(sha="a" * 40),
        environment=environment,
        samples=tuple(head),
        baseline=baseline,
        policy=Policy(text=policy) if policy else None,
        pull_request=7,
    )


def test_the_same_code_passes() -> None:
    """Unchanged benchmarks are certified within the budget."""
    verdict = judge(run([sample("a", 1.0, seed=1)], [sample("a", 1.0, seed=2)]), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert ["within"] == [row.judgment for row in verdict.rows]
    assert 0 == gate.exit_code(verdict)


def test_a_slowdown_beyond_the_budget_fails() -> None:
    """Significant and larger than the budget: the gate is red, and says by how much."""
    verdict = judge(
        run([sample("a", 1.1), sample("b", 1.0, seed=1)], [sample("a", 1.0), sample("b", 1.0)]), today=TODAY
    )

    assert Outcome.FAIL == verdict.outcome
    assert [Outcome.FAIL, Outcome.PASS] == [row.outcome for row in verdict.rows]
    assert pytest.approx(0.1, abs=0.01) == verdict.rows[0].effect
    assert 1 == gate.exit_code(verdict)


def test_a_significant_slowdown_inside_the_budget_passes() -> None:
    """Significance alone never fails a pull request."""
    verdict = judge(run([sample("a", 1.1)], [sample("a", 1.0)], "[[budget]]\nmax_regression='20%'\n"), today=TODAY)

    assert Outcome.PASS == verdict.outcome


def test_higher_can_be_better() -> None:
    """A throughput that falls is a regression; the effect keeps the metric's own sign."""
    rate = Metric(name="throughput", unit="1/s", direction=Direction.HIGHER)
    verdict = judge(run([sample("a", 0.8, rate)], [sample("a", 1.0, rate)]), today=TODAY)

    assert Outcome.FAIL == verdict.outcome
    assert pytest.approx(-0.2, abs=0.01) == verdict.rows[0].effect


def test_a_waiver_holds_up_to_its_ceiling() -> None:
    """A waived regression does not fail; beyond the ceiling it fails all the same."""
    text = "[[waiver]]\nbenchmarks='a'\nmax_regression='{}'\nuntil=2027-01-01\nowner='o'\nreason='r'\n"
    waived = judge(run([sample("a", 1.1)], [sample("a", 1.0)], text.format("15%")), today=TODAY)
    beyond = judge(run([sample("a", 1.1)], [sample("a", 1.0)], text.format("5%")), today=TODAY)

    assert Outcome.WAIVED == waived.outcome
    assert 0 == gate.exit_code(waived)
    assert Outcome.FAIL == beyond.outcome


def test_a_value_above_its_limit_fails_whatever_it_was_before() -> None:
    """A largest value is a budget of its own."""
    verdict = judge(run([sample("a", 6.0, seed=1)], [sample("a", 6.0)], "[[budget]]\nmax='5ms'\n"), today=TODAY)

    assert Outcome.FAIL == verdict.outcome


def test_a_gate_that_compared_nothing_is_inconclusive() -> None:
    """No baseline, or no common benchmark, is never green."""
    alone = msgspec.structs.replace(run([sample("a", 1.0)], []), baseline=None)

    for nothing in (judge(alone, today=TODAY), judge(run([sample("a", 1.0)], [sample("b", 1.0)]), today=TODAY)):
        assert Outcome.INCONCLUSIVE == nothing.outcome
        assert 3 == gate.exit_code(nothing)
        assert nothing.notes


def test_a_change_that_reaches_no_benchmark_is_an_answer() -> None:
    """Nothing compared because nothing is reached passes; with anything missing besides, it is no answer."""
    untouched = msgspec.structs.replace(run([], []), exempt=("a", "b"))
    besides = msgspec.structs.replace(run([sample("c", 1.0)], []), exempt=("a", "b"))

    assert Outcome.PASS == judge(untouched, today=TODAY).outcome
    assert "No benchmark is reached by this change" in headline(judge(untouched, today=TODAY))
    assert Outcome.INCONCLUSIVE == judge(besides, today=TODAY).outcome


def unreached(factors: list[float], *, gated: float | None = None) -> Run:
    """Return a run of exempt benchmarks ``e0``, ``e1`` …, and of one that is gated."""
    names = [f"e{i}" for i in range(len(factors))]
    head = [sample(name, factor, seed=1) for name, factor in zip(names, factors, strict=True)]
    base = [sample(name, 1.0) for name in names]
    if gated is not None:
        head, base = [*head, sample("gated", gated, seed=1)], [*base, sample("gated", 1.0)]
    return msgspec.structs.replace(run(head, base), exempt=tuple(names), assumptions=("Files tell all.",))


def test_what_is_said_of_an_exempt_benchmark_fails_nothing_and_is_counted() -> None:
    """A change found where there can be none is a false alarm, named with its benchmark; the verdict stays a pass."""
    verdict = judge(unreached([1.3, 1.0, 0.7], gated=1.0), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert 0 == gate.exit_code(verdict, strict=True)
    assert gate.FalseAlarms(judged=3, regressed=1, improved=1) == verdict.false_alarms
    assert {("e0", Outcome.PASS), ("e1", Outcome.PASS), ("e2", Outcome.PASS)} == {
        (row.label, row.outcome) for row in verdict.rows if row.exempt
    }
    assert headline(verdict) == "✅ 1 within budget · 3 not reached by the change"
    assert [line for line in remarks(verdict) if line.startswith("FALSE ALARM: e0 was called regressed (+30")]
    assert "Of 3 benchmarks that this change cannot reach" in remarks(verdict)[-1]
    assert "1 called regressed and 1 improved" in remarks(verdict)[-1]


def test_a_regression_beside_exempt_benchmarks_fails() -> None:
    """Exemption concerns the exempt only."""
    assert Outcome.FAIL == judge(unreached([1.0, 1.0], gated=1.2), today=TODAY).outcome


def test_a_limit_does_not_fail_what_the_change_cannot_reach() -> None:
    """An exempt benchmark was above its largest value before this change."""
    limited = msgspec.structs.replace(unreached([1.0]), policy=Policy(text="[[budget]]\nmax='0.5ms'\n"))

    assert Outcome.PASS == judge(limited, today=TODAY).outcome


def test_a_change_that_reaches_nothing_that_was_measured_passes() -> None:
    """Everything measured is exempt: that is a pass that says so, also where one of them broke or stayed open."""
    measured = unreached([1.0, 1.0])
    broken = Sample(
        benchmark=Benchmark(name="e2"), metric=CPU_TIME, state=SampleState.FAILED, reason="head: ValueError"
    )
    beside = msgspec.structs.replace(measured, samples=(*measured.samples, broken), exempt=(*measured.exempt, "e2"))

    for verdict in (judge(measured, today=TODAY), judge(beside, today=TODAY)):
        assert Outcome.PASS == verdict.outcome
        assert "No benchmark is reached by this change" in headline(verdict)
        assert 0 == gate.exit_code(verdict, strict=True)


def test_what_was_not_measured_or_not_compared_is_no_pass_beside_exempt_benchmarks() -> None:
    """An exempt benchmark's pass stands for nobody else: not for one without time, not for sides of two machines."""
    skipped = Sample(
        benchmark=Benchmark(name="open"), metric=CPU_TIME, state=SampleState.SKIPPED, reason="no time left"
    )
    measured = unreached([1.0])
    assert measured.baseline
    baseline = msgspec.structs.replace(measured.baseline, samples=(*measured.baseline.samples, skipped))
    late = msgspec.structs.replace(measured, samples=(*measured.samples, skipped), baseline=baseline)
    torn = msgspec.structs.replace(measured, environment=Environment(name="runner", fields={"machine": "m2"}))

    for verdict in (judge(late, today=TODAY), judge(torn, today=TODAY)):
        assert Outcome.INCONCLUSIVE == verdict.outcome
        assert 3 == gate.exit_code(verdict)


def test_an_exempt_benchmark_without_an_answer_is_no_evidence() -> None:
    """What stayed inconclusive was in no danger of a false alarm and is not counted as judged."""
    short = [
        msgspec.structs.replace(each, rounds=each.rounds[:2]) for each in (sample("e", 1.0, seed=1), sample("e", 1.0))
    ]
    verdict = judge(msgspec.structs.replace(run(short[:1], short[1:]), exempt=("e",)), today=TODAY)

    assert ["inconclusive"] == [row.judgment for row in verdict.rows]
    assert gate.FalseAlarms() == verdict.false_alarms


def test_different_machines_are_never_compared() -> None:
    """The fields that differ are named, and there is no verdict."""
    elsewhere = Environment(name="runner", fields={"machine": "m2", "cpu": "c"})
    verdict = judge(run([sample("a", 1.0)], [sample("a", 1.0)], environment=elsewhere), today=TODAY)

    assert Outcome.INCONCLUSIVE == verdict.outcome
    assert "machine" in verdict.notes[-1]


def test_a_dependency_that_the_change_itself_bumps_is_named_and_compared() -> None:
    """Head may differ from base in its dependencies: that is part of what is being judged."""
    bumped = Environment(name="runner", fields={**HERE.fields, "dependencies": "x==2"})
    verdict = judge(run([sample("a", 1.0, seed=1)], [sample("a", 1.0)], environment=bumped), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert "dependencies" in verdict.notes[0]


def test_a_benchmark_that_failed_on_one_side_is_named_and_the_others_judged() -> None:
    """What could not be measured is listed with its reason; strict mode does not let it pass."""
    broken = Sample(benchmark=Benchmark(name="a"), metric=CPU_TIME, state=SampleState.FAILED, reason="head: ValueError")
    verdict = judge(run([broken, sample("b", 1.0, seed=1)], [sample("a", 1.0), sample("b", 1.0)]), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert ["failed: head: ValueError"] == [each.reason for each in verdict.not_judged]
    assert 3 == gate.exit_code(verdict, strict=True)


def test_a_benchmark_that_broke_half_way_changes_nothing_for_the_others() -> None:
    """Its pairs stay part of the suite, so that what was decided live is decided again; it is named and not judged."""
    half = sample("a", 1.3)
    broken = Sample(
        benchmark=half.benchmark,
        metric=CPU_TIME,
        state=SampleState.FAILED,
        reason="head: it ended",
        rounds=half.rounds[:5],
    )
    verdict = judge(run([broken, sample("b", 1.0, seed=1)], [broken, sample("b", 1.0)]), today=TODAY)

    assert ["b"] == [row.label for row in verdict.rows]
    assert [("a", "failed: head: it ended")] == [(each.label, each.reason) for each in verdict.not_judged]


def test_a_drifting_runner_is_named() -> None:
    """Benchmarks that differ among themselves by more than their pairs do: no red, and the reason in a sentence."""
    head = [sample(f"b{i}", 1.0 + 0.02 * ((i % 3) - 1), noise=0.0005, seed=i) for i in range(30)]
    base = [sample(f"b{i}", 1.0, noise=0.0005, seed=i + 100) for i in range(30)]
    verdict = judge(run(head, base), today=TODAY)

    assert Outcome.FAIL != verdict.outcome
    assert "This runner drifts" in verdict.notes[-1]
    assert verdict.inflation is not None
    assert verdict.inflation > 1.5


def test_a_benchmark_that_waits_is_judged_on_wall_time() -> None:
    """A sleep costs no CPU time, and is caught."""
    switches = Metric(name="voluntary_switches", unit="1")

    def waiting(wall: float) -> list[Sample]:
        once = tuple((1.0,) for _ in range(20))
        return [
            sample("a", 1.0),
            sample("a", wall, WALL_TIME),
            Sample(benchmark=Benchmark(name="a"), metric=switches, value=1.0, rounds=once),
        ]

    verdict = judge(run(waiting(1.5), waiting(1.0)), today=TODAY)

    assert [("wall_time", Outcome.FAIL)] == [(row.metric, row.outcome) for row in verdict.rows]


def test_a_verdict_survives_json() -> None:
    """Stored and read back, a verdict is equal to itself, also where statistics are missing."""
    short = [msgspec.structs.replace(sample("a", 1.0), rounds=((1e-3,),))]
    verdict = judge(run([*short, sample("b", 1.2)], [*short, sample("b", 1.0)]), today=TODAY)

    assert verdict == gate.from_document(msgspec.json.decode(json_text(verdict)))


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0.8, 1.0, 1.02, 1.3]), min_size=1, max_size=5), st.integers(0, 99))
def test_headline_table_and_exit_code_never_contradict_each_other(factors: list[float], seed: int) -> None:
    """The symbol in the headline, the rows and the exit code say the same."""
    head = [sample(f"b{i}", factor, seed=seed) for i, factor in enumerate(factors)]
    base = [sample(f"b{i}", 1.0, seed=seed + 1) for i in range(len(factors))]
    verdict = judge(run(head, base), today=TODAY)
    failed = sum(row.outcome is Outcome.FAIL for row in verdict.rows)

    assert (failed > 0) == (gate.exit_code(verdict) == 1) == headline(verdict).startswith("❌")
    assert headline(verdict) in markdown(verdict)
    assert failed == markdown(verdict).count("| ❌ |")


def count(name: str, metric: Metric, *pairs: tuple[float, ...]) -> Sample:
    return Sample(benchmark=Benchmark(name=name), metric=metric, value=level(pairs), rounds=pairs)


def test_one_pair_of_what_repeats_decides_beside_the_times() -> None:
    """A hundredth more at the traced peak fails a budget of half a percent; the times are judged as without it."""
    text = "[[budget]]\nmetric='memory'\nmax_regression='0.5%'\n"
    base = [sample("a", 1.0), count("a", TRACED_PEAK, (2e6, 2e6)), count("a", PEAK_MEMORY, (6e7,))]
    head = [sample("a", 1.0, seed=1), count("a", TRACED_PEAK, (2.02e6, 2.02e6)), count("a", PEAK_MEMORY, (6.01e7,))]
    verdict = judge(run(head, base, text), today=TODAY)
    alone = judge(run(head[:1], base[:1], text), today=TODAY)

    assert [("cpu_time", "pass"), ("traced_peak", "fail"), ("peak_memory", "pass")] == [
        (row.metric, row.outcome) for row in verdict.rows
    ]
    assert 1 == verdict.rows[1].pairs
    assert pytest.approx(0.01) == verdict.rows[1].effect
    assert alone.rows == verdict.rows[:1]


@pytest.mark.parametrize(
    ("metric", "small"), [(TRACED_PEAK, 1_000.0), (INSTRUCTIONS, 500_000.0)], ids=["traced peak", "instructions"]
)
def test_too_little_is_shown_and_not_judged(metric: Metric, small: float) -> None:
    """Half as much again of next to nothing passes, with its effect; the same of much fails."""
    for factor, outcome in ((1, Outcome.PASS), (1_000, Outcome.FAIL)):
        rounds = [(small * factor,)], [(1.5 * small * factor,)]
        verdict = judge(run([count("a", metric, *rounds[1])], [count("a", metric, *rounds[0])]), today=TODAY)

        assert [outcome] == [row.outcome for row in verdict.rows]
        assert pytest.approx(0.5) == verdict.rows[0].effect


def test_numbers_that_no_memory_can_have_are_no_answer() -> None:
    """A negative count or a missing pair in an upload is inconclusive, with the reason, and never an error."""
    broken = count("a", TRACED_PEAK, (-2e6,))
    without = msgspec.structs.replace(count("a", TRACED_PEAK, (2e6,)), rounds=())
    for bad in (broken, without):
        verdict = judge(run([bad], [count("a", TRACED_PEAK, (2e6,))]), today=TODAY)

        assert [Outcome.INCONCLUSIVE] == [row.outcome for row in verdict.rows]
        assert "got" in verdict.rows[0].reason


def test_growth_from_nothing_fails_and_survives_json() -> None:
    """From 0 bytes to many has no ratio, and is beyond any budget all the same."""
    verdict = judge(run([count("a", TRACED_PEAK, (2e6,))], [count("a", TRACED_PEAK, (0.0,))]), today=TODAY)

    assert Outcome.FAIL == verdict.outcome
    assert verdict == gate.from_document(msgspec.json.decode(json_text(verdict)))


def test_a_metric_that_only_shares_a_name_is_judged_by_its_pairs() -> None:
    """Somebody else's traced_peak in another unit is noisy until shown otherwise."""
    other = Metric(name="traced_peak", unit="blocks")
    verdict = judge(run([sample("a", 1.1, other)], [sample("a", 1.0, other)]), today=TODAY)

    assert verdict.rows[0].pairs > 1


def test_time_and_instructions_that_disagree_are_both_quoted() -> None:
    """Beside the metric that moved stands what the other says; below a million instructions nothing does."""
    for instructions, expected in ((5e6, "look for waiting, memory access"), (5e5, "")):
        head = [sample("a", 1.2), count("a", INSTRUCTIONS, (instructions,))]
        base = [sample("a", 1.0), count("a", INSTRUCTIONS, (instructions,))]
        rows = judge(run(head, base), today=TODAY).rows

        assert [Outcome.FAIL, Outcome.PASS] == [row.outcome for row in rows]
        assert expected in rows[0].reason
        assert bool(expected) == bool(rows[0].reason)
