# SPDX-License-Identifier: MIT
"""The CRM's own webhook: the delivered lead it names is marked."""

import hashlib
import hmac
import json
import time
import uuid

import pytest

from support import daemon, senders, settings

SECRET = "mega_whsec_confirmations_of_the_crm"


@pytest.fixture
def confirmed(make_bridge, crm):
    bridge = make_bridge(crm, {"metrics": {"interval": "1s"}})
    bridge.secret("confirm", SECRET)
    bridge.write({"sources": {"crm": {
        "platform": "crm_confirm",
        "secret": f"file:{bridge.path('secrets')}/confirm"}}})
    return bridge.start()


def confirmation(lead, delivery=None, secret=SECRET):
    body = senders.compact({
        "event": "lead.created", "delivered_at": senders.now_text(),
        "lead": {"id": lead, "contact_name": "Ana", "source_type": "form"}})
    now = str(int(time.time()))
    mac = hmac.new(secret.encode(), now.encode() + b"." + body,
                   hashlib.sha256).hexdigest()
    return senders.Post("/in/crm", {
        "Content-Type": "application/json",
        "X-Mega-Signature": "sha256=" + mac, "X-Mega-Timestamp": now,
        "X-Mega-Delivery": delivery or str(uuid.uuid4())}, body)


def deliver(bridge, person, n=1):
    """The CRM's ids of so many new leads, in our ids."""
    before = bridge.ledger()["delivered"]
    for _ in range(n):
        assert bridge.post(senders.shopify_customer(
            settings.SHOPIFY_SECRET, person())).status == 200
    bridge.wait_ledger(delivered=before + n)
    rows = bridge.api("/leads?state=delivered")["leads"][:n]
    return {row["id"]: row["crm_id"] for row in rows}


def said(bridge):
    """(confirmed for mega, unmatched) of the last metrics line."""
    lines = bridge.metrics_lines()
    return lines and (
        lines[-1]["destinations"]["mega"]["confirmed"],
        lines[-1]["unmatched"])


def test_confirmed_lead_says_when(confirmed, person):
    leads = deliver(confirmed, person, 3)
    ours, theirs = sorted(leads.items())[1]
    assert confirmed.post(confirmation(theirs)).status == 200
    rows = {row["id"]: row for row in
            confirmed.api("/leads?state=delivered")["leads"]}
    assert {i for i, row in rows.items() if row["confirmed_at"]} == {ours}
    lead = confirmed.api(f"/leads/{ours}")
    assert lead["confirmed_at"] >= lead["settled_at"]
    shown = confirmed.ctl("leads", "show", str(ours))
    assert '"confirmed_at": "20' in shown.stdout
    daemon.eventually(lambda: said(confirmed) == (1, 0),
                      what="the metrics line")
    assert confirmed.metric("leadbridge_leads_confirmed_total",
                            destination="mega") == 1


def test_confirmation_is_proven(confirmed, person):
    (ours, theirs), = deliver(confirmed, person).items()
    assert confirmed.post(confirmation(theirs, secret="wrong")).status == 401
    assert confirmed.api(f"/leads/{ours}")["confirmed_at"] is None


def test_repeated_and_unknown_ones(confirmed, person):
    (ours, theirs), = deliver(confirmed, person).items()
    post = confirmation(theirs, delivery="11111111-0000-4000-8000-1")
    for status in ("accepted", "duplicate"):
        assert json.loads(confirmed.post(post).body) == {"status": status}
    assert confirmed.post(confirmation(str(uuid.uuid4()))).status == 200
    daemon.eventually(lambda: said(confirmed) == (1, 1),
                      what="the metrics line")
    assert confirmed.metric("leadbridge_confirmations_unmatched") == 1
    assert confirmed.api(f"/leads/{ours}")["confirmed_at"]


def test_it_may_be_quicker_than_the_answer(confirmed, crm, person):
    """The CRM tells of the lead before it has answered who sent it."""
    crm.misbehave({"do": "delay", "delay": 1.5, "stored": True})
    assert confirmed.post(senders.shopify_customer(
        settings.SHOPIFY_SECRET, person())).status == 200
    stored = daemon.eventually(lambda: crm.leads, what="the CRM's lead")
    assert confirmed.ledger()["delivered"] == 0
    assert confirmed.post(confirmation(stored[0]["id"])).status == 200
    confirmed.wait_ledger(delivered=1)
    row, = confirmed.api("/leads?state=delivered")["leads"]
    assert row["confirmed_at"]


def test_it_is_found_after_a_crash(confirmed, person):
    (ours, theirs), = deliver(confirmed, person).items()
    confirmed.kill()
    confirmed.start()
    assert confirmed.post(confirmation(theirs)).status == 200
    assert confirmed.api(f"/leads/{ours}")["confirmed_at"]
