# SPDX-License-Identifier: MIT
"""The rules that need memory: poison, park and probe, contract, age, order.

What one answer means is in test_outcomes.py; here it is what several answers
to several leads mean together.
"""

import contextlib
import sqlite3
import time

import pytest

from support import senders, settings
from support.daemon import eventually

pytestmark = pytest.mark.tsan

FAST = {"retry": ["0s"] + ["100ms"] * 8, "retry_every": "1s", "probe": "1h",
        "breaker": {"failures": 50, "open": "100ms", "max_open": "200ms"}}
HOUR_MS = 60 * 60 * 1000


def mega(make_bridge, crm, **changes):
    return make_bridge(crm, {"destinations": {"mega": {**FAST, **changes}}})


def post(bridge, person):
    reply = bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET,
                                                 person))
    assert reply.status == 200
    return person


def status(bridge):
    return next(d for d in bridge.api("/destinations")["destinations"]
                if d["name"] == "mega")


def wait_condition(bridge, want, timeout=20):
    return eventually(lambda: status(bridge)["condition"] == want and
                      status(bridge), timeout, want, 0.02)


def posts_of(crm, person):
    return [r for r in crm.posts() if person.email.encode() in r.body]


def lead_of(bridge, crm, person):
    """By the key it was sent under: the person is masked."""
    key = posts_of(crm, person)[0].key
    lead, = [row for row in bridge.api("/leads")["leads"]
             if row["key"] == key]
    return bridge.api(f"/leads/{lead['id']}")


@contextlib.contextmanager
def store_of(bridge):
    """The database of a daemon that is stopped."""
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store, store:
        yield store


# ---- poison ----------------------------------------------------------------

def test_a_lead_that_breaks_the_crm_dies_while_others_pass(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    poison = person()
    crm.misbehave({"status": 500, "match": poison.email, "times": 0})
    post(bridge, poison)
    crm.wait_posts(1)
    for _ in range(6):
        post(bridge, person())
    bridge.wait_ledger(delivered=6, dead=1, waiting=0)
    lead = lead_of(bridge, crm, poison)
    assert lead["reason"] == "poison"
    tries = posts_of(crm, poison)
    assert len(tries) >= 5
    assert len({(r.key, r.sha256) for r in tries}) == 1
    assert any("destination_alarm" in line and "reason=poison" in line
               for line in bridge.log.items)
    # It may have been created: a person's retry keeps the key.
    crm.behave()
    done = bridge.ctl("leads", "retry", str(lead["id"]))
    assert done.returncode == 0, done.stderr
    bridge.wait_ledger(delivered=7, dead=0)
    assert {r.key for r in posts_of(crm, poison)} == {tries[0].key}


def test_an_outage_is_nobodys_poison(make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    post(bridge, person())
    bridge.wait_ledger(delivered=1)
    crm.misbehave({"status": 500, "times": 0})
    victims = [post(bridge, person()) for _ in range(4)]
    eventually(lambda: all(len(posts_of(crm, v)) >= 6 for v in victims), 30,
               "six failures each")
    bridge.wait_ledger(dead=0, waiting=4)
    crm.behave()
    bridge.wait_ledger(dead=0, delivered=5)


# ---- park and probe --------------------------------------------------------

def test_a_single_odd_answer_sets_back_one_lead_and_parks_nobody(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    post(bridge, person())
    bridge.wait_ledger(delivered=1)
    odd = person()
    crm.misbehave({"status": 403, "match": odd.email, "times": 0})
    post(bridge, odd)
    crm.wait_posts(2)
    for _ in range(5):
        post(bridge, person())
    bridge.wait_ledger(delivered=6, waiting=1, parked=0, dead=0)
    assert status(bridge)["condition"] == "ok"
    assert len(posts_of(crm, odd)) == 1
    assert lead_of(bridge, crm, odd)["attempts"] == 0
    assert not any("condition=parked" in line for line in bridge.log.items)


def test_two_odd_answers_with_no_success_between_park(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    post(bridge, person())
    bridge.wait_ledger(delivered=1)
    crm.misbehave({"status": 403, "times": 0})
    post(bridge, person())
    crm.wait_posts(2)
    assert status(bridge)["condition"] == "ok"
    post(bridge, person())
    wait_condition(bridge, "parked")
    bridge.wait_ledger(delivered=1, parked=2, dead=0)


def test_a_success_between_two_odd_answers_forgives_the_first(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    post(bridge, person())
    bridge.wait_ledger(delivered=1)
    for n in (1, 2):
        odd = person()
        crm.misbehave({"status": 404, "match": odd.email})
        post(bridge, odd)
        eventually(lambda p=odd: posts_of(crm, p), 20, "the odd one")
        post(bridge, person())
        bridge.wait_ledger(delivered=1 + n, waiting=n, parked=0)
    assert status(bridge)["condition"] == "ok"


def test_an_unauthorised_answer_parks_at_once(make_bridge, crm, person):
    bridge = mega(make_bridge, crm).start()
    post(bridge, person())
    bridge.wait_ledger(delivered=1)
    crm.misbehave({"status": 401})
    post(bridge, person())
    assert wait_condition(bridge, "parked")["reason"] == "http_401"


def test_probes_take_turns_and_not_the_lead_that_parked(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, probe="500ms").start()
    crm.misbehave({"status": 401, "times": 0})
    post(bridge, person())
    wait_condition(bridge, "parked")
    post(bridge, person())
    tries = crm.wait_posts(5)
    assert all(a.key != b.key for a, b in zip(tries[1:], tries[2:]))
    # One at a time, one per probe: never a burst.
    assert all(b.at - a.at >= 0.45 for a, b in zip(tries[1:], tries[2:]))
    crm.behave()
    bridge.wait_ledger(delivered=2, parked=0)
    assert all(lead["attempts"] == 1 for lead in bridge.api("/leads")["leads"])


@pytest.mark.parametrize("answer", [
    {"status": 201, "stored": True}, {"status": 422}, {"status": 500},
    {"status": 429, "headers": {"Retry-After": "1"}},
], ids=lambda rule: str(rule["status"]))
def test_any_answer_outside_the_class_ends_the_park(
        make_bridge, crm, person, answer):
    bridge = mega(make_bridge, crm, probe="200ms").start()
    crm.misbehave({"status": 403}, answer)
    post(bridge, person())
    post(bridge, person())
    eventually(lambda: bridge.ledger()["delivered"] +
               bridge.ledger()["dead"] == 2, 20, "both settled")
    wait_condition(bridge, "ok")


def test_no_answer_at_all_does_not_end_the_park(make_bridge, crm, person):
    bridge = mega(make_bridge, crm, probe="200ms").start()
    crm.misbehave({"status": 401}, {"do": "reset", "times": 0})
    post(bridge, person())
    wait_condition(bridge, "parked")
    crm.wait_posts(4)
    assert status(bridge)["condition"] == "parked"
    crm.behave()
    bridge.wait_ledger(delivered=1)


# ---- contract --------------------------------------------------------------

def test_a_changed_contract_parks_instead_of_killing_the_backlog(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, probe="300ms", concurrency=4).start()
    crm.misbehave({"status": 422, "times": 0})
    for _ in range(30):
        post(bridge, person())
    assert wait_condition(bridge, "parked")["reason"] == "contract"
    bridge.wait_ledger(dead=0, parked=30)
    seen = len(crm.posts())
    assert seen <= 5 + 4 + 3  # the five, what was under way, few probes
    crm.wait_posts(seen + 2)
    bridge.wait_ledger(dead=0, parked=30)
    assert any("destination_contract" in line for line in bridge.log.items)
    crm.behave()
    bridge.wait_ledger(dead=0, delivered=30)
    assert len({r.key for r in crm.posts()}) == 30
    assert bridge.ledger(scan=True)["difference"] == 0


def test_refusals_with_a_success_between_are_the_leads_own(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, concurrency=1).start()
    dead = 0
    for _ in range(2):
        crm.misbehave({"status": 422, "times": 4})
        for _ in range(4):
            dead += 1
            post(bridge, person())
            bridge.wait_ledger(dead=dead)
        post(bridge, person())
        bridge.wait_ledger(waiting=0, parked=0, dead=dead)
    assert status(bridge)["condition"] == "ok"
    bridge.wait_ledger(dead=8, delivered=2)


# ---- age -------------------------------------------------------------------

def triable_ms(bridge, lead=1):
    with contextlib.closing(sqlite3.connect(
            f"file:{bridge.path('leadbridge.db')}?mode=ro",
            uri=True)) as store:
        return store.execute("SELECT triable_ms FROM lead WHERE id = ?",
                             (lead,)).fetchone()[0]


def test_a_lead_dies_of_age_and_its_retry_keeps_the_key(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, max_age="1m").start()
    crm.misbehave({"status": 500, "times": 0})
    post(bridge, person())
    crm.wait_posts(2)
    bridge.stop()
    with store_of(bridge) as store:
        store.execute("UPDATE lead SET triable_ms = 60001")
    bridge.start()
    bridge.wait_ledger(dead=1, waiting=0)
    row, = bridge.api("/leads?state=dead")["leads"]
    assert row["reason"] == "max_age"
    assert any("destination_alarm" in line and "reason=max_age" in line
               for line in bridge.log.items)
    crm.behave()
    assert bridge.ctl("leads", "retry", str(row["id"])).returncode == 0
    bridge.wait_ledger(delivered=1, dead=0)
    assert len({(r.key, r.sha256) for r in crm.posts()}) == 1


def test_a_lead_that_was_never_tried_never_dies_of_age(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, max_age="1m").start()
    assert bridge.ctl("destination", "pause", "mega").returncode == 0
    post(bridge, person())
    bridge.stop()
    with store_of(bridge) as store:  # it has waited for a month
        store.execute("UPDATE lead SET received_at = received_at - ?1,"
                      " at = at - ?1", (30 * 24 * HOUR_MS,))
        store.execute("UPDATE request SET received_at = received_at - ?",
                      (30 * 24 * HOUR_MS,))
    bridge.start()
    bridge.ctl("destination", "resume", "mega")
    bridge.wait_ledger(delivered=1, dead=0)


def test_time_in_which_it_could_not_be_tried_is_no_age(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, max_age="1m").start()
    crm.misbehave({"status": 500},
                  {"status": 429, "headers": {"Retry-After": "2"}},
                  {"status": 500}, {"status": 401}, {"status": 500})
    began = time.monotonic()
    post(bridge, person())
    wait_condition(bridge, "parked")  # after two seconds of limit
    assert time.monotonic() - began >= 2
    until = time.monotonic() + 1
    eventually(lambda: time.monotonic() > until, 5, "a second of park")
    bridge.ctl("destination", "resume", "mega")
    bridge.wait_ledger(delivered=1)
    # Three back-offs of at most 150 ms, not the three seconds.
    assert triable_ms(bridge) < 1000


# ---- order -----------------------------------------------------------------

def test_fresh_leads_newest_first_and_a_quarter_for_the_backlog(
        make_bridge, crm, person):
    bridge = mega(make_bridge, crm, concurrency=1, rate="20/s").start()
    crm.stop()
    bridge.ctl("destination", "pause", "mega")
    old = [post(bridge, person()).email for _ in range(24)]
    bridge.stop()
    with store_of(bridge) as store:
        store.execute("UPDATE lead SET received_at = received_at - ?1 +"
                      " id * 1000, at = 0", (HOUR_MS,))
    crm.start()
    crm.misbehave({"status": 401})
    bridge.start()
    wait_condition(bridge, "parked")
    new = [post(bridge, person()).email for _ in range(24)]
    bridge.ctl("destination", "resume", "mega")
    bridge.wait_ledger(delivered=48, timeout=30)
    order = [r.json()["contact_email"] for r in crm.created()]
    both = order[:28]  # while both wait
    backlog = [e for e in both if e in old]
    fresh = [e for e in both if e in new]
    assert 6 <= len(backlog) <= 8
    assert backlog == old[:len(backlog)]
    assert fresh == list(reversed(new))[:len(fresh)]
