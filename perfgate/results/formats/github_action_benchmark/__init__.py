"""github-action-benchmark."""
