# SPDX-License-Identifier: MIT
"""The main job: five kinds of sender, one CRM, nothing lost or doubled."""

import hashlib
import hmac
import json
import re
import uuid

import pytest

from crm_sandbox import Sandbox
from support import senders, settings
from support.senders import LOCATION

pytestmark = pytest.mark.tsan

SENDERS = {
    "shopify customer": (
        lambda b, p: senders.shopify_customer(settings.SHOPIFY_SECRET, p),
        "shopify", "form"),
    "shopify order": (
        lambda b, p: senders.shopify_order(settings.SHOPIFY_SECRET, p),
        "shopify", "form"),
    "ghl contact": (
        lambda b, p: senders.ghl_contact(b.ghl_key, p), "ghl", "form"),
    "ghl workflow": (
        lambda b, p: senders.ghl_workflow(settings.WORKFLOW_TOKEN, p),
        "ghl", "form"),
    "form": (
        lambda b, p: senders.form(settings.FORM_TOKEN, p), "direct", "form"),
    "multipart form": (
        lambda b, p: senders.multipart_form(settings.FORM_TOKEN, p),
        "direct", "form"),
    "signed json": (
        lambda b, p: senders.partner_lead(settings.PARTNER_SECRET, p),
        "referral", "form"),
}
UUID8 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-"
                   r"[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


@pytest.mark.parametrize("name", SENDERS)
def test_arrives_as_the_right_lead(bridge, crm, person, name):
    make, platform, kind = SENDERS[name]
    someone = person()
    reply = bridge.post(make(bridge, someone))
    assert (reply.status, json.loads(reply.body)) == (
        200, {"status": "accepted"})
    lead, = crm.wait_leads(1)
    assert lead["contact_name"] == someone.name
    assert lead["contact_email"] == someone.email
    assert lead["contact_phone"] == someone.phone
    assert (lead["source_platform"], lead["source_type"]) == (platform, kind)
    sent, = crm.posts()
    assert UUID8.match(sent.key)
    assert sent.headers["content-type"].startswith("application/json")
    bridge.wait_ledger(accepted=1, delivered=1, waiting=0)


def test_what_else_a_form_says_is_kept_as_custom_fields(
        bridge, crm, person):
    bridge.post(senders.form(settings.FORM_TOKEN, person(),
                             gclid="Cj0KCQjwTESTa1B2c3", utm_source="google",
                             **{"Roof type": "flat"}))
    lead, = crm.wait_leads(1)
    fields = lead["custom_fields"]
    assert fields["gclid"] == "Cj0KCQjwTESTa1B2c3"
    assert fields["utm_source"] == "google"
    assert fields["roof_type"] == "flat"
    assert fields["message"] == "Please call me about a quote."


CLICK = "Cj0KCQjwTESTa1B2c3"
VISITS = {
    "gclid": ({"gclid": CLICK}, "google_ads", "google_click_id"),
    "gclid of the first page": (
        {"landing_page": f"https://www.example.com/?gclid={CLICK}",
         "referrer": "https://www.google.com/"},
        "google_ads", "google_click_id"),
    "gclid nobody filled in": ({"gclid": "{gclid}"}, "direct", "default"),
    "fbclid": ({"fbclid": "IwAR0TESTabcdefgh"}, "referral", "fbclid"),
    "Google's results": ({"referrer": "https://www.google.com/"},
                         "google_organic", "google_referrer"),
    "own page": ({"referrer": "https://www.example.com/offers",
                  "page_url": "https://www.example.com/quote"},
                 "direct", "default"),
    "another site": ({"referrer": "https://blog.example.net/roofs"},
                     "referral", "referrer"),
    "paid post": ({"utm_source": "facebook", "utm_medium": "paid_social"},
                  "meta_ads", "meta_paid"),
}


@pytest.mark.parametrize("name", VISITS)
def test_the_channel_decides_the_platform_of_a_form(
        bridge, crm, person, name):
    fields, platform, rule = VISITS[name]
    bridge.post(senders.form(settings.FORM_TOKEN, person(), **fields))
    lead, = crm.wait_leads(1)
    assert (lead["source_platform"], lead["source_type"]) == (platform, "form")
    assert lead["custom_fields"]["attribution_rule"] == rule
    assert ("gclid" in lead["custom_fields"]) == (platform == "google_ads")


SWITCHED = {
    "fbclid is an ad": ({"fbclid_implies_ads": True},
                        {"fbclid": "IwAR0TESTabcdefgh"}, "meta_ads"),
    "own site": ({"own_hosts": ["example.net"]},
                 {"referrer": "https://blog.example.net/"}, "direct"),
    "passed through": ({"excluded_hosts": ["pay.example.net"]},
                       {"referrer": "https://pay.example.net/"}, "direct"),
    "Microsoft's ads": ({"microsoft_ads_as": "google_ads"},
                        {"msclkid": CLICK}, "google_ads"),
    "other searches": ({"other_search_as": "google_organic"},
                       {"referrer": "https://duckduckgo.com/"},
                       "google_organic"),
    "fixed": ({"source_platform": "zenmaid"}, {"gclid": CLICK}, "zenmaid"),
    "off": ({"attribution": False}, {"gclid": CLICK}, "direct"),
}


@pytest.mark.parametrize("name", SWITCHED)
def test_a_source_says_what_a_channel_is_called(
        make_bridge, crm, person, name):
    keys, fields, platform = SWITCHED[name]
    bridge = make_bridge(crm, {"sources": {"quote-form": keys}}).start()
    bridge.post(senders.form(settings.FORM_TOKEN, person(), **fields))
    lead, = crm.wait_leads(1)
    assert lead["source_platform"] == platform


def test_everything_at_once_balances(bridge, crm, person):
    posts = [make(bridge, person()) for make, _, _ in SENDERS.values()]
    for post in posts:
        assert bridge.post(post).status == 200
    n = len(posts)
    crm.wait_leads(n)
    bridge.wait_ledger(delivered=n)
    ledger = bridge.ledger(scan=True)
    assert (ledger["accepted"], ledger["difference"]) == (n, 0)
    assert sum(s["accepted"] for s in ledger["sources"].values()) == n
    assert len({r.key for r in crm.posts()}) == n


def test_idempotency_key_is_the_published_one(make_bridge, crm, person):
    bridge = make_bridge(crm)
    partner = bridge.settings["sources"]["partner"]
    bridge.settings["sources"]["shop"] = partner
    bridge.write()
    bridge.start()
    bridge.post(senders.partner_lead(
        settings.PARTNER_SECRET, person(), source="shop",
        event="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"))
    crm.wait_leads(1)
    assert crm.posts()[0].key == "dc325802-e609-8d8e-9929-44899f7c8c7e"


def test_a_shopify_key_comes_from_shop_and_webhook_id(bridge, crm, person):
    post = SENDERS["shopify order"][0](bridge, person())
    bridge.post(post)
    crm.wait_leads(1)
    assert crm.posts()[0].key == senders.lead_key("shop", post.event)


@pytest.mark.parametrize("name", ["shopify customer", "ghl contact",
                                  "ghl workflow", "form", "signed json"])
def test_a_repeat_is_answered_200_and_makes_no_second_lead(
        bridge, crm, person, name):
    post = SENDERS[name][0](bridge, person())
    first, second = bridge.post(post), bridge.post(post)
    assert (first.status, second.status) == (200, 200)
    assert json.loads(second.body) == {"status": "duplicate"}
    bridge.wait_ledger(accepted=1, delivered=1, duplicates=1)
    assert len(crm.posts()) == 1
    assert len(crm.leads) == 1


def test_a_repeat_after_a_restart_is_still_a_duplicate(bridge, crm, person):
    post = SENDERS["shopify order"][0](bridge, person())
    assert bridge.post(post).status == 200
    crm.wait_leads(1)
    bridge.stop()
    bridge.start()
    assert json.loads(bridge.post(post).body) == {"status": "duplicate"}
    bridge.wait_ledger(accepted=1, delivered=1, duplicates=1)
    assert len(crm.posts()) == 1


def test_two_people_with_one_event_id_from_two_sources_are_two_leads(
        bridge, crm, person):
    event = str(uuid.uuid4())
    bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET, person(),
                                         event=event))
    bridge.post(senders.ghl_contact(bridge.ghl_key, person(), event=event))
    crm.wait_leads(2)
    assert len({r.key for r in crm.posts()}) == 2


FORGED = {
    "shopify, other body": lambda b, p: SENDERS["shopify order"][0](
        b, p).tampered(),
    "shopify, other secret": lambda b, p: senders.shopify_customer(
        "not-the-secret", p),
    "shopify, no signature": lambda b, p: SENDERS["shopify order"][0](
        b, p).with_headers(X_Shopify_Hmac_Sha256=""),
    "ghl, other body": lambda b, p: SENDERS["ghl contact"][0](
        b, p).tampered(),
    "ghl, N/A": lambda b, p: SENDERS["ghl contact"][0](
        b, p).with_headers(X_GHL_Signature="N/A"),
    "json, other body": lambda b, p: SENDERS["signed json"][0](
        b, p).tampered(),
    "json, upper-case prefix only": lambda b, p: SENDERS["signed json"][0](
        b, p).with_headers(X_Signature="sha256="),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_request_is_401_and_leaves_nothing(
        bridge, crm, person, name):
    reply = bridge.post(FORGED[name](bridge, person()))
    assert reply.status == 401
    assert set(json.loads(reply.body)["error"]) == {"code", "message"}
    ledger = bridge.ledger(scan=True)
    assert (ledger["accepted"], ledger["duplicates"]) == (0, 0)
    assert not crm.requests


@pytest.mark.parametrize("path", [
    "/in/nobody", "/in/quote-form", "/in/quote-form/wrong-token",
    "/in/quote-form/", "/in/workflow/" + settings.FORM_TOKEN, "/in/", "/in",
    "/", "/admin", "/metrics", "/api/v1/ledger", "/in/shop/extra",
    "/in/quote-form/" + settings.FORM_TOKEN + "x",
])
def test_unknown_source_and_wrong_token_are_the_same_404(
        bridge, crm, person, path):
    form = senders.form(settings.FORM_TOKEN, person())
    known = bridge.post(form).status
    wrong = bridge.post(senders.dataclasses.replace(form, path=path))
    nobody = bridge.post(senders.dataclasses.replace(
        form, path="/in/no-such-source/none"))
    assert (known, wrong.status) == (200, 404)
    assert wrong.body == nobody.body
    crm.wait_leads(1)


def broken_json():
    """A good signature over bytes that are no JSON."""
    body = b'{"id": "x", "person": {"full": "Somebody"'
    mac = hmac.new(settings.PARTNER_SECRET.encode(), body, hashlib.sha256)
    return senders.Post("/in/partner", {
        "Content-Type": "application/json",
        "X-Signature": "sha256=" + mac.hexdigest()}, body)


AUTHENTIC_BUT_UNMAPPABLE = {
    "no contact": lambda b: senders.shopify(
        settings.SHOPIFY_SECRET, "customers/create",
        {"id": 7064055069300999999, "email": None, "phone": None,
         "first_name": None, "last_name": None}),
    "broken json": lambda b: broken_json(),
    "another account": lambda b: senders.ghl(b.ghl_key, {
        "type": "ContactCreate", "locationId": "someone-elses", "id": "c1",
        "email": "stray@example.com", "webhookId": str(uuid.uuid4())}),
}


@pytest.mark.parametrize("name", AUTHENTIC_BUT_UNMAPPABLE)
def test_authentic_but_unmappable_is_200_and_quarantined(bridge, crm, name):
    post = AUTHENTIC_BUT_UNMAPPABLE[name](bridge)
    assert bridge.post(post).status == 200
    bridge.wait_ledger(accepted=1, quarantined=1, waiting=0)
    assert bridge.ledger(scan=True)["difference"] == 0
    assert not crm.requests


IGNORED = {
    "a topic without a lead": lambda b, p: senders.shopify(
        settings.SHOPIFY_SECRET, "customers/update", {"id": 5,
                                                      "email": p.email}),
    "a test event": lambda b, p: senders.shopify_customer(
        settings.SHOPIFY_SECRET, p).with_headers(X_Shopify_Test="true"),
    "an install": lambda b, p: senders.ghl(b.ghl_key, {
        "type": "INSTALL", "locationId": LOCATION,
        "webhookId": str(uuid.uuid4())}),
    "a privacy topic": lambda b, p: senders.shopify(
        settings.SHOPIFY_SECRET, "customers/redact",
        {"shop_id": 954889, "shop_domain": senders.SHOP,
         "customer": {"id": 191167, "email": p.email, "phone": p.phone},
         "orders_to_redact": [299938]}),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_no_lead_is_stored_as_ignored(bridge, crm, person, name):
    assert bridge.post(IGNORED[name](bridge, person())).status == 200
    bridge.wait_ledger(accepted=1, ignored=1, waiting=0)
    assert not crm.requests


def test_two_destinations_get_a_lead_and_a_key_each(
        make_bridge, crm, person):
    with Sandbox(token=crm.token) as second:
        bridge = make_bridge(crm)
        other = dict(bridge.settings["destinations"]["mega"], url=second.url)
        bridge.write({"destinations": {"second": other}, "sources": {
            "shop": {"destination": ["mega", "second"]}}})
        bridge.start()
        bridge.post(SENDERS["shopify order"][0](bridge, person()))
        crm.wait_leads(1)
        second.wait_leads(1)
        assert crm.posts()[0].key != second.posts()[0].key
        assert crm.posts()[0].body == second.posts()[0].body
        bridge.wait_ledger(accepted=2, delivered=2)


def test_metrics_count_what_happened(bridge, crm, person):
    post = SENDERS["shopify order"][0](bridge, person())
    bridge.post(post)
    bridge.post(post)
    bridge.post(FORGED["shopify, other body"](bridge, person()))
    bridge.wait_ledger(delivered=1)
    assert bridge.metric("leadbridge_leads_accepted_total",
                         source="shop") == 1
    assert bridge.metric("leadbridge_leads_duplicate_total",
                         source="shop") == 1
    assert bridge.metric("leadbridge_requests_rejected_total",
                         source="shop", reason="signature") == 1
    assert bridge.metric("leadbridge_leads_delivered_total",
                         source="shop", destination="mega") == 1
    assert bridge.metric("leadbridge_accept_duration_seconds_count") >= 1
