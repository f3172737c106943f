"""perfgate's hot paths as an asv suite: the statistics, by size."""
