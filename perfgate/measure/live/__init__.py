"""Live pairs: two processes, one per side, that are measured in turn."""
