"""Texts as GitHub accepts them: within its limits, and with the marker by which they are found again."""

from __future__ import annotations

import re

from perfgate.errors import InvalidInput

MAX_CHARACTERS = 60_000
"""Longest body that is sent. GitHub refuses comments and issues above 65,536 and summaries above 65,535."""

MAX_TITLE_CHARACTERS = 255
"""Longest title that is sent; GitHub refuses issues above 256."""

MAX_STATUS_CHARACTERS = 140
"""Longest description of a commit status; GitHub refuses more."""

CUT_NOTE = "\n\n*Cut here: the text is longer than GitHub shows.*\n"


def marker_line(marker: str) -> str:
    """Return the HTML comment that hides *marker* in the first line of a text.

    Raises:
        InvalidInput: The marker has characters that would end an HTML comment.
    """
    if not re.fullmatch(r"[\w.:/-]+", marker, re.ASCII):
        raise InvalidInput(f"{marker!r} is not a marker: use letters, digits and . : / - _ only")
    return f"<!-- {marker} -->"


def marked(marker: str, markdown: str) -> str:
    """Return *markdown* below the line of its marker, shortened to `MAX_CHARACTERS`."""
    return shortened(f"{marker_line(marker)}\n{markdown}")


def shortened(markdown: str) -> str:
    """Return *markdown*, cut with a note at `MAX_CHARACTERS`."""
    if len(markdown) <= MAX_CHARACTERS:
        return markdown
    start = markdown[: MAX_CHARACTERS - len(CUT_NOTE)]
    # At the end of a line where there is one nearby, so that no table row is split.
    line_end = start.rfind("\n", len(start) // 2)
    return (start[:line_end] if line_end > 0 else start) + CUT_NOTE


def one_line(text: str, most: int = MAX_TITLE_CHARACTERS) -> str:
    """Return *text* on one line of at most *most* characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def is_same(stored: str | None, wanted: str) -> bool:
    """Return whether GitHub stores the *wanted* text; it may change line ends and trim."""
    return (stored or "").replace("\r\n", "\n").strip() == wanted.replace("\r\n", "\n").strip()
