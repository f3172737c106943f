"""Reduce GitHub's OpenAPI description to the operations of ``operations.txt``.

The description is published as the npm package @octokit/openapi (MIT, Copyright (c) 2020 Octokit contributors) and is
too large to store. Needed only when an operation is added or a later version is used, in a folder outside the
repository::

    npm pack @octokit/openapi@23.0.2
    tar xzf octokit-openapi-23.0.2.tgz package/generated/api.github.com.json
    python standin/slice_openapi.py package/generated/api.github.com.json "@octokit/openapi 23.0.2"

The slice differs from its source in two ways: prose and examples are dropped, and an enum that says
``nullable: true`` also lists null, which the source omits in half of them. It is compressed without a time stamp, so the
same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SLICE = HERE / "github-openapi.json.gz"
OPERATIONS = HERE / "operations.txt"

PROSE = {"description", "summary", "example", "examples", "externalDocs", "tags"} | {
    "x-github",
    "x-github-breaking-changes",
    "x-octokit",
}


def tidy(node: Any, *, names: bool = False) -> Any:
    """Return *node* without prose and with null in its nullable enums.

    Args:
        node: Any part of the description.
        names: Whether its keys are names chosen by GitHub (a property may be called ``description``).
    """
    if isinstance(node, list):
        return [tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = node if names else {key: value for key, value in node.items() if key not in PROSE}
    tidied = {key: tidy(value, names=key == "properties") for key, value in kept.items()}
    return tidied if names else _with_null(tidied)


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return *schema* with null in its enum, if it is nullable."""
    if not schema.get("nullable") or None in schema.get("enum", [None]):
        return schema
    return {**schema, "enum": [*schema["enum"], None]}


def references(node: Any) -> set[str]:
    """Return the targets of all references in *node*, such as ``#/components/schemas/issue``."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    return found | {node["$ref"]} if isinstance(node.get("$ref"), str) else found


def cut(description: dict[str, Any], operations: list[tuple[str, str]], source: str) -> dict[str, Any]:
    """Return the description of only *operations*, with every component they need.

    Args:
        description: GitHub's whole OpenAPI document.
        operations: Method in lower case and path template of each.
        source: Package and version, stored in the slice.
    """
    paths: dict[str, Any] = {}
    for method, path in operations:
        paths.setdefault(path, {})[method] = tidy(description["paths"][path][method])
    components: dict[str, dict[str, Any]] = {}
    wanted = references(paths)
    while wanted:
        reference = wanted.pop()
        _, _, kind, name = reference.split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = tidy(description["components"][kind][name])
            wanted |= references(components[kind][name])
    return {
        "openapi": description["openapi"],
        "info": {"title": description["info"]["title"], "version": description["info"]["version"], "x-source": source},
        "paths": paths,
        "components": components,
    }


def main() -> None:
    """Write the slice beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("description", type=Path, help="api.github.com.json of the npm package")
    parser.add_argument("source", help="package and version, for the record")
    arguments = parser.parse_args()
    operations = [(line.split()[0], line.split()[1]) for line in OPERATIONS.read_text().splitlines()]
    sliced = cut(json.loads(arguments.description.read_text()), operations, arguments.source)
    text = json.dumps(sliced, separators=(",", ":"), sort_keys=True)
    SLICE.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
