"""``perfgate ci report``: show the verdict on the run's page and on the pull request, or upload the results."""

from __future__ import annotations

import argparse
import os

from perfgate.ci.jobs import Job
from perfgate.ci.report import report


def run(arguments: argparse.Namespace, job: Job) -> int:
    """Show the verdict and return the gate's exit code."""
    shown = report(job, results=arguments.results, server=arguments.server, variables=os.environ, tell=print)
    return shown.exit_code(strict=arguments.strict)
