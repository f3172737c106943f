"""What was measured: the models, the write path (ingest, imports, rebuild) and the read path (series)."""
