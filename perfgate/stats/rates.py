"""Bound the rate of rare events by their count."""

from __future__ import annotations


def upper_bound(events: int, trials: int, *, confidence: float = 0.95) -> float:
    """Return the upper one-sided confidence bound of a rate, exact for independent trials.

    Args:
        events: Number of trials that had the event, 0 to *trials*.
        trials: Number of trials; with 0 trials the bound is 1.
        confidence: Probability with which the true rate lies below the bound, in (0, 1).

    Raises:
        ValueError: A number is out of its range.

    Source:
        Clopper & Pearson (1934), one-sided.

    >>> round(upper_bound(0, 240), 4)
    0.0124
    """
    if not 0 <= events <= trials:
        raise ValueError(f"events are 0 to the number of trials, got {events} of {trials}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, got {confidence!r}")
    if events == trials:
        return 1.0
    from scipy.special import betaincinv  # noqa: PLC0415 - costs 0.1 s, and most reports have no rate to bound

    return float(betaincinv(events + 1, trials - events, confidence))
