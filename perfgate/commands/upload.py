"""``perfgate upload``: send result files to a perfgate server."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from rich.text import Text

from perfgate import client
from perfgate.errors import InvalidInput, PerfgateError
from perfgate.formatting import plain
from perfgate.report import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="result files of any known format")
    parser.add_argument(
        "--server", default=os.environ.get("PERFGATE_SERVER", ""), help="address of the server (else $PERFGATE_SERVER)"
    )
    parser.add_argument("--json", action="store_true", help="print the server's responses as JSON, one line per file")


def run(arguments: argparse.Namespace) -> int:
    """Upload each file; return 0 if the server stored all of them, else 2."""
    token = os.environ.get("PERFGATE_TOKEN", "")
    if not arguments.server or not token:
        missing = "--server or $PERFGATE_SERVER" if not arguments.server else "$PERFGATE_TOKEN"
        raise InvalidInput(f"{missing} is not set: an upload needs a server and a token (manage.py create_token)")
    failed = 0
    for file in arguments.files:
        try:
            answer = client.upload(arguments.server, token, _content(file), name=file.name)
        except PerfgateError as error:
            failed += 1
            answer = {"error": {"reason": str(error), "retry": error.can_retry}}
        _show(file, answer, as_json=arguments.json)
    return 2 if failed else 0


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error


def _show(file: Path, answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"file": str(file), **answer}))
        return
    out = terminal.console()
    if "error" in answer:
        out.print(Text(f"refused {plain(str(file))}: {plain(answer['error']['reason'], 1_000)}", style="red"))
        return
    counts = ", ".join(f"{count} {state}" for state, count in answer["stored"].items())
    word = "stored" if answer["created"] else "already there"
    out.print(f"{word}: run {answer['run']} ({counts}) {answer['url']}")
    for refusal in answer["refused"]:
        out.print(f"  refused {plain(refusal['where'])}: {plain(refusal['reason'])}")
