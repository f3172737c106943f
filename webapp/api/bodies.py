"""Request bodies of uploads, read and decompressed within limits.

``Content-Length`` is checked before the body is read. A compressed body is decompressed up to the limit only, so that
a small body cannot expand without bound.
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
    """413: larger than the configured limit."""

    status_code = 413

    def __init__(self) -> None:
        self.limit = settings.MAX_UPLOAD_BYTES
        super().__init__(
            f"larger than {settings.MAX_UPLOAD_BYTES:,} bytes: leave raw measurements out, or split the suite"
        )


class UploadedBody(NamedTuple):
    """An uploaded file."""

    data: bytes
    name: str = ""
    context: bytes | None = None


class FileParser(BaseParser):
    """Parses a raw result file, plain or compressed with gzip."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return an `UploadedBody` with the file."""
        encoding = parser_context["request"].META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        return UploadedBody(_decompressed(stream.read(settings.MAX_UPLOAD_BYTES + 1), encoding))


class FilesParser(MultiPartParser):
    """Parses a form with the part ``file`` and, if its format needs another file, the part ``context``."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return an `UploadedBody` with the files."""
        if parser_context["request"].META.get("HTTP_CONTENT_ENCODING"):
            raise UnsupportedMediaType(media_type or "", "a form cannot be compressed: remove Content-Encoding")
        try:
            files = super().parse(stream, media_type, parser_context).files
        except SuspiciousOperation as error:
            raise ParseError(f"not a valid form: {error}") from error
        file, context = files.get("file"), files.get("context")
        if not isinstance(file, UploadedFile):
            raise ParseError("a form needs the part 'file', and may have the part 'context'")
        return UploadedBody(file.read(), file.name or "", context.read() if isinstance(context, UploadedFile) else None)


def check_length(request: Request) -> None:
    """Check the announced length of the body.

    Raises:
        TooLarge: It is larger than the limit.
        ParseError: The body is empty or the header is invalid.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise ParseError("Content-Length is not a number") from error
    if length > settings.MAX_UPLOAD_BYTES:
        raise TooLarge
    if length <= 0:
        raise ParseError("the body is empty: send the file, with its Content-Length")


def _decompressed(compressed: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        return compressed
    if encoding != "gzip":
        raise UnsupportedMediaType(encoding, f"unsupported Content-Encoding {encoding!r}: use gzip")
    decompressor = zlib.decompressobj(GZIP)
    try:
        data = decompressor.decompress(compressed, settings.MAX_UPLOAD_BYTES + 1)
    except zlib.error as error:
        raise ParseError(f"invalid gzip data: {error}") from error
    if len(data) > settings.MAX_UPLOAD_BYTES:
        raise TooLarge
    if not decompressor.eof or decompressor.unused_data:
        raise ParseError("invalid gzip data: it is truncated, or followed by other data")
    return data
