#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A CRM to test against: the lead API's contract, and a script of misbehaviour.

It keeps the promises leadbridge relies on (authentication, idempotent replay,
409 for a reused key, validation, the merge rule, RateLimit headers and real
429s) and breaks them on demand: an error status, a delay, a reset, half an
answer. Every request is logged with its key and the SHA-256 of its body, so
that a test can prove what was sent.

As a program:   tests/crm_sandbox.py --token mega_... --customer UUID
In a test:      with Sandbox() as crm: ... crm.misbehave({"do": "reset"})

Rules of misbehaviour are taken in order; the first that still applies to a
request is used. A rule is an object:

    do       "status", "delay", "hang" (no answer), "close", "reset", "half"
             (of the headers), "half_body", "slow" (byte by byte), "redirect",
             "garbage"
    status   answer with this status          headers, body   and with these (a header that is null is not sent)
    delay    seconds to wait before the answer
    times    how many requests it is used for (default 1; 0: any number)
    for_s    ends that many seconds after it was set
    every    only for every so-manieth request that it could be used for
    match    only for requests whose body or path contains this text
    stored   true: the CRM acts on the request first, then misbehaves

Over HTTP, without authentication, on the same port:
    GET  /_control           counts        GET /_control/leads, /requests
    POST /_control/misbehave a rule or a list of them; DELETE clears them
    POST /_control/token     {"token": ...} the only token accepted from now on
"""

import argparse
import base64
import binascii
import collections
import datetime
import hashlib
import hmac
import http.server
import json
import os
import re
import secrets
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

LEADS = "/api/agents/crm/leads"
BULK = LEADS + "/bulk"
CUSTOMER = "11111111-2222-4333-8444-555555555555"
BODY_MAX = 8 * 1024 * 1024
PLATFORMS = {"google_ads", "meta_ads", "google_organic", "direct", "referral",
             "hubspot", "zoho", "ghl", "shopify", "zenmaid", "lead_docket",
             "salesforce"}
TYPES = {"form", "phone_call", "email", "chat", "sms", "manual", "import"}
CONTACTS = ("contact_name", "contact_phone", "contact_email")
EMAIL = re.compile(r"[^@\s\"<>]+@[^@\s\"<>]+\.[^@\s\"<>.]+\Z")
ERROR_TYPES = {400: "invalid_request_error", 401: "authentication_error",
               403: "authorization_error", 404: "not_found_error",
               405: "invalid_request_error", 413: "invalid_request_error",
               429: "rate_limit_error"}
UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600}
MUTE = {"hang", "close", "reset", "half", "garbage"}  # no whole answer
ACTIONS = MUTE | {"status", "delay", "slow", "redirect", "half_body"}
RULE_KEYS = {"do", "status", "headers", "body", "delay", "times", "for_s",
             "match", "stored", "every"}


def parse_rate(text):
    """"60/min" -> (60, 60)."""
    count, _, unit = text.partition("/")
    if not count.isdigit() or int(count) < 1 or unit not in UNITS:
        raise ValueError(f"not a rate: {text!r} (as in 60/min or 1000/h)")
    return int(count), UNITS[unit]


def utc_text(seconds):
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def utc_seconds(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    return at.timestamp()


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Answer:
    def __init__(self, status, value=None, headers=(), raw=None):
        self.status = status
        self.headers = dict(headers)
        if raw is None:
            raw = b"" if value is None else json.dumps(value).encode()
        self.raw = raw

    @classmethod
    def error(cls, status, message):
        kind = ERROR_TYPES.get(status, "api_error")
        return cls(status, {"error": {"type": kind, "code": status,
                                      "message": message}})


class Windows:
    """Sliding windows that all hold; the tightest one is reported."""

    def __init__(self, rates):
        self.windows = [(n, span, collections.deque()) for n, span in rates]

    def take(self, now):
        """(allowed, headers). A refused request uses nothing up."""
        for _, span, used in self.windows:
            while used and used[0] <= now - span:
                used.popleft()
        full = [(used[len(used) - n] + span - now)
                for n, span, used in self.windows if len(used) >= n]
        if not full:
            for _, _, used in self.windows:
                used.append(now)
        headers = self.headers(now)
        if full:
            headers["Retry-After"] = str(max(1, int(max(full) + 0.999)))
        return not full, headers

    def headers(self, now):
        if not self.windows:
            limit, left, reset = 1000000, 1000000, 0
        else:
            limit, span, used = min(
                self.windows, key=lambda w: (w[0] - len(w[2]), -w[1]))
            left = limit - len(used)
            reset = used[-1] + span - now if used else 0
        return {"RateLimit-Limit": str(limit),
                "RateLimit-Remaining": str(left),
                "RateLimit-Reset": str(max(0, int(reset + 0.999)))}


class Logged:
    """One request as it came in. `status` is None when none was answered."""

    def __init__(self, number, method, path, headers, body):
        self.number = number
        self.at = time.monotonic()
        self.wall = time.time()
        self.method = method
        self.path = path
        self.key = headers.get("Idempotency-Key")
        self.headers = {k.lower(): v for k, v in headers.items()}
        self.body = body
        self.sha256 = hashlib.sha256(body).hexdigest()
        self.status = None
        self.did = None
        self.replayed = False

    def json(self):
        return json.loads(self.body)

    def summary(self):
        return {"number": self.number, "at": utc_text(self.wall),
                "method": self.method, "path": self.path, "key": self.key,
                "sha256": self.sha256, "status": self.status,
                "did": self.did, "replayed": self.replayed}


class Book:
    """The leads of one customer and the merge rule."""

    def __init__(self, customer):
        self.customer = customer
        self.leads = []
        self.by_email = {}
        self.by_phone = {}

    @staticmethod
    def phone_key(phone):
        digits = re.sub(r"\D", "", phone or "")
        return digits[-10:] if len(digits) >= 10 else None

    def find(self, row):
        email = (row.get("contact_email") or "").lower()
        if email and email in self.by_email:
            return self.by_email[email], "email"
        phone = self.phone_key(row.get("contact_phone"))
        if phone and phone in self.by_phone:
            return self.by_phone[phone], "phone"
        return None, None

    def index(self, lead):
        if lead["contact_email"]:
            self.by_email.setdefault(lead["contact_email"].lower(), lead)
        phone = self.phone_key(lead["contact_phone"])
        if phone:
            self.by_phone.setdefault(phone, lead)

    def put(self, row):
        """Creates or merges; (lead, "created" | "updated", matched_by)."""
        now = utc_text(time.time())
        lead, matched = self.find(row)
        status = "updated" if lead else "created"
        if lead is None:
            lead = {"id": str(uuid.uuid4()), "customer_id": self.customer,
                    "contact_name": None, "contact_phone": None,
                    "contact_email": None,
                    "source_platform": row.get("source_platform", "direct"),
                    "source_type": row.get("source_type", "manual"),
                    "status": "active", "score": None, "qualified": None,
                    "current_stage": None, "owner": None,
                    "last_interaction_at": None, "interaction_count": 0,
                    "created_at": now, "updated_at": now,
                    "custom_fields": {}}
            self.leads.append(lead)
        for field in CONTACTS:
            lead[field] = lead[field] or row.get(field) or None
        slug = row.get("stage_slug")
        if slug and lead["current_stage"] is None:
            lead["current_stage"] = {
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, slug)), "slug": slug,
                "name": slug.replace("_", " ").capitalize(), "color": None}
        lead["custom_fields"].update(row.get("custom_fields") or {})
        lead["interaction_count"] += 1
        lead["last_interaction_at"] = lead["updated_at"] = now
        self.index(lead)
        return lead, status, matched


def check_row(row):
    """What is wrong with a lead: a list of sentences, empty when it is fine."""
    if not isinstance(row, dict):
        return ["a lead must be an object"]
    wrong = []
    for field in CONTACTS + ("stage_slug",):
        if field in row and not isinstance(row[field], str):
            wrong.append(f"{field} must be a string")
    if wrong:
        return wrong
    if not any(row.get(field, "").strip() for field in CONTACTS):
        wrong.append("one of contact_name, contact_phone, contact_email "
                     "is required")
    if row.get("contact_email") and not EMAIL.match(row["contact_email"]):
        wrong.append("contact_email must be an e-mail address")
    for field, known in (("source_platform", PLATFORMS),
                         ("source_type", TYPES)):
        if field in row and row[field] not in known:
            wrong.append(f"{field} must be one of {', '.join(sorted(known))}")
    fields = row.get("custom_fields", {})
    if not isinstance(fields, dict):
        wrong.append("custom_fields must be an object")
    elif any(isinstance(v, (dict, list)) for v in fields.values()):
        wrong.append("custom_fields must hold scalars only")
    elif fields.get("lead_line", "buyer") not in ("buyer", "seller"):
        wrong.append("lead_line must be buyer or seller")
    return wrong


class Rule:
    def __init__(self, spec):
        unknown = set(spec) - RULE_KEYS
        if unknown:
            raise ValueError(f"unknown in a rule: {', '.join(sorted(unknown))}")
        self.do = spec.get("do", "status" if "status" in spec else "delay")
        if self.do not in ACTIONS:
            raise ValueError(f"unknown misbehaviour {self.do!r}")
        self.status = spec.get("status")
        self.headers = spec.get("headers") or {}
        self.body = spec.get("body")
        self.delay = float(spec.get("delay", 0))
        self.left = int(spec.get("times", 0 if "for_s" in spec else 1)) or None
        self.until = (time.monotonic() + float(spec["for_s"])
                      if "for_s" in spec else None)
        self.every = int(spec.get("every", 1))
        self.seen = 0
        self.match = spec.get("match")
        self.stored = bool(spec.get("stored"))

    def over(self, now):
        return self.left == 0 or (self.until is not None and now > self.until)

    def acts(self):
        """Whether the CRM does what was asked before it misbehaves."""
        return self.stored or (self.status is None and
                               self.do in ("delay", "slow", "half_body"))

    def takes(self, request):
        if (self.match is not None and self.match not in request.path and
                self.match.encode() not in request.body):
            return False
        self.seen += 1
        return self.seen % self.every == 0

    def answer(self, ordinary):
        if self.do == "redirect":
            status = self.status or 302
            headers = {"Location": "http://127.0.0.1:9/elsewhere"}
        elif self.status is not None:
            status, headers = self.status, {}
        else:
            return ordinary
        answer = Answer.error(status, "the sandbox was told to answer this")
        if self.body is not None:
            answer.raw = (self.body if isinstance(self.body, str)
                          else json.dumps(self.body)).encode()
        answer.headers = {**headers, **self.headers}
        return answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "crm-sandbox"
    timeout = 120

    def log_message(self, *_):
        """Silent: what came in is in the request log."""

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self.read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_MAX:
            raise Refusal(413, "body too large")
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            raise ConnectionError("the client left within the body")
        return body

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline(100).split(b";")[0], 16)
            if size == 0:
                while self.rfile.readline(1000).strip():
                    pass
                return body
            if len(body) + size > BODY_MAX:
                raise Refusal(413, "body too large")
            body += self.rfile.read(size)
            self.rfile.readline(3)

    def serve(self):
        sandbox = self.server.sandbox
        try:
            body = self.read_body()
        except (ValueError, Refusal):
            self.close_connection = True
            self.put(Answer.error(413, "cannot read this body"))
            return
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/_control"):
            self.put(sandbox.control(self.command, path, body))
            return
        request, rule, answer = sandbox.take(self.command, self.path,
                                             self.headers, body)
        if rule is None:
            self.put(answer)
        else:
            self.misbehave(request, rule, answer)
        sandbox.finished(request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve

    def render(self, answer):
        reason = self.responses.get(answer.status, ("Other",))[0]
        head = [f"HTTP/1.1 {answer.status} {reason}"]
        if "Date" not in answer.headers:
            head.append(f"Date: {self.date_time_string()}")
        if answer.status not in (204, 304):
            head += ["Content-Type: application/json",
                     f"Content-Length: {len(answer.raw)}"]
        head += [f"{k}: {v}" for k, v in answer.headers.items()
                 if v is not None]
        if self.close_connection:
            head.append("Connection: close")
        raw = b"" if answer.status in (204, 304) else answer.raw
        if self.command == "HEAD":
            raw = b""
        return "\r\n".join(head).encode() + b"\r\n\r\n" + raw

    def put(self, answer):
        self.wfile.write(self.render(answer))
        self.wfile.flush()

    def misbehave(self, request, rule, answer):
        stop = self.server.sandbox.stopping
        if rule.delay and rule.do != "slow":
            stop.wait(rule.delay)
        if rule.do in ("status", "delay", "redirect"):
            self.put(answer)
            return
        self.close_connection = True
        if rule.do == "hang":
            stop.wait(3600)
        elif rule.do == "half":
            wire = self.render(answer)
            end = wire.index(b"\r\n\r\n")
            self.wfile.write(wire[:end // 2])
            self.wfile.flush()
        elif rule.do == "half_body":
            self.wfile.write(self.render(answer)[:-len(answer.raw) // 2])
            self.wfile.flush()
        elif rule.do == "slow":
            self.drip(self.render(answer), rule.delay or 0.2)
        elif rule.do == "garbage":
            self.wfile.write(b"SSH-2.0-not-a-web-server\r\n")
            self.wfile.flush()
        if rule.do in ("reset", "hang"):
            self.reset()

    def drip(self, wire, pause):
        for i in range(len(wire)):
            self.wfile.write(wire[i:i + 1])
            self.wfile.flush()
            if self.server.sandbox.stopping.wait(pause):
                return

    def reset(self):
        """Close so that the peer gets RST: no FIN, no pending bytes."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def setup(self):
        super().setup()
        self.server.open.add(self.connection)

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, OSError, ValueError):
            self.close_connection = True

    def finish(self):
        self.server.open.discard(self.connection)
        try:
            super().finish()
        except (ConnectionError, ssl.SSLError, OSError, ValueError):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True
    sandbox = None
    tls = None

    def __init__(self, *args):
        super().__init__(*args)
        self.open = set()

    def hang_up(self):
        """Ends the kept-alive connections too."""
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def finish_request(self, request, client_address):
        if self.tls is not None:
            request.settimeout(30)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that goes away is ordinary; anything else is a defect."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError,
                                              OSError, ValueError)):
            super().handle_error(request, client_address)


class Sandbox:
    """The CRM on a loopback port; start() and stop(), or a with block."""

    def __init__(self, token=None, customer=CUSTOMER, port=0, rates=(),
                 bulk_rates=(), scopes=("read", "write"), tls=False,
                 known_fields=None):
        self.token = token or "mega_" + secrets.token_hex(32)
        self.customer = customer
        self.scopes = set(scopes)
        self.known_fields = known_fields
        self.row_refusals = {}  # a text in a bulk row: what is wrong with it
        self.book = Book(customer)
        self.requests = []
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.windows = Windows(rates)
        self.bulk_windows = Windows(bulk_rates)
        self.replays = {}
        self.rules = []
        self.stopping = threading.Event()
        self.certificate = None
        self.scratch = None
        self.port = port
        self.tls = tls  # True, or (certificate, key): paths
        self.server = None

    # ---- life ---------------------------------------------------------

    def start(self):
        self.stopping = threading.Event()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.sandbox = self
        if self.tls:
            self.server.tls = self.tls_context()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()
        return self

    def stop(self):
        """Refuses connections from now on; start() opens the same port."""
        self.stopping.set()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server.hang_up()
            self.server = None
        if self.scratch is not None:
            self.scratch.cleanup()
            self.scratch = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def tls_context(self):
        if self.tls is True:
            self.scratch = tempfile.TemporaryDirectory(prefix="crm-sandbox-")
            key = os.path.join(self.scratch.name, "key.pem")
            self.certificate = os.path.join(self.scratch.name, "cert.pem")
            make_certificate(self.certificate, key)
        else:
            self.certificate, key = self.tls
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, key)
        return context

    @property
    def base(self):
        host = "localhost" if self.tls else "127.0.0.1"
        return f"http{'s' if self.tls else ''}://{host}:{self.port}"

    @property
    def url(self):
        return self.base + LEADS

    # ---- what tests ask and say ---------------------------------------

    @property
    def leads(self):
        with self.lock:
            return json.loads(json.dumps(self.book.leads))

    def posts(self, key=None):
        """The logged POSTs of leads, oldest first."""
        with self.lock:
            return [r for r in self.requests if r.method == "POST" and
                    r.path == LEADS and key in (None, r.key)]

    def bulks(self):
        """The logged POSTs of many leads, oldest first."""
        with self.lock:
            return [r for r in self.requests if r.path == BULK]

    def created(self):
        """The POSTs that were answered 201 for the first time."""
        return [r for r in self.posts()
                if r.status == 201 and not r.replayed]

    def misbehave(self, *rules):
        with self.lock:
            self.rules += [Rule(rule) for rule in rules]

    def behave(self):
        with self.lock:
            self.rules = []

    def wait(self, condition, timeout=20, what="the CRM"):
        """Waits until condition(self) is true; its value."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                value = condition(self)
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(
                        f"waited {timeout} s for {what}: {len(self.requests)} "
                        f"requests, {len(self.book.leads)} leads, last "
                        f"{[r.summary() for r in self.requests[-3:]]}")
                self.changed.wait(left)

    def wait_leads(self, n, timeout=20):
        return self.wait(lambda s: len(s.book.leads) >= n and s.leads,
                         timeout, f"{n} leads")

    def wait_posts(self, n, timeout=20):
        """Waits for n POSTs that are over (answered or broken off)."""
        return self.wait(
            lambda s: sum(r.did is not None for r in s.posts()) >= n
            and s.posts(), timeout, f"{n} deliveries")

    # ---- requests -----------------------------------------------------

    def take(self, method, target, headers, body):
        """Logs a request; (request, rule or None, answer)."""
        with self.lock:
            url = urllib.parse.urlsplit(target)
            request = Logged(len(self.requests), method, url.path, headers,
                             body)
            self.requests.append(request)
            rule = self.next_rule(request)
            windows = self.bulk_windows if url.path == BULK else self.windows
            allowed, limits = windows.take(time.monotonic())
            wait = limits.pop("Retry-After", None)
            if not allowed:
                answer = Answer.error(429, "too many requests")
                answer.headers["Retry-After"] = wait
            elif rule is None or rule.acts():
                answer = self.route(request, url)
            else:
                answer = Answer.error(500, "cut short on purpose")
            if rule is not None:
                answer = rule.answer(answer)
            answer.headers = {**limits, **answer.headers}
            if rule is None or rule.do not in MUTE:
                request.status = answer.status
            return request, rule, answer

    def finished(self, request, did="answered"):
        with self.changed:
            request.did = request.did or did
            self.changed.notify_all()

    def next_rule(self, request):
        now = time.monotonic()
        self.rules = [r for r in self.rules if not r.over(now)]
        for rule in self.rules:
            if rule.takes(request):
                if rule.left is not None:
                    rule.left -= 1
                if rule.do in ("hang", "slow") or rule.delay:
                    request.did = rule.do
                    self.changed.notify_all()
                return rule
        return None

    def route(self, request, url):
        try:
            self.authorise(request)
            if url.path == LEADS and request.method == "GET":
                return self.list(urllib.parse.parse_qs(url.query))
            if url.path in (LEADS, BULK) and request.method == "POST":
                if "write" not in self.scopes:
                    raise Refusal(403, "the key lacks "
                                       "public_api:leads:write")
                return self.idempotent(request)
            if url.path in (LEADS, BULK):
                raise Refusal(405, "method not allowed")
            raise Refusal(404, "no such route")
        except Refusal as e:
            return Answer.error(e.status, str(e))

    def authorise(self, request):
        want = f"Bearer {self.token}".encode()
        got = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(want, got):
            raise Refusal(401, "missing or invalid token")
        customer = request.headers.get("x-customer-id")
        if not customer:
            raise Refusal(401, "missing x-customer-id")
        if customer != self.customer:
            raise Refusal(403, "the key belongs to another customer")

    def idempotent(self, request):
        slot = (self.customer, request.path, request.key)
        if request.key and slot in self.replays:
            sha256, answer = self.replays[slot]
            if sha256 != request.sha256:
                return Answer.error(
                    409, "Idempotency-Key reused with a different body")
            request.replayed = True
            return Answer(answer.status, raw=answer.raw)
        answer, keep = (self.create(request) if request.path == LEADS else
                        self.bulk(request))
        if request.key and keep:
            self.replays[slot] = (request.sha256, answer)
        return answer

    @staticmethod
    def object_of(request):
        try:
            value = json.loads(request.body)
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise Refusal(400, "the body is not an object")
        return value

    def create(self, request):
        row = self.object_of(request)
        wrong = check_row(row)
        if wrong:
            return Answer.error(400, "; ".join(wrong)), True
        lead, _, _ = self.book.put(self.known(row))
        return Answer(201, {"lead": lead}), True

    def known(self, row):
        """The CRM ignores custom fields it does not know."""
        if self.known_fields is None or "custom_fields" not in row:
            return row
        fields = {k: v for k, v in row["custom_fields"].items()
                  if k in self.known_fields or k == "lead_line"}
        return {**row, "custom_fields": fields}

    def bulk(self, request):
        value = self.object_of(request)
        rows = value.get("leads")
        if not isinstance(rows, list) or not 1 <= len(rows) <= 500:
            return Answer.error(400, "leads must hold 1 to 500 rows"), True
        on_duplicate = value.get("on_duplicate", "update")
        if on_duplicate not in ("update", "skip"):
            return Answer.error(400, "on_duplicate is update or skip"), True
        dry = value.get("dry_run", False) is True
        results = [self.bulk_row(row, on_duplicate, dry) for row in rows]
        count = collections.Counter(r["status"] for r in results)
        summary = {"total": len(rows), **{
            k: count[k] for k in ("created", "updated", "skipped", "failed")}}
        unknown = sorted({f for r in results
                          for f in r["ignored_custom_fields"]})
        return Answer(200, {"dry_run": dry, "summary": summary,
                            "results": results,
                            "unknown_custom_fields": unknown}), not dry

    def bulk_row(self, row, on_duplicate, dry):
        wrong = check_row(row) + [
            words for text, words in self.row_refusals.items()
            if text in json.dumps(row)]
        ref = row.get("row_ref") if isinstance(row, dict) else None
        result = {"row_ref": ref, "status": "failed", "lead_id": None,
                  "matched_by": None, "errors": wrong or None,
                  "ignored_custom_fields": []}
        if wrong:
            return result
        kept = self.known(row)
        result["ignored_custom_fields"] = sorted(
            set(row.get("custom_fields") or {}) -
            set(kept.get("custom_fields") or {}))
        lead, matched = self.book.find(row)
        result["matched_by"] = matched
        if lead is not None and on_duplicate == "skip":
            result.update(status="skipped", lead_id=lead["id"])
        elif dry:
            result.update(status="updated" if lead else "created",
                          lead_id=lead["id"] if lead else None)
        else:
            lead, status, _ = self.book.put(kept)
            result.update(status=status, lead_id=lead["id"])
        return result

    # ---- list ---------------------------------------------------------

    def list(self, query):
        if "read" not in self.scopes:
            raise Refusal(403, "the key lacks public_api:leads:read")
        one = {k: v[-1] for k, v in query.items()}
        sort = one.get("sort_by", "updated_at")
        descending = one.get("sort_dir", "asc") == "desc"
        if sort not in ("created_at", "updated_at", "last_interaction_at"):
            raise Refusal(400, "unknown sort_by")
        try:
            limit = int(one.get("limit", 20))
            offset = int(one.get("offset", 0))
            found = [lead for lead in self.book.leads
                     if self.listed(lead, one)]
        except ValueError:
            raise Refusal(400, "a number or time is malformed") from None
        if not 1 <= limit <= 100 or offset < 0:
            raise Refusal(400, "limit is 1 to 100")
        total = len(found)

        def place(lead):
            return [lead[sort] or "", lead["id"]]

        found.sort(key=place, reverse=descending)
        if "cursor" in one:
            after = self.cursor_place(one["cursor"])
            found = [lead for lead in found
                     if (place(lead) < after if descending
                         else place(lead) > after)]
        page = found[offset:offset + limit]
        more = len(found) > offset + limit
        cursor = (base64.urlsafe_b64encode(json.dumps(
            place(page[-1])).encode()).decode() if more and page else None)
        full = one.get("include_custom_fields", "false") == "true"
        leads = [lead if full else
                 {k: v for k, v in lead.items() if k != "custom_fields"}
                 for lead in page]
        return Answer(200, {"leads": leads, "total": total, "limit": limit,
                            "offset": offset, "next_cursor": cursor})

    @staticmethod
    def cursor_place(text):
        try:
            return json.loads(base64.urlsafe_b64decode(text))
        except (ValueError, binascii.Error):
            raise Refusal(400, "malformed cursor") from None

    @staticmethod
    def listed(lead, one):
        for name, field in (("created_since", "created_at"),
                            ("updated_since", "updated_at")):
            if name in one and (utc_seconds(lead[field]) <
                                utc_seconds(one[name])):
                return False
        if "status" in one and lead["status"] != one["status"]:
            return False
        line = lead["custom_fields"].get("lead_line")
        if "lead_line" in one and line != one["lead_line"]:
            return False
        stage = (lead["current_stage"] or {}).get("id")
        if "stageId" in one and stage != one["stageId"]:
            return False
        search = one.get("search", "").lower()
        if not search:
            return True
        digits = re.sub(r"\D", "", search)
        phone = re.sub(r"\D", "", lead["contact_phone"] or "")
        return (search in (lead["contact_name"] or "").lower() or
                search in (lead["contact_email"] or "").lower() or
                (len(digits) >= 4 and digits in phone))

    # ---- control ------------------------------------------------------

    def control(self, method, path, body):
        with self.lock:
            if path == "/_control" and method == "GET":
                return Answer(200, {"requests": len(self.requests),
                                    "leads": len(self.book.leads),
                                    "rules": len(self.rules)})
            if path == "/_control/leads" and method == "GET":
                return Answer(200, {"leads": self.book.leads})
            if path == "/_control/requests" and method == "GET":
                return Answer(200, {"requests": [
                    r.summary() for r in self.requests]})
            if path == "/_control/misbehave" and method == "DELETE":
                self.behave()
                return Answer(204)
            if path == "/_control/misbehave" and method == "POST":
                return self.control_rules(body)
            if path == "/_control/token" and method == "POST":
                self.token = json.loads(body)["token"]
                return Answer(204)
        return Answer.error(404, "no such control")

    def control_rules(self, body):
        try:
            value = json.loads(body)
            self.misbehave(*(value if isinstance(value, list) else [value]))
        except (ValueError, TypeError, AttributeError) as e:
            return Answer.error(400, str(e))
        return Answer(204)


def make_certificate(certificate, key, names=("localhost",), days=2):
    """A self-signed ECDSA certificate, for localhost and 127.0.0.1."""
    alt = ",".join([f"DNS:{n}" for n in names] + ["IP:127.0.0.1", "IP:::1"])
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
         "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alt}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    os.chmod(key, 0o600)


def main():
    parser = argparse.ArgumentParser(
        description="A CRM sandbox for leadbridge; prints its URL.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", help="default: a random one, printed")
    parser.add_argument("--customer", default=CUSTOMER)
    parser.add_argument("--rate", action="append", type=parse_rate,
                        help="60/min; may be repeated; default 60/min and "
                             "1000/h; see --unlimited")
    parser.add_argument("--bulk-rate", action="append", type=parse_rate)
    parser.add_argument("--unlimited", action="store_true")
    parser.add_argument("--tls", action="store_true",
                        help="HTTPS with a certificate made at start")
    args = parser.parse_args()
    rates = args.rate or [(60, 60), (1000, 3600)]
    bulk = args.bulk_rate or [(10, 60)]
    if args.unlimited:
        rates = bulk = []
    sandbox = Sandbox(args.token, args.customer, args.port, rates, bulk,
                      tls=args.tls)
    with sandbox:
        print(f"url: {sandbox.url}", flush=True)
        print(f"customer: {sandbox.customer}", flush=True)
        if args.token is None:
            print(f"token: {sandbox.token}", flush=True)
        if sandbox.certificate:
            print(f"certificate: {sandbox.certificate}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
