# SPDX-License-Identifier: MIT
"""The sandbox's answers and our requests fit the vendor's own description.

It is the vendor's file, so it is not in this repository. It is looked for
beside it, or where LEADBRIDGE_CRM_OPENAPI says; else these tests are skipped.
"""

import json
import os
import pathlib

import pytest

from crm_sandbox import BULK, LEADS
from support import senders, settings, wire

BESIDE = pathlib.Path(__file__).parents[3] / "shared/crm/openapi.json"
PATH = os.environ.get("LEADBRIDGE_CRM_OPENAPI") or (
    str(BESIDE) if BESIDE.exists() else None)
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float), "null": type(None)}

pytestmark = pytest.mark.skipif(not PATH, reason="no OpenAPI description of the CRM here")


@pytest.fixture(name="api", scope="module")
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


def answer_schema(api, path, method, status):
    answer = api["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = api["components"]["responses"][
            answer["$ref"].rpartition("/")[2]]
    return answer["content"]["application/json"]["schema"]


@pytest.mark.parametrize("method, path, body, status", [
    ("POST", LEADS, {"contact_name": "Ann", "custom_fields": {"a": 1},
                     "stage_slug": "new"}, 201),
    ("POST", LEADS, {}, 400),
    ("GET", LEADS + "?include_custom_fields=true", None, 200),
    ("POST", BULK, {"leads": [{"row_ref": "a", "contact_name": "Ann"},
                              {}]}, 200),
    ("POST", BULK, {"leads": []}, 400),
])
def test_the_sandbox_answers_as_described(
        api, crm, method, path, body, status):
    reply = wire.ask(f"127.0.0.1:{crm.port}", method, path,
                     json.dumps(body) if body is not None else None,
                     {"Authorization": f"Bearer {crm.token}",
                      "x-customer-id": crm.customer})
    assert reply.status == status
    schema = answer_schema(api, path.partition("?")[0], method.lower(),
                           status)
    assert problems(api, schema, json.loads(reply.body)) == []


def test_what_we_send_is_as_described(api, bridge, crm, person):
    for post in (senders.shopify_order(settings.SHOPIFY_SECRET, person()),
                 senders.ghl_contact(bridge.ghl_key, person()),
                 senders.ghl_workflow(settings.WORKFLOW_TOKEN, person()),
                 senders.form(settings.FORM_TOKEN, person()),
                 senders.partner_lead(settings.PARTNER_SECRET, person())):
        assert bridge.post(post).status == 200
    crm.wait_leads(5)
    schema = api["components"]["schemas"]["LeadCreateRequest"]
    for sent in crm.posts():
        assert problems(api, schema, sent.json()) == []
