"""Request bodies of uploads: read within bounds, unpacked within bounds, nothing trusted.

The length is checked before a byte is read, so that an upload that is too large costs nothing; a packed body is
unpacked only as far as the limit, so that a small one cannot become a large one.
"""

from __future__ import annotations

import zlib
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

GZIP = 31
"""zlib's window size for gzip."""


class TooLarge(APIException):
    """413: more bytes than the server takes."""

    status_code = 413

    def __init__(self) -> None:
        self.limit = settings.MAX_UPLOAD_BYTES
        super().__init__(
            f"larger than {settings.MAX_UPLOAD_BYTES:,} bytes: leave raw measurements out, or split the suite"
        )


class Body(NamedTuple):
    """What was uploaded."""

    data: bytes
    name: str = ""
    context: bytes | None = None


class FileParser(BaseParser):
    """Takes a result file as it is, packed with gzip or not."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return a `Body` with the file."""
        encoding = parser_context["request"].META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        return Body(_unpacked(stream.read(settings.MAX_UPLOAD_BYTES + 1), encoding))


class FilesParser(MultiPartParser):
    """Takes a form with the parts ``file`` and, for asv, ``context`` (its ``benchmarks.json``)."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return a `Body` with the files."""
        if parser_context["request"].META.get("HTTP_CONTENT_ENCODING"):
            raise UnsupportedMediaType(media_type or "", "a form cannot be packed: leave Content-Encoding out")
        try:
            files = super().parse(stream, media_type, parser_context).files
        except SuspiciousOperation as error:
            raise ParseError(f"not a form of few parts: {error}") from error
        file, context = files.get("file"), files.get("context")
        if not isinstance(file, UploadedFile):
            raise ParseError("a form needs the part 'file', and may have the part 'context'")
        return Body(file.read(), file.name or "", context.read() if isinstance(context, UploadedFile) else None)


def check_length(request: Request) -> None:
    """Refuse a body by the length that it announces.

    Raises:
        TooLarge: It is larger than the server takes.
        ParseError: There is none.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise ParseError("Content-Length is no number") from error
    if length > settings.MAX_UPLOAD_BYTES:
        raise TooLarge
    if length <= 0:
        raise ParseError("the body is empty: send the file, with its Content-Length")


def _unpacked(packed: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        return packed
    if encoding != "gzip":
        raise UnsupportedMediaType(encoding, f"Content-Encoding {encoding!r} is not known: use gzip")
    unpacker = zlib.decompressobj(GZIP)
    try:
        data = unpacker.decompress(packed, settings.MAX_UPLOAD_BYTES + 1)
    except zlib.error as error:
        raise ParseError(f"not packed with gzip: {error}") from error
    if len(data) > settings.MAX_UPLOAD_BYTES:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise ParseError("not packed with gzip: the end is missing, or something follows it")
    return data
