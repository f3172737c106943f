"""GitHub Apps and their installation tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from standin.operations.registry import Call, Refused, Response, operation
from standin.state import App, Token


@operation("apps/get-authenticated")
def _get_app(call: Call) -> Response:
    return Response(200, call.shapes.app(_app(call)))


@operation("apps/get-repo-installation")
def _get_installation(call: Call) -> Response:
    return Response(200, call.shapes.installation(_app(call), call.repository))


@operation("apps/create-installation-access-token", "repositories", "permissions")
def _create_installation_token(call: Call) -> Response:
    app = _app(call)
    if int(call.path["installation_id"]) != app.id + 1:
        raise Refused(404, "Not Found")
    names = call.body.get("repositories", [])
    repositories = call.state.repositories.values()
    chosen = [repository.full_name for repository in repositories if repository.full_name.partition("/")[2] in names]
    if len(chosen) != len(names):
        raise Refused(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    secret = f"ghs_{next(call.state.ids)}"
    permissions = call.body.get("permissions", {})
    may_write = frozenset(name for name, level in permissions.items() if level == "write") if permissions else None
    call.state.tokens[secret] = Token(f"{app.slug}[bot]", repository=chosen[0] if chosen else "", permissions=may_write)
    return Response(201, {"token": secret, "expires_at": _in_an_hour(), "permissions": permissions})


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _app(call: Call) -> App:
    if call.state.app is None or call.token.login != f"app {call.state.app.id}":
        raise Refused(401, "A JSON web token could not be decoded")
    return call.state.app
