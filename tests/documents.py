"""The commands that our documents show, found in fenced blocks and in inline code."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.management import CommandError, get_commands, load_command_class

from perfgate import cli
from tests.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHELLS = {"", "console", "sh", "bash", "yaml"}
"""Languages of blocks that show commands."""


@dataclass(frozen=True)
class Shown:
    """One command line in a document."""

    text: str
    words: tuple[str, ...]
    """The command and its arguments, without prompt, environment variables and comment."""
    is_whole: bool
    """Whether somebody could run it; inline code may leave arguments out."""


class WrongUsage(Exception):
    """A parser does not accept a command."""


def commands(document: Path) -> Iterator[Shown]:
    """Yield the command lines of a document that call something of ours."""
    content = document.read_text(encoding="utf-8")
    for _, language, block in _FENCE.findall(content):
        if language not in _SHELLS:
            continue
        prompts = re.findall(r"^ *\$ (.*)$", block, re.MULTILINE)
        # With a prompt, every other line is output; in a workflow, commands stand behind `run:`.
        lines = prompts or [re.sub(r"^\s*(?:- )?run: ", "", line) for line in block.splitlines()]
        for line in lines:
            yield from _split(line, is_whole=True)
    for code in _INLINE.findall(_FENCE.sub("", content)):
        yield from _split(code, is_whole=False)


def options(document: Path) -> set[str]:
    """Return the long options that a document names in inline code without a command before them."""
    content = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return {
        word.partition("=")[0]
        for code in _INLINE.findall(content)
        if code.startswith("--")
        for word in code.split()
        if word.startswith("--")
    }


def check(shown: Shown) -> None:
    """Parse a command with the parser of what it calls.

    Raises:
        WrongUsage: The parser refuses it.
    """
    program, arguments = shown.words[0], list(shown.words[1:])
    if program == "make":
        if unknown := {word for word in arguments if "=" not in word} - make_targets():
            raise WrongUsage(f"the Makefile has no {unknown}: {shown.text}")
    elif program == "manage.py":
        name = arguments.pop(0)
        if name not in get_commands():
            raise WrongUsage(f"manage.py has no {name}: {shown.text}")
        _parse(_manage_parser(name), arguments, shown)
    elif arguments:
        name = arguments.pop(0)
        if name not in _subparsers(perfgate_parser()):
            raise WrongUsage(f"perfgate has no {name}: {shown.text}")
        _parse(_subparsers(perfgate_parser())[name], arguments, shown)


def known_options() -> set[str]:
    """Return every long option of `perfgate` and of our own ``manage.py`` commands."""
    parsers = [*_subparsers(perfgate_parser()).values()]
    parsers += [_manage_parser(name) for name, app in get_commands().items() if str(app).startswith("webapp")]
    return set().union(*map(_options, parsers))


@cache
def perfgate_parser() -> argparse.ArgumentParser:
    """Return the real parser of the command line."""
    return cli.parser()


@cache
def make_targets() -> frozenset[str]:
    """Return the targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _manage_parser(name: str) -> argparse.ArgumentParser:
    command = load_command_class(get_commands()[name], name)
    return command.create_parser("manage.py", name)


def _split(line: str, *, is_whole: bool) -> Iterator[Shown]:
    """Yield our commands of one line, which may join several."""
    line = re.sub(r"\$\{\{[^}]*\}\}", "1", line.strip())
    start = r"(?:^|[ &|;])" if is_whole else r"^(?:\w+=\S+ )*(?:python )?"
    if not re.compile(rf"{start}(?:perfgate|make|manage\.py)(?: |$)").search(line):
        return
    for part in re.split(r"&&|\|\|?|;", line):
        words = list(itertools.dropwhile(_is_before_the_command, shlex.split(part, comments=True)))
        if words[:1] in (["perfgate"], ["make"], ["manage.py"]):
            yield Shown(line, tuple(words), is_whole)


def _is_before_the_command(word: str) -> bool:
    return word == "python" or re.fullmatch(r"\w+=.*", word) is not None


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Return the options of a parser and of the subcommands below it."""
    own = {option for action in parser._actions for option in action.option_strings}
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return own.union(*(_options(choice) for action in below for choice in action.choices.values()))


def _parse(parser: argparse.ArgumentParser, arguments: list[str], shown: Shown) -> None:
    options = {word.partition("=")[0] for word in arguments if word.startswith("--") and word != "--"}
    if unknown := options - _options(parser):  # argparse takes abbreviations, documents must not
        raise WrongUsage(f"{shown.text}: there is no {', '.join(sorted(unknown))}")
    complaint = io.StringIO()
    with contextlib.redirect_stderr(complaint):
        try:
            parser.parse_args(arguments)
        except (SystemExit, CommandError) as refusal:
            error = f"{complaint.getvalue()}{refusal}"
            if shown.is_whole or not re.search(r"required: |expected .*argument", error):
                raise WrongUsage(f"{shown.text}: {error}") from refusal
