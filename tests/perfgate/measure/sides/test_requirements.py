"""What a project asks for is compared with what is there, as its own interpreter would see it."""

from __future__ import annotations

import msgspec
import pytest

from perfgate.measure.sides.installed import InstalledPackages, Package
from perfgate.measure.sides.requirements import differences, unmet

OWN, SHARED = "/side", "/developer"


def package(version: str, *requires: str, folder: str = SHARED, url: str = "", revision: str = "") -> Package:
    return Package(
        name="", version=version, requires=list(requires), folder=folder, url=url, revision=revision, modules=["module"]
    )


def wanted(**packages: Package) -> dict[str, tuple[str, ...]]:
    markers = {"python_version": "3.11", "sys_platform": "linux", "platform_system": "Linux"}
    named = [msgspec.structs.replace(package, name=name) for name, package in packages.items()]
    installed = InstalledPackages(purelib=OWN, prefixes=[], markers=markers, distributions=named)
    return {package.name: package.requirements for package in unmet(installed, ["shop"])}


@pytest.mark.parametrize(
    ("requires", "there", "expected"),
    [
        ("attrs>=24", "24.2", {}),
        ("attrs>=24", "23.1", {"attrs": ("attrs>=24",)}),
        ("attrs>=24", "25.0rc1", {}),
        ("attrs>=24; sys_platform == 'win32'", "23.1", {}),
        ("attrs>=24; extra == 'fast'", "23.1", {}),
        ("attrs>=24; python_version >= '3.11'", "23.1", {"attrs": ("attrs>=24",)}),
        ("attrs @ https://example.org/attrs.whl", "23.1", {"attrs": ("attrs@ https://example.org/attrs.whl",)}),
        ("attrs >= not a version", "23.1", {}),
        ("attrs>=24", "no version", {}),
    ],
)
def test_a_requirement_is_met_or_named(requires: str, there: str, expected: dict[str, tuple[str, ...]]) -> None:
    """Markers are obeyed, extras ignored; what cannot be compared is no reason to install anything."""
    found = wanted(shop=package("1", requires, folder=OWN), attrs=package(there))

    assert {name: tuple(text.replace(" @", "@") for text in texts) for name, texts in found.items()} == expected


def test_what_is_not_there_is_wanted() -> None:
    """With the extra that is asked for: what that needs is wanted when the package itself is there."""
    shop = package("1", "attrs[fast]", folder=OWN)

    assert wanted(shop=shop) == {"attrs": ("attrs[fast]",)}
    attrs = package("1", "quick; extra == 'fast'", "slow; extra == 'other'", folder=OWN)
    assert wanted(shop=shop, attrs=attrs) == {"quick": ("quick",)}


def test_a_place_in_a_repository_is_another_version() -> None:
    """A head that moves a dependency to another tag is measured with that tag."""
    old = package("1", folder=SHARED, url="https://example.org/attrs", revision="v1")
    for tag, expected in (("v1", False), ("v2", True)):
        shop = package("1", f"attrs @ git+https://example.org/attrs@{tag}", folder=OWN)
        assert bool(wanted(shop=shop, attrs=old)) is expected


def test_what_the_developer_has_is_as_good_as_it_was() -> None:
    """A gap among the shared packages is theirs, unless what a side installed now stands in front of what they need."""
    shop = package("1", "pandas", "numpy>=2", folder=OWN)
    pandas = package("1", "numpy<2")

    assert wanted(shop=shop, pandas=pandas, numpy=package("2")) == {}
    assert wanted(shop=shop, pandas=pandas, numpy=package("2", folder=OWN)) == {"pandas": ("pandas",)}


def test_packages_that_need_each_other_are_no_trouble() -> None:
    """A cycle ends."""
    shop = package("1", "attrs", folder=OWN)

    assert wanted(shop=shop, attrs=package("1", "shop")) == {}


def test_differences_name_both_versions() -> None:
    """Those on one side only among them; what is the same is not named."""
    base = {"attrs": "23.1", "numpy": "2.0", "old": "1"}
    head = {"attrs": "24.2", "numpy": "2.0", "new": "3"}

    assert differences(base, head) == "attrs 23.1 → 24.2, new absent → 3, old 1 → absent"
    assert differences(base, base) == ""
