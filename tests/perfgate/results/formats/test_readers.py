"""One file is one run, or an error that says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results.formats import read_results, read_run, read_upload
from tests.paths import DATA, ROOT
from tests.perfgate.results.formats.found import ASV, ASV_FILE, SESSION


@pytest.mark.parametrize(
    "data",
    [
        b'{"commit_hash": "aaaaaaaa", "results": {"time_a": {"result": [' + b"0," * 250_000 + b"0]}}}",
        b'{"machine_info": {}, "benchmarks": [' + b'{"fullname": "a"},' * 250_000 + b'{"fullname": "a"}]}',
        b'{"github_action_benchmark":1,"entry":"e","bench":{"commit":{"id":"aaaaaaaa"},"benches":['
        + b"0," * 250_000
        + b"0]}}",
    ],
    ids=["asv", "pytest-benchmark", "github-action-benchmark"],
)
def test_too_many_samples(data: bytes) -> None:
    """A small file cannot become millions of records."""
    with pytest.raises(InvalidResult, match="250,001 samples, more than 250,000"):
        read_run(data, name="upload")


@pytest.mark.parametrize("path", [DATA, ASV / "results"])
def test_a_folder_is_no_result(path: Path) -> None:
    """Reading one result from a folder is an error that says what to do."""
    with pytest.raises(UnknownFormat, match="name a file in it"):
        read_results(path)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 200_000, b'{"machine_info": ', b'"commit_hash" "results"', b"\x00", b"window.BENCHMARK_DATA = 3"]
)  # fmt: skip
def test_nothing_crashes(data: bytes) -> None:
    """Any bytes give a run or an InvalidResult."""
    with pytest.raises(InvalidResult):
        read_run(data, name="upload")


def test_an_upload_is_told_apart_by_its_source() -> None:
    """An asv file replaces its older version, with or without its folder; nothing else replaces anything."""
    asv = ASV_FILE.read_bytes()
    context = (ASV / "results/benchmarks.json").read_bytes()

    uploads = [read_upload(asv, name=name) for name in (ASV_FILE.name, f"sample/{ASV_FILE.name}", "upload.json")]
    session = read_upload(SESSION.read_bytes(), name="0001_a.json", context=context)

    assert [f"asv:sample/{ASV_FILE.name}"] * 2 + [""] == [upload.identity for upload in uploads]
    assert (None, "") == (session.context, session.identity)
    assert read_results(ASV_FILE) == read_upload(asv, name=ASV_FILE.name, context=context).run


def test_a_bad_context_is_refused() -> None:
    """An invalid context makes the upload invalid."""
    with pytest.raises(InvalidResult) as error:
        read_upload(ASV_FILE.read_bytes(), name=ASV_FILE.name, context=b"[]")
    assert "context" == error.value.source


def test_reading_is_cheap_to_import() -> None:
    """Reading a result loads neither numpy and scipy nor rich and Django: commands that only read start fast."""
    code = (
        "import sys; from pathlib import Path; from perfgate.results.formats import read_results;"
        f"read_results(Path({str(SESSION)!r}));"
        "print(sorted({'numpy', 'scipy', 'rich', 'django'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout
