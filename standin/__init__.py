"""A stand-in for GitHub: an HTTP server on loopback that behaves like GitHub's REST API and keeps its state in memory.

Tests and the demonstration use it, because GitHub itself is not available offline and existing emulators differ from it
in ways that matter (docs/decisions/0003-github3-for-the-session.md). Two checks keep it close to GitHub:

- Every request and every response is checked against GitHub's OpenAPI description (`contract`). What does not conform is
  listed in `StandIn.violations`; leaving the ``with`` statement then raises `ContractBroken`, so no test can ignore it.
- Where the description says nothing, it behaves as GitHub documents or is known to behave: comments above 65,536
  characters are refused, personal tokens cannot write check runs, annotations are appended, lists have pages.

It implements only what perfgate uses. An operation, a parameter or a field that it would have to ignore is a violation,
too.

    with StandIn() as github:
        github.add_repository("octocat/hello")
        github.add_token("secret", "perfgate[bot]")
        ...  # talk to github.url
        assert github.comments("octocat/hello", 1)[0].body == "..."
"""

from standin.contract import ContractBroken
from standin.server import Exchange, StandIn
from standin.state import Change, CheckRun, Comment, Dispatch, Issue, PullRequest

__all__ = ["Change", "CheckRun", "Comment", "ContractBroken", "Dispatch", "Exchange", "Issue", "PullRequest", "StandIn"]
