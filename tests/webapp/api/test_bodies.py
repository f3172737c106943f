"""Tests of `webapp.api.bodies`: request bodies are bounded in size, encoding and number of parts."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from perfgate.results import result_file
from tests.webapp.api.requests import URL, counts, post
from tests.webapp.history.stored import run
from webapp.history import models

pytestmark = pytest.mark.django_db


def test_gzip_bodies(secret: str) -> None:
    """A compressed body is the same upload as a plain one."""
    data = result_file.write(run(1, {"a": 1.0}))
    assert post(secret, gzip.compress(data), **{"Content-Encoding": "gzip"}).status_code == 201
    assert post(secret, data).status_code == 200
    assert zlib.decompress(models.Upload.objects.get().content) == data


def test_a_body_that_is_too_large_is_not_read(project: models.Project, secret: str) -> None:
    """A body of 100 MB is refused by its Content-Length, and the error has the limit."""
    before = counts(project)
    response = post(secret, b" " * (100 * 2**20))
    assert response.status_code == 413
    assert response.json()["error"]["limit"] == 64 * 2**20
    assert counts(project) == before


def test_decompression_stops_at_the_limit(secret: str, settings: Any) -> None:
    """A small compressed body that expands beyond the limit is refused."""
    settings.MAX_UPLOAD_BYTES = 2**20
    response = post(secret, gzip.compress(bytes(50 * 2**20)), **{"Content-Encoding": "gzip"})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("data", "encoding", "status"),
    [
        (b"not gzip", "gzip", 400),
        (gzip.compress(b"{}")[:-4], "gzip", 400),
        (gzip.compress(b"{}") + b"more", "gzip", 400),
        (b"{}", "br", 415),
    ],
    ids=["not packed", "cut", "more behind it", "unknown"],
)
def test_invalid_compression_is_refused(secret: str, data: bytes, encoding: str, status: int) -> None:
    """Invalid gzip data is 400, an unknown encoding 415."""
    response = post(secret, data, **{"Content-Encoding": encoding})
    assert (response.status_code, response.json()["error"]["path"]) == (status, "$")


@pytest.mark.parametrize(
    ("content_type", "data", "status"),
    [
        ("text/plain", b"{}", 415),
        ("multipart/form-data", b"{}", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--', 400),
        ("multipart/form-data; boundary=\xe9", b"{}", 400),
    ],
)
def test_other_content_types_are_refused(secret: str, content_type: str, data: bytes, status: int) -> None:
    """Only a result file and a form with the part ``file`` are accepted."""
    response = Client().post(URL, data, content_type=content_type, headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == status
    assert response.json()["error"]["reason"]


def test_a_form_of_many_parts_is_refused(secret: str) -> None:
    """The number of parts of a form is limited."""
    form = {f"f{index}": SimpleUploadedFile("x", b"x") for index in range(200)}
    response = Client().post(URL, form, headers={"Authorization": f"Bearer {secret}"})
    assert (response.status_code, response.json()["error"]["path"]) == (400, "$")
