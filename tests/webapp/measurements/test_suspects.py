"""An issue names its suspect commits with author and pull request, and untrusted text stays text."""

from __future__ import annotations

import pytest
from django.test import Client

from standin import Change, StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts.models import Alert
from webapp.history.models import Commit
from webapp.measurements import suspects
from webapp.measurements.models import StoredCommitRange
from webapp.publishing.models import Publication

BEFORE, AFTER = 12, 20
"""The last commit measured at the old level and the first at the new one; those in between were not measured."""


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


def line(github: StandIn, *, message: str = "Change {0}\n\nAt length.") -> None:
    """Let GitHub know all commits, each with a pull request of its own."""
    github.add_line(NAME, *(Change(sha(n), message.format(n), "Ada", (1_000 + n,)) for n in range(40)))


def slow(lab: Lab, name: str = "parse") -> Alert:
    """Measure a history that got slower somewhere among commits of which most were not measured."""
    lab.history([1.0] * (BEFORE + 1), name=name)
    lab.history([1.2] * 14, first=AFTER, name=name)
    lab.work()
    return Alert.objects.get()


def body(github: StandIn) -> str:
    (issue,) = github.issues(NAME)
    return issue.body


def test_the_first_text_names_commits_that_nobody_measured(lab: Lab, github: StandIn) -> None:
    """GitHub tells them, with authors and pull requests, before anybody is mailed; and one command finds the commit."""
    line(github)
    slow(lab)

    rows = [row for row in body(github).splitlines() if row.endswith("| no |")]
    assert rows[-1] == f"| {sha(BEFORE + 1)[:10]} | `Change {BEFORE + 1}` | `Ada` | #{1_000 + BEFORE + 1} | no |"
    assert len(rows) == AFTER - BEFORE - 1
    assert f"`perfgate bisect {sha(BEFORE)[:12]} {sha(AFTER)[:12]} --select parse`" in body(github)
    assert f"{AFTER - BEFORE} commits" in body(github)
    assert github.writes().count("issues/create") == 1
    assert "issues/update" not in github.writes()


def test_a_range_is_asked_for_once(lab: Lab, github: StandIn) -> None:
    """However often the issue is written anew."""
    line(github)
    slow(lab)
    asked = [exchange for exchange in github.exchanges if "/compare/" in exchange.path]
    lab.history([1.2] * 3, first=34)
    lab.work()

    assert len(asked) == 1
    assert [exchange for exchange in github.exchanges if "/compare/" in exchange.path] == asked


def test_a_range_that_github_does_not_know_keeps_no_issue_back(lab: Lab, github: StandIn) -> None:
    """Then the measured commits stand for all, and no number is claimed."""
    slow(lab)

    assert StoredCommitRange.objects.get().commits is None
    assert "8 commits or more" in body(github)
    assert "suspect commit" not in body(github)


def test_github_out_of_reach_is_asked_again(lab: Lab, github: StandIn) -> None:
    """Nothing is filed without the suspects while they may still be told."""
    line(github)
    github.fail("repos/compare-commits-with-basehead", 502)
    slow(lab)
    assert not github.issues(NAME)

    Publication.objects.update(not_before=None)
    lab.publish()

    assert body(github).count("| no |") == AFTER - BEFORE - 1


def test_a_long_range_names_the_newest_and_counts_the_rest(lab: Lab, github: StandIn) -> None:
    github.add_line(NAME, *(Change(sha(n)) for n in range(BEFORE + 1)))
    github.add_line(NAME, *(Change(f"{n:040x}", "Fill") for n in range(150)), Change(sha(AFTER), "Last"))
    slow(lab)

    assert body(github).count("| `Fill` |") == suspects.MAX_NAMED - 1
    assert f"… and {151 - suspects.MAX_NAMED} older." in body(github)


def test_untrusted_text_stays_text(lab: Lab, github: StandIn, client: Client) -> None:
    """A message cannot break the table, mention, or reach the page as HTML; a label cannot reach a shell."""
    line(github, message="a | b `` @team <script>alert(1)</script> \u202e {0}")
    alert = slow(lab, name="parse[$(reboot);'`]")

    rows = [row for row in body(github).splitlines() if "@team" in row and row.startswith("| ")]
    assert all(row.replace("\\|", "").count("|") == 6 and "\u202e" not in row for row in rows)
    assert len(rows) == AFTER - BEFORE
    assert "reboot" not in suspects.bisect_command(alert, alert.change_points.first(), suspects.find_suspects(alert))
    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_shows_the_suspects_and_the_command(lab: Lab, github: StandIn, client: Client) -> None:
    line(github)
    alert = slow(lab)

    page = client.get(f"/alerts/{alert.pk}/").content.decode()
    assert f"{AFTER - BEFORE} commits may be the cause" in page
    assert f"#{1_000 + BEFORE + 1}" in page
    assert f"perfgate bisect {sha(BEFORE)[:12]} {sha(AFTER)[:12]} --select parse" in page


@pytest.mark.parametrize("is_told", [False, True])
def test_where_one_commit_is_left_there_is_nothing_to_find(lab: Lab, github: StandIn, *, is_told: bool) -> None:
    """Whether GitHub or the order of the commits says so, no command is offered for a range of one."""
    if is_told:
        line(github)
    lab.history([1.0] * 12 + [1.2] * 14)
    lab.work()

    assert "perfgate bisect" not in body(github)
    assert ("one commit" in body(github)) is is_told
