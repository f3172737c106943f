"""Comments, check runs, issues and workflow dispatches on GitHub."""
