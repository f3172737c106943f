"""The constants NaN and Infinity become text, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.errors import InvalidResult
from perfgate.results.formats.json_constants import Number, decode, quote_constants

PIECES = st.sampled_from(["NaN", "Infinity", "-Infinity", '"', "\\", "[", ",", ":", " ", "\n", "x", "é", "-"])
TEXT = st.lists(PIECES, max_size=8).map("".join)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)
ANYTHING = msgspec.json.Decoder(Any)


def spelled(document: str | bytes) -> Any:
    return json.loads(document, parse_constant=lambda constant: constant)


@given(document=DOCUMENTS, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_means_the_same_as_python_json(document: Any, indent: int | None, ascii_only: bool) -> None:
    """Every document that Python's json writes is read with the same meaning, constants spelled as text."""
    written = json.dumps(document, indent=indent, ensure_ascii=ascii_only)

    quoted = quote_constants(written.encode())

    assert spelled(written) == json.loads(quoted)
    assert b"NaN" in quoted or quoted == written.encode() or b"Infinity" in quoted


def test_names_survive() -> None:
    """A benchmark or parameter called NaN keeps its name, whatever quotes and backslashes surround it."""
    document = r'{"NaN": [NaN, "NaN", "\"NaN\", -Infinity", "\\", Infinity, -Infinity, "[NaN]"]}'

    found: object = decode(document.encode(), ANYTHING, source="test")

    assert {"NaN": ["NaN", "NaN", '"NaN", -Infinity', "\\", "Infinity", "-Infinity", "[NaN]"]} == found


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (b"", "$"),
        (b"{NaN", "$"),
        (b"[1, nan]", "$"),
        (b"[1, -NaN]", "$"),
        (b'["\xff"]', "$"),
        (b'["x", [1]]', "$[1]"),
        (b"[1e400]", "$[0]"),
    ],
)
def test_malformed_is_refused(document: bytes, path: str) -> None:
    """What no decoder can read is an InvalidResult that knows the place and the file."""
    with pytest.raises(InvalidResult) as caught:
        decode(document, msgspec.json.Decoder(list[Number]), source="file.json")

    assert (path, "file.json") == (caught.value.path, caught.value.source)
