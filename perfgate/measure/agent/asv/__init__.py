"""Agents for asv suites; they use asv_runner, which asv itself runs benchmarks with."""
