# SPDX-License-Identifier: MIT
"""One person, erased and exported: by hand and because a sender says so."""

import base64
from concurrent import futures
import hashlib
import hmac
import json
import os
import sqlite3
import stat
import subprocess
import time
import urllib.parse

import pytest

from support import daemon, people, senders, settings, traces
from support.daemon import eventually
from support.load import Load

HUBSPOT_SECRET = "hubspot-client-secret-of-the-app"
PUBLIC = "https://hooks.example.com"
SHOP = senders.SHOP


def order(who, **more):
    return senders.shopify_order(settings.SHOPIFY_SECRET, who, **more)


def form(who, **more):
    return senders.form(settings.FORM_TOKEN, who, **more)


def stray(bridge, who):
    """Authentic, but for an account that is not ours: quarantined."""
    return senders.ghl_contact(bridge.ghl_key, who, location="elsewhere")


def shop_topic(topic, value, **more):
    return senders.shopify(settings.SHOPIFY_SECRET, topic, value, **more)


def customer_id(who):
    return 7064055069300000000 + who.n


def redact(who, **more):
    return shop_topic("customers/redact", {
        "shop_id": 1, "shop_domain": SHOP, "customer": {
            "id": customer_id(who), "email": who.email, "phone": who.phone},
        "orders_to_redact": [], **more})


def hubspot(*elements):
    now = int(time.time() * 1000)
    body = senders.compact([
        {"eventId": n, "subscriptionId": 12345, "portalId": 62515,
         "appId": 54321, "occurredAt": now, "attemptNumber": 0,
         "subscriptionType": "contact.creation", "changeSource": "FORM",
         **e} for n, e in enumerate(elements)])
    text = f"POST{PUBLIC}/in/hub".encode() + body + str(now).encode()
    mac = hmac.new(HUBSPOT_SECRET.encode(), text, hashlib.sha256).digest()
    return senders.Post("/in/hub", {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": base64.b64encode(mac).decode(),
        "X-HubSpot-Request-Timestamp": str(now)}, body)


def with_hubspot(bridge):
    bridge.secret("hubspot", HUBSPOT_SECRET)
    bridge.write({"public_url": PUBLIC, "sources": {"hub": {
        "platform": "hubspot", "destination": "mega", "account": "62515",
        "secret": f"file:{bridge.path('secrets')}/hubspot"}}})
    return bridge


def accepted(bridge, post):
    reply = bridge.post(post)
    assert reply.status == 200, reply
    return reply


def value(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def balanced(bridge):
    done = bridge.ctl("ledger")
    assert done.returncode == 0, done.stdout + done.stderr


def receipts(bridge):
    return bridge.api("/privacy")["privacy"]


def receipt_done(bridge, n=1, **want):
    """The newest request, once it is done."""
    def done():
        rows = receipts(bridge)
        return (len(rows) >= n and rows[0]["state"] == "done" and
                not bridge.api(f"/privacy/{rows[0]['id']}")["running"] and
                rows[0])
    row = eventually(done, 20, "the receipt", 0.05)
    assert {k: row[k] for k in want} == want
    return row


def lead(bridge, number):
    return bridge.api(f"/leads/{number}?reveal=true")


def ids(bridge, **want):
    return [row["id"] for row in bridge.api("/leads?limit=500")["leads"]
            if all(row[k] == v for k, v in want.items())]


def clean(bridge, who):
    """No file holds anything of them: database, log, copies, logs, backup."""
    eventually(lambda: not traces.in_files(bridge.folder, who), 10,
               f"no traces; {traces.in_files(bridge.folder, who)}", 0.1)
    for where, text in bridge.texts():
        assert not traces.in_bytes(text.encode(), who), where
    assert not traces.in_bytes("\n".join(bridge.log.items).encode(), who)


# ---- erase leaves no trace -----------------------------------------------------

def fill(bridge, crm, who, others):
    """A person in every state and format, between others."""
    for n, other in enumerate(others):
        accepted(bridge, order(other) if n % 2 else form(other))
    accepted(bridge, order(who))
    accepted(bridge, form(who, page="https://x.example/?mail=" +
                          urllib.parse.quote(who.email, safe="")))
    accepted(bridge, senders.multipart_form(settings.FORM_TOKEN, who))
    accepted(bridge, senders.partner_lead(settings.PARTNER_SECRET, who))
    accepted(bridge, stray(bridge, who))
    bridge.wait_ledger(quarantined=1, delivered=4 + len(others))
    crm.misbehave({"status": 422, "body": {"error": {
        "code": "invalid", "message": f"{who.email} is no address"}}})
    accepted(bridge, senders.ghl_contact(bridge.ghl_key, who))
    bridge.wait_ledger(dead=1)
    crm.behave()
    bridge.ctl("destination", "pause", "mega")
    accepted(bridge, senders.ghl_workflow(settings.WORKFLOW_TOKEN, who))
    bridge.wait_ledger(waiting=0, parked=1)


def test_erase_leaves_no_trace_in_any_file(bridge, crm, person):
    who = person()
    others = [person() for _ in range(30)]
    fill(bridge, crm, who, others)
    assert traces.in_files(bridge.folder, who)
    before = bridge.ledger(scan=True)
    count = value(bridge.ctl("--json", "erase", "--email", who.email,
                             "--dry-run"))
    assert (count["units"], count["requests"]) == (7, 7)
    assert bridge.ledger(scan=True) | {"scanned_at": 0} == (
        before | {"scanned_at": 0})
    done = bridge.ctl("erase", "--email", who.email, "--yes")
    assert done.returncode == 0, done.stderr
    assert "7 units erased, 7 stored requests removed" in done.stdout
    ledger = bridge.ledger(scan=True)
    assert (ledger["erased"], ledger["difference"]) == (7, 0)
    assert ledger["accepted"] == before["accepted"]
    backup = bridge.path("after.db")
    assert bridge.ctl("backup", backup).returncode == 0
    clean(bridge, who)
    for other in others:
        assert traces.in_files(bridge.folder, other)
    bridge.ctl("destination", "resume", "mega")
    marker = person()
    accepted(bridge, order(marker))
    bridge.wait_ledger(delivered=31, waiting=0, parked=0)
    balanced(bridge)


def test_nothing_erased_comes_back(bridge, crm, person):
    who = person()
    bridge.ctl("destination", "pause", "mega")
    posts = [order(who), stray(bridge, who), form(who)]
    for post in posts:
        accepted(bridge, post)
    bridge.wait_ledger(accepted=3)
    [unit] = ids(bridge, state="quarantined")
    [lead_id] = ids(bridge, source="shop")
    assert bridge.ctl("erase", "--phone", who.phone_as_typed, "--country",
                      "US", "--yes").returncode == 0
    assert bridge.ledger(scan=True)["erased"] == 3
    bridge.ctl("destination", "resume", "mega")
    for post in posts:
        assert json.loads(accepted(bridge, post).body) == {
            "status": "duplicate"}
    assert bridge.ctl("quarantine", "replay", str(unit)).returncode == 1
    assert bridge.ctl("quarantine", "bury", str(unit)).returncode == 1
    assert bridge.ctl("leads", "retry", str(lead_id)).returncode == 1
    marker = person()
    accepted(bridge, order(marker))
    bridge.wait_ledger(delivered=1)
    bridge.stop()
    bridge.start()
    bridge.wait_ledger(delivered=1, erased=3, waiting=0, parked=0)
    assert {row["contact_email"] for row in crm.leads} == {marker.email}
    balanced(bridge)
    clean(bridge, who)


def test_a_lead_in_flight_settles_its_count_only(bridge, crm, person):
    who = person()
    crm.misbehave({"do": "delay", "delay": 2, "status": 503})
    accepted(bridge, order(who))
    crm.wait_posts(1)
    assert bridge.ctl("erase", "--email", who.email,
                      "--yes").returncode == 0
    crm.behave()
    marker = person()
    accepted(bridge, order(marker))
    bridge.wait_ledger(erased=1, delivered=1, waiting=0, timeout=20)
    assert len(crm.posts()) == 2
    clean(bridge, who)
    balanced(bridge)


def test_only_exactly_this_person_is_erased(bridge, crm, person):
    who = person()
    near = [person() for _ in range(4)]
    near[0].email = "jo" + who.email
    near[1].email = who.email + ".au"
    near[2].email = who.email.replace("@", "+spam@")
    for other in near:
        accepted(bridge, order(other))
        accepted(bridge, form(other))
    accepted(bridge, order(who))
    bridge.wait_ledger(delivered=9)
    assert value(bridge.ctl("--json", "erase", "--email",
                            " " + who.email.upper(), "--dry-run"))[
                                "units"] == 1
    assert bridge.ctl("erase", "--email", who.email, "--yes").returncode == 0
    assert bridge.ledger(scan=True)["erased"] == 1
    left = bridge.ctl("export", "--phone", near[1].phone).stdout
    assert len(json.loads(left)["found"]) == 2
    balanced(bridge)


def test_by_the_customer_id_of_one_source(bridge, crm, person):
    who, other = person(), person()
    accepted(bridge, order(who))
    accepted(bridge, senders.shopify_customer(settings.SHOPIFY_SECRET, who))
    accepted(bridge, order(other))
    bridge.wait_ledger(delivered=3)
    number = str(customer_id(who))
    assert value(bridge.ctl("--json", "erase", "--customer", number,
                            "--source", "quote-form", "--dry-run"))[
                                "units"] == 0
    for more in (("erase", "--yes"), ("export",)):
        anywhere = bridge.ctl(*more, "--customer", number, "--email",
                              who.email)
        assert anywhere.returncode == 2
        assert "name the source" in anywhere.stderr
    assert bridge.ledger()["delivered"] == 3
    found = value(bridge.ctl("--json", "erase", "--customer", number,
                             "--source", "shop", "--yes"))
    assert found["units"] >= 1
    balanced(bridge)


@pytest.mark.parametrize("arguments", [
    (), ("--email", "nobody"), ("--phone", "12"), ("--customer", ""),
    ("--phone", "555", "--country", "XX")], ids=" ".join)
def test_nobody_is_no_person(bridge, arguments):
    done = bridge.ctl("erase", *arguments, "--yes")
    assert done.returncode == 2, done
    assert done.stderr and not done.stdout


def test_without_yes_and_a_terminal_nothing_is_erased(bridge, person):
    who = person()
    accepted(bridge, order(who))
    bridge.wait_ledger(delivered=1)
    assert bridge.ctl("erase", "--email", who.email).returncode == 1
    assert bridge.ledger()["erased"] == 0


def test_a_lead_alone_is_erased_by_its_number(bridge, person):
    who, other = person(), person()
    accepted(bridge, order(who))
    accepted(bridge, order(who))
    accepted(bridge, order(other))
    bridge.wait_ledger(delivered=3)
    first = min(ids(bridge))
    reply = bridge.admin(f"/api/v1/leads/{first}/erase", "POST", b"")
    assert reply.status == 200
    receipt_done(bridge, units=1, requests=1)
    assert lead(bridge, first)["state"] == "erased"
    assert ids(bridge, state="erased") == [first]
    balanced(bridge)


def test_the_audit_log_tells_that_and_not_whom(bridge, person):
    who = person()
    for _ in range(2):
        assert bridge.ctl("erase", "--email", who.email,
                          "--yes").returncode == 0
    bridge.ctl("export", "--email", who.email)
    rows = eventually(lambda: [r for r in [bridge.api("/audit")["audit"]]
                               if "privacy.export" in str(r)], 10,
                      "the line", 0.05)[0]
    asked = [r["subject"] for r in rows if r["action"] == "privacy.erase"]
    assert [a.split()[0] for a in asked] == ["2", "1"]
    assert asked[0].split()[1] == asked[1].split()[1]
    [exported] = [r["subject"] for r in rows
                  if r["action"] == "privacy.export"]
    assert exported == asked[0].split()[1]
    assert not traces.in_bytes(json.dumps(rows).encode(), who)


def test_held_requests_go_too(make_bridge, crm, person):
    who, other = person(), person()
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"on_bad_proof": "hold"}}})
    bridge.start()
    for someone in (who, other):
        assert bridge.post(senders.partner_lead(
            "not-the-secret-at-all", someone)).status == 401
    bridge.ctl("erase", "--email", who.email, "--yes")
    held = {s["name"]: s["held"] for s in bridge.api("/sources")["sources"]}
    assert held["partner"] == 1


# ---- one of a batch ------------------------------------------------------------

def test_one_of_a_batch_is_cut_out_and_the_others_stay(
        make_bridge, crm, person):
    bridge = with_hubspot(make_bridge(crm)).start()
    post = hubspot(*({"objectId": 70000 + n, "spare": "a\u00e9\"b"}
                     for n in range(4)))
    accepted(bridge, post)
    bridge.wait_ledger(quarantined=4)
    first = min(ids(bridge))
    raw = lead(bridge, first)["request"]["body"]
    done = value(bridge.ctl("--json", "erase", "--customer", "70002",
                            "--source", "hub", "--yes"))
    assert (done["units"], done["cut"], done["requests"],
            done["dropped"]) == (1, 1, 0, 0)
    left = lead(bridge, first)["request"]["body"]
    elements = json.loads(raw)
    del elements[2]
    assert json.loads(left) == elements
    assert left == senders.compact(elements).decode()
    assert b"70002" not in open(bridge.path("leadbridge.db"), "rb").read()
    balanced(bridge)
    # A retry of the whole batch brings nothing back.
    assert json.loads(accepted(bridge, post).body) == {"status": "duplicate"}


def test_in_a_batch_that_cannot_be_cut_the_bytes_go_and_it_says_so(
        make_bridge, crm, person):
    who, other = person(), person()
    bridge = make_bridge(crm, {"sources": {"soap": {
        "platform": "salesforce", "destination": "mega",
        "token": "plain:salesforce-token-0123456789",
        "account": "00D000000000001AAA"}}}).start()

    def notification(n, someone):
        return (f"<Notification><Id>04l00000000000{n}</Id>"
                "<sObject xsi:type=\"sf:Lead\" xmlns:sf=\"urn:sobject."
                "enterprise.soap.sforce.com\">"
                f"<sf:Id>00Q00000000000{n}</sf:Id>"
                f"<sf:FirstName>{someone.first}</sf:FirstName>"
                f"<sf:LastName>{someone.last}</sf:LastName>"
                f"<sf:Email>{someone.email}</sf:Email>"
                "</sObject></Notification>")
    body = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/"
            "soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/"
            "XMLSchema-instance\"><soapenv:Body>"
            "<notifications xmlns=\"http://soap.sforce.com/2005/09/"
            "outbound\"><OrganizationId>00D000000000001AAA"
            "</OrganizationId>" + notification(1111, who) +
            notification(2222, other) +
            "</notifications></soapenv:Body></soapenv:Envelope>").encode()
    accepted(bridge, senders.Post(
        "/in/soap/salesforce-token-0123456789",
        {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "\"\""},
        body))
    bridge.wait_ledger(delivered=2)
    done = value(bridge.ctl("--json", "erase", "--email", who.email,
                            "--yes"))
    assert (done["units"], done["cut"], done["dropped"]) == (1, 0, 1)
    clean(bridge, who)
    [kept] = ids(bridge, state="delivered")
    assert other.email in lead(bridge, kept)["body"]
    balanced(bridge)


# ---- export --------------------------------------------------------------------

def test_export_is_all_of_one_person_and_nobody_else(bridge, crm, person):
    who, other = person(), person()
    accepted(bridge, order(who))
    accepted(bridge, form(who))
    accepted(bridge, order(other))
    bridge.wait_ledger(delivered=3)
    out = bridge.path("who.json")
    done = bridge.ctl("export", "--phone", who.phone, "--out", out)
    assert (done.returncode, done.stdout) == (
        0, f"2 units written to {out}\n")
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    with open(out, encoding="utf-8") as f:
        text = f.read()
    found = json.loads(text)["found"]
    assert [row["source"] for row in found] == ["shop", "quote-form"]
    assert all(row["crm_id"] and who.email in row["lead"] and row["received"]
               for row in found)
    assert not traces.in_bytes(text.encode(), other)
    assert bridge.ctl("export", "--phone", who.phone, "--out",
                      out).returncode == 1
    assert value(bridge.ctl("--json", "export", "--email", who.email,
                            "--dry-run"))["units"] == 2
    os.unlink(out)


def test_of_a_batch_an_export_holds_the_persons_part(make_bridge, crm):
    bridge = with_hubspot(make_bridge(crm)).start()
    accepted(bridge, hubspot({"objectId": 80001}, {"objectId": 80002}))
    bridge.wait_ledger(quarantined=2)
    [row] = json.loads(bridge.ctl("export", "--customer", "80002",
                                  "--source", "hub").stdout)["found"]
    assert row["shared"] is True
    assert json.loads(row["received"])["objectId"] == 80002
    assert "80001" not in json.dumps(row)


# ---- what senders ask ----------------------------------------------------------

def test_customers_redact_erases_by_itself_and_leaves_a_receipt(
        bridge, crm, person):
    who, other = person(), person()
    accepted(bridge, order(who))
    accepted(bridge, order(other))
    accepted(bridge, form(who))
    bridge.wait_ledger(delivered=3)
    accepted(bridge, redact(who))
    row = receipt_done(bridge, source="shop", topic="customers/redact",
                       units=2, requests=2)
    assert row["done_at"]
    ledger = bridge.ledger(scan=True)
    # The request itself named them too; what another source sent stays.
    assert (ledger["erased"], ledger["delivered"]) == (2, 2)
    assert not traces.in_bytes(json.dumps(receipts(bridge)).encode(), who)
    shown = bridge.ctl("privacy", "list")
    assert "customers/redact" in shown.stdout
    assert bridge.ctl("erase", "--email", who.email, "--yes").returncode == 0
    clean(bridge, who)
    balanced(bridge)


@pytest.mark.parametrize("topic, body", [
    ("customers/redact", {"customer": {"email": "x@example.com"},
                          "orders_to_redact": []}),
    ("customers/redact", {"customer": {"id": 1}, "orders_requested": [],
                          "data_request": {"id": 9}}),
    ("customers/redact", {"customer": {"id": 1}}),
    ("shop/redact", {"customer": {"id": 1}, "orders_to_redact": []}),
    ("customers/data_request", {"customer": {"id": 1},
                                "orders_to_redact": []}),
    ("shop/redact", {}),
], ids=["no id", "a data request", "an order", "a customer's", "a redact",
        "no account configured"])
def test_a_body_that_does_not_fit_erases_nothing(bridge, person, topic, body):
    accepted(bridge, order(person()))
    bridge.wait_ledger(delivered=1)
    accepted(bridge, shop_topic(topic, {"shop_id": 1, "shop_domain": SHOP,
                                        **body}))
    bridge.wait_ledger(quarantined=1)
    assert receipts(bridge) == []
    assert bridge.ledger()["delivered"] == 1


def test_a_data_request_is_only_recorded(bridge, person):
    who = person()
    accepted(bridge, order(who))
    accepted(bridge, shop_topic("customers/data_request", {
        "shop_id": 1, "shop_domain": SHOP, "orders_requested": [1],
        "customer": {"id": customer_id(who), "email": who.email},
        "data_request": {"id": 9}}))
    bridge.wait_ledger(delivered=1, ignored=1)
    [row] = receipts(bridge)
    assert (row["state"], row["topic"]) == ("recorded",
                                            "customers/data_request")
    assert who.email in lead(bridge, row["unit"])["request"]["body"]


def test_a_shop_goes_two_days_later_unless_cancelled(make_bridge, crm, person):
    who = person()
    bridge = make_bridge(crm, {"sources": {"shop": {"account": SHOP}}})
    bridge.start()
    accepted(bridge, order(who))
    bridge.wait_ledger(delivered=1)
    post = {"shop_id": 1, "shop_domain": SHOP}
    accepted(bridge, shop_topic("shop/redact", post))
    accepted(bridge, shop_topic("shop/redact", post))
    bridge.wait_ledger(ignored=2)
    second, first = receipts(bridge)
    assert [r["state"] for r in (first, second)] == ["waiting", "waiting"]
    assert bridge.ctl("privacy", "cancel", str(first["id"])).returncode == 0
    assert bridge.ctl("privacy", "cancel", str(first["id"])).returncode == 1
    bridge.stop()
    with sqlite3.connect(bridge.path("leadbridge.db")) as db:
        [due] = db.execute("SELECT due_at - at FROM privacy WHERE id = ?",
                           (second["id"],)).fetchone()
        assert due == 48 * 3600 * 1000
        db.execute("UPDATE privacy SET due_at = at WHERE state = 1")
    db.close()
    bridge.start()
    receipt_done(bridge, 2, topic="shop/redact", units=3)
    second, first = receipts(bridge)
    assert [r["state"] for r in (first, second)] == ["cancelled", "done"]
    assert bridge.ledger(scan=True)["erased"] == 3
    clean(bridge, who)
    balanced(bridge)


def test_a_deletion_in_a_batch_of_hubspot_erases_that_contact(
        make_bridge, crm):
    bridge = with_hubspot(make_bridge(crm)).start()
    accepted(bridge, hubspot({"objectId": 90001}, {"objectId": 90002}))
    bridge.wait_ledger(quarantined=2)
    accepted(bridge, hubspot(
        {"objectId": 90003},
        {"objectId": 90001, "subscriptionType": "contact.privacyDeletion"}))
    receipt_done(bridge, topic="contact.privacyDeletion", units=2, cut=2)
    assert bridge.ledger(scan=True) | {"sources": 0, "scanned_at": 0} == {
        "accepted": 4, "waiting": 0, "parked": 0, "delivered": 0,
        "fetching": 0, "dead": 0, "quarantined": 2, "ignored": 0,
        "erased": 2, "duplicates": 0, "difference": 0, "sources": 0,
        "scanned_at": 0}
    with open(bridge.path("leadbridge.db"), "rb") as f:
        assert b"90001" not in f.read()
    balanced(bridge)


@pytest.mark.parametrize("change", [{"objectId": ""}, {"objectId": "7" * 300},
                                    {"portalId": ""}], ids=str)
def test_a_deletion_of_nobody_is_quarantined(make_bridge, crm, change):
    bridge = with_hubspot(make_bridge(crm)).start()
    accepted(bridge, hubspot({"objectId": 90001}, {
        "objectId": 90001, "subscriptionType": "contact.privacyDeletion",
        **change}))
    bridge.wait_ledger(quarantined=2)
    assert receipts(bridge) == []


# ---- rows of an import ---------------------------------------------------------

def import_rows(bridge, some, **more):
    path = os.path.join(bridge.folder, "secrets", "rows.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write("Name,E-mail,Phone\n")
        f.writelines(f"{p.name},{p.email},{p.phone}\n" for p in some)
    return subprocess.Popen(
        [daemon.binary("leadbridgectl"), "--socket",
         bridge.path("admin.sock"), "import", path, "--country", "US",
         "--yes", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("which", [0, 2, 4])
def test_a_row_that_waits_goes_out_of_its_bulk_request(
        bridge, crm, person, which):
    some = [person() for _ in range(5)]
    who = some.pop(which)
    everybody = some[:which] + [who] + some[which:]
    bridge.ctl("destination", "pause", "mega")
    running = import_rows(bridge, everybody)
    try:
        bridge.wait_ledger(accepted=5)
        assert bridge.ctl("erase", "--email", who.email,
                          "--yes").returncode == 0
        clean(bridge, who)
        bridge.ctl("destination", "resume", "mega")
        bridge.wait_ledger(delivered=4, erased=1)
    finally:
        running.communicate(timeout=30)
    assert {row["contact_email"] for row in crm.leads} == {
        p.email for p in some}
    sent = b"".join(r.body for r in crm.bulks())
    assert not traces.in_bytes(sent, who)
    balanced(bridge)


def test_a_bulk_request_that_failed_before_is_not_sent_with_them(
        bridge, crm, person):
    some = [person() for _ in range(4)]
    crm.misbehave({"do": "delay", "delay": 2, "status": 503})
    running = import_rows(bridge, some)
    try:
        eventually(crm.bulks, 20, "the first try")
        who = some[1]
        n = len(crm.bulks())
        assert bridge.ctl("erase", "--email", who.email,
                          "--yes").returncode == 0
        bridge.wait_ledger(delivered=3, erased=1)
    finally:
        running.communicate(timeout=30)
    later = b"".join(r.body for r in crm.bulks()[n:])
    assert later and not traces.in_bytes(later, who)
    assert len(crm.leads) == 3
    clean(bridge, who)
    balanced(bridge)


# ---- what is under way ---------------------------------------------------------

SLOW = "(reduce range(0; {n}) as $i (0; . + 1)) as $x | .person.mail"


def test_what_is_still_being_mapped_goes_too(make_bridge, crm, person):
    """Requests wait for a slow program while the erasure is asked for."""
    who = person()
    bridge = make_bridge(crm)
    bridge.write({"sources": {"partner": {"map": {
        "contact_email": SLOW.format(n=60000)}}}})
    bridge.start()
    with futures.ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(bridge.post, senders.partner_lead(
            settings.PARTNER_SECRET, who)) for _ in range(8)]
        futures.wait(sent, return_when=futures.FIRST_COMPLETED)
        done = bridge.ctl("erase", "--email", who.email, "--yes")
        assert done.returncode == 0, done.stderr
        assert {f.result().status for f in sent} == {200}
    bridge.wait_ledger(erased=8, timeout=20)
    clean(bridge, who)
    balanced(bridge)


def test_erasing_under_load_loses_nobody_else(bridge, crowd):
    who = people.Person(123456)  # whose name does not begin another's
    for _ in range(20):
        accepted(bridge, form(who, message=os.urandom(8).hex()))
    load = Load(crowd)

    def erase():
        for _ in range(5):
            assert bridge.ctl("erase", "--email", who.email,
                              "--yes").returncode == 0
    load.run_round(bridge.address, 300, erase)
    load.send_the_rest(bridge)
    n = len(load.answered)
    bridge.wait_ledger(timeout=60, accepted=n + 20, delivered=n, erased=20)
    assert not load.odd
    clean(bridge, who)
    balanced(bridge)


# ---- crashes, backup -----------------------------------------------------------

def test_an_erase_that_was_killed_is_finished_after_the_start(
        make_bridge, crm, person):
    who = person()
    bridge = make_bridge(crm).start()
    for _ in range(300):
        accepted(bridge, form(who, message=os.urandom(8).hex()))
    bridge.wait_ledger(delivered=300, timeout=60)
    reply = bridge.admin("/api/v1/privacy/erase", "POST",
                         json.dumps({"email": who.email}).encode())
    assert reply.status == 200
    bridge.kill()
    bridge.start()
    receipt_done(bridge, units=300, requests=300)
    assert bridge.ledger(scan=True)["erased"] == 300
    clean(bridge, who)
    balanced(bridge)


def test_a_copy_from_before_an_upgrade_is_removed(bridge, person):
    who = person()
    accepted(bridge, order(who))
    bridge.wait_ledger(delivered=1)
    with open(bridge.path("leadbridge.db.v2"), "w", encoding="utf-8") as f:
        f.write(who.email)
    done = bridge.ctl("erase", "--email", who.email, "--yes")
    assert "1 copies from before an upgrade" in done.stdout
    assert not os.path.exists(bridge.path("leadbridge.db.v2"))
    clean(bridge, who)


def test_backup_is_a_store_for_the_owner_alone(bridge, person):
    accepted(bridge, order(person()))
    bridge.wait_ledger(delivered=1)
    path = bridge.path("copy.db")
    done = bridge.ctl("--json", "backup", path)
    assert value(done)["state"] == "done"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert not os.path.exists(path + ".part")
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM lead").fetchone() == (1,)
    db.close()
    assert bridge.ctl("backup", path).returncode == 1
    assert bridge.ctl("backup", path, "--force").returncode == 0
    precious = bridge.path("precious")
    with open(precious, "w", encoding="utf-8") as f:
        f.write("x" * 1000)
    for target in (precious, bridge.path("leadbridge.db"),
                   bridge.path("leadbridge.db-wal"), bridge.folder):
        assert bridge.ctl("backup", target, "--force").returncode == 1
    with open(precious, encoding="utf-8") as f:
        assert f.read() == "x" * 1000


def test_a_backup_holds_no_tokens(bridge, person):
    accepted(bridge, order(person()))
    bridge.wait_ledger(delivered=1)
    bridge.stop()
    with sqlite3.connect(bridge.path("leadbridge.db")) as db:
        db.execute("CREATE TABLE IF NOT EXISTS credential(id BLOB PRIMARY KEY,"
                   " token TEXT NOT NULL, at INTEGER NOT NULL) STRICT,"
                   " WITHOUT ROWID")
        for n in range(50):
            db.execute("INSERT INTO credential VALUES(?, ?, 1)",
                       (os.urandom(16), f"refresh-token-{n}" + "x" * 300))
    db.close()
    bridge.start()
    path = bridge.path("copy.db")
    assert bridge.ctl("backup", path).returncode == 0
    with open(path, "rb") as f:
        assert b"refresh-token" not in f.read()
    with open(bridge.path("leadbridge.db"), "rb") as f:
        assert b"refresh-token" in f.read()


def test_a_restored_backup_doubles_nothing_at_the_crm(bridge, crm, person):
    early, later = [person() for _ in range(5)], [person() for _ in range(5)]
    bridge.ctl("destination", "pause", "mega")
    posts = [order(p) for p in early]
    for post in posts:
        accepted(bridge, post)
    path = bridge.path("copy.db")
    assert bridge.ctl("backup", path).returncode == 0
    bridge.ctl("destination", "resume", "mega")
    posts += [order(p) for p in later]
    for post in posts[5:]:
        accepted(bridge, post)
    bridge.wait_ledger(delivered=10)
    bridge.stop()
    for tail in ("", "-wal", "-shm"):
        if os.path.exists(bridge.path("leadbridge.db" + tail)):
            os.unlink(bridge.path("leadbridge.db" + tail))
    os.rename(path, bridge.path("leadbridge.db"))
    bridge.start()
    bridge.wait_ledger(delivered=5)
    assert len(crm.leads) == 10
    assert len(crm.posts()) == 15
    # Their senders send the later ones again: the same keys.
    for post in posts[5:]:
        accepted(bridge, post)
    bridge.wait_ledger(delivered=10)
    assert len(crm.leads) == 10
    assert len({r.key for r in crm.posts()}) == 10
    balanced(bridge)
