"""One package for each channel."""
