"""The first page: all projects and what needs attention."""
