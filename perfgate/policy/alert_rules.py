"""The table ``[alerts]``: when a change in the history is reported, and how often."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class AlertRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What confirms a change in the history, and how many are reported a day."""

    confirm: Literal["measure", "points", "no"] = "measure"
    """``measure``: both ends of the commit range are measured again side by side, if the server can ask for it; *points*
    later points confirm too. ``points``: later points only. ``no``: every change is reported when it is detected."""
    points: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    """Later points at the new level that confirm a change; the first one is not counted."""
    per_day: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5
    """Largest number of new issues, and of new measurements requested, within 24 hours; the rest waits."""
    workflow: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,100}\.ya?ml$")] = "perfgate.yml"
    """File below ``.github/workflows`` that measures on request, see docs/how-to/alerts.md."""
