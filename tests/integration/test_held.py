# SPDX-License-Identifier: MIT
"""on_bad_proof: hold, and source retry-held once the secret is right."""

import json

from support import senders, settings

OTHER = "the-secret-the-sender-really-has"


def held(bridge, name="partner"):
    return {s["name"]: s["held"]
            for s in bridge.api("/sources")["sources"]}[name]


def test_held_requests_are_leads_once_the_secret_is_right(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"on_bad_proof": "hold"}}})
    bridge.start()
    posts = [senders.partner_lead(OTHER, person()) for _ in range(3)]
    for post in posts:
        assert bridge.post(post).status == 401
    forged = senders.partner_lead("nobody-knows-this", person())
    assert bridge.post(forged).status == 401
    assert held(bridge) == 4
    assert bridge.ledger(scan=True)["accepted"] == 0
    before = bridge.ctl("source", "retry-held", "partner")
    assert (before.returncode, before.stdout) == (
        0, "0 proven now, 4 still refused\nthe last one for: signature\n")
    bridge.secret("partner", OTHER)
    bridge.reload()
    after = bridge.ctl("--json", "source", "retry-held", "partner")
    assert json.loads(after.stdout) == {"proven": 3, "refused": 1,
                                        "why": "signature"}
    bridge.wait_ledger(accepted=3, delivered=3)
    assert held(bridge) == 1
    # The sender's own retry changes nothing any more.
    assert json.loads(bridge.post(posts[0]).body) == {"status": "duplicate"}
    assert {r.key for r in crm.posts()} == {
        senders.lead_key("partner", p.event) for p in posts}


def test_nothing_is_held_unless_asked_for(bridge, person):
    assert bridge.post(senders.partner_lead(OTHER, person())).status == 401
    assert held(bridge) == 0


def test_a_restart_forgets_what_was_held(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"on_bad_proof": "hold"}}})
    bridge.start()
    bridge.post(senders.partner_lead(OTHER, person()))
    assert held(bridge) == 1
    bridge.stop()
    bridge.start()
    assert held(bridge) == 0


def test_an_unknown_source_is_said_to_be_one(bridge):
    done = bridge.ctl("source", "retry-held", "nobody")
    assert (done.returncode, "no such source" in done.stderr) == (1, True)
    assert bridge.ctl("source", "retry-held").returncode == 2


def test_the_secret_is_in_no_log(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"quote-form": {
        "on_bad_proof": "hold", "origins": ["https://www.example.com"]}}})
    bridge.start()
    post = senders.form(settings.FORM_TOKEN, person()).with_headers(
        Origin="https://example.com")
    assert bridge.post(post).status == 401
    bridge.write({"sources": {"quote-form": {
        "origins": ["https://www.example.com", "https://example.com"]}}})
    bridge.reload()
    bridge.ctl("source", "retry-held", "quote-form")
    bridge.wait_ledger(accepted=1, delivered=1)
