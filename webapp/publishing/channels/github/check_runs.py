"""The check run of a commit: waiting, the newest verdicts, or that the workflow left no result."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from perfgate import gate
from perfgate.github import Conclusion, Repository, Status
from perfgate.report.headline import CONCLUSIONS, SYMBOLS, headline, worst
from webapp.github import account
from webapp.history.models import Project
from webapp.publishing.channels.github.links import project_url, verdict_url
from webapp.publishing.channels.github.newest_verdicts import JudgedRun, markdown
from webapp.publishing.models import Publication

CHECK_NAME = "perfgate"

RUN, ACCEPT = "run", "accept"
"""Identifiers of the buttons."""

_RUN_BUTTON = {"label": "Measure again", "description": "base and head, side by side", "identifier": RUN}
_ACCEPT_BUTTON = {"label": "Accept …", "description": "get the commands that would do it", "identifier": ACCEPT}

_STATES: dict[str, Literal["success", "failure", "pending"]] = {"success": "success", "failure": "failure"}
"""Commit statuses by the conclusion of a check run; there is no neutral status."""


class CheckRun(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a commit."""

    head_sha: str
    name: str
    external_id: str
    conclusion: Conclusion | None
    """None: the result is not known yet."""
    title: str
    summary: str
    details_url: str
    actions: tuple[dict[str, str], ...] = ()


def verdict_check_run(project: Project, sha: str, judged: list[JudgedRun]) -> CheckRun:
    """Return the check run for the newest verdicts on a commit; the worst decides its conclusion."""
    decisive = worst([run.verdict for run in judged])
    run_id = next(run.run_id for run in judged if run.verdict is decisive)
    return CheckRun(
        **_identity(project, sha),
        conclusion=CONCLUSIONS[decisive.outcome],
        title=headline(decisive),
        summary=markdown(judged),
        details_url=verdict_url(run_id),
        actions=(_RUN_BUTTON, *([_ACCEPT_BUTTON] if decisive.outcome is gate.Outcome.FAIL else [])),
    )


def waiting_check_run(project: Project, sha: str, *, is_fork: bool) -> CheckRun:
    """Return the check run of a commit without a verdict.

    A fork's commit is measured on the project's runner only if a maintainer asks for it, so it requires an action.
    """
    if is_fork:
        return CheckRun(
            **_identity(project, sha),
            conclusion="action_required",
            title="Not measured here yet",
            summary="The fork's own numbers make no check. Who may write here can have this commit measured:"
            " `/perfgate run`.",
            details_url=project_url(project),
            actions=(_RUN_BUTTON,),
        )
    return CheckRun(
        **_identity(project, sha),
        conclusion=None,
        title="Measuring",
        summary="Base and head are being measured side by side; the verdict follows.",
        details_url=project_url(project),
    )


def empty_check_run(project: Project, sha: str) -> CheckRun:
    """Return the check run of a commit whose workflow ended without a result: neither passed nor waiting forever."""
    return CheckRun(
        **_identity(project, sha),
        conclusion="neutral",
        title=f"{SYMBOLS[gate.Outcome.INCONCLUSIVE]} No verdict: the workflow left no result",
        summary="The workflow ended and uploaded nothing. Its log says why; measure again once that is corrected.",
        details_url=project_url(project),
        actions=(_RUN_BUTTON,),
    )


def deliver(repository: Repository, publication: Publication) -> int | None:
    """Write the check run, or a commit status if the account cannot write check runs; return the check run's id."""
    payload = msgspec.convert(publication.payload, CheckRun)
    if account.writes_check_runs():
        status: Status = "in_progress" if payload.conclusion is None else "completed"
        return repository.upsert_check_run(
            **msgspec.structs.asdict(payload), status=status, check_run_id=publication.remote_id
        )
    state = _STATES.get(payload.conclusion or "", "pending")
    repository.set_status(payload.head_sha, payload.name, state, payload.title, payload.details_url)
    return None


def _identity(project: Project, sha: str) -> dict[str, Any]:
    return {"head_sha": sha, "name": CHECK_NAME, "external_id": f"{CHECK_NAME}:{project.slug}:{sha}"}
