"""The policy in a project's repository, as far as alerts follow it."""

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
    """Return the table ``[alerts]`` of the project's policy."""
    return project_policy(project).alerts


def project_policy(project: Project) -> Budgets:
    """Return the policy of the newest measured commit on the default branch, the default policy if there is none.

    An invalid policy is logged and replaced by the default one; the check run of its own run reports the error.
    """
    with_policy = Run.objects.filter(
        project=project, branch=project.default_branch, policy__isnull=False, number__gt=0
    ).select_related("policy", "commit")
    newest = with_policy.order_by(F("commit__generation").desc(nulls_last=True), "-pk").first()
    if newest is None or newest.policy is None:
        return Budgets()
    text = records.Policy(text=newest.policy.text, path=newest.policy.path, revision=newest.commit.sha)
    try:
        return policy.read(text)
    except InvalidPolicy as error:
        log.warning("project %s: its alerts follow the default policy: %s", project.slug, error)
        return Budgets()
