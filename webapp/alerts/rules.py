"""The rules for a project's alerts, as they stand in its own repository."""

from __future__ import annotations

import logging

from django.db.models import F

from perfgate import policy
from perfgate.errors import InvalidPolicy
from perfgate.policy import AlertRules, Budgets
from perfgate.results import records
from webapp.history.models import Project, Run

log = logging.getLogger(__name__)


def alert_rules(project: Project) -> AlertRules:
    """Return the rules for its alerts."""
    return project_policy(project).alerts


def project_policy(project: Project) -> Budgets:
    """Return the policy that the newest commit measured on the default branch carried; the defaults where none did.

    A policy that cannot be obeyed counts as none: alerts go on, and the run's own check said what is wrong.
    """
    carried = Run.objects.filter(project=project, branch=project.default_branch, policy__isnull=False, number__gt=0)
    newest = (
        carried.order_by(F("commit__generation").desc(nulls_last=True), "-pk")
        .select_related("policy", "commit")
        .first()
    )
    if newest is None or newest.policy is None:
        return Budgets()
    text = records.Policy(text=newest.policy.text, path=newest.policy.path, revision=newest.commit.sha)
    try:
        return policy.read(text)
    except InvalidPolicy as error:
        log.warning("project %s: its history follows the defaults, %s", project.slug, error)
        return Budgets()
