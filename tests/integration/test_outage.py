# SPDX-License-Identifier: MIT
"""A campaign's burst while the CRM is down, and what follows when it is back.

5,000 leads are accepted by a bridge whose CRM refuses connections; then it is
back, with its rate limit, and with 429s and 500s mixed in. OUTAGE_SECONDS is
how long it is down (scripts/test --full: 30).
"""

import bisect
import os
import time

import pytest

from support import senders, settings
from support.daemon import eventually
from support.load import Load, check_arrivals

pytestmark = pytest.mark.slow

LEADS = 5000
DOWN_S = float(os.environ.get("OUTAGE_SECONDS", "6"))
RATES = ((400, 1), (1500, 4))
CHANGES = {
    "log": {"level": "info"},
    "metrics": {"interval": "1s"},
    "destinations": {"mega": {
        "rate": [f"{n}/{seconds}s" for n, seconds in RATES],
        "concurrency": 16, "retry": ["0s", "500ms", "1s", "2s"],
        "breaker": {"failures": 5, "open": "500ms", "max_open": "2s"}}}}
# What the CRM does when it is back, besides its work.
TROUBLE = (
    {"status": 500, "every": 29, "times": 0},
    {"status": 500, "stored": True, "every": 61, "times": 0},
    {"do": "reset", "stored": True, "every": 97, "times": 0},
    {"status": 429, "headers": {"Retry-After": "1"}, "every": 1501,
     "times": 0},
)


def most_within(at, seconds):
    """The largest number of arrivals in any window of that length."""
    return max(bisect.bisect_left(at, t + seconds) - i
               for i, t in enumerate(at))


def mega(line):
    return line["destinations"]["mega"]


def accept_all(bridge, load):
    load.run_round(bridge.address, LEADS, lambda: None)
    load.send_the_rest(bridge)


def trickle_of_fresh(bridge, crm, load, seconds):
    """New leads while thousands wait: when each was accepted, and its key."""
    fresh = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(crm.leads_by_key) < LEADS - 500:
        post = load.next_post()
        assert bridge.post(post).status == 200
        fresh.append((time.monotonic(), senders.lead_key("shop", post.event)))
        load.count(post, 200)
        eventually(lambda until=time.monotonic() + 0.3:
                   time.monotonic() > until, 5, "the next one")
    return fresh


class Arrivals:
    """What of the CRM's log a test asks again and again."""

    def __init__(self, crm):
        self.crm = crm

    @property
    def leads_by_key(self):
        return {r.key for r in self.crm.posts() if r.status == 201}


def test_a_burst_in_an_outage_arrives_whole_and_within_the_limit(
        make_bridge, crm, crowd):
    crm.stop()
    bridge, load = make_bridge(crm, CHANGES).start(), Load(crowd)
    down = time.monotonic()
    accept_all(bridge, load)
    eventually(lambda: time.monotonic() - down >= DOWN_S, DOWN_S + 5,
               "the outage", 0.1)
    tried = bridge.metric("leadbridge_delivery_attempts_total",
                          destination="mega", outcome="retry")
    ledger = bridge.ledger()
    assert ledger["waiting"] == ledger["accepted"] == len(load.answered)
    # Breaker and back-off: a handful of tries for thousands of leads.
    assert 5 <= tried <= 40 + 4 * DOWN_S
    crm.misbehave(*TROUBLE)
    crm.start()
    crm.wait(lambda s: s.created(), 10, "the first lead")
    fresh = trickle_of_fresh(bridge, Arrivals(crm), load, 6)
    bridge.wait_ledger(timeout=120, delivered=len(load.answered), waiting=0,
                       dead=0)

    check_arrivals(crm, load)  # 0 lost, 0 keys with two bodies
    assert bridge.ledger(scan=True)["difference"] == 0
    assert len(crm.leads) == len(load.answered)
    at = sorted(r.at for r in crm.requests)
    for n, seconds in RATES:  # a hundredth for the way between the clocks
        assert most_within(at, seconds - 0.01) <= n
    refused = [r for r in crm.requests if r.status == 429]
    assert len(refused) <= len(at) // 1501 + 16  # none but those of the script

    lines = [mega(line) for line in bridge.metrics_lines()]
    assert any(d["condition"] == "broken" for d in lines)
    assert any(d["condition"] == "limited" for d in lines)
    assert lines[-1]["delivered"] > LEADS / 2
    check_fresh_first(crm, fresh)


def check_fresh_first(crm, fresh):
    """Each within 2 s of its acceptance: but for the second that a 429 asked
    for, tokens come faster than that."""
    first = {}
    for r in crm.posts():
        first.setdefault(r.key, r.at)
    assert len(fresh) >= 8
    late = [first[key] - at for at, key in fresh if first[key] - at > 2]
    assert not late, late


def test_settings_of_this_file_hold_two_windows():
    assert settings.merged({}, CHANGES)["destinations"]["mega"]["rate"] == [
        "400/1s", "1500/4s"]
