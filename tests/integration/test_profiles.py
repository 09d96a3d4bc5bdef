# SPDX-License-Identifier: MIT
"""Platforms as data, and jq in map and filter, through the running daemon.

An expression has no limit of its own: what does not end is quarantined after
a second, while everybody else is served.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import threading
import time

import pytest

from support import daemon, senders, settings

pytestmark = pytest.mark.tsan

PROFILES = os.path.join(daemon.ROOT, "conf", "profiles")
TOKEN = settings.FORM_TOKEN
# Ends when the payload is kind; loops, or searches for ever, when it asks.
FILTER = ('if .loop == "yes" then (def f: f; f) '
          'elif .text then (.text | test("^(([a-z])+.)+[A-Z]([a-z])+$")) '
          "else true end")
HOSTILE = "a" * 60 + "!"


def programmed(**more):
    """The standard form with a filter that can be made to hang."""
    return {"sources": {"quote-form": {"filter": FILTER, **more}}}


def stuck(make_bridge, crm):
    return make_bridge(crm, programmed()).may_be_stuck().start()


def form(person, **more):
    values = {"name": person.name, "email": person.email, **more}
    return senders.Post(f"/in/quote-form/{TOKEN}",
                        {"Content-Type": "application/json"},
                        senders.compact(values))


def typeform(person, secret, token):
    body = senders.compact({
        "event_type": "form_response", "form_response": {
            "form_id": "f", "token": token, "definition": {"fields": [
                {"id": "1", "title": "Your name"},
                {"id": "2", "title": "Where do we write to?"}]},
            "answers": [
                {"type": "text", "text": person.name, "field": {"id": "1"}},
                {"type": "email", "email": person.email,
                 "field": {"id": "2"}}]}})
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return senders.Post("/in/answers", {
        "Content-Type": "application/json",
        "Typeform-Signature": "sha256=" + base64.b64encode(mac).decode(),
    }, body, token)


@pytest.fixture
def answers(make_bridge, crm):
    """A bridge with a typeform source, from the profile of this tree."""
    return make_bridge(crm, {
        "profiles": [PROFILES],
        "sources": {"answers": {
            "platform": "typeform", "destination": "mega",
            "secret": f"plain:{settings.PARTNER_SECRET}"}}}).start()


def in_background(fn, *arguments):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(fn(*arguments)), daemon=True)
    thread.start()
    return thread, results


def test_a_profile_makes_leads_and_knows_repetitions(answers, crm, person):
    someone = person()
    post = typeform(someone, settings.PARTNER_SECRET, "t1")
    assert json.loads(answers.post(post).body) == {"status": "accepted"}
    assert json.loads(answers.post(post).body) == {"status": "duplicate"}
    assert answers.post(post.tampered()).status == 401
    lead, = crm.wait_leads(1)
    assert (lead["contact_name"], lead["contact_email"]) == (
        someone.name, someone.email)
    answers.wait_ledger(accepted=1, delivered=1)


def test_many_are_mapped_in_turn_and_none_is_lost(answers, crm, person):
    posts = [typeform(person(), settings.PARTNER_SECRET, f"t{i}")
             for i in range(200)]
    threads = [in_background(
        lambda some: [answers.post(p).status for p in some], posts[i::4])
        for i in range(4)]
    for thread, results in threads:
        thread.join(60)
        assert set(results[0]) == {200}
    crm.wait_leads(200)
    answers.wait_ledger(accepted=200, delivered=200)


@pytest.mark.parametrize("trap, reason", [
    ({"loop": "yes"}, "expressions took too long"),
    # libonig gives up by itself after ten million steps.
    ({"text": HOSTILE}, "an expression failed"),
], ids=["loop", "regex"])
def test_what_does_not_end_is_quarantined_and_nobody_waits(
        make_bridge, crm, person, trap, reason):
    bridge = stuck(make_bridge, crm)
    begun = time.monotonic()
    thread, results = in_background(bridge.post, form(person(), **trap))
    slowest = 0
    while not results and time.monotonic() - begun < 10:
        sent = time.monotonic()
        reply = bridge.post(senders.ghl_workflow(settings.WORKFLOW_TOKEN,
                                                 person()))
        slowest = max(slowest, time.monotonic() - sent)
        assert reply.status == 200
    thread.join(10)
    assert results[0].status == 200
    assert time.monotonic() - begun < 3
    assert slowest < 0.9
    row, = bridge.api("/quarantine")["leads"]
    assert row["reason"] == reason
    # The next one finds another thread.
    someone = person()
    assert bridge.post(form(someone)).status == 200
    daemon.eventually(lambda: any(
        lead["contact_email"] == someone.email for lead in crm.leads))


def test_the_quarantined_becomes_a_lead_when_the_filter_is_mended(
        make_bridge, crm, person):
    bridge = stuck(make_bridge, crm)
    someone = person()
    assert bridge.post(form(someone, loop="yes")).status == 200
    row, = bridge.api("/quarantine")["leads"]
    done = bridge.ctl("quarantine", "replay", str(row["id"]))
    assert done.returncode != 0 and "too long" in done.stderr
    bridge.write({"sources": {"quote-form": {"filter": ".loop | length > 0"}}})
    bridge.reload()
    done = bridge.ctl("quarantine", "replay", str(row["id"]))
    assert done.returncode == 0, done.stderr
    lead, = crm.wait_leads(1)
    assert lead["contact_email"] == someone.email


def test_the_fourth_stuck_thread_within_an_hour_ends_the_process(
        make_bridge, crm, person):
    bridge = stuck(make_bridge, crm)
    for _ in range(3):
        assert bridge.post(form(person(), loop="yes")).status == 200
    in_background(lambda: quiet(bridge.post, form(person(), loop="yes")))
    assert bridge.wait_exit(20) == 3
    # Nothing answered is lost.
    bridge.write({"sources": {"quote-form": {"filter": "true"}}})
    bridge.start()
    assert bridge.ledger()["quarantined"] >= 3


def quiet(fn, *arguments):
    """The connection may end before the answer."""
    try:
        fn(*arguments)
    except (OSError, ValueError, AssertionError):
        pass


def test_map_and_filter_of_an_adapter_in_c(make_bridge, crm, person):
    bridge = make_bridge(crm, programmed(
        filter='.kind != "spam"',
        map={"contact_name": '"\\(.first | ascii_upcase) \\(.last)"',
             "budget": ".low, .high",
             "size": "(.rooms | tonumber) * 20"})).start()
    someone = person()
    bridge.post(form(person(), kind="spam", first="A", last="B", rooms="1"))
    bridge.post(form(person(), first="A", last="B", rooms="many"))
    post = form(someone, first="jo", last="Day", rooms="3", high=9)
    bridge.post(dataclasses.replace(post))
    lead, = crm.wait_leads(1)
    assert lead["contact_name"] == "JO Day"
    assert lead["custom_fields"]["budget"] == 9
    assert lead["custom_fields"]["size"] == 60
    bridge.wait_ledger(accepted=3, ignored=1, quarantined=1, delivered=1)


def test_own_profiles_are_checked_and_named(make_bridge, crm):
    bridge = make_bridge(crm)
    os.mkdir(bridge.path("own"))
    with open(bridge.path("own/mine.yaml"), "w", encoding="utf-8") as f:
        f.write("platform: mine\nabout: mine\nsource_platform: direct\n"
                "source_type: form\ncontact_name: |\n  .a\n  | nonsense\n")
    bridge.write({"profiles": [PROFILES, bridge.path("own")]})
    bridge.may_fail = True
    bridge.spawn("--check")
    assert bridge.wait_exit(20) == 1
    text = "\n".join(bridge.exits[-1][1])
    assert "own/mine.yaml:7:1: error: jq: nonsense/0 is not defined" in text


OWN = """platform: mine
about: mine
source_platform: direct
source_type: form
contact_name: .name
contact_email: .email
"""
TRAPS = {
    "a filter that loops": (
        "filter: 'if .loop then (def f: f; f) else true end'\n",
        {"loop": "yes"}, "expressions took too long"),
    "an id that loops": (
        "id: 'if .loop then (def f: f; f) else .id end'\n",
        {"loop": "yes"}, "expressions took too long"),
    "a hostile regular expression": (
        "fields: {kind: '.text // \"\" | "
        "test(\"^(([a-z])+.)+[A-Z]([a-z])+$\")'}\n",
        # libonig gives up by itself, or not in time where all is slow.
        {"text": HOSTILE}, "an expression failed, expressions took too long"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_a_profile_that_does_not_end_holds_nobody_up(
        make_bridge, crm, person, name):
    profile, trap, reason = TRAPS[name]
    bridge = stuck(make_bridge, crm)
    os.mkdir(bridge.path("own"))
    with open(bridge.path("own/mine.yaml"), "w", encoding="utf-8") as f:
        f.write(OWN + profile)
    bridge.write({"profiles": [bridge.path("own")], "sources": {"own": {
        "platform": "mine", "destination": "mega",
        "token": f"plain:{TOKEN}"}}})
    bridge.reload()

    def post(someone, **more):
        return senders.Post(f"/in/own/{TOKEN}",
                            {"Content-Type": "application/json"},
                            senders.compact({"name": someone.name,
                                             "email": someone.email, **more}))
    thread, results = in_background(bridge.post, post(person(), **trap))
    slowest = 0
    while not results:
        sent = time.monotonic()
        assert bridge.post(senders.ghl_workflow(
            settings.WORKFLOW_TOKEN, person())).status == 200
        slowest = max(slowest, time.monotonic() - sent)
    thread.join(10)
    assert results[0].status == 200 and slowest < 0.9
    row, = bridge.api("/quarantine")["leads"]
    assert row["reason"] in reason
    someone = person()
    assert bridge.post(post(someone)).status == 200
    daemon.eventually(lambda: any(
        lead["contact_email"] == someone.email for lead in crm.leads))


def test_map_may_be_a_whole_program_in_a_file(make_bridge, crm, person):
    bridge = make_bridge(crm)
    program = bridge.path("map.jq")

    def write(text):
        with open(program, "w", encoding="utf-8") as f:
            f.write(text)
    write("# who\n.who as $who\n| {contact_name: $who.full, contact_email:\n"
          "   $who.mail, stage_slug: (if .rooms > 3 then \"big\" else "
          "\"new\" end),\n   custom_fields: {area: (.rooms * 20)}}\n")
    bridge.write({"sources": {"quote-form": {"map": f"file:{program}"}}})
    bridge.start()
    someone = person()
    post = senders.Post(
        f"/in/quote-form/{TOKEN}", {"Content-Type": "application/json"},
        senders.compact({"rooms": 4, "who": {"full": someone.name,
                                             "mail": someone.email}}))
    assert bridge.post(post).status == 200
    lead, = crm.wait_leads(1)
    assert (lead["contact_name"], lead["contact_email"]) == (
        someone.name, someone.email)
    assert lead["custom_fields"]["area"] == 80
    assert json.loads(crm.posts()[0].body)["stage_slug"] == "big"
    # It is read again with the configuration.
    write('{contact_name: "Nobody"}')
    bridge.reload()
    assert bridge.post(form(person())).status == 200
    daemon.eventually(lambda: any(
        lead["contact_name"] == "Nobody" for lead in crm.leads))
    bridge.stop()
    write("# who\n.who\n| {contact_name: .full | nonsense}\n")
    bridge.may_fail = True
    bridge.spawn("--check")
    assert bridge.wait_exit(20) == 1
    text = "\n".join(bridge.exits[-1][1])
    assert f"{program}:3:1: error: jq:" in text and "nonsense/0" in text


def test_a_dry_run_shows_what_the_program_makes_and_stores_nothing(
        make_bridge, crm, person):
    bridge = make_bridge(crm, programmed(
        filter="true", map={"size": "(.rooms | tonumber) * 20"})).start()
    someone = person()
    post = form(someone, rooms="3")
    shown = bridge.post(dataclasses.replace(post,
                                            path=post.path + "?dry_run=1"))
    assert shown.status == 200
    assert someone.email in shown.text and '"size":60' in shown.text
    assert bridge.ledger()["accepted"] == 0


def test_a_held_request_is_mapped_when_the_secret_is_corrected(
        answers, crm, person):
    answers.write({"sources": {"answers": {"on_bad_proof": "hold"}}})
    answers.reload()
    someone = person()
    post = typeform(someone, "the-right-secret", "t1")
    assert answers.post(post).status == 401
    answers.write({"sources": {"answers": {
        "secret": "plain:the-right-secret"}}})
    answers.reload()
    done = answers.ctl("source", "retry-held", "answers")
    assert done.returncode == 0, done.stderr
    lead, = crm.wait_leads(1)
    assert lead["contact_email"] == someone.email
