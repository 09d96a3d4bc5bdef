# SPDX-License-Identifier: MIT
"""What each answer of the CRM leads to, with the real daemon and real time.

The one rule under all of them: the same lead is always sent with the same key
and the very same bytes, and an accepted lead is delivered or kept.
"""

import json
import re
import time

import pytest

from crm_sandbox import Sandbox
from support import senders, settings
from support.daemon import eventually

pytestmark = pytest.mark.tsan

OTHER = "mega_" + "0f" * 32


def post_one(bridge, person):
    someone = person()
    reply = bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET,
                                                 someone))
    assert reply.status == 200
    return someone


def same_request_throughout(posts):
    assert len({r.key for r in posts}) == 1
    assert len({r.sha256 for r in posts}) == 1


def destination(bridge, name="mega"):
    return next(d for d in bridge.api("/destinations")["destinations"]
                if d["name"] == name)


def wait_condition(bridge, want, timeout=20):
    last = {}

    def holds():
        last.update(destination(bridge))
        return last["condition"] == want and dict(last)
    try:
        return eventually(holds, timeout, want, 0.05)
    except TimeoutError:
        raise AssertionError(f"wanted {want}, is {last}") from None


TRANSIENT = {
    "500": {"status": 500},
    "502 with a web page": {"status": 502, "body": "<h1>Bad Gateway</h1>"},
    "503": {"status": 503},
    "504": {"status": 504},
    "408": {"status": 408},
    "425": {"status": 425},
    "unheard of": {"status": 599},
    "reset": {"do": "reset"},
    "closed without a word": {"do": "close"},
    "half of the headers": {"do": "half"},
    "no HTTP at all": {"do": "garbage"},
    "reset after the lead was made": {"do": "reset", "stored": True},
    "half an answer after the lead was made": {"do": "half",
                                               "stored": True},
    "500 after the lead was made": {"status": 500, "stored": True},
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_transient_failures_are_retried_with_the_same_bytes(
        bridge, crm, person, name):
    crm.misbehave({**TRANSIENT[name], "times": 2})
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1, waiting=0, dead=0)
    posts = crm.posts()
    assert len(posts) >= 3
    same_request_throughout(posts)
    assert len(crm.leads) == 1


def test_a_timeout_is_retried_and_the_key_makes_it_safe(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "timeout": "1s", "connect_timeout": "1s"}}}).start()
    crm.misbehave({"do": "hang", "stored": True})
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1)
    first, second = crm.posts()[:2]
    same_request_throughout([first, second])
    assert second.at - first.at >= 1
    assert second.replayed
    assert len(crm.leads) == 1


def test_a_refused_connection_is_retried(bridge, crm, person):
    crm.stop()
    post_one(bridge, person)
    eventually(lambda: destination(bridge)["retried"] >= 1, 20, "a retry")
    bridge.wait_ledger(waiting=1, delivered=0)
    crm.start()
    bridge.wait_ledger(delivered=1)
    assert len(crm.leads) == 1


@pytest.mark.parametrize("rule", [
    {"do": "half_body"}, {"status": 201, "stored": True, "body": ""},
    {"status": 202, "stored": True, "body": "not json"},
    {"status": 204, "stored": True},
    {"status": 201, "stored": True, "body": "x" * 3000000},
], ids=lambda rule: json.dumps(rule)[:60])
def test_a_success_status_counts_whatever_the_body(
        bridge, crm, person, rule):
    crm.misbehave(rule)
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1)
    assert len(crm.posts()) == 1


# ---- limited ---------------------------------------------------------------

def test_429_waits_for_retry_after_and_burns_no_attempt(
        bridge, crm, person):
    crm.misbehave({"status": 429, "headers": {"Retry-After": "2"}})
    post_one(bridge, person)
    wait_condition(bridge, "limited")
    bridge.wait_ledger(delivered=1)
    first, second = crm.posts()
    same_request_throughout([first, second])
    assert 1.95 <= second.at - first.at < 6
    lead, = bridge.api("/leads")["leads"]
    assert lead["attempts"] <= 1


def test_a_limited_destination_holds_every_lead_back(bridge, crm, person):
    crm.misbehave({"status": 429, "headers": {"Retry-After": "2"}})
    post_one(bridge, person)
    wait_condition(bridge, "limited")
    until = crm.posts()[0].at + 1.95
    for _ in range(3):
        post_one(bridge, person)
    bridge.wait_ledger(delivered=4)
    assert all(r.at >= until for r in crm.posts()[1:])


def test_503_with_retry_after_is_limited_too(bridge, crm, person):
    crm.misbehave({"status": 503, "headers": {"Retry-After": "2"}})
    post_one(bridge, person)
    wait_condition(bridge, "limited")
    bridge.wait_ledger(delivered=1)
    assert crm.posts()[1].at - crm.posts()[0].at >= 1.95


def test_the_configured_rate_is_never_exceeded(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": ["3/s", "10/min"]}}}).start()
    for _ in range(9):
        post_one(bridge, person)
    bridge.wait_ledger(delivered=9)
    at = sorted(r.at for r in crm.posts())
    assert all(at[i + 3] - at[i] >= 0.95 for i in range(len(at) - 3))


def test_the_published_limit_is_learned_from_the_headers(
        make_bridge, person):
    with Sandbox(rates=[(5, 3)]) as crm:
        bridge = make_bridge(crm).start()
        for _ in range(12):
            post_one(bridge, person)
        bridge.wait_ledger(timeout=40, delivered=12)
        refused = [r for r in crm.posts() if r.status == 429]
        assert len(refused) <= 4
        assert len(crm.leads) == 12


# ---- parked ----------------------------------------------------------------

PARKS = {
    "401": ({"status": 401}, "401"),
    "403": ({"status": 403}, "403"),
    "404": ({"status": 404}, "404"),
    "405": ({"status": 405}, "405"),
    "a redirect": ({"do": "redirect"}, "302"),
    "a login page": ({"status": 200, "body": "<html>Sign in</html>"},
                     "unexpected_answer"),
}


@pytest.mark.parametrize("name", PARKS)
def test_a_configuration_problem_parks_and_costs_no_lead(
        make_bridge, crm, person, name):
    rule, reason = PARKS[name]
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({**rule, "times": 0})
    for _ in range(3):
        post_one(bridge, person)
    status = wait_condition(bridge, "parked")
    assert reason in status["reason"]
    bridge.wait_ledger(parked=3, waiting=0, dead=0, delivered=0)
    assert bridge.ledger(scan=True)["difference"] == 0
    assert any("parked" in line for line in bridge.log.items)
    crm.behave()
    bridge.reload()
    bridge.wait_ledger(delivered=3, parked=0)
    assert len(crm.leads) == 3
    for lead in bridge.api("/leads")["leads"]:
        assert lead["attempts"] <= 1


def test_a_wrong_token_parks_until_it_is_corrected(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {"probe": "1h"}}})
    bridge.secret("crm-token", OTHER)
    bridge.start()
    post_one(bridge, person)
    wait_condition(bridge, "parked")
    assert {r.status for r in crm.posts()} == {401}
    bridge.secret("crm-token", crm.token)
    bridge.reload()
    bridge.wait_ledger(delivered=1)
    same_request_throughout(crm.posts())


def test_a_parked_destination_probes_and_resumes_by_itself(
        bridge, crm, person):
    crm.misbehave({"status": 401, "times": 0})
    for _ in range(2):
        post_one(bridge, person)
    wait_condition(bridge, "parked")
    seen = len(crm.posts())
    crm.wait_posts(seen + 1)  # the probe: one lead, a second later
    crm.behave()
    bridge.wait_ledger(delivered=2)


def test_a_parked_destination_resumes_on_command(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({"status": 401})
    post_one(bridge, person)
    wait_condition(bridge, "parked")
    assert bridge.ctl("destination", "resume", "mega").returncode == 0
    bridge.wait_ledger(delivered=1)


def test_one_lead_with_a_single_403_does_not_park_the_rest(
        bridge, crm, person):
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1)
    odd = person()
    crm.misbehave({"status": 403, "match": odd.email, "times": 1})
    bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET, odd))
    for _ in range(3):
        post_one(bridge, person)
    bridge.wait_ledger(delivered=5)


@pytest.mark.no_tsan
def test_an_untrusted_certificate_parks(make_bridge, person):
    with Sandbox(tls=True) as crm:
        bridge = make_bridge(crm)
        bridge.write({"destinations": {"mega": {"ca": None,
                                                "probe": "1h"}}})
        bridge.start()
        post_one(bridge, person)
        wait_condition(bridge, "parked")
        assert not crm.requests
        bridge.write({"destinations": {"mega": {"ca": crm.certificate}}})
        bridge.reload()
        bridge.wait_ledger(delivered=1)


def test_a_private_address_is_not_called_unless_allowed(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "allow_private": False, "probe": "1h"}}}).start()
    post_one(bridge, person)
    wait_condition(bridge, "parked")
    assert not crm.requests


@pytest.mark.no_tsan
def test_delivers_over_tls(make_bridge, person):
    with Sandbox(tls=True) as crm:
        bridge = make_bridge(crm).start()
        for _ in range(5):
            post_one(bridge, person)
        bridge.wait_ledger(delivered=5)


def test_the_answer_to_an_old_credential_does_not_park_the_new_one(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({"do": "delay", "delay": 2, "status": 401})
    post_one(bridge, person)
    crm.wait(lambda s: s.requests, 10)
    bridge.reload()
    bridge.wait_ledger(delivered=1)
    assert len({r.key for r in crm.posts()}) == 1


def test_a_reload_probes_at_once_also_while_a_probe_hangs(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({"status": 401}, {"do": "delay", "delay": 2, "status": 401})
    post_one(bridge, person)
    wait_condition(bridge, "parked")
    bridge.reload()
    crm.wait(lambda s: len(s.requests) >= 2, 10)
    bridge.reload()
    bridge.wait_ledger(delivered=1)


# ---- dead ------------------------------------------------------------------

@pytest.mark.parametrize("status", [400, 413, 422, 451])
def test_a_refused_lead_is_dead_at_once_and_keeps_the_crms_words(
        bridge, crm, person, status):
    crm.misbehave({"status": status, "body": {"error": {
        "type": "invalid_request_error", "code": status,
        "message": "the stage does not exist"}}})
    post_one(bridge, person)
    bridge.wait_ledger(dead=1, waiting=0)
    assert len(crm.posts()) == 1
    row, = bridge.api("/leads?state=dead")["leads"]
    lead = bridge.api(f"/leads/{row['id']}?reveal=true")
    assert "the stage does not exist" in lead["response"]
    assert lead["status"] == status


def test_a_person_retries_a_refused_lead_under_a_new_key(
        bridge, crm, person):
    crm.misbehave({"status": 400})
    post_one(bridge, person)
    bridge.wait_ledger(dead=1)
    row, = bridge.api("/leads?state=dead")["leads"]
    done = bridge.ctl("leads", "retry", str(row["id"]))
    assert done.returncode == 0, done.stderr
    bridge.wait_ledger(dead=0, delivered=1)
    first, second = crm.posts()
    assert first.key != second.key
    assert first.sha256 == second.sha256
    assert bridge.ledger(scan=True)["difference"] == 0


def test_409_is_dead_as_idempotency_conflict(bridge, crm, person):
    crm.misbehave({"status": 409})
    post_one(bridge, person)
    bridge.wait_ledger(dead=1)
    row, = bridge.api("/leads?state=dead")["leads"]
    assert "idempotency_conflict" in json.dumps(
        bridge.api(f"/leads/{row['id']}?reveal=true"))
    assert bridge.ctl("leads", "retry", str(row["id"])).returncode == 1
    bridge.wait_ledger(dead=1)


def test_409_in_progress_is_retried(bridge, crm, person):
    crm.misbehave({"status": 409, "body": {"error": {
        "type": "api_error", "code": "request_in_progress",
        "message": "wait"}}})
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1, dead=0, timeout=30)
    first, second = crm.posts()
    same_request_throughout([first, second])
    assert second.at - first.at >= 4.9


def test_one_refused_lead_does_not_stop_the_others(bridge, crm, person):
    odd = person()
    crm.misbehave({"status": 400, "match": odd.email, "times": 0})
    post_one(bridge, person)
    bridge.post(senders.shopify_customer(settings.SHOPIFY_SECRET, odd))
    post_one(bridge, person)
    bridge.wait_ledger(delivered=2, dead=1)


def test_five_refused_in_a_row_park_the_destination(bridge, crm, person):
    crm.misbehave({"status": 422, "times": 0})
    for _ in range(5):
        post_one(bridge, person)
    status = wait_condition(bridge, "parked")
    assert status["reason"] == "contract"
    bridge.wait_ledger(dead=0, parked=5)
    crm.behave()
    bridge.reload()
    bridge.wait_ledger(delivered=5)


def test_an_override_decides(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "outcome": {"422": "retry"}}}}).start()
    crm.misbehave({"status": 422})
    post_one(bridge, person)
    bridge.wait_ledger(delivered=1, dead=0)
    same_request_throughout(crm.posts())


# ---- order, isolation, breaker -----------------------------------------------

def test_one_dead_crm_never_delays_another(make_bridge, crm, person):
    with Sandbox(token=crm.token) as dead:
        bridge = make_bridge(crm)
        other = dict(bridge.settings["destinations"]["mega"], url=dead.url,
                     timeout="30s")
        bridge.write({"destinations": {"dead": other}, "sources": {
            "partner": {"destination": "dead"}}})
        bridge.start()
        dead.misbehave({"do": "hang", "times": 0})
        for _ in range(20):
            bridge.post(senders.partner_lead(settings.PARTNER_SECRET,
                                             person()))
        dead.wait_posts(1)
        began = time.monotonic()
        post_one(bridge, person)
        crm.wait_leads(1)
        assert time.monotonic() - began < 3
        bridge.wait_ledger(delivered=1, waiting=20)
        dead.behave()
        dead.stop()
        dead.start()
        bridge.wait_ledger(delivered=21, timeout=60)


def test_the_breaker_opens_and_everything_arrives_in_the_end(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "breaker": {"failures": 3, "open": "500ms", "max_open": "1s"},
    }}}).start()
    crm.misbehave({"status": 500, "times": 0})
    for _ in range(12):
        post_one(bridge, person)
    wait_condition(bridge, "broken")
    crm.behave()
    bridge.wait_ledger(delivered=12, timeout=40)
    wait_condition(bridge, "ok")
    assert len(crm.leads) == 12


def test_a_fresh_lead_overtakes_a_backlog(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": "4/s", "concurrency": 1}}}).start()
    for _ in range(20):
        post_one(bridge, person)
    crm.wait_leads(2)
    newest = post_one(bridge, person)
    crm.wait(lambda s: any(v["contact_email"] == newest.email
                           for v in s.book.leads))
    assert len(crm.leads) <= 12
    bridge.wait_ledger(delivered=21, timeout=40)


def test_the_request_is_what_the_contract_wants(bridge, crm, person):
    someone = post_one(bridge, person)
    crm.wait_leads(1)
    sent, = crm.posts()
    body = sent.json()
    assert body["contact_email"] == someone.email
    assert set(body) <= {"contact_name", "contact_phone", "contact_email",
                         "source_platform", "source_type", "stage_slug",
                         "custom_fields"}
    assert body["stage_slug"] == "new"
    assert all(re.match(r"[a-z0-9_]{1,64}\Z", k) and
               not isinstance(v, (dict, list))
               for k, v in body["custom_fields"].items())
    assert sent.headers["authorization"] == f"Bearer {crm.token}"
    assert sent.headers["x-customer-id"] == crm.customer
    assert "expect" not in sent.headers
    assert "content-length" in sent.headers
