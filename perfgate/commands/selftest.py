"""``perfgate selftest --repo OWNER/NAME``: try once everything that perfgate does on GitHub, and say what is missing."""

from __future__ import annotations

import argparse
import json
import os

from rich.text import Text

from perfgate.ci.selftest import Selftest, SelftestStep
from perfgate.commands.exit_codes import ERROR, PASS
from perfgate.errors import InvalidInput
from perfgate.formatting import plain
from perfgate.github import Repository
from perfgate.report import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; the token comes from the environment, where no list of processes shows it."""
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME", help="a repository to write to")
    parser.add_argument(
        "--api-url",
        default=os.environ.get("PERFGATE_GITHUB_API_URL", "https://api.github.com"),
        metavar="URL",
        help="root of the API: GitHub Enterprise, or a stand-in",
    )
    parser.add_argument(
        "--login",
        default=os.environ.get("PERFGATE_GITHUB_LOGIN", ""),
        help="account that the token writes as, where it may not ask for that: slug[bot] for an App",
    )
    parser.add_argument(
        "--server", default=os.environ.get("PERFGATE_SERVER", ""), metavar="URL", help="a perfgate server to try, too"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Try every step and print it; return 0 if nothing is missing, else 2."""
    token = os.environ.get("PERFGATE_GITHUB_TOKEN") or os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise InvalidInput("$PERFGATE_GITHUB_TOKEN is not set: set it to the token that perfgate uses")
    selftest = Selftest(None if arguments.json else _print)
    with Repository(arguments.repo, token, api_url=arguments.api_url, author=arguments.login) as repository:
        selftest.try_repository(repository)
    if arguments.server:
        selftest.try_server(arguments.server, arguments.repo)
    failures, count = selftest.failures, len(selftest.steps)
    if arguments.json:
        steps = [{"step": step.name, "good": step.is_good, "said": step.details} for step in selftest.steps]
        print(json.dumps({"missing": failures, "steps": steps}))
    else:
        print(f"\n{f'{failures} of {count} steps do not work yet.' if failures else 'Nothing is missing.'}")
    return ERROR if failures else PASS


def _print(step: SelftestStep) -> None:
    out = terminal.console()
    out.print(Text(f"{'ok     ' if step.is_good else 'MISSING'} {step.name}", style="" if step.is_good else "red"))
    if step.details:
        out.print(Text(f"        {plain(step.details, 600)}", style="dim"))
