"""Folders that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data"
"""Result files, written by the real tools."""
SHARED = ROOT / "../shared/data"
"""Larger real data beside the repository; a test that reads it skips where it is absent."""
