"""Every set of requirements that a repository declares, in whichever file. Files are read, and nothing is run."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_REQUIREMENT_FILES = ("*requirements*.txt", "requirements/*.txt", "*requirements*.in", "requirements/*.in")
_MAX_FILE_BYTES = 1_000_000
_INSTALL = re.compile(r"\bpip3? install\s+(.+)")
"""Also ``uv pip install`` and ``python -m pip install``."""


@dataclass(frozen=True, kw_only=True)
class DeclaredRequirements:
    """One set of requirements, such as a dependency group or a requirements file."""

    source: str
    """The file and the name in it, for people."""
    lines: tuple[str, ...]
    """Requirements, as pip reads them."""

    @property
    def names(self) -> frozenset[str]:
        """Return the normalized names of the distributions."""
        return frozenset(canonicalize_name(Requirement(line).name) for line in self.lines)

    def named(self, name: str) -> tuple[str, ...]:
        """Return the lines on one distribution."""
        return tuple(line for line in self.lines if canonicalize_name(Requirement(line).name) == name)


def declared_requirements(checkout: Path, folders: Sequence[Path], own: Iterable[str]) -> list[DeclaredRequirements]:
    """Return all sets of requirements of a repository; those in the first of *folders* come first.

    Args:
        checkout: The checked-out code.
        folders: Folders in it whose files are read, such as that of the suite, of the project, and the top folder.
        own: Normalized names of the repository's own distributions, which are left out.
    """
    mine = frozenset(own)
    found: list[DeclaredRequirements] = []
    for folder in dict.fromkeys(folders):
        prefix = "" if folder == checkout else f"{folder.relative_to(checkout).as_posix()}/"
        for source, lines in _in_folder(folder):
            kept = tuple(dict.fromkeys(line for line in map(_cleaned, lines) if line and _name(line) not in mine))
            if kept:
                found.append(DeclaredRequirements(source=prefix + source, lines=kept))
    return found


_Declared = Iterator[tuple[str, list[str]]]


def _in_folder(folder: Path) -> _Declared:
    yield from _from_pyproject(read_toml(folder / "pyproject.toml"))
    yield from _from_requirement_files(folder)
    yield from _from_setup_cfg(folder / "setup.cfg")
    yield from _from_setup_py(folder / "setup.py")
    yield from _from_tox(folder)
    yield from _from_nox(folder / "noxfile.py")
    yield from _from_asv(folder / "asv.conf.json")
    yield from _from_workflows(folder / ".github/workflows")


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content; empty if it cannot be read."""
    try:
        return tomllib.loads(_text(path))
    except ValueError:
        return {}


def mapping(value: object) -> dict[str, Any]:
    """Return *value* if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """Return the texts in *value* if it is a list, the only one if it is a text."""
    if isinstance(value, str):
        return [value]
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _from_pyproject(document: Mapping[str, Any]) -> _Declared:
    project = mapping(document.get("project"))
    tool = mapping(document.get("tool"))
    own_name = str(project.get("name", ""))
    for where, table in (
        ("dependency-groups", mapping(document.get("dependency-groups"))),
        ("project.optional-dependencies", mapping(project.get("optional-dependencies"))),
        ("tool.pdm.dev-dependencies", mapping(mapping(tool.get("pdm")).get("dev-dependencies"))),
    ):
        for name in table:
            yield f"{where}.{name}", list(_expanded(table, name, own_name, frozenset()))
    yield "tool.uv.dev-dependencies", texts(mapping(tool.get("uv")).get("dev-dependencies"))
    yield from _from_poetry(mapping(tool.get("poetry")))
    yield from _from_hatch(mapping(mapping(tool.get("hatch")).get("envs")))


def _expanded(table: Mapping[str, Any], name: str, own_name: str, seen: frozenset[str]) -> Iterator[str]:
    """Yield the requirements of a group or an extra, including those of groups and extras that it names."""
    entries = table.get(name)
    if name in seen or not isinstance(entries, list):
        return
    for entry in entries:
        included = _included(entry, own_name)
        for other in included:
            yield from _expanded(table, other, own_name, seen | {name})
        if isinstance(entry, str) and not included:
            yield entry


def _included(entry: object, own_name: str) -> list[str]:
    """Return the groups or extras that an entry includes; none if it is a requirement."""
    if isinstance(entry, dict):
        return [str(entry.get("include-group", ""))]
    own_extras = re.fullmatch(rf"{re.escape(own_name)}\[([\w, -]+)\]", str(entry)) if own_name else None
    return [extra.strip() for extra in own_extras[1].split(",")] if own_extras else []


def _from_poetry(poetry: Mapping[str, Any]) -> _Declared:
    yield "tool.poetry.dev-dependencies", _poetry_lines(mapping(poetry.get("dev-dependencies")))
    for name, group in mapping(poetry.get("group")).items():
        yield f"tool.poetry.group.{name}", _poetry_lines(mapping(mapping(group).get("dependencies")))


def _poetry_lines(table: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, given in table.items():
        wanted = mapping(given).get("version", "*") if isinstance(given, dict) else given
        is_elsewhere = isinstance(given, dict) and not {"git", "path", "url"}.isdisjoint(given)
        if name == "python" or is_elsewhere or not isinstance(wanted, str):
            continue
        extras = ",".join(texts(mapping(given).get("extras"))) if isinstance(given, dict) else ""
        lines.append(f"{name}{f'[{extras}]' if extras else ''}{_poetry_specifier(wanted)}")
    return lines


def _poetry_specifier(wanted: str) -> str:
    """Return poetry's version constraint as pip reads it; empty (any version) where it has no equivalent."""
    parts = []
    for part in (piece.strip() for piece in wanted.split(",")):
        if part in {"", "*"}:
            continue
        if part[0] == "^":
            parts += _caret(part[1:].strip())
        elif part[0] == "~" and part[:2] != "~=":
            numbers = part[1:].strip().split(".")
            parts.append(f"~={'.'.join(numbers if len(numbers) > 2 else [*numbers[:2], '0'])}")
        elif part[0].isdigit():
            parts.append(f"=={part}")
        else:
            parts.append(part)
    text = ",".join(parts)
    try:
        Requirement(f"name{text}")
    except InvalidRequirement:
        return ""
    return text


def _caret(version: str) -> list[str]:
    numbers = version.split(".")
    for index, number in enumerate(numbers):
        if not number.isdigit():
            return [f">={version}"]
        if int(number) or index == len(numbers) - 1:
            above = [*numbers[:index], str(int(number) + 1)]
            return [f">={version}", f"<{'.'.join(above)}"]
    return []


def _from_hatch(environments: Mapping[str, Any]) -> _Declared:
    for name, environment in environments.items():
        table = mapping(environment)
        lines = [*texts(table.get("dependencies")), *texts(table.get("extra-dependencies"))]
        yield f"tool.hatch.envs.{name}", lines


def _from_requirement_files(folder: Path) -> _Declared:
    files = {file for pattern in _REQUIREMENT_FILES for file in folder.glob(pattern) if file.is_file()}
    for file in sorted(files):
        yield file.relative_to(folder).as_posix(), list(_file_lines(file, frozenset()))


def _file_lines(file: Path, seen: frozenset[Path]) -> Iterator[str]:
    """Yield the requirements of a file and of the files that it names with ``-r``."""
    if file in seen:
        return
    for line in _text(file).replace("\\\n", " ").splitlines():
        other = re.match(r"\s*(?:-r|--requirement)[ =]\s*(\S+)", line)
        if other:
            yield from _file_lines(file.parent / other[1], seen | {file})
        else:
            yield re.split(r"\s--hash|\s#", line)[0]


def _from_setup_cfg(path: Path) -> _Declared:
    parser = _ini(path)
    if parser.has_section("options.extras_require"):
        for name, value in parser.items("options.extras_require"):
            yield f"setup.cfg options.extras_require.{name}", value.splitlines()
    if parser.has_option("options", "tests_require"):
        yield "setup.cfg options.tests_require", parser.get("options", "tests_require").splitlines()


def _from_setup_py(path: Path) -> _Declared:
    for call in _calls(_tree(path), "setup"):
        for keyword in call.keywords:
            try:
                value = ast.literal_eval(keyword.value)
            except (ValueError, TypeError, SyntaxError, RecursionError):
                continue  # computed
            if keyword.arg == "tests_require":
                yield "setup.py tests_require", texts(value)
            if keyword.arg == "extras_require":
                for name, lines in mapping(value).items():
                    yield f"setup.py extras_require.{name}", texts(lines)


def _from_tox(folder: Path) -> _Declared:
    parser = _ini(folder / "tox.ini")
    for section in parser.sections():
        if section.startswith("testenv") and parser.has_option(section, "deps"):
            # A factor says in which environments a line counts, such as ``py39: numpy``.
            lines = [re.sub(r"^[\w!{},-]+:\s+", "", line) for line in parser.get(section, "deps").splitlines()]
            yield f"tox.ini {section}", [line for line in lines if "{" not in line]
    document = read_toml(folder / "tox.toml")
    for name, environment in mapping(document.get("env")).items():
        yield f"tox.toml env.{name}", texts(mapping(environment).get("deps"))


def _from_nox(path: Path) -> _Declared:
    for function in [node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef)]:
        lines = [
            argument.value
            for call in _calls(function, "install")
            for argument in call.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        yield f"noxfile.py {function.name}", lines


def _from_asv(path: Path) -> _Declared:
    text = re.sub(r"^\s*//.*$", "", _text(path), flags=re.MULTILINE)
    try:
        document = mapping(msgspec.json.decode(re.sub(r",(\s*[}\]])", r"\1", text) or "{}"))
    except msgspec.DecodeError:
        return
    matrix = mapping(document.get("matrix"))
    required = mapping(matrix.get("req")) or {
        name: value for name, value in matrix.items() if name not in {"req", "env", "env_nobuild"}
    }
    lines = []
    for name, versions in required.items():
        newest = texts(versions)[-1:]
        lines.append(f"{name}=={newest[0]}" if newest and newest[0] else name)
    yield path.name, [line.removeprefix("pip+") for line in lines]


def _from_workflows(folder: Path) -> _Declared:
    for file in sorted(folder.glob("*.y*ml")):
        lines: list[str] = []
        for found in _INSTALL.finditer(_text(file).replace("\\\n", " ")):
            try:
                words = shlex.split(found[1], comments=True)
            except ValueError:
                continue
            lines += [word for word in words if not word.startswith(("-", ".")) and not word.endswith(".txt")]
        yield f".github/workflows/{file.name}", lines


def _cleaned(line: str) -> str:
    """Return a requirement without its comment; empty if it is none, or one that only its own folder can resolve."""
    plain = line.partition(" #")[0].strip().strip("'\"").rstrip(";").strip()
    if not plain or plain[0] in "-#./{$" or "://" in plain or "@" in plain:
        return ""
    try:
        Requirement(plain)
    except InvalidRequirement:
        return ""
    return plain


def _name(line: str) -> str:
    return canonicalize_name(Requirement(line).name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < _MAX_FILE_BYTES else ""
    except OSError:
        return ""


def _ini(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return configparser.ConfigParser()
    return parser


def _tree(path: Path) -> ast.AST:
    try:
        return ast.parse(_text(path))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function or method of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
            yield node
