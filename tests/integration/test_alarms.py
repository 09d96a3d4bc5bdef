# SPDX-License-Identifier: MIT
"""Alarms through the real daemon: raised and cleared once, logged, shown, sent.

What takes hours is tested with a moved clock, which needs a build with
LB_FAULTS (preset asan): the daemon maps a file of two numbers, which are added
to its clocks.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sqlite3
import ssl
import stat
import struct
import subprocess
import threading
import time

import pytest

from crm_sandbox import Sandbox
from support import daemon, senders, settings
from support.daemon import eventually

HOUR = 3600
DAY = 24 * HOUR


def has_faults():
    done = subprocess.run(
        [daemon.binary(), "--version"], text=True, capture_output=True,
        timeout=60, check=False, env={**os.environ,
                                      "LEADBRIDGE_FAULT": "list"})
    return "fault " in done.stdout


@pytest.fixture(scope="module")
def faults(binaries):  # pylint: disable=unused-argument
    if not has_faults():
        pytest.skip("built without LB_FAULTS")


class Clock:
    """Moves the clocks of a bridge; started before it."""

    def __init__(self, bridge):
        self.path = bridge.path("clock")
        self.wall = self.mono = 0
        self.write()
        bridge.environment["LEADBRIDGE_CLOCK_FILE"] = self.path

    def write(self):
        # In place: the daemon has mapped these very bytes.
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(fd, struct.pack("=qq", self.wall, self.mono), 0)
        os.close(fd)

    def pass_time(self, seconds):
        self.wall += seconds * 1000
        self.mono += seconds * 1000
        self.write()

    def jump(self, seconds):
        self.wall += seconds * 1000
        self.write()


class Pager:
    """A webhook for alarms, as Slack has one."""

    def __init__(self):
        self.heard = daemon.Heard()
        self.status = 200
        pager = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                size = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(size))
                status = pager.status
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                pager.heard.add((status, self.headers["Content-Type"], body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/T000/secret-path"

    def texts(self):
        return [body["text"] for status, _, body in self.heard.items
                if status == 200]

    def wait(self, *words, timeout=30):
        return self.heard.wait(
            lambda item: item[0] == 200 and all(
                word in json.dumps(item[2]) for word in words),
            timeout, f"a message with {words}")[2]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def pager():
    it = Pager()
    yield it
    it.close()


def webhook(pager, **more):
    return {"url": f"plain:{pager.url}", "allow_http": True,
            "allow_private": True, **more}


def raised(bridge):
    return {(a["name"], a["subject"]) for a in bridge.api("/alarms")["alarms"]}


def wait_raised(bridge, name, subject, timeout=30):
    eventually(lambda: (name, subject) in raised(bridge), timeout,
               f"alarm {name} {subject}", 0.1)
    return next(a for a in bridge.api("/alarms")["alarms"]
                if (a["name"], a["subject"]) == (name, subject))


def wait_cleared(bridge, name, subject, timeout=30):
    eventually(lambda: (name, subject) not in raised(bridge), timeout,
               f"the end of {name} {subject}", 0.1)
    return next(a for a in bridge.api("/alarms")["recent"]
                if (a["name"], a["subject"]) == (name, subject))


def order(person, **more):
    return senders.shopify_order(settings.SHOPIFY_SECRET, person, **more)


def looks(bridge, n=3):
    """Until it has looked so often: a line of the metrics log is later."""
    seen = len(bridge.metrics_lines())
    eventually(lambda: len(bridge.metrics_lines()) >= seen + n, 30,
               f"{n} looks", 0.1)


def said(bridge, event, name):
    return [line for line in bridge.log.items
            if event in line and f"alarm={name}" in line]


# ---- where they go -----------------------------------------------------------

def test_a_parked_destination_is_told_everywhere(
        make_bridge, crm, person, pager):
    bridge = make_bridge(crm, {"alarms": {"webhook": webhook(pager)}})
    crm.misbehave({"status": 401, "times": 0})
    bridge.start()
    assert bridge.ctl("alarms").returncode == 0
    since = bridge.notify.seen()
    bridge.post(order(person()))
    alarm = wait_raised(bridge, "destination_parked", "mega")
    assert alarm["severity"] == "critical"
    assert "http_401" in alarm["text"]
    assert set(alarm) == {"name", "subject", "severity", "since", "text"}
    message = pager.wait("destination_parked", "raised")
    assert set(message) == {"text"}
    assert pager.heard.items[0][1] == "application/json"
    assert bridge.metric("leadbridge_alarm", alarm="destination_parked",
                         subject="mega") == 1
    bridge.notify.wait("destination_parked mega", 10, since)
    eventually(lambda: [a["name"] for a in
                        bridge.metrics_lines()[-1]["alarms"]] ==
               ["destination_parked"], 10, "the metrics log", 0.1)
    listed = bridge.ctl("alarms")
    assert listed.returncode == 1
    assert "destination_parked mega" in listed.stdout
    crm.behave()
    done = wait_cleared(bridge, "destination_parked", "mega")
    assert done["cleared"] >= done["since"]
    pager.wait("destination_parked", "cleared")
    assert bridge.metric("leadbridge_alarm", alarm="destination_parked",
                         subject="mega") == 0
    assert bridge.ctl("alarms").returncode == 0
    assert "destination_parked" in bridge.ctl("alarms", "--recent").stdout
    assert len(said(bridge, "alarm_raised", "destination_parked")) == 1
    assert len(said(bridge, "alarm_cleared", "destination_parked")) == 1
    # Once when it came and once when it went.
    assert len([t for t in pager.texts() if "destination_parked" in t]) == 2
    assert pager.url not in "\n".join(bridge.log.items)


def test_json_for_programs(make_bridge, crm, person, pager):
    bridge = make_bridge(crm, {"alarms": {
        "webhook": webhook(pager, format="json")}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    message = pager.wait("dead_letters")
    assert (message["v"], message["from"]) == (1, "leadbridge")
    alarm, = message["alarms"]
    assert alarm["event"] == "raised"
    assert (alarm["name"], alarm["subject"]) == ("dead_letters", "shop")
    assert alarm["severity"] == "warning"


def test_a_muted_alarm_is_shown_and_not_sent(make_bridge, crm, person, pager):
    bridge = make_bridge(crm, {"alarms": {
        "webhook": webhook(pager), "mute": ["dead_letters"]}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    wait_raised(bridge, "dead_letters", "shop")
    crm.misbehave({"status": 401, "times": 0})
    bridge.post(order(person()))
    pager.wait("destination_parked")
    assert not [t for t in pager.texts() if "dead_letters" in t]


def test_a_webhook_that_is_away_is_tried_again_quietly(
        make_bridge, crm, person, pager):
    pager.status = 503
    bridge = make_bridge(crm, {"alarms": {"webhook": webhook(pager)}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    pager.heard.wait(lambda item: item[0] == 503, 20, "a try")
    pager.heard.wait(lambda item: item[0] == 503, 20, "another", 1)
    pager.status = 200
    pager.wait("dead_letters")
    bridge.log.wait(lambda line: "alarm_channel_ok" in line, 10, "a word")
    assert len([line for line in bridge.log.items
                if "alarm_channel_failed" in line]) == 1
    assert len(pager.texts()) == 1


def test_nobody_there_does_not_hold_up_the_end(make_bridge, crm, person):
    bridge = make_bridge(crm, {"alarms": {"webhook": {
        "url": "plain:http://127.0.0.1:9/nobody", "allow_http": True,
        "allow_private": True}}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    bridge.log.wait(lambda line: "alarm_channel_failed" in line, 20, "a word")
    bridge.stop(timeout=20)


def test_a_command_gets_a_mail(make_bridge, crm, person):
    bridge = make_bridge(crm)
    program, out = bridge.path("tell"), bridge.path("told")
    with open(program, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n(echo \"args $*\"; env; echo; cat; "
                f"echo ---) >> {out}\n")
    os.chmod(program, 0o700)
    bridge.write({"alarms": {"command": [program, "ops@example.com",
                                         "$(id) two  blanks"]}})
    bridge.environment["A_SECRET"] = "not-for-the-command"
    crm.misbehave({"status": 401, "times": 0})
    bridge.start()
    bridge.post(order(person()))

    def told():
        if not os.path.exists(out):
            return ""
        with open(out, encoding="utf-8") as f:
            return f.read()
    eventually(lambda: "---" in told(), 30, "the command", 0.1)
    text = told()
    assert "args ops@example.com $(id) two  blanks\n" in text
    assert "\nSubject: leadbridge on " in text
    assert "raised destination_parked mega\n\n" in text
    assert "not-for-the-command" not in text
    crm.behave()
    eventually(lambda: told().count("---") == 2, 30, "the second", 0.1)
    assert "cleared destination_parked mega" in told()


def test_a_command_that_hangs_is_no_harm(make_bridge, crm, person):
    bridge = make_bridge(crm)
    program = bridge.path("hang")
    with open(program, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nexec sleep 1000\n")
    os.chmod(program, 0o700)
    bridge.write({"alarms": {"command": [program]}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    wait_raised(bridge, "dead_letters", "shop")
    assert bridge.post(order(person())).status == 200
    bridge.stop(timeout=30)


def test_a_restart_does_not_tell_again(make_bridge, crm, person, pager):
    bridge = make_bridge(crm, {"alarms": {"webhook": webhook(pager)}})
    crm.misbehave({"status": 422, "times": 1})
    bridge.start()
    bridge.post(order(person()))
    first = wait_raised(bridge, "dead_letters", "shop")
    pager.wait("dead_letters")
    bridge.stop()
    bridge.start()
    assert wait_raised(bridge, "dead_letters", "shop") == first
    lead = bridge.api("/leads?state=dead")["leads"][0]["id"]
    assert bridge.ctl("leads", "retry", str(lead)).returncode == 0
    wait_cleared(bridge, "dead_letters", "shop")
    pager.wait("dead_letters", "cleared")
    assert len(pager.texts()) == 2


@pytest.mark.parametrize("alarms, line, text", [
    ({"mute": ["destination_parkt"]}, 3, "destination_parked"),
    ({"webhook": {"url": "plain:http://hooks.example.com/x"}}, 3, "https"),
    ({"webhook": {"url": "plain:hooks.example.com"}}, 3, "URL"),
    ({"command": ["sendmail"]}, 3, "whole path"),
    ({"command": ["/nowhere/sendmail"]}, 3, "cannot run"),
    ({"repeat": "often"}, 2, "repeat"),
], ids=["mute", "http", "no URL", "relative", "missing", "duration"])
def test_check_points_at_mistakes(make_bridge, crm, alarms, line, text):
    bridge = make_bridge(crm)
    with open(bridge.config, encoding="utf-8") as f:
        rest = f.read()
    bridge.write(text=settings.yaml({"alarms": alarms}) + rest)
    done = subprocess.run([daemon.binary(), "--config", bridge.config,
                           "--check"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    found = [at for at in done.stderr.splitlines()
             if f"leadbridge.yaml:{line}:" in at and text in at]
    assert found, done.stderr
    assert "hooks.example.com" not in done.stderr


# ---- each alarm ----------------------------------------------------------------

def test_quarantine(bridge, person):
    someone = person()
    lead = senders.signed_json(settings.PARTNER_SECRET,
                               {"id": "q-1", "answer": someone.email})
    assert bridge.post(lead).status == 200
    wait_raised(bridge, "quarantine", "partner")
    unit = bridge.api("/quarantine")["leads"][0]["id"]
    assert bridge.ctl("quarantine", "bury", str(unit)).returncode == 0
    wait_cleared(bridge, "quarantine", "partner")


def test_wrong_signatures(bridge, person):
    for _ in range(6):
        wrong = senders.shopify_order("another-secret", person())
        assert bridge.post(wrong).status == 401
    wait_raised(bridge, "bad_signatures", "shop")


def test_the_oldest_lead_that_waits(make_bridge, crm, person):
    bridge = make_bridge(crm, {"alarms": {"oldest_waiting": "1s"}})
    crm.misbehave({"status": 500, "times": 0})
    bridge.start()
    bridge.post(order(person()))
    wait_raised(bridge, "oldest_waiting", "mega")
    assert bridge.metric("leadbridge_oldest_waiting_seconds",
                         destination="mega") > 1
    crm.behave()
    wait_cleared(bridge, "oldest_waiting", "mega", 60)


def test_a_breaker_that_stays_open(make_bridge, crm, person):
    bridge = make_bridge(crm, {
        "alarms": {"breaker": "1s"},
        "destinations": {"mega": {"breaker": {
            "failures": 3, "open": "3s", "max_open": "3s"}}}})
    crm.misbehave({"status": 500, "times": 0})
    bridge.start()
    for _ in range(5):
        bridge.post(order(person()))
    wait_raised(bridge, "breaker_open", "mega")
    crm.behave()
    wait_cleared(bridge, "breaker_open", "mega", 60)


@pytest.fixture(name="small_disk")
def small_file_system(tmp_path):
    """A file system of 16 megabytes, where one may be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(path)],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("cannot mount here: " + done.stderr.strip())
    yield str(path)
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(folder, leave):
    """Takes all the room there is but for so many bytes."""
    with open(os.path.join(folder, "filler"), "ab", buffering=0) as f:
        room = os.statvfs(folder)
        f.write(b"x" * (room.f_bavail * room.f_frsize - leave))


def test_the_disk_runs_full(make_bridge, crm, small_disk):
    bridge = make_bridge(crm, {"store": {
        "path": f"{small_disk}/leadbridge.db", "reserve": "512KiB",
        "low_water": "256KiB"}}).start()
    looks(bridge)
    assert raised(bridge) == set()
    fill(small_disk, 1 << 20)
    wait_raised(bridge, "disk_low", "")
    assert ("store_full", "") not in raised(bridge)
    fill(small_disk, 100 << 10)
    alarm = wait_raised(bridge, "store_full", "")
    assert alarm["severity"] == "critical"
    os.unlink(os.path.join(small_disk, "filler"))
    wait_cleared(bridge, "store_full", "", 60)
    wait_cleared(bridge, "disk_low", "", 60)
    bridge.stop()


def test_a_ledger_that_does_not_balance(make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)

    def spoil(by):
        bridge.stop()
        with sqlite3.connect(bridge.path("leadbridge.db")) as db:
            db.execute("UPDATE ledger SET n = n + ? WHERE field = 7", (by,))
        db.close()
        bridge.start()
    spoil(1)
    assert bridge.ctl("ledger").returncode == 1
    wait_raised(bridge, "ledger_difference", "")
    spoil(-1)
    looks(bridge)  # nothing was counted yet: who knows
    assert ("ledger_difference", "") in raised(bridge)
    assert bridge.ctl("ledger").returncode == 0
    wait_cleared(bridge, "ledger_difference", "")


def test_a_store_that_fails_has_last_words(make_bridge, crm, person, pager):
    """A file-size limit makes writing fail as a broken disk does."""
    bridge = make_bridge(crm, {
        "log": {"level": "info"}, "metrics": {"interval": "1h"},
        "alarms": {"webhook": webhook(pager)}})
    bridge.wrapper = ["sh", "-c", 'ulimit -f 6000; exec "$@"', "sh"]
    bridge.start()
    for _ in range(4000):
        try:
            if bridge.post(senders.form(settings.FORM_TOKEN, person(),
                                        message="x" * 8000)).status != 200:
                break
        except OSError:
            break
    assert bridge.wait_exit() == 3
    pager.wait("store_failed", "raised")
    bridge.wrapper = []
    bridge.start()
    wait_cleared(bridge, "store_failed", "")
    pager.wait("store_failed", "cleared")


def token_that_ends(days):
    claims = json.dumps({"exp": int(time.time()) + days * DAY}).encode()
    part = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{part}.c2lnbmF0dXJl"


def test_a_token_that_ends_soon(make_bridge, person):
    with Sandbox(token=token_that_ends(3)) as crm:
        bridge = make_bridge(crm).start()
        bridge.post(order(person()))
        crm.wait_leads(1)
        wait_raised(bridge, "token_expires", "mega")
        bridge.secret("crm-token", token_that_ends(90))
        bridge.reload()
        wait_cleared(bridge, "token_expires", "mega")
        bridge.stop()


def certificate(folder, days):
    """A certificate that ends so soon, and its key."""
    paths = [os.path.join(folder, "tls.pem"), os.path.join(folder, "tls.key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj",
         "/CN=localhost", "-out", paths[0], "-keyout", paths[1]],
        check=True, capture_output=True, timeout=60)
    os.chmod(paths[1], stat.S_IRUSR)
    return paths


def test_a_certificate_that_ends_soon(make_bridge, crm):
    bridge = make_bridge(crm)
    pem, key = certificate(bridge.folder, 3)
    bridge.write({"listen": [{"address": "127.0.0.1:0", "tls": {
        "certificate": pem, "key": f"file:{key}"}}]})
    bridge.start()
    alarm = wait_raised(bridge, "certificate_expires", "127.0.0.1:0")
    assert alarm["severity"] == "warning"
    ssl.create_default_context(cafile=pem)  # it is one
    os.unlink(key)
    certificate(bridge.folder, 90)
    bridge.reload()
    wait_cleared(bridge, "certificate_expires", "127.0.0.1:0")


# ---- silence, for real -----------------------------------------------------------

def test_silence_of_seconds(make_bridge, crm, person, pager):
    bridge = make_bridge(crm, {
        "alarms": {"webhook": webhook(pager)},
        "sources": {"shop": {"expect": "1 per 2s"}}}).start()
    wait_raised(bridge, "source_silent", "shop")
    pager.wait("source_silent", "raised")
    bridge.post(order(person()))
    wait_cleared(bridge, "source_silent", "shop")
    pager.wait("source_silent", "cleared")


# ---- a moved clock ----------------------------------------------------------------

def test_silence_of_hours(faults, make_bridge, crm, person, pager):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm, {
        "alarms": {"webhook": webhook(pager), "repeat": "0s"},
        "sources": {"shop": {"expect": "1 per 6h"}}})
    clock = Clock(bridge)
    bridge.start()
    assert bridge.post(order(person())).status == 200
    looks(bridge)
    clock.pass_time(4 * HOUR)
    looks(bridge)
    bridge.stop()
    clock.pass_time(20 * HOUR)  # the daemon was down: nobody could speak
    bridge.start()
    looks(bridge)
    clock.pass_time(HOUR + 1800)
    looks(bridge)
    assert raised(bridge) == set()
    clock.pass_time(1800)
    alarm = wait_raised(bridge, "source_silent", "shop")
    assert "1 per 6h" in alarm["text"]
    bridge.stop()
    bridge.start()
    assert wait_raised(bridge, "source_silent", "shop")["since"] == \
        alarm["since"]
    assert bridge.post(order(person())).status == 200
    wait_cleared(bridge, "source_silent", "shop")
    pager.wait("source_silent", "cleared")
    assert len([t for t in pager.texts() if "source_silent" in t]) == 2


def test_a_kill_in_the_middle_of_silence_keeps_it(
        faults, make_bridge, crm):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm, {"sources": {"shop": {"expect": "1 per 6h"}}})
    clock = Clock(bridge)
    bridge.start()
    looks(bridge)
    clock.pass_time(5 * HOUR)

    def remembered():
        path = bridge.path("leadbridge.db.alarms")
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as f:
            shop = json.load(f)["sources"]["shop"]
        return shop["counted_ms"] >= 5 * HOUR * 1000
    eventually(remembered, 20, "the memory", 0.1)
    bridge.kill()
    bridge.start()
    looks(bridge)
    clock.pass_time(HOUR)
    wait_raised(bridge, "source_silent", "shop")


def test_a_restart_keeps_when_a_source_spoke(bridge, person):
    assert bridge.post(order(person())).status == 200

    def last():
        return next(s["last_event"] for s in bridge.api("/sources")["sources"]
                    if s["name"] == "shop")
    looks(bridge)
    spoke = last()
    assert spoke
    bridge.stop()
    bridge.start()
    assert last() == spoke


def test_a_clock_that_jumps(faults, bridge_with_clock):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge, clock = bridge_with_clock
    looks(bridge)
    clock.jump(HOUR)
    alarm = wait_raised(bridge, "clock_jump", "")
    assert "forward" in alarm["text"]
    looks(bridge)
    clock.pass_time(11 * 60)
    wait_cleared(bridge, "clock_jump", "")


@pytest.fixture
def bridge_with_clock(make_bridge, crm):
    bridge = make_bridge(crm)
    clock = Clock(bridge)
    return bridge.start(), clock


def test_stale_signatures(faults, make_bridge, crm, person):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm, {"sources": {"partner": {"scheme": {
        "signed": "{timestamp}.{body}", "timestamp_header": "X-Timestamp",
        "tolerance": "5m"}}}})
    clock = Clock(bridge)
    bridge.start()

    def send():
        lead = senders.partner_lead(settings.PARTNER_SECRET, person())
        now = str(int(time.time()))
        mac = hmac.new(settings.PARTNER_SECRET.encode(),
                       now.encode() + b"." + lead.body, hashlib.sha256)
        lead.headers.update({"X-Timestamp": now,
                             "X-Signature": "sha256=" + mac.hexdigest()})
        return bridge.post(lead).status
    assert send() == 200
    clock.jump(HOUR)
    assert [send() for _ in range(4)] == [401] * 4
    wait_raised(bridge, "clock_skew", "partner")
    clock.jump(-HOUR)
    assert [send() for _ in range(6)] == [200] * 6
    wait_raised(bridge, "clock_jump", "")
    clock.mono += 20 * 60 * 1000  # past the minutes that are looked at
    clock.write()
    wait_cleared(bridge, "clock_skew", "partner", 60)


def test_wrong_signatures_end_with_right_ones(faults, make_bridge, crm,
                                              person):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm)
    clock = Clock(bridge)
    bridge.start()
    for _ in range(6):
        bridge.post(senders.shopify_order("another-secret", person()))
    wait_raised(bridge, "bad_signatures", "shop")
    clock.pass_time(2 * HOUR)
    looks(bridge)
    clock.pass_time(120)
    wait_cleared(bridge, "bad_signatures", "shop")


def test_an_old_secret_may_go(faults, make_bridge, crm, person):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm)
    bridge.secret("shopify-new", "brand-new-secret")
    bridge.write({"sources": {"shop": {"secret": [
        f"file:{bridge.folder}/secrets/shopify",
        f"file:{bridge.folder}/secrets/shopify-new"]}}})
    clock = Clock(bridge)
    bridge.start()
    assert bridge.post(order(person())).status == 200
    clock.pass_time(4 * DAY)
    assert bridge.post(senders.shopify_order("brand-new-secret",
                                             person())).status == 200
    looks(bridge)
    clock.pass_time(4 * DAY)
    alarm = wait_raised(bridge, "old_secret", "shop")
    assert alarm["severity"] == "info"
    assert "secret 1 of 2" in alarm["text"]
    bridge.write({"sources": {"shop": {
        "secret": f"file:{bridge.folder}/secrets/shopify-new"}}})
    bridge.reload()
    wait_cleared(bridge, "old_secret", "shop")


def test_a_budget_that_burns(faults, make_bridge, crm, person):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm, {
        "destinations": {"mega": {"slo": "1s", "retry": ["3s"]}}})
    clock = Clock(bridge)
    crm.misbehave({"status": 500, "times": 6})
    bridge.start()
    for _ in range(6):
        bridge.post(order(person()))
    bridge.wait_ledger(delivered=6, timeout=60)
    wait_raised(bridge, "slo_burn_fast", "mega")
    assert bridge.metric("leadbridge_slo_leads_total", destination="mega",
                         within="false") == 6
    line = bridge.metrics_lines()[-1]["destinations"]["mega"]
    assert line["beyond_slo"] == 6 and line["slo_burn_5m"] > 14.4
    clock.pass_time(6 * 60)
    looks(bridge)
    clock.pass_time(2 * 60)
    wait_cleared(bridge, "slo_burn_fast", "mega")


def test_a_lead_that_grew_too_old(faults, make_bridge, crm, person):
    # pylint: disable=unused-argument,redefined-outer-name
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "max_age": "1m", "breaker": {"failures": 1000}}}})
    clock = Clock(bridge)
    crm.misbehave({"status": 500, "times": 0})
    bridge.start()
    bridge.post(order(person()))
    crm.wait_posts(2)
    clock.pass_time(90)
    alarm = wait_raised(bridge, "destination_trouble", "mega")
    assert "too old" in alarm["text"]
    wait_raised(bridge, "dead_letters", "shop")
    clock.pass_time(11 * 60)
    wait_cleared(bridge, "destination_trouble", "mega")


def test_a_server_whose_certificate_ends(faults, make_bridge, person):
    # pylint: disable=unused-argument,redefined-outer-name
    with Sandbox(tls=True) as crm:
        shown = subprocess.run(
            ["openssl", "x509", "-in", crm.certificate, "-noout", "-enddate"],
            capture_output=True, text=True, check=True, timeout=60).stdout
        ends = ssl.cert_time_to_seconds(shown.strip().split("=")[1])
        bridge = make_bridge(crm)
        clock = Clock(bridge)
        bridge.start()
        bridge.post(order(person()))
        bridge.wait_ledger(delivered=1)
        looks(bridge)
        assert raised(bridge) == set()
        clock.jump(int(ends - time.time()) - 12 * HOUR)
        alarm = wait_raised(bridge, "certificate_expires", "mega")
        assert "server of destination 'mega'" in alarm["text"]
        clock.jump(-3 * DAY)
        wait_cleared(bridge, "certificate_expires", "mega")
        bridge.stop()


# ---- speed to lead ------------------------------------------------------------------

def test_speed_to_lead_per_source_and_destination(bridge, crm, person):
    bridge.post(order(person()))
    crm.wait_leads(1)
    bridge.wait_ledger(delivered=1)
    for family, label, name in (("source", "source", "shop"),
                                ("destination", "destination", "mega")):
        for since in ("receipt", "event"):
            labels = {label: name, "since": since}
            metric = f"leadbridge_{family}_lead_age_seconds"
            assert bridge.metric(metric + "_count", **labels) == 1
            assert bridge.metric(metric + "_bucket", le="+Inf", **labels) == 1
    assert bridge.metric("leadbridge_slo_leads_total", destination="mega",
                         within="true") == 1
    looks(bridge, 1)
    assert "lead_age_s" in bridge.metrics_lines()[-1]["sources"]["shop"]
    line = bridge.metrics_lines()[-1]["destinations"]["mega"]
    assert line["slo_s"] == 60 and line["within_slo"] == 1
    assert "event_age_s" in line
