"""Limits of the records: how long text may be, and which characters it may contain."""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_NAME_CHARACTERS = 2_000
"""Longest benchmark name. Real names have a few hundred characters, because of their parameters."""

MAX_SHORT_NAME_CHARACTERS = 100
"""Longest name of a metric, or of an environment field."""

MAX_TEXT_CHARACTERS = 10_000
"""Longest free text (commit subject, environment field, refusal)."""

MAX_INTEGER = 2**31 - 1
"""Largest whole number that fits into an integer column of every database."""

SAFE_LINE = (
    r"(?i)\A(?:[^<\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]++"
    r"|<(?!/?(?:script|iframe|img|svg)\b))*+\Z"
)
"""Pattern of a name: one line without control characters, without characters that reverse the text around them, and
without markup that loads or runs something. Pages escape names; mail, chat and terminals may not."""

_SHA = r"^[0-9a-f]{7,64}\Z"

_STORABLE = r"\A[^\x00\ud800-\udfff]*+\Z"
"""PostgreSQL cannot store a NUL, and UTF-8 cannot encode a lone surrogate."""

PATTERN_DESCRIPTIONS = {
    SAFE_LINE: "one line without control characters, reversed text, or markup that loads or runs something",
    _STORABLE: "text without NUL characters and lone surrogates",
    _SHA: "7 to 64 hexadecimal digits in lower case",
}
"""Regular expression to the words that an error message uses for it."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=SAFE_LINE)]
ShortName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SHORT_NAME_CHARACTERS, pattern=SAFE_LINE)]
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS, pattern=_STORABLE)]
Sha = Annotated[str, msgspec.Meta(pattern=_SHA)]
Label = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS)]
