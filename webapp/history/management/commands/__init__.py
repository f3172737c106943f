"""``manage.py`` commands: projects, tokens, imports, rebuilding."""
