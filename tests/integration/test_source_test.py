# SPDX-License-Identifier: MIT
"""leadbridgectl source test: a sample through the real listener."""

import json

import pytest

from support import settings

KEY = "google-key-0123456789"


def test(bridge, *arguments):
    return bridge.ctl("--config", bridge.config, "source", "test", *arguments)


test.__test__ = False


def shown(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_test_event_is_recorded_and_makes_no_lead(bridge, crm):
    answer = shown(test(bridge, "shop", "--json"))
    assert (answer["kind"], answer["status"]) == ("test", 200)
    bridge.wait_ledger(accepted=1, ignored=1, delivered=0)
    row, = bridge.api("/leads?state=ignored")["leads"]
    assert row["source"] == "shop" and "test" in row["reason"]
    # Another test is another event.
    assert test(bridge, "shop").returncode == 0
    bridge.wait_ledger(accepted=2, ignored=2)
    assert not crm.requests


@pytest.mark.parametrize("source", ["quote-form", "workflow"])
def test_a_token_source_is_asked_what_it_would_send(bridge, crm, source):
    answer = shown(test(bridge, source, "--json"))
    assert (answer["kind"], answer["status"]) == ("dry_run", 200)
    event, = json.loads(answer["answer"])["events"]
    body = event["units"][0]["body"]
    assert event["units"][0]["state"] == "waiting"
    assert body["contact_name"] == "Leadbridge Test"
    assert body["contact_email"] == "leadbridge-test@example.com"
    assert bridge.ledger(scan=True)["accepted"] == 0
    assert not crm.requests


def test_a_sample_that_is_a_lead_needs_to_be_asked_for(bridge, crm):
    done = test(bridge, "partner")
    assert done.returncode == 1 and "--deliver" in done.stderr
    assert bridge.ledger(scan=True)["accepted"] == 0
    assert test(bridge, "partner", "--deliver").returncode == 0
    bridge.wait_ledger(delivered=1)
    lead, = crm.leads
    assert lead["contact_name"] == "Leadbridge Test"
    assert lead["contact_email"] == "leadbridge-test@example.com"


@pytest.mark.parametrize("scheme", [
    "standard_webhooks",
    {"algorithm": "hmac-sha512", "header": "X-S", "encoding": "base64",
     "signed": "{timestamp}.{body}", "timestamp_header": "X-T",
     "tolerance": "5m"},
    {"algorithm": "hmac-sha1", "header": "X-S", "encoding": "hex",
     "signed": "{method}{url}{body}"},
], ids=str)
def test_every_shared_secret_scheme_is_signed(make_bridge, crm, scheme):
    bridge = make_bridge(crm)
    bridge.secret("partner", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                  if isinstance(scheme, str) else settings.PARTNER_SECRET)
    bridge.settings["sources"]["partner"]["scheme"] = scheme
    bridge.write({"public_url": "https://hooks.example.com"})
    bridge.start()
    assert test(bridge, "partner", "--deliver").returncode == 0
    bridge.wait_ledger(delivered=1)


def test_google_and_twilio_are_proven_their_way(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("google", KEY)
    bridge.secret("twilio", "twilio-token-0123456789")
    bridge.write({"public_url": "https://hooks.example.com", "sources": {
        "ads": {"platform": "google_ads", "destination": "mega",
                "secret": f"file:{bridge.folder}/secrets/google"},
        "sms": {"platform": "twilio", "destination": "mega",
                "secret": f"file:{bridge.folder}/secrets/twilio",
                "source_platform": "direct"}}})
    bridge.start()
    done = test(bridge, "ads")
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in done.stdout
    bridge.wait_ledger(accepted=1, ignored=1)
    done = test(bridge, "sms", "--deliver")
    assert done.returncode == 0, done.stdout + done.stderr
    bridge.wait_ledger(delivered=1)
    assert crm.leads[0]["source_type"] == "sms"


def test_header_and_basic_are_sent_along(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("pass", "basic-pass-word-0123")
    bridge.secret("key", "static-header-0123")
    bridge.write({"sources": {"quote-form": {
        "header": f"X-Key: file:{bridge.folder}/secrets/key",
        "basic": f"zap:file:{bridge.folder}/secrets/pass",
        "param": f"k=file:{bridge.folder}/secrets/key"}}})
    bridge.start()
    answer = shown(test(bridge, "quote-form", "--json"))
    assert answer["kind"] == "dry_run" and answer["status"] == 200


def test_what_nobody_else_can_sign_is_said(bridge):
    done = test(bridge, "agency")
    assert done.returncode == 1 and "ghl" in done.stderr
    done = test(bridge, "nobody")
    assert done.returncode == 1 and "no source 'nobody'" in done.stderr
    assert bridge.ledger(scan=True)["accepted"] == 0


def test_a_secret_that_is_not_in_force_shows(bridge):
    bridge.secret("shopify", "the-next-secret-of-the-shop")
    done = test(bridge, "shop")
    assert done.returncode == 1
    assert "answered 401" in done.stdout and "reloaded" in done.stderr
    assert bridge.ctl("reload").returncode == 0
    assert test(bridge, "shop").returncode == 0


def test_without_a_daemon_it_is_3(make_bridge, crm):
    bridge = make_bridge(crm)
    assert bridge.ctl("--config", bridge.config, "source", "test",
                      "shop").returncode == 3
