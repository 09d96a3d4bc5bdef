# SPDX-License-Identifier: MIT
"""Fixtures: a CRM sandbox, a running bridge, people nobody else has met.

Every bridge is judged when its test ends: exit status 0 after SIGTERM, no
sanitizer report, no personal data and no secret in anything it wrote, and every
lead it sent as the CRM's description says (where that is at hand).
"""

import itertools
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

from crm_sandbox import Sandbox  # noqa: E402
from provider_sandbox import Providers  # noqa: E402
from support import daemon, openapi, people, senders  # noqa: E402
from support import fetching as fetch  # noqa: E402

numbers = itertools.count()
strangers = itertools.count(1_000_000)


@pytest.fixture(scope="session")
def ghl_key(tmp_path_factory):
    return senders.GhlKey(str(tmp_path_factory.mktemp("ghl")))


@pytest.fixture(scope="session")
def binaries():
    for name in ("leadbridged", "leadbridgectl"):
        if not os.access(daemon.binary(name), os.X_OK):
            pytest.fail(f"no {daemon.binary(name)}: build it, or set "
                        "LEADBRIDGE_BIN", pytrace=False)


@pytest.fixture
def person():
    """A function: someone new at every call, with a phone number."""
    return lambda: people.Person(next(numbers))


@pytest.fixture
def crowd():
    """The same for thousands: there are not as many fictional numbers, so
    nobody in a crowd has one."""
    return lambda: people.Person(next(strangers))


@pytest.fixture
def crm():
    """A CRM without limits, over plain HTTP."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def make_bridge(ghl_key, binaries):  # pylint: disable=unused-argument
    """A function: a bridge with these changes to the standard settings."""
    made = []

    def make(crm, changes=None):
        made.append(daemon.Bridge(crm, ghl_key, changes))
        return made[-1]

    yield make
    try:
        for bridge in made:
            bridge.judge()
            unfit = openapi.unfit(bridge.crm.requests)
            assert not unfit, unfit
    finally:
        for bridge in made:
            bridge.remove()


@pytest.fixture
def bridge(make_bridge, crm):
    """The standard bridge, running."""
    return make_bridge(crm).start()


@pytest.fixture
def providers():
    """Meta, HubSpot, HighLevel and Zoho."""
    with Providers() as running:
        yield running


@pytest.fixture
def fetching(make_bridge, crm, providers):
    """A bridge with the four sources whose records are fetched, running."""
    made = make_bridge(crm)
    fetch.keep_secrets(made)
    made.write({"public_url": fetch.PUBLIC,
                "sources": fetch.sources(made, providers)})
    return made.start()
