"""perfgate's own result file is a format like any other."""

from __future__ import annotations

from perfgate.results import result_file
from perfgate.results.formats.perfgate import FORMAT
from tests.paths import DATA


def test_every_version_is_read() -> None:
    """Each version that there ever was is recognized and read."""
    for path in sorted((DATA / "perfgate").glob("*.json")):
        data = path.read_bytes()
        assert FORMAT.recognizes(data)
        assert result_file.read(data) == FORMAT.read(data, name=path.name)
