# SPDX-License-Identifier: MIT
"""What a person does with stored leads: find, look, send again, ask why."""

import json
import os
import pty
import subprocess
import time
import urllib.parse

import pytest

from crm_sandbox import Sandbox
from support import daemon, senders, settings, wire
from support.daemon import eventually


def order(person):
    return senders.shopify_order(settings.SHOPIFY_SECRET, person)


def value(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def listed(bridge, **filters):
    query = urllib.parse.urlencode({k: str(v) for k, v in filters.items()})
    return bridge.api("/leads?" + query)["leads"]


def audit(bridge, n):
    """The audit log, once it has n lines: some are written afterwards."""
    return eventually(lambda: len(v := bridge.api("/audit")["audit"]) >= n
                      and v, 10, f"{n} lines of the audit log")


def refuse(crm, status=422, times=1, message="stage_slug is unknown"):
    crm.misbehave({"status": status, "times": times, "body": {"error": {
        "type": "invalid_request_error", "code": "invalid",
        "message": message}}})


def condition_is(bridge, wanted):
    eventually(lambda: bridge.api("/destinations")["destinations"][0][
        "condition"] == wanted, 10, wanted)


# ---- finding -------------------------------------------------------------------

def test_text_finds_every_way_a_lead_is_named(bridge, crm, person):
    people = [person() for _ in range(3)]
    posts = [order(p) for p in people]
    for post in posts:
        bridge.post(post)
    bridge.wait_ledger(delivered=3)
    ids = [row["id"] for row in listed(bridge)][::-1]
    someone, post = people[1], posts[1]
    crm_id = next(v["id"] for v in crm.leads
                  if v["contact_email"] == someone.email)
    key = senders.lead_key("shop", post.event)
    for text in (someone.last[3:].upper(), someone.email.upper(),
                 someone.phone, someone.phone_as_typed, post.event,
                 post.event[-15:], crm_id, key, key.upper()):
        found = listed(bridge, text=text)
        assert [row["id"] for row in found] == [ids[1]], text
    for text in ("nobody-at-all", crm_id[:-1], "%", "' OR 1"):
        assert not listed(bridge, text=text), text
    assert len(listed(bridge, text="example.com")) == 3


def test_time_state_and_reason_narrow_a_list(bridge, crm, person):
    refuse(crm)
    bridge.post(order(person()))
    bridge.wait_ledger(dead=1)
    time.sleep(0.05)  # two received_at that differ
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)
    new, old = listed(bridge)
    assert [new["state"], old["state"]] == ["delivered", "dead"]
    at = new["received_at"]
    assert listed(bridge, since=at) == [new]
    assert listed(bridge, until=at) == [old]
    assert len(listed(bridge, since="1h")) == 2
    assert not listed(bridge, until="1h")
    assert listed(bridge, reason="HTTP_422") == [old]
    assert not listed(bridge, reason="http_400")
    assert listed(bridge, state="dead", since="1h", source="shop",
                  destination="mega") == [old]
    assert not listed(bridge, state="dead", since=at)
    assert not listed(bridge, source="nobody")
    shown = bridge.ctl("leads", "list", "--reason", "http_422")
    assert shown.returncode == 0 and str(old["id"]) in shown.stdout


def test_waiting_leads_are_found_newest_first(bridge, crm, person):
    bridge.ctl("destination", "pause", "mega")
    condition_is(bridge, "paused")
    someone = person()
    for who in (person(), someone, person()):
        bridge.post(order(who))
    rows = listed(bridge, state="waiting")
    assert [r["id"] for r in rows] == sorted((r["id"] for r in rows),
                                             reverse=True)
    assert len(rows) == 3
    page = bridge.api("/leads?state=waiting&limit=2")
    rest = bridge.api("/leads?state=waiting&limit=2&cursor="
                      f"{page['next_cursor']}")
    assert page["leads"] + rest["leads"] == rows
    assert rest["next_cursor"] == 0
    assert len(listed(bridge, state="waiting", text=someone.last)) == 1
    assert not listed(bridge, state="waiting", source="partner")
    assert bridge.api("/leads/count?state=waiting")["count"] == 3
    assert not listed(bridge, state="fetching")


def test_text_finds_a_person_in_the_quarantine(bridge, person):
    people = [person() for _ in range(2)]
    for someone in people:
        bridge.post(senders.ghl_contact(bridge.ghl_key, someone,
                                        location="not-ours"))
    bridge.wait_ledger(quarantined=2)
    first = listed(bridge)[-1]["id"]
    for text in (people[0].email, people[0].last.lower()):
        for path in ("/quarantine?", "/leads?"):
            found = bridge.api(path + "text=" + urllib.parse.quote(text))
            assert [v["id"] for v in found["leads"]] == [first], text
    text = bridge.ctl("quarantine", "list", "--text", people[0].email).stdout
    assert str(first) in text and not any(
        trace in text for trace in people[0].traces())


@pytest.mark.parametrize("query", [
    "since=yesterday", "until=2026-13-01", "sourec=shop", "limit=0",
    "state=dead&state=waiting", "text=" + "x" * 200, "state=deadly",
])
def test_a_filter_that_cannot_be_is_an_error_and_not_wider(bridge, query):
    assert bridge.admin("/api/v1/leads?" + query).status in (400, 409)
    reply = bridge.admin("/api/v1/leads/retry?state=dead&" + query,
                         method="POST")
    assert reply.status in (400, 409), reply


# ---- looking -------------------------------------------------------------------

def test_personal_data_is_masked_until_asked_for(bridge, crm, person):
    someone = person()
    refuse(crm, message="contact_email is not deliverable")
    bridge.post(order(someone))
    bridge.wait_ledger(dead=1)
    row, = listed(bridge)
    assert row["person"] == {
        "name": someone.name[0] + "•••",
        "phone": someone.phone[:2] + "•••" + someone.phone[-2:],
        "email": someone.email[0] + "•••@example.com"}
    path = f"/leads/{row['id']}"
    masked = bridge.api(path)
    text = json.dumps(masked, ensure_ascii=False)
    assert not any(trace in text for trace in someone.traces())
    assert masked["masked"] is True
    body = json.loads(masked["body"])
    assert body["source_platform"] == "shopify"
    assert body["contact_name"] == row["person"]["name"]
    assert set(body["custom_fields"].values()) == {"•••"}
    assert json.loads(masked["response"])["error"]["message"] == (
        "contact_email is not deliverable")
    assert json.loads(masked["request"]["body"])["email"] == "•••"
    assert bridge.api("/audit")["audit"] == []
    whole = bridge.api(path + "?reveal=true")
    assert whole["masked"] is False
    assert json.loads(whole["body"])["contact_email"] == someone.email
    assert someone.email in whole["request"]["body"]
    line, = audit(bridge, 1)
    assert (line["actor"], line["action"], line["subject"]) == (
        f"unix:{os.getuid()}", "lead.reveal", str(row["id"]))
    shown, = bridge.api("/leads?reveal=true")["leads"]
    assert shown["person"]["email"] == someone.email
    assert audit(bridge, 2)[0]["subject"] == "list"


@pytest.mark.parametrize("word", ["email", "last", "phone"])
def test_a_message_that_names_the_person_is_masked(bridge, crm, person, word):
    someone = person()
    refuse(crm, message=f"'{getattr(someone, word)}' is not allowed")
    bridge.post(order(someone))
    bridge.wait_ledger(dead=1)
    row, = listed(bridge)
    error = json.loads(bridge.api(f"/leads/{row['id']}")["response"])["error"]
    assert error == {"type": "invalid_request_error", "code": "invalid",
                     "message": "•••"}


def test_the_audit_log_names_a_token_and_is_read_by_command(
        make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("admin", "admin-token-0123456789")
    token = f"{bridge.folder}/secrets/admin"
    bridge.write({"admin": {
        "listen": ["127.0.0.1:0", f"unix:{bridge.path('admin.sock')}"],
        "token": f"file:{token}"}})
    bridge.start()
    line = bridge.log.wait(lambda v: "admin_listening" in v and
                           "127.0.0.1" in v, 10, "it")
    reply = wire.ask(line.rpartition("address=")[2], "POST",
                     "/api/v1/destinations/mega/pause", b"",
                     {"Authorization": "Bearer admin-token-0123456789",
                      "X-Leadbridge": "1"})
    assert reply.status == 200
    bridge.ctl("destination", "resume", "mega")
    audit(bridge, 2)
    lines = value(bridge.ctl("audit", "--json"))["audit"]
    assert [(v["actor"].partition(":")[0], v["action"], v["subject"])
            for v in lines] == [("unix", "destination.resume", "mega"),
                                ("token", "destination.pause", "mega")]
    shown = bridge.ctl("audit", "--limit", "1")
    assert shown.returncode == 0
    assert f"unix:{os.getuid()}" in shown.stdout
    assert "--cursor" in shown.stdout


# ---- changing ------------------------------------------------------------------

def dead_leads(bridge, crm, person, n, status=422):
    refuse(crm, status, n)
    for _ in range(n):
        bridge.post(order(person()))
    bridge.wait_ledger(dead=n)


def test_many_are_counted_and_sent_again_under_the_next_key(
        bridge, crm, person):
    dead_leads(bridge, crm, person, 3)
    first = [p.key for p in crm.posts()]
    dry = bridge.ctl("leads", "retry", "--reason", "http_422", "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "3 leads\n")
    asked = bridge.ctl("leads", "retry")
    assert asked.returncode == 2 and "--yes" in asked.stderr
    assert bridge.ledger()["dead"] == 3
    none = bridge.ctl("leads", "retry", "--source", "partner", "--yes")
    assert none.returncode == 0 and none.stdout.startswith("0 ")
    done = bridge.ctl("leads", "retry", "--yes")
    assert done.returncode == 0 and done.stdout.startswith("3 ")
    bridge.wait_ledger(delivered=3, dead=0)
    assert not set(first) & {p.key for p in crm.posts()[3:]}
    actions = [(v["action"], v["subject"])
               for v in audit(bridge, 3)]
    ids = sorted(row["id"] for row in listed(bridge))
    assert sorted(actions) == [("lead.retry", str(i)) for i in ids]
    assert bridge.ctl("ledger").returncode == 0


def test_more_than_a_slice_is_changed(make_bridge, crm, person):
    """Five dead in a row park; every second one is delivered."""
    bridge = make_bridge(crm).start()
    crm.misbehave({"status": 422, "times": 10 ** 6, "match": "odd@"})
    for i in range(280):
        someone = person()
        if i % 2:
            someone.email = f"{i}odd@example.com"
        bridge.post(order(someone))
    bridge.wait_ledger(delivered=140, dead=140, timeout=60)
    crm.behave()
    done = bridge.ctl("leads", "retry", "--yes", "--json")
    assert value(done) == {"found": 140, "changed": 140, "refused": 0}
    bridge.wait_ledger(delivered=280, dead=0)


def test_the_count_is_asked_for_on_a_terminal(bridge, crm, person):
    dead_leads(bridge, crm, person, 2)

    def typed(text):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
                [daemon.binary("leadbridgectl"), "--socket",
                 bridge.path("admin.sock"), "leads", "bury"],
                stdin=theirs, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            os.write(ours, text)
            process.wait(30)
            os.close(ours)
            os.close(theirs)
            return process.returncode, process.stderr.read().decode()
    code, asked = typed(b"yes\n")
    assert code == 1 and "Type 2 to go on" in asked
    bridge.wait_ledger(dead=2)
    assert typed(b"2\n")[0] == 0
    bridge.wait_ledger(dead=0, ignored=2)


def test_a_buried_lead_is_ignored_and_the_ledger_balances(
        bridge, crm, person):
    dead_leads(bridge, crm, person, 1)
    row, = listed(bridge)
    assert bridge.ctl("leads", "bury", str(row["id"])).returncode == 0
    bridge.wait_ledger(dead=0, ignored=1)
    row, = listed(bridge)
    assert (row["state"], row["reason"]) == ("ignored", "buried")
    for verb in ("bury", "retry"):
        assert bridge.ctl("leads", verb, str(row["id"])).returncode == 1
    assert bridge.ctl("ledger").returncode == 0


def test_after_a_conflict_only_send_as_new_sends_it(bridge, crm, person):
    refuse(crm, 409, message="another body")
    bridge.post(order(person()))
    bridge.wait_ledger(dead=1)
    row, = listed(bridge)
    one = str(row["id"])
    done = bridge.ctl("leads", "retry", one)
    assert done.returncode == 1 and "send-as-new" in done.stderr
    many = bridge.ctl("leads", "retry", "--yes")
    assert many.returncode == 1
    assert "1 refused" in many.stdout and "send-as-new" in many.stdout
    asked = bridge.ctl("leads", "send-as-new", one)
    assert asked.returncode == 2 and "twice" in asked.stderr
    assert bridge.ctl("leads", "send-as-new", one, "--yes").returncode == 0
    bridge.wait_ledger(delivered=1)
    first, second = crm.posts()
    assert first.key != second.key and first.body == second.body


def test_after_something_ambiguous_the_key_stays(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "outcome": {"500": "dead"}}}}).start()
    crm.misbehave({"status": 500})
    bridge.post(order(person()))
    bridge.wait_ledger(dead=1)
    row, = listed(bridge)
    assert row["reason"] == "http_500"
    assert bridge.ctl("leads", "retry", str(row["id"])).returncode == 0
    bridge.wait_ledger(delivered=1)
    assert len({p.key for p in crm.posts()}) == 1


# ---- why it waits ----------------------------------------------------------------

def why(bridge):
    row, = listed(bridge, state="waiting")
    return bridge.api(f"/queue/{row['id']}"), str(row["id"])


def test_queue_names_a_pause(bridge, crm, person):
    bridge.ctl("destination", "pause", "mega")
    condition_is(bridge, "paused")
    bridge.post(order(person()))
    eventually(lambda: why(bridge)[0]["queue"]["lead"]["place"] != "disk", 10,
               "the lead to be handed over")
    answer, one = why(bridge)
    assert answer["queue"]["gate"] == "paused"
    assert answer["queue"]["set_by"] == "a person: pause"
    assert answer["queue"]["until"] is None
    assert answer["queue"]["lead"]["place"] == "fresh"
    assert answer["queue"]["lead"]["ahead"] == 0
    assert answer["queue"]["lead"]["estimate"] is None
    shown = bridge.ctl("queue", "show", one)
    assert shown.returncode == 0 and "a person: pause" in shown.stdout
    listing = bridge.ctl("queue", "list")
    assert "paused" in listing.stdout and one in listing.stdout
    gates = {v["destination"]: v["gate"]
             for v in bridge.api("/queue")["destinations"]}
    assert gates["mega"] == "paused"
    bridge.ctl("destination", "resume", "mega")
    bridge.wait_ledger(delivered=1)
    gone = bridge.api(f"/queue/{one}")
    assert (gone["state"], gone["queue"]) == ("delivered", None)
    assert bridge.ctl("queue", "show", "999").returncode == 1


@pytest.mark.parametrize("headers,by", [
    ({"Retry-After": "60"}, "Retry-After"),
    ({"RateLimit-Limit": "60", "RateLimit-Remaining": "0",
      "RateLimit-Reset": "60"}, "RateLimit-Reset"),
    ({"RateLimit-Limit": "x", "RateLimit-Remaining": "x",
      "RateLimit-Reset": "x"}, "back-off"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_queue_names_the_header(bridge, crm, person, headers, by):
    crm.misbehave({"status": 429, "headers": headers, "times": 100})
    bridge.post(order(person()))
    condition_is(bridge, "limited")
    eventually(lambda: why(bridge)[0]["last_reason"], 10, "the commit")
    answer, _ = why(bridge)
    assert answer["queue"]["gate"] == "limited"
    assert answer["queue"]["set_by"].startswith(by)
    assert answer["queue"]["until"]
    assert "asked for time" in answer["rule"]
    crm.behave()


def test_queue_names_the_step_of_the_back_off(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "retry": ["0s", "100ms", "30s"]}}}).start()
    crm.misbehave({"status": 500, "times": 2})
    bridge.post(order(person()))
    eventually(lambda: len(crm.posts()) == 2, 10, "both tries")
    eventually(lambda: why(bridge)[0]["attempts"] == 2, 10, "the commit")
    answer, _ = why(bridge)
    assert answer["rule"] == ("back-off: step 3 of retry, 30 s with jitter, "
                              "after http_500")
    assert answer["queue"]["gate"] == "open"
    assert answer["queue"]["lead"]["place"] == "later"
    assert answer["queue"]["lead"]["not_before"] == answer["due_at"] or (
        abs_seconds(answer["queue"]["lead"]["not_before"],
                    answer["due_at"]) < 2)


def abs_seconds(a, b):
    def seconds(text):
        return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    return abs(seconds(a) - seconds(b))


def test_queue_names_the_window_and_the_place(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "rate": ["2/h"]}}}).start()
    for _ in range(5):
        bridge.post(order(person()))
    bridge.wait_ledger(delivered=2)
    rows = listed(bridge, state="waiting")
    assert len(rows) == 3
    eventually(lambda: all(bridge.api(f"/queue/{row['id']}")["queue"]["lead"][
        "place"] == "fresh" for row in rows), 10, "the leads to be there")
    places = [bridge.api(f"/queue/{row['id']}")["queue"] for row in rows]
    assert {p["gate"] for p in places} == {"tokens"}
    assert {p["set_by"] for p in places} == {"rate: 2 in 1h"}
    assert [p["lead"]["ahead"] for p in places] == [0, 1, 2]
    assert places[0]["lead"]["estimate"] < places[2]["lead"]["estimate"]


def test_queue_names_the_answer_that_parked(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({"status": 401, "times": 100})
    bridge.post(order(person()))
    condition_is(bridge, "parked")
    eventually(lambda: why(bridge)[0]["last_reason"], 10, "the commit")
    answer, _ = why(bridge)
    assert answer["queue"]["gate"] == "parked"
    assert "http_401" in answer["queue"]["set_by"]
    assert answer["queue"]["until"]


# ---- drain -----------------------------------------------------------------------

def test_a_drain_finishes_what_is_under_way_and_ends_by_itself(
        bridge, crm, person):
    crm.misbehave({"do": "delay", "delay": 1})
    bridge.post(order(person()))
    eventually(lambda: len(crm.requests) == 1, 10, "the request")
    done = bridge.ctl("destination", "drain", "mega", "--for", "4s")
    assert done.returncode == 0 and "drained" in done.stdout
    assert bridge.ledger()["delivered"] == 1
    bridge.post(order(person()))
    mega = bridge.api("/destinations")["destinations"][0]
    assert (mega["condition"], mega["reason"]) == ("paused", "drained")
    assert mega["until"]
    assert len(crm.posts()) == 1
    bridge.wait_ledger(delivered=2, timeout=15)
    assert audit(bridge, 1)[0]["action"] == "destination.drain"


def test_a_drain_is_ended_by_resume_and_needs_a_time(bridge, crm, person):
    for bad in ((), ("--for", "soon"), ("--for", "0s"), ("--for", "30d")):
        assert bridge.ctl("destination", "drain", "mega",
                          *bad).returncode == 2, bad
    assert bridge.ctl("destination", "drain", "mega", "--for",
                      "1h").returncode == 0
    bridge.post(order(person()))
    assert bridge.ledger()["delivered"] == 0
    bridge.ctl("destination", "resume", "mega")
    bridge.wait_ledger(delivered=1)
    assert bridge.ctl("destination", "drain", "nowhere", "--for",
                      "1h").returncode == 1


# ---- the CRM's word ----------------------------------------------------------------

def test_destination_test_proves_idempotency(bridge, crm):
    asked = bridge.ctl("destination", "test", "mega")
    assert asked.returncode == 2 and "one lead in the CRM" in asked.stderr
    assert not crm.requests
    done = bridge.ctl("destination", "test", "mega", "--yes")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok  ") == 3
    lead, = crm.leads
    assert lead["contact_name"] == "Leadbridge Test"
    first, second, third = crm.posts()
    assert first.key == second.key == third.key
    assert first.body == second.body != third.body
    assert bridge.ledger()["accepted"] == 0
    assert audit(bridge, 3)[0]["action"] == "destination.test"


def test_destination_test_finds_a_crm_that_keeps_no_keys(bridge, crm):
    crm.misbehave({"status": 201, "body": {"lead": {"id": "one"}}},
                  {"status": 201, "body": {"lead": {"id": "two"}}})
    done = bridge.ctl("destination", "test", "mega", "--yes")
    assert done.returncode == 1
    assert "FAIL  2." in done.stdout


def test_destination_test_works_while_paused_and_says_what_came(bridge, crm):
    bridge.ctl("destination", "pause", "mega")
    crm.misbehave({"status": 401, "body": {"error": {"message": "no"}}})
    done = bridge.ctl("destination", "test", "mega", "--yes")
    assert done.returncode == 1 and "401" in done.stdout
    assert bridge.ctl("destination", "test", "nowhere",
                      "--yes").returncode == 1


# ---- reconcile ---------------------------------------------------------------------

def deliver(bridge, person, n):
    before = bridge.ledger()["delivered"]
    for _ in range(n):
        bridge.post(order(person()))
    bridge.wait_ledger(delivered=before + n)


def test_reconcile_balances_over_many_pages(bridge, crm, person):
    deliver(bridge, person, 120)
    done = bridge.ctl("reconcile")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balances: 120 match" in done.stdout
    pages = [r for r in crm.requests if r.method == "GET"]
    assert len(pages) >= 3
    assert value(bridge.ctl("reconcile", "--since", "1h", "--json")) == {
        "matched": 120, "missing_there": [], "missing_here": []}


def test_reconcile_finds_what_is_missing_on_either_side(
        bridge, crm, person):
    deliver(bridge, person, 3)
    with crm.lock:
        lost = crm.book.leads[1]
        crm.book.leads.remove(lost)
        made = dict(crm.book.leads[0], id="made-elsewhere",
                    contact_email="elsewhere@example.com",
                    contact_phone="+15005550006")
        crm.book.leads.append(made)
    done = bridge.ctl("reconcile", "--since", "24h")
    assert done.returncode == 1
    assert lost["id"] in done.stdout and "made-elsewhere" in done.stdout
    assert "2 match, 1 missing there, 1 missing here" in done.stdout
    assert "elsewhere@example.com" not in done.stdout


def test_reconcile_matches_what_was_merged_or_got_another_id(
        bridge, crm, person):
    deliver(bridge, person, 2)
    with crm.lock:
        crm.book.leads[0]["id"] = "renamed-after-a-merge"
        crm.book.leads[1].update(id="merged", contact_email=None,
                                 created_at="2020-01-01T00:00:00.000Z")
    done = bridge.ctl("reconcile")
    assert done.returncode == 0, done.stdout


def test_reconcile_needs_the_scope_and_keeps_to_the_limit(
        make_bridge, person):
    with Sandbox(scopes=("write",)) as crm:
        bridge = make_bridge(crm).start()
        done = bridge.ctl("reconcile")
        assert done.returncode == 1 and "403" in done.stderr
    with Sandbox(rates=[(2, 2)]) as crm:
        bridge = make_bridge(crm, {"destinations": {"mega": {
            "rate": ["2/2s"]}}}).start()
        deliver(bridge, person, 2)
        assert bridge.ctl("reconcile").returncode == 0
        assert [r.status for r in crm.requests] == [201, 201, 200]


def test_reconcile_asks_for_smaller_pages_when_one_is_too_large(
        bridge, crm, person):
    deliver(bridge, person, 60)
    with crm.lock:
        for lead in crm.book.leads:
            lead["notes"] = "x" * 3000
    done = bridge.ctl("reconcile")
    assert done.returncode == 0, done.stderr
    assert "balances: 60 match" in done.stdout


def test_reconcile_waits_when_the_crm_asks_for_time(bridge, crm, person):
    deliver(bridge, person, 2)
    crm.misbehave({"status": 429, "headers": {"Retry-After": "1"}})
    done = bridge.ctl("reconcile")
    assert done.returncode == 0, done.stderr
    assert [r.status for r in crm.requests if r.method == "GET"] == [429, 200]
