"""pytest-codspeed's files are found and recognized."""

from __future__ import annotations

from perfgate.results.formats.pytest_codspeed import FORMAT
from tests.paths import DATA
from tests.perfgate.results.formats.found import found_in

FILES = DATA / "pytest-codspeed"


def test_a_storage_folder_is_searched() -> None:
    """Files of every version are found, under their own names."""
    assert ["3.0.0/results_1795804116262.json", "5.0.4/results_1795804114040.json"] == sorted(
        found.name for found in found_in(FILES)
    )


def test_a_file_is_known_by_its_path_in_the_folder_of_codspeed() -> None:
    """It does not matter which folder is searched."""
    assert {"results_1.json"} == {
        FORMAT.identity(name) for name in ("results_1.json", ".codspeed/results_1.json", "a/.codspeed/results_1.json")
    }


def test_a_file_is_recognized_by_its_creator() -> None:
    """The words alone, far inside a file, are no creator."""
    assert FORMAT.recognizes(b'{"creator": {"name": "pytest-codspeed"}}')
    assert not FORMAT.recognizes(b'{"creator": {"name": "other"}}')
    assert not FORMAT.recognizes(b" " * 2_000 + b'{"creator": {"name": "pytest-codspeed"}}')
