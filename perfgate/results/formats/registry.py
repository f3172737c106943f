"""All formats: the packages in ``perfgate/results/formats/``, found by listing that folder."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable
from functools import cache

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats.interface import Format
from perfgate.results.formats.json_constants import decode
from perfgate.results.formats.untrusted_text import shortened

_ANY_JSON = msgspec.json.Decoder(msgspec.Raw)


@cache
def all_formats() -> tuple[Format, ...]:
    """Return every format, in the order in which they are asked whether they recognize a file.

    A format is a package in this folder with an instance of `Format` called ``FORMAT``.
    """
    folders = sys.modules[__package__].__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folders) if module.ispkg)
    formats: list[Format] = [importlib.import_module(f"{__package__}.{name}").FORMAT for name in names]
    return tuple(sorted(formats, key=lambda candidate: candidate.searches_whole_file))


def recognize(data: bytes, formats: Iterable[Format] | None = None) -> Format | None:
    """Return the format of a file, None if no format recognizes it.

    Args:
        data: The whole file.
        formats: The formats to ask; None: all.
    """
    asked = all_formats() if formats is None else formats
    return next((candidate for candidate in asked if candidate.recognizes(data)), None)


def explain_unrecognized(data: bytes) -> str:
    """Return why no format recognizes *data*, as a sentence for the person who handed it over."""
    titles = sorted(known.title for known in all_formats())
    names = f"{', '.join(titles[:-1])} or {titles[-1]}"
    try:
        decode(data, _ANY_JSON, source="")
    except InvalidResult as error:
        return shortened(f"not JSON: {error.reason}; and not recognized as a result of {names}")
    return f"JSON, but no result of {names}: use a result file of one of these"
