# SPDX-License-Identifier: MIT
"""kill -9 at every step of the road, by the fault points of the program.

One daemon dies at the Nth passage of a point while senders post, the next
one takes over its store. Whatever the step: every event answered 200 is
delivered at least once under its one key with identical bytes and counted
once. Needs a build with LB_FAULTS (preset asan).
"""

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess

import pytest

from support import daemon, fetching, senders, settings, wire
from support.load import Load, check_arrivals

HOUR_MS = 60 * 60 * 1000
CHANGES = {
    "log": {"level": "info"},
    "destinations": {"mega": {"concurrency": 8, "rate": "1000/s",
                              "breaker": {"failures": 50}}},
    "store": {"retain": {"payloads": "1m", "attempts": "1m",
                         "leads": "1m"}}}


def under_load(bridge, load):
    bridge.start()
    return load.run_until_end(bridge)


def under_fetches(bridge, load):
    """The same with leads whose records are fetched."""
    return under_load(bridge, load)


def before_ready(bridge, _):
    bridge.spawn()
    return bridge.wait_exit(30)


def on_an_older_store(bridge, load):
    """The first version of the schema is there, the second is not."""
    fault = bridge.environment["LEADBRIDGE_FAULT"]
    bridge.environment["LEADBRIDGE_FAULT"] = "migration:2"
    assert before_ready(bridge, load) == -signal.SIGKILL
    bridge.environment["LEADBRIDGE_FAULT"] = fault
    return before_ready(bridge, load)


def on_old_leads(bridge, load):
    """Retention finds something to do, and does it as soon as it may."""
    with without_fault(bridge):
        bridge.start()
        load.run_round(bridge.address, 20, lambda: None)
        load.send_the_rest(bridge)
        n = len(load.answered)
        bridge.wait_ledger(accepted=n, delivered=n)
        bridge.stop()
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store, store:
        store.execute("UPDATE request SET received_at = received_at - ?",
                      (HOUR_MS,))
        store.execute("UPDATE lead SET received_at = received_at - ?1,"
                      " at = at - ?1", (HOUR_MS,))
    return before_ready(bridge, load)


def on_an_erase(bridge, load):
    """One of many is to be forgotten: the next start goes on with it."""
    bridge.start()
    load.run_round(bridge.address, 20, lambda: None)
    load.send_the_rest(bridge)
    who = load.person()
    post = senders.shopify_customer(settings.SHOPIFY_SECRET, who)
    load.count(post, bridge.post(post).status)
    n = len(load.answered)
    bridge.wait_ledger(accepted=n, delivered=n)
    load.erased = 1
    with contextlib.suppress(OSError, http.client.HTTPException):
        bridge.admin("/api/v1/privacy/erase", "POST",
                     json.dumps({"email": who.email}).encode())
    return bridge.wait_exit(30)


def on_sigterm(bridge, load):
    """A sender in the middle of a request keeps the drain waiting."""
    bridge.start()
    load.run_round(bridge.address, 20, lambda: None)
    post = load.next_post()
    head = "".join(f"{k}: {v}\r\n" for k, v in post.headers.items())
    with wire.Raw(bridge.address) as half:
        half.send(f"POST {post.path} HTTP/1.1\r\nHost: here\r\n{head}"
                  f"Content-Length: {len(post.body)}\r\n"
                  "Expect: 100-continue\r\n\r\n".encode())
        assert half.reply().status == 100
        bridge.terminate()
        status = bridge.wait_exit(30)
    load.count(post, None)
    return status


def on_a_backlog(bridge, load):
    """Leads of an earlier run wait on disk; those of this run come too."""
    with without_fault(bridge):
        bridge.crm.stop()
        bridge.start()
        load.run_round(bridge.address, 20, lambda: None)
        bridge.kill()
        bridge.crm.start()
    return before_ready(bridge, load)


def with_programs(bridge, load):
    """The source has an expression that only the mapper thread may run."""
    bridge.write({"sources": {"shop": {"map": {
        "contact_name": '.first_name + " " + .last_name'}}}})
    return under_load(bridge, load)


def on_a_persons_word(bridge, load):
    """A refused lead is sent again by hand."""
    with without_fault(bridge):
        bridge.crm.behave()
        bridge.crm.misbehave({"status": 422})
        bridge.start()
        post = load.next_post()
        assert bridge.post(post).status == 200
        load.count(post, 200)
        load.again[post.event] = 1
        bridge.wait_ledger(dead=1)
        bridge.stop()
    bridge.start()
    assert bridge.ctl("leads", "retry", "1").returncode != 0
    return bridge.wait_exit(30)


def after_a_persons_word(bridge):
    """What the crash left undone is asked for again."""
    if bridge.ledger()["dead"]:
        done = bridge.ctl("leads", "retry", "1")
        assert done.returncode == 0, done.stderr


# Name: how the daemon comes to it, and at which passages it dies.
POINTS = {
    "migration_copy": (on_an_older_store, (1,)),
    "migration": (before_ready, (1, 2)),  # one passage for each version
    "recall_read": (on_a_backlog, (1,)),
    "refill_read": (on_a_backlog, (1, 2)),
    "webhook_read": (under_load, (1, 5)),
    "webhook_mapped": (with_programs, (1, 5)),
    "webhook_processed": (under_load, (1, 5)),
    "store_begin": (under_load, (1, 5)),
    "store_put": (under_load, (1, 5)),
    "store_committed": (under_load, (1, 5)),
    "answer_ready": (under_load, (1, 5)),
    "answer_written": (under_load, (1, 5)),
    "delivery_due": (under_load, (1, 5)),
    "delivery_taken": (under_load, (1, 5)),
    "delivery_sent": (under_load, (1, 5)),
    "delivery_answered": (under_load, (1, 5)),
    "fetch_asked": (under_fetches, (1, 3)),
    "fetch_rendered": (under_fetches, (1, 5)),
    "fetch_committed": (under_fetches, (1, 5)),
    "token_refreshed": (under_fetches, (1,)),  # there is one refresh
    "token_kept": (under_fetches, (1,)),
    "settle_judged": (under_load, (1, 5)),
    "settle_written": (under_load, (1, 5)),
    "settle_committed": (under_load, (1, 5)),
    "command_written": (on_a_persons_word, (1,)),
    "command_committed": (on_a_persons_word, (1,)),
    "checkpoint": (under_load, (1, 5)),
    "retention": (on_old_leads, (1, 5)),
    "drain": (on_sigterm, (1, 5)),
    "privacy_erase": (on_an_erase, (1,)),
    "privacy_end": (on_an_erase, (1,)),
}


@contextlib.contextmanager
def without_fault(bridge):
    fault = bridge.environment.pop("LEADBRIDGE_FAULT")
    yield
    bridge.environment["LEADBRIDGE_FAULT"] = fault


def names_in_the_program():
    done = subprocess.run(
        [daemon.binary(), "--version"], capture_output=True, text=True,
        env={**os.environ, "LEADBRIDGE_FAULT": "list"}, check=True)
    return [line.removeprefix("fault ") for line in done.stdout.splitlines()
            if line.startswith("fault ")]


@pytest.fixture(scope="module")
def names(binaries):  # pylint: disable=unused-argument
    found = names_in_the_program()
    if not found:
        pytest.skip("built without LB_FAULTS")
    return found


def check_everything(bridge, crm, load):
    n = len(load.answered)
    bridge.wait_ledger(timeout=30, accepted=n, delivered=n - load.erased,
                       erased=load.erased, waiting=0)
    ledger = bridge.ctl("ledger")
    assert ledger.returncode == 0, ledger.stdout + ledger.stderr
    check_arrivals(crm, load)
    assert len(crm.leads) == n


def test_the_matrix_has_every_point_of_the_program(names):
    assert names == list(POINTS)


def prepare(how, bridge, person, providers):
    """The senders that bring the daemon to this point."""
    if how is not under_fetches:
        return Load(person)
    fetching.keep_secrets(bridge)
    bridge.write({"public_url": fetching.PUBLIC, "sources": {
        "hub": fetching.oauth_source(bridge, providers)}})
    providers.fail((503, {}), (404, {}))
    return fetching.FetchLoad(person, providers)


@pytest.mark.parametrize("point, passage", [
    (name, n) for name, (_, passages) in POINTS.items() for n in passages])
def test_a_kill_loses_and_doubles_nothing(
        names, make_bridge, crm, providers, person, point, passage):
    assert point in names
    how, _ = POINTS[point]
    bridge = make_bridge(crm, CHANGES)
    load = prepare(how, bridge, person, providers)
    crm.misbehave({"status": 503, "stored": True},
                  {"do": "reset", "stored": True})
    bridge.environment["LEADBRIDGE_FAULT"] = f"{point}:{passage}"
    assert how(bridge, load) == -signal.SIGKILL
    del bridge.environment["LEADBRIDGE_FAULT"]
    bridge.start()
    if POINTS[point][0] is on_a_persons_word:
        after_a_persons_word(bridge)
    load.send_the_rest(bridge)
    load.run_round(bridge.address, 5, lambda: None)
    load.send_the_rest(bridge)
    check_everything(bridge, crm, load)


def test_what_a_stopped_daemon_had_committed_is_a_duplicate(
        names, make_bridge, crm, person):
    assert "store_committed" in names
    bridge, load = make_bridge(crm), Load(person)
    post = senders.shopify_customer(settings.SHOPIFY_SECRET, person())
    bridge.environment["LEADBRIDGE_FAULT"] = "store_committed:1:stop"
    bridge.start()
    with pytest.raises(TimeoutError):
        bridge.post(post, timeout=1)
    bridge.process.send_signal(signal.SIGCONT)
    load.count(post, None)
    load.send_the_rest(bridge)
    assert bridge.wait_ledger(accepted=1)["duplicates"] == 1
    check_everything(bridge, crm, load)


def test_an_unknown_fault_is_refused(names):
    for text in ("nowhere", "drain:0", "drain:x", "drain:1:sleep", ""):
        done = subprocess.run(
            [daemon.binary(), "--version"], capture_output=True, text=True,
            env={**os.environ, "LEADBRIDGE_FAULT": text}, check=False)
        assert done.returncode == 2, (text, names)
        assert f"unknown fault '{text}'" in done.stderr
