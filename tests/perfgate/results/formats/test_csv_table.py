"""A CSV table gives its columns of numbers, or an error with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import InvalidInput
from perfgate.results.formats.csv_table import Column, read_table
from perfgate.results.formats.histories import read_histories


def written(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\n2.5\n3e-3\n", {"column 1": (("row 1", "row 2", "row 3"), (1.0, 2.5, 0.003))}),
        ("seconds\n1\n\n2\n", {"seconds": (("row 1", "row 2"), (1.0, 2.0))}),
        (
            "commit,date,parse,render\nabc,2026-01-01,1,2\ndef,2026-01-02,,3\n",
            {
                "parse": (("abc 2026-01-01",), (1.0,)),
                "render": (("abc 2026-01-01", "def 2026-01-02"), (2.0, 3.0)),
            },
        ),
        ("build;time_a\n1;5\n2;NaN\n3;6\n", {"time_a": (("1", "3"), (5.0, 6.0))}),
        ("\ufeffa\tb\n1\t2\n", {"a": (("row 1",), (1.0,)), "b": (("row 1",), (2.0,))}),
        ("abc,1\ndef,2\n", {"1": (("def",), (2.0,))}),
    ],
    ids=["one-column", "header", "labels", "semicolons", "tabs", "first-row-is-header"],
)
def test_csv(tmp_path: Path, text: str, expected: dict[str, Column]) -> None:
    """A CSV gives one series for each column of numbers; the other columns name the points."""
    assert expected == read_table(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n1\ntwo\n", r"x.csv:3: 'two' in column 1 is no number"),
        ("", "no series in it"),
        ("a,b\nx,y\n", "no series in it"),
        ('a\n"' + "x" * 200_000, "no CSV"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    """A CSV without numbers, or with other text among them, is an error with the place."""
    with pytest.raises(InvalidInput, match=message):
        read_histories(written(tmp_path, text))


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused with the reason."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe1\n")

    with pytest.raises(InvalidInput, match="UTF-8"):
        read_histories(path)
