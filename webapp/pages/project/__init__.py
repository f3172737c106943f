"""One project: its benchmarks with their recent values."""
