"""The stored project that most tests of pages use."""

from __future__ import annotations

import pytest

from tests.webapp.pages.stored import Shop, store_shop


@pytest.fixture
def shop(db: None) -> Shop:  # noqa: ARG001 - asks for the database
    """Return the stored project."""
    return store_shop()
