#!/usr/bin/env python
"""Django's command line for the perfgate server."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # The operator's mistake, not ours: its message says all, a traceback would hide it.
        sys.exit(f"manage.py: {error}")
