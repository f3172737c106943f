"""``perfgate ci measure`` and ``perfgate ci report``: what the two jobs of a workflow on GitHub Actions do.

``measure`` runs the code under test and therefore holds nothing but the permission to read. ``report`` holds the
permission to write and runs none of that code: it reads result files, believes of them only what the event says too,
and shows the verdict as summary, comment and check run, or hands the files to a server that does.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from perfgate import client, gate, git
from perfgate.ci import jobs
from perfgate.ci.jobs import Job, Kind
from perfgate.commands import check
from perfgate.commands import run as record
from perfgate.errors import InvalidInput, PerfgateError, PermissionDenied
from perfgate.formatting import plain
from perfgate.gate import Outcome, Verdict
from perfgate.github import Repository
from perfgate.report import wording
from perfgate.results import result_file, shards
from perfgate.results.records import Commit, Run

RESULTS = Path("perfgate-results")
"""Folder that the first job leaves to the second."""

MAX_FILES, MAX_FILE_BYTES = 64, 64 * 1024 * 1024
"""Of one report; the files may be a stranger's."""

CHECK_NAME = "perfgate"

AUTHOR = "github-actions[bot]"
"""Whom a workflow's own token writes as."""

FIRST_NOTE = "This is the first verdict here: the base has no perfgate workflow yet."
"""Remark on the pull request that sets perfgate up: it gets a comment, whatever the verdict."""

NOTHING = "The measuring job left no result: see its log."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two steps and their arguments."""
    steps = parser.add_subparsers(metavar="STEP", required=True, dest="step")
    measure = steps.add_parser("measure", help="measure what the event asks for, into a folder of result files")
    measure.add_argument("--suite", default="", help="asv, pytest-benchmark or a path, where there is more than one")
    measure.add_argument("--select", default="", metavar="GLOB", help="only benchmarks whose name matches")
    measure.add_argument("--install", default="auto", metavar="HOW", help="as 'perfgate check' takes it")
    measure.add_argument("--environment", default="", metavar="NAME", help="name under which this machine is followed")
    measure.add_argument("--time-budget", default="", metavar="TIME", help="measure no longer than this (90s, 10m)")
    show = steps.add_parser("report", help="show the verdict on the run's page and on the pull request")
    show.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks had no answer")
    show.add_argument("--server", default=os.environ.get("PERFGATE_SERVER", ""), help="upload there; it comments then")
    for step in (measure, show):
        step.add_argument(
            "--results", type=Path, default=RESULTS, metavar="DIR", help=f"folder of result files ({RESULTS})"
        )


def run(arguments: argparse.Namespace) -> int:
    """Do one of the steps; return the gate's exit code for a report, 0 for what was measured."""
    job = jobs.read(os.environ)
    return _measure(arguments, job) if arguments.step == "measure" else _report(arguments, job)


def _measure(arguments: argparse.Namespace, job: Job) -> int:
    """Measure what the job is for; a verdict is no failure of this job."""
    arguments.results.mkdir(parents=True, exist_ok=True)
    if job.suite and arguments.suite and job.suite != arguments.suite:
        print(f"Nothing to do: {plain(job.suite)} was asked for, not {plain(arguments.suite)}.")
        return 0
    suite = job.suite or arguments.suite
    select = job.select or arguments.select
    options = [
        *([f"--suite={suite}"] if suite else []),
        *([f"--select={select}"] if select else []),
        f"--install={arguments.install}",
        f"--environment={arguments.environment or _environment(job, os.environ)}",
    ]
    if job.kind is Kind.CANARY:
        return check.run(_parsed(check.add_arguments, ["HEAD", "--canary", *options]))
    output = arguments.results / f"{_file_name(suite)}.json"
    root = git.root(Path())
    if job.kind is Kind.RANGE:
        # A fork's commit is in no branch; whoever asked for this has the right to write, and asked for exactly these.
        for sha in (job.base, job.head):
            git.fetch_missing(root, sha)
    base = _base(root, job)
    if not base:
        return record.run(_parsed(record.add_arguments, [job.head, *options, f"--output={output}"]))
    is_first = job.kind is Kind.PULL_REQUEST and bool(job.workflow) and not _has(root, base, job.workflow)
    # A newcomer's change is the workflow alone, which no benchmark reaches: gated all the same, it shows what can be seen.
    options += ["--gate-all"] if is_first else []
    options += [f"--time-budget={arguments.time_budget}"] if arguments.time_budget else []
    options += [f"--pull-request={job.pull_request}"] if job.pull_request else []
    code = check.run(_parsed(check.add_arguments, [base, job.head, *options, f"--output={output}"]))
    if is_first:
        measured = result_file.read(output.read_bytes(), source=str(output))
        result_file.save(msgspec.structs.replace(measured, notes=(*measured.notes, FIRST_NOTE)), output)
    return 0 if code in {0, 1, 3} else code


def _parsed(declare: Callable[[argparse.ArgumentParser], None], values: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perfgate ci measure")
    declare(parser)
    return parser.parse_args(values)


def _environment(job: Job, variables: Mapping[str, str]) -> str:
    """Return the name of a runner of one's own, else that of GitHub's image: host names there are new every time."""
    image = variables.get("ImageOS") or variables.get("RUNNER_OS", "unknown")
    return job.runner or f"github-{image}-{variables.get('RUNNER_ARCH', 'unknown')}"


def _file_name(suite: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in suite)[:80] or "suite"


def _base(root: Path, job: Job) -> str:
    """Return what the head is measured beside; empty: nothing, one commit alone is recorded."""
    if job.kind in {Kind.PULL_REQUEST, Kind.MERGE_GROUP} or job.pull_request:
        return git.merge_base(root, job.base, job.head)
    if job.kind is Kind.RELEASE:
        return git.tag_before(root, job.tag)
    return job.base


def _has(root: Path, sha: str, path: str) -> bool:
    return bool(git.run(root, "ls-tree", "--name-only", sha, "--", path).strip())


def _report(arguments: argparse.Namespace, job: Job) -> int:
    """Show the verdict wherever this job may, and return the gate's exit code."""
    if job.kind is Kind.CANARY:
        print("Nothing to report: the measuring job fails if the gate did not go red.")
        return 0
    runs = list(_runs(arguments.results, job))
    verdicts = _verdicts(runs, job)
    text = wording.together([(verdict, wording.Around()) for verdict in verdicts]) if verdicts else _recorded(runs)
    if job.summary is not None:
        with job.summary.open("a", encoding="utf-8") as file:
            file.write(text)
    print(wording.headline(wording.worst(verdicts)) if verdicts else text.strip())
    if arguments.server and not job.is_fork:
        _upload(arguments, runs)
    # A server speaks of pull requests; queues of merges and releases are this job's alone.
    is_told = bool(arguments.server) and not job.is_fork and job.kind is Kind.PULL_REQUEST
    if verdicts and not is_told and job.kind is not Kind.RANGE:
        _show(verdicts, text, job)
    return max((gate.exit_code(verdict, strict=arguments.strict) for verdict in verdicts), key=_gravity, default=0)


def _gravity(code: int) -> int:
    """Order exit codes: a broken budget is worse than no answer."""
    return {0: 0, 3: 1, 1: 2}[code]


def _runs(folder: Path, job: Job) -> Iterator[Run]:
    """Yield what was measured, sharded suites joined.

    Raises:
        InvalidInput: A file is too large, is none of ours, or is about something else than this job.
    """
    files = sorted(path for path in folder.rglob("*.json") if path.is_file() and not path.is_symlink())
    if len(files) > MAX_FILES:
        raise InvalidInput(f"{folder} holds {len(files)} result files, at most {MAX_FILES} are reported together")
    parts: dict[tuple[str, str], list[tuple[str, Run]]] = {}
    for file in files:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInput(f"{file.name} has {file.stat().st_size:,} bytes, at most {MAX_FILE_BYTES:,} are read")
        read = result_file.read(file.read_bytes(), source=file.name)
        _require_same(read, job, file.name)
        if read.shards:
            parts.setdefault((read.suite, read.commit.sha), []).append((file.name, read))
        else:
            yield read
    for each in parts.values():
        yield shards.join(each)


def _require_same(read: Run, job: Job, name: str) -> None:
    """Refuse a result of another commit or pull request than the event's: the code under test may have written it."""
    expected = job.head if len(job.head) >= 40 else ""
    if expected and read.commit.sha != expected:
        raise InvalidInput(f"{name} is about commit {plain(read.commit.sha)}, this job about {expected}: it is refused")
    if read.pull_request != job.pull_request:
        theirs, ours = read.pull_request or "none", job.pull_request or "none"
        raise InvalidInput(f"{name} is about pull request {theirs}, this job about {ours}: it is refused")


def _verdicts(runs: Sequence[Run], job: Job) -> list[Verdict]:
    """Judge what was measured side by side; where a verdict is owed and nothing was measured, say that."""
    today = datetime.now(UTC).date()
    found = [gate.judge(each, today=today) for each in runs if each.baseline is not None or job.pull_request]
    if not runs and job.kind is not Kind.PUSH:
        nothing = Verdict(
            outcome=Outcome.INCONCLUSIVE,
            suite="",
            head=Commit(sha=job.head) if len(job.head) >= 40 else Commit(sha="0" * 40),
            notes=(NOTHING,),
            pull_request=job.pull_request,
        )
        return [nothing]
    return found


def _recorded(runs: Sequence[Run]) -> str:
    lines = [f"- {len(each.samples)} benchmarks at `{each.commit.sha[:10]}`" for each in runs]
    return "### perfgate: measured\n\n" + "\n".join(lines or [f"- {NOTHING}"]) + "\n"


def _show(verdicts: Sequence[Verdict], text: str, job: Job) -> None:
    """Write comment and check run; where the token may not, say so and go on: the job itself is red or green."""
    if not job.token:
        print("No comment and no check run: give the step GITHUB_TOKEN.")
        return
    decides = wording.worst(verdicts)
    with Repository(job.repository, job.token, api_url=job.api_url, author=AUTHOR) as repository:
        if job.pull_request is not None:
            _comment(repository, verdicts, text, job)
        try:
            repository.upsert_check_run(
                job.head,
                CHECK_NAME,
                f"{CHECK_NAME}:{job.repository}:{job.head}",
                status="completed",
                conclusion=wording.CONCLUSIONS[decides.outcome],
                title=wording.headline(decides),
                summary=text,
                details_url=job.url,
            )
        except PermissionDenied as error:
            _may_not("check run", "checks: write", job, error)


def _comment(repository: Repository, verdicts: Sequence[Verdict], text: str, job: Job) -> None:
    assert job.pull_request is not None
    marker = f"perfgate:pull:{job.repository}"
    is_first = any(FIRST_NOTE in each.notes for each in verdicts)
    try:
        if repository.pull_request(job.pull_request).head_sha != job.head:
            print(f"No comment: pull request {job.pull_request} has moved on from {job.head[:10]}.")
        elif is_first or wording.is_worth_a_comment(verdicts) or repository.has_comment(job.pull_request, marker):
            repository.upsert_comment(job.pull_request, marker, text)
        else:
            print("No comment: everything passed, and nothing changed.")
    except PermissionDenied as error:
        _may_not("comment", "pull-requests: write", job, error)


def _may_not(what: str, permission: str, job: Job, error: PerfgateError) -> None:
    why = (
        "the pull request comes from a fork, where a workflow may only read; a server can comment there"
        if job.is_fork
        else f"give the job 'permissions: {permission}' ({error})"
    )
    print(f"No {what}: {plain(why, 500)}.")


def _upload(arguments: argparse.Namespace, runs: Sequence[Run]) -> None:
    """Hand what was measured to the server, which then comments and keeps it."""
    for each in runs:
        # A workflow's identity is good for one upload.
        token = client.credentials(arguments.server, os.environ)
        answer = client.upload(arguments.server, token, result_file.write(each), name=f"{_file_name(each.suite)}.json")
        print(f"{'stored' if answer['created'] else 'already there'}: {answer['url']}")
