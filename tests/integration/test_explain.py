# SPDX-License-Identifier: MIT
"""leadbridgectl explain says what the daemon then does."""

import dataclasses
import json
import os
import subprocess

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
