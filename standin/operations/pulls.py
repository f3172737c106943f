"""Pull requests."""

from __future__ import annotations

from standin.operations.registry import Call, Refused, Response, found, operation
from standin.state import PullRequest


@operation("pulls/get")
def _get_pull(call: Call) -> Response:
    pull = found(call.repository.threads.get(int(call.path["pull_number"])))
    if not isinstance(pull, PullRequest):
        raise Refused(404, "Not Found")
    return Response(200, call.shapes.pull_request(call.repository, pull))


@operation("pulls/list", "state", "head", "per_page", "page")
def _list_pulls(call: Call) -> Response:
    state, head = call.query.get("state", "open"), call.query.get("head")
    pulls = [pull for pull in call.repository.threads.values() if isinstance(pull, PullRequest)]
    labels = {pull.number: f"{pull.head_repository.partition('/')[0]}:{pull.head_ref}" for pull in pulls}
    chosen = [pull for pull in pulls if state in {"all", pull.state} and head in {None, labels[pull.number]}]
    return Response(200, *call.page([call.shapes.listed_pull(call.repository, pull) for pull in chosen]))


@operation("repos/list-pull-requests-associated-with-commit", "per_page", "page")
def _list_pulls_of_commit(call: Call) -> Response:
    repository, sha = call.repository, call.path["commit_sha"]
    if sha not in repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    numbers = [number for commit in repository.line if commit.sha == sha for number in commit.pull_requests]
    opened = [
        thread.number
        for thread in repository.threads.values()
        if isinstance(thread, PullRequest) and thread.head_sha == sha
    ]
    listed = [call.shapes.listed_pull_request(number, merged=True) for number in numbers]
    listed += [call.shapes.listed_pull_request(number, merged=False) for number in opened]
    return Response(200, *call.page(listed))
