"""``perfgate init``: write the workflow and a commented policy, and print what is left to do."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from perfgate import __version__, git, policy
from perfgate.ci import templates
from perfgate.ci.onboarding import RepositorySurvey, survey
from perfgate.commands.exit_codes import PASS
from perfgate.commands.progress import progress_bar
from perfgate.errors import InvalidInput
from perfgate.formatting import plain
from perfgate.measure.discover import suite_table
from perfgate.measure.progress import report_stages
from perfgate.measure.suite_sides import TriedSuite, try_suite
from perfgate.policy.suite_table import SuiteTable

_LABEL = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PINNED = re.compile(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*@[\w./-]+|\./", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--repository", type=Path, default=Path(), metavar="DIR", help="the git repository (here)")
    parser.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
    parser.add_argument(
        "--runner",
        default=templates.HOSTED_RUNNER,
        metavar="LABELS",
        help=f"comma-separated labels of the runner that measures ({templates.HOSTED_RUNNER})",
    )
    parser.add_argument(
        "--server", default="", metavar="URL", help="a perfgate server, for history, issues and commands"
    )
    parser.add_argument(
        "--action", default="", metavar="REPOSITORY@SHA", help="the action to use (the one of this version of perfgate)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Survey the repository, try its suite out, write the files that are missing, print what is left to do; return 0."""
    root = git.root(arguments.repository)
    action, runner, server = _action(arguments.action), _labels(arguments.runner), _server(arguments.server)
    found = survey(root)
    tried = _try_out(root, found)
    table = tried[0].table if len(tried) == 1 else None
    files = {
        templates.WORKFLOW: templates.workflow_text(found, action=action, runner=runner, server=server),
        policy.FILE_NAME: templates.policy_text(table),
    }
    for line in _describe(found, tried):
        print(line)
    written = [name for name, text in files.items() if _write(root / name, name, text, is_dry=arguments.dry_run)]
    if not arguments.dry_run:
        for line in (*_missing_table(root, table, written), *_next_steps(found, written), *_imports(found)):
            print(line)
    return PASS


def _try_out(root: Path, found: RepositorySurvey) -> list[TriedSuite]:
    """Build an environment of the newest commit for each suite, and collect it there."""
    python = Path(sys.executable).absolute()
    for file in [file for suite in found.suites for file in (suite.files or (suite.configuration,)) if file]:
        if git.read_file(root, "HEAD", file.as_posix()) is None:
            raise InvalidInput(f"{plain(str(file))} is not committed, and perfgate measures commits: commit it first")
    names = [suite.tool for suite in found.suites] if len(found.suites) > 1 else [None]
    with progress_bar() as progress:
        return [try_suite(root, "HEAD", name, python=python, progress=report_stages(progress)) for name in names]


def _missing_table(root: Path, table: SuiteTable | None, written: Sequence[str]) -> Iterator[str]:
    """Yield the table to add to a policy that was kept and does not have it."""
    if table is None or policy.FILE_NAME in written or suite_table(root) != SuiteTable():
        return
    yield ""
    yield f"Add to {policy.FILE_NAME} what the benchmarks need:"
    yield from (f"     {line}" for line in templates.suite_text(table).splitlines()[1:] if line)


def _write(path: Path, name: str, text: str, *, is_dry: bool) -> bool:
    """Write a file unless it exists, and return whether it was written."""
    if path.exists() or path.is_symlink():
        print(f"kept    {name}: it is there already")
        return False
    if is_dry:
        print(f"would write {name}:\n\n{text}")
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote   {name}")
    return True


def _describe(found: RepositorySurvey, tried: Sequence[TriedSuite]) -> Iterator[str]:
    """Yield a line for each suite, what it needs and how many benchmarks were found, and older results."""
    for suite in tried:
        yield f"found   {suite.suite.tool}: {_shorten(suite.suite.files or (suite.suite.configuration,))}"
        source = f" (from {', '.join(suite.sources)})" if suite.sources else ""
        needed = ", ".join((*suite.table.packages, *suite.table.groups, *suite.table.extras))
        yield f"needs   {plain(needed, 300)}{plain(source)}"
        yield f"found {suite.count} benchmark{'' if suite.count == 1 else 's'}"
        if suite.errors:
            yield f"not all files can be collected: {plain(suite.errors.splitlines()[-1], 300)}"
    for results in found.older_results:
        place = f" on branch {plain(results.branch)}" if results.branch else ""
        yield f"found   {results.title}: {plain(results.path) or 'top folder'}{place}"


def _shorten(files: Sequence[Path | None]) -> str:
    """Return the first file, and how many more there are."""
    named = [plain(str(file)) for file in files if file is not None]
    return named[0] + (f" and {len(named) - 1} more" if len(named) > 1 else "")


def _next_steps(found: RepositorySurvey, written: Sequence[str]) -> Iterator[str]:
    """Yield the two things left to do; nothing if no file was written."""
    if not written:
        return
    names = " ".join(written)
    yield ""
    yield "Two things are left to do:"
    yield "  1. Open a pull request; its own verdict is the first one:"
    yield (
        f"     git switch -c perfgate && git add {names} && git commit -m 'Gate performance' && git push -u origin perfgate"
    )
    yield f"  2. Once it is merged, require the check 'verdict' for {plain(found.branch)} (Settings, Rules)."


def _imports(found: RepositorySurvey) -> Iterator[str]:
    """Yield the commands that import older results; nothing if there are none."""
    importable = [results for results in found.older_results if results.path]
    if importable:
        yield ""
        yield "With a server, the older results can be imported:"
        yield from (f"     {command}" for results in importable for command in results.commands)


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(label.strip() for label in text.split(","))
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise InvalidInput(
                f"{label!r} is not the label of a runner: write letters, digits and . _ -, separated by commas"
            )
    return labels


def _server(text: str) -> str:
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc):
        raise InvalidInput(f"{text!r} is not the address of a server: write it as https://host")
    return text.rstrip("/")


def _action(given: str) -> str:
    """Return the action that the workflow uses: pinned to the commit of this perfgate if that is known, else to its version."""
    if given:
        if not _PINNED.fullmatch(given):
            raise InvalidInput(f"{given!r} is not an action: write it as {templates.ACTION}@SHA")
        return given
    if commit := _own_commit():
        return f"{templates.ACTION}@{commit} # v{__version__}"
    return f"{templates.ACTION}@v{__version__}"


def _own_commit() -> str:
    """Return the commit that this perfgate was installed from; empty if it is not recorded."""
    try:
        recorded = json.loads(metadata.distribution("perfgate").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        recorded = {}
    if commit := recorded.get("vcs_info", {}).get("commit_id", ""):
        return str(commit)
    source = Path(__file__).parents[2]
    if not (source / "action.yml").is_file():
        return ""
    try:
        return git.resolve(git.root(source), "HEAD") if git.root(source) == source else ""
    except InvalidInput:
        return ""
