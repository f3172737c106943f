"""A realistic history leads to exactly the alerts that a careful person would file, whatever happens to the workers."""

from __future__ import annotations

import io
import json
import random
import signal
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from perfgate import client
from standin import StandIn
from tests.webapp.lab import NAME, Lab
from tests.webapp.scripted import COMMITS, DRIFTING, DUMP, FIX, STEP, Script
from tests.webapp.serving import Server, wait_for
from webapp.alerts.models import Alert
from webapp.history.models import Run
from webapp.publishing import publisher
from webapp.publishing.models import Publication
from webapp.worker import processing, tasks


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Script:
    return Script(tmp_path_factory.mktemp("scripted") / "repository")


def dumped() -> Any:
    told = io.StringIO()
    with redirect_stdout(told):
        exec(DUMP, {})  # the same program that asks a server
    return json.loads(told.getvalue().removeprefix("DUMP "))


def play(lab: Lab, script: Script, numbers: Iterable[int], after_each: Callable[[], None]) -> None:
    for number in numbers:
        lab.store(script.runs[number])
        after_each()


def test_a_careful_person_would_file_the_same(lab: Lab, github: StandIn, script: Script) -> None:
    """One alert for the slow commit, with an issue after enough points, closed by its fix; one for the drift; nothing else."""
    github.add_commits(NAME, *script.shas)
    told: list[tuple[int, int]] = []

    def process() -> None:
        lab.work()
        told.append((len(github.issues(NAME)), sum(issue.state == "open" for issue in github.issues(NAME))))

    play(lab, script, range(COMMITS), process)

    assert script.expected() == dumped()
    slow, drift = github.issues(NAME)
    assert script.shas[STEP][:10] in slow.title
    assert 8 == slow.body.count("| `bench.time_0")
    assert [1] == [comment.body.count(f"The level returned with {script.shas[FIX]}") for comment in slow.comments]
    assert f"`{script.label(DRIFTING)}`" in drift.body
    assert "drifted away" in drift.body
    assert [(0, 0)] * (STEP + 4) == told[: STEP + 4]
    assert (1, 1) == told[FIX]
    assert 2 == Publication.objects.filter(kind="alert").count()


def test_every_task_run_twice_changes_nothing(lab: Lab, github: StandIn, script: Script) -> None:
    """Tasks may run twice: called again for all runs and publications, they change nothing."""
    github.add_commits(NAME, *script.shas)

    def work_twice() -> None:
        for _ in range(2):
            for number in Run.objects.order_by("-pk").values_list("pk", flat=True)[:2]:
                tasks.process_run(number)
            for number in publisher.due().values_list("pk", flat=True):
                tasks.publish(number)
                tasks.publish(number)

    play(lab, script, range(COMMITS), work_twice)
    before = [(issue.title, issue.body, issue.state, len(issue.comments)) for issue in github.issues(NAME)]
    Run.objects.update(processed_at=None)
    processing.process_backlog(lab.project, wait_for_imports=False)
    lab.work()

    assert script.expected() == dumped()
    assert before == [(issue.title, issue.body, issue.state, len(issue.comments)) for issue in github.issues(NAME)]
    assert ["closed", "open"] == [issue.state for issue in github.issues(NAME)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_arrival_does_not_matter(lab: Lab, github: StandIn, script: Script, seed: int) -> None:
    """Runs that arrive newest first, or in any order, lead to the same change points and the same alerts."""
    github.add_commits(NAME, *script.shas)
    numbers = list(range(COMMITS))[::-1]
    if seed > 1:
        random.Random(seed).shuffle(numbers)

    play(lab, script, numbers, lab.work)

    assert script.expected() == dumped()
    assert all(alert.events.filter(action="opened").count() == 1 for alert in Alert.objects.all())


def test_a_server_that_is_killed_again_and_again_ends_with_the_same(tmp_path: Path, script: Script) -> None:
    """After SIGKILL during the work, three times, every upload is processed in the end, and each issue is filed once."""
    with StandIn() as github:
        github.add_repository(NAME)
        github.add_token("app", "perfgate[bot]")
        github.add_commits(NAME, *script.shas)
        known = {
            "PERFGATE_GITHUB_TOKEN": "app",
            "PERFGATE_GITHUB_LOGIN": "perfgate[bot]",
            "PERFGATE_GITHUB_API_URL": github.url,
        }
        token, sent = "", 0
        for until in (STEP + 3, FIX, FIX + 4, COMMITS):
            with Server(tmp_path, **known) as server:
                if not token:
                    server.manage("create_project", "hello", "--repository", NAME)
                    token = server.manage("create_token", "hello", "--name", "CI")
                for number in range(sent, until):
                    client.upload(server.url, token, script.uploads[number], name="result.json")
                sent = until
                if until == FIX:  # an alert that is fixed before it is confirmed gets no issue
                    wait_for(lambda: len(github.issues(NAME)) == 1, "the issue about the slow commit")
                if until < COMMITS:
                    server.stop(signal.SIGKILL)
                    continue
                wait_for(lambda: script.expected() == shown(server), "the history to be read")
                wait_for(lambda: len(github.issues(NAME)) == 2, "the issue about the drift")
                wait_for(lambda: github.issues(NAME)[0].state == "closed", "the first to be closed")
        assert [1, 0] == [len(issue.comments) for issue in github.issues(NAME)]


def shown(server: Server) -> Any:
    told = server.manage("shell", "--no-imports", "-c", DUMP)
    (line,) = [line for line in told.splitlines() if line.startswith("DUMP ")]
    return json.loads(line.removeprefix("DUMP "))
