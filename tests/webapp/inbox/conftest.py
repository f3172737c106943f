"""A pull request on the stand-in GitHub, and a maintainer named ada."""

from __future__ import annotations

import pytest

from perfgate.report.rows import row_id
from standin import StandIn
from tests.webapp.inbox.comments import HEAD
from tests.webapp.lab import NAME, Lab, sha
from webapp.history.models import Run
from webapp.verdicts import judgments

INPUTS = ("base", "head", "suite", "select", "pull_request")


@pytest.fixture
def number(github: StandIn) -> int:
    github.set_permission(NAME, "ada", "write")
    github.add_workflow(NAME, "perfgate.yml", *INPUTS)
    return github.open_pull_request(NAME, title="Change", head_sha=sha(HEAD), base_sha=sha(1))


@pytest.fixture
def red(lab: Lab, number: int) -> str:
    """A pull request that is red; returns the id of its row."""
    lab.pull(number, HEAD, 1.0, 1.05)
    lab.work()
    (row,) = judgments.read(Run.objects.latest("pk").verdict).rows
    return row_id(row)
