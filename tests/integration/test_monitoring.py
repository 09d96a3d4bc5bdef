# SPDX-License-Identifier: MIT
"""What the man page, the alert rules and the Grafana page say about metrics,
compared with what a running daemon really counts."""

import json
import pathlib
import re

import pytest

from support import senders, settings
from support.daemon import eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "leadbridge-metrics.5.scd").read_text("utf-8")
NAME = re.compile(r"leadbridge_[a-z_]+")
# Parts of a histogram.
PARTS = re.compile(r"_(bucket|sum|count)$")


def members(line):
    """Every member of a metrics line but names that are data."""
    found = set()

    def walk(value, names_are_data):
        for key, inner in value.items():
            if not names_are_data:
                found.add(key)
            if isinstance(inner, dict):
                walk(inner, key in ("sources", "destinations", "rejected"))
    walk(line, False)
    return found


def served(bridge):
    """Also what has no sample yet: its head is there."""
    text = bridge.admin("/metrics").body.decode()
    return {PARTS.sub("", name) for row in text.splitlines()
            if not row.startswith("# HELP") for name in NAME.findall(row)}


@pytest.fixture
def busy(bridge, person):
    """A bridge that has taken, refused and delivered something."""
    sample = senders.shopify_order(settings.SHOPIFY_SECRET, person())
    assert bridge.post(sample).status == 200
    assert bridge.post(sample).status == 200
    forged = senders.shopify_order("wrong", person())
    assert bridge.post(forged).status == 401
    bridge.wait_ledger(delivered=1, duplicates=1)
    return bridge


def test_man_page_names_every_member_and_metric(busy):
    said = set(re.findall(r"\*([a-z0-9_]+)\*", PAGE))
    lines = eventually(lambda: [
        line for line in busy.metrics_lines()
        if line["since_start"]["delivered"] == 1], what="a metrics line")
    assert members(lines[-1]) - said == set()
    documented = set(NAME.findall(PAGE))
    assert served(busy) - documented == set(), "not in the man page"
    assert documented - served(busy) == set(), "no longer served"


def test_rules_and_grafana_ask_only_for_what_is_served(busy):
    there = served(busy)
    for file in ("alerts.yaml", "grafana.json"):
        text = (ROOT / "docs" / "monitoring" / file).read_text("utf-8")
        asked = {PARTS.sub("", name) for name in NAME.findall(text)}
        assert asked - there == set(), file
    json.loads((ROOT / "docs" / "monitoring" / "grafana.json").read_text())
