"""An issue names its suspect commits with author and pull request, and nothing of a stranger's text gets loose."""

from __future__ import annotations

import pytest

from standin import StandIn
from tests.webapp.gating.lab import NAME, Lab
from webapp.history.models import Commit


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Parse twice (#812)", "`Parse twice (#812)` by `Ada` in #812"),
        ("Merge pull request #77 from ada/parse", "`Merge pull request #77 from ada/parse` by `Ada` in #77"),
        ("Revert #5, see (#6) for why", "`Revert #5, see (#6) for why` by `Ada`"),
        ("Look (#0)", "`Look (#0)` by `Ada`"),
        ("Look (#12345678901)", "`Look (#12345678901)` by `Ada`"),
        ("Look (#\u0661\u0662)", "`Look (#\u0661\u0662)` by `Ada`"),
    ],
)
def test_the_pull_request_of_a_suspect_is_linked(lab: Lab, github: StandIn, subject: str, said: str) -> None:
    """As GitHub's own merges name it; any other number stays text."""
    lab.history([1.0] * 12 + [1.2] * 10)
    Commit.objects.filter(generation=13).update(subject=subject)
    lab.history([1.2] * 2, first=22)
    lab.work()

    (issue,) = github.issues(NAME)
    (line,) = [line for line in issue.body.splitlines() if line.startswith("- First measured at")]
    assert line.endswith(said)
