# SPDX-License-Identifier: MIT
"""The CRM's own description of its API, and whether a value fits a schema.

It is the vendor's file, so it is not in this repository. It is looked for
beside it, or where LEADBRIDGE_CRM_OPENAPI says; without it nothing is judged.
"""

import functools
import json
import os
import pathlib

BESIDE = pathlib.Path(__file__).parents[3] / "shared/crm/openapi.json"
PATH = os.environ.get("LEADBRIDGE_CRM_OPENAPI") or (
    str(BESIDE) if BESIDE.exists() else None)
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float), "null": type(None)}


@functools.cache
def description():
    with open(PATH, encoding="utf-8") as f:
        return json.load(f)


def has_type(value, name):
    if isinstance(value, bool) and name in ("integer", "number"):
        return False
    return isinstance(value, TYPES[name])


def problems(api, schema, value, at="$"):
    """Where the value does not fit; the part of JSON Schema that is used."""
    if "$ref" in schema:
        target = api
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return problems(api, target, value, at)
    if value is None and schema.get("nullable"):
        return []
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(has_type(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is no {'/'.join(kinds)}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is not in the list")
    if isinstance(value, dict):
        found += [f"{at}: no {name}" for name in schema.get("required", [])
                  if name not in value]
        others = schema.get("additionalProperties", {})
        for name, item in value.items():
            part = schema.get("properties", {}).get(name, others)
            if isinstance(part, dict):
                found += problems(api, part, item, f"{at}.{name}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += problems(api, schema.get("items", {}), item,
                              f"{at}[{i}]")
    return found


def unfit(requests):
    """What is wrong with the leads that were sent; nothing where the
    description is not there."""
    if PATH is None:
        return []
    found = []
    for sent in requests:
        operation = description()["paths"].get(
            sent.path.partition("?")[0], {}).get("post")
        if sent.method != "POST" or operation is None:
            continue
        schema = operation["requestBody"]["content"]["application/json"][
            "schema"]
        found += problems(description(), schema, sent.json(),
                          f"request {sent.number}")
    return found
