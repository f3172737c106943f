"""Check runs and their annotations."""

from __future__ import annotations

from standin.operations.registry import Call, Refused, Response, operation
from standin.shapes import Json
from standin.state import CheckRun


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
def _create_check_run(call: Call) -> Response:
    slug, sha = _app_slug(call), call.body["head_sha"]
    if sha not in call.repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    if call.body.get("status") == "completed" and "conclusion" not in call.body:
        raise Refused(422, "Invalid request: a completed check run needs a conclusion")
    run = CheckRun(next(call.state.ids), slug, call.body["name"], sha)
    _apply(run, call.body)
    call.repository.check_runs[run.id] = run
    return Response(201, call.shapes.check_run(call.repository, run))


@operation("checks/get")
def _get_check_run(call: Call) -> Response:
    return Response(200, call.shapes.check_run(call.repository, call.check_run))


@operation("checks/update", *CHECK_RUN_FIELDS)
def _update_check_run(call: Call) -> Response:
    run = call.check_run
    if run.app != _app_slug(call):
        raise Refused(403, "A check run can only be modified by the GitHub App that created it.")
    _apply(run, call.body)
    return Response(200, call.shapes.check_run(call.repository, run))


@operation("checks/list-annotations", "per_page", "page")
def _list_annotations(call: Call) -> Response:
    return Response(200, *call.page([call.shapes.annotation(annotation) for annotation in call.check_run.annotations]))


@operation("checks/list-for-ref", "check_name", "filter", "status", "per_page", "page")
def _list_check_runs(call: Call) -> Response:
    sha, name, status = call.path["ref"], call.query.get("check_name"), call.query.get("status")
    if sha not in call.repository.shas:
        raise Refused(422, f"No commit found for SHA: {sha}")
    runs = [
        run
        for run in sorted(call.repository.check_runs.values(), key=lambda run: -run.id)
        if run.head_sha == sha and name in {None, run.name} and status in {None, run.status}
    ]
    if call.query.get("filter", "latest") == "latest":
        runs = list({(run.app, run.name): run for run in reversed(runs)}.values())
    page, headers = call.page([call.shapes.check_run(call.repository, run) for run in runs])
    return Response(200, {"total_count": len(runs), "check_runs": page}, headers)
