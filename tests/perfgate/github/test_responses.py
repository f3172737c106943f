"""Responses become models: what GitHub leaves out is empty. The models are those of models.py."""

from __future__ import annotations

import msgspec

from perfgate.github import PullRequest, RangeCommit, WorkflowRun, responses


def test_a_deleted_fork_has_no_repository() -> None:
    """GitHub sends null for the repository of a deleted fork."""
    side = b'{"sha": "a", "ref": "change", "repo": null}'
    body = b'{"number": 1, "title": "t", "state": "open", "head": %b, "base": %b}' % (side, side)
    pull = msgspec.json.decode(body, type=responses.PullRequestResponse).pull_request()

    assert pull == PullRequest(
        number=1, title="t", state="open", head_sha="a", head_repository="", base_sha="a", base_ref="change"
    )


def test_a_run_without_branch_and_repository_has_empty_ones() -> None:
    """The ref behind the path of the workflow's file is dropped."""
    body = b'{"id": 7, "path": "w.yml@main", "event": "push", "head_sha": "a", "head_branch": null, "head_repository": null}'
    run = msgspec.json.decode(body, type=responses.WorkflowRunResponse).workflow_run()

    assert run == WorkflowRun(id=7, path="w.yml", event="push", head_sha="a", head_branch="", head_repository="")


def test_a_commit_without_author_has_an_empty_one() -> None:
    """Neither a missing author nor one without a name is an error; the subject is the first line."""
    for author in (b"null", b'{"name": null}'):
        body = b'{"sha": "a", "commit": {"message": "Sort\\n\\nmore", "author": %b}}' % author
        commit = msgspec.json.decode(body, type=responses.ComparedCommit).range_commit((3,))

        assert commit == RangeCommit(sha="a", subject="Sort", author="", pull_requests=(3,))
