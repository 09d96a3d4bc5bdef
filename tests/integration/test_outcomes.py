# SPDX-License-Identifier: MIT
"""Every row of the outcome table, played by a scripted CRM, seen from outside.

Each row has a CRM, a destination and a source of its own; all run side by side
behind one bridge. What names a class from outside: how many requests came, with
which keys, which bytes and when; what the attempts, the ledger, the status of
the destination and the metrics log say.
"""

import contextlib
import dataclasses

import pytest

from crm_sandbox import Sandbox
from support import certificates, holes, people
from support.rows import Table, url

LEAD = {"lead": {"id": "played"}}
PAGE = "<html><h1>Welcome</h1></html>"
RETRY_MS = 400  # the pause after a first failure, before its jitter


@dataclasses.dataclass
class Play:
    """What the CRM does once, and what the bridge must make of it."""
    outcome: str
    reason: str = None
    status: int = None
    rule: dict = None
    server: object = None  # instead of a CRM: makes a hole
    scheme: str = "http"
    special: dict = dataclasses.field(default_factory=dict)
    waits: float = 0       # LIMITED, and RETRY with a floor: seconds, at least
    most: float = None     # and at most, with the jitter
    sent_ms: int = None    # at least so long took the failed attempt
    tls: object = None     # (folder) -> ((certificate, key), trusted)


def answers(status, outcome, reason=None, headers=None, body=None, **more):
    rule = {"status": status, "headers": headers or {}}
    if body is not None:
        rule["body"] = body
    if outcome == "sent":
        rule["stored"] = True
    return Play(outcome, reason or f"http_{status}", status, rule, **more)


def family(outcome, *statuses):
    return {str(status): answers(status, outcome) for status in statuses}


def trusted(days=2, host="localhost"):
    def make(folder):
        authority = certificates.Authority(folder)
        return authority.sign("crm", host, days), authority.certificate
    return make


def stranger(folder):
    """Signed by somebody else than whom the bridge trusts."""
    known = certificates.Authority(folder, "known")
    return (certificates.Authority(folder, "other").sign("crm"),
            known.certificate)


IN_PROGRESS = {"error": {"type": "api_error", "code": "conflict",
                         "message": "a request with this key is in progress"}}

NO_LIMITS = {"RateLimit-Limit": None, "RateLimit-Remaining": None,
             "RateLimit-Reset": None}

PLAYS = {
    "201": answers(201, "sent", body=LEAD),
    "201 without a body": answers(201, "sent", body=""),
    "201 with an error in its body": answers(201, "sent",
                                             body={"error": "odd"}),
    "201 cut off in its body": Play(
        "sent", status=201, rule={"do": "half_body", "status": 201,
                                  "body": LEAD, "stored": True}),
    "202": answers(202, "sent", body=""),
    "204": answers(204, "sent"),
    "200 with a lead": answers(200, "sent", body=LEAD),
    "207 with a lead": answers(207, "sent", body=LEAD),
    "200 with a web page": answers(200, "park", "unexpected_answer",
                                   body=PAGE),
    "200 with other JSON": answers(200, "park", "unexpected_answer",
                                   body={"ok": True}),
    "200 with nothing": answers(200, "park", "unexpected_answer", body=""),
    "203 with a web page": answers(203, "park", "unexpected_answer",
                                   body=PAGE),
    "206 with nothing": answers(206, "park", "unexpected_answer", body=""),
    "200 cut off": Play("retry", "answer_cut_off", 200, {
        "do": "half_body", "status": 200, "body": PAGE}),
    **family("park", 300, 301, 303, 304, 307, 308),
    "302": answers(302, "park", headers={
        "Location": "https://elsewhere.example.com/login?next=lead"}),
    **family("dead", 400, 413, 422, 451),
    **family("park", 401, 403, 407, 404, 405, 410, 412, 415, 417, 501, 505,
             511),
    **family("retry", 408, 421, 423, 424, 425, 500, 502, 503, 504, 507, 508),
    "unknown 402": answers(402, "retry"),
    "unknown 418": answers(418, "retry"),
    "unknown 499": answers(499, "retry"),
    "unknown 520": answers(520, "retry"),
    "unknown 599": answers(599, "retry"),
    "status 600": answers(600, "retry", "http_odd"),
    "409": answers(409, "dead", "idempotency_conflict"),
    "409 in progress": answers(409, "retry", "in_progress", body=IN_PROGRESS,
                               waits=5, most=7),
    "429": answers(429, "limited", waits=2, most=2.2, headers=NO_LIMITS),
    "429 with Retry-After": answers(429, "limited", waits=1, most=1.1,
                                    headers={"Retry-After": "1"}),
    "503 with Retry-After": answers(503, "limited", waits=1, most=1.1,
                                    headers={"Retry-After": "1"}),
    "503 with an odd Retry-After": answers(503, "retry",
                                           headers={"Retry-After": "soon"}),
    "500 with Retry-After": answers(500, "retry", waits=2, most=2.2,
                                    headers={"Retry-After": "2"}),
    "overridden 422 to retry": answers(
        422, "retry", special={"outcome": {"422": "retry"}}),
    "overridden 500 to dead": answers(
        500, "dead", special={"outcome": {"500": "dead"}}),
    "overridden 404 to sent": answers(
        404, "sent", special={"outcome": {"404": "sent"}}),
    "overridden 200 to sent": answers(
        200, "sent", body=PAGE, special={"outcome": {"200": "sent"}}),
    "overridden 409 to sent": answers(
        409, "sent", special={"outcome": {"409": "sent"}}),
    "overridden 418 to park": answers(
        418, "park", special={"outcome": {"418": "park"}}),
    "overridden 500 to limited": answers(
        500, "limited", waits=2, most=2.2, headers=NO_LIMITS,
        special={"outcome": {"500": "limited"}}),
    "overridden 409 still in progress": answers(
        409, "retry", "in_progress", body=IN_PROGRESS, waits=5, most=7,
        special={"outcome": {"409": "dead"}}),
    "refused": Play("retry", "refused", server=holes.Refused),
    "reset": Play("retry", "reset", rule={"do": "reset"}),
    "closed without a word": Play("retry", "reset", rule={"do": "close"}),
    "closed in the headers": Play("retry", "reset", rule={"do": "half"}),
    "reset after the lead was made": Play("retry", "reset", rule={
        "do": "reset", "stored": True}),
    "no HTTP at all": Play("retry", "transport", rule={"do": "garbage"}),
    "timeout before sending": Play("retry", "connect_timeout", sent_ms=900,
                                   server=holes.FullBacklog),
    "timeout after sending": Play("retry", "timeout", sent_ms=900, rule={
        "do": "hang", "stored": True}),
    "handshake never answered": Play("retry", "connect_timeout", sent_ms=900,
                                     server=holes.Silent, scheme="https"),
    "handshake reset": Play("retry", "tls_failed", scheme="https",
                            server=holes.ResetsHandshake),
    "no TLS there": Play("retry", "tls_failed", scheme="https", rule={}),
    "one byte a second": Play("retry", "timeout", sent_ms=900,
                              server=holes.Drips),
    "TLS that is fine": Play("sent", status=201, tls=trusted(), rule={
        "do": "delay"}),
    "TLS expired": Play("park", "tls_untrusted", tls=trusted(days=-1)),
    "TLS of an unknown authority": Play("park", "tls_untrusted",
                                        tls=stranger),
    "TLS of another name": Play("park", "tls_untrusted",
                                tls=trusted(host="crm.example.com")),
    "forbidden address": Play("park", "address_forbidden", rule={},
                              special={"allow_private": False}),
}

COMMON = {"retry": ["0s", f"{RETRY_MS}ms", "200ms"], "retry_every": "1s",
          "probe": "1h", "timeout": "1s", "connect_timeout": "1s"}


def server_of(stack, play, folder):
    """(a Sandbox or a URL, further settings of the destination)"""
    if play.server is not None:
        port = stack.enter_context(play.server()).port
        return url(port, scheme=play.scheme), {}
    if play.tls is not None:
        pair, ca = play.tls(folder)
        crm = stack.enter_context(Sandbox(tls=pair))
        return crm, {"ca": ca, "allow_http": None}
    crm = stack.enter_context(Sandbox())
    if play.scheme == "https":
        return url(crm.port, scheme="https"), {}
    return crm, {}


@pytest.fixture(scope="module")
def table(ghl_key, binaries,  # pylint: disable=unused-argument
          tmp_path_factory):
    crms, special = {}, {}
    with contextlib.ExitStack() as stack:
        for name, play in PLAYS.items():
            crm, more = server_of(stack, play,
                                  tmp_path_factory.mktemp("tls"))
            crms[name] = crm
            special[name] = {**more, **play.special}
            if isinstance(crm, Sandbox) and play.rule:
                crm.misbehave(play.rule)
        rows = stack.enter_context(Table(ghl_key, crms, COMMON, special))
        for i, name in enumerate(PLAYS):
            rows[name].post(people.Person(i))
        yield rows


def one_key_and_the_same_bytes(posts):
    assert len({r.key for r in posts}) == 1
    assert len({r.sha256 for r in posts}) == 1


def sees_sent(row, play):
    lead = row.wait_lead("delivered")
    assert lead["attempts"] == 1
    assert lead["outcome"] == "sent"
    assert lead["status"] == play.status
    assert len(row.crm.posts()) == 1
    if play.rule.get("body") == LEAD and "do" not in play.rule:
        assert lead["crm_id"] == LEAD["lead"]["id"]
    row.wait_status(condition="ok", delivered=1, retried=0, limited=0, dead=0)
    row.metrics_line(lambda d: d["delivered"] == 1 and d["waiting"] == 0)


def sees_first_attempt(row, play, counts):
    attempt = row.wait_attempt()
    assert attempt["outcome"] == play.outcome
    assert attempt["reason"] == play.reason
    assert attempt["status"] == (play.status or 0)
    assert attempt["counts"] is counts
    if play.sent_ms is not None:
        assert play.sent_ms <= attempt["duration_ms"] < play.sent_ms + 3000
    return attempt


def sees_retry(row, play):
    sees_first_attempt(row, play, True)
    row.metrics_line(lambda d: d["retried"] >= 1)
    assert row.status()["condition"] in ("ok", "broken")
    if isinstance(row.crm, str):  # nobody there will ever take it
        lead, = row.leads()
        assert lead["state"] == "waiting"
        return
    lead = row.wait_lead("delivered")
    first, second = row.crm.posts()[:2]
    one_key_and_the_same_bytes(row.crm.posts())
    assert lead["attempts"] == 2
    assert lead["outcome"] == "sent"
    gap = second.at - first.at
    assert gap >= (play.waits or RETRY_MS / 2000)
    assert gap < (play.most or 1.5 * RETRY_MS / 1000 + 1) + 2
    assert len(row.crm.leads) == 1


def sees_limited(row, play):
    sees_first_attempt(row, play, False)
    lead = row.wait_lead("delivered")
    assert lead["attempts"] == 1  # the good one
    first, second = row.crm.posts()
    one_key_and_the_same_bytes([first, second])
    assert play.waits - 0.01 <= second.at - first.at < play.most + 2
    row.wait_status(condition="ok", limited=1, retried=0, delivered=1)
    row.metrics_line(lambda d: d["limited"] == 1 and d["retried"] == 0)


def sees_park(row, play):
    sees_first_attempt(row, play, False)
    row.wait_status(condition="parked", reason=play.reason, dead=0,
                    delivered=0)
    lead, = row.leads()
    assert lead["attempts"] == 0
    row.metrics_line(lambda d: d["condition"] == "parked" and
                     d["reason"] == play.reason and d["parked"] == 1 and
                     d["waiting"] == 0)
    posts = row.crm.posts()
    assert len(posts) == (1 if play.status else 0)
    alarms = [line for line in row.bridge.log.items
              if "destination_condition" in line and
              f"destination={row.name} condition=parked" in line]
    assert len(alarms) == 1 and alarms[0].startswith("<4>")
    if not play.status:  # nothing a CRM could change
        return
    row.resume()
    lead = row.wait_lead("delivered")
    assert lead["attempts"] == 1
    one_key_and_the_same_bytes(row.crm.posts())
    row.wait_status(condition="ok", delivered=1)


def sees_dead(row, play):
    sees_first_attempt(row, play, True)
    lead = row.wait_lead("dead")
    assert lead["attempts"] == 1
    assert lead["reason"] == play.reason
    assert lead["status"] == play.status
    assert "the sandbox was told" in lead["response"]
    assert len(row.crm.posts()) == 1
    row.wait_status(condition="ok", dead=1, retried=0, delivered=0)
    row.metrics_line(lambda d: d["dead"] == 1 and d["waiting"] == 0)


SEES = {"sent": sees_sent, "retry": sees_retry, "limited": sees_limited,
        "park": sees_park, "dead": sees_dead}


@pytest.mark.parametrize("name", PLAYS)
def test_the_named_class_is_seen_from_outside(table, name):
    SEES[PLAYS[name].outcome](table[name], PLAYS[name])


def test_a_redirect_names_the_host_it_pointed_to(table):
    row = table["302"]
    line = row.bridge.log.wait(
        lambda l: "destination_redirect" in l and row.name in l, 20,
        "the host")
    assert 'host="elsewhere.example.com"' in line


def test_every_lead_of_all_rows_is_in_the_ledger(table):
    ledger = table.bridge.ledger(scan=True)
    assert ledger["difference"] == 0
    assert ledger["accepted"] == len(PLAYS)
