"""asv's configuration file is read as asv reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.sides.asv_configuration import read_configuration


def test_a_configuration_may_have_comments(tmp_path: Path) -> None:
    """Comments and trailing commas are removed, but not inside strings; so is a byte order mark."""
    path = tmp_path / "asv.conf.json"
    path.write_text('\ufeff{ // say, "no"\n "url": "https://example.org/*x*/,]", /* more\n lines */ "list": [1, 2,], }')

    assert {"url": "https://example.org/*x*/,]", "list": [1, 2]} == read_configuration(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "asv.conf.json must contain a JSON object, not list"),
        ("{", "asv.conf.json is not the JSON that asv reads"),
        ("[" * 100_000, "asv.conf.json is not the JSON that asv reads"),
    ],
)
def test_a_bad_configuration_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """The error names the file and what is wrong."""
    (tmp_path / "asv.conf.json").write_text(content)

    with pytest.raises(MeasurementFailed, match=message):
        read_configuration(tmp_path / "asv.conf.json")
