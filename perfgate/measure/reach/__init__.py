"""Which benchmarks a change can reach."""
