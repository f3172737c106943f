"""Workflows: requests for runs, the runs and their artifacts."""

from __future__ import annotations

import json

from standin.operations.registry import Call, Refused, Response, found, operation
from standin.state import Dispatch


@operation("actions/create-workflow-dispatch", "ref", "inputs")
def _dispatch_workflow(call: Call) -> Response:
    workflow, inputs = call.path["workflow_id"], call.body.get("inputs", {})
    declared = found(call.repository.workflows.get(workflow))
    if unexpected := sorted(set(inputs) - declared):
        raise Refused(422, f"Unexpected inputs provided: {json.dumps(unexpected)}")
    if not all(isinstance(value, str) for value in inputs.values()):
        raise Refused(422, "Invalid value for input")
    call.repository.dispatches.append(Dispatch(workflow, call.body["ref"], dict(inputs)))
    return Response(204)


@operation("actions/get-workflow-run")
def _get_workflow_run(call: Call) -> Response:
    run = found(call.repository.workflow_runs.get(int(call.path["run_id"])))
    return Response(200, call.shapes.workflow_run(call.repository, run))


@operation("actions/list-workflow-run-artifacts", "per_page", "page")
def _list_artifacts(call: Call) -> Response:
    repository = call.repository
    run = found(repository.workflow_runs.get(int(call.path["run_id"])))
    listed = [
        call.shapes.artifact(repository, number, name, len(repository.artifacts[number]))
        for name, number in run.artifacts.items()
    ]
    page, headers = call.page(listed)
    return Response(200, {"total_count": len(listed), "artifacts": page}, headers)


@operation("actions/download-artifact")
def _download_artifact(call: Call) -> Response:
    number = int(call.path["artifact_id"])
    found(call.repository.artifacts.get(number))
    # GitHub redirects to a file on another host, valid for a minute.
    place = f"{call.url.partition('/repos/')[0]}/_storage/{call.repository.full_name}/{number}"
    return Response(302, None, {"Location": place})
