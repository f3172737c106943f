"""``perfgate merge FILE…``: join the parts of a sharded check into one run and give its one verdict."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from perfgate import gate
from perfgate.commands import options, verdict_output
from perfgate.errors import InvalidInput
from perfgate.results import result_file, shards
from perfgate.results.records import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="result files of 'perfgate check --shard'")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the joined result file there")
    options.add_verdict_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Join, judge, report; return the gate's exit code, 3 also where a shard is missing and nothing failed."""
    joined = shards.join([(str(file), _read(file)) for file in arguments.files])
    if arguments.output:
        result_file.save(joined, arguments.output)
    return verdict_output.show(gate.judge(joined, today=datetime.now(UTC).date()), arguments)


def _read(file: Path) -> Run:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error
    return result_file.read(content, source=str(file))
