"""The sides take turns evenly, and the number of samples depends on their duration."""

from __future__ import annotations

import pytest

from perfgate.measure.live.sampling import SMALLEST_ERROR, USUAL_ERROR, Noise, Recording, _order, _samples


def test_the_sides_take_turns() -> None:
    """A B, B A, B A, A B: both stand first equally often, and odd pairs are mirrored."""
    even = "".join(role[0] for role in _order(is_mirrored=False))
    odd = "".join(role[0] for role in _order(is_mirrored=True))

    assert even == "bhhbhbbh"
    assert odd == "hbbhbhhb"


@pytest.mark.parametrize(
    ("sample_seconds", "fewest", "most"),
    [(1e-4, 40, 80), (1e-3, 40, 80), (5e-3, 12, 80), (0.03, 12, 16), (0.1, 12, 12), (0.3, 4, 4), (60, 4, 4)],
)
def test_long_samples_are_fewer(sample_seconds: float, fewest: int, most: int) -> None:
    """At least 12 samples below 1/6 s each, more only within a limited time, always a multiple of 4."""
    assert _samples(sample_seconds) == (fewest, most)


def test_pairs_need_to_be_half_as_exact_as_they_differ() -> None:
    """If fresh processes differ by 2 %, a pair needs no error below 1 %; if they do not differ, 0.1 %."""
    varied, steady = Noise(), Noise()
    assert varied.tolerated == USUAL_ERROR
    for value in (-0.04, -0.0135, 0.0, 0.0135, 0.04):
        varied.add(value, 0.0)
        steady.add(value, 0.05)

    assert varied.tolerated == pytest.approx(0.01, rel=0.01)
    assert steady.tolerated == SMALLEST_ERROR


def test_a_recording_counts_per_call() -> None:
    """Samples have totals; the statistics get seconds and switches per call."""
    side = Recording()
    side.add({"cpu": 0.5, "wall": 1.0, "voluntary": 10, "calls": 5})
    side.add({"cpu": 0.25, "wall": 2.0, "voluntary": 0, "calls": 5})

    assert side.cpu == [0.1, 0.05]
    assert side.wall == [0.2, 0.4]
    assert side.switches == 1.0
