"""The slice has what its operations need, and the same input always gives the same bytes."""

from __future__ import annotations

import gzip
import json

from standin.slice_openapi import OPERATIONS, SLICE, cut, references, tidy


def test_components_are_followed() -> None:
    """A component that only another component needs is included; one that nothing needs is not."""
    schemas = {"issue": {"$ref": "#/components/schemas/user"}, "user": {"type": "object"}, "gist": {}}
    description = {
        "openapi": "3.0.3",
        "info": {"title": "GitHub", "version": "1"},
        "paths": {
            "/issues": {"get": {"responses": {"200": {"$ref": "#/components/schemas/issue"}}}, "post": {}},
            "/gists": {"get": {"responses": {"200": {"$ref": "#/components/schemas/gist"}}}},
        },
        "components": {"schemas": schemas},
    }

    sliced = cut(description, [("get", "/issues")], "test 1")

    assert set(sliced["components"]["schemas"]) == {"issue", "user"}
    assert sliced["info"]["x-source"] == "test 1"
    assert list(sliced["paths"]) == ["/issues"]
    assert list(sliced["paths"]["/issues"]) == ["get"]


def test_descriptions_are_dropped_and_properties_are_not() -> None:
    """A key "description" is dropped where it is prose, and not where it is the name of a property."""
    schema = {"description": "prose", "properties": {"description": {"type": "string", "description": "prose"}}}

    assert tidy(schema) == {"properties": {"description": {"type": "string"}}}


def test_nullable_enums_list_null() -> None:
    """GitHub omits null in some nullable enums, which validators would then refuse."""
    assert tidy({"nullable": True, "enum": ["a"]}) == {"nullable": True, "enum": ["a", None]}
    assert tidy({"nullable": True, "enum": ["a", None]}) == {"nullable": True, "enum": ["a", None]}


def test_the_stored_slice_is_complete() -> None:
    """The stored file has exactly the listed operations, all that they refer to, and the name of its source."""
    data = SLICE.read_bytes()
    kept = json.loads(gzip.decompress(data))

    assert kept["info"]["x-source"] == "@octokit/openapi 23.0.2"
    assert data[4:8] == b"\0\0\0\0", "the compressed file holds a time"
    operations = sorted(f"{method} {path}" for path, methods in kept["paths"].items() for method in methods)
    assert operations == sorted(OPERATIONS.read_text().splitlines())
    for reference in references(kept):
        _, _, kind, name = reference.split("/")
        assert name in kept["components"][kind]
