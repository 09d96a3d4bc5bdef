# SPDX-License-Identifier: MIT
"""Names: missing, failing, silent, healing; and what that costs others.

The bridge runs with a name server of the test's own.
"""

import re

import pytest

from support import dns, people, senders, settings
from support.daemon import eventually
from support.rows import Table, url

REASON = dns.why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))

COMMON = {"retry": ["0s", "200ms", "200ms"], "retry_every": "1s",
          "probe": "1h", "connect_timeout": "1s", "timeout": "2s",
          "breaker": {"failures": 50, "open": "200ms", "max_open": "500ms"}}
HOLES = 40
LIBRARY_POOL = 20  # look-ups the C library makes at a time


@pytest.fixture
def names(tmp_path):
    server = dns.NameServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def make_table(ghl_key, binaries, names):  # pylint: disable=unused-argument
    tables = []

    def make(crms, special=None, common=None):
        table = Table(ghl_key, crms, {**COMMON, **(common or {})}, special)
        table.bridge.wrapper = names.wrapper
        tables.append(table)
        return table

    return make


def threads(bridge):
    with open(f"/proc/{bridge.process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"^Threads:\s+(\d+)", f.read(), re.M)[1])


def test_a_missing_name_is_retried_for_a_while_and_then_parks(
        make_table, names, crm, person):
    names.names["gone.crm.test"] = "nxdomain"
    where = {"gone": url(crm.port, "gone.crm.test")}
    grace = {"gone": {"nxdomain_grace": "1s", "probe": "300ms"}}
    table = make_table(where, grace)
    use_token(table, crm, "gone")
    with table:
        row = table["gone"]
        row.post(person())
        attempt = row.wait_attempt()
        assert attempt["reason"] == "dns_nxdomain"
        assert (attempt["outcome"], attempt["counts"]) == ("retry", True)
        assert row.status()["condition"] == "ok"
        alarm = table.bridge.log.wait(
            lambda l: "destination_alarm" in l and "dns_nxdomain" in l, 5,
            "the alarm, at once")
        assert "destination=gone" in alarm
        row.wait_status(condition="parked", reason="dns_nxdomain")
        lead, = row.leads()
        kinds = [a["outcome"] for a in lead["failed_attempts"]]
        assert kinds.count("retry") >= 2 and kinds[-1] == "park"
        names.names["gone.crm.test"] = "127.0.0.1"
        row.wait_lead("delivered")
        row.wait_status(condition="ok")


def test_a_name_that_comes_back_in_time_parks_nobody(
        make_table, names, crm, person):
    names.names["moving.crm.test"] = "nxdomain"
    table = make_table({"moving": url(crm.port, "moving.crm.test")})
    use_token(table, crm, "moving")
    with table:
        row = table["moving"]
        row.post(person())
        row.wait_attempt()
        names.names["moving.crm.test"] = "127.0.0.1"
        lead = row.wait_lead("delivered")
        assert {a["outcome"] for a in lead["failed_attempts"]} == {"retry"}
        assert not any("condition=parked" in line
                       for line in table.bridge.log.items)


@pytest.mark.parametrize("what", ["servfail", "silent"])
def test_a_name_server_that_fails_is_transient(
        make_table, names, crm, person, what):
    names.names["odd.crm.test"] = what
    table = make_table({"odd": url(crm.port, "odd.crm.test")})
    use_token(table, crm, "odd")
    with table:
        row = table["odd"]
        row.post(person())
        attempt = row.wait_attempt()
        assert attempt["reason"] == "dns_failed"
        assert (attempt["outcome"], attempt["counts"]) == ("retry", True)
        assert attempt["duration_ms"] < 1500  # connect_timeout
        names.names["odd.crm.test"] = "127.0.0.1"
        row.wait_lead("delivered")
        assert len(crm.posts()) == 1


def test_one_name_is_looked_up_once_for_all_its_destinations(
        make_table, names, crm, person):
    names.names["shared.crm.test"] = "127.0.0.1"
    where = {f"customer {i}": url(crm.port, "shared.crm.test")
             for i in range(12)}
    table = make_table(where)
    for name in where:
        use_token(table, crm, name)
    with table:
        for name in where:
            table[name].post(person())
        for name in where:
            table[name].wait_lead("delivered")
    asked = [q for q in names.asked if q[0] == "shared.crm.test"]
    assert len(asked) <= 2, asked  # A and AAAA


def test_silent_name_servers_cost_few_threads_and_no_other_destination(
        make_table, names, crm, person):
    names.names["fine.crm.test"] = "127.0.0.1"
    where = {f"hole {i}": url(9, f"hole-{i % 15}.crm.test")
             for i in range(HOLES)}
    where["fine"] = url(crm.port, "fine.crm.test")
    table = make_table(where)
    use_token(table, crm, "fine")
    with table:
        bridge = table.bridge
        before = threads(bridge)
        for i in range(3 * HOLES):
            table[f"hole {i % HOLES}"].post(people.Person(i))
        most = 0
        for i in range(15):
            table["fine"].post(person())
            crm.wait_posts(i + 1, 2)
            most = max(most, threads(bridge))
        assert most <= before + LIBRARY_POOL + 1
        assert bridge.post(senders.shopify_customer(
            settings.SHOPIFY_SECRET, person())).status == 200
        eventually(lambda: table["hole 0"].status()["retried"] >= 1, 20,
                   "a failure of the black hole")
        table["fine"].wait_status(retried=0)


def test_ends_while_a_name_server_is_silent(make_table, person):
    table = make_table({"hole": url(9, "hole.crm.test")},
                       common={"connect_timeout": "30s",
                               "timeout": "60s"})
    with table:
        table["hole"].post(person())
        table["hole"].wait_status(sending=1)
        table.bridge.stop(timeout=30)


def use_token(table, crm, name):
    """The row's URL is text: give its destination the CRM's own token."""
    row = table[name]
    row.crm = crm
    table.bridge.secret("token-of-crm", crm.token)
    table.bridge.write({"destinations": {row.name: {
        "token": f"file:{table.bridge.folder}/secrets/token-of-crm"}}})
