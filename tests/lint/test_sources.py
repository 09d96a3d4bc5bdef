#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each platform of the daemon has its page and its golden requests, each page
is of a platform, and what the pages configure passes --check.

usage: test_sources.py LEADBRIDGED
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "sources"
GOLDEN = ROOT / "tests" / "sources" / "golden"
CASES = ("wrong_proof", "malformed", "no_contact")
# No lead ever comes of it, so none can lack a contact.
WITHOUT_LEADS = ("crm_confirm",)
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


def check_platform(name):
    page = PAGES / (name + ".md")
    check(page.exists(), f"{name}: no page docs/sources/{name}.md")
    if page.exists():
        text = page.read_text()
        check(f"platform: {name}\n" in text,
              f"{name}: its page does not configure it")
        for part in ("## Configuration", "## Test"):
            check(part in text, f"{name}: its page has no '{part}'")
    for case in CASES:
        if case == "no_contact" and name in WITHOUT_LEADS:
            continue
        check((GOLDEN / name / (case + ".request")).exists(),
              f"{name}: no golden request '{case}'")
    check(any(GOLDEN.glob(name + "/*_retry.request")),
          f"{name}: no golden request of a repetition")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = sys.argv[1]
    listed = run(binary, "--list-platforms").stdout.splitlines()
    platforms = [line.split()[0] for line in listed]
    check(len(platforms) > 0, "the daemon lists no platform")
    for name in platforms:
        check_platform(name)
    for page in sorted(PAGES.glob("*.md")):
        check(page.stem in platforms, f"{page.name}: of no platform")
        for number, text in enumerate(snippets(page), 1):
            check_snippet(binary, page, number, text)
    for failure in failures:
        print(failure)
    print(f"{len(platforms)} platforms, {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
