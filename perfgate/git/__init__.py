"""Facts about a git repository, read with the ``git`` program: revisions, files, commits and their generations.

Only `fetch_missing` changes the repository, by fetching a commit. Nothing changes its work tree.
"""

from perfgate.git.commits import commit, commits, commits_between, merged_branch
from perfgate.git.repository import (
    REDIRECTING_VARIABLES,
    fetch_missing,
    merge_base,
    read_file,
    resolve,
    root,
    run,
    tag_before,
)

__all__ = [
    "REDIRECTING_VARIABLES",
    "commit",
    "commits",
    "commits_between",
    "fetch_missing",
    "merge_base",
    "merged_branch",
    "read_file",
    "resolve",
    "root",
    "run",
    "tag_before",
]
