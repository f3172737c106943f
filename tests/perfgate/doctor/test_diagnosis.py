"""A diagnosis follows from facts and pair values alone, by stated limits; so grades.py and advice.py are tested here."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import stdtrit

from perfgate.doctor import Grade, ProbeResult, examine
from perfgate.doctor.grades import LARGEST_SPREADS, detectable_change, grade_for, inflation

GOOD_FACTS = {"aslr": "full", "governor": "performance", "turbo": "off", "smt": "off", "hash_seed": "random"}


def probe(spread: float = 0.01, *, pairs: int = 24, seed: int = 1) -> ProbeResult:
    rng = np.random.default_rng(seed)
    return ProbeResult(
        values={name: np.asarray(spread * rng.standard_normal(pairs)) for name in "abcdef"},
        switches=0.0,
        steal=0.0,
        is_pinned=True,
        seconds=0.125 * 6 * pairs,
    )


def test_a_good_machine_is_fit() -> None:
    """Good facts and a small spread give neither flags nor advice."""
    diagnosis = examine(GOOD_FACTS, probe())

    assert diagnosis.is_fit
    assert diagnosis.grade is Grade.A
    assert ((), ()) == (diagnosis.flags, diagnosis.advice)


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (replace(probe(), steal=0.051), "stolen"),
        (replace(probe(), switches=1.5), "interrupted"),
        (replace(probe(), is_pinned=False), "bound"),
    ],
    ids=["steal", "switches", "affinity"],
)
def test_each_limit_alone_makes_a_machine_unfit(bad: ProbeResult, word: str) -> None:
    """One flag is enough, and it names the limit."""
    diagnosis = examine(GOOD_FACTS, bad)

    assert not diagnosis.is_fit
    (flag,) = diagnosis.flags
    assert word in flag


def test_limits_themselves_are_allowed() -> None:
    """5 % steal and one interruption per sample are allowed; unknown steal is no flag."""
    assert examine(GOOD_FACTS, replace(probe(), steal=0.05, switches=1.0)).is_fit
    assert examine(GOOD_FACTS, replace(probe(), steal=None)).is_fit


def test_a_frozen_memory_layout_is_refused() -> None:
    """ASLR off is a flag; partly on is advice; unknown is neither."""
    assert "randomize_va_space=2" in examine({"aslr": "off"}, probe()).flags[0]
    assert "randomize_va_space" in examine({"aslr": "partial"}, probe()).advice[0]
    assert ((), ()) == (examine({}, probe()).flags, examine({}, probe()).advice)


def test_correlated_errors_are_refused() -> None:
    """λ above 1.5 is a flag: the means of unchanged code scatter more than the pairs within a group allow."""
    noise = probe()
    shifts = np.repeat([0.02, -0.02], 12)
    diagnosis = examine(
        GOOD_FACTS, replace(noise, values={name: values + shifts for name, values in noise.values.items()})
    )

    assert diagnosis.inflation is not None
    assert diagnosis.inflation > 1.5
    assert any("λ" in flag for flag in diagnosis.flags)


def test_chance_alone_gives_a_lambda_of_one() -> None:
    """λ is 1 for independent pairs, whatever their spread."""
    found = inflation(probe(0.3, pairs=4000).values)

    assert found == pytest.approx(1.0, abs=0.05)


def test_a_short_run_has_no_lambda() -> None:
    """A few scores would flag a good machine by chance; the advice says how long to measure."""
    diagnosis = examine(GOOD_FACTS, probe(pairs=8))

    assert diagnosis.inflation is None
    assert diagnosis.is_fit
    assert "--seconds 12" in diagnosis.advice[0]


def test_grades_are_what_the_gate_can_do() -> None:
    """The thresholds follow from the 3 % budget and the looks of the gate, rounded down."""
    budget, beyond = math.log(1.03), math.log(1.10 / 1.03)
    certified = {
        name: budget * math.sqrt(n) / (stdtrit(n + 3, 0.99) + 1.28) for name, n in {"A": 3, "B": 8, "C": 12}.items()
    }
    confirmed = {
        name: beyond * math.sqrt(n) / (stdtrit(n - 1, 1 - 0.05 / 4) + stdtrit(n - 1, 0.9))
        for name, n in {"D": 8, "E": 32}.items()
    }
    for name, largest in (certified | confirmed).items():
        assert 0.94 * largest < LARGEST_SPREADS[name] <= largest


def test_the_guide_shows_these_grades() -> None:
    """docs/how-to/pinned-runner.md states the same thresholds."""
    guide = (Path(__file__).parents[3] / "docs/how-to/pinned-runner.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| ([A-E]) \| up to ([\d.]+) %", guide, re.MULTILINE)

    assert LARGEST_SPREADS == {name: pytest.approx(float(percent) / 100) for name, percent in shown}


def test_a_machine_that_detects_nothing_is_unfit() -> None:
    """Grade F is a flag."""
    diagnosis = examine(GOOD_FACTS, probe(0.4))

    assert diagnosis.grade is Grade.F is grade_for(math.inf)
    assert "32 pairs" in diagnosis.flags[0]


def test_outliers_do_not_change_the_grade() -> None:
    """One pair in ten that is off by half does not worsen the grade beyond B, for the gate trims outliers too."""
    noise = probe()
    values = {name: np.where(np.arange(len(taken)) % 10 == 5, 0.5, taken) for name, taken in noise.values.items()}

    assert examine(GOOD_FACTS, replace(noise, values=values)).grade <= Grade.B


def test_more_pairs_detect_smaller_changes_and_cost_more() -> None:
    """The smallest detectable change falls towards the budget, the seconds rise in proportion."""
    shown = examine(GOOD_FACTS, probe()).detectable

    assert [4, 8, 16, 32] == [change.pairs for change in shown]
    assert [0.5, 1.0, 2.0, 4.0] == [change.seconds for change in shown]
    changes = [change.smallest_detectable for change in shown]
    assert sorted(changes, reverse=True) == changes
    assert changes[-1] > 0.03 == pytest.approx(detectable_change(0.0, 4, 1.0).smallest_detectable)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"cpus_available": "1", "load": "0.10"}, "second CPU"),
        ({"cpus_available": "2", "load": "1.20"}, "one job at a time"),
        ({"cpu_quota": "1.50"}, "1.50 CPUs"),
        ({"turbo": "on"}, "turbo"),
        ({"governor": "powersave"}, "powersave"),
        ({"smt": "on"}, "SMT"),
        ({"hash_seed": "0"}, "PYTHONHASHSEED"),
        ({"python_build": "GCC 12.2.0, debug build"}, "debug"),
    ],
)
def test_each_bad_fact_has_its_advice(facts: dict[str, str], word: str) -> None:
    """The advice is one sentence, and the machine stays fit."""
    diagnosis = examine(facts, probe())

    assert diagnosis.is_fit
    (sentence,) = diagnosis.advice
    assert word in sentence


def test_a_noisy_virtual_machine_is_advised_against() -> None:
    """Reserving a CPU is advised where none is isolated; a virtual machine with little noise is fine."""
    guest = {"virtualization": "virtual machine (QEMU)", "cpus_isolated": "1"}

    assert not examine(guest, probe()).advice
    assert "dedicated machine" in examine(guest, probe(0.035)).advice[0]
    assert "Reserve a CPU" in examine({}, probe(0.035)).advice[0]
