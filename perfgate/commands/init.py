"""``perfgate init``: write the workflow and a commented policy, and say what is left to do."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from perfgate import __version__, git, policy
from perfgate.ci import onboarding
from perfgate.ci.onboarding import ACTION, HOSTED, WORKFLOW, Found
from perfgate.errors import InvalidInput
from perfgate.formatting import plain

_LABEL = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PINNED = re.compile(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*@[\w./-]+|\./", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--repository", type=Path, default=Path(), metavar="DIR", help="the git repository (here)")
    parser.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
    parser.add_argument(
        "--runner",
        default=HOSTED,
        metavar="LABELS",
        help=f"comma-separated labels of the runner that measures ({HOSTED})",
    )
    parser.add_argument(
        "--server", default="", metavar="URL", help="a perfgate server, for history, issues and commands"
    )
    parser.add_argument(
        "--action", default="", metavar="REPOSITORY@SHA", help="the action to use (the one of this version of perfgate)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look, write what is missing, say what is left; return 0."""
    root = git.root(arguments.repository)
    found = onboarding.look(root)
    files = {
        WORKFLOW: onboarding.workflow(
            found, action=_action(arguments.action), runner=_labels(arguments.runner), server=_server(arguments.server)
        ),
        policy.FILE_NAME: onboarding.policy_text(),
    }
    for line in _seen(found):
        print(line)
    written = []
    for name, text in files.items():
        path = root / name
        if path.exists() or path.is_symlink():
            print(f"kept    {name}: it is there already")
        elif arguments.dry_run:
            print(f"would write {name}:\n\n{text}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(name)
            print(f"wrote   {name}")
    for line in _left(found, written, is_dry=arguments.dry_run):
        print(line)
    return 0


def _seen(found: Found) -> list[str]:
    lines = [f"found   {suite.tool}: {_where(suite.files or (suite.configuration,))}" for suite in found.suites]
    source = f" (from {found.packages_from})" if found.packages_from else ""
    lines.append(f"needs   {plain(', '.join(found.packages), 300)}{source}")
    for history in found.histories:
        place = f" on branch {plain(history.branch)}" if history.branch else ""
        lines.append(f"found   {history.what}: {plain(history.path) or 'top folder'}{place}")
    return lines


def _where(files: Sequence[Path | None]) -> str:
    named = [plain(str(file)) for file in files if file is not None]
    return named[0] + (f" and {len(named) - 1} more" if len(named) > 1 else "")


def _left(found: Found, written: Sequence[str], *, is_dry: bool) -> list[str]:
    """Return the two things left to do, and what can be done later."""
    if is_dry:
        return []
    lines = []
    if written:
        names = " ".join(written)
        lines = [
            "",
            "Two things are left to do:",
            "  1. Open a pull request; its own verdict is the first one:",
            f"     git switch -c perfgate && git add {names} && git commit -m 'Gate performance' && git push -u origin perfgate",
            f"  2. Once it is merged, require the check 'verdict' for {plain(found.branch)} (Settings, Rules).",
        ]
    importable = [history for history in found.histories if history.path]
    if importable:
        lines += ["", "With a server, the history that is there comes along:"]
        lines += [f"     {command}" for history in importable for command in history.commands]
    return lines


def _labels(text: str) -> tuple[str, ...]:
    labels = tuple(label.strip() for label in text.split(","))
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise InvalidInput(f"{label!r} is no runner's label: write letters, digits and . _ -, separated by commas")
    return labels


def _server(text: str) -> str:
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc):
        raise InvalidInput(f"{text!r} is no server address: write it as https://host")
    return text.rstrip("/")


def _action(given: str) -> str:
    """Return what the workflow uses: a commit, wherever it is known which one this perfgate was made from."""
    if given:
        if not _PINNED.fullmatch(given):
            raise InvalidInput(f"{given!r} names no action: write it as {ACTION}@SHA")
        return given
    if commit := _own_commit():
        return f"{ACTION}@{commit} # v{__version__}"
    return f"{ACTION}@v{__version__}"


def _own_commit() -> str:
    """Return the commit that this perfgate was installed from; empty where nobody noted it."""
    try:
        noted = json.loads(metadata.distribution("perfgate").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        noted = {}
    if commit := noted.get("vcs_info", {}).get("commit_id", ""):
        return str(commit)
    source = Path(__file__).parents[2]
    if not (source / "action.yml").is_file():
        return ""
    try:
        return git.resolve(git.root(source), "HEAD") if git.root(source) == source else ""
    except InvalidInput:
        return ""
