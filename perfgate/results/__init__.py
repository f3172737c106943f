"""Results of measurements: records, metrics, the result file, shards, and the files of other tools."""
