# SPDX-License-Identifier: MIT
"""leadbridgectl config test: a new configuration on requests that came."""

import json
import os

import pytest

from support import senders, settings


def written(bridge, changes, name="next.yaml"):
    path = os.path.join(bridge.folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(settings.yaml(settings.merged(bridge.settings, changes)))
    return path


def rehearsed(bridge, path, *arguments):
    return bridge.ctl("--config", bridge.config, "config", "test", path,
                      *arguments)


def changes_of(done, source):
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["sources"][source]
    return {(c["member"], c["change"]): c for c in found["changes"]}


@pytest.fixture(name="fed")
def a_bridge_with_requests(bridge, person):
    """Three of each kind, delivered."""
    bridge.people = [person() for _ in range(3)]
    for p in bridge.people:
        for post in (
                senders.shopify_customer(settings.SHOPIFY_SECRET, p),
                senders.ghl_contact(bridge.ghl_key, p),
                senders.partner_lead(settings.PARTNER_SECRET, p),
                senders.form(settings.FORM_TOKEN, p)):
            assert bridge.post(post).status == 200
    bridge.wait_ledger(accepted=12, delivered=12)
    return bridge


def test_the_same_configuration_changes_nothing(fed, crm):
    sent = len(crm.requests)
    done = rehearsed(fed, written(fed, {}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 12 requests differ" in done.stdout
    for source in ("shop", "agency", "partner", "quote-form"):
        assert f"{source}: 0 of 3 requests differ" in done.stdout
    assert len(crm.requests) == sent and fed.ledger()["accepted"] == 12
    actions = [a["action"] for a in fed.api("/audit")["audit"]]
    assert actions == ["requests.reveal"]


def test_every_kind_of_difference_is_counted(fed):
    path = written(fed, {
        "destinations": {"other": fed.settings["destinations"]["mega"]},
        "sources": {
            "shop": {"stage_slug": "hot", "destination": "other"},
            "agency": {"account": "somebody-else"},
            "partner": {"event_id": ".campaign", "map": {
                "contact_name": ".campaign", "contact_email": None,
                "deal": ".campaign"}},
            "quote-form": None}})
    done = rehearsed(fed, path, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    shop = changes_of(done, "shop")
    assert shop["stage_slug", "changed"]["count"] == 3
    assert shop["stage_slug", "changed"]["examples"][0] == {
        "now": "new", "next": "hot"}
    assert shop["destination", "changed"]["examples"][0] == {
        "now": "mega", "next": "other"}
    agency = changes_of(done, "agency")
    assert agency["fate", "changed"]["count"] == 3
    fate = agency["fate", "changed"]["examples"][0]
    assert fate["now"] == "lead" and fate["next"].startswith("quarantined: ")
    partner = changes_of(done, "partner")
    assert partner["key", "changed"]["count"] == 3
    assert partner["contact_name", "changed"]["count"] == 3
    assert partner["contact_email", "removed"]["count"] == 3
    assert partner["custom_fields.deal", "added"]["count"] == 3
    gone = changes_of(done, "quote-form")
    assert gone["request", "changed"]["examples"][0] == {
        "now": "read", "next": "refused: no such source"}
    text = rehearsed(fed, path)
    assert text.returncode == 1
    assert "12 of 12 requests differ" in text.stdout
    # Whose data it is stays hidden, unless it is asked for.
    for done_ in (done, text):
        for p in fed.people:
            assert not any(trace in done_.stdout for trace in p.traces())
    revealed = rehearsed(fed, path, "--reveal")
    assert fed.people[0].email in revealed.stdout


def test_profiles_and_programs_are_run(fed):
    path = written(fed, {"sources": {"partner": {"map": {
        "contact_name": ".person.full | ascii_upcase"}}}})
    done = rehearsed(fed, path, "--source", "partner", "--json")
    assert json.loads(done.stdout)["requests"] == 3
    assert changes_of(done, "partner")[
        "contact_name", "changed"]["count"] == 3


def test_a_part_of_the_requests_will_do(fed):
    path = written(fed, {"sources": {"shop": {"stage_slug": "hot"}}})

    def requests(*arguments):
        done = rehearsed(fed, path, "--json", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)["requests"]
    assert requests("--against", "last", "5") == 5
    assert requests("--against", "7") == 7
    assert requests("--against", "1h") == 12
    assert requests("--against", "1ms") == 0
    assert requests("--source", "shop") == 3
    assert requests("--source", "shop", "--against", "last", "2") == 2
    assert requests("--source", "nobody") == 0


def test_more_requests_than_fit_a_page(bridge, person):
    p = person()
    for i in range(205):
        post = senders.partner_lead(settings.PARTNER_SECRET, p,
                                    event=f"ev-{i}")
        assert bridge.post(post).status == 200
    path = written(bridge, {"sources": {"partner": {"stage_slug": "x"}}})
    done = rehearsed(bridge, path)
    assert "partner: 205 of 205 requests differ" in done.stdout


def test_leads_that_were_no_webhooks_are_left_out(bridge, person):
    assert bridge.ctl("leads", "add", "--name", person().name).returncode == 0
    done = rehearsed(bridge, written(bridge, {}))
    assert done.returncode == 0
    assert "1 requests of sources that are not configured" in done.stdout


def test_wrong_usage(fed, make_bridge, crm):
    path = written(fed, {})
    bad = written(fed, {"sources": {"shop": {"platform": "nonsense"}}},
                  "bad.yaml")
    for arguments in ((), ("try", path), ("test",),
                      ("test", path, "--against", "last"),
                      ("test", path, "--against", "last", "many"),
                      ("test", path, "--against", "soon"),
                      ("test", path, "5"), ("test", "/nowhere.yaml"),
                      ("test", path, "--source", "Not/A/Name")):
        done = fed.ctl("--config", fed.config, "config", *arguments)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
    done = rehearsed(fed, bad)
    assert done.returncode == 2 and "nonsense" in done.stderr
    asleep = make_bridge(crm)
    assert rehearsed(asleep, path).returncode == 3
