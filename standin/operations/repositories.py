"""Repositories, their files and commits, statuses, and the user behind a token."""

from __future__ import annotations

from standin.operations.registry import MAX_STATUS_CHARACTERS, Call, Refused, Response, found, operation
from standin.state import Status


@operation("users/get-authenticated")
def _get_authenticated(call: Call) -> Response:
    if call.token.is_app:
        raise Refused(403, "Resource not accessible by integration")
    return Response(200, call.shapes.own_user(call.token.login))


@operation("repos/get")
def _get_repository(call: Call) -> Response:
    return Response(200, call.shapes.repository(call.repository))


@operation("repos/get-commit")
def _get_commit(call: Call) -> Response:
    line, ref = call.repository.line, call.path["ref"]
    newest = line[-1:] if ref == call.repository.default_branch else [commit for commit in line if commit.sha == ref]
    if not newest:
        raise Refused(422, f"No commit found for SHA: {ref}")
    return Response(200, call.shapes.commit(call.repository, newest[0]))


@operation("repos/get-content", "ref")
def _get_content(call: Call) -> Response:
    ref = call.query.get("ref", call.repository.default_branch)
    path = call.path["path"]
    return Response(200, call.shapes.file(path, found(call.repository.files.get((ref, path)))))


@operation("repos/compare-commits-with-basehead", "per_page", "page")
def _compare(call: Call) -> Response:
    line = call.repository.line
    places = {commit.sha: place for place, commit in enumerate(line)}
    base, _, head = call.path["basehead"].partition("...")
    start, end = found(places.get(base)), found(places.get(head))
    page, headers = call.page([call.shapes.commit(call.repository, commit) for commit in line[start + 1 : end + 1]])
    whole = call.shapes.comparison(call.repository, line[start], ahead=max(end - start, 0), behind=max(start - end, 0))
    return Response(200, {**whole, "commits": page}, headers)


@operation("repos/get-collaborator-permission-level")
def _get_permission(call: Call) -> Response:
    login = call.path["username"]
    return Response(200, call.shapes.permission(login, call.repository.permissions.get(login, "read")))


@operation("repos/create-commit-status", "state", "target_url", "description", "context")
def _create_status(call: Call) -> Response:
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
    return Response(201, call.shapes.status(status, call.token.login))
