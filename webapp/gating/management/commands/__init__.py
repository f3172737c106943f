"""``manage.py`` commands: serve, work, process."""
