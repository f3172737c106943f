"""``/perfgate accept`` stores a permission with ceiling, end and reason. Covers context.py, help_text.py and pull_request_rows.py too."""

from __future__ import annotations

from datetime import date

import cmarkgfm
import pytest

from standin import StandIn
from tests.webapp.inbox.comments import HEAD, UNTIL, answers, say
from tests.webapp.lab import NAME, Lab, sha
from webapp.verdicts.models import PullRequestWaiver


def test_accept_waives_up_to_the_ceiling(lab: Lab, github: StandIn, number: int, red: str) -> None:
    """Comment and check run follow at once, and the decision is on record with who, why and until when."""
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because exact decimals, see #812")

    decision = PullRequestWaiver.objects.get()
    assert (decision.who, decision.reason, decision.until) == (
        "ada",
        "exact decimals, see #812",
        date.fromisoformat(UNTIL),
    )
    assert decision.max_regression == pytest.approx(0.08)
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["success"]
    told = github.comments(NAME, number)[0]
    assert "1 waived" in told.body
    (answer,) = answers(github, number)
    assert "`exact decimals, see #812`" in answer.body


def test_the_ceiling_holds(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because I say so")
    lab.pull(number, HEAD, 1.0, 1.2)
    lab.work()
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD))] == ["failure"]
    assert "beyond the waiver's ceiling (by ada)" in github.comments(NAME, number)[0].body


def test_it_holds_in_this_pull_request_alone(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate accept {red} up to 8% until {UNTIL} because I say so")
    other = github.open_pull_request(NAME, title="Other", head_sha=sha(HEAD + 1), base_sha=sha(1))
    lab.pull(other, HEAD + 1, 1.0, 1.05)
    lab.work()
    assert [check.conclusion for check in github.check_runs(NAME, sha(HEAD + 1))] == ["failure"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accept", "all four parts are needed"),
        ("accept {id} up to 8%", "all four parts are needed"),
        ("accept ffffff up to 8% until {until} because x", "is no row of the newest verdict"),
        ("accept {id} up to lots until {until} because x", "is no percentage"),
        ("accept {id} up to 9999% until {until} because x", "is no ceiling"),
        ("accept {id} up to 8% until 2020-01-31 because x", "is not between today"),
        ("accept {id} up to 8% until 2999-01-31 because x", "is not between today"),
        ("accept {id} up to 8% until 2027-02-31 because x", "is no day"),
        ("explain", "is no row of the newest verdict"),
        ("explain zzz", "is no row of the newest verdict"),
        ("dance", "is none of these"),
        ("<img src=x> @team `", "is none of these"),
    ],
)
def test_what_cannot_be_followed_says_how_to_write_it(
    lab: Lab, github: StandIn, number: int, red: str, text: str, why: str
) -> None:
    say(lab, github, number, "/perfgate " + text.format(id=red, until=UNTIL))
    (answer,) = answers(github, number)
    assert why in answer.body
    assert "<img" not in cmarkgfm.github_flavored_markdown_to_html(answer.body)
    assert not PullRequestWaiver.objects.exists()
