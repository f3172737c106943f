"""Change points and alerts made without detection, for tests of what follows from them."""

from __future__ import annotations

from perfgate.results.records import Direction
from webapp.alerts.models import Alert, AlertKind, AlertState, StoredChangePoint
from webapp.history.models import Commit, Project, Run, Series


def commit(number: int) -> Commit:
    return Commit(pk=number, sha=f"{number:040x}", generation=number)


def change_point(
    position: int,
    effect: float,
    *,
    state: AlertState | None = None,
    kind: AlertKind = AlertKind.REGRESSION,
    direction: Direction = Direction.LOWER,
    seen: int = 1,
    imported: bool = False,
) -> StoredChangePoint:
    """Return a change point of series 1 that is not stored; its commits have the numbers *position* and *position* - 1."""
    return StoredChangePoint(
        series=Series(pk=1, direction=direction),
        run=Run(pk=position, commit=commit(position), imported=imported),
        previous_run=Run(pk=position - 1, commit=commit(position - 1)),
        position=position,
        seen=seen,
        effect=effect,
        regression=(effect > 0) == (direction == Direction.LOWER),
        kind=kind,
        alert=None if state is None else Alert(state=state),
    )


def stored_alert(project: Project, number: int = 10, **fields: object) -> Alert:
    """Store an alert at a commit of its own."""
    stored = Commit.objects.create(project=project, sha=f"{number:040x}", generation=number)
    return Alert.objects.create(project=project, branch="main", commit=stored, **fields)
