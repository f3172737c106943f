"""Signals that alerts send; higher apps connect receivers in their `AppConfig.ready`."""

from __future__ import annotations

from django.dispatch import Signal

alerts_settled = Signal()
"""Sent with ``project`` and ``alerts`` (a list of `Alert`, with `ALERT_RELATIONS` loaded) after their states were updated.

It is sent inside the transaction that holds the project's lock, so what a receiver stores is committed with the states.
"""

comparisons_applied = Signal()
"""Sent with ``project`` after runs were processed that compare two commits and belong to no pull request."""
