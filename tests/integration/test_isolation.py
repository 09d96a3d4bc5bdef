# SPDX-License-Identifier: MIT
"""A black hole beside a CRM that works: what the other one notices of it.

Quiet and loud windows take turns in one run: in a quiet one the black hole's
destination is paused, in a loud one it is tried. The bounds are coarse, for a
machine that is busy; tests/bench/run --only isolation measures.
"""

import contextlib
import os
import statistics
import time

import pytest

from support import dns, holes
from support.daemon import eventually
from support.rows import Table, url

ROUNDS, LEADS = 4, 20
SETTINGS = {"retry": ["0s"] + ["50ms"] * 9, "retry_every": "1s",
            "timeout": "1s", "connect_timeout": "1s", "probe": "1h",
            "breaker": {"failures": 1000, "open": "100ms",
                        "max_open": "100ms"}}
HOLES = {
    "connect hangs": (holes.FullBacklog, "http"),
    "handshake hangs": (holes.Silent, "https"),
    "no answer": (holes.Silent, "http"),
    "one byte a second": (holes.Drips, "http"),
    "names hang": (None, "http"),
}


@pytest.fixture
def table_of(ghl_key, binaries, crm,  # pylint: disable=unused-argument
             tmp_path):
    with contextlib.ExitStack() as stack:
        def make(name):
            server, scheme = HOLES[name]
            names = None
            if server is None:
                if dns.why_not():
                    pytest.skip(dns.why_not())
                names = dns.NameServer(tmp_path)
                stack.callback(names.close)
                where = url(9, "hole.crm.test")
            else:
                where = url(stack.enter_context(server()).port,
                            scheme=scheme)
            table = Table(ghl_key, {"hole": where, "fine": crm}, SETTINGS)
            if names:
                table.bridge.wrapper = names.wrapper
            return stack.enter_context(table)
        yield make


def window(table, crm, person):
    """(delivery, acceptance): the 95th percentile of each, in seconds."""
    delivered, accepted = [], []
    for _ in range(LEADS):
        n = len(crm.posts())
        began = time.monotonic()
        table["fine"].post(person())
        accepted.append(time.monotonic() - began)
        delivered.append(crm.wait_posts(n + 1)[n].at - began)
    return tuple(statistics.quantiles(v, n=20)[-1]
                 for v in (delivered, accepted))


def order(table, word):
    done = table.bridge.ctl("destination", word, "hole")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", HOLES)
def test_a_black_hole_changes_nothing_for_the_other(
        table_of, crm, person, name):
    table = table_of(name)
    for _ in range(40):
        table["hole"].post(person())
    quiet, loud = [], []
    window(table, crm, person)  # connections, pages: once
    for _ in range(ROUNDS):
        order(table, "pause")
        table["hole"].wait_status(sending=0)
        quiet.append(window(table, crm, person))
        order(table, "resume")
        eventually(lambda: table["hole"].status()["sending"] > 0, 10,
                   "a try of the black hole", 0.01)
        loud.append(window(table, crm, person))
    for what, q, l in zip(("delivery", "acceptance"), zip(*quiet),
                          zip(*loud)):
        # Whatever stalls the others stalls them in every loud window; other
        # work on the machine does not.
        assert min(l) < 2 * statistics.median(q) + 0.03, (what, q, l)
    status = table["hole"].status()
    assert status["delivered"] == 0 and status["retried"] > 0
    assert table["fine"].status()["condition"] == "ok"
    table.bridge.wait_ledger(waiting=40, dead=0)


def delivery_cpu(bridge):
    """Seconds of CPU that the delivery thread has used."""
    for task in os.scandir(f"/proc/{bridge.process.pid}/task"):
        with open(f"{task.path}/comm", encoding="ascii") as f:
            if f.read().strip() != "delivery":
                continue
        with open(f"{task.path}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9
    raise AssertionError("no delivery thread")


def test_a_handshake_does_not_read_the_authorities_again(
        table_of, person):
    """That takes the thread all destinations share some 15 ms."""
    table = table_of("handshake hangs")
    for _ in range(30):
        table["hole"].post(person())
    hole = table["hole"]
    eventually(lambda: hole.status()["retried"] >= 5, 30, "a few tries")
    tries, used = hole.status()["retried"], delivery_cpu(table.bridge)
    eventually(lambda: hole.status()["retried"] >= tries + 10, 60,
               "ten more")
    tries = hole.status()["retried"] - tries
    assert (delivery_cpu(table.bridge) - used) / tries < 0.008
