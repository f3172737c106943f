"""Write the reference pages from the code: ``python -m docs.generate``, which `make docs` runs.

The pages are committed, so that they can be read on GitHub; `tests/test_docs.py` fails if one differs from the code.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import django
import msgspec

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code: change the code, then run `make docs`. -->"

Row = tuple[str, ...]

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
    from perfgate.policy import alert_rules, language
    from perfgate.policy.rules import all_kinds

    yield "# Policy"
    yield ""
    yield from _docstring(language, code="toml")
    yield "## Kinds of rules"
    yield ""
    for kind in all_kinds():
        yield from _docstring(sys.modules[type(kind).__module__], code="")
        yield from _docstring(type(kind), code="")
    yield "## `[alerts]`"
    yield ""
    yield from _record(alert_rules.AlertRules)


def result_file() -> Iterator[str]:
    """Yield the page of the result file, from its records."""
    from perfgate.results import records
    from perfgate.results import result_file as module

    yield "# Result file"
    yield ""
    yield from _docstring(module, code="")
    for record in (
        records.Run,
        records.Commit,
        records.Environment,
        records.Sample,
        records.Benchmark,
        records.Metric,
        records.Refusal,
        records.Policy,
        records.Shard,
    ):
        yield f"## {record.__name__}"
        yield ""
        yield from _record(record)


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
    yield from _table(
        ("variable", "meaning", "value", "default"),
        (
            (
                f"`{setting.name}`",
                _cell(setting.meaning),
                _cell(setting.type.allowed),
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
                yield _markdown(re.split(r"\n\n(?:Args|Returns|Raises|Source):\n", text)[0])
                yield ""
    for name, serializer in sorted(vars(serializers).items()):
        if isinstance(serializer, type) and serializer.__module__ == serializers.__name__:
            yield f"## {name.removesuffix('Serializer')}"
            yield from _serializer(serializer)


def _serializer(serializer: Any) -> Iterator[str]:
    """Yield the table of a serializer's fields."""
    yield ""
    yield _markdown(inspect.getdoc(serializer) or "")
    yield ""
    yield from _table(
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
        yield _cell(parser.description)
        yield ""
    rows = [
        (_argument(action), _cell(action.help or ""))
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    if rows:
        yield from _table(("argument", "meaning"), rows)
    for below, subparser in _subcommands(parser).items():
        yield from _command(subparser, f"{name} {below}", heading + "#")


def _argument(action: argparse.Action) -> str:
    """Return an argument as it is written."""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`" + (", may be left out" if action.nargs == "?" else ", one or more" * (action.nargs == "+"))
    return f"`{', '.join(action.option_strings)}{'' if action.nargs == 0 else f' {value}'}`"


def _record(record: type[msgspec.Struct]) -> Iterator[str]:
    """Yield the table of a record's fields, with the docstring below each."""
    yield _markdown(inspect.getdoc(record) or "")
    yield ""
    meanings = _field_docstrings(record)
    fields = {field.name: field for field in msgspec.structs.fields(record)}
    information = msgspec.inspect.type_info(record)
    assert isinstance(information, msgspec.inspect.StructType)
    rows = [
        (
            f"`{field.encode_name}`",
            _type(field.type) + (", required" if field.required else ""),
            _default(fields[field.name]),
            _cell(meanings.get(field.name, "")),
        )
        for field in information.fields
    ]
    yield from _table(("field", "type", "default", "meaning"), rows)


def _field_docstrings(record: type) -> dict[str, str]:
    """Return the string below each annotated field of a class."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(node, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    if value is msgspec.NODEFAULT or value in (None, ""):
        return ""
    return f"`{msgspec.json.encode(value).decode()}`"


def _type(information: Any) -> str:
    """Return a type in words, with its bounds."""
    return IN_WORDS[type(information)](information)


def _bounded(kind: str, low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{kind}, {low:,} to {high:,}{unit}"
    if high is not None:
        return f"{kind}, at most {high:,}{unit}"
    return kind


def _union(types: Iterable[Any]) -> str:
    return " or ".join(_type(kind) for kind in types if not isinstance(kind, msgspec.inspect.NoneType))


def _choices(values: Iterable[object]) -> str:
    return "one of " + ", ".join(f"`{value}`" for value in values)


IN_WORDS: dict[type, Callable[[Any], str]] = {
    msgspec.inspect.StrType: lambda kind: _bounded("text", kind.min_length, kind.max_length, " characters"),
    msgspec.inspect.IntType: lambda kind: _bounded("whole number", kind.ge, kind.le, ""),
    msgspec.inspect.FloatType: lambda _: "number",
    msgspec.inspect.BoolType: lambda _: "true or false",
    msgspec.inspect.DateTimeType: lambda _: "date and time",
    msgspec.inspect.DateType: lambda _: "date",
    msgspec.inspect.StructType: lambda kind: f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})",
    msgspec.inspect.EnumType: lambda kind: _choices(member.value for member in kind.cls),
    msgspec.inspect.LiteralType: lambda kind: _choices(kind.values),
    msgspec.inspect.VarTupleType: lambda kind: f"list of {_type(kind.item_type)}",
    msgspec.inspect.DictType: lambda kind: f"object: {_type(kind.key_type)} → {_type(kind.value_type)}",
    msgspec.inspect.UnionType: lambda kind: _union(kind.types),
}
"""msgspec's types in words."""


def _docstring(module: Any, *, code: str) -> Iterator[str]:
    """Yield a module's docstring as Markdown; indented lines become a block of *code*."""
    yield _markdown(inspect.getdoc(module) or "", code=code)
    yield ""


def _markdown(text: str, *, code: str = "") -> str:
    """Return a docstring as Markdown: double backticks are single, indented blocks are fenced."""
    blocks = []
    for block in re.split(r"\n\s*\n(?! {4})", text):
        if re.search(r"^ {4}", block, re.MULTILINE) and not re.match(r"\w+:\n", block):
            head, _, body = block.partition("\n\n") if not block.startswith(" ") else ("", "", block)
            fenced = f"```{code or 'text'}\n{textwrap.dedent(body or head)}\n```"
            blocks += [_cell(head), fenced] if body and head else [fenced]
        else:
            blocks.append(re.sub(r"``", "`", block))
    return "\n\n".join(blocks)


def _cell(text: str) -> str:
    """Return text that fits into one cell of a table."""
    text = re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|").replace("%%", "%").strip()
    return re.sub(r"<(?=\w)", "\\<", text)


def _table(heading: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield "|" + "---|" * len(heading)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def main() -> None:
    """Write every page that differs."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
