"""pytest-benchmark and pytest-codspeed: tests that use their fixtures or marks, found by the text of test files."""
