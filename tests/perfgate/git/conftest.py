"""A git repository to read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.perfgate.git.scratch import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")
