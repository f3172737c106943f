"""Markdown for the reference pages: docstrings, tables and their cells."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

Row = tuple[str, ...]


def docstring(module: Any, *, code: str) -> Iterator[str]:
    """Yield a module's docstring as Markdown; indented lines become a block of *code*."""
    yield from_docstring(inspect.getdoc(module) or "", code=code)
    yield ""


def from_docstring(text: str, *, code: str = "") -> str:
    """Return a docstring as Markdown: double backticks are single, indented blocks are fenced."""
    blocks = []
    for block in re.split(r"\n\s*\n(?! {4})", text):
        if re.search(r"^ {4}", block, re.MULTILINE) and not re.match(r"\w+:\n", block):
            head, _, body = block.partition("\n\n") if not block.startswith(" ") else ("", "", block)
            fenced = f"```{code or 'text'}\n{textwrap.dedent(body or head)}\n```"
            blocks += [cell(head), fenced] if body and head else [fenced]
        else:
            blocks.append(re.sub(r"``", "`", block))
    return "\n\n".join(blocks)


def cell(text: str) -> str:
    """Return text that fits into one cell of a table."""
    text = re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|").replace("%%", "%").strip()
    return re.sub(r"<(?=\w)", "\\<", text)


def table(heading: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(heading)} |"
    yield "|" + "---|" * len(heading)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
