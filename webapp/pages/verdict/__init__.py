"""The verdict on one run."""
