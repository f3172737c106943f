"""Which files a benchmark reaches, and so which benchmarks a change cannot affect."""
