"""The documents are true: links, commands, options, names, settings and examples."""

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs import generate
from perfgate import policy
from perfgate.ci import onboarding, templates
from perfgate.results.records import Policy
from tests import documents, habits
from tests.documents import DOCUMENTS
from tests.paths import ROOT


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """A relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (document.parent / link).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_accepted(document: Path) -> None:
    """The real parser accepts every `make`, `perfgate` and `manage.py` command that a document shows."""
    for shown in documents.commands(document):
        documents.check(shown)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_options_exist(document: Path) -> None:
    """An option that a document names by itself belongs to a command of ours."""
    assert set() == documents.options(document) - documents.known_options()


@pytest.mark.parametrize(
    "text",
    [
        "```\nperfgate run --outputt result.json\n```\n",
        "```\nperfgate run --outpu result.json\n```\n",
        "```console\n$ FEW=1 perfgate chek main\n```\n",
        "```\npip install . && perfgate bisect\n```\n",
        "```yaml\n      - run: perfgate merge --outputs all.json\n```\n",
        "Say `perfgate bisect --selectt x`.\n",
        "Say `make tset`.\n",
        "```\npython manage.py rebuilt\n```\n",
        "```\npython manage.py create_token mine --nam ci\n```\n",
    ],
)
def test_a_wrong_command_is_found(tmp_path: Path, text: str) -> None:
    """A misspelled subcommand, option or target fails, in a block as in a sentence; so does a command without its arguments."""
    (tmp_path / "a.md").write_text(text)
    (shown,) = documents.commands(tmp_path / "a.md")

    with pytest.raises(documents.WrongUsage):
        documents.check(shown)


NAMED = re.compile(r"`+((?:perfgate|webapp|standin)(?:\.(?!toml|yml|css)\w+)+)(?:\(\))?`+")
"""A dotted name of ours, as docstrings and documents write it."""


def test_names_exist() -> None:
    """A module, class or function that a docstring, a comment or a document names is there."""
    texts = {name: text(name) for name in habits.tracked(*habits.OURS, "tests/") if name.endswith(".py")}
    texts |= {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
    names = {(file, name) for file, content in texts.items() for name in NAMED.findall(content)}

    missing = sorted(f"{file}: {name}" for file, name in names if not _resolves(name))

    assert names
    assert not missing, "\n".join(missing)


def _resolves(name: str) -> bool:
    """Return whether a dotted name leads to a module, or to something inside one."""
    if (ROOT / name.replace(".", "/")).with_suffix(".py").exists():
        return True
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_paths_exist() -> None:
    """A file or folder of ours that a docstring, a comment or a document names is there."""
    pattern = re.compile(r"`+((?:perfgate(?!/perfgate)|webapp|standin|demo|benchmarks|docs|tests)/[\w./-]*\w/?)`+")
    files = [name for name in habits.tracked(*habits.OURS, "tests/") if name.endswith(".py")]
    files += [str(path.relative_to(ROOT)) for path in DOCUMENTS if path.name != "CHANGELOG.md"]
    document = re.compile(r"\bdocs/[\w/-]+\.md\b")
    named = {(name, path) for name in files for path in pattern.findall(text(name)) + document.findall(text(name))}
    missing = sorted(f"{name}: {path}" for name, path in named if not (ROOT / path).exists())

    assert named
    assert not missing, "\n".join(missing)


def test_the_policy_in_the_readme_is_valid() -> None:
    """What the README shows as perfgate.toml can be copied."""
    (example,) = re.findall(r"```toml\n(.*?)```", text("README.md"), re.DOTALL)
    budgets = policy.read(Policy(text=example))

    assert 0.01 == budgets.max_regression("x.parse_y", "time").value


def test_our_own_policy_is_valid() -> None:
    """What we ask of others we have: a perfgate.toml that is obeyed."""
    assert policy.read(Policy(text=text("perfgate.toml"))).rules


def test_the_rules_for_alerts_are_told_with_their_defaults() -> None:
    """The table [alerts] that is shown holds every rule, with the value that it has when left out."""
    (example,) = re.findall(r"```toml\n(.*?)```", text("docs/how-to/alerts.md"), re.DOTALL)

    assert policy.AlertRules() == policy.read(Policy(text=example)).alerts
    assert all(f"\n{name} = " in example for name in policy.AlertRules.__struct_fields__)


def test_our_own_workflow_measures_again_when_it_is_asked() -> None:
    """The workflow that our policy names declares the inputs that the server sends."""
    workflow = text(f".github/workflows/{policy.read(Policy(text=text('perfgate.toml'))).alerts.workflow}")
    written = templates.workflow_text(
        onboarding.survey(ROOT), action="perfgate/perfgate@v1", server="https://perf.example.org"
    )

    for content in (workflow, written):
        inputs = yaml.safe_load(content)[True]["workflow_dispatch"]["inputs"]
        assert ["base", "head", "suite", "select", "pull_request"] == list(inputs)


def test_the_lock_file_names_no_registry() -> None:
    """Pinned versions with hashes install from whatever registry a machine is set up for."""
    lock = text("requirements.lock")

    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", lock)


def test_the_reference_is_written_from_the_code() -> None:
    """The committed pages are those that `make docs` would write."""
    folder = ROOT / "docs/reference"

    assert generate.pages() == {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}


def test_the_documents_build_without_a_warning(tmp_path: Path) -> None:
    """Sphinx finds every page in the table of contents, and the target of every link."""
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (built.returncode, built.stderr)
