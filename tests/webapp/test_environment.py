"""Settings are read strictly: what cannot be understood is refused with variable, value and what is allowed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.paths import ROOT
from webapp import environment
from webapp.environment import ALLOWED_HOSTS, BASE_URL, DATA_DIR, DEBUG, MAX_UPLOAD, SETTINGS, Setting


def manage(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env={"PERFGATE_DATA_DIR": str(tmp_path), **variables},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("67108864", 67_108_864),
        ("64MB", 64_000_000),
        ("64 mb", 64_000_000),
        ("64MiB", 67_108_864),
        ("1GiB", 2**30),
        ("3kb", 3_000),
        ("512B", 512),
        (" 5 ", 5),
        ("", 67_108_864),
    ],
)
def test_a_size_may_have_a_unit(text: str, value: int) -> None:
    """Sizes are bytes, decimal units or binary units, with or without a space, in any case."""
    assert value == MAX_UPLOAD.read({"PERFGATE_MAX_UPLOAD": text})


@pytest.mark.parametrize("text", ["0", "-1", "1.5MB", "64M", "MB", "64MBps", "1e6", "٣"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    """What is no size is an error that names the variable, the value and the form of a size."""
    expected = rf"PERFGATE_MAX_UPLOAD: '{re.escape(text)}' is not valid, expected a number of bytes.*64MB"

    with pytest.raises(ImproperlyConfigured, match=expected):
        MAX_UPLOAD.read({"PERFGATE_MAX_UPLOAD": text})


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("off", False), ("", False)],
)
def test_a_boolean_has_the_usual_words(text: str, value: bool) -> None:
    """The words that operators write for yes and no are understood in any case."""
    assert value is DEBUG.read({"PERFGATE_DEBUG": text})


def test_a_misspelt_boolean_is_refused() -> None:
    """A word that is neither yes nor no is never taken for no."""
    with pytest.raises(ImproperlyConfigured, match=r"PERFGATE_DEBUG: 'ture' is not valid, expected 1, true"):
        DEBUG.read({"PERFGATE_DEBUG": "ture"})


def test_spaces_in_a_list_are_trimmed() -> None:
    """Host names may be written with spaces and a comma at the end."""
    assert ["a.example", "b.example"] == ALLOWED_HOSTS.read({"PERFGATE_ALLOWED_HOSTS": " a.example , b.example,"})


def test_an_address_needs_its_scheme() -> None:
    """An address without http is refused; a slash at its end is not kept."""
    assert "https://perf.example" == BASE_URL.read({"PERFGATE_BASE_URL": "https://perf.example/"})
    with pytest.raises(ImproperlyConfigured, match=r"PERFGATE_BASE_URL: 'perf\.example' .*https://"):
        BASE_URL.read({"PERFGATE_BASE_URL": "perf.example"})


def test_a_folder_may_begin_with_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service file has no shell that would replace ``~``."""
    monkeypatch.setenv("HOME", "/home/ada")

    assert Path("/home/ada/data") == DATA_DIR.read({"PERFGATE_DATA_DIR": "~/data"})
    assert Path("/home/ada/.perfgate") == DATA_DIR.read({})


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "mydb://ada:secret@host/x"), ("CELERY_BROKER_URL", "ada:secret@host")]
)
def test_a_password_is_not_printed(name: str, value: str) -> None:
    """The error about an address that may hold a password names the variable and leaves the value out."""
    (setting,) = (setting for setting in SETTINGS if setting.name == name)

    with pytest.raises(ImproperlyConfigured, match=name) as error:
        setting.read({name: value})

    assert "secret" not in str(error.value)


def test_every_default_is_valid() -> None:
    """A default is text that the variable accepts, or its meaning is described."""
    for setting in SETTINGS:
        assert setting.read({}) == setting.read({setting.name: setting.default})
        assert bool(setting.default) != bool(setting.default_meaning), setting.name


def test_every_setting_is_listed_once() -> None:
    """A setting that the code can read stands in the list that the reference is made from."""
    defined: list[Setting[Any]] = [value for value in vars(environment).values() if isinstance(value, Setting)]

    assert {setting.name for setting in defined} == {setting.name for setting in SETTINGS}
    assert len(SETTINGS) == len({setting.name for setting in SETTINGS}) == len(defined)


def test_an_unknown_variable_is_refused() -> None:
    """A misspelt setting is named together with the one that was meant; other programs' variables are not ours."""
    with pytest.raises(ImproperlyConfigured, match=r"PERFGATE_MAX_UPLAOD is set.*did you mean PERFGATE_MAX_UPLOAD"):
        environment.check_names({"PERFGATE_MAX_UPLAOD": "1", "HOME": "/", "PERFGATE_DEBUG": "1"})


def test_the_command_line_s_variables_are_known() -> None:
    """Every variable that the library and the tests use beside the settings may be set when the server starts."""
    used = set()
    for folder in ("perfgate", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            used |= set(re.findall(r"""(?:environ(?:\.get\(|\[|\.pop\()|get\(|= )["'](PERFGATE_[A-Z_]+)["']""", text))
    used -= {setting.name for setting in SETTINGS}

    assert used == environment.OTHER_VARIABLES


def test_the_server_starts_with_readable_settings_only(tmp_path: Path) -> None:
    """A wrong or unknown variable ends every command with one line and no traceback."""
    wrong = manage(tmp_path, PERFGATE_DEBUG="ture")
    unknown = manage(tmp_path, PERFGATE_BASEURL="https://perf.example")

    assert (1, 1, 0) == (wrong.returncode, unknown.returncode, manage(tmp_path, PERFGATE_MAX_UPLOAD="64MB").returncode)
    assert "manage.py: PERFGATE_DEBUG: 'ture' is not valid" in wrong.stderr
    assert "did you mean PERFGATE_BASE_URL?" in unknown.stderr
    assert "Traceback" not in wrong.stderr + unknown.stderr
