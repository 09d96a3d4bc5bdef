# SPDX-License-Identifier: MIT
"""What an answer's headers say about time: Retry-After in every form and the
three families of RateLimit headers, each obeyed by a real bridge.

Each row has a CRM and a destination of its own. The CRM says its headers once,
to the first lead; when the next request comes shows what was understood.
"""

import contextlib
import dataclasses
import email.utils
import time

import pytest

from crm_sandbox import Sandbox
from support import people, senders, settings
from support.daemon import eventually
from support.rows import Table

# Of another year: only the answer's own Date makes sense of it.
THEIR_NOW = 1735689600


def http_date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


NONE = {"RateLimit-Limit": None, "RateLimit-Remaining": None,
        "RateLimit-Reset": None}


@dataclasses.dataclass
class Said:
    waits: float           # seconds until the next request, at least
    headers: dict
    status: int = 429
    rate: list = None      # configured limits
    stays: bool = False    # too long to wait for: only the status tells


LONG = 6 * 3600
SAYS = {
    # Retry-After
    "seconds": Said(1, {"Retry-After": "1"}),
    "seconds with blanks": Said(1, {"Retry-After": "  1  "}),
    "decimals": Said(1.5, {"Retry-After": "1.5"}),
    "long decimals": Said(1.25, {"Retry-After": "1.2500000000001"}),
    "zero is a second": Said(1, {"Retry-After": "0"}),
    "a date against Date": Said(2, {
        "Date": http_date(THEIR_NOW),
        "Retry-After": http_date(THEIR_NOW + 2)}),
    "a date that is over": Said(1, {
        "Date": http_date(THEIR_NOW),
        "Retry-After": http_date(THEIR_NOW - 60)}),
    "an RFC 850 date": Said(2, {
        "Date": http_date(THEIR_NOW),
        "Retry-After": "Wednesday, 01-Jan-25 00:00:02 GMT"}),
    "an asctime date": Said(2, {
        "Date": http_date(THEIR_NOW),
        "Retry-After": "Wed Jan  1 00:00:02 2025"}),
    "a date without Date": Said(1, {
        "Date": None, "Retry-After": http_date(0)}),
    "words": Said(2, {"Retry-After": "soon", **NONE}),
    "negative": Said(2, {"Retry-After": "-5", **NONE}),
    "a unit": Said(2, {"Retry-After": "5s", **NONE}),
    "overflow": Said(2, {"Retry-After": "9" * 30, **NONE}),
    "empty": Said(2, {"Retry-After": "", **NONE}),
    "huge": Said(LONG, {"Retry-After": "999999"}, stays=True),
    "a date next year": Said(LONG, {
        "Date": http_date(THEIR_NOW),
        "Retry-After": http_date(THEIR_NOW + 366 * 86400)}, stays=True),
    "Retry-After wins": Said(1, {
        "Retry-After": "1", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "30", "RateLimit-Limit": "60"}),
    "Retry-After wins with a limit": Said(1, {
        "Retry-After": "1", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "30", "RateLimit-Limit": "60"}, rate=["60/min"]),
    # RateLimit on a refusal
    "reset": Said(1.2, {**NONE, "RateLimit-Reset": "1.2"}),
    "three headers": Said(1.2, {
        "RateLimit-Limit": "60", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1.2"}),
    "X variant": Said(1.2, {
        **NONE, "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1.2"}),
    "X variant with an epoch": Said(3, {
        **NONE, "Date": http_date(THEIR_NOW), "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(THEIR_NOW + 3)}),
    "X variant with an epoch in ms": Said(3, {
        **NONE, "Date": http_date(THEIR_NOW), "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str((THEIR_NOW + 3) * 1000)}),
    "structured": Said(3, {
        **NONE, "RateLimit": '"default";r=0;t=3',
        "RateLimit-Policy": '"default";q=60;w=60'}),
    "structured with two": Said(3, {
        **NONE, "RateLimit": '"minute";r=0;t=3, "hour";r=500;t=1800',
        "RateLimit-Policy": '"minute";q=60;w=60, "hour";q=1000;w=3600'}),
    "key and value": Said(3, {
        **NONE, "RateLimit": "limit=60, remaining=0, reset=3"}),
    "malformed reset": Said(2, {
        **NONE, "RateLimit-Limit": "60", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "in a while"}),
    "malformed structured": Said(2, {
        **NONE, "RateLimit": '"default";r=none;t=;;;='}),
    # RateLimit on a success: nothing is left, so nothing is sent
    "nothing left": Said(2, {
        "RateLimit-Limit": "60", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "2"}, status=201),
    "nothing left, X variant": Said(2, {
        **NONE, "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "2"}, status=201),
    "nothing left, structured": Said(2, {
        **NONE, "RateLimit": '"x";r=0;t=2',
        "RateLimit-Policy": '"x";q=60;w=60'}, status=201),
    "nothing left in the minute": Said(2, {
        "RateLimit-Limit": "60", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "2"}, status=201, rate=["60/min", "1000/h"]),
    "nothing left in the hour": Said(2, {
        "RateLimit-Limit": "1000", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "2"}, status=201, rate=["60/min", "1000/h"]),
    "nothing left in the hour, by policy": Said(2, {
        **NONE, "RateLimit": '"m";r=59;t=60, "h";r=0;t=2',
        "RateLimit-Policy": '"m";q=60;w=60, "h";q=1000;w=3600'},
        status=201, rate=["60/min", "1000/h"]),
    "nothing left, draft 03": Said(2, {
        "RateLimit-Limit": "1000, 60;w=60, 1000;w=3600",
        "RateLimit-Remaining": "0", "RateLimit-Reset": "2"},
        status=201, rate=["60/min", "1000/h"]),
    "something left": Said(0, {
        "RateLimit-Limit": "60", "RateLimit-Remaining": "5",
        "RateLimit-Reset": "30"}, status=201, rate=["60/min"]),
    "more left than we know of": Said(2, {
        "RateLimit-Limit": "1", "RateLimit-Remaining": "50",
        "RateLimit-Reset": "1"}, status=201, rate=["1/2s"]),
    "malformed on a success": Said(0, {
        "RateLimit-Limit": "many", "RateLimit-Remaining": "-1",
        "RateLimit-Reset": "99999"}, status=201),
}

COMMON = {"retry": ["0s", "100ms"], "retry_every": "1s", "probe": "1h",
          "concurrency": 1}


@pytest.fixture(scope="module")
def table(ghl_key, binaries):  # pylint: disable=unused-argument
    with contextlib.ExitStack() as stack:
        crms, special = {}, {}
        for name, said in SAYS.items():
            crm = stack.enter_context(Sandbox())
            crm.misbehave({"status": said.status, "headers": said.headers,
                           "stored": said.status == 201})
            crms[name] = crm
            special[name] = {"rate": said.rate} if said.rate else {}
        rows = stack.enter_context(Table(ghl_key, crms, COMMON, special))
        for i, name in enumerate(SAYS):
            rows[name].post(people.Person(2 * i))
        for name in SAYS:
            crms[name].wait_posts(1)
        for i, name in enumerate(SAYS):
            rows[name].post(people.Person(2 * i + 1))
        yield rows


@pytest.mark.parametrize("name", SAYS)
def test_the_next_request_comes_when_the_headers_said(table, name):
    row, said = table[name], SAYS[name]
    if said.stays:
        status = row.wait_status(condition="limited")
        left = senders_clock(status["until"]) - senders_clock(status["since"])
        assert said.waits - 1 <= left <= said.waits + 31
        assert len(row.crm.posts()) == 1
        return
    first, second = row.crm.wait_posts(2)[:2]
    gap = second.at - first.at
    assert said.waits - 0.01 <= gap <= said.waits * 1.1 + 1
    eventually(lambda: row.status()["delivered"] == 2, 20, "both leads")
    assert len(row.crm.leads) == 2
    assert row.status()["limited"] == (1 if said.status == 429 else 0)


def senders_clock(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def test_a_late_answer_does_not_bring_back_an_older_count(
        make_bridge, crm, person):
    """The first request is answered last, and knows less than the second."""
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": "60/min", "concurrency": 2}}}).start()
    limits = {"RateLimit-Limit": "60", "RateLimit-Reset": "2"}
    old, new, third = person(), person(), person()
    crm.misbehave(
        {"do": "delay", "delay": 1, "match": old.email, "status": 201,
         "stored": True, "headers": {**limits, "RateLimit-Remaining": "59"}},
        {"status": 201, "match": new.email, "stored": True,
         "headers": {**limits, "RateLimit-Remaining": "0"}})
    for someone in (old, new):
        bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET,
                                             someone))
        crm.wait(lambda s, e=someone.email.encode(): any(
            e in r.body for r in s.requests))
    bridge.wait_ledger(delivered=2)
    bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET, third))
    bridge.wait_ledger(delivered=3)
    posts = sorted(crm.posts(), key=lambda r: r.at)
    assert posts[2].at - posts[1].at >= 1.99
