"""Signals that verdicts send; higher apps connect receivers in their `AppConfig.ready`."""

from __future__ import annotations

from django.dispatch import Signal

run_judged = Signal()
"""Sent with ``run`` (a `Run`) after its verdict was stored."""
