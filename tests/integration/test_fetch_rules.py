# SPDX-License-Identifier: MIT
"""What each answer of a provider means, row by row, seen from outside."""

import contextlib
import json
import sqlite3
import uuid

import pytest

from provider_sandbox import graph_error
from support import senders
from support.fetching import (
    accepted, condition, hubspot, hubspot_record, leadgen, meta_record, zoho,
    zoho_record)

MINUTE = 60 * 1000


def one(name, providers, person):
    """A notification of this source, and the record it names."""
    someone = person()
    if name == "ads":
        providers.put("meta/5150", meta_record(someone))
        return leadgen("5150")
    if name == "hub":
        providers.put("hubspot/5150", hubspot_record(someone))
        return hubspot(5150)
    providers.put("Leads/5150", zoho_record(someone))
    return zoho("5150")


def attempts(bridge):
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store:
        return store.execute("SELECT reason, counts FROM attempt").fetchall()


def change(bridge, statement, *values):
    """With the daemon stopped, as if time had passed."""
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store, store:
        assert store.execute(statement, values).rowcount > 0


PARKS = {
    "hubspot 401": ("hub", (401, {}), "http_401"),
    "hubspot 403": ("hub", (403, {}), "http_403"),
    "zoho 403": ("records", (403, {}), "http_403"),
    "meta 190": ("ads", graph_error(190, 460), "meta_token"),
    "meta 102": ("ads", graph_error(102), "meta_token"),
    "meta 10": ("ads", graph_error(10), "meta_permission"),
    "meta 200": ("ads", graph_error(200, status=403), "meta_permission"),
    "meta 299": ("ads", graph_error(299), "meta_permission"),
    "meta 3": ("ads", graph_error(3), "meta_permission"),
    "meta 368": ("ads", graph_error(368), "meta_blocked"),
    "a login page": ("hub", (302, {}), "http_302"),
}


@pytest.mark.parametrize("row", PARKS)
def test_parks_the_account_and_costs_nothing(fetching, crm, providers, person,
                                             row):
    source, answer, reason = PARKS[row]
    post = one(source, providers, person)
    providers.always = answer
    accepted(fetching, post)
    condition(fetching, f"@{source}", "parked", reason)
    fetching.wait_ledger(accepted=1, fetching=1)
    assert [counts for _, counts in attempts(fetching) if counts] == []
    providers.always = None
    assert fetching.ctl("destination", "resume",
                        f"@{source}").returncode == 0
    crm.wait_leads(1)
    fetching.wait_ledger(accepted=1, delivered=1, fetching=0)


LIMITS = {
    "hubspot 429": ("hub", (429, {}, {"Retry-After": "1"}), "http_429"),
    "meta 4": ("ads", graph_error(4), "meta_rate"),
    "meta 17": ("ads", graph_error(17), "meta_rate"),
    "meta 32": ("ads", graph_error(32, status=403), "meta_rate"),
    "meta 613": ("ads", graph_error(613), "meta_rate"),
    "meta 80005": ("ads", graph_error(80005), "meta_rate"),
}


@pytest.mark.parametrize("row", LIMITS)
def test_waits_and_counts_no_attempt(fetching, crm, providers, person, row):
    source, answer, reason = LIMITS[row]
    post = one(source, providers, person)
    providers.fail(answer)
    accepted(fetching, post)
    condition(fetching, f"@{source}", "limited", reason)
    crm.wait_leads(1)
    assert attempts(fetching) == [(reason, 0)]


def test_provider_says_when_it_takes_calls_again(fetching, crm, providers,
                                                 person):
    """Meta has no Retry-After; its usage header names the minutes."""
    post = one("ads", providers, person)
    providers.fail((*graph_error(80005), {
        "X-Business-Use-Case-Usage": json.dumps({"1": [
            {"call_count": 100, "estimated_time_to_regain_access": 2}]})}))
    accepted(fetching, post)
    condition(fetching, "@ads", "limited", "meta_rate")
    row, = [d for d in fetching.api("/destinations")["destinations"]
            if d["name"] == "@ads"]
    assert row["until"] > senders.now_text()[:17]
    with pytest.raises(TimeoutError):
        crm.wait_leads(1, timeout=4)


RETRIES = {
    "hubspot 500": ("hub", (500, {}), "http_500"),
    "hubspot 502": ("hub", (502, {}), "http_502"),
    "meta 1": ("ads", graph_error(1, status=500), "meta_unavailable"),
    "meta 2": ("ads", graph_error(2), "meta_unavailable"),
    "meta 100/33": ("ads", graph_error(100, 33), "not_found"),
    "hubspot 404": ("hub", (404, {}), "not_found"),
    "zoho 204": ("records", (204, None), "not_found"),
    "no answer": ("hub", (None, None), "reset"),
}


@pytest.mark.parametrize("row", RETRIES)
def test_is_tried_again(fetching, crm, providers, person, row):
    source, answer, reason = RETRIES[row]
    post = one(source, providers, person)
    providers.fail(answer)
    accepted(fetching, post)
    crm.wait_leads(1)
    fetching.wait_ledger(accepted=1, delivered=1, fetching=0)
    assert attempts(fetching) == [(reason, 1)]


GONE = {
    "meta 100/33": ("ads", graph_error(100, 33)),
    "hubspot 404": ("hub", (404, {})),
    "zoho 204": ("records", (204, None)),
}


@pytest.mark.parametrize("row", GONE)
def test_record_that_does_not_come_in_ten_minutes_is_not_found(
        fetching, providers, person, row):
    source, answer = GONE[row]
    post = one(source, providers, person)
    providers.always = answer
    accepted(fetching, post)
    providers.wait_asked("5150")
    fetching.wait_ledger(fetching=1)
    fetching.stop()
    change(fetching, "UPDATE lead SET at = received_at, first_failed_at ="
           " first_failed_at - ?", 11 * MINUTE)
    fetching.start()
    fetching.wait_ledger(accepted=1, dead=1, fetching=0)
    lead, = fetching.api("/leads?state=dead")["leads"]
    assert lead["reason"] == "not_found"


def test_what_is_known_is_delivered_when_the_contact_does_not_come(
        fetching, crm, providers, person):
    someone = person()
    providers.always = (404, {})
    accepted(fetching, senders.ghl(fetching.ghl_key, {
        "webhookId": str(uuid.uuid4()), "type": "InboundMessage",
        "locationId": senders.LOCATION, "contactId": "late",
        "conversationId": "v1", "direction": "inbound",
        "messageType": "Live_Chat", "from": someone.email, "body": "Hello"}))
    providers.wait_asked("/contacts/late")
    fetching.wait_ledger(fetching=1)
    fetching.stop()
    change(fetching, "UPDATE lead SET at = received_at, first_failed_at ="
           " first_failed_at - ?", 11 * MINUTE)
    fetching.start()
    lead, = crm.wait_leads(1)
    assert (lead["contact_email"], lead["source_type"]) == (
        someone.email, "chat")


def test_a_refusal_is_dead_with_the_providers_words(fetching, providers,
                                                    person):
    post = one("hub", providers, person)
    providers.always = (400, {"status": "error", "message": "no such thing"})
    accepted(fetching, post)
    fetching.wait_ledger(accepted=1, dead=1, fetching=0)
    lead, = fetching.api("/leads?state=dead")["leads"]
    assert lead["reason"] == "http_400"
    assert "no such thing" in fetching.api(
        f"/leads/{lead['id']}?reveal=true")["response"]
    # Somebody corrected it.
    providers.always = None
    assert fetching.ctl("leads", "retry", str(lead["id"])).returncode == 0
    fetching.wait_ledger(accepted=1, delivered=1, dead=0)


def test_a_chat_without_contact_says_what_it_knows(fetching, crm, person):
    """No contact to be fetched: the address that was typed must do."""
    someone = person()
    for n, conversation in enumerate(("v1", "v1", "v2")):
        accepted(fetching, senders.ghl(fetching.ghl_key, {
            "webhookId": str(uuid.uuid4()), "type": "InboundMessage",
            "locationId": senders.LOCATION, "conversationId": conversation,
            "direction": "inbound", "messageType": "Live_Chat",
            "from": someone.phone, "body": f"Hello {n}"}))
    leads = crm.wait_leads(1)
    assert leads[0]["contact_phone"] == someone.phone
    # One lead for each conversation, not for each message.
    fetching.wait_ledger(accepted=3, delivered=2, ignored=1)
