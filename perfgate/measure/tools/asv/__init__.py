"""asv: a folder of benchmarks, found by its configuration file."""
