"""Joined shards have the verdict of the shards, and shards of another comparison are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate import gate
from perfgate.errors import InvalidInput
from perfgate.gate import Outcome
from perfgate.report.headline import headline
from perfgate.results import result_file, shards
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Policy, Run, Sample, level

TODAY = date(2026, 11, 26)
LABELS = [f"b{i:02}" for i in range(7)]


def one_side(part: tuple[str, ...], *, seed: int, slow: str = "", machine: str = "m1") -> Run:
    def sample(name: str) -> Sample:
        rng = np.random.default_rng([seed, *name.encode()])
        seconds = 1.2e-3 if name == slow else 1e-3
        rounds = tuple(tuple((seconds * np.exp(0.002 * rng.standard_normal(9))).tolist()) for _ in range(20))
        return Sample(benchmark=Benchmark(name=name), metric=CPU_TIME, value=level(rounds), rounds=rounds)

    return Run(
        suite="s",
        tool="t 1",
        commit=Commit(sha="ab"[seed] * 40),
        environment=Environment(name="runner", fields={"machine": machine, "cpu": "c"}),
        samples=tuple(sample(name) for name in part),
    )


def part(number: int, count: int = 3, *, slow: str = "", machine: str = "m1") -> Run:
    shard = shards.split(LABELS, number, count)
    run = one_side(shard.labels, seed=0, slow=slow, machine=machine)
    return msgspec.structs.replace(
        run, baseline=one_side(shard.labels, seed=1, machine=machine), shards=(shard,), notes=("Said by all.",)
    )


def joined(*runs: Run) -> Run:
    return shards.join([(f"{i}.json", run) for i, run in enumerate(runs)])


@given(st.sets(st.text(max_size=5)), st.integers(1, 9))
def test_shards_are_disjoint_complete_and_balanced(labels: set[str], count: int) -> None:
    """Every benchmark is in one shard, sizes differ by one at most, and the order of collection does not matter."""
    parts = [shards.split(labels, number, count) for number in range(1, count + 1)]
    sizes = [len(shard.labels) for shard in parts]

    assert sorted(labels) == sorted(label for shard in parts for label in shard.labels)
    assert max(sizes) - min(sizes) <= 1
    assert parts[0] == shards.split(sorted(labels, reverse=True), 1, count)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/1001", "1/2/3", "²/3", ""])
def test_other_text_names_no_shard(text: str) -> None:
    """Only i/n with 1 ≤ i ≤ n names a shard."""
    with pytest.raises(ValueError, match="names no shard"):
        shards.parse(text)


def test_the_joined_verdict_is_that_of_the_shards() -> None:
    """Each row is as in its shard alone, whatever the order of the files; also after a result file was written and read."""
    parts = [part(number, slow="b04") for number in (1, 2, 3)]
    alone = [row for run in parts for row in gate.judge(run, today=TODAY).rows]
    whole = joined(parts[2], parts[0], parts[1])
    verdict = gate.judge(whole, today=TODAY)

    assert alone == list(verdict.rows)
    assert [("b04", Outcome.FAIL)] == [(row.label, row.outcome) for row in verdict.rows if row.judgment != "within"]
    assert Outcome.FAIL == verdict.outcome
    assert joined(*parts) == whole
    assert verdict == gate.judge(result_file.read(result_file.write(whole)), today=TODAY)
    assert 1 == verdict.notes.count("Said by all.")


def test_each_shard_has_its_share_of_the_error_rate() -> None:
    """The error rate of all shards together is that of one suite."""
    assert pytest.approx(gate.ALPHA) == sum(gate.alpha_of(part(number).shards) for number in (1, 2, 3))
    assert gate.ALPHA == gate.alpha_of(())


def test_a_missing_shard_is_no_pass() -> None:
    """If a shard is missing, the verdict is inconclusive and names it; a regression in another shard still fails."""
    verdict = gate.judge(joined(part(2)), today=TODAY)
    failed = gate.judge(joined(part(1), part(2, slow="b04")), today=TODAY)

    assert 3 == gate.exit_code(verdict)
    assert "❔ No verdict: 2 within budget · shards 1, 3 of 3 missing" == headline(verdict)
    assert any("Shards 1, 3 of 3 are missing" in note for note in verdict.notes)
    assert 1 == gate.exit_code(failed)
    assert "shard 3 of 3 missing" in headline(failed)


def test_a_joined_file_can_be_joined_further() -> None:
    """A joined file can be joined with the missing shards later."""
    assert joined(part(1), part(2), part(3)) == joined(joined(part(1), part(2)), part(3))


def test_shards_of_different_machines_are_allowed_and_named() -> None:
    """Shards from different machines are joined, and a note names the machines."""
    verdict = gate.judge(joined(part(1), part(2, machine="m2"), part(3)), today=TODAY)

    assert Outcome.PASS == verdict.outcome
    assert any("machine: m1 and m2" in note for note in verdict.notes)


def test_a_shard_whose_sides_ran_on_two_machines_is_not_compared() -> None:
    """Joining does not hide that base and head of one shard ran on different machines."""
    torn = msgspec.structs.replace(part(1, machine="m2"), baseline=part(1).baseline)
    verdict = gate.judge(joined(torn, part(2, machine="m2"), part(3)), today=TODAY)

    assert Outcome.INCONCLUSIVE == verdict.outcome
    assert any("different environments (machine" in note for note in verdict.notes)


def other(**changes: object) -> Callable[[Run], Run]:
    return lambda run: msgspec.structs.replace(run, **changes)


def other_base(run: Run) -> Run:
    assert run.baseline
    return msgspec.structs.replace(run, baseline=other(commit=Commit(sha="c" * 40))(run.baseline))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other(suite="other"), "its suite is 'other', not 's'"),
        (other(tool="t 2"), "its tool"),
        (other(commit=Commit(sha="c" * 40)), "its head"),
        (other_base, "its base"),
        (other(policy=Policy(text="")), "its policy"),
        (other(pull_request=7), "its pull request"),
        (other(environment=Environment(name="elsewhere")), "the name of its environment"),
        (other(shards=(shards.split(LABELS, 2, 4),), samples=()), "the number of shards is '4', not '3'"),
        (other(shards=(shards.split([*LABELS, "new"], 2, 3),), samples=()), "the benchmarks collected"),
        (other(shards=()), "is no shard"),
        (other(shards=part(1).shards, samples=()), "shard 1 of 3 is in 0.json and in 1.json"),
    ],
)
def test_shards_of_other_comparisons_are_refused(change: Callable[[Run], Run], why: str) -> None:
    """A shard of another comparison, or a repeated one, is an error that names the file and the difference."""
    with pytest.raises(InvalidInput, match=r"1\.json") as caught:
        joined(part(1), change(part(2)))

    assert why in str(caught.value)
