# SPDX-License-Identifier: MIT
"""Senders that only name a record: it is fetched, and the lead is whole."""

import contextlib
import json
import sqlite3
import uuid

import provider_sandbox as sandbox
from support import senders, settings
from support.fetching import (
    PAGE, VERIFY, accepted, condition, hubspot, hubspot_record, leadgen,
    messenger, meta_record, whole, zoho, zoho_record)


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
        accepted(fetching, messenger("6155", mid))
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


def test_hubspot_batch_is_fetched_at_once(fetching, crm, providers, person):
    people = {str(101 + i): person() for i in range(5)}
    for number, someone in people.items():
        providers.put(f"hubspot/{number}", hubspot_record(someone))
    accepted(fetching, hubspot(*(int(n) for n in people)))
    leads = {lead["contact_email"]: lead for lead in crm.wait_leads(5)}
    for someone in people.values():
        whole(leads[someone.email], someone, "hubspot", "form")
    fetching.wait_ledger(accepted=5, delivered=5, fetching=0)
    assert len(providers.requests) == 1
    assert sorted(providers.batches[0]) == sorted(people)


def test_missing_contacts_of_a_batch_come_later(fetching, crm, providers,
                                                person):
    early, late = person(), person()
    providers.put("hubspot/1", hubspot_record(early))
    accepted(fetching, hubspot(1, 2))
    providers.wait_asked("/batch/read")
    crm.wait_leads(1)
    fetching.wait_ledger(accepted=2, delivered=1, fetching=1)
    providers.put("hubspot/2", hubspot_record(late))
    crm.wait_leads(2)
    fetching.wait_ledger(accepted=2, delivered=2, fetching=0, dead=0)


def test_one_that_spoils_a_batch_harms_nobody(fetching, crm, providers,
                                              person):
    """An id the provider does not take: 400 for all of the request."""
    people = [person() for _ in range(3)]
    for i, someone in enumerate(people):
        providers.put(f"hubspot/{i + 1}", hubspot_record(someone))
    accepted(fetching, hubspot(1, 2, "not-a-number", 3))
    crm.wait_leads(3)
    fetching.wait_ledger(accepted=4, delivered=3, fetching=1)
    assert len(providers.batches) == 1
    for number in ("1", "2", "3", "not-a-number"):
        providers.wait_asked(f"GET /crm/v3/objects/contacts/{number}")


def test_batch_that_is_refused_for_now_is_asked_for_again(
        fetching, crm, providers, person):
    for i in range(3):
        providers.put(f"hubspot/{i}", hubspot_record(person()))
    providers.fail((503, {}), (429, {}, {"Retry-After": "1"}))
    accepted(fetching, hubspot(0, 1, 2))
    crm.wait_leads(3)
    fetching.wait_ledger(accepted=3, delivered=3, fetching=0)
    rows = attempts(fetching)
    assert [r for r in rows if r[1] == "http_503"] and len(
        {lead for lead, _, _ in rows}) == 3


def attempts(bridge):
    """(lead, reason, counts) of everything that was no success."""
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store:
        return store.execute(
            "SELECT lead, reason, counts FROM attempt").fetchall()


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


def test_refused_field_is_asked_for_once(fetching, crm, providers, person):
    people = [person(), person()]
    for i, someone in enumerate(people):
        providers.put(f"meta/95{i}", meta_record(someone))
    providers.refused_fields = ("ad_name",)
    accepted(fetching, leadgen("950"))
    whole(crm.wait_leads(1)[0], people[0], "meta_ads", "form")
    accepted(fetching, leadgen("951"))
    crm.wait_leads(2)
    # The second is not asked for more than the first was given.
    assert len(providers.asked("/950")) == 2
    assert len(providers.asked("/951")) == 1
    assert attempts(fetching) == []


def test_field_that_is_refused_in_any_case_is_not_retried(fetching,
                                                          providers, person):
    providers.put("meta/960", meta_record(person()))
    answer = sandbox.graph_error(
        100, message="Tried accessing nonexisting field (ad_name)")
    providers.fail(answer, answer)
    accepted(fetching, leadgen("960"))
    fetching.wait_ledger(accepted=1, dead=1, fetching=0)
    assert len(providers.asked("/960")) == 2


def test_account_slows_down_before_it_is_refused(fetching, crm, providers,
                                                 person):
    for i in range(2):
        providers.put(f"meta/97{i}", meta_record(person()))
    providers.usage = {"X-App-Usage": json.dumps({"call_count": 96}),
                       "X-Business-Use-Case-Usage": json.dumps({
                           PAGE: [{"type": "leadgen", "call_count": 12}]})}
    accepted(fetching, leadgen("970"))
    crm.wait_leads(1)
    condition(fetching, "@ads", "limited", "usage")
    accepted(fetching, leadgen("971"))
    fetching.wait_ledger(accepted=2, delivered=1, fetching=1)
    assert len(providers.requests) == 1
    # A person who knows better.
    assert fetching.ctl("destination", "resume", "@ads").returncode == 0
