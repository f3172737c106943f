"""Signals that measurements send; higher apps connect receivers in their `AppConfig.ready`.

All are sent inside the transaction that holds the project's lock.
"""

from __future__ import annotations

from django.dispatch import Signal

measurement_requested = Signal()
"""Sent with ``measurement`` (a `Measurement`) after it was requested, or changed before its workflow was started."""

bisection_progressed = Signal()
"""Sent with ``bisection`` (a `Bisection`) whenever its progress may have changed."""
