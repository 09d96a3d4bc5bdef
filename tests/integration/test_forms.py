# SPDX-License-Identifier: MIT
"""Forms people embed, as a browser sends them, through the running daemon."""

import dataclasses
import json

import pytest

from support import senders, settings

SITE = "https://www.example.com"
PATH = "/in/quote-form/" + settings.FORM_TOKEN


@pytest.fixture(name="bridge")
def fixture_bridge(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"quote-form": {
        "origins": [SITE], "honeypot": "website", "min_fill": "3s",
        "redirect": [SITE + "/thanks", SITE + "/danke"]}}})
    return bridge.start()


def from_page(person, accept="text/html,application/xhtml+xml,*/*;q=0.8",
              address="198.51.100.20", **fields):
    """What a browser posts; the proxy in front adds the address."""
    return senders.form(settings.FORM_TOKEN, person, **fields).with_headers(
        Origin=SITE, Accept=accept, X_Forwarded_For=address)


def test_a_browser_is_sent_to_the_page_of_thanks(bridge, crm, person):
    reply = bridge.post(from_page(person(), _fill_ms="8000", website=""))
    assert (reply.status, reply.headers["location"]) == (
        303, SITE + "/thanks")
    other = bridge.post(from_page(person(), _redirect=SITE + "/danke"))
    assert other.headers["location"] == SITE + "/danke"
    foreign = bridge.post(from_page(person(), _redirect="https://evil.test"))
    assert foreign.headers["location"] == SITE + "/thanks"
    for lead in crm.wait_leads(3):
        assert set(lead["custom_fields"]) == {
            "message", "attribution_rule", "channel"}


def test_a_script_asks_first_and_may_read_the_answer(bridge, crm, person):
    asked = bridge.post(senders.Post(PATH, {
        "Origin": SITE, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type"}, b""),
        method="OPTIONS")
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == SITE
    assert asked.headers["access-control-allow-headers"] == "Content-Type"
    someone = person()
    reply = bridge.post(senders.Post(PATH, {
        "Origin": SITE, "Accept": "*/*", "Sec-Fetch-Mode": "cors",
        "Content-Type": "application/json"}, senders.compact(
            {"name": someone.name, "email": someone.email})))
    assert (reply.status, json.loads(reply.body)) == (
        200, {"status": "accepted"})
    assert reply.headers["access-control-allow-origin"] == SITE
    crm.wait_leads(1)


def test_another_site_is_refused(bridge, crm, person):
    post = from_page(person()).with_headers(Origin="https://evil.test")
    reply = bridge.post(post)
    assert reply.status == 401
    assert "access-control-allow-origin" not in reply.headers
    assert not crm.requests


def test_robots_are_thanked_and_ignored(bridge, crm, person):
    for trap in ({"website": "https://spam.test"}, {"_fill_ms": "40"}):
        reply = bridge.post(from_page(person(), **trap))
        assert (reply.status, reply.headers["location"]) == (
            303, SITE + "/thanks")
    bridge.wait_ledger(accepted=2, ignored=2)
    assert not crm.requests


def test_a_second_slower_try_is_a_lead(bridge, crm, person):
    someone = person()
    bridge.post(from_page(someone, _fill_ms="900"))
    bridge.post(from_page(someone, _fill_ms="9000"))
    bridge.post(from_page(someone, _fill_ms="9500"))
    bridge.wait_ledger(accepted=2, ignored=1, delivered=1, duplicates=1)
    assert len(crm.posts()) == 1


def test_an_address_that_comes_too_often_is_told_when(bridge, person):
    someone = person()
    for i in range(10):
        assert bridge.post(from_page(someone, message=f"{i}")).status == 303
    reply = bridge.post(from_page(someone))
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 6
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["access-control-allow-origin"] == SITE
    other = from_page(person(), address="198.51.100.21")
    assert bridge.post(other).status == 303
    bridge.wait_ledger(delivered=11)
    assert bridge.metric("leadbridge_requests_rejected_total",
                         source="quote-form", reason="rate") == 1


def test_proxies_themselves_are_not_limited(bridge, person):
    post = from_page(person())
    plain = {k: v for k, v in post.headers.items()
             if k != "X-Forwarded-For"}
    for i in range(12):
        body = post.body + f"&n={i}".encode()
        assert bridge.post(dataclasses.replace(
            post, headers=plain, body=body)).status == 303
    bridge.wait_ledger(delivered=12)


def test_json_under_the_type_of_a_form_is_read(bridge, crm, person):
    someone = person()
    bridge.post(senders.Post(PATH, {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "*/*"}, senders.compact(
            {"name": someone.name, "email": someone.email})))
    lead, = crm.wait_leads(1)
    assert lead["contact_email"] == someone.email
    assert lead["custom_fields"] == {
        "attribution_rule": "default", "channel": "direct"}


def test_a_dry_run_shows_what_would_be_sent_and_stores_nothing(
        bridge, crm, person):
    someone = person()
    post = from_page(someone, accept="*/*", _fill_ms="9000")
    dry = dataclasses.replace(post, path=PATH + "?dry_run=1")
    shown = json.loads(bridge.post(dry).body)
    assert shown["status"] == "dry_run"
    event, = shown["events"]
    unit, = event["units"]
    assert event["content_hash"] is True
    assert (unit["state"], unit["destination"]) == ("waiting", "mega")
    assert unit["body"]["contact_email"] == someone.email
    assert bridge.ledger(scan=True)["accepted"] == 0
    # It was not remembered either: the same content is no repetition.
    assert bridge.post(post).status == 303
    lead, = crm.wait_leads(1)
    assert lead["contact_name"] == unit["body"]["contact_name"]
    assert bridge.ledger(scan=True)["accepted"] == 1
    assert bridge.metric("leadbridge_requests_rejected_total",
                         source="quote-form", reason="dry_run") == 1


def test_a_dry_run_says_what_a_form_is_ignored_for(bridge, person):
    dry = dataclasses.replace(from_page(person(), website="x"),
                              path=PATH + "?a=1&dry_run=1")
    unit, = json.loads(bridge.post(dry).body)["events"][0]["units"]
    assert unit == {"state": "ignored", "reason": "honeypot"}


def test_a_dry_run_needs_the_token_of_the_url(bridge, crm, person):
    dry = dataclasses.replace(from_page(person()),
                              path="/in/quote-form/other?dry_run=1")
    assert bridge.post(dry).status == 404
    signed = senders.partner_lead(settings.PARTNER_SECRET, person())
    live = dataclasses.replace(signed, path=signed.path + "?dry_run=1")
    assert json.loads(bridge.post(live).body) == {"status": "accepted"}
    crm.wait_leads(1)


def test_a_dry_run_shows_the_key_that_will_be_sent(bridge, crm, person):
    post = from_page(person(), event_id="e-17")
    dry = dataclasses.replace(post, path=PATH + "?dry_run=1")
    unit, = json.loads(bridge.post(dry).body)["events"][0]["units"]
    assert unit["key"] == senders.lead_key("quote-form", "e-17")
    bridge.post(post)
    crm.wait_leads(1)
    assert crm.posts()[0].key == unit["key"]
