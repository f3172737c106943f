"""The canary: what it plants makes the gate red by about as much as it says, and touches nothing of the developer's."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure import canary, open_pairs
from perfgate.measure.options import MeasureOptions
from perfgate.measure.reach.tracing import CalledFunction
from perfgate.measure.workspaces import workspace
from perfgate.stats.judgments import Judgment
from perfgate.stats.sequential import judge_suite
from tests.perfgate.measure.conftest import CLEARS_ENVIRONMENT, Project

SHOP = '''"""A shop."""

from __future__ import annotations

import functools


def fast():
    return 1


def decorated(function):
    @functools.wraps(function)
    def inner(*arguments):
        return function(*arguments)

    return inner


class Till:
    @staticmethod
    @decorated
    def total(count):
        result = 0
        for number in range(count):
            result += Till.digit(number)
        return result

    @staticmethod
    def digit(number):
        return number % 10
'''

FILES = {
    ".gitignore": "__pycache__/\n",
    "shop.py": SHOP,
    "benchmarks/conftest.py": CLEARS_ENVIRONMENT,
    "benchmarks/test_shop.py": """
import pytest
import shop

def helper():
    return sum(range(30000))

def test_bad_raises(benchmark):
    benchmark(lambda: 1 / 0)

def test_bad_short(benchmark):
    benchmark(shop.fast)

def test_bad_helper(benchmark):
    benchmark(helper)

@pytest.mark.parametrize("count", [2000])
def test_total(benchmark, count):
    assert benchmark(shop.Till.total, count) == 9000
""",
    "asv.conf.json": '{"version": 1, "project": "shop", "repo": ".", "benchmark_dir": "asv_bench"}',
    "asv_bench/__init__.py": "",
    "asv_bench/tills.py": """
from shop import Till, fast

def time_fast():
    fast()

class Tills:
    params = [2000]
    param_names = ["count"]

    def setup(self, count):
        self.total = Till.total

    def time_total(self, count):
        self.total(count)
""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("canary") / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", FILES)
    return project


@pytest.mark.parametrize(
    ("suite", "benchmark"),
    [
        ("pytest-benchmark", "benchmarks/test_shop.py::test_total[count=2000]"),
        ("asv", "tills.Tills.time_total[count=2000]"),
    ],
)
def test_the_gate_goes_red(shop: Project, temporary: Path, suite: str, benchmark: str) -> None:
    """The planted slowdown is called a regression, of about the size that was planted, and nothing stays behind."""
    before = (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"), shop.git("count-objects", "-v"))
    with workspace() as folder:
        place = canary.find_place(shop.path, "HEAD", workspace=folder, seed=1, options=MeasureOptions(suite=suite))
        planted = canary.plant(place, 0.3)
        assert {path.name for path in folder.iterdir()} == {"canary", "lock"}
        with open_pairs(place.repository, place.base, planted.head, suite=suite, select=place.select) as pairs:
            decisions = judge_suite(pairs.benchmarks, pairs.take_pair, budget=0.03)

    assert (place.benchmark, place.function.file, place.function.name) == (benchmark, "shop.py", "Till.total")
    assert decisions.keys() == {benchmark}
    assert decisions[benchmark].outcome is Judgment.REGRESSED
    assert planted.agrees_with(decisions[benchmark].low, decisions[benchmark].high)
    assert (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"), shop.git("count-objects", "-v")) == before
    assert not list(temporary.iterdir())


def test_a_suite_without_a_suitable_benchmark_is_told(shop: Project, tmp_path: Path) -> None:
    """Benchmarks that fail, are too short or run none of the project's code are no place for a known slowdown."""
    unsuitable = MeasureOptions(suite="pytest-benchmark", select="*test_bad_*")
    with pytest.raises(MeasurementFailed, match="is suitable for the canary"):
        canary.find_place(shop.path, "HEAD", workspace=tmp_path, seed=1, options=unsuitable)


PLACE = canary.Place(
    repository=Path(),
    base="",
    benchmark="a",
    function=CalledFunction(file="shop.py", line=1, name="total", calls=1, share=1.0),
    waits=False,
)


def test_a_slowdown_is_a_fraction() -> None:
    """A slowdown of nothing, or of 30 in place of 0.3, is refused."""
    for share in (0.0, 30.0, float("nan")):
        with pytest.raises(InvalidInput, match="fraction"):
            canary.plant(PLACE, share)


def test_what_was_found_must_be_what_was_planted() -> None:
    """+44.6 to +60.2 % is not +30 %, whatever the verdict; a tenth of the slowdown is forgiven."""
    planted = canary.Planted(place=PLACE, head="", expected=0.3)

    assert [True, True, True, False, False] == [
        planted.agrees_with(low, high)
        for low, high in ((0.25, 0.35), (0.32, 0.36), (0.2, 0.28), (0.446, 0.602), (0.1, 0.2))
    ]


LOT = {
    ".gitignore": "__pycache__/\n",
    "lot.py": "def total(count):\n    return sum([number for number in range(count)])\n",
    "benchmarks/test_lot.py": """
import lot, pytest

@pytest.mark.parametrize("number", range(4))
def test_total(benchmark, number):
    benchmark(lot.total, 5000 + number)
""",
}


def test_the_seed_decides_which_benchmark_is_drawn(tmp_path: Path) -> None:
    """The same seed draws the same benchmark again, and not every seed draws the first."""
    project = Project(tmp_path / "lot")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", LOT)
    drawn = []
    for turn, seed in enumerate((1, 1, 2, 3)):
        (folder := tmp_path / str(turn)).mkdir()
        drawn.append(canary.find_place(project.path, "HEAD", workspace=folder, seed=seed).benchmark)

    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1
