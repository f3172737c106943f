"""Alerts follow the policy of the newest commit on the default branch."""

from __future__ import annotations

import pytest

from perfgate.policy import AlertRules
from tests.webapp.lab import Lab
from webapp.alerts import rules


def test_a_project_without_policy_has_the_defaults(lab: Lab) -> None:
    """Also where runs were stored that carry none."""
    lab.upload(1, {"parse": 1.0})

    assert AlertRules() == rules.alert_rules(lab.project)


def test_the_newest_commit_decides(lab: Lab) -> None:
    """Neither a later upload of an older commit nor a branch changes the rules."""
    for number, points, branch in ((2, 4, ""), (1, 5, ""), (3, 6, "topic")):
        lab.policy = f"[alerts]\npoints = {points}\n"
        lab.upload(number, {"parse": 1.0}, branch=branch)

    assert 4 == rules.alert_rules(lab.project).points


def test_an_invalid_policy_counts_as_none(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """The defaults hold, and the log names the project and the error."""
    lab.policy = '[alerts]\npoints = "many"\n'
    lab.upload(1, {"parse": 1.0})

    assert AlertRules() == rules.alert_rules(lab.project)
    assert "project hello" in caplog.text
