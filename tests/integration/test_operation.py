# SPDX-License-Identifier: MIT
"""Running it: check, reload, drain, notify, metrics log, health, hygiene."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from crm_sandbox import Sandbox
from support import daemon, people, senders, settings, wire
from support.daemon import eventually

LEDGER = ["accepted", "delivered", "waiting", "parked", "fetching", "dead",
          "quarantined", "ignored", "erased", "duplicates"]


def order(person, **more):
    return senders.shopify_order(settings.SHOPIFY_SECRET, person, **more)


def run(*arguments):
    return subprocess.run([daemon.binary(), *arguments], text=True,
                          capture_output=True, timeout=60, check=False)


# ---- the command line --------------------------------------------------------

def test_version_and_help():
    assert re.match(r"leadbridged \d+\.\d+\.\d+", run("--version").stdout)
    shown = run("--help")
    assert shown.returncode == 0
    for option in ("--config", "--check", "--print-config"):
        assert option in shown.stdout


def test_wrong_usage_is_2():
    done = run("--chekc")
    assert done.returncode == 2
    assert "--chekc" in done.stderr


def test_a_missing_file_is_named(tmp_path):
    path = str(tmp_path / "none.yaml")
    done = run("--config", path, "--check")
    assert done.returncode == 1
    assert path in done.stderr


def check(bridge):
    return run("--config", bridge.config, "--check")


def test_check_accepts_the_standard_settings(make_bridge, crm):
    done = check(make_bridge(crm))
    assert (done.returncode, done.stderr) == (0, "")


# line of the mistake: a piece of the text, what the message must contain
MISTAKES = """\
listen:
  - address: 127.0.0.1:0
    colour: red
limits:
  body: 1MB5
  heder_timeout: 10s
  first_byte_timeout: soon
admin:
  listen: unix:{folder}/admin.sock
store:
  backend: oracle
  path: {folder}/leadbridge.db
metrics: {{log: stdout, interval: -3s}}
destinatons: {{}}
destinations:
  mega:
    url: ftp://crm.example.com/leads
    customer_id: not-a-uuid
    token: file:{folder}/secrets/none
    rate: 60 per minute
    outcome: {{422: perhaps}}
sources:
  Shop:
    platform: shopify
    secret: plain:abc
    destination: mega
  shop:
    platform: shopfy
    secret: plain:abc
    destination: mega
  quiet:
    platform: shopify
    destination: mega
  form:
    platform: form
    token: plain:abcdefghijklmnop
    destination: maga
    form: 1
    form: 2
"""
EXPECTED = [
    (3, "colour"), (5, "1MB5"), (6, "header_timeout"), (7, "soon"),
    (11, "sqlite"), (13, "interval"), (14, "destinations"), (17, "ftp"),
    (18, "customer_id"), (19, "none"), (20, "60 per minute"),
    (21, "perhaps"), (23, "Shop"), (28, "shopify"), (31, "quiet"),
    (37, "mega"), (39, "form"),
]


def test_check_explains_every_planted_mistake(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.write(text=MISTAKES.format(folder=bridge.folder))
    done = check(bridge)
    assert done.returncode == 1
    found = {}
    for line in done.stderr.splitlines():
        at = re.match(re.escape(bridge.config) +
                      r":(\d+):(\d+): (error|warning): (.*)", line)
        if at:
            found.setdefault(int(at[1]), []).append(at[4])
            assert int(at[2]) >= 1
    missing = [(line, text) for line, text in EXPECTED
               if not any(text in message
                          for near in (line, line + 1, line - 1)
                          for message in found.get(near, []))]
    assert not missing, done.stderr


@pytest.mark.parametrize("text, where", [
    ("listen: [\n", ":2:"), ("a: &x 1\nb: *x\n", ":1:"),
    ("listen: 1\nlisten: 2\n", ":2:"), ("listen:\n\t- a\n", ":2:"),
    ("--- 1\n--- 2\n", ":2:"), ("a: !!int 3\n", ":1:"),
], ids=["open bracket", "anchor", "twice", "tab", "two documents", "tag"])
def test_check_points_at_what_is_no_plain_yaml(
        make_bridge, crm, text, where):
    bridge = make_bridge(crm)
    bridge.write(text=text)
    done = check(bridge)
    assert done.returncode == 1
    assert where in done.stderr, done.stderr


def test_check_never_prints_a_secret(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"shop": {
        "secret": "plain:" + settings.SHOPIFY_SECRET, "colour": 1}}})
    done = check(bridge)
    assert done.returncode == 1
    assert settings.SHOPIFY_SECRET not in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["shopify", "crm-token", "form"])
def test_an_empty_secret_refuses_to_start(make_bridge, crm, name):
    bridge = make_bridge(crm)
    bridge.secret(name, "")
    bridge.may_fail = True
    bridge.spawn()
    assert bridge.wait_exit() == 1
    assert not crm.requests


@pytest.mark.parametrize("source", [
    {"platform": "shopify"}, {"platform": "ghl_workflow"},
    {"platform": "json"}, {"platform": "ghl"},
], ids=lambda s: s["platform"])
def test_a_source_anyone_could_post_to_does_not_start(
        make_bridge, crm, source):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"open": {**source, "destination": "mega"}}})
    done = check(bridge)
    assert done.returncode == 1
    assert "open" in done.stderr


def test_print_config_shows_every_key_and_no_secret(make_bridge, crm):
    bridge = make_bridge(crm)
    done = run("--config", bridge.config, "--print-config")
    assert done.returncode == 0, done.stderr
    for key in ("listen", "header_timeout", "first_byte_timeout",
                "receiving_bytes", "low_water", "retain", "retry_every",
                "max_age", "trusted_proxies"):
        assert key in done.stdout, key
    for secret in (*settings.SECRETS, crm.token):
        assert secret not in done.stdout


def test_print_sample_is_accepted_by_the_reader(make_bridge, crm):
    bridge = make_bridge(crm)
    sample = run("--print-sample")
    assert sample.returncode == 0
    bridge.write(text=sample.stdout)
    done = check(bridge)
    complaints = [line for line in done.stderr.splitlines()
                  if "error:" in line and "cannot read" not in line
                  and "No such file" not in line and "secret" not in line]
    assert not complaints, done.stderr


# ---- reload ------------------------------------------------------------------

def test_reload_takes_a_new_source(bridge, crm, person):
    path = "/in/second-form/second-token-1234"
    form = senders.form("second-token-1234", person(), source="second-form")
    assert bridge.post(form).status == 404
    bridge.write({"sources": {"second-form": {
        "platform": "form", "token": "plain:second-token-1234",
        "destination": "mega"}}})
    bridge.reload()
    assert form.path == path and bridge.post(form).status == 200
    crm.wait_leads(1)


def test_reload_re_reads_secret_files(bridge, crm, person):
    assert bridge.post(senders.shopify_order("rotated", person(),
                                             )).status == 401
    bridge.secret("shopify", "rotated")
    bridge.reload()
    assert bridge.post(senders.shopify_order("rotated",
                                             person())).status == 200
    assert bridge.post(order(person())).status == 401
    crm.wait_leads(1)


def test_two_secrets_are_accepted_during_a_rotation(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    bridge.secret("shopify-new", "brand-new-secret")
    bridge.write({"sources": {"shop": {"secret": [
        f"file:{bridge.folder}/secrets/shopify",
        f"file:{bridge.folder}/secrets/shopify-new"]}}})
    bridge.start()
    assert bridge.post(order(person())).status == 200
    assert bridge.post(senders.shopify_order("brand-new-secret",
                                             person())).status == 200
    crm.wait_leads(2)


def test_a_bad_reload_leaves_the_old_running_and_says_so(
        bridge, crm, person):
    bridge.write(text="listen: [\n")
    since = bridge.notify.seen()
    bridge.process.send_signal(signal.SIGHUP)
    bridge.notify.wait("RELOADING=1", since=since)
    bridge.notify.wait("READY=1", since=since)
    bridge.notify.wait("STATUS=", since=since)
    bridge.log.wait(lambda line: "reload_failed" in line, 10, "a word")
    assert bridge.post(order(person())).status == 200
    crm.wait_leads(1)
    done = bridge.ctl("reload")
    assert done.returncode == 1
    assert done.stderr


def test_a_destination_with_leads_cannot_be_removed(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    crm.misbehave({"status": 500, "times": 0})
    bridge.start()
    bridge.post(order(person()))
    crm.wait_posts(1)
    bridge.write({"destinations": {
        "other": bridge.settings["destinations"]["mega"], "mega": None},
        "sources": {name: {"destination": "other"}
                    for name in bridge.settings["sources"]}})
    assert bridge.ctl("reload").returncode == 1
    crm.behave()
    bridge.wait_ledger(delivered=1)
    done = bridge.ctl("reload")
    assert done.returncode == 0, done.stderr


def test_a_start_without_the_destination_of_waiting_leads_says_so(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    crm.misbehave({"status": 500, "times": 0})
    bridge.start()
    bridge.post(order(person()))
    crm.wait_posts(1)
    bridge.stop()
    mega = bridge.settings["destinations"]["mega"]
    bridge.write({"destinations": {"other": mega, "mega": None},
                  "sources": {name: {"destination": "other"}
                              for name in bridge.settings["sources"]}})
    bridge.start()
    bridge.log.wait(lambda line: "leads_without_destination" in line and
                    "destination=mega" in line, 10, "an alarm")
    crm.behave()
    bridge.stop()
    bridge.write({"destinations": {"mega": mega}})
    bridge.start()
    bridge.wait_ledger(delivered=1)


def test_waiting_leads_follow_a_changed_url(bridge, crm, person):
    crm.stop()
    someone = person()
    bridge.post(order(someone))
    bridge.wait_ledger(waiting=1)
    with Sandbox(token=crm.token) as moved:
        bridge.write({"destinations": {"mega": {"url": moved.url}}})
        bridge.reload()
        lead, = moved.wait_leads(1)
        assert lead["contact_email"] == someone.email
        bridge.wait_ledger(delivered=1)


def test_reload_opens_new_addresses_and_closes_old_ones(
        bridge, crm, person):
    path = bridge.path("hooks.sock")
    old = bridge.address
    bridge.write({"listen": [{"address": f"unix:{path}"}]})
    bridge.reload()
    with pytest.raises(ConnectionRefusedError):
        wire.Raw(old)
    bridge.address = f"unix:{path}"
    assert bridge.post(order(person())).status == 200
    crm.wait_leads(1)


def test_reload_during_traffic_loses_nothing(bridge, crm, person):
    posts = [order(person()) for _ in range(60)]
    for i, post in enumerate(posts):
        if i % 20 == 10:
            bridge.reload()
        assert bridge.post(post).status == 200
    crm.wait_leads(60, 40)
    bridge.wait_ledger(accepted=60, delivered=60)


# ---- stopping ----------------------------------------------------------------

@pytest.mark.tsan
def test_sigterm_finishes_what_is_in_flight(make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    crm.misbehave({"do": "delay", "delay": 1.5})
    bridge.post(order(person()))
    crm.wait_posts(1)
    bridge.stop()
    assert len(crm.leads) == 1
    bridge.start()
    bridge.wait_ledger(accepted=1, delivered=1)
    assert len(crm.posts()) == 1


def test_sigterm_accepts_what_is_being_sent(make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    crm.misbehave({"do": "delay", "delay": 2})
    bridge.post(order(person()))
    crm.wait_posts(1)  # keeps the daemon busy while it drains
    form = senders.form(settings.FORM_TOKEN, person())
    with wire.Raw(bridge.address) as raw:
        raw.send((f"POST {form.path} HTTP/1.1\r\nHost: a\r\nContent-Type: "
                  "application/x-www-form-urlencoded\r\nExpect: "
                  f"100-continue\r\nContent-Length: {len(form.body)}"
                  "\r\n\r\n").encode())
        assert raw.reply().status == 100
        bridge.terminate()
        bridge.notify.wait("STOPPING=1")
        raw.send(form.body)
        reply = raw.reply()
        assert reply.status == 200
        assert reply.headers["connection"] == "close"
        assert raw.closed()
    with pytest.raises(ConnectionRefusedError):
        wire.Raw(bridge.address)
    assert bridge.wait_exit() == 0
    bridge.start()
    bridge.wait_ledger(accepted=2, delivered=2)


def test_a_second_sigterm_ends_at_once(make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    crm.misbehave({"do": "hang", "times": 0})
    bridge.post(order(person()))
    crm.wait_posts(1)
    bridge.terminate()
    bridge.notify.wait("STOPPING=1")
    bridge.terminate()
    assert bridge.wait_exit(10) in (0, -signal.SIGTERM)
    crm.behave()
    bridge.start()
    bridge.wait_ledger(accepted=1, delivered=1)
    assert len({r.key for r in crm.posts()}) == 1


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_second_sigterm_hurries_the_drain_and_the_grace(
        make_bridge, crm, person):
    """While a sender is in the middle of a request."""
    bridge = make_bridge(crm).start()
    crm.misbehave({"do": "hang", "times": 0})
    bridge.post(order(person()))
    crm.wait_posts(1)
    slow = wire.Raw(bridge.address)
    slow.send(b"POST /in/shop HTTP/1.1\r\nHost: x\r\n")
    eventually(lambda: bridge.api("/status")["connections"] >= 1, 10, "it")
    bridge.terminate()
    bridge.notify.wait("STOPPING=1")
    bridge.terminate()
    assert bridge.wait_exit(5) in (0, -signal.SIGTERM)


def test_a_reload_while_stopping_changes_nothing(make_bridge, crm, person):
    bridge = make_bridge(crm).start()
    slow = wire.Raw(bridge.address)
    slow.send(b"POST /in/shop HTTP/1.1\r\nHost: x\r\n")
    eventually(lambda: bridge.api("/status")["connections"] >= 1, 10, "it")
    bridge.terminate()
    bridge.notify.wait("STOPPING=1")
    since = bridge.notify.seen()
    bridge.process.send_signal(signal.SIGHUP)
    bridge.log.wait(lambda line: "reload_refused" in line, 10, "a refusal")
    assert not any("READY=1" in item
                   for item in bridge.notify.heard.items[since:])
    bridge.terminate()
    assert bridge.wait_exit(20) == 0


def test_the_grace_of_a_stop_is_waited_for_without_spinning(
        make_bridge, crm, person):
    """With more on disk than in memory, and the CRM hanging."""
    bridge = make_bridge(crm, {"log": {"level": "info"}, "destinations": {
        "mega": {"retry": ["0s", "1s"], "retry_every": "2s", "breaker": {
            "failures": 50, "open": "100ms", "max_open": "100ms"}}}}).start()
    crm.misbehave({"status": 500, "times": 6},
                  {"do": "hang", "times": 0})
    for _ in range(8):
        bridge.post(order(person()))
    crm.wait_posts(8)
    bridge.terminate()
    bridge.notify.wait("STOPPING=1")
    began = cpu_seconds(bridge.process)
    time.sleep(6)
    used = cpu_seconds(bridge.process) - began
    bridge.terminate()
    assert bridge.wait_exit(5) in (0, -signal.SIGTERM)
    assert used < 1


def test_reloads_in_a_row_do_not_silence_the_metrics_log(
        make_bridge, crm):
    bridge = make_bridge(crm).start()
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        bridge.reload()
        time.sleep(0.2)
    assert len(bridge.metrics_lines()) >= 2


def test_a_second_daemon_on_the_same_store_is_refused(
        make_bridge, bridge, crm):
    second = make_bridge(crm)
    second.may_fail = True
    second.write({"store": {"path": bridge.path("leadbridge.db")}})
    second.spawn()
    assert second.wait_exit() == 1
    assert bridge.get("/healthz").status == 200


# ---- the service manager -----------------------------------------------------

def test_ready_status_reloading_and_stopping(bridge):
    assert any("STATUS=" in text for text in bridge.notify.heard.items)
    since = bridge.notify.seen()
    bridge.reload()
    reloading = bridge.notify.wait("RELOADING=1", since=since)
    assert re.search(r"MONOTONIC_USEC=\d+", reloading)
    notify = bridge.notify
    bridge.stop()
    assert any("STOPPING=1" in text for text in notify.heard.items)


def test_the_watchdog_is_fed(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.environment = {"WATCHDOG_USEC": "1000000"}
    bridge.start()
    since = bridge.notify.seen()
    for _ in range(3):
        bridge.notify.wait("WATCHDOG=1", 10, since)
        since = bridge.notify.seen()


# ---- metrics log ---------------------------------------------------------------

def test_the_metrics_log_has_the_documented_shape(bridge, crm, person):
    post = order(person())
    bridge.post(post)
    bridge.post(post)
    bridge.post(post.tampered())
    crm.wait_leads(1)
    line = eventually(lambda: next(
        (v for v in bridge.metrics_lines() if v["ledger"]["delivered"] == 1
         and v["since_start"]["delivered"] == 1), None), 20, "a line")
    assert line["v"] == 1
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", line["ts"])
    assert set(LEDGER) <= set(line["ledger"])
    assert line["ledger"]["accepted"] == line["ledger"]["delivered"] == 1
    start = line["since_start"]
    assert set(start) == {"accepted", "duplicates", "rejected", "delivered",
                          "retried", "limited", "dead", "quarantined",
                          "ignored"}
    assert (start["accepted"], start["duplicates"]) == (1, 1)
    assert start["rejected"] == {"signature": 1}
    for gauge in ("uptime_s", "waiting", "parked", "fetching", "sending",
                  "oldest_waiting_s", "ledger_difference", "rss_bytes"):
        assert isinstance(line[gauge], int), gauge
    assert line["rss_bytes"] > 1000000
    assert set(line["accept_ms"]) == {"p50", "p95", "p99", "max"}
    assert set(line["lead_age_s"]) == {"p50", "p95", "p99"}
    assert set(line["sources"]) == set(bridge.settings["sources"])
    mega = line["destinations"]["mega"]
    assert (mega["condition"], mega["reason"]) == ("ok", "")


def test_a_last_line_is_written_at_exit(make_bridge, crm, person):
    bridge = make_bridge(crm, {"metrics": {"interval": "1h"}}).start()
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)
    bridge.stop()
    assert bridge.metrics_lines()[-1]["ledger"]["delivered"] == 1


def test_the_metrics_log_goes_to_stdout_too(make_bridge, crm):
    bridge = make_bridge(crm, {"metrics": {"log": "stdout"}}).start()
    bridge.stop()
    with open(bridge.stdout, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    assert lines and lines[-1]["v"] == 1


def test_sigusr1_reopens_the_log(bridge):
    eventually(bridge.metrics_lines, 20, "a line")
    os.rename(bridge.path("metrics.log"), bridge.path("metrics.log.1"))
    bridge.process.send_signal(signal.SIGUSR1)
    eventually(bridge.metrics_lines, 20, "a line in the new file")


def test_a_park_shows_in_the_metrics_log(make_bridge, crm, person):
    bridge = make_bridge(crm, {"destinations": {"mega": {
        "probe": "1h"}}}).start()
    crm.misbehave({"status": 401, "times": 0})
    bridge.post(order(person()))
    line = eventually(lambda: next(
        (v for v in bridge.metrics_lines() if v["parked"] == 1), None),
        20, "a parked lead")
    assert line["destinations"]["mega"]["condition"] == "parked"
    assert "401" in line["destinations"]["mega"]["reason"]
    assert line["ledger"]["waiting"] == 0


# ---- health, prometheus, admin -------------------------------------------------

def test_the_admin_api_names_the_methods_a_path_takes(bridge):
    for method, path, allow in (
            ("DELETE", "/api/v1/leads", "GET, HEAD, POST"),
            ("DELETE", "/api/v1/status", "GET, HEAD"),
            ("POST", "/metrics", "GET, HEAD"),
            ("GET", "/api/v1/reload", "POST"),
            ("GET", "/api/v1/destinations/mega/pause", "POST")):
        reply = bridge.admin(path, method)
        assert (reply.status, reply.headers["allow"]) == (405, allow)


def test_an_empty_file_is_no_configuration_to_reload(bridge, crm, person):
    """An editor is just writing: senders must not get 404 for it."""
    whole = settings.yaml(bridge.settings)
    bridge.write(text="")
    bridge.reload()
    bridge.log.wait(lambda line: "reload_failed" in line, 10, "a word")
    reply = bridge.post(senders.form(settings.FORM_TOKEN, person()))
    assert reply.status == 200
    bridge.write(text=whole)


def test_health_on_both_listeners(bridge):
    for path in ("/healthz", "/readyz"):
        assert bridge.get(path).status == 200
        assert bridge.admin(path).status == 200
    assert bridge.get("/healthz?x=1").status in (200, 404)
    assert wire.ask(bridge.address, "POST", "/healthz").status == 405


def test_prometheus_page_is_well_formed(bridge, crm, person):
    bridge.post(order(person()))
    bridge.wait_ledger(delivered=1)
    page = bridge.admin("/metrics")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/plain")
    typed = set()
    for line in page.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("#"):
            match = re.match(r'([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")'
                             r'*\})? [-+0-9.eInfa]+\Z', line)
            assert match, line
            base = re.sub(r"_(bucket|sum|count)\Z", "", match[1])
            assert {match[1], base} & typed, line
    for name in ("leadbridge_leads_accepted_total",
                 "leadbridge_leads_duplicate_total",
                 "leadbridge_requests_rejected_total",
                 "leadbridge_leads_delivered_total",
                 "leadbridge_delivery_attempts_total", "leadbridge_leads",
                 "leadbridge_oldest_waiting_seconds",
                 "leadbridge_accept_duration_seconds",
                 "leadbridge_lead_age_seconds",
                 "leadbridge_destination_condition",
                 "leadbridge_ledger_difference", "leadbridge_build_info"):
        assert name in typed, name


def test_the_admin_socket_is_for_its_group_only(bridge):
    assert os.stat(bridge.path("admin.sock")).st_mode & 0o777 == 0o660


def test_admin_over_tcp_needs_the_token(make_bridge, crm):
    bridge = make_bridge(crm)
    bridge.secret("admin", "admin-token-0123456789")
    bridge.write({"admin": {
        "listen": [f"unix:{bridge.path('admin.sock')}", "127.0.0.1:0"],
        "token": f"file:{bridge.folder}/secrets/admin"}})
    bridge.start()
    line = bridge.log.wait(lambda v: "admin_listening address=127" in v, 10,
                           "the admin address")
    address = line.rpartition("address=")[2]
    right = {"Authorization": "Bearer admin-token-0123456789"}
    for path in ("/metrics", "/api/v1/ledger", "/nothing"):
        assert wire.ask(address, "GET", path).status == 401
        wrong = {"Authorization": "Bearer admin-token-012345678"}
        assert wire.ask(address, "GET", path, headers=wrong).status == 401
    assert wire.ask(address, "GET", "/healthz").status == 200
    assert wire.ask(address, "GET", "/metrics", headers=right).status == 200
    post = "/api/v1/destinations/mega/pause"
    assert wire.ask(address, "POST", post, headers=right).status == 403


# ---- hygiene -------------------------------------------------------------------

@pytest.mark.tsan
def test_no_log_line_holds_personal_data_or_secrets(
        bridge, crm, person):
    someone = person()
    crm.misbehave({"status": 400, "body": {"error": {
        "type": "invalid_request_error", "code": 400,
        "message": f"{someone.email} is not welcome"}}},
        {"status": 500, "body": f"{someone.name} {someone.phone}"})
    for post in (order(someone), order(someone).tampered(),
                 senders.form(settings.FORM_TOKEN, someone),
                 senders.form(settings.FORM_TOKEN + "x", someone),
                 senders.ghl_contact(bridge.ghl_key, someone).tampered()):
        bridge.post(post)
    for data in (f"GET /in/{someone.email} HTTP/1.1\r\n\r\n",
                 f"POST /in/shop?mail={someone.email} HTTP/1.1\r\n"
                 f"Host: {someone.email}\r\nContent-Length: x\r\n\r\n"):
        with wire.Raw(bridge.address) as raw:
            raw.send(data.encode())
            raw.reply()
    bridge.wait_ledger(accepted=2, waiting=0)
    bridge.stop()
    for where, text in bridge.texts():
        assert not people.found_in(text), where
        assert "/in/" not in text, where
        assert settings.FORM_TOKEN not in text, where


def test_log_lines_have_a_priority_and_a_name(bridge):
    bridge.stop()
    for line in bridge.exits[-1][1]:
        assert re.match(r"<[3467]>[a-z_]+( |\Z)", line), line


def test_json_log_lines(make_bridge, crm):
    bridge = make_bridge(crm, {"log": {"format": "json"}})
    bridge.spawn()
    bridge.notify.wait("READY=1")
    bridge.stop()
    for line in bridge.exits[-1][1]:
        assert {"ts", "level", "event"} <= set(json.loads(line)), line


def test_secrets_are_not_in_the_store(bridge, crm, person):
    bridge.post(senders.form(settings.FORM_TOKEN, person(),
                             note=settings.FORM_TOKEN))
    crm.wait_leads(1)
    bridge.wait_ledger(delivered=1)
    bridge.stop()
    for name in os.listdir(bridge.folder):
        if name.startswith("leadbridge.db"):
            with open(bridge.path(name), "rb") as f:
                assert settings.FORM_TOKEN.encode() not in f.read(), name
