#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each platform of the daemon has its page and its golden requests, each page
is of a platform, and what the pages configure passes --check.

What golden requests there must be is the table KINDS below. A request's kind is
told by what is expected of it, not by its name, but for repetitions (NAME_retry)
and wrong proofs (wrong_... and ..._wrong_proof).

usage: test_sources.py LEADBRIDGED
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "sources"
GOLDEN = ROOT / "tests" / "sources" / "golden"
PROFILES = ROOT / "conf" / "profiles"

# What each platform must have a golden request of.
KINDS = {
    "live": "an event that becomes a lead",
    "wrong proof": "a wrong proof: 401, of the URL's token 404",
    "retry": "a repetition with the same events",
    "malformed": "an authentic request that nobody can read, in quarantine",
    "no contact": "a lead nobody could answer, in quarantine",
    "no lead": "an event that is ignored",
}
# ... and these, which only some senders have. Who is not named sends none.
SOME = {
    "test": ("google_ads", "meta_ads", "shopify", "zapier"),
    "batch": ("hubspot", "meta_ads", "salesforce", "sendgrid", "zapier",
              "zoho"),
    "handshake": ("meta_ads",),
    "fetch": ("ghl", "hubspot", "meta_ads", "zoho"),
}
CONFIRMS = "it tells of leads that are there; it makes none"
FETCHES = "the record says who it is: tests/sources/test_fetch.c"
FORMS = "sends submissions and nothing else; `filter` is the source's"
EXCEPTIONS = {
    ("crm_confirm", "live"): CONFIRMS,
    ("crm_confirm", "no contact"): CONFIRMS,
    ("hubspot", "no contact"): FETCHES,
    ("meta_ads", "no contact"): FETCHES,
    ("zoho", "no contact"): FETCHES,
    **{(name, "no lead"): FORMS for name in (
        "contact_form_7", "elementor", "formstack", "google_forms",
        "gravity_forms", "jotform", "wix", "wpforms", "zoho_forms")},
    ("ghl_workflow", "no lead"): "a workflow sends what its author wants",
    ("hubspot_workflow", "no lead"): "a workflow sends what its author wants",
    ("zoho_workflow", "no lead"): "a rule sends what its author wants",
}
DESTINATION = """
destinations:
  mega:
    url: https://crm.example.com/leads
    customer_id: 6f1c9f5e-0000-4000-8000-000000000001
    token: file:{secret}
"""

failures = []


def check(good, what):
    if not good:
        failures.append(what)


def run(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True,
                          text=True, check=False, env={
                              **os.environ, "LEADBRIDGE_PROFILES":
                              str(ROOT / "conf" / "profiles")})


def snippets(page):
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text(),
                      re.MULTILINE | re.DOTALL)


def check_snippet(binary, page, number, text):
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "secret")
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        secret.chmod(0o600)
        text = re.sub(r"file:/etc/leadbridge/[\w./-]+", f"file:{secret}", text)
        if "standard_webhooks" in text:
            secret.write_text("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n")
        config = Path(folder, "leadbridge.yaml")
        config.write_text(text + DESTINATION.format(secret=secret))
        said = run(binary, "--config", str(config), "--check")
    check(said.returncode == 0,
          f"{page.name}: snippet {number}: {said.stdout}{said.stderr}")


def golden_rows():
    """Folder of golden requests to platform."""
    text = (GOLDEN.parent / "golden_sources.h").read_text()
    return dict(re.findall(r'\{"(\w+)",\s*"(\w+)",\s*configure_', text))


def kinds_of(path):
    """What the golden request at path (CASE.expect) is an example of."""
    expected = json.loads(path.read_text())
    line = path.with_suffix(".request").read_bytes().split(b"\n", 1)[0]
    events = expected.get("events", [])
    units = [unit for event in events for unit in event["units"]]
    states = {unit["state"] for unit in units}
    reasons = {unit.get("reason", "") for unit in units
               if unit["state"] == "quarantined"}
    status = expected["status"]
    case = path.stem
    found = {
        "live": status in (200, 303) and bool(states & {"waiting",
                                                        "fetching"}),
        "wrong proof": status in (401, 404) and (
            case.startswith("wrong_") or case.endswith("_wrong_proof")),
        "retry": case.endswith("_retry"),
        "malformed": bool(reasons & {"body cannot be read",
                                     "body does not fit the platform",
                                     "an expression failed"}),
        "no contact": "no contact found" in reasons,
        "no lead": "ignored" in states,
        "test": bool(expected.get("test")),
        "batch": len(events) > 1,
        "handshake": line.startswith(b"GET ") and status == 200,
        "fetch": "fetching" in states,
    }
    return {kind for kind, yes in found.items() if yes}


def check_wrong_proof(path):
    """Who guesses the URL learns nothing, who guesses a signature may."""
    line = path.with_suffix(".request").read_text(errors="replace")
    target = line.split(" ", 2)[1].partition("?")[0]
    wanted = 404 if target.count("/") > 2 else 401
    status = json.loads(path.read_text())["status"]
    check(status == wanted, f"{path.parent.name}/{path.stem}: {status}, not "
          f"{wanted}")


def check_golden(platforms):
    rows = golden_rows()
    found = {name: set() for name in platforms}
    for folder, platform in rows.items():
        check(platform in found, f"golden_sources.h: no platform {platform}")
        check((GOLDEN / folder).is_dir(), f"{folder}: no golden requests")
    for path in sorted(GOLDEN.glob("*/*.expect")):
        kinds = kinds_of(path)
        check(path.parent.name in rows, f"{path.parent.name}: in no row of "
              "golden_sources.h")
        found.get(rows.get(path.parent.name), set()).update(kinds)
        if "wrong proof" in kinds:
            check_wrong_proof(path)
    for name in platforms:
        check_kinds(name, found[name])


def check_kinds(name, found):
    for kind, what in KINDS.items():
        why = EXCEPTIONS.get((name, kind))
        check(kind in found or why, f"{name}: no golden request of {what}")
        check(kind not in found or not why,
              f"{name}: has a golden request of {what}; it is no exception")
    for kind, names in SOME.items():
        check((kind in found) == (name in names),
              f"{name}: {'no' if name in names else 'a'} golden request of "
              f"kind '{kind}', {'but' if name in names else 'and not'} in SOME")


def check_profiles(platforms):
    built_in = set(re.findall(r"&source_(\w+)", (
        ROOT / "src" / "sources" / "source.c").read_text()))
    shipped = {path.stem for path in PROFILES.glob("*.yaml")}
    for name in shipped:
        text = (PROFILES / (name + ".yaml")).read_text()
        check(f"\nplatform: {name}\n" in text,
              f"{name}.yaml: is of another platform")
    check(set(platforms) == built_in | shipped,
          "--list-platforms differs from source.c and conf/profiles: "
          f"{set(platforms) ^ (built_in | shipped)}")
    check(not built_in & shipped, f"built in and a profile: "
          f"{built_in & shipped}")
    check(len(platforms) == len(set(platforms)), "a platform is listed twice")


def check_platform(name):
    page = PAGES / (name + ".md")
    check(page.exists(), f"{name}: no page docs/sources/{name}.md")
    if page.exists():
        text = page.read_text()
        check(f"platform: {name}\n" in text,
              f"{name}: its page does not configure it")
        for part in ("## Configuration", "## Test"):
            check(part in text, f"{name}: its page has no '{part}'")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = sys.argv[1]
    listed = run(binary, "--list-platforms").stdout.splitlines()
    platforms = [line.split()[0] for line in listed]
    check(len(platforms) > 0, "the daemon lists no platform")
    for name in platforms:
        check_platform(name)
    check_profiles(platforms)
    check_golden(platforms)
    for page in sorted(PAGES.glob("*.md")):
        check(page.stem in platforms, f"{page.name}: of no platform")
        for number, text in enumerate(snippets(page), 1):
            check_snippet(binary, page, number, text)
    for failure in failures:
        print(failure)
    print(f"{len(platforms)} platforms, {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
