"""Issues, comments and reactions."""

from __future__ import annotations

from standin.operations.registry import MAX_BODY_CHARACTERS, MAX_TITLE_CHARACTERS, Call, Response, check_text, operation
from standin.state import Comment, Issue, now


@operation("issues/list-for-repo", "state", "creator", "labels", "per_page", "page")
def _list_issues(call: Call) -> Response:
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    labels = {label for label in call.query.get("labels", "").split(",") if label}
    chosen = [
        call.shapes.issue(call.repository, issue)
        for issue in sorted(call.repository.threads.values(), key=lambda issue: -issue.number)
        if state in {"all", issue.state} and creator in {None, issue.author} and labels <= set(issue.labels)
    ]
    return Response(200, *call.page(chosen))


@operation("issues/create", "title", "body", "labels")
def _create_issue(call: Call) -> Response:
    title, body = call.body["title"], call.body.get("body") or ""
    check_text("Issue", "title", title, MAX_TITLE_CHARACTERS)
    check_text("Issue", "body", body, MAX_BODY_CHARACTERS, required=False)
    number = call.repository.next_number()
    issue = Issue(next(call.state.ids), number, call.token.login, title, body, list(call.body.get("labels", [])))
    call.repository.threads[number] = issue
    return Response(201, call.shapes.issue(call.repository, issue))


@operation("issues/get")
def _get_issue(call: Call) -> Response:
    return Response(200, call.shapes.issue(call.repository, call.thread))


@operation("issues/update", "title", "body", "labels", "state", "state_reason")
def _update_issue(call: Call) -> Response:
    issue, body = call.thread, call.body
    check_text("Issue", "title", body.get("title", issue.title), MAX_TITLE_CHARACTERS)
    check_text("Issue", "body", body.get("body", issue.body), MAX_BODY_CHARACTERS, required=False)
    issue.title, issue.body = body.get("title", issue.title), body.get("body", issue.body)
    issue.labels = list(body.get("labels", issue.labels))
    if body.get("state", issue.state) != issue.state:
        issue.state = body["state"]
        issue.state_reason = body.get("state_reason", "completed" if issue.state == "closed" else "reopened")
        issue.closed_at = now() if issue.state == "closed" else None
    issue.updated_at = now()
    return Response(200, call.shapes.issue(call.repository, issue))


@operation("issues/list-comments", "per_page", "page")
def _list_comments(call: Call) -> Response:
    thread = call.thread
    return Response(
        200, *call.page([call.shapes.comment(call.repository, thread, comment) for comment in thread.comments])
    )


@operation("issues/create-comment", "body")
def _create_comment(call: Call) -> Response:
    check_text("IssueComment", "body", call.body["body"], MAX_BODY_CHARACTERS)
    comment = Comment(next(call.state.ids), call.token.login, call.body["body"])
    call.thread.comments.append(comment)
    return Response(201, call.shapes.comment(call.repository, call.thread, comment))


@operation("issues/get-comment")
def _get_comment(call: Call) -> Response:
    return Response(200, call.shapes.comment(call.repository, *call.comment))


@operation("issues/update-comment", "body")
def _update_comment(call: Call) -> Response:
    thread, comment = call.comment
    check_text("IssueComment", "body", call.body["body"], MAX_BODY_CHARACTERS)
    comment.body, comment.updated_at = call.body["body"], now()
    return Response(200, call.shapes.comment(call.repository, thread, comment))


@operation("issues/delete-comment")
def _delete_comment(call: Call) -> Response:
    thread, comment = call.comment
    thread.comments.remove(comment)
    return Response(204)


@operation("reactions/create-for-issue-comment", "content")
def _react(call: Call) -> Response:
    _, comment = call.comment
    reaction = (call.token.login, call.body["content"])
    is_new = reaction not in comment.reactions
    if is_new:
        comment.reactions.append(reaction)
    return Response(201 if is_new else 200, call.shapes.reaction(*reaction))
