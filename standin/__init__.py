"""A stand-in for GitHub: a real HTTP server on loopback that answers like GitHub's REST API and forgets all at the end.

Tests and the demonstration run against it, because GitHub itself cannot be had offline and the emulators that exist
differ from it where it matters (docs/decisions/0003-github3-for-the-session.md). It stays honest by two means:

- Every request and every answer of its own is checked against GitHub's OpenAPI description (`contract`). What breaks it
  stands in `StandIn.violations`; leaving the ``with`` then raises `ContractBroken`, so no test can pass over it.
- Where the description is silent, it behaves as GitHub documents or is known to: comments above 65,536 characters are
  refused, personal tokens write no check runs, annotations are appended, lists come in pages.

It knows only what perfgate uses. An operation, a parameter or a field that it would have to ignore is a violation too.

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
