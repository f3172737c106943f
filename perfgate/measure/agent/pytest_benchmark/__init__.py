"""Agents for pytest-benchmark suites: pytest plugins."""
