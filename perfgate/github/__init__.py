"""One repository on GitHub: what is read from it, and the comment, check run and issue that perfgate writes to it.

Each of these is found again by the id that the caller stored; where that is lost, by what it carries (a marker in its first
line and our own login, or a name and an external id). So every call may be repeated: it makes GitHub equal to what is
wanted, writes nothing that is already there, and never creates a duplicate. Starting a workflow is the exception.

Known traps, and how they are handled:

- A write whose response is lost (time-out, 502) may have happened. It raises `Unavailable`; the same call, repeated, finds
  what was written. Nothing in here repeats a request or sleeps: the caller decides when to retry.
- Anybody may paste our marker into a comment. Only a text that *starts* with it and that *we* wrote is ours.
- GitHub reports rate limits in three ways, one of them only in the text of a 403 (`connection`).
- Only an App's installation token, such as the ``GITHUB_TOKEN`` of a workflow, can write check runs. A personal token gets
  `PermissionDenied`; in the workflow of a pull request from a fork, so does ``GITHUB_TOKEN``.

`repository` writes, `reader` reads, `responses` decodes, `connection` sends requests; nothing else uses github3.
"""

from perfgate.github.app import App
from perfgate.github.models import Artifact, CommitRange, Conclusion, PullRequest, RangeCommit, Status, WorkflowRun
from perfgate.github.repository import Repository

__all__ = [
    "App",
    "Artifact",
    "CommitRange",
    "Conclusion",
    "PullRequest",
    "RangeCommit",
    "Repository",
    "Status",
    "WorkflowRun",
]
