# SPDX-License-Identifier: MIT
"""leadbridgectl leads add: a lead typed in, once."""

import json
import socket
import subprocess
import uuid

import pytest

from support import daemon, senders
from support.daemon import eventually


def add(bridge, *arguments):
    return bridge.ctl("leads", "add", *arguments)


def shown(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_lead_typed_in_is_delivered_like_any_other(bridge, crm, person):
    someone = person()
    number = str(uuid.uuid4())
    answer = shown(add(
        bridge, "--name", someone.name, "--phone", "(502) 555-0143",
        "--country", "US", "--email", f" {someone.email.upper()} ",
        "--field", "project=Kitchen = big", "--field", "Met At=Fair",
        "--stage", "new", "--id", number, "--json"))
    assert answer["status"] == "accepted"
    bridge.wait_ledger(accepted=1, delivered=1)
    sent, = crm.posts()
    assert sent.key == answer["key"] == senders.lead_key("manual", number)
    body = json.loads(sent.body)
    assert body["contact_name"] == someone.name
    assert body["contact_phone"] == "+15025550143"
    assert body["contact_email"] == someone.email
    assert (body["source_platform"], body["source_type"]) == (
        "direct", "manual")
    assert body["stage_slug"] == "new"
    assert body["custom_fields"]["project"] == "Kitchen = big"
    assert body["custom_fields"]["met_at"] == "Fair"
    row, = bridge.api("/leads")["leads"]
    assert (row["id"], row["source"]) == (answer["id"], "manual")
    assert bridge.ctl("ledger").returncode == 0
    ledger = bridge.ledger(scan=True)
    assert ledger["sources"]["manual"]["delivered"] == 1


def test_the_same_id_adds_once(bridge, crm, person):
    someone, number = person(), str(uuid.uuid4())
    arguments = ("--name", someone.name, "--id", number)
    assert "waiting for mega" in add(bridge, *arguments).stdout
    again = add(bridge, *arguments)
    assert again.returncode == 0 and "already there" in again.stdout
    answer = shown(add(bridge, *arguments, "--json"))
    assert (answer["status"], answer["id"]) == ("duplicate", None)
    bridge.wait_ledger(accepted=1, delivered=1, duplicates=2)
    assert len(crm.leads) == 1
    # Without --id each call is a lead of its own.
    for _ in range(2):
        assert add(bridge, "--email", someone.email).returncode == 0
    bridge.wait_ledger(accepted=3, delivered=3)


def test_platform_and_destination_are_chosen(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.write({"destinations": {
        "other": bridge.settings["destinations"]["mega"]}})
    bridge.start()
    someone = person()
    done = add(bridge, "--name", someone.name)
    assert done.returncode == 1 and "2 destinations" in done.stderr
    answer = shown(add(bridge, "--name", someone.name, "--destination",
                       "other", "--platform", "referral", "--json"))
    assert answer["destination"] == "other"
    bridge.wait_ledger(delivered=1)
    assert crm.leads[0]["source_platform"] == "referral"


@pytest.mark.parametrize("arguments, status, problem", [
    ((), 2, "--name"),
    (("--name", "A", "--field", "novalue"), 2, "slug=text"),
    (("--name", "A", "--field", "=v"), 2, "slug=text"),
    (("--name", "A", "--field"), 2, "no value"),
    (("--name", "A", "now"), 2, "usage"),
    (("--name", " "), 1, "no name, phone or e-mail"),
    (("--name", "A", "--id", "x"), 1, "UUID"),
    (("--name", "A", "--destination", "nowhere"), 1, "'nowhere'"),
    (("--name", "A", "--platform", "myspace"), 1, "'myspace'"),
    (("--name", "A", "--country", "ZZ"), 1, "'ZZ'"),
], ids=str)
def test_what_is_no_lead_is_refused(bridge, arguments, status, problem):
    done = add(bridge, *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert problem in done.stderr
    assert bridge.ledger(scan=True)["accepted"] == 0


def test_it_is_on_disk_before_it_is_said(make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.start()
    assert bridge.ctl("destination", "pause", "mega").returncode == 0
    eventually(lambda: bridge.api("/destinations")["destinations"][0][
        "condition"] == "paused", 10, "the pause")
    assert add(bridge, "--name", person().name).returncode == 0
    bridge.kill()
    bridge.start()
    bridge.wait_ledger(accepted=1, delivered=1)


def test_a_body_that_is_no_json_object_is_422(bridge):
    for body in (b"name=A", b"[]", b"", b"{}"):
        status, answer = post(bridge, body)
        assert status == 422 and b"error" in answer, body
    assert bridge.ledger(scan=True)["accepted"] == 0


def post(bridge, body):
    """POST /api/v1/leads over the admin socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(bridge.path("admin.sock"))
        sock.sendall(b"POST /api/v1/leads HTTP/1.1\r\nHost: admin\r\n"
                     b"X-Leadbridge: 1\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


def test_no_daemon_is_3_and_says_how_to_repeat_it(tmp_path):
    done = subprocess.run(
        [daemon.binary("leadbridgectl"), "--socket",
         str(tmp_path / "none.sock"), "leads", "add", "--name", "A"],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3 and "--id " in done.stderr
