# SPDX-License-Identifier: MIT
"""leadbridgectl import: files of leads through the CRM's bulk route."""

import collections
import csv
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from crm_sandbox import Sandbox
from support import admin, daemon, people, senders, settings
from support.daemon import eventually

HEADER = ["First Name", "Last Name", "Mobile", "E-mail Address",
          "Company Name", "Budget"]


def write(path, rows, header=None, **how):
    with open(path, "w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, **how)
        writer.writerow(header or HEADER)
        writer.writerows(rows)
    return path


def row_of(someone, budget="1000"):
    return [someone.first, someone.last, someone.phone_as_typed or "",
            someone.email, "Acme, Inc.", budget]


known = []


def people_of(n):
    """The same ones for every test: each has a CRM of its own, and numbers of
    telephones are few."""
    while len(known) < n:
        known.append(people.Person(len(known)))
    return known[:n]


def file_of(bridge, some, name="leads.csv"):
    return write(bridge.path(name), [row_of(p) for p in some])


def imported(bridge, path, *arguments, **more):
    return bridge.ctl("import", path, "--country", "US", "--yes", *arguments,
                      **more)


def chunk_key(path, number, destination="mega"):
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    return senders.lead_key("import", digest, destination, number)


def judge_bulks(crm, requests=None):
    """Same key, same bytes; nothing went twice under two keys."""
    bodies = collections.defaultdict(set)
    keys = collections.defaultdict(set)
    for request in crm.bulks() if requests is None else requests:
        assert request.key is not None
        bodies[request.key].add(request.sha256)
        for row in request.json()["leads"]:
            keys[row["contact_email"]].add(request.key)
    assert all(len(found) == 1 for found in bodies.values()), bodies
    assert all(len(found) == 1 for found in keys.values())
    return bodies


def test_rows_go_500_in_a_request_and_bad_ones_are_told_by_line(bridge, crm):
    some = people_of(1200)
    rows = [row_of(p) for p in some]
    rows[6] = ["", "", "", "", "Nobody, Ltd.", "5"]       # line 8
    rows[699] = rows[699] + ["one too many"]              # line 701
    crm.row_refusals[some[1100].email] = "contact_email is blocked"
    path = write(bridge.path("leads.csv"), rows)
    done = imported(bridge, path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "First Name" in done.stdout and "first_name" in done.stdout
    assert "custom field budget" in done.stdout
    assert "line 8: no name, phone or e-mail" in done.stdout
    assert "line 701: 7 fields, the header has 6" in done.stdout
    assert "line 1102: contact_email is blocked" in done.stdout
    assert "1197 delivered, 1 refused by the CRM, 1 without a contact, " \
           "1 malformed, 0 waiting" in done.stdout
    first, second, third = crm.bulks()
    assert [len(r.json()["leads"]) for r in (first, second, third)] == [
        499, 499, 200]
    assert [r.key for r in (first, second, third)] == [
        chunk_key(path, n) for n in range(3)]
    assert crm.posts() == []
    judge_bulks(crm)
    row = first.json()["leads"][0]
    assert row["contact_name"] == some[0].name
    assert row["contact_phone"] == some[0].phone
    assert row["contact_email"] == some[0].email
    assert (row["source_platform"], row["source_type"]) == (
        "direct", "import")
    assert row["custom_fields"] == {"company": "Acme, Inc.",
                                    "budget": "1000"}
    ledger = bridge.ledger(scan=True)
    assert (ledger["accepted"], ledger["delivered"], ledger["dead"],
            ledger["ignored"], ledger["difference"]) == (1199, 1197, 1, 1, 0)
    assert bridge.ctl("ledger").returncode == 0
    dead, = bridge.api("/leads?state=dead&source=import")["leads"]
    shown = bridge.api(f"/leads/{dead['id']}?reveal=true")
    assert "contact_email is blocked" in json.dumps(shown)
    assert bridge.metric("leadbridge_delivered_total") in (0.0, 1197.0)


def test_who_may_only_look_reads_no_words_about_a_person(make_bridge, crm):
    bridge = admin.equip(make_bridge(crm)).start()
    someone, = people_of(1)
    crm.row_refusals[someone.email] = f"{someone.email} is blocked"
    assert imported(bridge, file_of(bridge, [someone])).returncode == 1
    digest = bridge.api("/leads")["leads"][0]["event_id"].split(":")[0]
    for token, words in ((admin.TOKEN, True), (admin.READ_TOKEN, False)):
        reply = admin.ask(admin.address(bridge), "GET",
                          f"/api/v1/import/{digest}", token)
        assert reply.status == 200
        assert json.loads(reply.body)["troubles"][0]["line"] == 2
        assert (someone.email in reply.text) is words


def test_the_same_file_twice_sends_nothing_twice(bridge, crm):
    some = people_of(30)
    path = file_of(bridge, some)
    assert imported(bridge, path).returncode == 0
    again = imported(bridge, path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "30 rows were there before" in again.stdout
    assert "30 delivered" in again.stdout
    assert len(crm.bulks()) == 1 and len(crm.leads) == 30
    ledger = bridge.ledger()
    assert (ledger["accepted"], ledger["duplicates"]) == (30, 30)
    # The same file read another way is another import, and must say so.
    other = imported(bridge, path, "--map", "Budget=-")
    assert other.returncode == 1 and "another mapping" in other.stderr
    assert len(crm.bulks()) == 1


def test_the_dry_run_asks_the_crm_and_stores_nothing(make_bridge):
    with Sandbox(known_fields={"company"}) as crm:
        bridge = make_bridge(crm).start()
        some = people_of(12)
        crm.row_refusals[some[3].email] = "contact_email is blocked"
        rows = [row_of(p) for p in some] + [["", "", "", "", "None", "7"]]
        path = write(bridge.path("leads.csv"), rows)
        done = bridge.ctl("import", path, "--country", "US", "--dry-run")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "create 11, update 0, skip 0 and refuse 1" in done.stdout
        assert "line 5: contact_email is blocked" in done.stdout
        assert "line 14: no name, phone or e-mail" in done.stdout
        assert "no custom field 'budget'" in done.stdout
        asked, = crm.bulks()
        assert asked.json()["dry_run"] is True and asked.key is None
        assert crm.leads == [] and bridge.ledger()["accepted"] == 0
        as_json = bridge.ctl("import", path, "--country", "US", "--dry-run",
                             "--json")
        answer = json.loads(as_json.stdout)
        assert (answer["created"], answer["failed"]) == (11, 1)
        assert answer["unknown_custom_fields"] == {"budget": None}
        # What was asked about can be imported as if nothing had been.
        assert "11 delivered" in imported(bridge, path).stdout


def test_a_dry_run_waits_for_the_limit_of_the_bulk_route(make_bridge, crm):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["1/2s"]}}}).start()
    path = file_of(bridge, people_of(501))
    started = time.monotonic()
    done = bridge.ctl("import", path, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started >= 1.9
    first, second = crm.bulks()
    assert second.at - first.at >= 1.9


def test_columns_are_mapped_as_told(bridge, crm, person):
    someone = person()
    path = write(bridge.path("odd.csv"),
                 [[someone.name, someone.email, "5025550143", "x", "buyer",
                   "two\r\nlines, \"quoted\""]],
                 ["Wer", "Wo=was", "Fon", "Egal", "Line", "Notes"],
                 delimiter=";", quoting=csv.QUOTE_ALL)
    done = imported(bridge, path, "--map", "wer=name", "--map",
                    "Wo=was=email", "--map", "Fon=phone", "--map", "Egal=-",
                    "--map", "Line=lead_line", "--stage", "new",
                    "--platform", "referral")
    assert done.returncode == 0, done.stdout + done.stderr
    row, = crm.bulks()[0].json()["leads"]
    del row["row_ref"]
    assert row == {
        "contact_name": someone.name, "contact_phone": "+15025550143",
        "contact_email": someone.email, "source_platform": "referral",
        "source_type": "import", "stage_slug": "new", "lead_line": "buyer",
        "custom_fields": {"lead_line": "buyer",
                          "notes": "two\r\nlines, \"quoted\""}}


@pytest.mark.parametrize("text, words", [
    (b"Name,Email\nA,a@example.com\n\"B,b@example.com\n", "never ends"),
    (b"Name,Email\nA \"B\" C,a@example.com\n", "line 2: a quote inside"),
    (b"Name,Email\nA\xff,a@example.com\n", "line 2: not UTF-8"),
    (b"", "empty"),
    (b"Name\n", "no rows"),
    (b"Colour,Size\nred,5\n", "no column is a name"),
])
def test_a_file_nobody_can_read_sends_nothing(bridge, crm, text, words):
    path = bridge.path("bad.csv")
    with open(path, "wb") as f:
        f.write(text)
    done = imported(bridge, path)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert bridge.ledger()["accepted"] == 0 and crm.bulks() == []


def test_wrong_usage_is_said(bridge):
    path = file_of(bridge, people_of(2))
    assert bridge.ctl("import").returncode == 2
    assert bridge.ctl("import", "/nowhere.csv", "--yes").returncode == 2
    nobody = bridge.ctl("import", path)
    assert nobody.returncode == 2 and "--yes" in nobody.stderr
    missing = imported(bridge, path, "--map", "Colour=name")
    assert missing.returncode == 2 and "no column 'Colour'" in missing.stderr
    where = imported(bridge, path, "--destination", "elsewhere")
    assert where.returncode == 1
    assert "no destination 'elsewhere'" in where.stderr
    country = imported(bridge, path, "--country", "XX")
    assert country.returncode == 1 and "unknown country" in country.stderr
    assert bridge.ledger()["accepted"] == 0


def run_until(bridge, path, condition):
    """The import as a process of its own, until the condition holds."""
    process = subprocess.Popen(
        [daemon.binary("leadbridgectl"), "--socket",
         bridge.path("admin.sock"), "import", path, "--country", "US",
         "--yes"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        eventually(condition, 30, "the import to get that far")
    except TimeoutError:
        process.kill()
        raise
    return process


@pytest.mark.crash
def test_the_daemon_killed_in_the_middle_repeats_the_same_bytes(
        make_bridge, crm):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["100/min"], "timeout": "5s"}}}).start()
    some = people_of(1200)
    path = file_of(bridge, some)
    crm.misbehave({"do": "delay", "delay": 0.3, "match": "/bulk", "times": 1},
                  {"do": "hang", "stored": True, "match": "/bulk"})
    process = run_until(bridge, path, lambda: len(crm.bulks()) == 2)
    bridge.kill()
    process.communicate(timeout=30)
    assert process.returncode == 3
    bridge.start()
    again = imported(bridge, path, timeout=60)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "1200 delivered" in again.stdout
    assert len(judge_bulks(crm)) == 3
    assert len(crm.bulks()) == 4 and len(crm.leads) == 1200
    ledger = bridge.ledger(scan=True)
    assert (ledger["accepted"], ledger["delivered"],
            ledger["difference"]) == (1200, 1200, 0)


@pytest.mark.crash
def test_the_command_killed_in_the_middle_is_repeated(make_bridge, crm):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["100/min"]}}}).start()
    some = people_of(2600)
    path = file_of(bridge, some)
    process = run_until(bridge, path,
                        lambda: bridge.ledger()["accepted"] >= 500)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = imported(bridge, path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "2600 delivered" in again.stdout
    assert len(judge_bulks(crm)) == 6
    assert len(crm.leads) == 2600
    assert bridge.ctl("ledger").returncode == 0


def test_a_live_lead_never_waits_behind_an_import(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["1/s"]}}}).start()
    path = file_of(bridge, people_of(2000))
    crm.misbehave({"do": "delay", "delay": 1, "match": "/bulk", "times": 9})
    process = run_until(bridge, path, lambda: crm.bulks())
    someone = person()
    started = time.monotonic()
    assert bridge.post(senders.shopify_customer(
        settings.SHOPIFY_SECRET, someone)).status == 200
    crm.wait(lambda s: [r for r in s.posts() if r.status == 201])
    assert time.monotonic() - started < 2
    assert bridge.ledger()["waiting"] > 500
    live, = crm.posts()
    assert live.json()["contact_email"] == someone.email
    assert process.wait(60) == 0
    process.stdout.close()
    bridge.wait_ledger(delivered=2001, waiting=0)


def test_an_import_waits_while_the_destination_may_not_be_sent_to(bridge, crm):
    assert bridge.ctl("destination", "pause", "mega").returncode == 0
    path = file_of(bridge, people_of(10))
    done = imported(bridge, path)
    assert done.returncode == 1
    assert "mega is paused" in done.stderr, done.stderr
    assert bridge.ledger()["parked"] == 10 and crm.bulks() == []
    for row in ("1", "7"):  # the request it is in
        why = bridge.ctl("queue", "show", row).stdout
        assert "paused" in why and "0 ahead" in why, why
    assert bridge.ctl("destination", "resume", "mega").returncode == 0
    bridge.wait_ledger(delivered=10)
    assert imported(bridge, path).returncode == 0


def test_a_credential_the_crm_refuses_parks_the_import(bridge, crm):
    crm.misbehave({"status": 401, "match": "/bulk", "times": 1})
    path = file_of(bridge, people_of(10))
    done = imported(bridge, path)
    assert done.returncode == 1
    assert "mega is parked: http_401" in done.stderr, done.stderr
    assert bridge.ledger()["dead"] == 0
    bridge.wait_ledger(delivered=10)  # the next probe
    first, second = crm.bulks()
    assert (first.key, first.sha256) == (second.key, second.sha256)


def test_answers_that_say_nothing_of_the_rows_are_no_success(bridge, crm):
    crm.misbehave({"status": 200, "body": {"lead": {"id": "x"}},
                   "match": "/bulk", "times": 1},
                  {"do": "half_body", "match": "/bulk", "times": 1},
                  {"status": 503, "match": "/bulk", "times": 1})
    path = file_of(bridge, people_of(10))
    imported(bridge, path)
    bridge.wait_ledger(delivered=10, dead=0)
    assert len(crm.bulks()) == 4 and len(judge_bulks(crm)) == 1
    assert len(crm.leads) == 10


def test_a_request_the_crm_refuses_whole_leaves_dead_rows(bridge, crm):
    some = people_of(3)
    crm.misbehave({"status": 400, "match": "/bulk", "times": 1})
    path = file_of(bridge, some)
    done = imported(bridge, path)
    assert done.returncode == 1 and "3 refused by the CRM" in done.stdout
    dead = bridge.api("/leads?state=dead")["leads"]
    assert len(dead) == 3
    for lead in dead:
        assert bridge.ctl("leads", "retry", str(lead["id"])).returncode == 0
    bridge.wait_ledger(delivered=3, dead=0, waiting=0)
    whole, *alone = crm.bulks()
    assert [len(r.json()["leads"]) for r in alone] == [1, 1, 1]
    assert len({whole.key, *(r.key for r in alone)}) == 4
    assert len(crm.leads) == 3
    assert bridge.ctl("ledger").returncode == 0


def test_the_limit_of_the_bulk_route_holds_over_a_restart(make_bridge, crm):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["2/4s"]}}}).start()
    path = file_of(bridge, people_of(1300))
    assert imported(bridge, path, "--no-wait").returncode == 0
    crm.wait(lambda s: len([r for r in s.bulks() if r.status == 200]) == 2)
    bridge.wait_ledger(delivered=1000)
    bridge.stop()
    bridge.start()
    bridge.wait_ledger(delivered=1300)
    first, _, third = crm.bulks()
    assert third.at - first.at >= 3.9


def test_the_name_import_is_reserved(make_bridge, crm):
    bridge = make_bridge(crm, {"sources": {"import": {
        "platform": "form", "destination": "mega",
        "token": "plain:" + "t" * 32}}})
    bridge.may_fail = True
    done = bridge.ctl("check", "--config", bridge.config)
    assert done.returncode == 1 and "reserved" in done.stdout + done.stderr


POINTS = ["store_begin", "store_put", "store_committed", "delivery_taken",
          "delivery_sent", "delivery_answered", "settle_judged",
          "settle_written", "settle_committed"]


@pytest.mark.parametrize("point, passage", [
    (point, n) for point in POINTS for n in (1, 3)])
def test_a_kill_anywhere_repeats_the_same_bytes(
        make_bridge, crm, point, passage):
    """At every step of the road; needs a build with fault points."""
    listed = subprocess.run(
        [daemon.binary(), "--version"], capture_output=True, text=True,
        env={**os.environ, "LEADBRIDGE_FAULT": "list"}, check=True).stdout
    if f"fault {point}\n" not in listed:
        pytest.skip("built without LB_FAULTS")
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "bulk_rate": ["100/min"]}}})
    some = people_of(1100)
    path = file_of(bridge, some)
    crm.misbehave({"status": 503, "stored": True, "match": "/bulk"})
    bridge.environment["LEADBRIDGE_FAULT"] = f"{point}:{passage}"
    bridge.start()
    imported(bridge, path, timeout=120)
    eventually(lambda: bridge.process.poll() is not None, 30, "its end")
    assert bridge.process.returncode == -signal.SIGKILL
    bridge.forget()
    del bridge.environment["LEADBRIDGE_FAULT"]
    bridge.start()
    again = imported(bridge, path, timeout=120)
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(judge_bulks(crm)) == 3 and len(crm.leads) == 1100
    ledger = bridge.ledger(scan=True)
    assert (ledger["accepted"], ledger["delivered"],
            ledger["difference"]) == (1100, 1100, 0)


def test_who_is_erased_is_not_sent_with_the_others(bridge, crm):
    some = people_of(10)
    assert bridge.ctl("destination", "pause", "mega").returncode == 0
    path = file_of(bridge, some)
    assert imported(bridge, path, "--no-wait").returncode == 0
    for gone in (some[4], some[0]):
        done = bridge.ctl("erase", "--email", gone.email, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
    assert bridge.ledger()["erased"] == 2
    assert bridge.ctl("destination", "resume", "mega").returncode == 0
    bridge.wait_ledger(delivered=8, erased=2, waiting=0)
    sent, = crm.bulks()
    rows = sent.json()["leads"]
    assert {r["contact_email"] for r in rows} == {
        p.email for p in some if p not in (some[0], some[4])}
    assert sent.key != chunk_key(path, 0)
    assert bridge.ctl("ledger").returncode == 0
    bridge.stop()
    for name in os.listdir(bridge.folder):
        if not name.startswith("leadbridge.db"):
            continue
        with open(bridge.path(name), "rb") as f:
            stored = f.read()
        for gone in (some[0], some[4]):
            assert gone.email.encode() not in stored, name
    bridge.start()


def test_who_is_erased_while_a_request_is_under_way(bridge, crm):
    some = people_of(10)
    crm.misbehave({"do": "delay", "delay": 2, "status": 503,
                   "match": "/bulk"})
    path = file_of(bridge, some)
    assert imported(bridge, path, "--no-wait").returncode == 0
    crm.wait(lambda s: s.bulks())
    assert bridge.ctl("erase", "--email", some[3].email,
                      "--yes").returncode == 0
    bridge.wait_ledger(delivered=9, erased=1, waiting=0)
    first, second = crm.bulks()
    assert some[3].email not in second.body.decode()
    assert first.key != second.key and len(crm.leads) == 9
    assert bridge.ctl("ledger").returncode == 0
