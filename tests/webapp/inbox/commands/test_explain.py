"""``/perfgate explain`` shows everything in one row."""

from __future__ import annotations

from standin import StandIn
from tests.webapp.inbox.comments import answers, say
from tests.webapp.lab import Lab


def test_explain_tells_everything(lab: Lab, github: StandIn, number: int, red: str) -> None:
    say(lab, github, number, f"/perfgate explain {red}")
    (answer,) = answers(github, number)
    for said in ("+5", "decided by", " → 1.05 s", "3 % (the default)", "pairs", "regressed, so fail"):
        assert said in answer.body
