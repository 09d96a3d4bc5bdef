# SPDX-License-Identifier: MIT
"""Senders beside the five of the standard bridge, through the daemon."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse

import pytest

from support.senders import Post, compact

URL = "https://hooks.example.com"
GOOGLE_KEY = "key-beside-the-webhook-url"
AUTH_TOKEN = "auth-token-of-the-account"
CLIENT_SECRET = "client-secret-of-the-app"
INTAKE_TOKEN = "intake-0d9c8b7a6f5e4d3c"
CRM_SECRET = "mega_whsec_of_these_tests"
EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
JSON = {"Content-Type": "application/json"}
SOURCES = {
    "google": {"platform": "google_ads", "destination": "mega",
               "secret": "plain:" + GOOGLE_KEY},
    "phones": {"platform": "twilio", "destination": "mega",
               "secret": "plain:" + AUTH_TOKEN},
    "hubspot": {"platform": "hubspot_workflow", "destination": "mega",
                "secret": "plain:" + CLIENT_SECRET},
    "intake": {"platform": "lead_docket", "destination": "mega",
               "token": "plain:" + INTAKE_TOKEN},
    "confirm": {"platform": "crm_confirm", "secret": "plain:" + CRM_SECRET},
}


@pytest.fixture
def platforms(make_bridge, crm):
    bridge = make_bridge(crm, {"public_url": URL, "sources": SOURCES})
    yield bridge.start()
    for where, text in bridge.texts():
        for secret in (GOOGLE_KEY, AUTH_TOKEN, CLIENT_SECRET, INTAKE_TOKEN,
                       CRM_SECRET):
            assert secret not in text, f"a secret in {where}: {secret}"


def google(person, key=GOOGLE_KEY, **more):
    columns = {"FULL_NAME": person.name, "EMAIL": person.email,
               "PHONE_NUMBER": person.phone}
    return Post("/in/google", JSON, compact({
        "lead_id": f"lead-{person.n}", "google_key": key,
        "user_column_data": [{"column_id": name, "string_value": text}
                             for name, text in columns.items()], **more}))


def twilio(values, token=AUTH_TOKEN):
    text = URL + "/in/phones" + "".join(
        name + values[name] for name in sorted(values))
    mac = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return Post("/in/phones", {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": base64.b64encode(mac).decode(),
    }, urllib.parse.urlencode(values).encode())


def call(person, status="completed", **more):
    return twilio({"CallSid": f"CA{person.n}", "Direction": "inbound",
                   "From": person.phone, "To": "+15205550199",
                   "CallStatus": status, "CallerName": person.name, **more})


def sms(person, **more):
    return twilio({"MessageSid": f"SM{person.n}", "From": person.phone,
                   "To": "+15205550199", "Body": "Is it free?",
                   "SmsStatus": "received", **more})


def hubspot(person, secret=CLIENT_SECRET):
    body = compact({"vid": person.n, "properties": {
        "firstname": {"value": person.first},
        "lastname": {"value": person.last},
        "email": {"value": person.email}, "phone": {"value": person.phone}},
        "form-submissions": [{"conversion-id": f"c-{person.n}",
                              "timestamp": 1}]})
    text = f"{secret}POST{URL}/in/hubspot".encode() + body
    return Post("/in/hubspot", {
        **JSON, "X-HubSpot-Signature": hashlib.sha256(text).hexdigest(),
        "X-HubSpot-Signature-Version": "v2"}, body)


def intake(person, event, token=INTAKE_TOKEN, **more):
    return Post(f"/in/intake/{token}", JSON, compact({
        "EventTypeId": event, "OpportunityId": person.n + 1,
        "FirstName": person.first, "LastName": person.last,
        "Email": person.email, "MobilePhone": person.phone, **more}))


def confirm(value, secret=CRM_SECRET):
    body, now = compact(value), str(int(time.time()))
    mac = hmac.new(secret.encode(), now.encode() + b"." + body,
                   hashlib.sha256).hexdigest()
    return Post("/in/confirm", {
        **JSON, "X-Mega-Signature": "sha256=" + mac, "X-Mega-Timestamp": now,
        "X-Mega-Delivery": "6f1c9f5e-0000-4000-8000-000000000002"}, body)


LEADS = {
    "google ads": (google, "google_ads", "form", b"{}"),
    "call": (call, "direct", "phone_call", EMPTY_TWIML),
    "hubspot workflow": (hubspot, "hubspot", "form",
                         b'{"status":"accepted"}'),
    "lead docket": (lambda p: intake(p, 10), "lead_docket", "form",
                    b'{"status":"accepted"}'),
}


@pytest.mark.parametrize("name", LEADS)
def test_arrives_once_as_the_right_lead(platforms, crm, person, name):
    make, platform, kind, answer = LEADS[name]
    someone = person()
    reply = platforms.post(make(someone))
    assert (reply.status, reply.body) == (200, answer)
    assert platforms.post(make(someone)).status == 200
    lead, = crm.wait_leads(1)
    assert lead["contact_name"] == someone.name
    assert lead["contact_phone"] == someone.phone
    assert (lead["source_platform"], lead["source_type"]) == (platform, kind)
    platforms.wait_ledger(accepted=1, delivered=1, duplicates=1)


FORGED = {
    "google ads": (lambda p: google(p, key="guessed"), 401),
    "call": (lambda p: twilio({"CallSid": "CA1"}, token="guessed"), 401),
    "call, other parameters": (
        lambda p: Post(call(p).path, call(p).headers,
                       call(p).body + b"&x=1"), 401),
    "hubspot workflow": (lambda p: hubspot(p, secret="guessed"), 401),
    "lead docket": (lambda p: intake(p, 10, token="guessed"), 404),
    "confirmation": (lambda p: confirm({"event": "lead.created"},
                                       secret="guessed"), 401),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_request_leaves_nothing(platforms, crm, person, name):
    make, status = FORGED[name]
    assert platforms.post(make(person())).status == status
    platforms.wait_ledger(accepted=0)
    assert not crm.requests


def test_google_reads_the_message_of_a_refusal(platforms, person):
    reply = platforms.post(google(person(), key="guessed"))
    assert list(json.loads(reply.body)) == ["message"]


def test_two_tests_of_google_are_two_events_and_no_lead(
        platforms, crm, person):
    for _ in range(2):
        assert platforms.post(google(person(), is_test=True)).body == b"{}"
        time.sleep(0.01)  # they are told apart by when they came
    platforms.wait_ledger(accepted=2, ignored=2)
    assert not crm.requests


def test_an_sms_is_answered_with_nothing_to_send(platforms, crm, person):
    reply = platforms.post(sms(person()))
    assert (reply.status, reply.body) == (200, EMPTY_TWIML)
    assert reply.headers["content-type"].startswith("text/xml")
    lead, = crm.wait_leads(1)
    assert (lead["source_type"], lead["custom_fields"]["message"]) == (
        "sms", "Is it free?")


def test_a_call_that_rings_is_no_lead_until_it_ended(platforms, crm, person):
    someone = person()
    assert platforms.post(
        call(someone, "ringing", SequenceNumber="0")).status == 200
    assert platforms.post(
        call(someone, "no-answer", SequenceNumber="1")).status == 200
    lead, = crm.wait_leads(1)
    assert lead["custom_fields"]["call_status"] == "no-answer"
    platforms.wait_ledger(accepted=2, ignored=1, delivered=1)


def test_a_call_that_waits_for_orders_is_not_hung_up(platforms, person):
    """Empty TwiML would; for a 404 the fallback URL is asked."""
    assert platforms.post(call(person(), "ringing")).status == 404


def test_all_events_of_one_person_make_one_lead(platforms, crm, person):
    someone = person()
    for event in (19, 1, 10, 20):
        assert platforms.post(intake(someone, event)).status == 200
    crm.wait_leads(1)
    platforms.wait_ledger(accepted=3, ignored=2, delivered=1, duplicates=1)


def test_a_name_alone_does_not_use_up_the_number(platforms, crm, person):
    someone = person()
    platforms.post(intake(someone, 10, Email=None, MobilePhone=None))
    platforms.post(intake(someone, 1))
    leads = crm.wait_leads(2)
    assert someone.phone in [lead.get("contact_phone") for lead in leads]


def test_a_confirmation_is_recorded_and_makes_no_lead(platforms, crm):
    post = confirm({"event": "lead.created", "lead": {"id": "1"}})
    assert platforms.post(post).status == 200
    assert json.loads(platforms.post(post).body) == {"status": "duplicate"}
    platforms.wait_ledger(accepted=1, ignored=1, duplicates=1)
    assert not crm.requests
