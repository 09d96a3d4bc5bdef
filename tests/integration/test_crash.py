# SPDX-License-Identifier: MIT
"""kill -9 under load, twenty times, against a CRM that is not well either.

The senders behave as real ones: what was not answered 200 is sent again with
the same event id. In the end every event answered 200 is at the CRM, under
the one key it must have, with identical bytes at every attempt, and the
ledger balances.
"""

import collections
import random

import pytest

from support import senders, settings
from support.load import Load, check_arrivals

pytestmark = pytest.mark.crash

ROUNDS = 20
SEED = 20261122


def unwell(chance):
    """A few ways in which the CRM fails during one round."""
    return [chance.choice([
        {"status": 500}, {"status": 503, "stored": True}, {"do": "reset"},
        {"do": "reset", "stored": True}, {"do": "half", "stored": True},
        {"do": "delay", "delay": 0.2}]) for _ in range(6)]


def test_twenty_kills_under_load_lose_and_double_nothing(
        make_bridge, crm, crowd):
    chance = random.Random(SEED)
    bridge = make_bridge(crm, {
        "log": {"level": "info"},
        "destinations": {"mega": {"concurrency": 16, "breaker": {
            "failures": 50, "open": "100ms", "max_open": "500ms"}}}})
    load = Load(crowd)
    for _ in range(ROUNDS):
        crm.behave()
        crm.misbehave(*unwell(chance))
        bridge.start()
        load.run_round(bridge.address, chance.randrange(20, 400), bridge.kill)
    crm.behave()
    bridge.start()
    load.send_the_rest(bridge)
    n = len(load.answered)
    bridge.wait_ledger(timeout=120, accepted=n, delivered=n, waiting=0)
    ledger = bridge.ctl("ledger")
    assert ledger.returncode == 0, ledger.stdout + ledger.stderr
    check_arrivals(crm, load)
    assert len(crm.leads) == n
    assert n >= ROUNDS * 20
    bridge.stop()


def test_a_kill_between_two_deliveries_repeats_at_most_what_was_in_flight(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "concurrency": 2}}}).start()
    crm.misbehave({"do": "hang", "stored": True, "times": 2,
                   "match": "@"})
    posts = [senders.shopify_customer(settings.SHOPIFY_SECRET, person())
             for _ in range(10)]
    for post in posts:
        assert bridge.post(post).status == 200
    crm.wait_posts(2)
    bridge.kill()
    bridge.start()
    bridge.wait_ledger(accepted=10, delivered=10)
    by_key = collections.Counter(r.key for r in crm.posts())
    assert len(by_key) == 10
    assert sum(by_key.values()) <= 12
    assert len(crm.leads) == 10
