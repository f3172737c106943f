"""Requirements are found in every file in which projects declare them."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.needs.declared import declared_requirements


def declared(folder: Path, files: dict[str, str]) -> dict[str, tuple[str, ...]]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {found.source: found.lines for found in declared_requirements(folder, [folder], ["shop"])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[dependency-groups]\nall = [{include-group = "b"}, "rich"]\nb = ["pytest-benchmark>=5"]',
            {
                "dependency-groups.all": ("pytest-benchmark>=5", "rich"),
                "dependency-groups.b": ("pytest-benchmark>=5",),
            },
        ),
        ('[dependency-groups]\na = [{include-group = "a"}]', {}),
        (
            '[project]\nname="shop"\n[project.optional-dependencies]\ndev=["shop[t]"]\nt=["pytest"]',
            {"project.optional-dependencies.dev": ("pytest",), "project.optional-dependencies.t": ("pytest",)},
        ),
        (
            '[tool.poetry.group.test.dependencies]\npytest = "^8.1"\npytest-cov = "~4.1"\nx = {version=">=1", extras=["y"]}\n'  # noqa: ISC004 - one text
            'own = {path="../own"}\npython = "^3.9"\nany = "*"\nzero = "^0.3.1"\nexact = "1.2"\nodd = "1 || 2"',
            {
                "tool.poetry.group.test": (
                    "pytest>=8.1,<9",
                    "pytest-cov~=4.1.0",
                    "x[y]>=1",
                    "any",
                    "zero>=0.3.1,<0.4",
                    "exact==1.2",
                    "odd",
                )
            },
        ),
        ('[tool.poetry.dev-dependencies]\npytest = "*"', {"tool.poetry.dev-dependencies": ("pytest",)}),
        (
            '[tool.hatch.envs.bench]\ndependencies=["pytest-benchmark"]\nextra-dependencies=["numpy"]',
            {"tool.hatch.envs.bench": ("pytest-benchmark", "numpy")},
        ),
        ('[tool.pdm.dev-dependencies]\ntest=["pytest"]', {"tool.pdm.dev-dependencies.test": ("pytest",)}),
        ('[tool.uv]\ndev-dependencies=["pytest"]', {"tool.uv.dev-dependencies": ("pytest",)}),
        ("[broken", {}),
        ("dependency-groups = 3\nproject = 4\ntool = 5", {}),
    ],
)
def test_pyproject(tmp_path: Path, text: str, expected: dict[str, tuple[str, ...]]) -> None:
    """Groups, extras, and the tables of poetry, hatch, pdm and uv; a broken file declares nothing."""
    assert expected == declared(tmp_path, {"pyproject.toml": text})


def test_requirement_files_name_each_other(tmp_path: Path) -> None:
    """Comments, hashes, options and paths are left out; a file that names itself ends."""
    found = declared(
        tmp_path,
        {
            "requirements-dev.txt": "-r requirements/base.txt\npytest>=7 # runs\n-e .\n./local\nhttps://x.invalid/a.whl\n",
            "requirements/base.txt": "-r ../requirements-dev.txt\nnumpy==2 \\\n    --hash=sha256:00\nshop\nnot a requirement!\n",
        },
    )

    assert ("numpy==2", "pytest>=7") == found["requirements-dev.txt"]


def test_other_tools(tmp_path: Path) -> None:
    """setup.cfg, setup.py, tox, nox, asv's matrix, and what workflows install."""
    found = declared(
        tmp_path,
        {
            "setup.cfg": "[options.extras_require]\ntest =\n    pytest\n    mock\n",
            "setup.py": "from setuptools import setup\nsetup(name=NAME, extras_require={'fast': ['cython']}, tests_require='six')\n",
            "tox.ini": "[testenv:bench]\ndeps =\n    pytest-benchmark\n    py39: numpy<2\n    {[base]deps}\n",
            "noxfile.py": "def bench(session):\n    session.install('pytest-benchmark', '-e', '.', '--quiet')\n",
            "asv.conf.json": '{\n// versions\n"matrix": {"req": {"numpy": ["1.26", "2.0"], "pip+rich": [],},},}',
            ".github/workflows/ci.yml": "- run: uv pip install -e . pytest-cov 'hypothesis>=6' -r r.txt # tests\n",
        },
    )

    assert {
        "setup.cfg options.extras_require.test": ("pytest", "mock"),
        "setup.py extras_require.fast": ("cython",),
        "setup.py tests_require": ("six",),
        "tox.ini testenv:bench": ("pytest-benchmark", "numpy<2"),
        "noxfile.py bench": ("pytest-benchmark",),
        "asv.conf.json": ("numpy==2.0", "rich"),
        ".github/workflows/ci.yml": ("pytest-cov", "hypothesis>=6"),
    } == found


def test_the_nearest_folder_comes_first(tmp_path: Path) -> None:
    """In a repository with several projects, that of the suite is read before the top folder."""
    for folder in ("packages/alpha", "."):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "requirements.txt").write_text("pytest\n")

    found = declared_requirements(tmp_path, [tmp_path / "packages/alpha", tmp_path], [])

    assert ["packages/alpha/requirements.txt", "requirements.txt"] == [requirements.source for requirements in found]
