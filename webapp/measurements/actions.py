"""The actions that people and API tokens take on an alert: those of `webapp.alerts.actions`, and the start of a bisection."""

from __future__ import annotations

from perfgate.errors import InvalidInput
from webapp.alerts import actions
from webapp.alerts.actions import ActionRequest
from webapp.alerts.models import Alert
from webapp.measurements import bisection

BISECT = "bisect"
ACTIONS = (*actions.ACTIONS, BISECT)


def act(alert: Alert, request: ActionRequest, *, who: str) -> Alert:
    """Take the requested action; return the alert to look at then, which is a new one after a split.

    Raises:
        InvalidInput: The action does not exist or cannot be taken; the message says why.
    """
    if request.action not in ACTIONS:
        raise InvalidInput(f"{request.action[:40]!r} is no action: choose one of {', '.join(ACTIONS)}")
    if request.action == BISECT:
        bisection.start(alert, who=who)
        return alert
    return actions.act(alert, request, who=who)
