# SPDX-License-Identifier: MIT
"""Chromium without a window, and a bridge whose dashboard it looks at.

The bridge, the CRM sandbox and the judgement at the end of a test are those of
the integration tests. After each test the console of the browser must be empty
of errors: a violation of the page's Content-Security-Policy is one.
"""

import os
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

sys.path.insert(0, os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

# pylint: disable=unused-import,wrong-import-position
from integration.conftest import (  # noqa: E402,F401
    binaries, crm, ghl_key, make_bridge, person)
from browser.page import Page  # noqa: E402
from support import admin  # noqa: E402

ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--disable-default-apps", "--lang=en-US", "--window-size=1280,900",
    # Nothing beyond this machine, whatever the browser would like to ask.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, "
    "EXCLUDE localhost")


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_argument(
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(
        service=Service("/usr/bin/chromedriver"), options=options)
    chromium.set_script_timeout(20)
    yield chromium
    chromium.quit()


@pytest.fixture
def served(make_bridge, crm):  # noqa: F811 pylint: disable=redefined-outer-name
    """A bridge with a loopback port for browsers, running."""
    return admin.equip(make_bridge(crm)).start()


@pytest.fixture
def page(driver):  # pylint: disable=redefined-outer-name
    """The page; nobody is signed in."""
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.get_log("browser")
    shown = Page(driver)
    shown.scheme("light")
    yield shown
    shown.judge()
    driver.get("about:blank")
