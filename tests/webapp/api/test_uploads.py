"""Tests of `webapp.api.uploads`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from perfgate.results import result_file
from tests.webapp.api.requests import URL, counts, post
from tests.webapp.history.stored import run
from webapp.history import models, series

pytestmark = pytest.mark.django_db

SHA = "0123456789abcdef0123456789abcdef01234567"


def own(**more: Any) -> dict[str, Any]:
    """Return perfgate's own result file as plain data, to be spoilt."""
    document: dict[str, Any] = json.loads(result_file.write(run(1, {"a": 1.0})))
    document["run"].update(more)
    return document


def asv(**more: Any) -> dict[str, Any]:
    """Return an asv result file as plain data."""
    columns = ["result", "params", "version"]
    return {
        "commit_hash": SHA,
        "date": 1_700_000_000_000,
        "params": {"machine": "m1"},
        "python": "3.12",
        "result_columns": columns,
        "results": {"bench.time_a": [[1.5], [], "v1"], "bench.time_b": [None, [], "v1"]},
        "version": 2,
        **more,
    }


def pytest_file(**more: Any) -> dict[str, Any]:
    """Return a pytest-benchmark file as plain data."""
    return {
        "machine_info": {"node": "m1", "system": "Linux"},
        "commit_info": {"id": SHA, "time": "2026-01-01T00:00:00+00:00", "branch": "main"},
        "benchmarks": [{"fullname": "test_a.py::test_x", "stats": {"median": 0.5}}],
        "datetime": "2026-01-01T00:00:00+00:00",
        "version": "5.3.1",
        **more,
    }


def named(name: str) -> dict[str, Any]:
    document = own()
    document["run"]["samples"][0]["benchmark"]["name"] = name
    return document


def test_a_result_is_stored_once(secret: str) -> None:
    """The first upload is 201 and the same file again is 200; both list what is stored."""
    data = result_file.write(run(1, {"a": 1.0, "b": None}))
    first, again = post(secret, data), post(secret, data)
    assert (first.status_code, again.status_code) == (201, 200)
    body = first.json()
    assert body == {
        "run": models.Run.objects.get().pk,
        "url": f"http://127.0.0.1:8000/runs/{models.Run.objects.get().pk}/",
        "created": True,
        "stored": {"measured": 1, "failed": 1, "skipped": 0},
        "benchmarks": 2,
        "refused": [],
    }
    assert again.json() == {**body, "created": False}


@pytest.mark.parametrize("document", [own(), asv(), pytest_file()], ids=["perfgate", "asv", "pytest-benchmark"])
def test_every_format_is_accepted(secret: str, document: dict[str, Any]) -> None:
    """Files of asv and pytest-benchmark need no conversion."""
    assert post(secret, json.dumps(document).encode()).json()["stored"]["measured"] == 1


def test_refused_parts_are_listed(secret: str) -> None:
    """The valid parts of a file are stored, and the invalid ones are listed."""
    document = asv(results={"bench.time_a": [[1.5], [], "v1"], "bench.time_b": "nonsense"})
    body = post(secret, json.dumps(document).encode(), "?name=m1/01234567-py.json").json()
    assert body["stored"]["measured"] == 1
    assert "time_b" in body["refused"][0]["where"]


def test_asv_files_are_uploaded_with_their_context(secret: str) -> None:
    """A form takes ``benchmarks.json`` with the names of parameters and units."""
    context = {"bench.time_a": {"type": "time", "unit": "seconds", "param_names": ["n"]}, "version": 2}
    document = asv(results={"bench.time_a": [[1.5, 2.5], [["1", "2"]], "v1"]})
    form = {
        "file": SimpleUploadedFile("01234567-py.json", json.dumps(document).encode()),
        "context": SimpleUploadedFile("benchmarks.json", json.dumps(context).encode()),
    }
    response = Client().post(URL, form, headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 201
    assert set(models.Benchmark.objects.values_list("label", flat=True)) == {"bench.time_a[n=1]", "bench.time_a[n=2]"}
    assert models.Upload.objects.get().context is not None


def test_a_later_version_of_an_asv_file_supersedes_the_earlier(secret: str) -> None:
    """Asv adds to its files: a later upload of the same file replaces the run."""
    for value in (1.0, 2.0):
        document = asv(results={"bench.time_a": [[value], [], "v1"]})
        assert post(secret, json.dumps(document).encode(), "?name=01234567-py.json").status_code == 201
    assert series.read(models.Series.objects.get()).values.tolist() == [2.0]


def spoilt() -> Iterator[tuple[str, bytes]]:
    """Yield bodies that no server may accept."""
    sound = json.dumps(own()).encode()
    yield from {
        "empty": b"",
        "blank": b"   ",
        "no JSON": b"hello",
        "null": b"null",
        "number": b"17",
        "string": b'"perfgate_result"',
        "list": b"[]",
        "empty object": b"{}",
        "truncated": sound[:-30],
        "truncated in a string": sound[:40],
        "two documents": sound + sound,
        "UTF-16": json.dumps(own()).encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf" + sound,
        "latin-1 name": sound.replace(b'"a"', b'"\xe9"'),
        "cut UTF-8": sound.replace(b'"a"', b'"\xe2\x82"'),
        "binary": bytes(range(256)) * 40,
        "NUL bytes": bytes(10_000),
        "deep list": b"[" * 200_000,
        "deep object": b'{"a":' * 200_000,
        "deep in the run": sound[:-3] + b',"policy":' + b"[" * 100_000,
        "deep asv": b'{"commit_hash":"' + SHA.encode() + b'","results":{"a":' + b"[" * 100_000,
        "deep pytest-benchmark": b'{"machine_info":{},"benchmarks":' + b"[" * 100_000,
        "gzip without saying so": gzip.compress(sound),
        "html": b"<!doctype html><title>502</title>",
        "data.js": b"window.BENCHMARK_DATA = {}",
    }.items()
    for name, document in {
        "later version": {**own(), "perfgate_result": result_file.VERSION + 1},
        "version as text": {**own(), "perfgate_result": "1"},
        "no run": {"perfgate_result": 1},
        "unknown field": {**own(), "extra": 1},
        "unknown field in the run": own(extra=1),
        "no samples": own(samples=[]),
        "samples as object": own(samples={}),
        "no commit": {
            "perfgate_result": 1,
            "run": {key: value for key, value in own()["run"].items() if key != "commit"},
        },
        "short sha": own(commit={"sha": "abc"}),
        "sha with newline": own(commit={"sha": SHA + "\n"}),
        "path as sha": own(commit={"sha": "../../etc/passwd"}),
        "time as text": own(commit={"sha": SHA, "committed_at": "yesterday"}),
        "generation too large": own(commit={"sha": SHA, "generation": 2**31}),
        "negative pull request": own(pull_request=-1),
        "huge pull request": own(pull_request=10**30),
        "empty suite": own(suite=""),
        "long suite": own(suite="x" * 201),
        "HTML suite": own(suite="<script>alert(1)</script>"),
        "baseline of a baseline": own(baseline={**own()["run"], "baseline": own()["run"]}),
        "environment as text": own(environment="linux"),
        "no environment name": own(environment={"name": ""}),
        "bidi environment": own(environment={"name": "a\u202eb"}),
        "NUL in a fact": own(environment={"name": "a", "fields": {"cpu": "a\0b"}}),
        "NUL in a subject": own(commit={"sha": SHA, "subject": "\0"}),
        "line break in a branch": own(commit={"sha": SHA, "branch": "main\nmain"}),
        "NUL name": named("a\0b"),
        "bidi name": named("a\u2067b\u2069"),
        "escape sequence name": named("\x1b[2J"),
        "HTML name": named("<img src=x onerror=alert(1)>"),
        "script name": named("</title><SCRIPT src=//x>"),
        "long name": named("x" * 100_000),
        "empty name": named(""),
        "asv without commit": asv(commit_hash=None),
        "asv with a bad commit": asv(commit_hash="HEAD"),
        "asv with results as list": asv(results=[]),
        "asv without results": asv(results={}),
        "asv of nonsense only": asv(results={"a": "b", "c": {"d": 1}}),
        "asv NUL name": asv(results={"a\0b": [[1.5], [], "v1"]}),
        "asv bidi name": asv(results={"a\u202eb": [[1.5], [], "v1"]}),
        "pytest-benchmark without benchmarks": pytest_file(benchmarks=[]),
        "pytest-benchmark with benchmarks as text": pytest_file(benchmarks="all"),
        "pytest-benchmark of nonsense only": pytest_file(benchmarks=[1, None, "x"]),
        "pytest-benchmark NUL name": pytest_file(benchmarks=[{"fullname": "a\0b", "stats": {"median": 1}}]),
        "pytest-benchmark HTML name": pytest_file(benchmarks=[{"fullname": "<svg onload=x>", "stats": {"median": 1}}]),
        "pytest-benchmark hostile branch": pytest_file(commit_info={"id": SHA, "branch": "a\u202eb"}),
    }.items():
        yield name, json.dumps(document).encode()
    sample = json.dumps(own()).encode()
    for value in (b"1e999", b"NaN", b"Infinity", b"null", b'"1"', b"[1]", b"1" * 400):
        yield f"value {value[:10].decode()}", sample.replace(b'"value": 1.0', b'"value": ' + value)
    for name, text in {"lone surrogate": b"\\ud800", "reversed surrogates": b"\\udc00\\ud800"}.items():
        yield name, sample.replace(b'"a"', b'"' + text + b'"')


SPOILT = dict(spoilt())


@pytest.mark.parametrize("name", SPOILT)
def test_malformed_files_change_nothing(project: models.Project, secret: str, name: str) -> None:
    """Invalid input gets an error with a path, never a 500, and stored data is unchanged."""
    post(secret, result_file.write(run(7, {"z": 1.0})))
    before = counts(project)
    response = post(secret, SPOILT[name])
    assert response.status_code in {400, 415, 422}, response.content
    error = response.json()["error"]
    assert error["path"].startswith("$")
    assert error["reason"]
    assert counts(project) == before


def test_enough_malformed_files_are_tried() -> None:
    """The list of malformed files is not shortened by accident."""
    assert len(SPOILT) >= 75


def test_an_invalid_context_is_refused(secret: str) -> None:
    """The context is validated like the file."""
    form = {"file": SimpleUploadedFile("f", json.dumps(asv()).encode()), "context": SimpleUploadedFile("c", b"\xff{")}
    response = Client().post(URL, form, headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 422


@pytest.mark.parametrize("name", ["", "%00", "../../x", "%F0%9F%92%A9", "x" * 3_000, "%ED%A0%80", "%E2%80%AE.json"])
def test_any_file_name_is_accepted(secret: str, name: str) -> None:
    """The file name is stored as text and opens no file."""
    assert post(secret, json.dumps(own()).encode(), f"?name={name}").status_code == 201
