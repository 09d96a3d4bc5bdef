# SPDX-License-Identifier: MIT
"""Accounts with tokens of their own, and refresh tokens that change."""

import contextlib
import os
import signal
import sqlite3
import uuid

import pytest

import provider_sandbox as sandbox
from support import daemon, fetching as fetch, senders
from support.fetching import (
    accepted, app_oauth, condition, hubspot, hubspot_record, ref)

PORTALS = ("62515", "777")
TOKENS = {"62515": "pat-na1-token-of-portal-62515",
          "777": "pat-na1-token-of-portal-777"}


def make(make_bridge, crm, providers, source, name="hub"):
    """A bridge with this source alone beside the standard ones."""
    bridge = make_bridge(crm)
    fetch.keep_secrets(bridge, **{f"portal-{p}": t
                                  for p, t in TOKENS.items()})
    bridge.write({"public_url": fetch.PUBLIC,
                  "sources": {name: source(bridge)}})
    providers.hubspot_tokens = set(TOKENS.values())
    return bridge


def two_portals(providers, **more):
    return lambda bridge: {
        "platform": "hubspot", "secret": ref(bridge, "hubspot"),
        "country": "US",
        "route": {"map": {p: "mega" for p in PORTALS},
                  "default": "mega"},
        "api": fetch.api(providers, tokens={
            p: ref(bridge, f"portal-{p}") for p in PORTALS}, **more)}


def with_oauth(providers):
    return lambda bridge: fetch.oauth_source(bridge, providers)


def put_contacts(providers, person, *numbers):
    for number in numbers:
        providers.put(f"hubspot/{number}", hubspot_record(person()))


# ---- api.tokens -----------------------------------------------------------


def test_each_account_is_asked_with_its_own_token(make_bridge, crm,
                                                  providers, person):
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    bridge.start()
    put_contacts(providers, person, 1, 2, 3, 4)
    accepted(bridge, hubspot(1, 2))
    accepted(bridge, hubspot(3, 4, portal="777"))
    crm.wait_leads(4)
    bridge.wait_ledger(accepted=4, delivered=4, fetching=0)
    # Never in one request, whoever was first.
    assert sorted(sorted(b) for b in providers.batches) == [
        ["1", "2"], ["3", "4"]]


def test_dead_token_parks_its_account_alone(make_bridge, crm, providers,
                                            person):
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    bridge.start()
    providers.hubspot_tokens.remove(TOKENS["777"])
    put_contacts(providers, person, 1, 2, 3, 4)
    accepted(bridge, hubspot(1, 2, portal="777"))
    condition(bridge, "@hub:777", "parked", "http_401")
    accepted(bridge, hubspot(3, 4))
    crm.wait_leads(2)
    bridge.wait_ledger(accepted=4, delivered=2, fetching=2)
    condition(bridge, "@hub:62515", "ok", "")
    # A new token, and it goes on where it stopped.
    bridge.secret("portal-777", "pat-na1-a-new-token-of-portal-777")
    providers.hubspot_tokens.add("pat-na1-a-new-token-of-portal-777")
    bridge.reload()
    crm.wait_leads(4)
    bridge.wait_ledger(accepted=4, delivered=4, fetching=0, dead=0)


def test_backlog_of_a_parked_account_is_in_nobodys_way(make_bridge, crm,
                                                       providers, person):
    """After a restart everything comes from disk, the oldest first."""
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    bridge.start()
    providers.hubspot_tokens.clear()
    for start in range(1000, 2600, 100):
        accepted(bridge, hubspot(*range(start, start + 100), portal="777"))
    put_contacts(providers, person, 1, 2)
    accepted(bridge, hubspot(1, 2))
    condition(bridge, "@hub:62515", "parked", "http_401")
    bridge.stop()
    providers.hubspot_tokens.add(TOKENS["62515"])
    bridge.start()
    crm.wait_leads(2)
    bridge.wait_ledger(accepted=1602, delivered=2, fetching=1600)
    condition(bridge, "@hub:777", "parked", "http_401")


def test_flood_of_a_parked_account_is_in_nobodys_way(make_bridge, crm,
                                                     providers, person):
    """What is handed over in memory is no more than somebody has room for."""
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    bridge.start()
    providers.hubspot_tokens.remove(TOKENS["777"])
    for start in range(1000, 4000, 100):
        accepted(bridge, hubspot(*range(start, start + 100), portal="777"))
    condition(bridge, "@hub:777", "parked", "http_401")
    put_contacts(providers, person, 1, 2)
    accepted(bridge, hubspot(1, 2))
    crm.wait_leads(2)
    bridge.wait_ledger(accepted=3002, delivered=2, fetching=3000)
    rows = {d["name"]: d for d in bridge.api("/destinations")["destinations"]}
    assert rows["@hub:62515"]["condition"] == "ok"


def test_account_without_a_token_waits_for_one(make_bridge, crm, providers,
                                               person):
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    bridge.start()
    put_contacts(providers, person, 1, 2, 3)
    accepted(bridge, hubspot(1, portal="9"))
    condition(bridge, "@hub", "parked", "no_token")
    accepted(bridge, hubspot(2))
    crm.wait_leads(1)
    assert bridge.ctl("destination", "resume", "@hub:777").returncode == 0
    assert bridge.ctl("destination", "resume", "@hub:9").returncode != 0
    bridge.secret("portal-9", "pat-na1-token-of-portal-9")
    providers.hubspot_tokens.add("pat-na1-token-of-portal-9")
    bridge.write({"sources": {"hub": {"api": {"tokens": {
        "9": ref(bridge, "portal-9")}}}}})
    bridge.reload()
    crm.wait_leads(2)
    bridge.wait_ledger(accepted=2, delivered=2, fetching=0)


def test_meta_page_proves_the_app_with_its_own_token(make_bridge, crm,
                                                     providers, person):
    def source(bridge):
        return {"platform": "meta_ads", "secret": ref(bridge, "meta"),
                "verify_token": ref(bridge, "verify"), "country": "US",
                "route": {"map": {fetch.PAGE: "mega"}},
                "api": fetch.api(providers, tokens={
                    fetch.PAGE: ref(bridge, "meta-token")})}
    bridge = make(make_bridge, crm, providers, source, "ads").start()
    providers.put("meta/42", fetch.meta_record(person()))
    accepted(bridge, fetch.leadgen("42"))
    crm.wait_leads(1)


def test_tokens_are_shown_to_nobody(make_bridge, crm, providers):
    bridge = make(make_bridge, crm, providers, two_portals(providers))
    shown = daemon.subprocess.run(
        [daemon.binary(), "--config", bridge.config, "--print-config"],
        capture_output=True, text=True, check=True).stdout
    assert "tokens: {62515: \"***\", 777: \"***\"}" in shown.replace(
        '"62515"', "62515").replace('"777"', "777")
    for token in TOKENS.values():
        assert token not in shown


# ---- refresh tokens -------------------------------------------------------


def kept(bridge):
    """The refresh tokens the store holds."""
    with contextlib.closing(sqlite3.connect(
            bridge.path("leadbridge.db"))) as store:
        return [row[0] for row in store.execute(
            "SELECT token FROM credential")]


def test_new_refresh_token_is_kept_before_it_is_used(make_bridge, crm,
                                                     providers, person):
    bridge = make(make_bridge, crm, providers, with_oauth(providers))
    bridge.start()
    put_contacts(providers, person, 1, 2)
    accepted(bridge, hubspot(1))
    crm.wait_leads(1)
    assert kept(bridge) == [f"{sandbox.APP_REFRESH}-1"]
    bridge.kill()
    bridge.start()
    accepted(bridge, hubspot(2))
    crm.wait_leads(2)
    # Of the configured one nobody wants to hear any more.
    assert kept(bridge) == [f"{sandbox.APP_REFRESH}-1-2"]
    assert providers.refreshes == 2
    everything = "".join(text for _, text in bridge.texts())
    assert sandbox.APP_REFRESH not in everything
    for path in ("/destinations", "/sources", "/leads"):
        assert sandbox.APP_REFRESH not in bridge.admin(
            "/api/v1" + path).text
    assert sandbox.APP_REFRESH not in bridge.admin("/metrics").text


def test_newly_configured_refresh_token_wins(make_bridge, crm, providers,
                                             person):
    bridge = make(make_bridge, crm, providers, with_oauth(providers))
    bridge.start()
    put_contacts(providers, person, 1, 2, 3)
    accepted(bridge, hubspot(1))
    crm.wait_leads(1)
    # Somebody authorised the app anew.
    providers.app = sandbox.Rotation("app-second-refresh-token")
    accepted(bridge, hubspot(2))
    condition(bridge, "@hub", "parked", "http_401")
    bridge.secret("app-refresh", "app-second-refresh-token")
    bridge.reload()
    crm.wait_leads(2)
    bridge.kill()
    bridge.start()
    accepted(bridge, hubspot(3))
    crm.wait_leads(3)
    bridge.wait_ledger(accepted=3, delivered=3, fetching=0)
    assert "app-second-refresh-token-1-2" in kept(bridge)


def test_two_sources_of_one_app_share_a_refresher(make_bridge, crm,
                                                  providers, person):
    """Two that refresh each for itself would take it from one another."""
    bridge = make(make_bridge, crm, providers, with_oauth(providers))
    bridge.write({"sources": {"hub2": with_oauth(providers)(bridge)}})
    bridge.start()
    put_contacts(providers, person, *range(1, 9))
    for i in (1, 3, 5, 7):
        accepted(bridge, hubspot(i))
        accepted(bridge, hubspot(i + 1, source="hub2"))
    crm.wait_leads(8)
    bridge.wait_ledger(accepted=8, delivered=8, fetching=0)
    assert providers.refreshes == 1


def test_location_of_highlevel_gets_its_contact_by_oauth(
        make_bridge, crm, providers, person):
    bridge = make(make_bridge, crm, providers, lambda bridge: {
        "api": fetch.api(providers, oauth=app_oauth(
            bridge, providers, "/oauth/token"), tokens={
                senders.LOCATION: ref(bridge, "app-refresh")})},
                  "agency")
    bridge.start()
    someone = person()
    providers.put("ghl/c1", {"name": someone.name, "phone": someone.phone,
                             "email": someone.email})
    accepted(bridge, senders.ghl(bridge.ghl_key, {
        "webhookId": str(uuid.uuid4()), "type": "InboundMessage",
        "locationId": senders.LOCATION, "contactId": "c1",
        "direction": "inbound", "messageType": "Live_Chat",
        "body": "Hello"}))
    lead, = crm.wait_leads(1)
    fetch.whole(lead, someone, "ghl", "chat")
    assert kept(bridge) == [f"{sandbox.APP_REFRESH}-1"]


def test_refresh_that_fails_for_a_while_is_tried_again(
        make_bridge, crm, providers, person):
    bridge = make(make_bridge, crm, providers, with_oauth(providers))
    bridge.start()
    put_contacts(providers, person, 1)
    providers.fail_refresh((503, {}))
    accepted(bridge, hubspot(1))
    crm.wait_leads(1)
    assert providers.refreshes == 2


@pytest.mark.parametrize("point", ["token_refreshed", "token_kept"])
def test_kill_between_refresh_and_use_costs_no_account(
        make_bridge, crm, providers, person, point):
    names = daemon.subprocess.run(
        [daemon.binary(), "--version"], capture_output=True, text=True,
        env={**os.environ, "LEADBRIDGE_FAULT": "list"}, check=True).stdout
    if f"fault {point}" not in names:
        pytest.skip("built without LB_FAULTS")
    bridge = make(make_bridge, crm, providers, with_oauth(providers))
    put_contacts(providers, person, 1, 2)
    bridge.environment["LEADBRIDGE_FAULT"] = f"{point}:1"
    bridge.start()
    accepted(bridge, hubspot(1))
    assert bridge.wait_exit(30) == -signal.SIGKILL
    bridge.environment["LEADBRIDGE_FAULT"] = f"{point}:2"
    bridge.start()
    crm.wait_leads(1)
    bridge.kill()
    del bridge.environment["LEADBRIDGE_FAULT"]
    bridge.start()
    accepted(bridge, hubspot(2))
    crm.wait_leads(2)
    bridge.wait_ledger(accepted=2, delivered=2, fetching=0)
