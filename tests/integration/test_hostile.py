# SPDX-License-Identifier: MIT
"""Payloads made to cost: too many members, too deep, entities that multiply.

Each is refused or kept in quarantine within a bounded time and memory, and
meanwhile everybody else is served.
"""

import os
import threading
import time

import pytest

from support import daemon, senders, settings

pytestmark = pytest.mark.tsan

# Their memory is not ours.
SANITIZED = any(word in daemon.binary() for word in ("asan", "tsan"))
TOKEN = "token-of-an-url-0123456789"
SOURCES = {
    name: {"platform": platform, "destination": "mega",
           "token": "plain:" + TOKEN, **more}
    for name, platform, more in (
        ("any", "json", {"source_platform": "direct"}),
        ("mapped", "json", {"source_platform": "direct",
                            "map": {"rooms": "[.. | numbers] | add"}}),
        ("zap", "zapier", {}),
        ("element", "elementor", {}),
        ("jot", "jotform", {}),
        ("force", "salesforce", {"account": "00D5e000000KQ2e"}),
        ("trees", "trees", {}))}
# A profile of XML whose every expression is jq: all of the tree goes there.
TREES = """platform: trees
about: XML into jq
payloads: [xml]
source_platform: direct
source_type: form
id: "[.. | strings] | length"
contact_name: ".. | strings"
"""
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
XML = "text/xml"


def members(n):
    return ("{" + ",".join(f'"f{i}":{i}' for i in range(n)) + "}").encode()


def objects(n):
    """A list of objects: as many events."""
    return ("[" + ",".join(['{"a":1}'] * n) + "]").encode()


def nested(depth, opening, closing, middle):
    return (opening * depth + middle + closing * depth).encode()


def fields(n):
    return "&".join(f"f{i}={i}" for i in range(n)).encode()


def brackets(depth):
    return ("a" + "[b]" * depth + "=1").encode()


def parts(n):
    return "".join(
        f'--B\r\nContent-Disposition: form-data; name="f{i}"\r\n\r\n{i}\r\n'
        for i in range(n)).encode() + b"--B--\r\n"


def elements(n):
    return ("<a>" + "".join(f"<f{i}/>" for i in range(n)) + "</a>").encode()


def attributes(n):
    return ("<a " + " ".join(f'f{i}=""' for i in range(n)) + "/>").encode()


def bomb(levels=10):
    """Entities that would become ten to the tenth of letters."""
    lines = ['<!DOCTYPE a [<!ENTITY e0 "lol">']
    lines += [f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">'
              for i in range(1, levels)]
    return ("".join(lines) + f"]><a>&e{levels - 1};</a>").encode()


ROWS = {
    "100,000 members": ("any", JSON, members(100_000)),
    "50,000 members": ("any", JSON, members(50_000)),
    "50,000 members into jq": ("mapped", JSON, members(50_000)),
    "50,000 members into a profile": ("zap", JSON, members(50_000)),
    "50,000 events into a profile": ("zap", JSON, objects(50_000)),
    "64 levels": ("any", JSON, nested(64, '{"a":', "}", "1")),
    "64 lists": ("zap", JSON, nested(64, "[", "]", "1")),
    "100,000 levels": ("zap", JSON, nested(100_000, "[", "]", "1")),
    "a form of 100,000 fields": ("element", FORM, fields(100_000)),
    "64 brackets": ("element", FORM, brackets(64)),
    "10,000 parts": ("jot", MULTIPART, parts(10_000)),
    "answers of 100,000 levels": ("jot", FORM, b"submissionID=1&rawRequest="
                                  + b"[" * 100_000),
    "elements": ("trees", XML, elements(50_000)),
    "attributes": ("trees", XML, attributes(50_000)),
    "64 elements deep": ("trees", XML, nested(64, "<a>", "</a>", "1")),
    "50,000 elements deep": ("trees", XML, nested(50_000, "<a>", "</a>",
                                                  "1")),
    "entities that multiply": ("trees", XML, bomb()),
    "entities in a SOAP envelope": ("force", XML, bomb()),
    "SOAP of 50,000 elements": ("force", XML, elements(50_000)),
}
# Within the ceilings, so it must not be refused - but it has to end.
LARGE = {
    "19,000 members into jq": ("mapped", JSON, members(19_000)),
    "19,000 members into a profile": ("zap", JSON, members(19_000)),
    "30 levels into jq": ("mapped", JSON, nested(30, '{"a":', "}", "1")),
    "19,000 elements into jq": ("trees", XML, elements(19_000)),
}


@pytest.fixture
def target(make_bridge, crm):
    bridge = make_bridge(crm).may_be_stuck()
    os.mkdir(bridge.path("own"))
    with open(bridge.path("own/trees.yaml"), "w", encoding="utf-8") as f:
        f.write(TREES)
    bridge.write({"profiles": [os.path.join(daemon.ROOT, "conf", "profiles"),
                               bridge.path("own")], "sources": SOURCES})
    return bridge.start()


def peak_kib(bridge):
    with open(f"/proc/{bridge.process.pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise AssertionError("no VmHWM")


def attack(bridge, row, person):
    """The answer to the row, and the slowest answer anybody else got."""
    name, kind, body = row
    replies, slowest = [], 0.0
    ordinary = senders.form(settings.FORM_TOKEN, person())
    thread = threading.Thread(target=lambda: replies.append(bridge.post(
        senders.Post(f"/in/{name}/{TOKEN}", {"Content-Type": kind}, body),
        timeout=30)), daemon=True)
    thread.start()
    while thread.is_alive():
        sent = time.monotonic()
        reply = bridge.post(ordinary)
        slowest = max(slowest, time.monotonic() - sent)
        assert reply.status == 200
    return replies[0], slowest


@pytest.mark.parametrize("name", ROWS)
def test_it_is_refused_or_kept_and_nobody_waits(target, person, name):
    before = peak_kib(target)
    begun = time.monotonic()
    reply, slowest = attack(target, ROWS[name], person)
    assert time.monotonic() - begun < 5 and slowest < 2
    assert reply.status in (200, 413), reply
    rows = target.api("/quarantine")["leads"]
    assert len(rows) == (1 if reply.status == 200 else 0)
    if not SANITIZED:
        assert peak_kib(target) - before < 64 * 1024


@pytest.mark.no_tsan
@pytest.mark.parametrize("name", LARGE)
def test_what_is_merely_large_ends_too(target, person, name):
    begun = time.monotonic()
    reply, slowest = attack(target, LARGE[name], person)
    assert time.monotonic() - begun < 5 and slowest < 2
    assert reply.status == 200
