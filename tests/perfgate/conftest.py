"""What the tests of the use cases and of the subcommands share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.perfgate.repositories import make_shop


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository whose head is twice as slow as its base; tests only read it."""
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def without_own_settings() -> Iterator[None]:
    """Remove the Django settings of these tests, which the measured project does not have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
        yield
