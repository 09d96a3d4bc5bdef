# SPDX-License-Identifier: MIT
"""The dashboard as somebody who looks at it and uses it."""

import base64
import json
import os
import re
import time

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support import admin, wire
from support.daemon import ROOT, eventually

PICTURES = os.path.join(ROOT, "build", "browser")
# What the browser itself says when nobody listens: a restart looks like that.
OFFLINE = re.compile(r"net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED|"
                     r"EMPTY_RESPONSE|CONNECTION_RESET)")


class Page:
    def __init__(self, driver):
        self.driver = driver
        self.bridge = None
        self.expected = None  # errors of the console that a test provokes

    # ---- going there ------------------------------------------------------

    def go(self, bridge, path="/"):
        self.bridge = bridge
        self.driver.get(f"http://{admin.address(bridge)}{path}")
        return self

    def sign_in(self, bridge, token=admin.TOKEN):
        """Through the form, until the page is live."""
        self.go(bridge, "/login")
        self.find("#token").send_keys(token, Keys.ENTER)
        self.wait_text("#link", "Live")
        return self

    # ---- looking ----------------------------------------------------------

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector, timeout=10):
        """The first one that is shown."""
        return eventually(
            lambda: next((e for e in self.all(selector)
                          if e.is_displayed()), None),
            timeout, f"{selector} to be shown", 0.02)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def text(self, selector):
        """All of it, also what is below the edge of the window."""
        return self.script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((e) => e.textContent).join('\\n')", selector)

    def wait_text(self, selector, text, timeout=10):
        eventually(lambda: text in self.text(selector), timeout,
                   f"'{text}' in {selector}, which says "
                   f"'{self.text(selector)}'", 0.02)

    def wait_gone(self, selector, text, timeout=10):
        eventually(lambda: text not in self.text(selector), timeout,
                   f"'{text}' to leave {selector}", 0.02)

    def button(self, name, within="body"):
        """By what a screen reader calls it."""
        def named():
            for e in self.all(f"{within} button, {within} a"):
                if name in (e.get_attribute("aria-label"), e.text) and \
                        e.is_displayed():
                    return e
            return None
        return eventually(named, 10, f"a button '{name}'", 0.05)

    def press(self, name, within="body"):
        """Clicks; the list may be drawn anew under the pointer."""
        button = self.button(name, within)
        self.script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def focused(self):
        """(name, tag) of what has the focus."""
        return tuple(self.script(
            "const e = document.activeElement;"
            "const text = e.closest('a, button, summary')?.textContent;"
            "return [e.getAttribute('aria-label') || text?.trim() || e.id, "
            "e.tagName]"))

    def tab(self, times=1):
        from selenium.webdriver import ActionChains
        for _ in range(times):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()

    def keys(self, *keys):
        from selenium.webdriver import ActionChains
        ActionChains(self.driver).send_keys(*keys).perform()

    # ---- how it looks -----------------------------------------------------

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name},
                         {"name": "prefers-reduced-motion",
                          "value": "reduce"}]})

    def size(self, width=0, height=0):
        """0: the window as it is."""
        if not width:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride",
                                        {})
            return
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 700})

    def picture(self, name, whole=True):
        """Into build/browser/NAME.png, for somebody to look at."""
        os.makedirs(PICTURES, exist_ok=True)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": whole, "format": "png"})
        path = os.path.join(PICTURES, name + ".png")
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))
        assert os.path.getsize(path) > 5000, path

    def overflow(self):
        """What reaches beyond the right edge, by name."""
        return self.script("""
            const edge = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= edge)
                return [];
            return [...document.querySelectorAll('body *')].filter(
                (e) => e.getBoundingClientRect().right > edge + 1).map(
                (e) => `${e.tagName}.${e.className} ${e.id}`)""")

    # ---- judging ----------------------------------------------------------

    def sane(self):
        """No value that is not there became a word; bodies may hold null."""
        words = self.script("""
            const copy = document.body.cloneNode(true);
            copy.querySelectorAll('pre, noscript').forEach((e) => e.remove());
            return copy.textContent""")
        odd = re.findall(r"null|undefined|NaN|false\b|\[object|Invalid Date",
                         words)
        assert not odd, f"the page says {odd}"

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING") and
                not OFFLINE.search(entry["message"])]

    def judge(self):
        self.size()
        self.sane()
        found = [e for e in self.errors()
                 if self.expected is None or not re.search(self.expected, e)]
        assert not found, "the console says:\n" + "\n".join(found)


def post(bridge, webhook):
    """Sends it; when it was answered."""
    reply = bridge.post(webhook)
    assert reply.status == 200, reply
    return time.monotonic()


def leads_of(bridge, **filters):
    query = "&".join(f"{k}={v}" for k, v in filters.items())
    reply = wire.ask(f"unix:{bridge.path('admin.sock')}", "GET",
                     f"/api/v1/leads?{query}")
    return json.loads(reply.body)["leads"]
