"""The reporting job: show the verdict on the run's page and on the pull request, or upload the results to a server.

This job holds the permission to write and runs none of the code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perfgate import client, gate
from perfgate.ci import artifacts
from perfgate.ci.jobs import Job, JobKind
from perfgate.errors import PerfgateError, PermissionDenied
from perfgate.formatting import plain
from perfgate.gate import Outcome, Verdict
from perfgate.github import Repository
from perfgate.report.headline import CONCLUSIONS, headline, is_worth_a_comment, worst
from perfgate.report.markdown import CommentContext, combined
from perfgate.results import result_file
from perfgate.results.records import Commit, Run

CHECK_NAME = "perfgate"

AUTHOR = "github-actions[bot]"
"""Account that a workflow's own token writes as."""

NO_RESULT = "The measuring job left no result: see its log."


@dataclass(frozen=True)
class Report:
    """What a reporting job showed."""

    verdicts: tuple[Verdict, ...]
    """One a suite; empty where no two revisions were compared."""

    def exit_code(self, *, strict: bool) -> int:
        """Return the gate's exit code: a broken budget wins over a missing answer, and that over a pass."""
        codes = {gate.exit_code(verdict, strict=strict) for verdict in self.verdicts}
        return next((code for code in (1, 3) if code in codes), 0)


def report(
    job: Job, *, results: Path, server: str, variables: Mapping[str, str], tell: Callable[[str], None]
) -> Report:
    """Show what was measured wherever this job may.

    Args:
        job: What the event is about.
        results: Folder of result files.
        server: Address of a perfgate server to upload to, which then comments; empty: there is none.
        variables: The process's environment, which holds the credentials for *server*.
        tell: Receives each line for the job's log.

    Raises:
        InvalidInput: A result file is refused, or there are no credentials for *server*.
        PermissionDenied, Rejected, Unavailable: The server did not take an upload, or GitHub does not answer.
    """
    if job.kind is JobKind.CANARY:
        tell("Nothing to report: the measuring job itself fails if the gate does not find the planted slowdown.")
        return Report(verdicts=())
    runs = artifacts.read_runs(results, job)
    verdicts = _verdicts(runs, job)
    text = _markdown(verdicts, runs)
    if job.summary is not None:
        with job.summary.open("a", encoding="utf-8") as file:
            file.write(text)
    tell(headline(worst(verdicts)) if verdicts else text.strip())
    uploads = bool(server) and not job.is_fork
    if uploads:
        _upload(runs, server, variables, tell)
    if verdicts and not _is_shown_elsewhere(job, uploads=uploads):
        _show(verdicts, text, job, tell)
    return Report(verdicts=tuple(verdicts))


def _is_shown_elsewhere(job: Job, *, uploads: bool) -> bool:
    """Return whether the server shows the verdict: on pull requests, and on the alert that a range belongs to."""
    return job.kind is JobKind.RANGE or (uploads and job.kind is JobKind.PULL_REQUEST)


def _verdicts(runs: Sequence[Run], job: Job) -> list[Verdict]:
    """Judge what was measured side by side; if a verdict is expected and nothing was measured, it is inconclusive."""
    if not runs and job.kind is not JobKind.PUSH:
        nothing = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            suite="",
            head=Commit(sha=job.head) if len(job.head) >= 40 else Commit(sha="0" * 40),
            notes=(NO_RESULT,),
            pull_request=job.pull_request,
        )
        return [nothing]
    today = datetime.now(UTC).date()
    return [gate.judge(run, today=today) for run in runs if run.baseline is not None or job.pull_request]


def _markdown(verdicts: Sequence[Verdict], runs: Sequence[Run]) -> str:
    """Return the verdicts as Markdown; without any, how many benchmarks were measured."""
    if verdicts:
        return combined([(verdict, CommentContext()) for verdict in verdicts])
    lines = [f"- {len(run.samples)} benchmarks at `{run.commit.sha[:10]}`" for run in runs]
    return "### perfgate: measured\n\n" + "\n".join(lines or [f"- {NO_RESULT}"]) + "\n"


def _upload(runs: Sequence[Run], server: str, variables: Mapping[str, str], tell: Callable[[str], None]) -> None:
    for run in runs:
        # The identity of a workflow is valid for one upload only.
        token = client.credentials(server, variables)
        stored = client.upload(server, token, result_file.write(run), name=artifacts.file_name(run.suite))
        tell(f"{'stored' if stored['created'] else 'already there'}: {stored['url']}")


def _show(verdicts: Sequence[Verdict], text: str, job: Job, tell: Callable[[str], None]) -> None:
    """Write comment and check run; a missing permission is logged, since the job itself shows the verdict."""
    if not job.token:
        tell("No comment and no check run: give the step GITHUB_TOKEN.")
        return
    decisive = worst(verdicts)
    with Repository(job.repository, job.token, api_url=job.api_url, author=AUTHOR) as repository:
        if job.pull_request is not None:
            _comment(repository, job.pull_request, verdicts, text, job, tell)
        try:
            repository.upsert_check_run(
                job.head,
                CHECK_NAME,
                f"{CHECK_NAME}:{job.repository}:{job.head}",
                status="completed",
                conclusion=CONCLUSIONS[decisive.outcome],
                title=headline(decisive),
                summary=text,
                details_url=job.url,
            )
        except PermissionDenied as error:
            tell(_denied("check run", "checks: write", job, error))


def _comment(
    repository: Repository,
    number: int,
    verdicts: Sequence[Verdict],
    text: str,
    job: Job,
    tell: Callable[[str], None],
) -> None:
    """Write or update the comment on a pull request, if there is something to say."""
    marker = f"perfgate:pull:{job.repository}"
    is_first = any(artifacts.FIRST_NOTE in verdict.notes for verdict in verdicts)
    try:
        if repository.pull_request(number).head_sha != job.head:
            tell(f"No comment: pull request {number} has moved on from {job.head[:10]}.")
        elif is_first or is_worth_a_comment(verdicts) or repository.has_comment(number, marker):
            repository.upsert_comment(number, marker, text)
        else:
            tell("No comment: everything passed, and nothing changed.")
    except PermissionDenied as error:
        tell(_denied("comment", "pull-requests: write", job, error))


def _denied(what: str, permission: str, job: Job, error: PerfgateError) -> str:
    reason = (
        "the pull request comes from a fork, where a workflow may only read; a server can comment there"
        if job.is_fork
        else f"give the job 'permissions: {permission}' ({error})"
    )
    return f"No {what}: {plain(reason, 500)}."
