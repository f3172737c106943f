"""The sides take turns evenly, and samples are as many as the time for a pair allows."""

from __future__ import annotations

import pytest

from perfgate.suite.sampling import Recording, _order, _samples


def test_the_sides_take_turns() -> None:
    """A B, B A, B A, A B: both stand first equally often, and odd pairs are mirrored."""
    even = "".join(role[0] for role in _order(4, is_mirrored=False))
    odd = "".join(role[0] for role in _order(4, is_mirrored=True))

    assert even == "bhhbhbbh"
    assert odd == "hbbhbhhb"


@pytest.mark.parametrize(
    ("sample_seconds", "samples"), [(1e-4, 40), (1e-3, 40), (5e-3, 12), (0.1, 12), (0.3, 4), (60, 4)]
)
def test_long_samples_are_fewer(sample_seconds: float, samples: int) -> None:
    """At least a dozen where they last below a sixth of a second, always a multiple of four."""
    assert _samples(sample_seconds) == samples


def test_a_recording_counts_per_call() -> None:
    """Samples tell totals; statistics want seconds and switches a call."""
    side = Recording()
    side.add({"cpu": 0.5, "wall": 1.0, "voluntary": 10, "calls": 5})
    side.add({"cpu": 0.25, "wall": 2.0, "voluntary": 0, "calls": 5})

    assert side.cpu == [0.1, 0.05]
    assert side.wall == [0.2, 0.4]
    assert side.switches == 1.0
