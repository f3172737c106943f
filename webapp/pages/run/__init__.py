"""The runs of a project, and one run with its values."""
