# SPDX-License-Identifier: MIT
"""kill -9 under load, twenty times, against a CRM that is not well either.

The senders behave as real ones: what was not answered 200 is sent again with
the same event id. In the end every event answered 200 is at the CRM, under
the one key it must have, with identical bytes at every attempt, and the
ledger balances.
"""

import collections
import http.client
import random
import threading
import time

import pytest

from support import senders, settings, wire

pytestmark = pytest.mark.crash

ROUNDS = 20
SENDERS = 4
SEED = 20261122


class Load:
    """Senders that post until told to stop; who was answered what."""

    def __init__(self, person):
        self.person = person
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.answered = {}  # event id -> how many 200s
        self.open = collections.deque()  # posts without an answer
        self.odd = collections.Counter()
        self.stopping = False

    def next_post(self):
        with self.lock:
            if self.open:
                return self.open.popleft()
        return senders.shopify_customer(settings.SHOPIFY_SECRET,
                                        self.person())

    def count(self, post, status):
        with self.changed:
            if status == 200:
                self.answered[post.event] = self.answered.get(post.event,
                                                              0) + 1
                self.changed.notify_all()
            else:
                self.open.append(post)
                self.odd[status] += 1

    def send(self, address):
        """One sender on one kept connection, until it breaks or stops."""
        link = wire.connection(address, 30)
        while not self.stopping:
            post = self.next_post()
            try:
                link.request("POST", post.path, post.body, post.headers)
                status = wire.read_answer(link).status
            except (OSError, http.client.HTTPException):
                self.count(post, None)
                break
            self.count(post, status)
        link.close()

    def run_round(self, address, acknowledged, then):
        """Sends until so many more are acknowledged, then calls then()."""
        self.stopping = False
        threads = [threading.Thread(target=self.send, args=(address,))
                   for _ in range(SENDERS)]
        with self.lock:
            goal = len(self.answered) + acknowledged
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        with self.changed:
            while len(self.answered) < goal:
                left = deadline - time.monotonic()
                assert left > 0, f"no progress: {self.odd}"
                self.changed.wait(left)
        then()
        self.stopping = True
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def send_the_rest(self, bridge):
        """What a crash left unanswered is sent again until it is 200."""
        while self.open:
            post = self.open.popleft()
            assert bridge.post(post).status == 200
            self.answered[post.event] = self.answered.get(post.event, 0) + 1


def unwell(chance):
    """A few ways in which the CRM fails during one round."""
    return [chance.choice([
        {"status": 500}, {"status": 503, "stored": True}, {"do": "reset"},
        {"do": "reset", "stored": True}, {"do": "half", "stored": True},
        {"do": "delay", "delay": 0.2}]) for _ in range(6)]


def check_arrivals(crm, load):
    """Every event answered 200: one key, the right one, the same bytes."""
    sent = collections.defaultdict(set)
    arrived = set()
    for post in crm.posts():
        sent[post.key].add(post.sha256)
        if post.status == 201:
            arrived.add(post.key)
    expected = {senders.lead_key("shop", event) for event in load.answered}
    assert expected - arrived == set()
    assert set(sent) - expected == set()
    assert {key: found for key, found in sent.items()
            if len(found) != 1} == {}


def test_twenty_kills_under_load_lose_and_double_nothing(
        make_bridge, crm, person):
    chance = random.Random(SEED)
    bridge = make_bridge(crm, {
        "log": {"level": "info"},
        "destinations": {"mega": {"concurrency": 16, "breaker": {
            "failures": 50, "open": "100ms", "max_open": "500ms"}}}})
    load = Load(person)
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
