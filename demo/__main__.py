"""Measure a history, find the slow commit, judge a pull request, and show what people see.

python -m demo           leaves the server running until Ctrl-C
python -m demo --once    exits after the transcript; the exit code is 0 only if every step succeeded
"""

from __future__ import annotations

import argparse
import re
import signal
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import track

from demo import page, repository
from demo.services import PROJECT, REPOSITORY, Services, start_services, wait_for
from perfgate.cli import raise_on_termination
from standin.state import Comment, Issue

SUITES = ("pytest-benchmark", "asv")
RED = 1
WAIT_SECONDS = 60

out = Console(highlight=False, width=None if Console().is_terminal else 128)


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="exit after the transcript")
    parser.add_argument("--comment", type=Path, metavar="FILE", help="write the comment there as an HTML page")
    arguments = parser.parse_args()
    once = arguments.once
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="perfgate-demo-") as folder, start_services(Path(folder)) as services:
        step(
            f"A server runs at {services.url}, on SQLite, with its worker. A stand-in for GitHub runs at {services.github.url}."
        )
        shas = measure_history(services)
        show_issue(services, shas)
        comment = show_pull_request(services, shas)
        if arguments.comment:
            arguments.comment.write_text(page.render(comment), encoding="utf-8")
        show_pages(services)
        step(f"Every step succeeded, in {time.monotonic() - began:.0f} seconds.")
        if not once:
            out.print("\nThe server runs until you press Ctrl-C.")
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                out.print("stopping")


def step(text: str) -> None:
    """Print the title of a step."""
    out.print(f"\n[bold]●[/] {text}")


def measure_history(services: Services) -> list[str]:
    """Create the project and measure every commit of its main branch with both suites."""
    code = services.folder / PROJECT
    shas = repository.create(code)
    services.manage("create_project", PROJECT, "--repository", REPOSITORY)
    services.environment["PERFGATE_TOKEN"] = services.manage("create_token", PROJECT, "--name", "demo").split()[-1]
    services.github.add_commits(REPOSITORY, *shas)
    step(f"A git project with {len(shas)} commits on main: each is measured with {' and '.join(SUITES)}, and uploaded.")
    began = time.monotonic()
    result = services.folder / "result.json"
    for sha in track(shas, "measuring", console=out, transient=True, disable=not out.is_terminal):
        for suite in SUITES:
            services.perfgate("run", sha, "--repository", str(code), "--suite", suite, "--output", str(result))
            services.perfgate("upload", str(result))
    out.print(f"  {len(shas) * len(SUITES)} runs measured and stored in {time.monotonic() - began:.0f} s.")
    return shas


def show_issue(services: Services, shas: list[str]) -> None:
    """Wait for the issue that names the slow commit, and print it."""
    culprit = shas[[edit[0] for edit in repository.HISTORY].index(repository.SLOW_COMMIT) + 1]

    def named() -> list[Issue]:
        return [issue for issue in services.github.issues(REPOSITORY) if culprit[:10] in issue.title]

    wait_for("the issue about the slow commit", lambda: bool(named()), WAIT_SECONDS)
    time.sleep(1)  # the second suite's series may still join the alert
    (issue,) = named()
    step(
        f"A change was found, and issue #{issue.number} was filed. It names {culprit[:10]}, “{repository.SLOW_COMMIT}”:"
    )
    out.print(Panel(Markdown(visible(issue.body)), title=escape(issue.title), title_align="left", border_style="red"))
    others = [other.title for other in services.github.issues(REPOSITORY) if other is not issue]
    if others:
        out.print(f"  Other load on this machine led to: {escape('; '.join(others))}")


def show_pull_request(services: Services, shas: list[str]) -> Comment:
    """Open a pull request with a slowdown, judge it, and print its comment and check run; return the comment."""
    code = services.folder / PROJECT
    head = repository.git(code, "rev-parse", repository.BRANCH)
    title = repository.PULL_REQUEST[0]
    number = services.github.open_pull_request(
        REPOSITORY, title=title, head_sha=head, base_sha=shas[-1], head_ref=repository.BRANCH
    )
    step(f"Pull request #{number}, “{title}”: base and head are measured side by side, alternately on one CPU.")
    result = services.folder / "pull-request.json"
    arguments = ("--repository", str(code), "--suite", "pytest-benchmark", "--pull-request", str(number))
    checked = services.perfgate("check", "main", head, *arguments, "--output", str(result), allowed=(0, RED, 3))
    out.print(Padding(checked.stdout.rstrip(), (0, 2)), markup=False)
    if checked.returncode != RED:
        raise SystemExit(f"the gate should be red, it returned {checked.returncode}")
    services.perfgate("upload", str(result))
    wait_for("the comment", lambda: bool(services.github.comments(REPOSITORY, number)), WAIT_SECONDS)
    wait_for(
        "the check run",
        lambda: any(run.conclusion == "failure" for run in services.github.check_runs(REPOSITORY, head)),
        WAIT_SECONDS,
    )
    (comment,) = services.github.comments(REPOSITORY, number)
    (check,) = services.github.check_runs(REPOSITORY, head)
    step(f"The bot wrote one comment on pull request #{number}:")
    out.print(
        Panel(Markdown(visible(comment.body)), title=escape(comment.author), title_align="left", border_style="red")
    )
    step(f"The check run “{check.name}” on {head[:10]}: [bold red]{check.conclusion}[/] — {escape(check.title or '')}")
    return comment


def visible(markdown: str) -> str:
    """Return Markdown without comments and folding, which a terminal cannot show."""
    without_comments = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    summaries = re.sub(r"<summary>(.*?)</summary>", r"▸ \1", without_comments)
    return re.sub(r"</?(?:details|sub)>", "", summaries)


def show_pages(services: Services) -> None:
    """Print the address and the HTTP status of each page."""
    step("The pages:")
    for name, path in (
        ("what needs attention", "/"),
        ("the project", f"/projects/{PROJECT}/"),
        ("its alerts", f"/projects/{PROJECT}/alerts/"),
        ("the alert", "/alerts/1/"),
        ("one benchmark", "/series/1/"),
        ("one run", "/runs/1/"),
    ):
        status = services.answers(path)
        out.print(f"  {name:21} {services.url}{path}  {status}")


if __name__ == "__main__":
    try:
        # SIGTERM becomes an exception: what was started is stopped on the way out.
        with raise_on_termination():
            main()
    except KeyboardInterrupt:
        out.print("stopping")
        raise SystemExit(128 + signal.SIGINT) from None
