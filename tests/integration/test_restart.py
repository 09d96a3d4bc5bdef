# SPDX-License-Identifier: MIT
"""What holds over a restart: rate limits as the CRM sees them, due times."""

import sqlite3

import pytest

from support import senders, settings
from support.daemon import eventually

pytestmark = pytest.mark.tsan


def post_some(bridge, person, n):
    for _ in range(n):
        post = senders.shopify_customer(settings.SHOPIFY_SECRET, person())
        assert bridge.post(post).status == 200


def most_within(arrivals, seconds):
    """The largest number of arrivals in any window of that length."""
    at = sorted(arrivals)
    return max(sum(1 for b in at[i:] if b - a < seconds)
               for i, a in enumerate(at))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_rate_limit_holds_over_restarts(make_bridge, crm, person, how):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": ["4/s", "12/4s"], "concurrency": 8}}})
    for started in range(1, 6):
        bridge.start()
        post_some(bridge, person, 10)
        crm.wait_posts(3 * started, 30)
        getattr(bridge, how)()
    bridge.start()
    bridge.wait_ledger(timeout=60, delivered=50, waiting=0)
    arrivals = [r.at for r in crm.posts()]
    # A hundredth for the way between their clock and ours.
    assert most_within(arrivals, 0.99) <= 4
    assert most_within(arrivals, 3.99) <= 12


def test_attempts_that_never_arrived_do_not_count(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": "6/min", "retry": ["0s", "20ms", "20ms", "20ms"],
        "retry_every": "1s", "concurrency": 1,
        "breaker": {"failures": 50, "open": "100ms", "max_open": "100ms"}}}})
    bridge.start()
    crm.stop()
    post_some(bridge, person, 2)
    eventually(lambda: bridge.metric("leadbridge_delivery_attempts_total",
                                     destination="mega",
                                     outcome="retry") >= 10, 30, "attempts")
    bridge.stop()
    crm.start()
    bridge.start()
    bridge.wait_ledger(timeout=20, delivered=2)


def test_a_window_that_is_added_knows_what_was_sent(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": "100/s"}}}).start()
    post_some(bridge, person, 5)
    bridge.wait_ledger(delivered=5)
    bridge.write({"destinations": {"mega": {"rate": ["100/s", "5/4s"]}}})
    bridge.reload()
    post_some(bridge, person, 3)
    bridge.wait_ledger(timeout=30, delivered=8)
    assert most_within([r.at for r in crm.posts()], 3.99) <= 5


def test_a_due_time_of_a_clock_that_was_ahead_is_not_waited_for(
        make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    crm.stop()
    post_some(bridge, person, 3)
    bridge.kill()
    store = sqlite3.connect(bridge.path("leadbridge.db"))
    with store:
        store.execute("UPDATE lead SET at = at + 30 * 3600 * 1000")
    store.close()
    crm.start()
    bridge.start()
    bridge.wait_ledger(timeout=20, delivered=3)


@pytest.mark.parametrize("rate", [None, "100/s"], ids=["free", "limited"])
def test_the_time_a_crm_asked_for_holds_over_a_restart(
        make_bridge, crm, person, rate):
    bridge = make_bridge(crm, {"destinations": {"mega": {"rate": rate}}}
                         if rate else None).start()
    crm.misbehave({"status": 429, "headers": {"Retry-After": "5"}})
    post_some(bridge, person, 1)
    refused, = crm.wait_posts(1)
    eventually(lambda: bridge.metric("leadbridge_delivery_attempts_total",
                                     destination="mega",
                                     outcome="limited") == 1, 10, "settled")
    post_some(bridge, person, 3)
    bridge.kill()
    bridge.start()
    post_some(bridge, person, 1)
    eventually(lambda: bridge.api("/destinations")["destinations"][0][
        "reason"] == "before_start", 3, "the limit of before")
    bridge.wait_ledger(timeout=20, delivered=5)
    assert all(r.at - refused.at >= 4.99 for r in crm.posts()[1:])
