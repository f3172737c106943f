"""Tables of msgspec records: field, type, default, and the docstring below the field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from docs import markdown


def record_table(record: type[msgspec.Struct]) -> Iterator[str]:
    """Yield the table of a record's fields, with the docstring below each."""
    yield markdown.from_docstring(inspect.getdoc(record) or "")
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
            markdown.cell(meanings.get(field.name, "")),
        )
        for field in information.fields
    ]
    yield from markdown.table(("field", "type", "default", "meaning"), rows)


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
