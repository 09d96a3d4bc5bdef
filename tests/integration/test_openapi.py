# SPDX-License-Identifier: MIT
"""The sandbox's answers and our requests fit the vendor's own description.

See support/openapi.py; these are skipped where the description is not. What
any other test's bridge sends is judged at that test's end (conftest.py).
"""

import json

import pytest

from crm_sandbox import BULK, LEADS
from support import openapi, senders, settings, wire
from support.openapi import problems

pytestmark = pytest.mark.skipif(
    not openapi.PATH, reason="no OpenAPI description of the CRM here")


@pytest.fixture(name="api", scope="module")
def description():
    return openapi.description()


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


def test_what_does_not_fit_is_found(api, crm):
    """The judgement of conftest.py would notice."""
    wire.ask(f"127.0.0.1:{crm.port}", "POST", LEADS, json.dumps(
        {"contact_name": 5, "source_type": "fax"}),
        {"Authorization": f"Bearer {crm.token}",
         "x-customer-id": crm.customer})
    assert len(openapi.unfit(crm.requests)) == 2
