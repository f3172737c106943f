"""The Celery tasks, and the commands and processes that run them."""
