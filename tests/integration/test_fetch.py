# SPDX-License-Identifier: MIT
"""Senders that only name a record: it is fetched, and the lead is whole."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest

import provider_sandbox as sandbox
from support import daemon, senders, settings

VERIFY = "verify-word-of-the-page"
HUBSPOT_SECRET = "hubspot-client-secret-of-the-app"
ZOHO_TOKEN = "zoho-channel-token-0123456789"
PAGE = "268499800000001"
PUBLIC = "https://hooks.example.com"


@pytest.fixture
def providers():
    with sandbox.Providers() as running:
        yield running


@pytest.fixture
def fetching(make_bridge, crm, providers):
    """A bridge with the four sources, running."""
    def api(**more):
        return {"url": providers.base, "allow_http": True,
                "allow_private": True, **more}

    bridge = make_bridge(crm)
    for name, text in {
            "meta": sandbox.META_SECRET, "meta-token": sandbox.META_TOKEN,
            "verify": VERIFY, "hubspot": HUBSPOT_SECRET,
            "hubspot-token": sandbox.HUBSPOT_TOKEN,
            "ghl-token": sandbox.GHL_TOKEN, "zoho": ZOHO_TOKEN,
            "zoho-client": sandbox.ZOHO_CLIENT_SECRET,
            "zoho-refresh": sandbox.ZOHO_REFRESH}.items():
        bridge.secret(name, text)

    def ref(name):
        return f"file:{bridge.path('secrets')}/{name}"

    bridge.write({"public_url": PUBLIC, "sources": {
        "ads": {"platform": "meta_ads", "destination": "mega",
                "secret": ref("meta"), "verify_token": ref("verify"),
                "account": PAGE, "country": "US",
                "api": api(token=ref("meta-token"))},
        "hub": {"platform": "hubspot", "destination": "mega",
                "secret": ref("hubspot"), "account": "62515",
                "country": "US", "api": api(token=ref("hubspot-token"))},
        "records": {"platform": "zoho", "destination": "mega",
                    "secret": ref("zoho"), "country": "US",
                    "api": api(oauth={
                        "token_url": f"{providers.base}/oauth/v2/token",
                        "client_id": sandbox.ZOHO_CLIENT,
                        "client_secret": ref("zoho-client"),
                        "refresh_token": ref("zoho-refresh")})},
        "agency": {"api": api(token=ref("ghl-token"))},
    }})
    return bridge.start()


def leadgen(*ids, page=PAGE):
    value = {"object": "page", "entry": [{
        "id": page, "time": int(time.time()), "changes": [
            {"field": "leadgen", "value": {
                "leadgen_id": i, "page_id": page, "form_id": "1216",
                "created_time": int(time.time())}} for i in ids]}]}
    body = senders.compact(value)
    mac = hmac.new(sandbox.META_SECRET.encode(), body,
                   hashlib.sha256).hexdigest()
    return senders.Post("/in/ads", {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={mac}"}, body)


def meta_record(person):
    return {"created_time": "2026-02-03T18:06:48+0000", "form_id": "1216",
            "platform": "ig", "is_organic": False, "field_data": [
                {"name": "full_name", "values": [person.name]},
                {"name": "phone_number", "values": [person.phone]},
                {"name": "EMAIL", "values": [person.email]},
                {"name": "what_service?", "values": ["roof", "gutters"]}]}


def hubspot(*ids):
    now = int(time.time() * 1000)
    body = senders.compact([
        {"eventId": i, "subscriptionId": 12345, "portalId": 62515,
         "appId": 54321, "occurredAt": now, "attemptNumber": 0,
         "subscriptionType": "contact.creation", "objectId": i,
         "changeFlag": "CREATED", "changeSource": "FORM"} for i in ids])
    text = f"POST{PUBLIC}/in/hub".encode() + body + str(now).encode()
    mac = hmac.new(HUBSPOT_SECRET.encode(), text, hashlib.sha256).digest()
    return senders.Post("/in/hub", {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": base64.b64encode(mac).decode(),
        "X-HubSpot-Request-Timestamp": str(now)}, body)


def hubspot_record(person):
    first, _, last = person.name.partition(" ")
    return {"firstname": first, "lastname": last, "email": person.email,
            "phone": person.phone, "hs_object_source": "FORM",
            "recent_conversion_event_name": "Pricing: Quote form"}


def zoho(*ids, module="Leads", token=ZOHO_TOKEN):
    return senders.Post("/in/records", {"Content-Type": "application/json"},
                        senders.compact({
                            "server_time": int(time.time() * 1000),
                            "module": module, "ids": list(ids),
                            "affected_fields": [], "operation": "insert",
                            "channel_id": "1000000068001", "token": token}))


def zoho_record(person):
    first, _, last = person.name.partition(" ")
    return {"First_Name": first, "Last_Name": last, "Email": person.email,
            "Phone": person.phone, "Lead_Source": "Google AdWords"}


def accepted(bridge, post):
    reply = bridge.post(post)
    assert (reply.status, json.loads(reply.body)) == (
        200, {"status": "accepted"})


def whole(lead, person, platform, kind):
    assert lead["contact_name"] == person.name
    assert lead["contact_email"] == person.email
    assert lead["contact_phone"] == person.phone
    assert (lead["source_platform"], lead["source_type"]) == (platform, kind)


def test_meta_lead_is_fetched(fetching, crm, providers, person):
    someone = person()
    providers.put("meta/24632921174883097", meta_record(someone))
    post = leadgen("24632921174883097")
    accepted(fetching, post)
    lead, = crm.wait_leads(1)
    whole(lead, someone, "meta_ads", "form")
    assert lead["custom_fields"]["what_service"] == "roof, gutters"
    assert json.loads(fetching.post(post).body) == {"status": "duplicate"}
    fetching.wait_ledger(accepted=1, delivered=1, fetching=0, duplicates=1)
    assert len(providers.requests) == 1


def test_conversation_is_fetched_once(fetching, crm, providers, person):
    someone = person()
    providers.put("meta/6155", {"first_name": someone.first,
                                "last_name": someone.last})
    for mid in ("m_A", "m_B"):
        body = senders.compact({"object": "page", "entry": [{
            "id": PAGE, "messaging": [{
                "sender": {"id": "6155"}, "recipient": {"id": PAGE},
                "timestamp": 1770142008123,
                "message": {"mid": mid, "text": "Hello"}}]}]})
        mac = hmac.new(sandbox.META_SECRET.encode(), body,
                       hashlib.sha256).hexdigest()
        accepted(fetching, senders.Post("/in/ads", {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={mac}"}, body))
    lead, = crm.wait_leads(1)
    assert lead["contact_name"] == someone.name
    fetching.wait_ledger(accepted=2, delivered=1, ignored=1, fetching=0)
    assert len(providers.requests) == 1


def test_meta_handshake(fetching):
    target = ("/in/ads?hub.mode=subscribe&hub.challenge=1158201444"
              "&hub.verify_token=")
    reply = fetching.get(target + VERIFY)
    assert (reply.status, reply.body) == (200, b"1158201444")
    assert fetching.get(target + "wrong").status == 403


def test_hubspot_batch_is_fetched_one_by_one(fetching, crm, providers,
                                             person):
    people = {str(101 + i): person() for i in range(5)}
    for number, someone in people.items():
        providers.put(f"hubspot/{number}", hubspot_record(someone))
    accepted(fetching, hubspot(*(int(n) for n in people)))
    leads = {lead["contact_email"]: lead for lead in crm.wait_leads(5)}
    for someone in people.values():
        whole(leads[someone.email], someone, "hubspot", "form")
    fetching.wait_ledger(accepted=5, delivered=5, fetching=0)


def test_ghl_message_gets_its_contact(fetching, crm, providers, person):
    someone = person()
    providers.put("ghl/ocQHyuzHvysMo5N5VsXc", {
        "name": someone.name, "email": someone.email,
        "phone": someone.phone, "source": "chat widget"})
    accepted(fetching, senders.ghl(fetching.ghl_key, {
        "webhookId": str(uuid.uuid4()),
        "type": "InboundMessage", "locationId": senders.LOCATION,
        "contactId": "ocQHyuzHvysMo5N5VsXc", "direction": "inbound",
        "messageType": "Live_Chat", "body": "Hello"}))
    lead, = crm.wait_leads(1)
    whole(lead, someone, "ghl", "chat")
    assert lead["custom_fields"]["message"] == "Hello"


def test_ghl_message_is_enough_when_the_contact_is_gone(fetching, crm,
                                                        person):
    someone = person()
    accepted(fetching, senders.ghl(fetching.ghl_key, {
        "webhookId": str(uuid.uuid4()),
        "type": "InboundMessage", "locationId": senders.LOCATION,
        "contactId": "gone", "direction": "inbound", "messageType": "SMS",
        "from": someone.phone, "body": "Hello"}))
    lead, = crm.wait_leads(1)
    assert (lead["contact_phone"], lead["source_type"]) == (
        someone.phone, "sms")


def test_zoho_records_are_fetched_with_one_access_token(fetching, crm,
                                                        providers, person):
    people = [person() for _ in range(3)]
    for i, someone in enumerate(people):
        providers.put(f"Leads/5725767000003000{i:03}", zoho_record(someone))
    accepted(fetching, zoho(*(f"5725767000003000{i:03}" for i in range(3))))
    leads = {lead["contact_email"]: lead for lead in crm.wait_leads(3)}
    for someone in people:
        whole(leads[someone.email], someone, "google_ads", "form")
    assert providers.refreshes == 1
    assert fetching.post(zoho("1", token="wrong-token")).status == 401


def condition(bridge, name, want, reason):
    daemon.eventually(lambda: (name, want, reason) in [
        (d["name"], d["condition"], d["reason"]) for d in
        bridge.api("/destinations")["destinations"]],
                      what=f"{name} to be {want}")


def test_refused_refresh_token_parks_until_it_is_good(fetching, crm,
                                                      providers, person):
    someone = person()
    providers.put("Leads/1", zoho_record(someone))
    providers.zoho_refresh = "another-refresh-token"
    accepted(fetching, zoho("1"))
    condition(fetching, "@records", "parked", "oauth_refused")
    fetching.wait_ledger(accepted=1, fetching=1)
    assert not providers.asked("/crm/v8")
    providers.zoho_refresh = sandbox.ZOHO_REFRESH
    assert fetching.ctl("destination", "resume", "@records").returncode == 0
    crm.wait_leads(1)


def test_revoked_access_token_is_replaced(fetching, crm, providers, person):
    people = [person(), person()]
    for i, someone in enumerate(people):
        providers.put(f"Leads/{i}", zoho_record(someone))
    accepted(fetching, zoho("0"))
    crm.wait_leads(1)
    providers.zoho_access = None
    accepted(fetching, zoho("1"))
    condition(fetching, "@records", "parked", "http_401")
    fetching.ctl("destination", "resume", "@records")
    crm.wait_leads(2)
    assert providers.refreshes == 2


def test_fresh_record_may_come_late(fetching, crm, providers, person):
    someone = person()
    accepted(fetching, leadgen("777"))
    providers.wait_asked("/777")
    providers.put("meta/777", meta_record(someone))
    lead, = crm.wait_leads(1)
    whole(lead, someone, "meta_ads", "form")


def test_dead_token_parks_the_account_and_costs_nothing(fetching, crm,
                                                        providers, person):
    people = [person() for _ in range(3)]
    for i, someone in enumerate(people):
        providers.put(f"meta/80{i}", meta_record(someone))
    providers.meta_token = "the-token-was-replaced"
    accepted(fetching, leadgen("800", "801", "802"))
    fetching.wait_ledger(accepted=3, fetching=3)
    condition(fetching, "@ads", "parked", "meta_token")
    asked = len(providers.requests)
    fetching.secret("meta-token", "the-token-was-replaced")
    fetching.reload()
    crm.wait_leads(3)
    fetching.wait_ledger(accepted=3, delivered=3, fetching=0, dead=0)
    assert asked <= 4


def test_account_with_fetches_cannot_go(fetching, crm, providers, person):
    providers.meta_token = "the-token-was-replaced"
    accepted(fetching, leadgen("810"))
    fetching.wait_ledger(accepted=1, fetching=1)
    ads = fetching.settings["sources"].pop("ads")
    fetching.write(text=settings.yaml(fetching.settings))
    refused = fetching.admin("/api/v1/reload", "POST")
    assert refused.status == 409
    assert b"fetches wait" in refused.body
    fetching.settings["sources"]["ads"] = ads
    providers.meta_token = sandbox.META_TOKEN
    someone = person()
    providers.put("meta/810", meta_record(someone))
    fetching.write(text=settings.yaml(fetching.settings))
    fetching.reload()
    crm.wait_leads(1)
    ctl = fetching.ctl("destination", "pause", "@ads")
    assert ctl.returncode == 0


def test_provider_asks_for_time(fetching, crm, providers, person):
    someone = person()
    providers.put("hubspot/5", hubspot_record(someone))
    providers.fail((429, {"status": "error"}, {"Retry-After": "1"}),
                   (503, None))
    accepted(fetching, hubspot(5))
    crm.wait_leads(1)
    assert len(providers.asked("/contacts/5")) == 3


def test_fetch_survives_a_crash(fetching, crm, providers, person):
    someone = person()
    providers.put("hubspot/6", hubspot_record(someone))
    providers.fail(*[(500, None)] * 2)
    accepted(fetching, hubspot(6))
    providers.wait_asked("/contacts/6")
    fetching.kill()
    fetching.start()
    crm.wait_leads(1)
    fetching.wait_ledger(accepted=1, delivered=1, fetching=0)
    assert len(crm.created()) == 1


def test_record_without_a_contact_is_quarantined(fetching, providers):
    providers.put("hubspot/7", {"company": "Acme"})
    accepted(fetching, hubspot(7))
    fetching.wait_ledger(accepted=1, quarantined=1, fetching=0)
    # The dashboard's own test, and a lead of the testing tool.
    accepted(fetching, leadgen("444444444444"))
    providers.put("meta/900", {"field_data": [
        {"name": "full_name",
         "values": ["<test lead: dummy data for full_name>"]}]})
    accepted(fetching, leadgen("900"))
    fetching.wait_ledger(accepted=3, quarantined=1, ignored=2, fetching=0)
