"""Live pairs: two processes, one for each side, that are measured in turn."""
