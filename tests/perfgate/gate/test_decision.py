"""Tests of decision.py with rows.py and notes.py: what passes, fails, is waived or undecidable."""

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
from perfgate.results.metrics import INSTRUCTIONS, TRACED_PEAK, extra_info
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
    """A change that is significant and larger than the budget fails, with its size."""
    verdict = judge(
        run([sample("a", 1.1), sample("b", 1.0, seed=1)], [sample("a", 1.0), sample("b", 1.0)]), today=TODAY
    )

    assert Outcome.FAIL == verdict.outcome
    assert [Outcome.FAIL, Outcome.PASS] == [row.outcome for row in verdict.rows]
    assert pytest.approx(0.1, abs=0.01) == verdict.rows[0].effect
    assert 1 == gate.exit_code(verdict)


def test_a_significant_slowdown_inside_the_budget_passes() -> None:
    """A significant change within the budget does not fail."""
    verdict = judge(run([sample("a", 1.1)], [sample("a", 1.0)], "[[budget]]\nmax_regression='20%'\n"), today=TODAY)

    assert Outcome.PASS == verdict.outcome


def test_higher_can_be_better() -> None:
    """A fall of throughput is a regression, shown with its negative sign."""
    rate = Metric(name="throughput", unit="1/s", direction=Direction.HIGHER)
    verdict = judge(run([sample("a", 0.8, rate)], [sample("a", 1.0, rate)]), today=TODAY)

    assert Outcome.FAIL == verdict.outcome
    assert pytest.approx(-0.2, abs=0.01) == verdict.rows[0].effect


def test_a_waiver_holds_up_to_its_ceiling() -> None:
    """A waived regression does not fail; beyond the ceiling it does."""
    text = "[[waiver]]\nbenchmarks='a'\nmax_regression='{}'\nuntil=2027-01-01\nowner='o'\nreason='r'\n"
    waived = judge(run([sample("a", 1.1)], [sample("a", 1.0)], text.format("15%")), today=TODAY)
    beyond = judge(run([sample("a", 1.1)], [sample("a", 1.0)], text.format("5%")), today=TODAY)

    assert Outcome.WAIVED == waived.outcome
    assert 0 == gate.exit_code(waived)
    assert Outcome.FAIL == beyond.outcome


def test_a_value_above_its_limit_fails() -> None:
    """A largest value holds although base was above it too."""
    verdict = judge(run([sample("a", 6.0, seed=1)], [sample("a", 6.0)], "[[budget]]\nmax='5ms'\n"), today=TODAY)

    assert Outcome.FAIL == verdict.outcome


def test_a_gate_that_compared_nothing_is_inconclusive() -> None:
    """Without a baseline or a common benchmark there is no pass."""
    alone = msgspec.structs.replace(run([sample("a", 1.0)], []), baseline=None)

    for nothing in (judge(alone, today=TODAY), judge(run([sample("a", 1.0)], [sample("b", 1.0)]), today=TODAY)):
        assert Outcome.INCONCLUSIVE == nothing.outcome
        assert 3 == gate.exit_code(nothing)
        assert nothing.notes


def test_a_change_that_reaches_no_benchmark_passes() -> None:
    """Nothing compared because nothing is reached passes; if a benchmark is missing besides, it is inconclusive."""
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


def test_changes_of_exempt_benchmarks_are_false_alarms() -> None:
    """A change of an exempt benchmark is counted as a false alarm and named; the verdict passes."""
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
    """A gated benchmark beside exempt ones fails."""
    assert Outcome.FAIL == judge(unreached([1.0, 1.0], gated=1.2), today=TODAY).outcome


def test_a_largest_value_does_not_fail_an_exempt_benchmark() -> None:
    """An exempt benchmark above its largest value passes."""
    limited = msgspec.structs.replace(unreached([1.0]), policy=Policy(text="[[budget]]\nmax='0.5ms'\n"))

    assert Outcome.PASS == judge(limited, today=TODAY).outcome


def test_an_exempt_row_says_why_it_is_not_gated() -> None:
    """It keeps its findings for the reader, without the waiver that it does not need."""
    text = "[[waiver]]\nbenchmarks='*'\nmax_regression='90%'\nuntil=2027-01-01\nowner='o'\nreason='r'\n"
    waived = msgspec.structs.replace(unreached([1.3]), policy=Policy(text=text))
    (row,) = judge(waived, today=TODAY).rows

    assert "not gated: nothing it reaches differs" == row.reason
    assert ["max_regression"] == [finding.rule for finding in row.findings]
    assert None is row.waiver


def test_only_exempt_benchmarks_pass() -> None:
    """If everything measured is exempt, the verdict passes, although one of them failed to run."""
    measured = unreached([1.0, 1.0])
    broken = Sample(
        benchmark=Benchmark(name="e2"), metric=CPU_TIME, state=SampleState.FAILED, reason="head: ValueError"
    )
    beside = msgspec.structs.replace(measured, samples=(*measured.samples, broken), exempt=(*measured.exempt, "e2"))

    for verdict in (judge(measured, today=TODAY), judge(beside, today=TODAY)):
        assert Outcome.PASS == verdict.outcome
        assert "No benchmark is reached by this change" in headline(verdict)
        assert 0 == gate.exit_code(verdict, strict=True)


def test_exempt_benchmarks_do_not_hide_what_was_not_compared() -> None:
    """A benchmark that was not measured, or sides from two machines, are inconclusive beside exempt ones."""
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


def test_an_inconclusive_exempt_benchmark_is_not_counted() -> None:
    """An inconclusive benchmark could not be a false alarm, and is not counted as judged."""
    short = [
        msgspec.structs.replace(whole, rounds=whole.rounds[:2])
        for whole in (sample("e", 1.0, seed=1), sample("e", 1.0))
    ]
    verdict = judge(msgspec.structs.replace(run(short[:1], short[1:]), exempt=("e",)), today=TODAY)

    assert ["inconclusive"] == [row.judgment for row in verdict.rows]
    assert gate.FalseAlarms() == verdict.false_alarms


def test_different_machines_are_never_compared() -> None:
    """Different machines are inconclusive, and the differing fields are named."""
    elsewhere = Environment(name="runner", fields={"machine": "m2", "cpu": "c"})
    verdict = judge(run([sample("a", 1.0)], [sample("a", 1.0)], environment=elsewhere), today=TODAY)

    assert Outcome.INCONCLUSIVE == verdict.outcome
    assert "machine" in verdict.notes[-1]


def test_different_dependencies_are_compared_and_named() -> None:
    """A new dependency is part of the change under test."""
    bumped = Environment(name="runner", fields={**HERE.fields, "dependencies": "x==2"})
    verdict = judge(run([sample("a", 1.0, seed=1)], [sample("a", 1.0)], environment=bumped), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert "dependencies" in verdict.notes[0]


def test_a_benchmark_that_failed_on_one_side_is_named_and_the_others_judged() -> None:
    """A failed benchmark is listed with its reason; strict mode makes it undecidable."""
    broken = Sample(benchmark=Benchmark(name="a"), metric=CPU_TIME, state=SampleState.FAILED, reason="head: ValueError")
    verdict = judge(run([broken, sample("b", 1.0, seed=1)], [sample("a", 1.0), sample("b", 1.0)]), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert ["failed: head: ValueError"] == [missing.reason for missing in verdict.not_judged]
    assert 3 == gate.exit_code(verdict, strict=True)


def test_a_benchmark_that_failed_half_way_does_not_change_the_others() -> None:
    """Its pairs stay part of the suite, so that a replay decides as before; it is listed and not judged."""
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
    assert [("a", "failed: head: it ended")] == [(missing.label, missing.reason) for missing in verdict.not_judged]


def test_a_drifting_runner_is_named() -> None:
    """If benchmarks differ by more than their pairs explain, nothing fails, and a note says why."""
    head = [sample(f"b{i}", 1.0 + 0.02 * ((i % 3) - 1), noise=0.0005, seed=i) for i in range(30)]
    base = [sample(f"b{i}", 1.0, noise=0.0005, seed=i + 100) for i in range(30)]
    verdict = judge(run(head, base), today=TODAY)

    assert Outcome.FAIL != verdict.outcome
    assert verdict.notes[-1].startswith("This runner drifts")
    assert verdict.notes[-1].endswith(" as much as their pairs explain. All intervals were widened by that factor.")
    assert verdict.inflation is not None
    assert verdict.inflation > 1.5


def test_a_benchmark_that_waits_is_judged_on_wall_time() -> None:
    """A sleep costs no CPU time, and is found by wall time."""
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


def test_a_verdict_is_read_as_it_was_written() -> None:
    """A verdict equals what is read from its JSON, also if statistics are missing."""
    short = [msgspec.structs.replace(sample("a", 1.0), rounds=((1e-3,),))]
    verdict = judge(run([*short, sample("b", 1.2)], [*short, sample("b", 1.0)]), today=TODAY)

    assert verdict == gate.from_document(msgspec.json.decode(json_text(verdict)))


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0.8, 1.0, 1.02, 1.3]), min_size=1, max_size=5), st.integers(0, 99))
def test_headline_table_and_exit_code_never_contradict_each_other(factors: list[float], seed: int) -> None:
    """Symbol, rows and exit code agree."""
    head = [sample(f"b{i}", factor, seed=seed) for i, factor in enumerate(factors)]
    base = [sample(f"b{i}", 1.0, seed=seed + 1) for i in range(len(factors))]
    verdict = judge(run(head, base), today=TODAY)
    failed = sum(row.outcome is Outcome.FAIL for row in verdict.rows)

    assert (failed > 0) == (gate.exit_code(verdict) == 1) == headline(verdict).startswith("❌")
    assert headline(verdict) in markdown(verdict)
    assert failed == markdown(verdict).count("| ❌ |")


def count(name: str, metric: Metric, *pairs: tuple[float, ...]) -> Sample:
    return Sample(benchmark=Benchmark(name=name), metric=metric, value=level(pairs), rounds=pairs)


def test_one_pair_decides_a_deterministic_metric() -> None:
    """One percent more traced memory fails a budget of 0.5 %; times are judged as without it."""
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
def test_small_values_are_shown_and_not_judged(metric: Metric, small: float) -> None:
    """Growth by half of a small value passes and is shown; of a large value it fails."""
    for factor, outcome in ((1, Outcome.PASS), (1_000, Outcome.FAIL)):
        rounds = [(small * factor,)], [(1.5 * small * factor,)]
        verdict = judge(run([count("a", metric, *rounds[1])], [count("a", metric, *rounds[0])]), today=TODAY)

        assert [outcome] == [row.outcome for row in verdict.rows]
        assert pytest.approx(0.5) == verdict.rows[0].effect


def test_impossible_memory_values_are_inconclusive() -> None:
    """A negative value or a missing pair is inconclusive, with the reason, and never an error."""
    broken = count("a", TRACED_PEAK, (-2e6,))
    without = msgspec.structs.replace(count("a", TRACED_PEAK, (2e6,)), rounds=())
    for bad in (broken, without):
        verdict = judge(run([bad], [count("a", TRACED_PEAK, (2e6,))]), today=TODAY)

        assert [Outcome.INCONCLUSIVE] == [row.outcome for row in verdict.rows]
        assert verdict == gate.from_document(msgspec.json.decode(json_text(verdict)))
        assert "got" in verdict.rows[0].reason


def test_growth_from_zero_fails() -> None:
    """Growth from 0 bytes has no ratio and exceeds any budget; its JSON can be read."""
    verdict = judge(run([count("a", TRACED_PEAK, (2e6,))], [count("a", TRACED_PEAK, (0.0,))]), today=TODAY)

    assert Outcome.FAIL == verdict.outcome
    assert verdict == gate.from_document(msgspec.json.decode(json_text(verdict)))


def test_a_metric_with_the_name_of_a_deterministic_one_is_noisy() -> None:
    """A metric named traced_peak in another unit is judged by its pairs."""
    other = Metric(name="traced_peak", unit="blocks")
    verdict = judge(run([sample("a", 1.1, other)], [sample("a", 1.0, other)]), today=TODAY)

    assert verdict.rows[0].pairs > 1


def test_disagreement_of_time_and_instructions_is_noted() -> None:
    """The metric that changed has a remark about the other one; below a million instructions there is none."""
    for instructions, expected in ((5e6, "look for waiting, memory access"), (5e5, "")):
        head = [sample("a", 1.2), count("a", INSTRUCTIONS, (instructions,))]
        base = [sample("a", 1.0), count("a", INSTRUCTIONS, (instructions,))]
        rows = judge(run(head, base), today=TODAY).rows

        assert [Outcome.FAIL, Outcome.PASS] == [row.outcome for row in rows]
        assert expected in rows[0].reason
        assert bool(expected) == bool(rows[0].reason)


@pytest.mark.parametrize(
    ("policy", "judged"),
    [
        ("", set()),
        ('[[budget]]\nmetric = "*"\nmax_regression = "3%"\n', set()),
        ('[[budget]]\nmetric = "extra_info.*"\nbenchmarks = "other"\nmax_regression = "3%"\n', set()),
        ('[[budget]]\nmetric = "extra_info.rows"\nmax_regression = "3%"\n', {"extra_info.rows"}),
    ],
)
def test_a_number_that_a_test_keeps_is_judged_only_if_the_policy_names_it(policy: str, judged: set[str]) -> None:
    """Which way is better is unknown: it neither fails, nor counts as new."""
    rows, other = extra_info("rows"), extra_info("other")
    assert rows is not None
    assert other is not None
    head = [sample("a", 1.0, seed=1), sample("a", 2.0, rows), sample("a", 2.0, other)]
    verdict = judge(run(head, [sample("a", 1.0, seed=2), sample("a", 1.0, rows)], policy), today=TODAY)

    assert judged == {row.metric for row in verdict.rows} - {"cpu_time"}
    assert () == verdict.not_judged
    assert (Outcome.FAIL if judged else Outcome.PASS) is verdict.outcome
