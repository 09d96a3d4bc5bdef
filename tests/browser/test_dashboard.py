# SPDX-License-Identifier: MIT
"""The dashboard in a real browser, with a real daemon behind it."""

import json
import time

import pytest
from selenium.webdriver.common.keys import Keys

from browser.page import leads_of, post
from support import admin, senders, settings
from support.daemon import eventually


def customer(who, **more):
    return senders.shopify_customer(settings.SHOPIFY_SECRET, who, **more)


def stray(bridge, who):
    """Authentic, but for an account that is not ours: quarantined."""
    return senders.ghl_contact(bridge.ghl_key, who, location="elsewhere")


def dead_lead(bridge, crm, who):
    """One lead the CRM calls invalid; its id."""
    crm.misbehave({"do": "status", "status": 422})
    post(bridge, customer(who))
    bridge.wait_ledger(dead=1)
    return leads_of(bridge, state="dead")[0]["id"]


# ---- signing in -------------------------------------------------------------

def test_it_loads_under_its_policy_without_a_complaint(served, page):
    page.sign_in(served)
    page.wait_text("#headline", "Ready for the first lead")
    page.wait_text("#sources-list", "No source has spoken yet")
    page.wait_text("#attention-list", "Nothing needs you")
    page.wait_text("#leads-list", "No lead yet")
    page.wait_text("#destinations-list", "mega")
    # Nothing was fetched from elsewhere, and nothing may be.
    origins = page.script(
        "return performance.getEntriesByType('resource').map((e) => "
        "new URL(e.name).origin).filter((o) => o !== location.origin)")
    assert [o for o in origins if o != "null"] == []
    page.expected = "Content Security Policy"
    assert page.script(
        "const s = document.createElement('script');"
        "s.textContent = 'window.intruder = 1'; document.head.append(s);"
        "return window.intruder ?? null") is None


def test_wrong_and_right_tokens(served, page):
    page.go(served, "/")
    page.find("#token")  # sent to the login by itself
    assert page.driver.current_url.endswith("/login")
    page.expected = "401"
    page.find("#token").send_keys("not the token", Keys.ENTER)
    page.wait_text(".wrong", "not the one")
    page.find("#token").send_keys(admin.TOKEN, Keys.ENTER)
    page.wait_text("#link", "Live")
    page.press("Sign out")
    page.find("#token")
    page.go(served, "/")
    page.find("#token")


# ---- live -------------------------------------------------------------------

def test_a_lead_is_shown_within_two_seconds(served, page, person):
    page.sign_in(served)
    page.wait_text("#leads-list", "No lead yet")
    sent = post(served, customer(person()))
    page.wait_text("#leads-list", "shop", 5)
    took = time.monotonic() - sent
    assert took < 2, f"{took:.2f} s"
    page.wait_text("#leads-list", "delivered", 5)
    page.wait_text("#headline", "everything is delivered", 5)
    page.wait_text("#sources-list", "speaking")


def test_it_goes_on_after_a_restart(served, page, person):
    page.sign_in(served)
    port = admin.address(served)
    served.write({"admin": {"listen": [
        f"unix:{served.path('admin.sock')}", port]}})
    served.stop()
    page.wait_text("#link", "Connection lost")
    assert "What you see is as of" in page.find("#lost").text
    served.start()
    page.wait_text("#link", "Live", 15)
    assert not page.all("#lost")[0].is_displayed()
    post(served, customer(person()))
    page.wait_text("#leads-list", "delivered", 5)


# ---- leads ------------------------------------------------------------------

def choose(page, field, value):
    page.script("const f = document.querySelector(arguments[0]);"
                "f.value = arguments[1]; f.dispatchEvent("
                "new Event('input', {bubbles: true}))", f"#f-{field}", value)


def test_filters(served, crm, page, person):
    first, second = person(), person()
    dead_lead(served, crm, first)
    post(served, senders.form(settings.FORM_TOKEN, second))
    served.wait_ledger(delivered=1)
    page.sign_in(served)
    page.wait_text("#leads-status", "2 leads shown")
    for field, value, want in (("state", "dead", "#1"),
                               ("source", "quote-form", "#2"),
                               ("destination", "mega", "#1")):
        choose(page, field, value)
        if field == "destination":
            page.wait_text("#leads-status", "2 leads shown")
        else:
            page.wait_text("#leads-status", "1 lead shown")
        assert want in page.text("#leads-list")
        page.press("Clear")
        page.wait_text("#leads-status", "2 leads shown")
    choose(page, "since", "range")
    later = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 120))
    choose(page, "from", later)
    page.wait_text("#leads-list", "No lead fits")
    choose(page, "from", "2026-01-01T00:00")
    page.wait_text("#leads-status", "2 leads shown")
    choose(page, "until", "2026-01-02T00:00")
    page.wait_text("#leads-list", "No lead fits")
    page.press("Clear")
    page.wait_text("#leads-status", "2 leads shown")
    page.find("#f-text").send_keys(second.email)
    page.wait_text("#leads-status", "1 lead shown")
    assert "quote-form" in page.text("#leads-list")
    page.find("#f-text").send_keys("nobody")
    page.wait_text("#leads-list", "No lead fits")


def test_pages(served, page, person):
    for _ in range(60):
        post(served, customer(person()))
    served.wait_ledger(delivered=60, timeout=60)
    page.sign_in(served)
    page.wait_text("#leads-status", "50 leads shown, there are more")
    page.press("Show more")
    page.wait_text("#leads-status", "60 leads shown")
    assert not page.all("#leads-more")[0].is_displayed()
    # Two pages keep up with what comes.
    post(served, customer(person()))
    page.wait_text("#leads-list", "#61")


def test_who_reads_far_down_is_not_moved(served, page, person):
    for _ in range(110):
        post(served, customer(person()))
    served.wait_ledger(delivered=110, timeout=60)
    page.sign_in(served)
    for shown in ("100 leads", "110 leads"):
        page.wait_text("#leads-status", "leads shown, there are more")
        page.press("Show more")
        page.wait_text("#leads-status", f"{shown} shown")
    post(served, customer(person()))
    page.press("Something new has come: show the newest")
    page.wait_text("#leads-list", "#111")
    page.wait_text("#leads-status", "50 leads shown")


def test_personal_data_is_masked_until_asked_for(served, page, person):
    who = person()
    post(served, customer(who))
    served.wait_ledger(delivered=1)
    page.sign_in(served)
    page.wait_text("#leads-list", "delivered")

    def shown():
        whole = page.script("return document.documentElement.outerHTML")
        return [t for t in who.traces() if t in whole]
    assert shown() == []
    page.press("Open lead 1")
    page.wait_text("#detail", "Personal data is masked")
    page.sane()
    assert shown() == []
    page.press("Reveal personal data")
    page.wait_text("#detail", who.email)
    assert who.name in page.text("#detail")
    eventually(lambda: ("dashboard", "lead.reveal", "1") in {
        (r["actor"], r["action"], r["subject"]) for r in audit_rows(served)},
               what="the line of the audit log")
    assert who.email not in json.dumps(served.api("/audit"))
    page.press("Mask it")
    page.wait_gone("#detail", who.email)
    page.keys(Keys.ESCAPE)
    eventually(lambda: not page.all("#detail")[0].is_displayed())
    assert shown() == []


def test_a_dead_lead_is_retried_with_one_click(served, crm, page, person):
    lead = dead_lead(served, crm, person())
    page.sign_in(served)
    page.wait_text("#headline", "1 lead needs a decision")
    page.wait_text("#attention-list", "finds the lead invalid")
    page.press(f"Retry lead {lead}")
    page.wait_text("#attention-list", "Nothing needs you")
    page.wait_text("#headline", "everything is delivered")
    assert len(crm.leads) == 1
    assert ("dashboard", "lead.retry") in {
        (r["actor"], r["action"]) for r in audit_rows(served)}


def test_all_dead_leads_are_retried_after_a_question(served, crm, page,
                                                     person):
    crm.misbehave({"do": "status", "status": 422, "times": 3})
    for _ in range(3):
        post(served, customer(person()))
    served.wait_ledger(dead=3)
    page.sign_in(served)
    page.press("Retry all dead leads")
    page.wait_text("#attention-list", "Really all 3?")
    assert served.ledger()["dead"] == 3
    page.press("Really all 3?")
    page.wait_text("#attention-list", "Nothing needs you")
    served.wait_ledger(delivered=3)


def audit_rows(bridge):
    return next(v for v in bridge.api("/audit").values()
                if isinstance(v, list))


def test_quarantine_is_replayed_and_buried(served, page, person):
    for _ in range(2):
        post(served, stray(served, person()))
    served.wait_ledger(quarantined=2)
    page.sign_in(served)
    page.wait_text("#attention-list", "quarantined")
    first, second = sorted(r["id"] for r in leads_of(
        served, state="quarantined"))
    page.press(f"Bury {first}")
    page.wait_text("#attention-list", "Really?")
    assert served.ledger()["quarantined"] == 2  # asked, not done
    page.press(f"Bury {first}")
    page.wait_gone("#attention-list", f"#{first}")
    served.wait_ledger(quarantined=1, ignored=1)
    served.write({"sources": {"agency": {"account": "elsewhere"}}})
    served.reload()
    page.press(f"Replay {second}")
    page.wait_text("#attention-list", "Nothing needs you")
    served.wait_ledger(delivered=1)


def test_a_destination_is_paused_and_resumed(served, page, person):
    page.sign_in(served)
    page.press("Pause mega")
    page.wait_text("#destinations-list", "paused by hand")
    post(served, customer(person()))
    page.wait_text("#figures", "oldest")
    assert served.ledger()["parked"] == 1
    page.press("Open lead 1")
    page.wait_text("#detail", "Why it waits")
    page.wait_text("#detail", "mega is paused")
    page.sane()
    page.keys(Keys.ESCAPE)
    page.press("Resume mega")
    page.wait_text("#leads-list", "delivered")
    page.wait_gone("#destinations-list", "paused by hand")


def test_the_read_only_token_offers_no_change(served, crm, page, person):
    dead_lead(served, crm, person())
    page.sign_in(served, admin.READ_TOKEN)
    page.wait_text("#attention-list", "read only")
    assert page.find("#role").text == "Read only"
    for name in ("Retry", "Bury", "Pause", "Reveal"):
        assert not [b for b in page.all("button")
                    if name in b.get_attribute("textContent")], name
    page.press("Open lead 1")
    page.wait_text("#detail", "stays masked")
    # What the page does not offer is not possible from its console either.
    page.expected = "403"
    assert page.driver.execute_async_script(
        "fetch('/api/v1/leads/1/retry', {method: 'POST', headers: "
        "{'X-Leadbridge': '1'}}).then((r) => arguments[0](r.status))") == 403
    assert served.ledger()["dead"] == 1


def test_data_never_becomes_markup(served, page):
    evil = '<img src=x onerror="document.title=1"><b>bold</b>'
    body = {"id": "ev-markup", "person": {
        "full": evil, "mail": "markup@example.com"}, "campaign": evil}
    post(served, senders.signed_json(settings.PARTNER_SECRET, body))
    served.wait_ledger(delivered=1)
    page.sign_in(served)
    page.wait_text("#leads-list", "delivered")
    page.press("Open lead 1")
    page.press("Reveal personal data")
    page.wait_text("#detail", "<b>bold</b>")
    assert page.all("#detail img, #detail b, #leads b") == []


# ---- for everybody ----------------------------------------------------------

def test_the_keyboard_reaches_what_matters(served, crm, page, person):
    served.write({"public_url": "https://hooks.example.com"})
    served.reload()
    lead = dead_lead(served, crm, person())
    page.sign_in(served)
    page.wait_text("#attention-list", "invalid")
    page.wait_text("#leads-list", f"#{lead}")
    reached = []
    page.script("document.activeElement.blur()")
    for _ in range(80):
        page.tab()
        name, tag = page.focused()
        if tag == "BODY":
            break
        reached.append(name)
        outline = page.script(
            "return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or tag == "MAIN", f"no focus ring: {name}"
    for name in ("Skip to the content", "Sign out", f"Retry lead {lead}",
                 "Pause mega", "Copy the URL of shop", "f-text",
                 f"Open lead {lead}"):
        assert name in reached, (name, reached)
    # Into a lead, and back to where one was.
    page.script("document.querySelector('#leads a[data-act=open]').focus()")
    page.keys(Keys.ENTER)
    page.wait_text("#detail", "finds the lead invalid")
    page.keys(Keys.ESCAPE)
    eventually(lambda: page.focused()[0] == f"Open lead {lead}",
               what="the focus to come back")

    def a_minute_is_read_out():
        page.script("document.querySelector('.plot-area').focus()")
        page.keys(Keys.ARROW_LEFT)
        return "accepted" in page.text(".plot-now")
    # What closes gives its focus back a little later, and takes it with it.
    eventually(a_minute_is_read_out, what="a minute of the plot")


def test_a_screen_reader_finds_its_way(served, crm, page, person):
    dead_lead(served, crm, person())
    page.sign_in(served)
    page.wait_text("#leads-list", "dead")
    unnamed = page.script("""
        const named = (e) => e.getAttribute('aria-label') ||
            e.textContent.trim() || (e.labels && e.labels.length > 0);
        return [...document.querySelectorAll(
            'button, a[href], input, select, [role=img], section, table, nav')]
            .filter((e) => !named(e) && !e.getAttribute('aria-labelledby'))
            .map((e) => e.outerHTML)""")
    assert unnamed == []
    assert page.script(
        "return document.querySelectorAll('main, header, nav, footer')"
        ".length") >= 4
    levels = page.script("return [...document.querySelectorAll('h1,h2,h3')]"
                         ".filter((e) => e.checkVisibility())"
                         ".map((e) => +e.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels
    assert page.script("return [...document.querySelectorAll('th')].every("
                       "(e) => e.scope === 'col')")


CONTRAST = """
const lum = (c) => c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4).reduce(
    (s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
const rgba = (t) => (t.match(/[\\d.]+/g) || []).map(Number);
function back(e) {
    for (; e; e = e.parentElement) {
        const c = rgba(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0.99) return c.slice(0, 3);
    }
    return [255, 255, 255];
}
const poor = [];
for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 &&
        n.textContent.trim());
    if (!text || !e.checkVisibility() || e.closest('.unseen, .skip, noscript'))
        continue;
    const a = lum(rgba(getComputedStyle(e).color).slice(0, 3)),
          b = lum(back(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5)
        poor.push(`${e.tagName}.${e.className} "${e.textContent.slice(0, 30)
            }" ${ratio.toFixed(2)}`);
}
return poor;
"""


@pytest.fixture(name="lively")
def with_something_of_everything(make_bridge, crm, person):
    """Sources that spoke and did not, leads in every state."""
    bridge = admin.equip(make_bridge(crm))
    spare = dict(bridge.settings["destinations"]["mega"])
    spare["token"] = "plain:mega_of-somebody-else"
    bridge.write({"public_url": "https://hooks.example.com",
                  "destinations": {"archive": spare}, "sources": {
        "quote-form": {"destination": "archive"},
        "newsletter": {"platform": "form", "destination": "mega",
                       "token": f"file:{bridge.folder}/secrets/form",
                       "country": "US", "expect": "1 per 6h"}}})
    bridge.start()
    for _ in range(9):
        post(bridge, customer(person()))
    bridge.wait_ledger(delivered=9)
    crm.misbehave({"do": "status", "status": 422, "times": 2})
    for _ in range(2):
        post(bridge, customer(person()))
    bridge.wait_ledger(dead=2)
    post(bridge, stray(bridge, person()))
    for _ in range(3):
        post(bridge, senders.form(settings.FORM_TOKEN, person()))
    bridge.post(customer(person()).tampered())
    bridge.wait_ledger(quarantined=1, parked=3)
    return bridge


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(lively, page, scheme):
    page.scheme(scheme)
    page.sign_in(lively)
    page.wait_text("#destinations-list", "refuses our key")
    page.wait_text("#leads-list", "quarantined")
    page.wait_text(".plot-now", "in this hour")
    assert page.script(CONTRAST) == []
    page.picture(scheme)
    page.press("Open lead 10")
    page.wait_text("#detail", "What goes to the CRM")
    page.sane()
    assert page.script(CONTRAST) == []
    page.picture(f"{scheme}-lead", whole=False)


@pytest.mark.parametrize("width", [375, 768])
def test_nothing_reaches_beyond_a_narrow_screen(lively, page, width):
    page.size(width, 800)
    page.go(lively, "/login")
    page.picture(f"login-{width}", whole=False)
    page.sign_in(lively)
    page.wait_text("#leads-list", "quarantined")
    page.wait_text("#destinations-list", "refuses our key")
    assert page.overflow() == []
    page.picture(f"narrow-{width}")
    for section in ("overview", "attention", "sources", "leads"):
        page.script("document.getElementById(arguments[0])"
                    ".scrollIntoView()", section)
        page.picture(f"narrow-{width}-{section}", whole=False)
    page.press("Open lead 10")
    page.wait_text("#detail", "What goes to the CRM")
    page.sane()
    assert page.script("const d = document.getElementById('detail');"
                       "return d.scrollWidth <= d.clientWidth")
    page.picture(f"narrow-{width}-lead", whole=False)


def test_an_empty_bridge_helps(served, page):
    page.sign_in(served)
    page.wait_text("#sources-list", "No source has spoken yet")
    page.wait_text("#leads-list", "No lead yet")
    page.wait_text("#attention-list", "Nothing needs you")
    page.picture("empty")
