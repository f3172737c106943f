"""Results: records, metrics, the result file, shards, and the formats of other tools."""
