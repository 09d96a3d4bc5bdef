# SPDX-License-Identifier: MIT
"""One lead per person or conversation, where that is wanted."""

import json

import pytest

from support import senders, settings


def reasons(bridge):
    """Why each ignored lead was ignored, oldest first."""
    leads = bridge.api("/leads?state=ignored")["leads"]
    return [lead["reason"] for lead in sorted(leads, key=lambda x: x["id"])]


def customer_and_order(bridge, person):
    for make in (senders.shopify_customer, senders.shopify_order):
        reply = bridge.post(make(settings.SHOPIFY_SECRET, person))
        assert json.loads(reply.body) == {"status": "accepted"}


def test_customer_and_order_are_two_leads(bridge, crm, person):
    customer_and_order(bridge, person())
    bridge.wait_ledger(accepted=2, delivered=2)
    assert len(crm.posts()) == 2


def test_join_makes_one_of_them(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"shop": {"join": "10m"}}})
    bridge.start()
    someone = person()
    customer_and_order(bridge, someone)
    customer_and_order(bridge, person())
    bridge.wait_ledger(accepted=4, delivered=2, ignored=2)
    assert reasons(bridge) == ["joined", "joined"]
    # A restart forgets nobody.
    bridge.stop()
    bridge.start()
    bridge.post(senders.shopify_order(settings.SHOPIFY_SECRET, someone))
    bridge.wait_ledger(accepted=5, delivered=2, ignored=3)
    assert bridge.ledger(scan=True)["difference"] == 0
    assert len(crm.posts()) == 2


@pytest.mark.parametrize("kind, leads", [("sms", 2), ("chat", 2),
                                         ("phone_call", 4)])
def test_a_conversation_is_one_lead(make_bridge, crm, person, kind, leads):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"source_type": kind}}})
    bridge.start()
    for someone in (person(), person()):
        for _ in range(2):
            bridge.post(senders.partner_lead(settings.PARTNER_SECRET,
                                             someone))
    bridge.wait_ledger(accepted=4, delivered=leads, ignored=4 - leads)
    assert reasons(bridge) == ["conversation"] * (4 - leads)


def test_each_message_may_be_a_lead(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"source_type": "sms",
                                          "conversation": "0s"}}})
    bridge.start()
    someone = person()
    for _ in range(2):
        bridge.post(senders.partner_lead(settings.PARTNER_SECRET, someone))
    bridge.wait_ledger(accepted=2, delivered=2)
