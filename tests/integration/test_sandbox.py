# SPDX-License-Identifier: MIT
"""The CRM sandbox keeps the contract the other tests rely on."""

import json
import os
import ssl
import subprocess
import sys
import threading
import urllib.parse

import pytest

from crm_sandbox import BULK, CUSTOMER, LEADS, Sandbox
from support import wire

KEY = "b3f1c2d4-0000-8000-8000-000000000001"


def ask(crm, method="POST", path=LEADS, body=None, tls=None, **headers):
    send = {"Authorization": f"Bearer {crm.token}",
            "x-customer-id": crm.customer,
            "Content-Type": "application/json",
            **{k.replace("_", "-"): v for k, v in headers.items()}}
    send = {k: v for k, v in send.items() if v is not None}
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    host = "localhost" if tls else "127.0.0.1"
    reply = wire.ask(f"{host}:{crm.port}", method, path, body, send, tls=tls)
    assert {"ratelimit-limit", "ratelimit-remaining",
            "ratelimit-reset"} <= set(reply.headers)
    return reply.status, json.loads(reply.body or b"{}"), reply.headers


def lead(**more):
    return {"contact_name": "Ann Example", **more}


def test_creates_and_answers_the_lead(crm):
    status, value, _ = ask(crm, body=lead(
        contact_email="ann@example.com", source_platform="shopify",
        source_type="form", custom_fields={"a": 1, "b": None}))
    assert status == 201
    assert value["lead"]["source_platform"] == "shopify"
    assert value["lead"]["custom_fields"] == {"a": 1, "b": None}
    assert crm.leads[0]["id"] == value["lead"]["id"]


@pytest.mark.parametrize("headers, status, kind", [
    ({"Authorization": None}, 401, "authentication_error"),
    ({"Authorization": "Bearer mega_00"}, 401, "authentication_error"),
    ({"x_customer_id": None}, 401, "authentication_error"),
    ({"x_customer_id": CUSTOMER.replace("1", "2")}, 403,
     "authorization_error"),
])
def test_refuses_wrong_credentials(crm, headers, status, kind):
    got, value, _ = ask(crm, body=lead(), **headers)
    assert (got, value["error"]["type"]) == (status, kind)
    assert not crm.leads


def test_refuses_a_key_without_the_scope():
    with Sandbox(scopes=("read",)) as crm:
        assert ask(crm, body=lead())[0] == 403
        assert ask(crm, "GET")[0] == 200


def test_unknown_route_is_404(crm):
    assert ask(crm, path="/api/agents/crm/deals", body=lead())[0] == 404
    assert ask(crm, "DELETE")[0] == 405


@pytest.mark.parametrize("body", [
    "", "no json", "[]", "{}", {"contact_name": ""}, {"contact_name": 7},
    lead(contact_email="not an address"), lead(source_platform="fax"),
    lead(source_type="fax"), lead(custom_fields=[]),
    lead(custom_fields={"a": {"b": 1}}),
    lead(custom_fields={"lead_line": "renter"}), lead(stage_slug=1),
], ids=str)
def test_refuses_invalid_leads(crm, body):
    status, value, _ = ask(crm, body=body)
    assert (status, value["error"]["type"]) == (400, "invalid_request_error")
    assert not crm.leads


@pytest.mark.parametrize("second, same", [
    ({"contact_email": "ANN@example.com"}, True),
    ({"contact_phone": "1 (212) 555-0123"}, True),
    ({"contact_phone": "+44 212 555 0123"}, True),
    ({"contact_name": "Ann Example"}, False),
    ({"contact_email": "bob@example.com"}, False),
], ids=str)
def test_merges_by_email_and_by_last_ten_digits(crm, second, same):
    ask(crm, body=lead(contact_email="ann@example.com",
                       contact_phone="+12125550123"))
    status, value, _ = ask(crm, body=second)
    assert status == 201
    assert len(crm.leads) == (1 if same else 2)
    assert (value["lead"]["id"] == crm.leads[0]["id"]) is same


def test_replays_the_stored_answer_for_the_same_key(crm):
    first = ask(crm, body=lead(), Idempotency_Key=KEY)
    second = ask(crm, body=lead(), Idempotency_Key=KEY)
    assert first[:2] == second[:2]
    assert len(crm.leads) == 1
    assert [r.replayed for r in crm.posts(KEY)] == [False, True]


def test_a_key_reused_with_another_body_is_409(crm):
    ask(crm, body=lead(), Idempotency_Key=KEY)
    status, value, _ = ask(crm, body=lead(stage_slug="new"),
                           Idempotency_Key=KEY)
    assert (status, value["error"]["type"]) == (409, "api_error")
    assert len(crm.leads) == 1


def test_a_refusal_is_replayed_too(crm):
    assert ask(crm, body={}, Idempotency_Key=KEY)[0] == 400
    assert ask(crm, body=lead(), Idempotency_Key=KEY)[0] == 409


def test_limits_with_headers_and_retry_after():
    with Sandbox(rates=[(2, 60), (5, 3600)]) as crm:
        left = [ask(crm, body=lead())[2]["ratelimit-remaining"]
                for _ in range(2)]
        assert left == ["1", "0"]
        status, value, headers = ask(crm, body=lead())
        assert (status, value["error"]["type"]) == (429, "rate_limit_error")
        assert 1 <= int(headers["retry-after"]) <= 60
        assert headers["ratelimit-limit"] == "2"
        assert ask(crm, path=BULK, body={"leads": [lead()]})[0] == 200


def test_lists_pages_and_searches(crm):
    for i in range(5):
        ask(crm, body=lead(contact_email=f"n{i}@example.com",
                           contact_phone=f"+1212555010{i}"))
    _, page, _ = ask(crm, "GET", LEADS + "?limit=2")
    assert (len(page["leads"]), page["total"]) == (2, 5)
    assert "custom_fields" not in page["leads"][0]
    seen = [row["id"] for row in page["leads"]]
    while page["next_cursor"]:
        cursor = urllib.parse.quote(page["next_cursor"])
        _, page, _ = ask(crm, "GET", f"{LEADS}?limit=2&cursor={cursor}")
        seen += [row["id"] for row in page["leads"]]
    assert seen == [row["id"] for row in crm.leads]
    _, page, _ = ask(crm, "GET", LEADS + "?search=555-0103")
    assert [row["contact_email"] for row in page["leads"]] == [
        "n3@example.com"]
    assert ask(crm, "GET", LEADS + "?limit=101")[0] == 400


def test_bulk_judges_row_by_row(crm):
    ask(crm, body=lead(contact_email="ann@example.com"))
    rows = {"leads": [{"row_ref": "a", "contact_email": "ann@example.com"},
                      {"row_ref": "b", "contact_name": "Bob"},
                      {"row_ref": "c"}], "dry_run": True}
    status, value, _ = ask(crm, path=BULK, body=rows, Idempotency_Key=KEY)
    assert status == 200
    assert [r["status"] for r in value["results"]] == [
        "updated", "created", "failed"]
    assert len(crm.leads) == 1
    rows.update(dry_run=False, on_duplicate="skip")
    _, value, _ = ask(crm, path=BULK, body=rows, Idempotency_Key=KEY)
    assert value["summary"] == {"total": 3, "created": 1, "updated": 0,
                                "skipped": 1, "failed": 1}
    assert len(crm.leads) == 2


def test_unknown_custom_fields_are_left_out():
    with Sandbox(known_fields={"gclid"}) as crm:
        ask(crm, body=lead(custom_fields={"gclid": "x", "other": "y"}))
        assert crm.leads[0]["custom_fields"] == {"gclid": "x"}


@pytest.mark.parametrize("rule, seen", [
    ({"status": 503, "headers": {"Retry-After": "7"}}, 503),
    ({"status": 429}, 429),
    ({"do": "redirect"}, 302),
    ({"do": "reset"}, ConnectionResetError),
    ({"do": "close"}, "closed"),
    ({"do": "half"}, "closed"),
    ({"do": "half_body", "stored": True}, "closed"),
    ({"do": "garbage"}, "garbage"),
    ({"do": "delay", "delay": 0.05}, 201),
    ({"do": "slow", "delay": 0.0001}, 201),
], ids=str)
def test_misbehaves_once_and_then_behaves(crm, rule, seen):
    crm.misbehave(rule)
    body = json.dumps(lead()).encode()
    request = (f"POST {LEADS} HTTP/1.1\r\nHost: crm\r\n"
               f"Authorization: Bearer {crm.token}\r\n"
               f"x-customer-id: {crm.customer}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    with wire.Raw(f"127.0.0.1:{crm.port}") as raw:
        raw.send(request)
        if seen is ConnectionResetError:
            with pytest.raises(ConnectionResetError):
                raw.sock.recv(1)
        elif seen == "garbage":
            assert raw.closed() and not raw.rest.startswith(b"HTTP")
        elif seen == "closed":
            assert raw.reply() is None
        else:
            assert raw.reply().status == seen
    assert len(crm.leads) == (1 if seen == 201 or rule.get("stored") else 0)
    assert ask(crm, body=lead(contact_email="b@example.com"))[0] == 201


def test_rules_match_and_count(crm):
    crm.misbehave({"status": 500, "match": "bob", "times": 2})
    assert ask(crm, body=lead())[0] == 201
    bob = lead(contact_email="bob@example.com")
    assert [ask(crm, body=bob)[0] for _ in range(3)] == [500, 500, 201]


def test_is_controlled_over_http(crm):
    def control(method, path, body=None):
        reply = wire.ask(f"127.0.0.1:{crm.port}", method,
                         "/_control" + path, json.dumps(body))
        return reply.status, json.loads(reply.body or b"null")
    assert control("POST", "/misbehave", {"status": 502})[0] == 204
    assert control("POST", "/misbehave", {"do": "dance"})[0] == 400
    assert ask(crm, body=lead())[0] == 502
    assert ask(crm, body=lead())[0] == 201
    assert control("GET", "")[1] == {"requests": 2, "leads": 1, "rules": 0}
    _, log = control("GET", "/requests")
    assert [r["status"] for r in log["requests"]] == [502, 201]


def test_stop_ends_kept_connections_and_start_opens_the_port_again(crm):
    with wire.Raw(f"127.0.0.1:{crm.port}") as raw:
        raw.send(b"GET /_control HTTP/1.1\r\nHost: crm\r\n\r\n")
        assert raw.reply().status == 200
        crm.stop()
        assert raw.closed()
    with pytest.raises(ConnectionRefusedError):
        wire.Raw(f"127.0.0.1:{crm.port}")
    crm.start()
    assert ask(crm, body=lead())[0] == 201


def test_one_key_used_by_many_at_once_makes_one_lead(crm):
    threads = [threading.Thread(target=ask, args=(crm,), kwargs={
        "body": lead(), "Idempotency_Key": KEY}) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(crm.leads) == 1
    assert len(crm.created()) == 1


def test_speaks_tls():
    with Sandbox(tls=True) as crm:
        trust = ssl.create_default_context(cafile=crm.certificate)
        assert ask(crm, body=lead(), tls=trust)[0] == 201


def test_runs_as_a_program():
    program = os.path.join(os.path.dirname(__file__), "..", "crm_sandbox.py")
    with subprocess.Popen([sys.executable, program, "--unlimited"],
                          stdout=subprocess.PIPE, text=True) as process:
        said = dict(process.stdout.readline().strip().split(": ", 1)
                    for _ in range(3))
        url = urllib.parse.urlsplit(said["url"])
        reply = wire.ask(url.netloc, "POST", url.path, json.dumps(lead()), {
            "Authorization": f"Bearer {said['token']}",
            "x-customer-id": said["customer"]})
        process.terminate()
    assert reply.status == 201
