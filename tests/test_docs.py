"""What the documents promise exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from perfgate import policy
from perfgate.ci import onboarding
from perfgate.cli import COMMANDS
from perfgate.results.records import Policy

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """A relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (document.parent / link).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(document: Path) -> None:
    """Every `make`, `perfgate` and `manage.py` command that a document names is there."""
    content = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    fence = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = "\n".join(fence.findall(content)).splitlines()
    commands = [line for line in shown if "  " not in line.split("#")[0].strip()]
    commands += re.findall(r"`[^`\n]+`", fence.sub("", content))

    for command in commands:
        words = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", command.strip("` ")).split()
        if words[:1] == ["make"] and len(words) > 1:
            assert words[1] in targets, command
        elif words[:1] == ["perfgate"] and len(words) > 1:
            assert words[1] in COMMANDS, command
        elif words[:1] == ["manage.py"] or words[:2] == ["python", "manage.py"]:
            assert words[words.index("manage.py") + 1] in get_commands(), command


def test_every_setting_is_documented() -> None:
    """The operator's table lists exactly the variables that the settings read, with their defaults."""
    read = set(re.findall(r'environ(?:\.get)?[\[(]"([A-Z_]+)"', text("webapp/settings.py"))) | {"DATABASE_URL"}
    listed = set(re.findall(r"^\| `([A-Z_]+)`", text("docs/how-to/operate.md"), re.MULTILINE))

    assert read == listed
    assert all(name in text("webapp/settings.py").split('"""')[1] for name in read)


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
    written = onboarding.workflow(
        onboarding.look(ROOT), action="perfgate/perfgate@v1", server="https://perf.example.org"
    )

    for each in (workflow, written):
        inputs = yaml.safe_load(each)[True]["workflow_dispatch"]["inputs"]
        assert ["base", "head", "suite", "select", "pull_request"] == list(inputs)


def test_the_paths_in_the_architecture_exist() -> None:
    """Every code path that ARCHITECTURE.md names is there."""
    named = re.findall(r"`((?:perfgate|webapp|standin|demo|benchmarks)/[\w./]*)`", text("ARCHITECTURE.md"))

    assert named
    assert [] == [path for path in named if not (ROOT / path).exists()]


def test_the_lock_file_names_no_registry() -> None:
    """Pinned versions with hashes install from whatever registry a machine is set up for."""
    lock = text("requirements.lock")

    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", lock)


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
