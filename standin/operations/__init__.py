"""What each operation of GitHub's API does to the state, with GitHub's own refusals; one module per family."""

from standin.operations import actions, apps, checks, issues, pulls, repositories
from standin.operations.registry import BEHAVIORS, Behavior, Call, Refused, Response

__all__ = [
    "BEHAVIORS",
    "Behavior",
    "Call",
    "Refused",
    "Response",
    "actions",
    "apps",
    "checks",
    "issues",
    "pulls",
    "repositories",
]
