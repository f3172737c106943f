"""GitHub's OpenAPI description, reduced to our operations: which requests and responses conform to it.

The description is ``github-openapi.json.gz``, taken from the npm package @octokit/openapi 23.0.2 (MIT, see
``github-openapi.LICENSE``). `standin.slice_openapi` writes it, and says how.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

from standin.slice_openapi import SLICE

BASE = "urn:github"
SAMPLES = {"date-time": "2026-01-01T00:00:00Z", "uri": "https://github.invalid/", "email": "nobody@github.invalid"}


class ContractBroken(AssertionError):
    """A request or a response does not conform to GitHub's description."""


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    id: str
    """GitHub's name of it, such as ``issues/create-comment``."""
    method: str
    """In upper case."""
    path: str
    """Template, such as ``/repos/{owner}/{repo}``."""
    pattern: re.Pattern[str]
    """Matches a path and gives its parameters."""
    description: Mapping[str, Any]
    """Its part of the OpenAPI document."""


class Contract:
    """Checks requests and responses against GitHub's description.

    Args:
        document: The OpenAPI description.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        # References are made absolute, those in the mappings of discriminators too.
        self._document = json.loads(json.dumps(document).replace('"#/components/', f'"{BASE}#/components/'))
        self._registry: Registry[Any] = Registry().with_resource(BASE, DRAFT4.create_resource(self._document))
        # The most specific first: a ref may contain slashes, so /commits/{ref} also matches /commits/x/check-runs.
        self.operations = sorted(
            self._read_operations(), key=lambda operation: -len(re.sub(r"\{\w+\}", "", operation.path))
        )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request and its path parameters; None: GitHub has no such operation."""
        for operation in self.operations:
            match = operation.pattern.fullmatch(path)
            if match and operation.method == method:
                return operation, match.groupdict()
        return None

    def query_errors(self, operation: Operation, query: Mapping[str, str]) -> list[str]:
        """Return what GitHub would ignore or misread in the query parameters."""
        parameters = map(self._resolve, operation.description.get("parameters", []))
        known = {item["name"]: item["schema"] for item in parameters if item["in"] == "query"}
        errors = [f"unknown query parameter {name}" for name in query if name not in known]
        for name, value in query.items():
            schema = self._resolve(known.get(name, {}))
            number = schema.get("type") == "integer" and value.isdecimal()
            errors += self._schema_errors(schema, int(value) if number else value, f"query parameter {name}")
        return errors

    def body_errors(self, operation: Operation, body: Any) -> list[str]:
        """Return why GitHub would refuse a body; None is no body."""
        described = self._resolve(operation.description.get("requestBody", {}))
        schema = _json_schema(described)
        if body is None:
            return ["a body is required"] if described.get("required") else []
        return self._schema_errors(schema, body, "body") if schema else ["a body where GitHub expects none"]

    def unknown_fields(self, operation: Operation, body: Any) -> list[str]:
        """Return the fields of the body that GitHub would ignore without an error, such as misspelled ones."""
        schema = _json_schema(self._resolve(operation.description.get("requestBody", {})))
        return [f"unknown body field {path}" for path in self._unknown(schema, body, "")] if schema else []

    def response_errors(self, operation: Operation, status: int, body: Any) -> list[str]:
        """Return where a response does not conform; errors may have a status that GitHub does not document."""
        responses = operation.description["responses"]
        if str(status) not in responses:
            return [] if status >= 400 else [f"undocumented status {status}"]
        schema = _json_schema(self._resolve(responses[str(status)]))
        return self._schema_errors(schema, body, "response") if schema else []

    def filled(self, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return *values* completed to a whole *component*: every required field has a valid value.

        Args:
            component: Name among the schemas, such as ``issue``.
            values: The known fields.
        """
        schema = {**self._document["components"]["schemas"][component], "nullable": False}
        return {**self._sample(schema), **values}

    def _read_operations(self) -> Iterator[Operation]:
        for path, methods in self._document["paths"].items():
            for method, description in methods.items():
                parameters = map(self._resolve, description.get("parameters", []))
                shapes = {item["name"]: _path_pattern(item) for item in parameters if item["in"] == "path"}
                parts = re.split(r"\{(\w+)\}", path)
                pattern = "".join(
                    f"(?P<{part}>{shapes[part]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
                )
                yield Operation(description["operationId"], method.upper(), path, re.compile(pattern), description)

    def _resolve(self, node: Any) -> Any:
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            target: Any = self._document
            for key in node["$ref"].removeprefix(f"{BASE}#/").split("/"):
                target = target[key]
            node = target
        return node

    def _schema_errors(self, schema: Any, value: Any, what: str) -> list[str]:
        found = OAS30Validator(schema, registry=self._registry).iter_errors(value)
        return [f"{what} {'.'.join(map(str, error.absolute_path))}: {_short(error.message)}" for error in found]

    def _branches(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        schema = self._resolve(schema)
        yield schema
        for combination in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(combination, []):
                yield from self._branches(branch)

    def _unknown(self, schema: Any, value: Any, path: str) -> Iterator[str]:
        """Yield the paths of the fields in *value* that no branch of *schema* has."""
        branches = list(self._branches(schema))
        if isinstance(value, list):
            for items in (branch["items"] for branch in branches if "items" in branch):
                for index, item in enumerate(value):
                    yield from self._unknown(items, item, f"{path}[{index}]")
        if isinstance(value, dict):
            yield from self._unknown_keys(branches, value, path)

    def _unknown_keys(
        self, branches: Sequence[Mapping[str, Any]], value: Mapping[str, Any], path: str
    ) -> Iterator[str]:
        # The schema itself comes first in its branches, and takes precedence over what they add.
        known = {name: field for branch in reversed(branches) for name, field in branch.get("properties", {}).items()}
        for key, inner in value.items() if known else ():
            if key in known:
                yield from self._unknown(known[key], inner, f"{path}.{key}")
            else:
                yield f"{path}.{key}"

    def _sample(self, schema: Any) -> Any:
        schema = self._resolve(schema)
        alternatives = schema.get("oneOf") or schema.get("anyOf")
        if schema.get("nullable"):
            return None
        if alternatives and "properties" not in schema:
            return self._sample(alternatives[0])
        if schema.get("type", "object") == "object":
            return {name: self._sample(schema["properties"][name]) for name in schema.get("required", [])}
        return schema["enum"][0] if "enum" in schema else _simple_sample(schema)


@cache
def github() -> Contract:
    """Return the contract with GitHub; reading it takes a while, so it is cached."""
    return Contract(json.loads(gzip.decompress(SLICE.read_bytes())))


def _path_pattern(parameter: Mapping[str, Any]) -> str:
    if parameter["schema"].get("type") == "integer":
        return "[0-9]+"
    return ".+" if parameter.get("x-multi-segment") else "[^/]+"


def _json_schema(described: Mapping[str, Any]) -> Any:
    return described.get("content", {}).get("application/json", {}).get("schema")


def _simple_sample(schema: Mapping[str, Any]) -> Any:
    if schema["type"] == "string":
        return SAMPLES.get(schema.get("format", ""), "")
    return {"array": [], "boolean": False, "integer": 0, "number": 0}[schema["type"]]


def _short(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:100]} … {message[-180:]}"
