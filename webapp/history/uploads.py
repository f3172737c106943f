"""Read the stored upload of a run again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from perfgate.errors import InvalidResult
from perfgate.results import records
from perfgate.results.formats import read_run
from webapp.history.models import Run, Upload


@dataclass(frozen=True)
class OpenedUpload:
    """An upload and the run in it."""

    run: records.Run
    data: bytes
    """The file, byte for byte."""
    name: str
    context: bytes | None


def open_upload(run: Run) -> OpenedUpload:
    """Return the upload of *run*, decompressed and read.

    Raises:
        InvalidResult: It is missing, damaged, or can no longer be read. A retry cannot help.
    """
    upload = Upload.objects.select_related("context").filter(pk=run.pk).first()
    if upload is None:
        raise InvalidResult("the uploaded file is not there", source=str(run))
    try:
        data = zlib.decompress(upload.content)
        context = zlib.decompress(upload.context.content) if upload.context is not None else None
    except zlib.error as error:
        raise InvalidResult(f"the stored file is damaged: {error}", source=upload.name) from error
    return OpenedUpload(read_run(data, name=upload.name, context=context), data, upload.name, context)
