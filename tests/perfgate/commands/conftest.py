"""What all tests of subcommands need."""

import pytest


@pytest.fixture(autouse=True)
def _unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tables be as wide as they are, whatever terminal the tests were started from."""
    monkeypatch.delenv("COLUMNS", raising=False)
