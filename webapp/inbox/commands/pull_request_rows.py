"""The newest results of a pull request, as commands refer to them."""

from __future__ import annotations

from perfgate import formatting
from perfgate.gate import Row
from perfgate.report.rows import row_id
from webapp.history.models import Project, Run
from webapp.inbox.commands.context import CommandDeclined
from webapp.verdicts import judgments


def newest_runs(project: Project, pull_request: int) -> list[Run]:
    """Return the runs of the pull request's newest measured commit, oldest first."""
    runs = Run.objects.filter(project=project, pull_request=pull_request)
    newest = runs.order_by("-pk").first()
    if newest is None:
        return []
    return list(runs.filter(commit=newest.commit_id).select_related("project", "commit", "environment").order_by("pk"))


def judged_rows(project: Project, pull_request: int) -> list[tuple[Run, Row]]:
    """Return the rows of the newest verdicts, each with its run; the newest run of a benchmark and metric counts."""
    rows: dict[tuple[str, str], tuple[Run, Row]] = {}
    for run in newest_runs(project, pull_request):
        verdict = getattr(run, "verdict", None)
        if verdict is not None:
            rows.update({(row.label, row.metric): (run, row) for row in judgments.read(verdict).rows})
    return list(rows.values())


def find_row(project: Project, pull_request: int, wanted_id: str) -> Row:
    """Return the row with an id.

    Raises:
        CommandDeclined: There is none.
    """
    found = [row for _, row in judged_rows(project, pull_request) if row_id(row) == wanted_id]
    if len(found) != 1:
        raise CommandDeclined(
            f"{formatting.code(wanted_id or 'nothing')} is no row of the newest verdict here: take the six characters of one."
        )
    return found[0]
