"""A seal matches a folder whose files are the same, except for modules that Python compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.seals import matches, read_seal, write_seal


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A sealed folder with a file, a link and a compiled module."""
    content = tmp_path / "content"
    (content / "__pycache__").mkdir(parents=True)
    (content / "shop.py").write_text("1")
    (content / "__pycache__/shop.pyc").write_text("compiled")
    (content / "link").symlink_to("shop.py")
    write_seal(content, tmp_path / "seal")
    return content


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("shop.py", False),
        ("new.py", False),
        ("link", False),
        ("__pycache__/shop.pyc", True),
        ("__pycache__/a.pyc", True),
    ],
)
def test_a_written_file_breaks_the_seal(content: Path, file: str, expected: bool) -> None:
    """Compiled modules are removed instead, because Python compiles them again."""
    seal = read_seal(content.with_name("seal"))
    assert seal is not None
    assert matches(content, seal)
    (content / file).unlink(missing_ok=True)
    (content / file).write_text("2")

    assert matches(content, seal) is expected
    assert (content / file).exists() is not expected


@pytest.mark.parametrize(("file", "expected"), [("shop.py", False), ("link", False), ("__pycache__/shop.pyc", True)])
def test_a_removed_file_breaks_the_seal(content: Path, file: str, expected: bool) -> None:
    """All files must be there, except compiled modules."""
    seal = read_seal(content.with_name("seal"))
    assert seal is not None
    (content / file).unlink()

    assert matches(content, seal) is expected


@pytest.mark.parametrize("text", ["{", "[]", '{"made": "now"}', None])
def test_a_broken_seal_is_none(tmp_path: Path, text: str | None) -> None:
    """So is a missing one."""
    if text is not None:
        (tmp_path / "seal").write_text(text)

    assert read_seal(tmp_path / "seal") is None


def test_the_size_is_that_of_all_files(content: Path) -> None:
    """Links count with their own size; the time is that of sealing."""
    seal = read_seal(content.with_name("seal"))

    assert seal is not None
    assert len("1") + len("compiled") + len("shop.py") == seal.size
    assert content.with_name("seal").stat().st_mtime == pytest.approx(seal.made, abs=60)
