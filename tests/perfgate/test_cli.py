"""The command line: exit codes, errors in one line, signals, and no waiting for what is not used."""

import os
import signal
import subprocess
import sys

import pytest

from perfgate.cli import COMMANDS, main, parser, raise_on_termination
from tests.paths import DATA

RESULT = DATA / "pytest-benchmark/5.3.1-with-data.json"
ENVIRONMENT = {**os.environ, "PERFGATE_TOKEN": "token"}


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """`perfgate COMMAND --help` works for every command that `perfgate --help` lists."""
    for command in COMMANDS:
        with pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert 0 == end.value.code
        assert f"perfgate {command}" in capsys.readouterr().out


def test_the_whole_parser_knows_the_arguments_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`parser()` declares the arguments of all subcommands, so that a documented command line can be checked."""
    whole = parser()

    assert "x.json" == str(whole.parse_args(["run", "--output", "x.json"]).output)
    assert 8 == whole.parse_args(["check", "main", "--pull-request", "8"]).pull_request
    with pytest.raises(SystemExit):
        whole.parse_args(["run", "--outputt", "x.json"])
    assert "unrecognized arguments: --outputt" in capsys.readouterr().err


def test_an_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing mistake ends with 2, the code for errors."""
    with pytest.raises(SystemExit) as end:
        main(["chekc"])

    assert 2 == end.value.code
    assert "invalid choice" in capsys.readouterr().err


def test_a_bad_file_is_one_line_and_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    """An error names the file; nobody is shown a traceback."""
    assert 2 == main(["changes", "no/such/file.csv"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "no/such/file.csv" in line


HEAVY = ("django", "github3", "numpy", "rich", "scipy")
LOADED = f"""
import contextlib, sys
from perfgate.cli import main
with contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print("loaded", *sorted(set({HEAVY}) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], []),
        (["--version"], []),
        (["upload", "nothing.json", "--server", "http://127.0.0.1:1"], ["rich"]),
        (["compare", str(RESULT), str(RESULT)], ["rich"]),
        (["changes", str(RESULT)], ["numpy", "rich"]),
    ],
    ids=lambda value: value[0] if value else "",
)
def test_a_command_loads_what_it_needs(arguments: list[str], loaded: list[str]) -> None:
    """No command waits for a heavy module that it does not use."""
    command = [sys.executable, "-c", LOADED, *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout

    assert ["loaded", *loaded] == printed.splitlines()[-1].split()


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`perfgate … | head -1` leaves no traceback behind."""
    command = f"{sys.executable} -m perfgate --help | head -1; {sys.executable} -m perfgate changes /dev/stdin | true"
    done = subprocess.run(["bash", "-c", command], input="value\n1\n", capture_output=True, text=True, check=False)

    assert "Traceback" not in done.stderr


def test_sigterm_becomes_an_exception() -> None:
    """Every finally on the way out runs; the former handler returns afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    cleaned: list[bool] = []

    def wait() -> None:
        with raise_on_termination():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                signal.pause()
            finally:
                cleaned.append(True)

    with pytest.raises(SystemExit) as leaving:
        wait()

    assert 128 + signal.SIGTERM == leaving.value.code
    assert cleaned
    assert before is signal.getsignal(signal.SIGTERM)


def test_ctrl_c_reaches_the_caller_of_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test or a program that calls `main` is itself ended by Ctrl-C; only the console script turns it into 130."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("perfgate.commands.upload.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main(["upload", "x.json"])


def test_main_leaves_signal_handlers_alone() -> None:
    """The caller of `main` decides what a signal does."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    main(["changes", "no/such/file.csv"])

    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
