"""``/perfgate run`` starts the workflow of the default branch."""

from __future__ import annotations

from standin import StandIn
from tests.webapp.inbox.comments import HEAD, answers, say
from tests.webapp.lab import NAME, Lab, sha


def test_run_measures_again(lab: Lab, github: StandIn, number: int, red: str) -> None:
    """The workflow of the default branch is asked, for exactly the head that GitHub shows."""
    assert red
    say(lab, github, number, "/perfgate run bench_*")
    (dispatch,) = github.dispatches(NAME)
    assert dispatch.ref == "main"
    assert dispatch.inputs == {
        "base": sha(1),
        "head": sha(HEAD),
        "suite": "bench",
        "select": "bench_*",
        "pull_request": str(number),
    }
    assert "`bench_*`" in answers(github, number)[0].body
