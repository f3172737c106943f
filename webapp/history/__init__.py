"""What was measured: models, ingest (write path), series (read path), retention."""
