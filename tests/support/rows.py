# SPDX-License-Identifier: MIT
"""Many scripted CRMs behind one bridge: each row of a table its own.

Every row gets a CRM (or a hole) on a port of its own, a destination that sends
there and a source that feeds it, so all rows run side by side and none shares
a rate limit, a breaker or a park with another.
"""

import contextlib
import re

from crm_sandbox import LEADS, Sandbox
from support import daemon, senders, settings
from support.daemon import eventually

SLOW = 30  # seconds; far more than anything here takes


def slug(name):
    """A row's name as a destination's: "409 in progress" -> "409-in-..."."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]


class Row:
    """One destination of the bridge, seen from outside."""

    def __init__(self, bridge, name, crm):
        self.bridge = bridge
        self.name = slug(name)
        self.crm = crm

    def post(self, person):
        post = senders.partner_lead(settings.PARTNER_SECRET, person,
                                    source=self.name)
        assert self.bridge.post(post).status == 200
        return post

    def status(self):
        return next(d for d in self.bridge.api("/destinations")["destinations"]
                    if d["name"] == self.name)

    def wait_status(self, timeout=SLOW, **want):
        """Until the destination's status has these values."""
        last = {}

        def holds():
            last.update(self.status())
            return all(last[k] == v for k, v in want.items()) and dict(last)
        try:
            return eventually(holds, timeout, "its status", 0.05)
        except TimeoutError:
            raise AssertionError(f"wanted {want}, is {last}") from None

    def leads(self):
        """The leads of this row, newest first, with their attempts."""
        found = self.bridge.api(f"/leads?source={self.name}")["leads"]
        return [self.bridge.api(f"/leads/{lead['id']}") for lead in found]

    def wait_lead(self, state, timeout=SLOW):
        """Its only lead, once it is in this state."""
        last = []

        def holds():
            last[:] = self.leads()
            return [lead for lead in last if lead["state"] == state]
        try:
            lead, = eventually(holds, timeout, state, 0.05)
            return lead
        except TimeoutError:
            raise AssertionError(f"wanted {state}, is {last}; "
                                 f"{self.status()}") from None

    def wait_attempt(self, timeout=SLOW):
        """The first attempt that was not a success, of its only lead."""
        def holds():
            return [a for lead in self.leads()
                    for a in lead.get("failed_attempts", [])]
        return eventually(holds, timeout, f"an attempt of {self.name}",
                          0.05)[0]

    def metrics_line(self, accept, timeout=SLOW):
        """The first line of the metrics log that accept() likes. Before
        anything happened a destination has no counters there."""
        def holds():
            found = [{"delivered": 0, "retried": 0, "limited": 0, "dead": 0,
                      **line["destinations"][self.name]}
                     for line in self.bridge.metrics_lines()
                     if self.name in line["destinations"]]
            return [line for line in found if accept(line)]
        return eventually(holds, timeout,
                          f"a metrics line of {self.name}", 0.05)[0]

    def resume(self):
        done = self.bridge.ctl("destination", "resume", self.name)
        assert done.returncode == 0, done.stderr


def source(name):
    return {"platform": "json", "destination": name,
            "secret": "file:{folder}/secrets/partner",
            "scheme": {"algorithm": "hmac-sha256", "header": "X-Signature",
                       "encoding": "hex", "prefix": "sha256=",
                       "signed": "{body}"},
            "event_id": ".id", "source_platform": "referral",
            "source_type": "form",
            "map": {"contact_name": ".person.full",
                    "contact_email": ".person.mail",
                    "contact_phone": ".person.tel"}}


class Table:
    """A bridge with a destination and a source for every row. A CRM is a
    Sandbox that runs, or a URL."""

    def __init__(self, ghl_key, crms, common=None, special=None):
        self.stack = contextlib.ExitStack()
        self.main = self.stack.enter_context(Sandbox())
        self.bridge = daemon.Bridge(self.main, ghl_key)
        self.rows = {}
        destinations, sources = {}, {}
        for name, crm in crms.items():
            row = Row(self.bridge, name, crm)
            self.rows[name] = row
            destinations[row.name] = self.destination(
                row, {**(common or {}), **(special or {}).get(name, {})})
            sources[row.name] = {
                k: v.format(folder=self.bridge.folder)
                if k == "secret" else v
                for k, v in source(row.name).items()}
        self.bridge.write({"destinations": destinations, "sources": sources})

    def destination(self, row, changes):
        base = self.bridge.settings["destinations"]["mega"]
        crm = row.crm
        url = crm if isinstance(crm, str) else crm.url
        token = f"file:{self.bridge.folder}/secrets/crm-token"
        if not isinstance(crm, str):
            self.bridge.secret(f"token-{row.name}", crm.token)
            token = f"file:{self.bridge.folder}/secrets/token-{row.name}"
        return settings.merged(base, {"url": url, "token": token, **changes})

    def __getitem__(self, name):
        return self.rows[name]

    def __enter__(self):
        self.bridge.start()
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.bridge.judge()
        finally:
            self.bridge.remove()
            self.stack.close()


def url(port, host="127.0.0.1", scheme="http"):
    return f"{scheme}://{host}:{port}{LEADS}"
