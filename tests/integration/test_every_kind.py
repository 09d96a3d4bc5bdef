# SPDX-License-Identifier: MIT
"""Every source_platform and every source_type the CRM knows, each through the
running daemon from a sender that has it, and what the later platforms prove.
"""

import dataclasses
import os

import pytest

from crm_sandbox import PLATFORMS, TYPES
from support import daemon, senders, settings, vendors

TOKEN = "token-of-an-url-0123456789"
SECRET = "secret-of-a-sender-0123456789"
QUO_SECRET = "b3BlbnBob25lLWRlbW8ta2V5LTAwMDE="


def source(platform, **more):
    return {"platform": platform, "destination": "mega", "country": "US",
            **more}


def by_token(platform, **more):
    return source(platform, token="plain:" + TOKEN, **more)


def by_secret(platform, **more):
    return source(platform, secret="plain:" + SECRET, **more)


SOURCES = {
    "zoho": by_token("zoho_workflow"),
    "maids": by_token("zenmaid"),
    "hub": by_token("hubspot_workflow"),
    "intake": by_token("lead_docket"),
    "force": by_token("salesforce", account="00D5e000000KQ2e"),
    "mail": by_token("postmark"),
    "google": by_secret("google_ads"),
    "meta": by_secret("meta_ads", account="1063", verify_token="plain:word"),
    "air": by_secret("aircall"),
    "chat": by_secret("livechat"),
    "pad": by_secret("dialpad"),
    "gun": by_secret("mailgun"),
    "quo": source("quo", secret="plain:" + QUO_SECRET),
}


@pytest.fixture(scope="session")
def ecdsa(tmp_path_factory):
    return vendors.EcdsaKey(str(tmp_path_factory.mktemp("ecdsa")))


@pytest.fixture
def kinds(make_bridge, crm, ecdsa):
    bridge = make_bridge(crm, {
        "profiles": [os.path.join(daemon.ROOT, "conf", "profiles")],
        "sources": {**SOURCES, "grid": source(
            "sendgrid", secret="plain:" + ecdsa.public)}})
    yield bridge.start()
    for where, text in bridge.texts():
        for secret in (TOKEN, SECRET, QUO_SECRET):
            assert secret not in text, f"a secret in {where}: {secret}"


def form(referrer):
    def make(bridge, person):
        return senders.form(settings.FORM_TOKEN, person, referrer=referrer)
    return make


def vendor(make, name, secret=SECRET):
    return lambda bridge, person: make(name, secret, person)


# What is sent, and the platform and type it must arrive with.
REACHED = {
    "google ads": (vendor(vendors.google_ads, "google"),
                   "google_ads", "form"),
    "whatsapp from an ad": (vendor(vendors.whatsapp_ad, "meta"),
                            "meta_ads", "chat"),
    "form after a search": (form("https://www.google.com/"),
                            "google_organic", "form"),
    "form after a link": (form("https://blog.example.net/a"),
                          "referral", "form"),
    "shopify": (lambda bridge, person: senders.shopify_customer(
        settings.SHOPIFY_SECRET, person), "shopify", "form"),
    "highlevel": (lambda bridge, person: senders.ghl_contact(
        bridge.ghl_key, person), "ghl", "form"),
    "hubspot": (vendor(vendors.hubspot_workflow, "hub", TOKEN),
                "hubspot", "form"),
    "zoho": (vendor(vendors.zoho_workflow, "zoho", TOKEN), "zoho", "form"),
    "zenmaid": (vendor(vendors.zenmaid, "maids", TOKEN), "zenmaid", "form"),
    "lead docket": (vendor(vendors.lead_docket, "intake", TOKEN),
                    "lead_docket", "form"),
    "salesforce": (vendor(vendors.salesforce, "force", TOKEN),
                   "salesforce", "form"),
    "call": (vendor(vendors.dialpad_call, "pad"), "direct", "phone_call"),
    "text message": (vendor(vendors.aircall_text, "air"), "direct", "sms"),
    "older text message": (vendor(vendors.quo_legacy, "quo", QUO_SECRET),
                           "direct", "sms"),
    "chat": (vendor(vendors.livechat, "chat"), "direct", "chat"),
    "mail": (vendor(vendors.postmark, "mail", TOKEN), "direct", "email"),
    "routed mail": (vendor(vendors.mailgun, "gun"), "direct", "email"),
    "parsed mail": (None, "direct", "email"),
    "typed in": (None, "direct", "manual"),
    "out of a file": (None, "direct", "import"),
}


def typed_in(bridge, person):
    return bridge.ctl("leads", "add", "--name", person.name, "--email",
                      person.email)


def out_of_a_file(bridge, person):
    path = bridge.path("leads.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"name,email\n{person.name},{person.email}\n")
    return bridge.ctl("import", path, "--yes")


COMMANDS = {"typed in": typed_in, "out of a file": out_of_a_file}


def send(bridge, ecdsa, name, person):
    make = REACHED[name][0]
    if name in COMMANDS:
        done = COMMANDS[name](bridge, person)
        assert done.returncode == 0, done.stdout + done.stderr
        return
    post = (vendors.sendgrid("grid", ecdsa, person)
            if name == "parsed mail" else make(bridge, person))
    assert bridge.post(post).status == 200, name
    assert bridge.post(post).status == 200, name  # a repetition


def test_every_platform_and_type_reaches_the_crm(kinds, crm, person, ecdsa):
    people = {name: person() for name in REACHED}
    for name, someone in people.items():
        send(kinds, ecdsa, name, someone)
    leads = crm.wait_leads(len(REACHED))
    for name, someone in people.items():
        lead = [lead for lead in leads if someone.email ==
                lead.get("contact_email") or someone.phone ==
                lead.get("contact_phone")]
        assert [(one["source_platform"], one["source_type"])
                for one in lead] == [REACHED[name][1:]], name
    kinds.wait_ledger(accepted=len(REACHED), delivered=len(REACHED),
                      duplicates=len(REACHED) - len(COMMANDS))


def test_nothing_the_crm_knows_is_left_out():
    assert {row[1] for row in REACHED.values()} == PLATFORMS
    assert {row[2] for row in REACHED.values()} == TYPES


FORGED = {
    "a token signed with another key": lambda p: vendors.dialpad_call(
        "pad", "guessed", p),
    "a token that is not signed": lambda p: unsigned(vendors.dialpad_call(
        "pad", SECRET, p)),
    "a body without a token": lambda p: vendors.livechat("pad", SECRET, p),
    "another secret in the body": lambda p: vendors.aircall_text(
        "air", "guessed", p),
    "another secret in the body of a chat": lambda p: vendors.livechat(
        "chat", "guessed", p),
    "another key over timestamp and token": lambda p: vendors.mailgun(
        "gun", "guessed", p),
    "an older signature of another key": lambda p: vendors.quo_legacy(
        "quo", "Z3Vlc3NlZA==", p),
    "an older signature of another body": lambda p: vendors.quo_legacy(
        "quo", QUO_SECRET, p).tampered(),
}


def unsigned(post):
    head, body, _ = post.body.split(b".")
    none = vendors.base64url(b'{"alg":"none"}')
    return dataclasses.replace(post, body=none + b"." + body + b"." + head)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_request_leaves_nothing(kinds, crm, person, name):
    assert kinds.post(FORGED[name](person())).status == 401
    kinds.wait_ledger(accepted=0)
    assert not crm.requests


def test_a_proof_that_covers_no_mail_is_good_for_one(kinds, crm, person):
    post = vendors.mailgun("gun", SECRET, person())
    assert kinds.post(post).status == 200
    other = dataclasses.replace(post, body=post.body.replace(
        b"Message-Id=%3C", b"Message-Id=%3Cx").replace(b"drain", b"roof"))
    assert other != post
    assert kinds.post(other).status == 200
    assert kinds.post(post).status == 200
    kinds.wait_ledger(accepted=2, delivered=1, ignored=1, duplicates=1)
    assert len(crm.leads) == 1
    reasons = [row.get("reason") for row in kinds.api("/leads")["leads"]]
    assert "proof used before" in reasons


def test_a_mail_signed_by_another_key_leaves_nothing(
        kinds, crm, person, ecdsa, tmp_path):
    other = vendors.EcdsaKey(str(tmp_path))
    assert kinds.post(vendors.sendgrid("grid", other, person())).status == 401
    post = vendors.sendgrid("grid", ecdsa, person())
    assert kinds.post(post.tampered()).status == 401
    kinds.wait_ledger(accepted=0)
    assert not crm.requests
