"""The structure of the code is what ARCHITECTURE.md and CONTRIBUTING.md say.

``make check`` holds the rest of it: ruff wants annotations (ANN), public docstrings (D1) and no blind except (BLE), mypy wants
types everywhere, import-linter wants the layers.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import PurePosixPath

from tests import habits
from tests.paths import ROOT

EVERYTHING = (*habits.OURS, "tests/")
DJANGO_PACKAGES = ("migrations", "management", "management.commands", "templatetags")
"""Packages whose place and contents Django prescribes."""


def _assert_none(kind: str, found: list[str]) -> None:
    assert not found, f"{len(found)} {kind}:\n" + "\n".join(found)


def _map() -> list[str]:
    """Return the paths that the map of ARCHITECTURE.md names, packages with a trailing slash."""
    (block,) = re.findall(
        r"^```\n(.*?)^```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    parents: dict[int, str] = {}
    paths = []
    for line in block.splitlines():
        match = re.match(r"( *)(\S+(?: \S+)*?)(?:  +.*)?$", line)
        if match is None or len(match[1]) > 10:
            continue  # the description goes on
        parent = parents.get(len(match[1]) - 2, "")
        paths += [parent + name for name in match[2].split(" ")]
        parents[len(match[1])] = paths[-1]
    return paths


def _is_prescribed(package: str) -> bool:
    return package.startswith("webapp.") and package.endswith(tuple(f".{name}" for name in DJANGO_PACKAGES))


def test_the_map_names_every_package_and_every_top_module() -> None:
    """ARCHITECTURE.md names each package of perfgate/ and webapp/, each module at their top, and nothing else there."""
    product = [path for path in _map() if path.startswith(habits.PRODUCT)]
    packages = [name for name in habits.packages("perfgate", "webapp") if not _is_prescribed(name)]
    top = [name for name in habits.python_files(*habits.PRODUCT) if name.count("/") == 1 and "__" not in name]

    there = {*top, *(name.replace(".", "/") + "/" for name in packages)}

    assert set() == there - set(product), "add these to the map in ARCHITECTURE.md"
    assert set() == set(product) - there, "take these out of the map in ARCHITECTURE.md"


def test_the_map_names_what_is_there() -> None:
    """Everything else that the map names exists too."""
    assert [] == [path for path in _map() if not (ROOT / path).exists()]


def test_every_package_has_a_layers_contract() -> None:
    """Each package with two modules or more is the container of exhaustive layers."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layered = {
        container
        for contract in linter["contracts"]
        if contract["type"] == "layers" and contract.get("exhaustive")
        for container in contract.get("containers", [])
    }
    missing = [
        name
        for name in habits.packages("perfgate", "webapp")
        if not _is_prescribed(name) and len(habits.modules(name)) > 1 and name not in layered
    ]

    _assert_none("packages without exhaustive layers", missing)


def test_files_are_short() -> None:
    """No file is longer than 500 lines."""
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in _all_python()}

    _assert_none("files over 500 lines", [f"{name}: {lines}" for name, lines in lengths.items() if lines > 500])


def test_functions_are_short() -> None:
    """No function is longer than 50 lines, its docstring included; a test may tell a longer story."""
    found = [function for function in habits.functions(*habits.OURS) if function.lines > 50]

    _assert_none("functions over 50 lines", [f"{function.place}: {function.lines}" for function in found])


def test_functions_are_simple() -> None:
    """No function has a complexity above 10."""
    found = [function for function in habits.functions(*EVERYTHING) if function.complexity > 10]

    _assert_none("functions with a complexity above 10", [f"{item.place}: {item.complexity}" for item in found])


def test_broad_excepts_are_explained() -> None:
    """Where any exception is caught, a comment says why: on that line, or on the first line of the block."""
    found = []
    for name in _all_python():
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for node in ast.walk(habits.tree(name)):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node):
                nearby = " ".join(lines[node.lineno - 2 : node.body[0].lineno])
                if not re.search(r"# (?!noqa|type:)\w|# noqa: \S+ - \w", nearby):
                    found.append(f"{name}:{node.lineno}")

    _assert_none("broad excepts without a reason", found)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )


SHARED_CLASS_NAMES = {
    "Meta": "Django's name for the options of a model or serializer",
    "Command": "Django's name for the class of a management command",
    "Config": "Django's name for the class of an app",
    # ARCHITECTURE.md, "Design decisions".
    "Run": "the model stores the record",
    "Commit": "the model stores the record",
    "Benchmark": "the model stores the record",
    "Environment": "the model and its states store the record",
}


def test_class_names_mean_one_thing() -> None:
    """No two classes of perfgate and webapp have the same name, private and nested ones included."""
    places = defaultdict(list)
    for name in habits.python_files(*habits.PRODUCT):
        for node in ast.walk(habits.tree(name)):
            if isinstance(node, ast.ClassDef) and node.name not in SHARED_CLASS_NAMES:
                places[node.name].append(f"{name}:{node.lineno}")
    twice = {name: found for name, found in places.items() if len(found) > 1}

    _assert_none("class names with two meanings", [f"{name}: {' '.join(found)}" for name, found in twice.items()])


VAGUE_LOOP_NAMES = {"each", "one", "those", "these", "that", "thing", "it"}


def test_loops_name_what_they_loop_over() -> None:
    """A loop variable says what it holds."""
    found = [
        f"{name}:{line} {variable}"
        for name in _all_python()
        for line, variable in habits.loop_names(name)
        if variable in VAGUE_LOOP_NAMES
    ]

    _assert_none("vague loop variables", found)


def test_no_function_is_called_of() -> None:
    """A function's name says what it returns."""
    found = [function.place for function in habits.functions(*EVERYTHING) if function.place.endswith(" of")]

    _assert_none("functions called of", found)


MODULES_IN_ING = {
    "tracing",
    "sampling",
    "pairing",
    "publishing",
    "pooling",
    "pacing",
    "formatting",
    "onboarding",
    "processing",
    "remaining",
    "screening",
    "missing",
    "wording",
}
"""Standard nouns."""


def test_modules_are_called_by_nouns() -> None:
    """No module is called by a verb in -ing."""
    names = {PurePosixPath(name).stem for name in habits.python_files(*habits.PRODUCT)}

    assert set() == {name for name in names if name.endswith("ing")} - MODULES_IN_ING


MIRRORED_ELSEWHERE = {
    "apps": "registration with Django; a missing receiver fails the tests of what it does",
    "urls": "addresses; every test of a view resolves its own",
}


def test_every_module_has_its_tests() -> None:
    """perfgate/a/b.py is tested in tests/perfgate/a/test_b.py, or a test module of that folder names b.py in its docstring."""
    modules = [name for name in habits.python_files(*habits.PRODUCT) if not _needs_no_tests(name)]

    _assert_none(
        "modules without tests of their own", [name for name in modules if not _has_tests(PurePosixPath(name))]
    )


def _needs_no_tests(name: str) -> bool:
    path = PurePosixPath(name)
    return path.stem in MIRRORED_ELSEWHERE or (path.stem.startswith("__") and not _defines(name))


def _has_tests(module: PurePosixPath) -> bool:
    """Return whether a test module mirrors *module*, or names it in its docstring; a package is tested inside or beside."""
    is_package = module.stem == "__init__"
    stem = module.parent.name if is_package else module.stem
    folders = {module.parent, module.parent.parent} if is_package else {module.parent}
    if any((ROOT / f"tests/{folder}/test_{stem}.py").exists() for folder in folders):
        return True
    spelling = re.compile(rf"(?<![\w/])({re.escape(str(module))}|{re.escape(stem)}\.py)(?!\w)")
    docstrings = [
        ast.get_docstring(habits.tree(name)) or ""
        for name in habits.python_files("tests/")
        if PurePosixPath(name).name.startswith("test_") and PurePosixPath(name).parent.relative_to("tests") in folders
    ]
    return any(spelling.search(docstring) for docstring in docstrings)


def _defines(name: str) -> bool:
    """Return whether a file holds code of its own: a function or a class."""
    return any(isinstance(node, (*habits.FUNCTIONS, ast.ClassDef)) for node in habits.tree(name).body)


def _all_python() -> tuple[str, ...]:
    return habits.python_files(*EVERYTHING)


REPLACED_IDENTIFIERS = {
    r"(?m)(?:^ *import|from (?:perfgate|webapp)[\w.]* import) (?:\w+, )*(?:asking|wanted|triage|answers|recorded|sightings|kept|served)\b": "outbox, ...",
    r"\b(?:asking|wanted|orders|triage|answers|recorded|sightings|kept|served)\.py\b": "outbox, ...",
    r"\bdef (?:of|look|ring)\b": "a name that says what it returns",
    r"\bclass (?:Answer|Around|Counter|Order|Placement|Sighting|Touched)\b": "remeasurement, comment context, ...",
    r"\bis_quiet\b|\.quiet\b|\bquiet=": "imported_only",
}

REPLACED_WORDS = {
    r"\bdoorbells?\b": "queue",
    r"\bsightings?\b": "observed changes",
    r"\bmeetings\b": "clusters",
    r"\bmailbox\b": "file broker",
    r"\bmoods?\b": "environment noise, modes",
    r"(?<!-)\bchildren\b": "child processes",
    r"\bcreep(?:s|ing)?\b|\bcrept\b": "drift",
    r"\bstrangers?\b": "untrusted",
    r"\bowed\b": "pending",
    r"\bquietly\b": "say it plainly",
    r"\bwhoever\b": "anybody who, the caller",
    r"\bthe like\b": "name them",
    r"\bis nobody here\b": "has no access",
    r"\bof old\b": "former",
    r"\bwhat repeats\b": "deterministic metrics",
    r"\brooms?\b": "packages",
    r"\bhouse\b": "layout",
    r"\bdoors?\b": "entry points",
    r"runs_owed": "runs_pending",
    r"virtualisation": "virtualization",
    r"\bcould have seen\b": "detects",
    r"\bdid it\b": "is the cause",
    r"\{% for (?:one|each|it|that) in": "the thing's name",
}

BRITISH = {
    r"\bcolour": "color",
    r"\blicence": "license",
    r"judgement(?![\"`])": "judgment",
    r"normalis": "normaliz",
    r"recognis": "recogniz",
    r"behaviour": "behavior",
    r"\bcancell(?:ed|ing)\b(?![()\"])": "canceled",
    r"parametris": "parametriz",
    r"\bgrey": "gray",
    r"\bcentre": "center",
    r"favour": "favor",
    r"\banalys(?:e|ed|ing)\b": "analyze",
    r"(?:serial|initial|optim|summar|organ|final|general|minim|maxim|random|synchron|util|visual|special|author|categor|stabil|capital|standard|real|local|apolog|emphas|critic|crystall|prior|penal)is(?:e|ed|es|er|ers|ing|ation|ations)\b": "-ize",
    r"\blabell(?:ed|ing)\b": "labeled",
    r"\bmodell(?:ed|ing)\b": "modeled",
    r"\btravell(?:ed|ing)\b": "traveled",
    r"\bneighbour": "neighbor",
    r"\bhonour": "honor",
    r"\bartefact": "artifact",
    r"\bdefence\b": "defense",
    r"\bwhilst\b": "while",
    r"\bcatalogue": "catalog",
    r"\bfulfil\b": "fulfill",
}

NOT_OURS = (
    "CHANGELOG.md",
    "LICENSE",
    "tests/data/",
    "tests/test_architecture.py",
    "tests/node/package-lock.json",
    "standin/github-openapi",
    "webapp/pages/static/pages/vendor/",
    "requirements",
)


def _found(patterns: dict[str, str], *, lower: bool) -> list[str]:
    """Return every place where a pattern matches the text of a file, in lower case if *lower*."""
    compiled = {re.compile(pattern): better for pattern, better in patterns.items()}
    found = []
    for name, content in _texts().items():
        text = content.lower() if lower else content
        for pattern, better in compiled.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: {match[0]!r}, say {better}")
    return found


@cache
def _texts() -> dict[str, str]:
    """Return the text of every file that we write, but CHANGELOG.md."""
    names = [name for name in habits.tracked(".") if not name.startswith(NOT_OURS)]
    binary = {".gz", ".png", ".svg", ".json", ".lock"}
    return {
        name: (ROOT / name).read_text(encoding="utf-8") for name in names if PurePosixPath(name).suffix not in binary
    }


def test_replaced_names_are_gone() -> None:
    """No file but CHANGELOG.md uses a name that was replaced."""
    _assert_none("replaced names", _found(REPLACED_IDENTIFIERS, lower=False) + _found(REPLACED_WORDS, lower=True))


def test_spelling_is_american() -> None:
    """No file but CHANGELOG.md has a British spelling."""
    _assert_none("British spellings", _found(BRITISH, lower=True))
