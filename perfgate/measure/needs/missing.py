"""What the errors of collecting a suite say is missing, as names of distributions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

DISTRIBUTIONS: Mapping[str, str] = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "git": "gitpython",
    "google.protobuf": "protobuf",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "OpenSSL": "pyopenssl",
    "osgeo": "gdal",
    "PIL": "pillow",
    "pkg_resources": "setuptools<81",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Distributions by the module that they install, where the names differ."""

WELL_KNOWN = frozenset(
    {
        "aiohttp", "anyio", "attrs", "black", "cattrs", "click", "cython", "dask", "django", "faker", "fastapi", "flask",
        "freezegun", "h5py", "httpx", "hypothesis", "jinja2", "jsonschema", "lxml", "matplotlib", "mpmath", "msgpack",
        "msgspec", "mypy", "networkx", "numba", "numpy", "orjson", "packaging", "pandas", "pillow", "polars", "psutil",
        "psycopg2-binary", "pyarrow", "pydantic", "pyjwt", "pytest-asyncio", "pytest-benchmark", "pytest-codspeed",
        "pytest-cov", "pytest-mock", "pytest-rerunfailures", "pytest-timeout", "pytest-xdist", "python-dateutil", "pytz",
        "pyyaml", "requests", "rich", "ruamel-yaml", "scikit-learn", "scipy", "setuptools", "simplejson", "six",
        "sqlalchemy", "sympy", "toml", "tomli", "tomlkit", "tornado", "tqdm", "trio", "typing-extensions", "ujson",
        "urllib3", "uvloop", "werkzeug", "xarray", "asv", "asv-runner", "virtualenv", "mock", "parameterized",
    }
)  # fmt: skip
"""Distributions that may be installed although the repository does not declare them. Others may not: the index can hold
anything under a name that code under test imports."""

PLUGIN_OPTIONS: Mapping[str, str] = {
    "--asyncio-mode": "pytest-asyncio",
    "--benchmark": "pytest-benchmark",
    "--black": "pytest-black",
    "--codspeed": "pytest-codspeed",
    "--cov": "pytest-cov",
    "--dist": "pytest-xdist",
    "--django": "pytest-django",
    "--doctest-plus": "pytest-doctestplus",
    "--doctest-rst": "pytest-doctestplus",
    "--ds": "pytest-django",
    "--durations-path": "pytest-split",
    "--flake8": "pytest-flake8",
    "--html": "pytest-html",
    "--hypothesis": "hypothesis",
    "--instafail": "pytest-instafail",
    "--isort": "pytest-isort",
    "--max-worker-restart": "pytest-xdist",
    "--mypy": "pytest-mypy",
    "--no-cov": "pytest-cov",
    "--no-success-flaky-report": "flaky",
    "--numprocesses": "pytest-xdist",
    "--pylint": "pytest-pylint",
    "--random-order": "pytest-random-order",
    "--randomly": "pytest-randomly",
    "--remote-data": "pytest-remotedata",
    "--reruns": "pytest-rerunfailures",
    "--ruff": "pytest-ruff",
    "--run-parallel": "pytest-run-parallel",
    "--snapshot": "syrupy",
    "--socket": "pytest-socket",
    "--disable-socket": "pytest-socket",
    "--strict-config": "pytest",
    "--timeout": "pytest-timeout",
    "--xdoctest": "xdoctest",
    "-n": "pytest-xdist",
}
"""pytest plugins by the beginning of their options."""

FIXTURES: Mapping[str, str] = {
    "aiohttp_client": "pytest-aiohttp",
    "benchmark": "pytest-benchmark",
    "codspeed_benchmark": "pytest-codspeed",
    "faker": "faker",
    "httpserver": "pytest-httpserver",
    "mocker": "pytest-mock",
    "snapshot": "syrupy",
    "subtests": "pytest-subtests",
}
"""Distributions by a fixture that they provide."""

_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_OPTIONS = re.compile(r"unrecognized arguments: (.+)")
_REQUIRED_PLUGINS = re.compile(r"Missing required plugins: (.+)")
_FIXTURE = re.compile(r"fixture '(\w+)' not found")
_PLUGIN_MODULE = re.compile(r'Error importing plugin "([\w.]+)"')


@dataclass(frozen=True)
class Missing:
    """One thing that is missing."""

    what: str
    """As the error has it, for people: a module, an option, a fixture or a plugin."""
    distribution: str
    """The requirement that provides it; empty if it is not known."""


def missing_in(errors: str, own_modules: Collection[str]) -> list[Missing]:
    """Return what *errors* say is missing, in their order, each once.

    Args:
        errors: The output of a collection.
        own_modules: Top-level names of the project's modules: if one of them is missing, no distribution has it.
    """
    return list(dict.fromkeys(_missing(errors, own_modules)))


def _missing(errors: str, own_modules: Collection[str]) -> Iterator[Missing]:
    for found in _REQUIRED_PLUGINS.finditer(errors):
        for plugin in found[1].split(","):
            name = re.split(r"[<>=!~\s]", plugin.strip())[0]
            yield Missing(f"the plugin {name}", canonicalize_name(name))
    for found in _OPTIONS.finditer(errors):
        for word in found[1].split():
            if word.startswith("-"):
                option = word.partition("=")[0]
                yield Missing(f"the option {option}", plugin_of(option))
    for pattern in (_PLUGIN_MODULE, _MODULE):
        for found in pattern.finditer(errors):
            if found[1].partition(".")[0] not in own_modules:
                yield Missing(f"the module {found[1]}", distribution_of(found[1]))
    for found in _FIXTURE.finditer(errors):
        yield Missing(f"the fixture {found[1]}", FIXTURES.get(found[1], ""))


def plugin_of(option: str) -> str:
    """Return the distribution of the plugin that has a pytest option; empty if it is not known."""
    if option.startswith("-n") and not option.startswith("--"):
        return PLUGIN_OPTIONS["-n"]
    beginnings = [name for name in PLUGIN_OPTIONS if option == name or option.startswith(f"{name}-")]
    return PLUGIN_OPTIONS[max(beginnings, key=len)] if beginnings else ""


def distribution_of(module: str) -> str:
    """Return the distribution that most likely installs *module*."""
    top = module.partition(".")[0]
    return DISTRIBUTIONS.get(module) or DISTRIBUTIONS.get(top) or canonicalize_name(top)
