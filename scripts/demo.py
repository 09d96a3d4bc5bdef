# SPDX-License-Identifier: MIT
"""The demonstration behind scripts/demo: build, post, show, check."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "demo")
sys.path.insert(0, os.path.join(ROOT, "tests"))
os.environ["LEADBRIDGE_BIN"] = os.path.join(BUILD, "leadbridged")

from crm_sandbox import Sandbox  # noqa: E402
from support import daemon, senders, settings  # noqa: E402

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def title(text):
    print(f"\n{paint('1', text)}", flush=True)


def row(*cells):
    """Cells of (text, width), padded; the last may be as long as it likes."""
    print("  " + "  ".join(f"{text:<{width}}" for text, width in cells)
          .rstrip(), flush=True)


class Visitor:
    """Someone who fills in a form; nobody real."""

    def __init__(self, n, first, last, phone, typed):
        self.n = n
        self.first, self.last = first, last
        self.name = f"{first} {last}"
        self.email = f"{first}.{last}@example.com".lower()
        self.phone, self.phone_as_typed = phone, typed


ANA = Visitor(1, "Ana", "Ruiz", "+15025550141", "(502) 555-0141")
BEN = Visitor(2, "Ben", "Okafor", "+12125550142", "212-555-0142")
CHLOE = Visitor(3, "Chloe", "Martin", "+19375550143", "937 555 0143")
DAN = Visitor(4, "Dan", "Fischer", "+13035550144", "303.555.0144")
EVA = Visitor(5, "Eva", "Lindgren", "+14155550145", "(415) 555-0145")


def build():
    """The release build, without tests; quiet unless it fails."""
    os.makedirs(BUILD, exist_ok=True)
    log_path = os.path.join(BUILD, "demo-build.log")
    began = time.monotonic()
    with open(log_path, "w", encoding="utf-8") as log:
        for command in (
                ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja",
                 "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DLB_TESTS=OFF"],
                ["cmake", "--build", BUILD]):
            if subprocess.run(command, stdout=log, stderr=log,
                              check=False).returncode != 0:
                break
        else:
            return time.monotonic() - began
    with open(log_path, encoding="utf-8") as log:
        sys.stderr.write("".join(log.readlines()[-40:]))
    sys.exit(f"the build failed; all of it is in {log_path}")


def requests(bridge):
    order = senders.shopify_order(settings.SHOPIFY_SECRET, ANA)
    return [
        ("Shopify order", ANA, order),
        ("Shopify customer", BEN, senders.shopify_customer(
            settings.SHOPIFY_SECRET, BEN)),
        ("GoHighLevel contact", CHLOE, senders.ghl_contact(
            bridge.ghl_key, CHLOE)),
        ("GoHighLevel workflow", DAN, senders.ghl_workflow(
            settings.WORKFLOW_TOKEN, DAN)),
        ("Website form", EVA, senders.form(
            settings.FORM_TOKEN, EVA, page="https://www.example.com/quote",
            landing_page="https://www.example.com/?utm_source=google"
                         "&utm_medium=cpc&gclid=Cj0KCQjwTESTa1B2c3",
            referrer="https://www.google.com/")),
        ("the same order again", ANA, order),
        ("a forged order", None, order.tampered()),
    ]


def post_all(bridge):
    """Posts everything; the statuses and words that were answered."""
    title("Webhooks in")
    answers = []
    for what, who, post in requests(bridge):
        began = time.monotonic()
        reply = bridge.post(post)
        took = (time.monotonic() - began) * 1000
        value = json.loads(reply.body)
        word = value.get("status") or value["error"]["message"]
        answers.append((reply.status, word))
        good = reply.status == (200 if who else 401)
        row((what, 21), (who.name if who else "-", 13),
            (paint("32" if good else "31", f"{reply.status}"), 3),
            (word, 32), (f"{took:.1f} ms", 8))
    return answers


def found_by(lead):
    """What decided, where the channel decides the platform."""
    rule = lead.get("custom_fields", {}).get("attribution_rule")
    return f"by {rule}" if rule else ""


def show_leads(crm, since):
    title("Leads at the CRM")
    leads = crm.wait_leads(5)
    took = max(r.at for r in crm.posts()) - since
    for lead in sorted(leads, key=lambda v: v["contact_name"] or ""):
        row((lead["contact_name"], 13), (lead["contact_email"], 25),
            (lead["contact_phone"], 13),
            (f"{lead['source_platform']}/{lead['source_type']}", 15),
            (found_by(lead), 0))
    print(f"  all there {took:.2f} s after the first webhook; each sent with "
          "an Idempotency-Key")
    return leads


def show_metrics(bridge):
    title("Metrics log")

    def settled():
        lines = bridge.metrics_lines()
        return lines and lines[-1]["ledger"]["delivered"] == 5 and lines[-1]
    line = daemon.eventually(settled, 20, "a metrics line with 5 delivered")
    print(textwrap.indent(textwrap.fill(
        json.dumps(line, separators=(", ", ":")), 76,
        break_long_words=False, break_on_hyphens=False), "  "), flush=True)
    return line


def check(answers, leads, line):
    """What must be true; the sentences that are not."""
    refused = sum(line["since_start"]["rejected"].values())
    facts = [
        (answers[:5] == [(200, "accepted")] * 5, "five were accepted"),
        (answers[5] == (200, "duplicate"), "the repeat is a duplicate"),
        (answers[6][0] == 401, "the forged one is refused with 401"),
        (len(leads) == 5, "the CRM has five leads"),
        ([lead["source_platform"] for lead in leads
          if lead["contact_email"] == EVA.email] == ["google_ads"],
         "the form came by an advertisement at Google"),
        (line["ledger"]["accepted"] == 5, "the ledger says 5 accepted"),
        (line["ledger"]["duplicates"] == 1, "the ledger says 1 duplicate"),
        (refused == 1, "the metrics say 1 refused"),
        (line["ledger"]["difference"] == 0, "the ledger balances"),
    ]
    return [text for true, text in facts if not true]


def keep(bridge, crm):
    title("Still running; end with Ctrl-C")
    base = f"http://{bridge.address}"
    row(("Shopify", 12), (f"{base}/in/shop", 0))
    row(("GHL app", 12), (f"{base}/in/agency", 0))
    row(("GHL workflow", 12),
        (f"{base}/in/workflow/{settings.WORKFLOW_TOKEN}", 0))
    row(("form", 12), (f"{base}/in/quote-form/{settings.FORM_TOKEN}", 0))
    row(("health", 12), (f"{base}/readyz", 0))
    row(("CRM", 12), (f"{crm.base}/_control/leads", 0))
    row(("settings", 12), (bridge.config, 0))
    row(("metrics log", 12), (bridge.path("metrics.log"), 0))
    row(("ask it", 12), (f"build/demo/leadbridgectl --socket "
                         f"{bridge.path('admin.sock')} status", 0))
    print(f"\n  try: curl -d 'name=You&email=you@example.com' {base}"
          f"/in/quote-form/{settings.FORM_TOKEN}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


def run(arguments):
    folder = None
    bridge = None
    crm = Sandbox(rates=[(60, 60), (1000, 3600)], bulk_rates=[(10, 60)])
    try:
        crm.start()
        folder = os.path.join(BUILD, "keys")
        os.makedirs(folder, exist_ok=True)
        bridge = daemon.Bridge(crm, senders.GhlKey(folder), {
            "log": {"level": "info"},
            "destinations": {"mega": {"rate": ["60/min", "1000/h"]}}})
        began = time.monotonic()
        bridge.start()
        row(("CRM sandbox", 12), (crm.url, 0))
        row(("leadbridged", 12), (f"http://{bridge.address}", 25),
            (f"ready in {time.monotonic() - began:.2f} s, store "
             f"{bridge.path('leadbridge.db')}", 0))
        began = time.monotonic()
        answers = post_all(bridge)
        leads = show_leads(crm, began)
        line = show_metrics(bridge)
        wrong = check(answers, leads, line)
        if arguments.keep:
            keep(bridge, crm)
        bridge.stop()
    except KeyboardInterrupt:
        return 130
    except (AssertionError, TimeoutError, OSError) as e:
        wrong = [str(e)]
        if bridge is not None:
            wrong += bridge.log.items[-20:]
    finally:
        if bridge is not None:
            bridge.remove()
        crm.stop()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
    if wrong:
        title("Not as it should be")
        for text in wrong:
            print(f"  {text}")
        return 1
    title("5 leads, 1 duplicate, 1 refusal: everything as it should be.")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=(
        "Builds leadbridge and shows webhooks becoming leads."))
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running, print the URLs")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # tidies up
    print(paint("1", "leadbridge, from webhook to lead"))
    print("  building ...", end="" if COLOUR else "\n", flush=True)
    took = build()
    print(("\r" if COLOUR else "") +
          f"  built in {took:.0f} s in build/demo", flush=True)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
