# SPDX-License-Identifier: MIT
"""leadbridgectl explain says what the daemon then does."""

import dataclasses
import hmac
import json
import os
import subprocess
import time

import pytest

from support import daemon, senders, settings


def explain(bridge, source, file, *more, text=None):
    return subprocess.run(
        [daemon.binary("leadbridgectl"), "--config", bridge.config,
         "explain", "--source", source, file, *more],
        capture_output=True, text=True, timeout=60, check=False, input=text)


def saved(bridge, post, ends="\r\n"):
    """The request as a file, as a capture would show it."""
    path = os.path.join(bridge.folder, "saved")
    lines = [f"POST {post.path} HTTP/1.1",
             *(f"{k}: {v}" for k, v in post.headers.items()), "", ""]
    with open(path, "wb") as file:
        file.write(ends.join(lines).encode() + post.body)
    return path


@pytest.mark.parametrize("source", ["shop", "agency", "partner"])
def test_it_shows_the_request_that_is_sent(bridge, crm, person, source):
    post = {
        "shop": lambda p: senders.shopify_order(settings.SHOPIFY_SECRET, p),
        "agency": lambda p: senders.ghl_contact(bridge.ghl_key, p),
        "partner": lambda p: senders.partner_lead(settings.PARTNER_SECRET, p),
    }[source](person())
    file = saved(bridge, post)
    done = explain(bridge, source, file, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert shown["accepted"] is True and shown["secret"] == 1
    assert bridge.post(post).status == 200
    bridge.wait_ledger(delivered=1)
    sent = crm.posts()[-1]
    request, = shown["requests"]
    assert request["body"] == sent.body.decode()
    assert f"Idempotency-Key: {sent.key}" in request["headers"]
    assert "Authorization: Bearer ***" in request["headers"]
    assert shown["becomes"]["events"][0]["id"] == post.event
    text = explain(bridge, source, file)
    assert text.returncode == 0
    assert sent.body.decode() in text.stdout and sent.key in text.stdout
    for output in (done.stdout, text.stdout):
        assert crm.token not in output
        assert not any(secret in output for secret in settings.SECRETS)


def test_it_needs_no_daemon_and_says_what_was_altered(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    post = senders.partner_lead(settings.PARTNER_SECRET, person())
    altered = dataclasses.replace(post, body=post.body + b"\n")
    done = explain(bridge, "partner", saved(bridge, altered, ends="\n"))
    assert done.returncode == 1
    assert done.stdout.startswith("answered 401: signature\n")
    assert "no line end at its end" in done.stdout
    assert senders.lead_key("partner", post.event) in done.stdout
    wrong = senders.partner_lead("another-secret", person())
    done = explain(bridge, "partner", saved(bridge, wrong), "--json")
    assert done.returncode == 1
    shown = json.loads(done.stdout)
    assert (shown["accepted"], shown["status"], shown["why"]) == (
        False, 401, "signature")
    assert "wrong secret" in shown["hints"][-1]
    assert "requests" not in shown


def test_a_body_alone_takes_its_headers_from_the_command_line(
        make_bridge, crm, person):
    bridge = make_bridge(crm)
    post = senders.partner_lead(settings.PARTNER_SECRET, person())
    headers = [f"--header={k}: {v}" for k, v in post.headers.items()]
    headers = [a for h in headers for a in h.split("=", 1)]
    done = explain(bridge, "partner", "-", *headers,
                   text=post.body.decode())
    assert done.returncode == 0, done.stdout
    assert senders.lead_key("partner", post.event) in done.stdout
    # Which token the sender has is not to be seen: it counts as right.
    someone = person()
    post = senders.form(settings.FORM_TOKEN, someone)
    done = explain(bridge, "quote-form", "-", text=post.body.decode())
    assert done.returncode == 0, done.stdout
    assert someone.email in done.stdout
    assert "the sender gives no event id" in done.stdout


@pytest.mark.parametrize("arguments, status", [
    (("explain", "FILE"), 2), (("explain", "--source", "shop"), 2),
    (("explain", "--source", "shop", "/nowhere/file"), 2),
    (("explain", "--source", "shop", "FILE", "--at", "noon"), 2),
    (("explain", "--source", "shop", "FILE", "--header"), 2),
    (("explain", "--source", "shop", "FILE", "--header", "nonsense"), 2),
    (("explain", "--source", "nobody", "FILE"), 1),
    (("--config", "/nowhere/file", "explain", "--source", "shop", "FILE"), 1),
], ids=lambda v: " ".join(v) if isinstance(v, tuple) else str(v))
def test_wrong_usage(make_bridge, crm, tmp_path, arguments, status):
    bridge = make_bridge(crm)
    file = tmp_path / "body"
    file.write_text("{}")
    done = subprocess.run(
        [daemon.binary("leadbridgectl"), "--config", bridge.config,
         *(str(file) if a == "FILE" else a for a in arguments)],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr


def steps_of(done):
    """(step, member) -> the step, of the only event."""
    assert done.returncode == 0, done.stdout + done.stderr
    steps, = json.loads(done.stdout)["steps"]
    return {(s["step"], s["member"]): s for s in steps}


def test_every_field_tells_where_it_came_from(make_bridge, crm, person):
    bridge = make_bridge(crm, {"sources": {"partner": {
        "country": "US", "stage_slug": "new", "destination": None,
        "map": {"deal": ".campaign", "seat": ".extra.seats[1]"},
        "custom_fields": {"add": {"team": "web"}, "prefix": "p_",
                          "drop": ["secretive"]},
        "route": {"by": ".region", "map": {"east": "mega"}}}}})
    someone = person()
    post = senders.signed_json(settings.PARTNER_SECRET, {
        "id": "ev-1", "campaign": "autumn", "region": "east",
        "extra": {"seats": ["a1", "b2"]}, "secretive": "hush", "other": "kept",
        "person": {"full": f"  {someone.name}", "mail": "nobody at all",
                   "tel": "(502) 555-0143"}})
    file = saved(bridge, post)
    steps = steps_of(explain(bridge, "partner", file, "--json"))
    phone = steps["map", "contact_phone"]
    assert (phone["from"], phone["given"], phone["value"]) == (
        ".person.tel", "(502) 555-0143", "+15025550143")
    assert steps["map", "contact_email"] == {
        "step": "map", "member": "contact_email", "from": ".person.mail",
        "given": "nobody at all", "value": None}
    assert steps["map", "contact_name"]["value"] == someone.name
    assert steps["map", "seat"]["from"] == ".extra.seats[1]"
    assert steps["platform", "other"]["from"] == ".other"
    assert steps["custom_fields", "secretive"]["value"] is None
    assert steps["custom_fields.prefix", "p_other"]["value"] == "kept"
    assert steps["custom_fields.add", "team"]["value"] == "web"
    assert steps["override", "source_platform"]["value"] == "referral"
    assert steps["stage_slug", "stage_slug"]["value"] == "new"
    assert steps["route", "destination"] == {
        "step": "route", "member": "destination", "from": ".region",
        "given": "east", "value": "mega"}
    text = explain(bridge, "partner", file).stdout
    assert "<- .person.tel \"(502) 555-0143\"" in text
    assert "not usable  <- .person.mail \"nobody at all\"" in text


def test_the_rule_of_the_attribution_is_shown_with_its_evidence(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"sources": {"quote-form": {
        "attribution": True}}})
    page = "https://x.example.com/?gclid=Cj0KCQjw_abcdefghij-klmnop"
    post = senders.form(settings.FORM_TOKEN, person(), landing_page=page)
    steps = steps_of(explain(bridge, "quote-form", saved(bridge, post),
                             "--json"))
    assert steps["attribution", "source_platform"]["value"] == "google_ads"
    assert steps["attribution", "attribution_rule"][
        "value"] == "google_click_id"
    assert ("platform", "landing_page") in steps


SIGNED_WITH_TIME = {"sources": {"partner": {"scheme": {
    "signed": "{timestamp}.{body}", "timestamp_header": "X-Time",
    "tolerance": "5m"}}}}


def timed(secret, body, at, sent=None):
    """Signed over body as of then; what arrived may be another body."""
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body,
                         "sha256").hexdigest()
    return senders.Post("/in/partner", {
        "Content-Type": "application/json", "X-Time": str(at),
        "X-Signature": f"sha256={signature}"}, sent or body, "e1")


BODY = b'{"id":"e1",\r\n "person":{"full":"A B","mail":"a@example.com"}}'


@pytest.mark.parametrize("name, secret, ago, arrived, why, hint", [
    ("sound", settings.PARTNER_SECRET, 0, None, None, None),
    ("another secret", "of-another-shop", 0, None, "signature",
     "a wrong secret"),
    ("a slow clock", settings.PARTNER_SECRET, 3600, None, "stale",
     "s in the past"),
    ("a fast clock", settings.PARTNER_SECRET, -3600, None, "stale",
     "s in the future"),
    ("altered", settings.PARTNER_SECRET, 0,
     BODY.replace(b"A B", b"A C"), "signature", "changed in another way"),
    ("other line ends", settings.PARTNER_SECRET, 0,
     BODY.replace(b"\r\n", b"\n"), "signature", "CRLF where this one has LF"),
], ids=lambda v: v if isinstance(v, str) and " " in v else "")
def test_what_is_wrong_with_a_proof_is_told_apart(
        make_bridge, crm, name, secret, ago, arrived, why, hint):
    del name
    bridge = make_bridge(crm, SIGNED_WITH_TIME)
    post = timed(secret, BODY, int(time.time()) - ago, arrived)
    done = explain(bridge, "partner", saved(bridge, post), "--json")
    shown = json.loads(done.stdout)
    assert (shown["why"], done.returncode) == (why, 0 if why is None else 1)
    if hint is not None:
        assert hint in " ".join(shown["hints"]), shown["hints"]
    # What the daemon itself says to it.
    bridge.start()
    assert bridge.post(post).status == (200 if why is None else 401)


def test_a_fetch_shows_what_is_asked_of_the_provider(make_bridge, crm):
    bridge = make_bridge(crm, {"sources": {"meta": {
        "platform": "meta_ads", "destination": "mega",
        "secret": "plain:meta-app-secret-1234",
        "verify_token": "plain:verify-token-1234",
        "api": {"token": "plain:page-token-1234567890"}}}})
    body = json.dumps({"object": "page", "entry": [{
        "id": "1234", "time": 1790000000, "changes": [{
            "field": "leadgen", "value": {
                "leadgen_id": "555000111", "page_id": "1234",
                "form_id": "77", "created_time": 1790000000}}]}]}).encode()
    signature = hmac.new(b"meta-app-secret-1234", body,
                         "sha256").hexdigest()
    post = senders.Post("/in/meta", {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={signature}"}, body, "555000111")
    done = explain(bridge, "meta", saved(bridge, post))
    assert done.returncode == 0, done.stdout
    assert "first, of the provider:\nGET https://graph.facebook.com/" in (
        done.stdout)
    assert "/555000111" in done.stdout
    assert "page-token" not in done.stdout
