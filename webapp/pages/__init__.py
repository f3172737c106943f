"""The human's door: views, charts, templates, static files."""
