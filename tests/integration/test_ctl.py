# SPDX-License-Identifier: MIT
"""leadbridgectl: every command, its exit status, and --json everywhere."""

import json
import socket
import subprocess
import threading
import uuid

import pytest

from support import daemon, senders, settings
from support.daemon import eventually


def ctl(*arguments, env=None):
    return subprocess.run([daemon.binary("leadbridgectl"), *arguments],
                          capture_output=True, text=True, timeout=60,
                          check=False, env=env)


def order(person):
    return senders.shopify_order(settings.SHOPIFY_SECRET, person)


def stray(bridge, person, location="another-location"):
    """Authentic, but for an account that is not ours: quarantined."""
    return senders.ghl_contact(bridge.ghl_key, person, location=location)


def value(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- usage ---------------------------------------------------------------------

def test_help_and_version():
    assert ctl("--version").stdout.startswith("leadbridgectl ")
    shown = ctl("--help")
    assert shown.returncode == 0
    for command in ("status", "ledger", "leads", "quarantine", "destination",
                    "reload", "check"):
        assert command in shown.stdout
        one = ctl(command, "--help")
        assert (one.returncode, one.stderr) == (0, "")
        assert command in one.stdout


@pytest.mark.parametrize("arguments", [
    (), ("dance",), ("leads",), ("leads", "shout"), ("leads", "show"),
    ("leads", "show", "../x"), ("status", "now"), ("ledger", "x"),
    ("destination", "pause"), ("quarantine", "replay"), ("--colour",),
    ("--socket",), ("leads", "list", "--state"),
], ids=" ".join)
def test_wrong_usage_is_2(arguments):
    done = ctl(*arguments)
    assert done.returncode == 2
    assert done.stderr and not done.stdout


@pytest.mark.parametrize("command", [
    ("status",), ("ledger",), ("leads", "list"), ("reload",),
    ("destination", "list"), ("quarantine", "list"), ("source", "list"),
], ids=" ".join)
def test_no_daemon_is_3(tmp_path, command):
    done = ctl("--socket", str(tmp_path / "none.sock"), *command)
    assert done.returncode == 3
    assert done.stderr


def test_finds_the_daemon_by_each_way(bridge):
    assert ctl("--config", bridge.config, "status").returncode == 0
    assert ctl("status", env={
        "LEADBRIDGE_SOCKET": bridge.path("admin.sock")}).returncode == 0
    assert ctl("--socket", bridge.path("admin.sock"),
               "status").returncode == 0


def test_talks_to_the_tcp_listener_with_a_token_file(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("admin", "admin-token-0123456789")
    token = f"{bridge.folder}/secrets/admin"
    bridge.write({"admin": {"listen": ["127.0.0.1:0"],
                            "token": f"file:{token}"}})
    bridge.start()
    line = bridge.log.wait(lambda v: "admin_listening" in v, 10, "it")
    url = "http://" + line.rpartition("address=")[2]
    assert ctl("--url", url, "--token-file", token, "status").returncode == 0
    assert ctl("--url", url, "--token-file", token,
               "destination", "pause", "mega").returncode == 0
    assert ctl("--url", url, "status").returncode == 1


def test_finds_the_socket_without_the_right_to_read_secrets(bridge):
    """An operator of the group: the daemon runs, the file has become wrong."""
    bridge.write({"sources": {"shop": {"secret": "credential:not-mine"},
                              "new": {"platform": "shoppify"}}})
    assert ctl("check", bridge.config).returncode == 1
    shown = ctl("--config", bridge.config, "status")
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_url_may_end_in_a_slash(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("admin", "admin-token-0123456789")
    token = f"{bridge.folder}/secrets/admin"
    bridge.write({"admin": {"listen": ["127.0.0.1:0"],
                            "token": f"file:{token}"}})
    bridge.start()
    line = bridge.log.wait(lambda v: "admin_listening" in v, 10, "it")
    url = "http://" + line.rpartition("address=")[2] + "/"
    assert ctl("--url", url, "--token-file", token, "status").returncode == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_something_else_at_the_url_is_no_crash(body):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            link, _ = server.accept()
            with link:
                link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"
                             b"Connection: close\r\n\r\n%b" %
                             (len(body), body))
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        done = ctl("--url", f"http://127.0.0.1:{server.getsockname()[1]}",
                   "status")
        thread.join(10)
    assert done.returncode == 3
    assert "not JSON" in done.stderr


@pytest.mark.parametrize("arguments", [
    ("--limit", "x"), ("--limit", "0"), ("--limit", "501"),
    ("--cursor", "x"), ("--cursor", "99999999999999999999"),
], ids=" ".join)
def test_a_page_that_cannot_be_is_wrong_usage(bridge, arguments):
    done = bridge.ctl("leads", "list", *arguments)
    assert done.returncode == 2
    assert "limit" in done.stderr and not done.stdout


# ---- looking -------------------------------------------------------------------

def test_status(bridge, crm, person):
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)
    shown = bridge.ctl("status")
    assert shown.returncode == 0
    assert "1 delivered" in shown.stdout and "mega" in shown.stdout
    answer = value(bridge.ctl("status", "--json"))
    assert answer["ledger"]["delivered"] == 1
    assert answer["ready"] is True


def test_ledger_scans_and_balances(bridge, crm, person):
    bridge.post(order(person()))
    bridge.post(stray(bridge, person()))
    bridge.wait_ledger(delivered=1, quarantined=1)
    shown = bridge.ctl("ledger")
    assert shown.returncode == 0
    assert "balances" in shown.stdout
    answer = value(bridge.ctl("ledger", "--json"))
    assert (answer["accepted"], answer["difference"]) == (2, 0)
    assert answer["sources"]["shop"]["delivered"] == 1
    assert answer["sources"]["agency"]["quarantined"] == 1


def test_leads_are_listed_newest_first_and_filtered(bridge, crm, person):
    for _ in range(3):
        bridge.post(order(person()))
    bridge.post(senders.form(settings.FORM_TOKEN, person()))
    bridge.wait_ledger(delivered=4)
    rows = value(bridge.ctl("leads", "list", "--json"))["leads"]
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids, reverse=True) and len(ids) == 4
    assert all(row["state"] == "delivered" and row["crm_id"]
               for row in rows)
    shop = value(bridge.ctl("leads", "list", "--source", "shop", "--json"))
    assert len(shop["leads"]) == 3
    page = value(bridge.ctl("leads", "list", "--limit", "3", "--json"))
    assert len(page["leads"]) == 3
    rest = value(bridge.ctl("leads", "list", "--limit", "3", "--cursor",
                            str(page["next_cursor"]), "--json"))
    assert [row["id"] for row in rest["leads"]] == ids[3:]
    assert value(bridge.ctl("leads", "list", "--state", "dead",
                            "--json"))["leads"] == []
    table = bridge.ctl("leads", "list")
    assert table.returncode == 0 and str(ids[0]) in table.stdout


def test_a_list_holds_no_personal_data(bridge, crm, person):
    someone = person()
    bridge.post(order(someone))
    bridge.wait_ledger(delivered=1)
    for arguments in (("leads", "list"), ("leads", "list", "--json"),
                      ("status",), ("ledger",)):
        shown = bridge.ctl(*arguments).stdout
        assert not any(t in shown for t in someone.traces()), arguments


def test_a_lead_is_shown_whole(bridge, crm, person):
    someone = person()
    crm.misbehave({"status": 500})
    bridge.post(order(someone))
    bridge.wait_ledger(delivered=1)
    row, = value(bridge.ctl("leads", "list", "--json"))["leads"]
    lead = value(bridge.ctl("leads", "show", str(row["id"]), "--reveal",
                            "--json"))
    sent = crm.posts()[-1]
    assert lead["key"] == sent.key
    assert lead["body"] == sent.body.decode()
    assert lead["crm_id"] == crm.leads[0]["id"]
    assert someone.email in lead["request"]["body"]
    assert bridge.ctl("leads", "show", str(row["id"])).returncode == 0


@pytest.mark.parametrize("command", [
    ("leads", "show", "999999"), ("leads", "retry", "999999"),
    ("leads", "show", "abc"), ("quarantine", "show", "999999"),
    ("quarantine", "bury", "999999"), ("quarantine", "replay", "999999"),
    ("destination", "pause", "nowhere"),
    ("destination", "resume", "nowhere"),
], ids=" ".join)
def test_what_is_not_there_is_1(bridge, command):
    done = bridge.ctl(*command)
    assert done.returncode == 1
    assert done.stderr


def test_a_delivered_lead_cannot_be_retried(bridge, crm, person):
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)
    row, = bridge.api("/leads")["leads"]
    assert bridge.ctl("leads", "retry", str(row["id"])).returncode == 1
    bridge.wait_ledger(delivered=1)


# ---- quarantine ----------------------------------------------------------------

def test_a_quarantined_request_is_listed_and_shown(bridge, crm, person):
    someone = person()
    assert bridge.post(stray(bridge, someone)).status == 200
    row, = value(bridge.ctl("quarantine", "list", "--json"))["leads"]
    assert row["state"] == "quarantined" and row["reason"]
    shown = value(bridge.ctl("quarantine", "show", str(row["id"]),
                             "--reveal", "--json"))
    assert someone.email in shown["request"]["body"]
    shown = bridge.ctl("quarantine", "show", str(row["id"])).stdout
    assert not any(t in shown for t in someone.traces())


def test_replay_maps_with_the_configuration_in_force(bridge, crm, person):
    someone = person()
    bridge.post(stray(bridge, someone, location="new-location-9"))
    bridge.wait_ledger(quarantined=1)
    row, = bridge.api("/quarantine")["leads"]
    bridge.ctl("quarantine", "replay", str(row["id"]))
    bridge.wait_ledger(accepted=1, quarantined=1, delivered=0)
    bridge.write({"sources": {"agency": {"account": [
        senders.LOCATION, "new-location-9"]}}})
    bridge.reload()
    row, = bridge.api("/quarantine")["leads"]
    done = bridge.ctl("quarantine", "replay", str(row["id"]))
    assert done.returncode == 0, done.stderr
    bridge.wait_ledger(accepted=1, quarantined=0, delivered=1)
    assert crm.leads[0]["contact_email"] == someone.email
    assert bridge.ctl("ledger").returncode == 0
    assert bridge.ctl("quarantine", "replay",
                      str(row["id"])).returncode == 1


def test_a_replayed_event_stays_a_duplicate(bridge, crm, person):
    post = stray(bridge, person())
    bridge.post(post)
    bridge.wait_ledger(quarantined=1)
    assert json.loads(bridge.post(post).body) == {"status": "duplicate"}
    bridge.write({"sources": {"agency": {"account": "another-location"}}})
    bridge.reload()
    row, = bridge.api("/quarantine")["leads"]
    assert bridge.ctl("quarantine", "replay",
                      str(row["id"])).returncode == 0
    bridge.wait_ledger(delivered=1)
    assert json.loads(bridge.post(post).body) == {"status": "duplicate"}
    assert len(crm.leads) == 1


def test_bury_counts_it_as_ignored(bridge, crm, person):
    bridge.post(stray(bridge, person()))
    row, = bridge.api("/quarantine")["leads"]
    assert bridge.ctl("quarantine", "bury", str(row["id"])).returncode == 0
    bridge.wait_ledger(accepted=1, quarantined=0, ignored=1)
    assert bridge.ctl("quarantine", "bury", str(row["id"])).returncode == 1
    assert bridge.ctl("ledger").returncode == 0


# ---- sources -------------------------------------------------------------------

def test_a_source_list_says_what_to_paste_and_what_came(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.secret("partner-next", "the-secret-of-tomorrow")
    bridge.write({
        "public_url": "https://hooks.example.com/",
        "sources": {"partner": {"secret": [
            f"file:{bridge.folder}/secrets/partner-next",
            f"file:{bridge.folder}/secrets/partner"]}}})
    bridge.start()
    rows = {s["name"]: s for s in value(
        bridge.ctl("source", "list", "--json"))["sources"]}
    assert rows["shop"]["last_event"] is None
    assert rows["shop"]["last_event_s"] is None
    assert rows["shop"]["last_secret"] is None
    post = senders.partner_lead(settings.PARTNER_SECRET, person())
    for _ in range(2):
        assert bridge.post(post).status == 200
    assert bridge.post(post.tampered()).status == 401
    rows = {s["name"]: s for s in value(
        bridge.ctl("source", "list", "--json"))["sources"]}
    partner = rows["partner"]
    assert partner["url"] == "https://hooks.example.com/in/partner"
    assert rows["quote-form"]["url"] == (
        "https://hooks.example.com/in/quote-form/TOKEN")
    assert (partner["accepted"], partner["duplicates"],
            partner["rejected"]) == (1, 1, 1)
    assert (partner["last_secret"], partner["secrets"]) == (2, 2)
    assert 0 <= partner["last_event_s"] < 60 and partner["last_event"]
    shown = bridge.ctl("source", "list")
    assert shown.returncode == 0
    line = next(v for v in shown.stdout.splitlines()
                if v.startswith("partner "))
    assert "2/2" in line and partner["url"] in line
    for text in (shown.stdout, json.dumps(rows)):
        assert not any(secret in text for secret in settings.SECRETS)


def test_a_source_list_without_a_public_url_gives_the_path(bridge):
    rows = value(bridge.ctl("source", "list", "--json"))["sources"]
    assert {s["url"] for s in rows} >= {"/in/shop", "/in/workflow/TOKEN"}


# ---- destinations, reload, check -------------------------------------------------

def test_pause_holds_leads_back_and_resume_sends_them(
        bridge, crm, person):
    assert bridge.ctl("destination", "pause", "mega").returncode == 0
    eventually(lambda: value(bridge.ctl("destination", "list", "--json"))[
        "destinations"][0]["condition"] == "paused", 10, "the pause")
    assert bridge.post(order(person())).status == 200
    ledger = bridge.ledger()
    assert (ledger["delivered"], ledger["waiting"] + ledger["parked"]) == (
        0, 1)
    assert not crm.requests
    assert bridge.ctl("destination", "resume", "mega").returncode == 0
    bridge.wait_ledger(delivered=1)
    assert "mega" in bridge.ctl("destination", "list").stdout


def test_reload_by_command(bridge, crm):
    assert bridge.ctl("reload").returncode == 0
    assert bridge.ctl("reload", "--json").returncode == 0


def test_check_works_without_a_daemon(make_bridge, crm, tmp_path):
    bridge = make_bridge(crm)
    assert ctl("check", bridge.config).returncode == 0
    answer = value(ctl("check", bridge.config, "--json"))
    assert answer["ok"] is True
    bad = tmp_path / "bad.yaml"
    bad.write_text("listen:\n  - adress: 127.0.0.1:0\n")
    done = ctl("check", str(bad), "--json")
    assert done.returncode == 1
    problem = next(p for p in json.loads(done.stdout)["problems"]
                   if not p["warning"])
    assert (problem["file"], problem["line"]) == (str(bad), 2)
    assert "address" in problem["text"]
    assert ctl("check", str(bad)).returncode == 1


def test_every_json_answer_is_json(bridge, crm, person):
    bridge.post(senders.ghl_contact(bridge.ghl_key, person(),
                                    event=str(uuid.uuid4())))
    bridge.wait_ledger(delivered=1)
    for command in (("status",), ("ledger",), ("leads", "list"),
                    ("quarantine", "list"), ("destination", "list"),
                    ("source", "list"),
                    ("destination", "pause", "mega"),
                    ("destination", "resume", "mega"), ("reload",)):
        value(bridge.ctl(*command, "--json"))
