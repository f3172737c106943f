"""GitHub as a mirror of state we own: the sticky comment, the check run and the issue.

Each thing is found again by the id that the caller kept; where that is lost, by what it carries (a marker on its first
line and our own login, or a name and an external id). So every call may run twice: it makes GitHub equal to what is
wanted, writes nothing that already stands there, and never doubles anything. Asking for a workflow is the exception.

What bites, and where it is handled:

- A write whose answer is lost (time-out, 502) may have happened. It raises `Unavailable`; the same call made again
  finds what was written. Nothing in here repeats a request or sleeps: waiting is the caller's business.
- Anybody may paste our marker into a comment of theirs. Only a text that *starts* with it and that *we* wrote is ours.
- GitHub tells of rate limits in three ways, one of them only in the text of a 403 (`connection`).
- Check runs can be written with an App's installation token only, the ``GITHUB_TOKEN`` of a workflow included. A
  personal token gets `PermissionDenied`; in the workflow of a pull request from a fork, so does ``GITHUB_TOKEN``.

`repository` knows what is ours and what is wanted, `answers` what is read of an answer, `connection` how GitHub is asked; nothing else knows github3.
"""

from perfgate.github.app import App
from perfgate.github.repository import Repository
from perfgate.github.responses import Artifact, Change, Changes, Conclusion, PullRequest, Status, WorkflowRun

__all__ = [
    "App",
    "Artifact",
    "Change",
    "Changes",
    "Conclusion",
    "PullRequest",
    "Repository",
    "Status",
    "WorkflowRun",
]
