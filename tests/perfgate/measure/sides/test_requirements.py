"""The requirements of a project are compared with the installed packages, as its own interpreter sees them."""

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


def unmet_requirements(**packages: Package) -> dict[str, tuple[str, ...]]:
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
    """Markers count, extras do not; a version that cannot be compared counts as met."""
    found = unmet_requirements(shop=package("1", requires, folder=OWN), attrs=package(there))

    assert {name: tuple(text.replace(" @", "@") for text in texts) for name, texts in found.items()} == expected


def test_a_missing_package_is_required() -> None:
    """A missing package is required with its extra; the requirements of the extra count once it is installed."""
    shop = package("1", "attrs[fast]", folder=OWN)

    assert unmet_requirements(shop=shop) == {"attrs": ("attrs[fast]",)}
    attrs = package("1", "quick; extra == 'fast'", "slow; extra == 'other'", folder=OWN)
    assert unmet_requirements(shop=shop, attrs=attrs) == {"quick": ("quick",)}


def test_another_tag_is_another_version() -> None:
    """A head that moves a dependency to another tag is measured with that tag."""
    old = package("1", folder=SHARED, url="https://example.org/attrs", revision="v1")
    for tag, expected in (("v1", False), ("v2", True)):
        shop = package("1", f"attrs @ git+https://example.org/attrs@{tag}", folder=OWN)
        assert bool(unmet_requirements(shop=shop, attrs=old)) is expected


def test_shared_packages_are_used_as_they_are() -> None:
    """Unmet requirements of shared packages do not count, unless a package of the side hides what they depend on."""
    shop = package("1", "pandas", "numpy>=2", folder=OWN)
    pandas = package("1", "numpy<2")

    assert unmet_requirements(shop=shop, pandas=pandas, numpy=package("2")) == {}
    assert unmet_requirements(shop=shop, pandas=pandas, numpy=package("2", folder=OWN)) == {"pandas": ("pandas",)}


def test_packages_may_depend_on_each_other() -> None:
    """Cyclic dependencies do not loop."""
    shop = package("1", "attrs", folder=OWN)

    assert unmet_requirements(shop=shop, attrs=package("1", "shop")) == {}


def test_differences_name_both_versions() -> None:
    """Packages on one side only are named, equal versions are not."""
    base = {"attrs": "23.1", "numpy": "2.0", "old": "1"}
    head = {"attrs": "24.2", "numpy": "2.0", "new": "3"}

    assert differences(base, head) == "attrs 23.1 → 24.2, new absent → 3, old 1 → absent"
    assert differences(base, base) == ""
