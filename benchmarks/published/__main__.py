"""``python -m benchmarks.published RESULTS PUBLISHED``: our alerts compared with the regressions that asv published, in Markdown.

RESULTS is an archive of asv's results, PUBLISHED one of the site that asv generated from them, both of django/django-asv:
branches ``main`` and ``gh-pages``. The history is imported into a temporary database.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.published", description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("published", type=Path)
    options = parser.parse_args()
    for archive in (options.results, options.published):
        if not archive.is_file():
            print(f"{archive} does not exist: give an archive of django/django-asv, see --help", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="perfgate-published-") as directory:
        os.environ.pop("DATABASE_URL", None)
        os.environ |= {"PERFGATE_DATA_DIR": directory, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        django.setup()
        call_command("migrate", verbosity=0)
        from benchmarks.published import agreement  # noqa: PLC0415 - models need Django set up

        print(agreement.table(options.results, options.published))
    return 0


if __name__ == "__main__":
    sys.exit(main())
