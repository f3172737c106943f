"""Write the reference pages from the code: ``python -m docs.generate``, which `make docs` runs.

The pages are committed, so that they can be read on GitHub; `tests/test_docs.py` fails if one differs from the code.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import django
import msgspec

from docs import markdown
from docs.records import record_table

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code: change the code, then run `make docs`. -->"


SERIALIZED = {
    "Char": "text",
    "Slug": "text",
    "Choice": "text",
    "Integer": "whole number",
    "BigInteger": "whole number",
    "Boolean": "true or false",
    "DateTime": "date and time",
    "PrimaryKeyRelated": "id",
    "SerializerMethod": "object",
}
"""Words for the fields of REST framework."""


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "command-line.md": command_line,
        "policy.md": policy,
        "result-file.md": result_file,
        "verdict.md": verdict,
        "settings.md": settings,
        "api.md": api,
    }
    return {name: _page("\n".join(maker())) for name, maker in makers.items()}


def _page(text: str) -> str:
    return NOTE + "\n\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def command_line() -> Iterator[str]:
    """Yield the page of the command line, from the parser itself."""
    from perfgate import cli

    whole = cli.parser()
    yield "# Command line"
    yield ""
    yield str(whole.description)
    yield ""
    yield f"{str(whole.epilog).capitalize()}."
    for name, parser in _subcommands(whole).items():
        yield from _command(parser, f"perfgate {name}", "##")


def policy() -> Iterator[str]:
    """Yield the page of perfgate.toml, from the module that reads it."""
    from perfgate.policy import alert_rules, language, suite_table
    from perfgate.policy.rules import all_kinds

    yield "# Policy"
    yield ""
    yield from markdown.docstring(language, code="toml")
    yield "## Kinds of rules"
    yield ""
    for kind in all_kinds():
        yield from markdown.docstring(sys.modules[type(kind).__module__], code="")
        yield from markdown.docstring(type(kind), code="")
    yield "## `[alerts]`"
    yield ""
    yield from record_table(alert_rules.AlertRules)
    yield ""
    yield "## `[suite]`"
    yield ""
    yield from record_table(suite_table.SuiteTable)


def result_file() -> Iterator[str]:
    """Yield the page of the result file, from its records."""
    from perfgate.results import records
    from perfgate.results import result_file as module

    yield "# Result file"
    yield ""
    yield from markdown.docstring(module, code="")
    yield from _records(
        records.Run,
        records.Commit,
        records.Environment,
        records.Sample,
        records.Benchmark,
        records.Metric,
        records.Refusal,
        records.Policy,
        records.Shard,
    )


def verdict() -> Iterator[str]:
    """Yield the page of the verdict's JSON, from its records."""
    from perfgate.gate import document, pairing
    from perfgate.gate import verdict as module
    from perfgate.policy import findings, waivers
    from perfgate.results.records import Commit

    yield "# Verdict as JSON"
    yield ""
    yield (
        f"`perfgate check --json` prints a [Verdict](#verdict) with the additional field `version`, which is {document.VERSION}."
        " The server stores the same document; it upgrades older ones when it reads them. Fields with their default are left out."
    )
    yield ""
    yield from _records(
        module.Verdict,
        module.Row,
        findings.Finding,
        findings.Limit,
        waivers.Waiver,
        pairing.NotJudged,
        module.FalseAlarms,
        Commit,
    )


def _records(*records: type[msgspec.Struct]) -> Iterator[str]:
    for record in records:
        yield f"## {record.__name__}"
        yield ""
        yield from record_table(record)


def settings() -> Iterator[str]:
    """Yield the page of the server's settings, from the list that reads them."""
    from webapp import environment

    yield "# Settings of the server"
    yield ""
    yield (
        "The server reads its settings from environment variables. A value that is not allowed, and a variable with the"
        f" prefix `{environment.PREFIX}` that does not exist, stop the server with an error. An empty value counts as not set."
    )
    yield ""
    yield from markdown.table(
        ("variable", "meaning", "value", "default"),
        (
            (
                f"`{setting.name}`",
                markdown.cell(setting.meaning),
                markdown.cell(setting.type.allowed),
                setting.default_meaning or f"`{setting.default}`",
            )
            for setting in environment.SETTINGS
        ),
    )


def api() -> Iterator[str]:
    """Yield the page of the HTTP API, from its URLs, views and serializers."""
    from django.urls import get_resolver

    from webapp.api import serializers

    yield "# HTTP API"
    yield ""
    yield 'Errors have the form `{"error": {"reason": …, "path": …}}`. Lists come in pages: `?page=2&size=500`.'
    yield ""
    for path, view in _addresses(get_resolver().url_patterns, "/"):
        for method, handler in _methods(view) if view.__module__.startswith("webapp.api") else ():
            yield f"## `{method} {path}`"
            yield ""
            for text in dict.fromkeys(inspect.getdoc(part) or "" for part in (view, handler)):
                yield markdown.from_docstring(re.split(r"\n\n(?:Args|Returns|Raises|Source):\n", text)[0])
                yield ""
    for name, serializer in sorted(vars(serializers).items()):
        if isinstance(serializer, type) and serializer.__module__ == serializers.__name__:
            yield f"## {name.removesuffix('Serializer')}"
            yield from _serializer(serializer)


def _serializer(serializer: Any) -> Iterator[str]:
    """Yield the table of a serializer's fields."""
    yield ""
    yield markdown.from_docstring(inspect.getdoc(serializer) or "")
    yield ""
    yield from markdown.table(
        ("field", "type"), [(f"`{field}`", _serialized(kind)) for field, kind in serializer().get_fields().items()]
    )


def _methods(view: Any) -> list[tuple[str, Any]]:
    """Return the HTTP methods of a view with their handlers."""
    if isinstance(view, type):
        names = ("get", "post", "put", "patch", "delete")
        return [(name.upper(), getattr(view, name)) for name in names if hasattr(view, name)]
    inner = inspect.unwrap(view, stop=lambda part: "request_method_list" in inspect.getclosurevars(part).nonlocals)
    allowed = inspect.getclosurevars(inner).nonlocals.get("request_method_list", ["GET"])
    return [(method, view) for method in allowed if method != "HEAD"]


def _serialized(field: Any) -> str:
    """Return the type of a serializer's field in words."""
    name = re.sub(r"(Serializer|Field)$", "", type(field).__name__)
    return SERIALIZED.get(name, name)


def _addresses(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield every path below *prefix* with its view class or function."""
    for pattern in patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from _addresses(pattern.url_patterns, path)
        else:
            yield path, getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", pattern.callback))


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return found


def _command(parser: argparse.ArgumentParser, name: str, heading: str) -> Iterator[str]:
    """Yield the section of one subcommand and of those below it."""
    yield ""
    yield f"{heading} `{name}`"
    yield ""
    if parser.description:
        yield markdown.cell(parser.description)
        yield ""
    rows = [
        (_argument(action), markdown.cell(action.help or ""))
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    if rows:
        yield from markdown.table(("argument", "meaning"), rows)
    for below, subparser in _subcommands(parser).items():
        yield from _command(subparser, f"{name} {below}", heading + "#")


def _argument(action: argparse.Action) -> str:
    """Return an argument as it is written."""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`" + (", may be left out" if action.nargs == "?" else ", one or more" * (action.nargs == "+"))
    return f"`{', '.join(action.option_strings)}{'' if action.nargs == 0 else f' {value}'}`"


def main() -> None:
    """Write every page that differs."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
