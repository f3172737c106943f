"""Call a management command and return what it prints."""

from __future__ import annotations

import io

from django.core.management import call_command


def call(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()
