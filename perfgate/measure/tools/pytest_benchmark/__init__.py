"""pytest-benchmark: tests that use the benchmark fixture, found by the text of test files."""
