"""What each operation does to the state, with GitHub's own refusals.

An operation is a function registered under GitHub's name of it. It lists the query parameters and body fields that it
obeys; any other would be ignored, and is therefore refused loudly by the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from standin.shapes import Json, Shapes
from standin.state import App, CheckRun, Comment, Dispatch, Issue, PullRequest, Repository, State, Status, Token, now

MAX_BODY_CHARACTERS = 65_536
"""Of a comment or issue; not in GitHub's description."""
MAX_TITLE_CHARACTERS = 256
MAX_STATUS_CHARACTERS = 140
"""Of a status' description; not in GitHub's description."""
MAX_PER_PAGE = 100


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; a body of None is none."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """GitHub declines."""

    def __init__(self, status: int, message: str, errors: Sequence[Json] = ()) -> None:
        super().__init__(message)
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        self.answer = Answer(status, {**body, "errors": list(errors)} if errors else body)


@dataclass(frozen=True)
class Call:
    """One request that has been understood."""

    state: State
    shapes: Shapes
    token: Token
    url: str
    """Without the query."""
    path: dict[str, str]
    """Parameters in the path."""
    query: dict[str, str]
    body: Json

    @property
    def repository(self) -> Repository:
        """The repository named in the path."""
        full_name = f"{self.path['owner']}/{self.path['repo']}"
        found = self.state.repositories.get(full_name.lower())
        return _found(found)

    @property
    def thread(self) -> Issue:
        """The issue or pull request named in the path."""
        return _found(self.repository.threads.get(int(self.path["issue_number"])))

    @property
    def comment(self) -> tuple[Issue, Comment]:
        """The comment named in the path, and what it stands under."""
        return _found(self.repository.find_comment(int(self.path["comment_id"])))

    @property
    def check_run(self) -> CheckRun:
        """The check run named in the path."""
        return _found(self.repository.check_runs.get(int(self.path["check_run_id"])))

    def page(self, items: Sequence[Json]) -> tuple[list[Json], dict[str, str]]:
        """Return the page of *items* that was asked for, and the header that leads to the others."""
        size = min(int(self.query.get("per_page", "30")), MAX_PER_PAGE)
        number = int(self.query.get("page", "1"))
        last = max(1, -(-len(items) // size))
        relations = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number >= last:
            del relations["next"], relations["last"]
        if number == 1:
            del relations["prev"], relations["first"]
        links = [
            f'<{self.url}?{urlencode({**self.query, "page": str(target)})}>; rel="{name}"'
            for name, target in relations.items()
        ]
        return list(items[(number - 1) * size : number * size]), {"Link": ", ".join(links)} if links else {}


@dataclass(frozen=True)
class Behaviour:
    """What an operation does and what it obeys."""

    answer: Callable[[Call], Answer]
    obeys: frozenset[str]
    """Query parameters and body fields."""


BEHAVIOURS: dict[str, Behaviour] = {}
"""By GitHub's name of the operation."""

Function = TypeVar("Function", bound=Callable[[Call], Answer])
Thing = TypeVar("Thing")


def operation(name: str, *obeys: str) -> Callable[[Function], Function]:
    """Register what the operation *name* does; *obeys* are its query parameters and body fields."""

    def register(function: Function) -> Function:
        BEHAVIOURS[name] = Behaviour(function, frozenset(obeys))
        return function

    return register


def _found(thing: Thing | None) -> Thing:
    if thing is None:
        raise Refused(404, "Not Found")
    return thing


def _check_text(resource: str, name: str, text: str | None, limit: int, *, required: bool = True) -> None:
    problem = ""
    if required and not (text or "").strip():
        problem = f"{name} can't be blank"
    if len(text or "") > limit:
        problem = f"{name} is too long (maximum is {limit} characters)"
    if problem:
        error = {"resource": resource, "code": "custom", "field": name, "message": problem}
        raise Refused(422, "Validation Failed", [error])


@operation("users/get-authenticated")
def _get_authenticated(call: Call) -> Answer:
    if call.token.is_app:
        raise Refused(403, "Resource not accessible by integration")
    return Answer(200, call.shapes.own_user(call.token.login))


@operation("repos/get")
def _get_repository(call: Call) -> Answer:
    return Answer(200, call.shapes.repository(call.repository))


@operation("repos/get-commit")
def _get_commit(call: Call) -> Answer:
    line, ref = call.repository.line, call.path["ref"]
    newest = line[-1:] if ref == call.repository.default_branch else [each for each in line if each.sha == ref]
    if not newest:
        raise Refused(422, f"No commit found for SHA: {ref}")
    return Answer(200, call.shapes.commit(call.repository, newest[0]))


@operation("repos/get-content", "ref")
def _get_content(call: Call) -> Answer:
    ref = call.query.get("ref", call.repository.default_branch)
    path = call.path["path"]
    return Answer(200, call.shapes.file(path, _found(call.repository.files.get((ref, path)))))


@operation("pulls/get")
def _get_pull(call: Call) -> Answer:
    pull = _found(call.repository.threads.get(int(call.path["pull_number"])))
    if not isinstance(pull, PullRequest):
        raise Refused(404, "Not Found")
    return Answer(200, call.shapes.pull_request(call.repository, pull))


@operation("issues/list-for-repo", "state", "creator", "labels", "per_page", "page")
def _list_issues(call: Call) -> Answer:
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    labels = {label for label in call.query.get("labels", "").split(",") if label}
    chosen = [
        call.shapes.issue(call.repository, issue)
        for issue in sorted(call.repository.threads.values(), key=lambda one: -one.number)
        if state in {"all", issue.state} and creator in {None, issue.author} and labels <= set(issue.labels)
    ]
    return Answer(200, *call.page(chosen))


@operation("issues/create", "title", "body", "labels")
def _create_issue(call: Call) -> Answer:
    title, body = call.body["title"], call.body.get("body") or ""
    _check_text("Issue", "title", title, MAX_TITLE_CHARACTERS)
    _check_text("Issue", "body", body, MAX_BODY_CHARACTERS, required=False)
    number = call.repository.next_number()
    issue = Issue(next(call.state.ids), number, call.token.login, title, body, list(call.body.get("labels", [])))
    call.repository.threads[number] = issue
    return Answer(201, call.shapes.issue(call.repository, issue))


@operation("issues/get")
def _get_issue(call: Call) -> Answer:
    return Answer(200, call.shapes.issue(call.repository, call.thread))


@operation("issues/update", "title", "body", "labels", "state", "state_reason")
def _update_issue(call: Call) -> Answer:
    issue, body = call.thread, call.body
    _check_text("Issue", "title", body.get("title", issue.title), MAX_TITLE_CHARACTERS)
    _check_text("Issue", "body", body.get("body", issue.body), MAX_BODY_CHARACTERS, required=False)
    issue.title, issue.body = body.get("title", issue.title), body.get("body", issue.body)
    issue.labels = list(body.get("labels", issue.labels))
    if body.get("state", issue.state) != issue.state:
        issue.state = body["state"]
        issue.state_reason = body.get("state_reason", "completed" if issue.state == "closed" else "reopened")
        issue.closed_at = now() if issue.state == "closed" else None
    issue.updated_at = now()
    return Answer(200, call.shapes.issue(call.repository, issue))


@operation("issues/list-comments", "per_page", "page")
def _list_comments(call: Call) -> Answer:
    thread = call.thread
    return Answer(200, *call.page([call.shapes.comment(call.repository, thread, one) for one in thread.comments]))


@operation("issues/create-comment", "body")
def _create_comment(call: Call) -> Answer:
    _check_text("IssueComment", "body", call.body["body"], MAX_BODY_CHARACTERS)
    comment = Comment(next(call.state.ids), call.token.login, call.body["body"])
    call.thread.comments.append(comment)
    return Answer(201, call.shapes.comment(call.repository, call.thread, comment))


@operation("issues/get-comment")
def _get_comment(call: Call) -> Answer:
    return Answer(200, call.shapes.comment(call.repository, *call.comment))


@operation("issues/update-comment", "body")
def _update_comment(call: Call) -> Answer:
    thread, comment = call.comment
    _check_text("IssueComment", "body", call.body["body"], MAX_BODY_CHARACTERS)
    comment.body, comment.updated_at = call.body["body"], now()
    return Answer(200, call.shapes.comment(call.repository, thread, comment))


@operation("issues/delete-comment")
def _delete_comment(call: Call) -> Answer:
    thread, comment = call.comment
    thread.comments.remove(comment)
    return Answer(204)


def _app_slug(call: Call) -> str:
    if not call.token.is_app:
        raise Refused(403, "You must authenticate via a GitHub App.")
    return call.token.login.removesuffix("[bot]")


def _apply(run: CheckRun, body: Json) -> None:
    for name in ("name", "external_id", "details_url", "status"):
        setattr(run, name, body.get(name, getattr(run, name)))
    run.actions = body.get("actions", run.actions)
    if "conclusion" in body:
        # As documented: "Providing conclusion will automatically set the status parameter to completed."
        run.status, run.conclusion = "completed", body["conclusion"]
    elif run.status != "completed":
        run.conclusion = None
    output = body.get("output", {})
    for name in ("title", "summary", "text"):
        setattr(run, name, output.get(name, getattr(run, name)))
    run.annotations += output.get("annotations", [])


CHECK_RUN_FIELDS = ("name", "external_id", "details_url", "status", "conclusion", "output", "actions")


@operation("checks/create", "head_sha", *CHECK_RUN_FIELDS)
def _create_check_run(call: Call) -> Answer:
    slug, sha = _app_slug(call), call.body["head_sha"]
    if sha not in call.repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    if call.body.get("status") == "completed" and "conclusion" not in call.body:
        raise Refused(422, "Invalid request: a completed check run needs a conclusion")
    run = CheckRun(next(call.state.ids), slug, call.body["name"], sha)
    _apply(run, call.body)
    call.repository.check_runs[run.id] = run
    return Answer(201, call.shapes.check_run(call.repository, run))


@operation("checks/get")
def _get_check_run(call: Call) -> Answer:
    return Answer(200, call.shapes.check_run(call.repository, call.check_run))


@operation("checks/update", *CHECK_RUN_FIELDS)
def _update_check_run(call: Call) -> Answer:
    run = call.check_run
    if run.app != _app_slug(call):
        raise Refused(403, "A check run can only be modified by the GitHub App that created it.")
    _apply(run, call.body)
    return Answer(200, call.shapes.check_run(call.repository, run))


@operation("checks/list-annotations", "per_page", "page")
def _list_annotations(call: Call) -> Answer:
    return Answer(200, *call.page([call.shapes.annotation(one) for one in call.check_run.annotations]))


@operation("checks/list-for-ref", "check_name", "filter", "status", "per_page", "page")
def _list_check_runs(call: Call) -> Answer:
    sha, name, status = call.path["ref"], call.query.get("check_name"), call.query.get("status")
    if sha not in call.repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    runs = [
        run
        for run in sorted(call.repository.check_runs.values(), key=lambda one: -one.id)
        if run.head_sha == sha and name in {None, run.name} and status in {None, run.status}
    ]
    if call.query.get("filter", "latest") == "latest":
        runs = list({(run.app, run.name): run for run in reversed(runs)}.values())
    page, headers = call.page([call.shapes.check_run(call.repository, run) for run in runs])
    return Answer(200, {"total_count": len(runs), "check_runs": page}, headers)


@operation("repos/compare-commits-with-basehead", "per_page", "page")
def _compare(call: Call) -> Answer:
    line = call.repository.line
    places = {change.sha: place for place, change in enumerate(line)}
    base, _, head = call.path["basehead"].partition("...")
    start, end = _found(places.get(base)), _found(places.get(head))
    page, headers = call.page([call.shapes.commit(call.repository, each) for each in line[start + 1 : end + 1]])
    whole = call.shapes.comparison(call.repository, line[start], ahead=max(end - start, 0), behind=max(start - end, 0))
    return Answer(200, {**whole, "commits": page}, headers)


@operation("repos/list-pull-requests-associated-with-commit", "per_page", "page")
def _list_pulls_of_commit(call: Call) -> Answer:
    repository, sha = call.repository, call.path["commit_sha"]
    if sha not in repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    numbers = [number for change in repository.line if change.sha == sha for number in change.pull_requests]
    opened = [
        thread.number
        for thread in repository.threads.values()
        if isinstance(thread, PullRequest) and thread.head_sha == sha
    ]
    listed = [call.shapes.listed_pull_request(number, merged=True) for number in numbers]
    listed += [call.shapes.listed_pull_request(number, merged=False) for number in opened]
    return Answer(200, *call.page(listed))


@operation("actions/create-workflow-dispatch", "ref", "inputs")
def _dispatch_workflow(call: Call) -> Answer:
    workflow, inputs = call.path["workflow_id"], call.body.get("inputs", {})
    declared = _found(call.repository.workflows.get(workflow))
    if unexpected := sorted(set(inputs) - declared):
        raise Refused(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
    if not all(isinstance(value, str) for value in inputs.values()):
        raise Refused(422, "Invalid value for input")
    call.repository.dispatches.append(Dispatch(workflow, call.body["ref"], dict(inputs)))
    return Answer(204)


@operation("apps/get-authenticated")
def _get_app(call: Call) -> Answer:
    return Answer(200, call.shapes.app(_app(call)))


@operation("apps/get-repo-installation")
def _get_installation(call: Call) -> Answer:
    return Answer(200, call.shapes.installation(_app(call), call.repository))


@operation("apps/create-installation-access-token", "repositories", "permissions")
def _create_installation_token(call: Call) -> Answer:
    app = _app(call)
    if int(call.path["installation_id"]) != app.id + 1:
        raise Refused(404, "Not Found")
    names = call.body.get("repositories", [])
    found = [one.full_name for one in call.state.repositories.values() if one.full_name.partition("/")[2] in names]
    if len(found) != len(names):
        raise Refused(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    secret = f"ghs_{next(call.state.ids)}"
    permissions = call.body.get("permissions", {})
    may_write = frozenset(name for name, level in permissions.items() if level == "write") if permissions else None
    call.state.tokens[secret] = Token(f"{app.slug}[bot]", repository=found[0] if found else "", permissions=may_write)
    return Answer(201, {"token": secret, "expires_at": _in_an_hour(), "permissions": permissions})


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _app(call: Call) -> App:
    if call.state.app is None or call.token.login != f"app {call.state.app.id}":
        raise Refused(401, "A JSON web token could not be decoded")
    return call.state.app


@operation("pulls/list", "state", "head", "per_page", "page")
def _list_pulls(call: Call) -> Answer:
    state, head = call.query.get("state", "open"), call.query.get("head")
    pulls = [one for one in call.repository.threads.values() if isinstance(one, PullRequest)]
    labels = {one.number: f"{one.head_repository.partition('/')[0]}:{one.head_ref}" for one in pulls}
    chosen = [one for one in pulls if state in {"all", one.state} and head in {None, labels[one.number]}]
    return Answer(200, *call.page([call.shapes.listed_pull(call.repository, one) for one in chosen]))


@operation("actions/get-workflow-run")
def _get_workflow_run(call: Call) -> Answer:
    run = _found(call.repository.workflow_runs.get(int(call.path["run_id"])))
    return Answer(200, call.shapes.workflow_run(call.repository, run))


@operation("actions/list-workflow-run-artifacts", "per_page", "page")
def _list_artifacts(call: Call) -> Answer:
    repository = call.repository
    run = _found(repository.workflow_runs.get(int(call.path["run_id"])))
    listed = [
        call.shapes.artifact(repository, number, name, len(repository.artifacts[number]))
        for name, number in run.artifacts.items()
    ]
    page, headers = call.page(listed)
    return Answer(200, {"total_count": len(listed), "artifacts": page}, headers)


@operation("actions/download-artifact")
def _download_artifact(call: Call) -> Answer:
    number = int(call.path["artifact_id"])
    _found(call.repository.artifacts.get(number))
    # GitHub sends on to a store of another host, for a minute.
    place = f"{call.url.partition('/repos/')[0]}/_storage/{call.repository.full_name}/{number}"
    return Answer(302, None, {"Location": place})


@operation("repos/get-collaborator-permission-level")
def _get_permission(call: Call) -> Answer:
    login = call.path["username"]
    return Answer(200, call.shapes.permission(login, call.repository.permissions.get(login, "read")))


@operation("reactions/create-for-issue-comment", "content")
def _react(call: Call) -> Answer:
    _, comment = call.comment
    given = (call.token.login, call.body["content"])
    is_new = given not in comment.reactions
    if is_new:
        comment.reactions.append(given)
    return Answer(201 if is_new else 200, call.shapes.reaction(*given))


@operation("repos/create-commit-status", "state", "target_url", "description", "context")
def _create_status(call: Call) -> Answer:
    if call.path["sha"] not in call.repository.shas:
        raise Refused(422, f"No commit found for SHA: {call.path['sha']}")
    if len(call.body.get("description") or "") > MAX_STATUS_CHARACTERS:
        raise Refused(422, "Validation Failed: description is too long (maximum is 140 characters)")
    body = call.body
    status = Status(
        call.path["sha"],
        body.get("context", "default"),
        body["state"],
        body.get("description") or "",
        body.get("target_url") or "",
    )
    call.repository.statuses.append(status)
    return Answer(201, call.shapes.status(status, call.token.login))
