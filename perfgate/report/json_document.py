"""The verdict as JSON."""

from __future__ import annotations

import msgspec

from perfgate.gate import Verdict, to_document


def json_text(verdict: Verdict) -> str:
    """Return the verdict's document as one line of JSON, every number in full."""
    return msgspec.json.encode(to_document(verdict)).decode()
