# SPDX-License-Identifier: MIT
"""docs/form-snippet.html: what it puts into a form is what leadbridge reads.

The script runs in node where there is one, in a page made of a few lines."""

import html.parser
import json
import os
import re
import shutil
import subprocess

import pytest

from support import daemon, senders, settings

SNIPPET = os.path.join(daemon.ROOT, "docs", "form-snippet.html")
LANDING = ("https://www.example.com/?utm_source=google&utm_medium=cpc"
           "&gclid=Cj0KabcdEFG1#top")

PAGE = """
const results = [];
const store = {};
function page(href, referrer, now) {
  const inputs = [], listeners = {};
  const form = {
    hasAttribute: (name) => name === 'data-leadbridge',
    querySelector: (rule) => inputs.find(
      (i) => rule === 'input[type=hidden][name="' + i.name + '"]') || null,
    appendChild: (input) => inputs.push(input),
  };
  let clock = now;
  const env = {
    Date: {now: () => clock},
    location: new URL(href),
    document: {referrer, createElement: () => ({}),
      addEventListener: (name, f, early) => {
        if (early !== true) throw new Error('too late');
        listeners[name] = f;
      }},
    sessionStorage: {getItem: (k) => store[k] || null,
      setItem: (k, v) => { store[k] = v; }},
  };
  new Function(...Object.keys(env), SCRIPT)(...Object.values(env));
  clock = now + 4321;
  listeners.submit({target: form});
  results.push(Object.fromEntries(inputs.map((i) => [i.name, i.value])));
}
page(LANDING, 'https://www.google.com/', 1000);
page('https://www.example.com/contact', LANDING, 500000);
page('https://www.example.com/sale?fbclid=IwAR0abcdefgh', '', 600000);
console.log(JSON.stringify(results));
"""


class Inputs(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("input", "textarea"):
            self.found[attrs["name"]] = attrs


@pytest.fixture(name="text", scope="module")
def fixture_text():
    with open(SNIPPET, encoding="utf-8") as f:
        return f.read()


@pytest.fixture(name="visits", scope="module")
def fixture_visits(text):
    """What the form holds on three pages of one visit."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run the script")
    script = re.search(r"<script>(.*)</script>", text, re.S)[1]
    program = (f"const SCRIPT = {json.dumps(script)};\n"
               f"const LANDING = {json.dumps(LANDING)};\n{PAGE}")
    done = subprocess.run([node, "-e", program], capture_output=True,
                          text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_form_has_the_fields_the_documentation_names(text):
    fields = Inputs(text).found
    assert {"name", "email", "phone", "message", "website", "landing_page",
            "referrer", "page_url", "_fill_ms", "_redirect"} == set(fields)
    for name in ("landing_page", "referrer", "page_url", "_fill_ms"):
        assert fields[name]["type"] == "hidden"


def test_the_script_keeps_the_first_page_of_the_visit(visits):
    first, second, advert = visits
    assert first["landing_page"] == LANDING.split("#", maxsplit=1)[0]
    assert first["referrer"] == "https://www.google.com/"
    assert first["gclid"] == "Cj0KabcdEFG1"
    assert first["_fill_ms"] == "4321"
    assert second == {**first, "page_url": "https://www.example.com/contact"}
    assert advert["fbclid"] == "IwAR0abcdefgh"
    assert "gclid" not in advert


def test_what_the_script_adds_arrives(make_bridge, crm, person, visits):
    bridge = make_bridge(crm)
    bridge.write({"sources": {"quote-form": {"min_fill": "3s",
                                             "honeypot": "website"}}})
    bridge.start()
    post = senders.form(settings.FORM_TOKEN, person(), website="",
                        _redirect="https://www.example.com/thanks",
                        **visits[1])
    assert bridge.post(post).status == 200
    lead, = crm.wait_leads(1)
    fields = lead["custom_fields"]
    assert fields["utm_source"] == "google"
    assert fields["gclid"] == "Cj0KabcdEFG1"
    assert fields["landing_page"] == visits[0]["landing_page"]
    assert fields["referrer"] == "https://www.google.com/"
    assert fields["page_url"] == "https://www.example.com/contact"
    assert not {"_fill_ms", "fill_ms", "redirect", "website"} & set(fields)
