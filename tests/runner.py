"""A GitHub Actions runner with the features that our workflows need: it executes the jobs and steps of a workflow file.

GitHub's own library evaluates expressions, ``bash --noprofile --norc -eo pipefail`` runs scripts, and composite actions are
executed step by step. Actions of others that only move files (checkout, cache, artifacts) are implemented here.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import node

ROOT = Path(__file__).parents[1]
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(always|success|failure|cancelled)\(\)")
_OWN = re.compile(
    r"^(GITHUB_|RUNNER_|PERFGATE_|ACTIONS_|INPUT_|COV_|PYTEST_|DJANGO_)|^(VIRTUAL_ENV|PYTHONPATH|ImageOS)$"
)


@dataclass
class JobResult:
    """The result of a job."""

    result: str
    """success, failure or skipped."""
    log: str = ""
    summary: str = ""


@dataclass
class Runner:
    """A machine that runs every job.

    Args:
        folder: Working folder; artifacts stay there from job to job.
        origin: The repository that is checked out.
        action: Folder of ``perfgate/perfgate``.
        github: Values of the context ``github`` that do not change.
        variables: Environment variables of the machine.
    """

    folder: Path
    origin: Path
    action: Path
    github: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    environment: str = "github-hosted"
    _count: int = 0

    def workflow(
        self, text: str, event_name: str, event: dict[str, Any], *, sha: str, ref: str
    ) -> dict[str, JobResult]:
        """Run all jobs of a workflow for one event, each after those that it needs; of a matrix, only the first combination."""
        done: dict[str, JobResult] = {}
        github = {**self.github, "event_name": event_name, "event": event, "sha": sha, "ref": ref}
        for name, job in yaml.safe_load(text)["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            contexts = {
                "github": github,
                "needs": {need: {"result": done[need].result} for need in needs},
                "inputs": event.get("inputs", {}),
                "vars": {},
                "secrets": {},
                "matrix": {key: values[0] for key, values in job.get("strategy", {}).get("matrix", {}).items()},
                "strategy": {"job-index": 0},
            }
            failed = any(done[need].result != "success" for need in needs)
            if not holds(job.get("if"), contexts, failed=failed):
                done[name] = JobResult("skipped")
                continue
            done[name] = self._job(job, contexts)
        return done

    def _job(self, job: dict[str, Any], contexts: dict[str, Any]) -> JobResult:
        self._count += 1
        home = self.folder / f"job-{self._count}"
        temp, workspace = home / "temp", home / "workspace"
        for folder in (temp, workspace):
            folder.mkdir(parents=True)
        (home / "event.json").write_text(json.dumps(contexts["github"]["event"]))
        (home / "summary.md").touch()
        runner = {"temp": str(temp), "os": "Linux", "arch": "X64", "environment": self.environment}
        contexts = {**contexts, "runner": runner, "github": {**contexts["github"], "workspace": str(workspace)}}
        done = JobResult("success")
        self._steps(job["steps"], contexts, home, done, self._variables(home, contexts))
        done.summary = (home / "summary.md").read_text()
        return done

    def _steps(
        self,
        steps: list[dict[str, Any]],
        contexts: dict[str, Any],
        home: Path,
        done: JobResult,
        variables: dict[str, str],
    ) -> None:
        for step in steps:
            if not holds(step.get("if"), contexts, failed=done.result == "failure"):
                continue
            given = {key: self._filled(str(value), contexts) for key, value in step.get("with", {}).items()}
            if "uses" in step:
                self._use(step["uses"].partition("@")[0], given, contexts, home, done, variables)
                continue
            own = {key: self._filled(str(value), contexts) for key, value in step.get("env", {}).items()}
            script = home / "script.sh"
            script.write_text(self._filled(step["run"], contexts))
            shell: list[str | Path] = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            ran = subprocess.run(
                shell, cwd=home / "workspace", env={**variables, **own}, capture_output=True, text=True, check=False
            )
            done.log += f"$ {step.get('name', '')}\n{ran.stdout}{ran.stderr}"
            if ran.returncode:
                done.result = "failure"
                done.log += f"exit code {ran.returncode}\n"

    def _use(
        self,
        action: str,
        given: dict[str, str],
        contexts: dict[str, Any],
        home: Path,
        done: JobResult,
        variables: dict[str, str],
    ) -> None:
        artifacts = self.folder / "artifacts"
        if action == "actions/checkout":
            self._check_out(
                given.get("ref") or contexts["github"]["ref"], contexts["github"]["sha"], home / "workspace"
            )
        elif action == "actions/upload-artifact":
            if Path(given["path"]).is_dir():
                shutil.rmtree(artifacts / given["name"], ignore_errors=True)
                shutil.copytree(given["path"], artifacts / given["name"])
            else:
                done.result = "failure"
        elif action == "actions/download-artifact":
            Path(given["path"]).mkdir(parents=True, exist_ok=True)
            for folder in sorted(artifacts.glob("*")):
                if fnmatch.fnmatch(folder.name, given["pattern"]):
                    shutil.copytree(folder, Path(given["path"]) / folder.name)
        elif action in {"perfgate/perfgate", "./"}:
            document = yaml.safe_load((self.action / "action.yml").read_text())
            inputs = {
                name: given.get(name, declared.get("default", "")) for name, declared in document["inputs"].items()
            }
            assert not set(given) - set(inputs), f"the action has no input {set(given) - set(inputs)}"
            inner = {**variables, "GITHUB_ACTION_PATH": str(self.action)}
            self._steps(document["runs"]["steps"], {**contexts, "inputs": inputs}, home, done, inner)
        else:
            assert action == "actions/cache", action

    def _check_out(self, ref: str, sha: str, workspace: Path) -> None:
        for command in (["init", "-q"], ["fetch", "-q", self.origin, "+refs/*:refs/remotes/all/*", ref]):
            subprocess.run(["git", *command], cwd=workspace, check=True, capture_output=True)
        subprocess.run(["git", "checkout", "-q", "FETCH_HEAD"], cwd=workspace, check=False)
        subprocess.run(["git", "checkout", "-q", sha], cwd=workspace, check=True)

    def _variables(self, home: Path, contexts: dict[str, Any]) -> dict[str, str]:
        github = contexts["github"]
        kept = {name: value for name, value in os.environ.items() if not _OWN.search(name)}
        return {
            **kept,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_EVENT_PATH": str(home / "event.json"),
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_RUN_ID": "17",
            "GITHUB_API_URL": github["api_url"],
            "GITHUB_WORKFLOW_REF": f"{github['repository']}/.github/workflows/perfgate.yml@{github['ref']}",
            "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
            "GITHUB_WORKSPACE": str(home / "workspace"),
            "RUNNER_TEMP": str(home / "temp"),
            "RUNNER_ENVIRONMENT": self.environment,
            "RUNNER_NAME": "runner-1",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "ImageOS": "ubuntu24",
            "PERFGATE_CACHE_DIR": str(self.folder / "cache"),
            **self.variables,
        }

    def _filled(self, text: str, contexts: dict[str, Any]) -> str:
        expressions = _EXPRESSION.findall(text)
        if not expressions:
            return text
        values = iter(_evaluate(expressions, contexts, "success"))
        return _EXPRESSION.sub(lambda _: next(values)["text"], text)


def holds(condition: object, contexts: dict[str, Any], *, failed: bool = False) -> bool:
    """Return whether a condition lets a job or step run; if it does not mention the status, only if nothing has failed."""
    text = str(condition if condition is not None else "success()")
    text = _EXPRESSION.sub(r"\1", text)
    if not _STATUS.search(text):
        text = f"success() && ({text})"
    (found,) = _evaluate([text], contexts, "failure" if failed else "success")
    return bool(found["truth"])


def _evaluate(texts: list[str], contexts: dict[str, Any], status: str) -> list[dict[str, Any]]:
    asked = [{"text": text.strip(), "contexts": contexts, "status": status} for text in texts]
    found: list[dict[str, Any]] = json.loads(node.node(node.HERE / "expressions.mjs", stdin=asked))
    return found


def copy_of_the_action(folder: Path) -> Path:
    """Copy the files of this repository, which GitHub downloads for ``uses:``, into a folder and return it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source, target = ROOT / name, folder / name
        if source.is_file() and not name.startswith(("tests/", "docs/")):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder
