"""Request that a pull request is measured again because somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.alerts import rules
from webapp.history.models import Project
from webapp.measurements import lifecycle
from webapp.measurements.confirmation import MAX_SELECT_CHARACTERS
from webapp.measurements.models import Measurement


def request_reruns(
    project: Project, pull_request: int, *, base: str, head: str, suites: Iterable[str], select: str, reply_to: str
) -> str:
    """Request one measurement per suite and return the workflow's file; needs the project's lock.

    Args:
        project: The pull request's project.
        pull_request: Its number.
        base: Full hash of the commit to compare with.
        head: Full hash of the pull request's last commit.
        suites: Names of the suites; an empty name lets the workflow choose.
        select: Glob over benchmark labels; empty: all.
        reply_to: GitHub's id of the comment or button press; the same request twice is one.
    """
    workflow = rules.alert_rules(project).workflow
    for suite in suites:
        same = {"purpose": Measurement.Purpose.RERUN, "pull_request": pull_request, "reply_to": reply_to}
        if Measurement.objects.filter(project=project, suite=suite, **same).exists():
            continue
        lifecycle.request(
            Measurement(
                project=project,
                suite=suite,
                workflow=workflow,
                ref=project.default_branch,
                base=base,
                head=head,
                select=select[:MAX_SELECT_CHARACTERS],
                **same,
            )
        )
    return workflow
