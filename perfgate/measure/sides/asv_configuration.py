"""Read asv's configuration file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


def read_configuration(path: Path) -> dict[str, Any]:
    """Return the settings of an asv configuration file; comments and trailing commas are allowed in it.

    Raises:
        MeasurementFailed: The file is not a JSON object.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    plain = _TRAILING_COMMA.sub(lambda match: match[1] or "", _COMMENT.sub(lambda match: match[1] or " ", text))
    try:
        settings = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise MeasurementFailed(f"{path.name} is not the JSON that asv reads: {error}") from error
    if not isinstance(settings, dict):
        raise MeasurementFailed(f"{path.name} must contain a JSON object, not {type(settings).__name__}")
    return settings
