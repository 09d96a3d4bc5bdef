# SPDX-License-Identifier: MIT
"""The admin listener: who may ask, live events, the last hour, the page."""

import json
import re

import pytest

from support import admin, senders, settings, wire
from support.admin import READ_TOKEN, TOKEN, ask, cookie_of, login
from support.daemon import eventually

STATUS = "/api/v1/status"


@pytest.fixture(name="served")
def over_tcp(make_bridge, crm):
    return admin.equip(make_bridge(crm)).start()


@pytest.fixture(name="where")
def port(served):
    return admin.address(served)


def customer(person, **more):
    return senders.shopify_customer(settings.SHOPIFY_SECRET, person, **more)


def code(reply):
    return reply.status, json.loads(reply.body)["error"]["code"]


# ---- tokens -----------------------------------------------------------------

@pytest.mark.parametrize("token, want", [
    (TOKEN, 200), (READ_TOKEN, 200), (None, 401), ("", 401),
    (TOKEN[:-1], 401), (TOKEN + "x", 401)])
def test_a_token_opens_the_door(where, token, want):
    assert ask(where, "GET", STATUS, token).status == want


def test_the_read_token_changes_nothing_and_unmasks_nothing(served, where):
    for path in ("/api/v1/reload", "/api/v1/leads/1/retry",
                 "/api/v1/destinations/mega/pause"):
        assert code(ask(where, "POST", path, READ_TOKEN,
                        X_Leadbridge="1")) == (403, "read_only")
    for path in ("leads?reveal=true", "leads/1?reveal=true",
                 "leads?text=ann%40example.com",
                 "destinations/mega/leads-there"):
        assert code(ask(where, "GET", f"/api/v1/{path}",
                        READ_TOKEN)) == (403, "read_only"), path
    assert served.api("/destinations")["destinations"][0]["condition"] == "ok"


def test_a_post_needs_the_header_no_form_can_send(where):
    assert code(ask(where, "POST", "/api/v1/reload", TOKEN)) == (403, "csrf")
    assert ask(where, "POST", "/api/v1/reload", TOKEN,
               X_Leadbridge="1").status == 200


def test_guessing_is_slowed_down_and_counted(served, where):
    for n in range(10):
        assert ask(where, "GET", STATUS, f"guess-{n}").status == 401
    refused = ask(where, "GET", STATUS, "guess-11")
    assert code(refused) == (429, "too_many_guesses")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    # Also the right one: else the answer would tell a guesser.
    assert ask(where, "GET", STATUS, TOKEN).status == 429
    assert login(where, TOKEN).status == 429
    rejected = "leadbridge_requests_rejected_total"
    assert served.metric(rejected, source="", reason="admin_token") == 10
    assert served.metric(rejected, source="", reason="admin_guesses") >= 3
    # Nobody else is kept out: the socket is not guarded by guesses.
    assert served.admin(STATUS).status == 200


def test_the_same_token_for_both_is_a_mistake(make_bridge, crm):
    bridge = admin.equip(make_bridge(crm))
    bridge.secret("read-token", TOKEN)
    bridge.spawn("--check")
    assert bridge.wait_exit() == 1
    assert "same as 'admin.token'" in "\n".join(bridge.exits[-1][1])


# ---- browsers ---------------------------------------------------------------

def test_a_login_gives_a_cookie_that_works_until_logout(where):
    wrong = login(where, "not the token")
    assert wrong.status == 401
    assert b"not the one" in wrong.body
    assert "set-cookie" not in wrong.headers
    done = login(where, TOKEN)
    assert (done.status, done.headers["location"]) == (303, "/")
    for flag in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert flag in done.headers["set-cookie"]
    assert "Secure" not in done.headers["set-cookie"]
    assert TOKEN not in done.headers["set-cookie"]
    cookie = cookie_of(done)
    session = ask(where, "GET", "/api/v1/session", Cookie=cookie)
    assert json.loads(session.body)["role"] == "full"
    assert ask(where, "POST", "/api/v1/reload", Cookie=cookie,
               X_Leadbridge="1").status == 200
    out = ask(where, "POST", "/logout", Cookie=cookie, X_Leadbridge="1")
    assert (out.status, out.headers["location"]) == (303, "/login")
    assert ask(where, "GET", STATUS, Cookie=cookie).status == 401


def test_a_login_behind_tls_is_secure(where):
    done = login(where, TOKEN, X_Forwarded_Proto="https")
    assert "; Secure" in done.headers["set-cookie"]


def test_a_session_of_the_read_token_only_reads(where):
    cookie = cookie_of(login(where, READ_TOKEN))
    assert ask(where, "GET", STATUS, Cookie=cookie).status == 200
    assert code(ask(where, "POST", "/api/v1/reload", Cookie=cookie,
                    X_Leadbridge="1")) == (403, "read_only")


def test_a_session_outlives_a_restart_and_not_its_token(served, where):
    cookie = cookie_of(login(where, TOKEN))
    served.stop()
    served.start()
    again = admin.address(served)
    assert ask(again, "GET", STATUS, Cookie=cookie).status == 200
    served.secret("admin-token", "another-token-entirely")
    served.reload()
    assert ask(again, "GET", STATUS, Cookie=cookie).status == 401


def test_logins_and_changes_are_in_the_audit_log(served, where):
    cookie = cookie_of(login(where, TOKEN))
    assert ask(where, "POST", "/api/v1/destinations/mega/pause",
               Cookie=cookie, X_Leadbridge="1").status == 200

    def lines():
        found = json.loads(served.admin("/api/v1/audit").body)
        rows = next(iter(v for v in found.values() if isinstance(v, list)))
        return {(r["actor"], r["action"], r["subject"]) for r in rows}
    eventually(lambda: {("token", "login", "full"),
                        ("dashboard", "destination.pause", "mega")} <=
               lines(), what="the audit log")


@pytest.mark.parametrize("name, headers, want", [
    ("own page", {"Origin": "http://{where}", "Sec-Fetch-Site":
                  "same-origin"}, 200),
    ("another port", {"Origin": "http://127.0.0.1:1"}, 403),
    ("another site", {"Origin": "https://evil.example",
                      "Sec-Fetch-Site": "cross-site"}, 403),
    ("a sandboxed page", {"Origin": "null"}, 403),
    ("an image", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("a rebound name", {"Host": "evil.example:8081"}, 421),
    ("localhost", {"Host": "localhost:8081"}, 200)])
def test_only_the_own_page_may_use_the_cookie(where, name, headers, want):
    cookie = cookie_of(login(where, TOKEN))
    sent = {k: v.format(where=where) for k, v in headers.items()}
    got = wire.ask(where, "GET", STATUS, None, {**sent, "Cookie": cookie})
    assert got.status == want, name


def test_a_forwarded_socket_is_guarded_from_strangers_too(served):
    where = f"unix:{served.path('admin.sock')}"
    for headers, want in (({}, 200), ({"Host": "x"}, 200),
                          ({"Host": "evil.example"}, 421),
                          ({"Origin": "https://evil.example"}, 403)):
        got = wire.ask(where, "POST", "/api/v1/reload", None, headers)
        assert got.status == want, headers


def test_a_name_of_ones_own_is_configured(make_bridge, crm):
    bridge = admin.equip(make_bridge(crm), hosts=["leads.example.com"])
    where = admin.address(bridge.start())
    done = login(where, TOKEN, Host="leads.example.com")
    assert done.status == 303
    assert ask(where, "GET", STATUS, Host="leads.example.com",
               Cookie=cookie_of(done)).status == 200


def test_the_page_is_public_and_its_data_is_not(where):
    page = ask(where, "GET", "/")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    names = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text))
    assert len(names) >= 2
    for name in names:
        assert ask(where, "GET", name).status == 200, name
    assert ask(where, "GET", "/assets/../etc").status == 404
    assert "http://" not in page.text.replace("http://www.w3.org", "")


# ---- live -------------------------------------------------------------------

@pytest.mark.tsan
def test_events_tell_of_each_lead_and_of_no_person(served, where, person):
    who = person()
    with admin.Events(where, token=READ_TOKEN) as events:
        assert "text/event-stream" in events.head
        first = events.wait(lambda name, _: name == "status")
        assert first["ready"] is True
        assert first["destinations"][0]["name"] == "mega"
        served.post(customer(who))
        seen = events.wait(lambda name, data: name == "leads" and
                           data["leads"][0]["state"] == "delivered")
        lead = seen["leads"][0]
        assert (lead["source"], lead["destination"]) == ("shop", "mega")
        assert set(lead) == {"id", "source", "destination", "state", "at"}
        later = events.wait(lambda name, data: name == "status" and
                            data["ledger"]["delivered"] == 1)
        text = json.dumps([seen, later])
        for piece in (who.email, who.phone, who.first, who.last):
            assert piece not in text


@pytest.mark.tsan
def test_a_flood_is_told_in_few_words(served, where, person):
    crowd = [customer(person()) for _ in range(150)]
    with admin.Events(where, token=TOKEN) as events:
        for post in crowd:
            assert served.post(post).status == 200
        told = missed = 0
        while told + missed < 150:
            name, data = events.next()
            if name == "leads":
                assert len(data["leads"]) <= 64
                told += len({lead["id"] for lead in data["leads"]})
                missed += data["missed"]
        assert told > 0


def test_events_end_cleanly_with_the_daemon(served, where):
    with admin.Events(where, token=TOKEN) as events:
        events.wait(lambda name, _: name == "status")
        served.terminate()
        while events.next() is not None:
            pass
    assert served.wait_exit() == 0


def test_as_many_watch_as_there_may_be(served, where):
    watching = [admin.Events(where, token=TOKEN) for _ in range(32)]
    try:
        refused = ask(where, "GET", "/api/v1/events", TOKEN)
        assert code(refused) == (503, "too_many")
    finally:
        for events in watching:
            events.raw.sock.close()

    def free():
        with admin.Events(where, token=TOKEN) as events:
            return "200" in events.head.split("\r\n")[0]
    eventually(free, what="room for one more")
    assert served.get("/healthz").status == 200


@pytest.mark.tsan
def test_the_last_hour_is_there_in_minutes(served, where, person):
    served.post(customer(person()))

    def delivered():
        found = ask(where, "GET", "/api/v1/history", TOKEN)
        rows = json.loads(found.body)["minutes"]
        return rows and sum(r["delivered"] for r in rows) == 1 and rows
    rows = eventually(delivered, what="the history")
    assert sum(row["accepted"] for row in rows) == 1
    # A restart forgets nothing of it.
    served.stop()
    served.start()
    where = admin.address(served)
    rows = eventually(delivered, what="what the store remembers")
    assert sum(row["accepted"] for row in rows) == 1
    assert len(rows) == 60
    assert set(rows[0]) == {"at", "accepted", "delivered", "dead", "waiting",
                            "oldest_waiting_s"}
