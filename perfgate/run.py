"""Measure one revision, for the history: what ``perfgate run`` does, for any program."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from perfgate import git, measure, policy
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import ProgressCallback, ignore, report_stages
from perfgate.results.records import Run


def measure_revision(
    repository: Path,
    revision: str = "HEAD",
    *,
    options: MeasureOptions | None = None,
    progress: ProgressCallback | None = None,
) -> Run:
    """Return one run of the suite at *revision*, with the policy that stands there.

    The history applies the alert rules of that policy: see `perfgate.policy.AlertRules`.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: Commit, branch or tag.
        options: What is measured and how; None: the defaults.
        progress: Is told what is being done.

    Raises:
        InvalidInput: There is no such repository or revision.
        MeasurementFailed: There is no suite, or it cannot be built or run. A retry cannot help.
    """
    options, report = options or MeasureOptions(), progress or ignore
    root = git.root(repository)
    run = measure.measure(
        root,
        revision,
        suite=options.suite,
        select=options.select,
        environment_name=options.environment,
        python=options.python,
        install=options.install,
        progress=report_stages(report),
    )
    sha = run.commit.sha
    return msgspec.structs.replace(run, policy=policy.find(partial(git.read_file, root, sha), revision=sha))
