# SPDX-License-Identifier: MIT
"""No space left: nothing is acknowledged, nothing is lost, it goes on by
itself when there is room; any other I/O error ends the process."""

import json
import os

import pytest

from support import disk, senders, settings
from support.daemon import eventually


@pytest.fixture(name="small_disk")
def small_file_system(tmp_path):
    """A file system of eight megabytes, where one may be mounted."""
    with disk.small(tmp_path, 8) as path:
        yield path


def fill(folder):
    """Takes all the room there is."""
    with open(os.path.join(folder, "filler"), "wb", buffering=0) as f:
        size = 65536
        while size:
            try:
                f.write(b"x" * size)
            except OSError:
                size //= 2


def order(person):
    return senders.shopify_order(settings.SHOPIFY_SECRET, person)


@pytest.fixture(name="full")
def bridge_on_a_small_disk(make_bridge, crm, small_disk):
    bridge = make_bridge(crm, {"store": {
        "path": f"{small_disk}/leadbridge.db", "reserve": "512KiB",
        "low_water": "256KiB"}})
    bridge.start()
    yield bridge
    if bridge.process is not None:
        bridge.stop()


def test_full_disk_answers_try_later_and_recovers(
        full, crm, person, small_disk):
    accepted = 0
    for _ in range(5):
        assert full.post(order(person())).status == 200
        accepted += 1
    full.wait_ledger(delivered=accepted)
    fill(small_disk)
    refused = eventually(
        lambda: (r := full.post(order(person()))).status != 200 and r,
        30, "a refusal")
    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert full.post(senders.ghl_contact(full.ghl_key,
                                         person())).status == 429
    assert full.get("/healthz").status == 200
    assert full.get("/readyz").status == 503
    assert full.process.poll() is None
    os.unlink(os.path.join(small_disk, "filler"))
    eventually(lambda: full.get("/readyz").status == 200, 60, "room again",
               0.1)
    assert full.post(order(person())).status == 200
    ledger = full.wait_ledger(waiting=0)
    assert ledger["accepted"] == ledger["delivered"]
    assert full.ctl("ledger").returncode == 0


def test_a_full_disk_still_settles_what_is_delivered(
        full, crm, person, small_disk):
    full.ctl("destination", "pause", "mega")
    for _ in range(20):
        assert full.post(order(person())).status == 200
    fill(small_disk)
    eventually(lambda: full.get("/readyz").status == 503, 30, "full", 0.1)
    full.ctl("destination", "resume", "mega")
    full.wait_ledger(timeout=60, delivered=20, waiting=0)
    assert len(crm.leads) == 20
    os.unlink(os.path.join(small_disk, "filler"))


def test_what_was_refused_is_not_stored_and_may_come_again(
        full, crm, person, small_disk):
    fill(small_disk)
    post = order(person())
    eventually(lambda: full.get("/readyz").status == 503, 30, "full", 0.1)
    assert full.post(post).status == 503
    os.unlink(os.path.join(small_disk, "filler"))
    eventually(lambda: full.get("/readyz").status == 200, 60, "room", 0.1)
    reply = full.post(post)
    assert (reply.status, json.loads(reply.body)) == (
        200, {"status": "accepted"})
    full.wait_ledger(accepted=1, delivered=1, duplicates=0)


def test_an_io_error_ends_the_process_and_loses_nothing(
        make_bridge, crm, person):
    """A file-size limit makes writing fail with EFBIG, which is no ENOSPC."""
    bridge = make_bridge(crm, {"log": {"level": "info"},
                               "metrics": {"interval": "1h"}})
    bridge.wrapper = ["sh", "-c", 'ulimit -f 6000; exec "$@"', "sh"]
    bridge.start()
    accepted = 0
    while accepted < 4000:
        post = senders.form(settings.FORM_TOKEN, person(),
                            message="x" * 8000)
        try:
            reply = bridge.post(post)
        except OSError:
            break
        if reply.status != 200:
            break
        accepted += 1
    assert 0 < accepted < 4000
    assert bridge.wait_exit() == 3
    bridge.wrapper = []
    bridge.start()
    bridge.wait_ledger(timeout=120, waiting=0)
    assert bridge.ledger(scan=True)["difference"] == 0
    assert bridge.ledger()["delivered"] >= accepted
