"""Signals that measurements send; higher apps connect receivers in their `AppConfig.ready`."""

from __future__ import annotations

from django.dispatch import Signal

bisection_started = Signal()
"""Sent with ``project``, inside the transaction that holds the project's lock, after a bisection was started."""
