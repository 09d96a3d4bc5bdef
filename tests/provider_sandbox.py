#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The providers whose records are fetched, on a loopback port: Meta's Graph
API, HubSpot, HighLevel and Zoho with its OAuth server.

It checks what the real ones check (token, appsecret_proof, Version header) and
answers in their words. Tests put records in, let the next requests fail with
fail(), and read what was asked from `requests`.
"""

import hashlib
import hmac
import http.server
import json
import re
import threading
import urllib.parse

META_TOKEN = "EAAB-page-token-of-the-sandbox"
META_SECRET = "meta-app-secret-of-the-sandbox"
HUBSPOT_TOKEN = "pat-na1-token-of-the-sandbox"
GHL_TOKEN = "pit-token-of-the-sandbox-0001"
ZOHO_CLIENT = "1000.SANDBOX"
ZOHO_CLIENT_SECRET = "zoho-client-secret-of-the-sandbox"
ZOHO_REFRESH = "1000.zoho-refresh-token-of-the-sandbox"
APP_CLIENT = "app-of-the-sandbox"
APP_CLIENT_SECRET = "app-client-secret-of-the-sandbox"
APP_REFRESH = "app-refresh-token-of-the-sandbox"
SECRETS = (META_TOKEN, META_SECRET, HUBSPOT_TOKEN, GHL_TOKEN,
           ZOHO_CLIENT_SECRET, ZOHO_REFRESH, APP_CLIENT_SECRET, APP_REFRESH)
BATCH = "/crm/v3/objects/contacts/batch/read"


def graph_error(code, subcode=None, message="refused", status=400):
    error = {"message": message, "type": "OAuthException", "code": code,
             "fbtrace_id": "A1b2"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return status, {"error": error}


class Rotation:
    """A refresh token that is a new one with each use. The one before is good
    until the new one, or an access token made with it, is used: a client that
    crashed before it could write the new one down may come again."""

    def __init__(self, first):
        self.good = [first]  # the newest last
        self.access = {}  # access token -> the refresh token beside it
        self.n = 0

    def refresh(self, token):
        """New (access, refresh) tokens, or None."""
        if token not in self.good:
            return None
        self.settle(token)
        self.n += 1
        new = f"{self.good[0]}-{self.n}"
        access = f"access-{new}"
        self.good = [token, new]
        self.access = {access: new}
        return access, new

    def settle(self, token):
        self.good = [token]

    def use(self, access):
        if access not in self.access:
            return False
        self.settle(self.access[access])
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "providers"

    def log_message(self, *_):
        """Says nothing."""

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        status, value, headers = self.server.providers.take(
            self.command, self.path, self.headers, body)
        if status is None:  # no answer at all
            self.close_connection = True
            return
        wire = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(wire)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(wire)

    do_GET = do_POST = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    providers = None


class Providers:
    """All four; start() and stop(), or a with block."""

    def __init__(self):
        self.records = {}  # "meta/ID", "hubspot/ID", "ghl/ID", "Leads/ID"
        self.requests = []  # "GET /path"
        self.failures = []
        self.always = None  # the answer to every request for a record
        self.refresh_failures = []
        self.changed = threading.Condition()
        self.meta_token = META_TOKEN
        self.zoho_refresh = ZOHO_REFRESH
        self.zoho_access = None
        self.refreshes = 0
        self.app = Rotation(APP_REFRESH)  # HubSpot's and HighLevel's
        self.hubspot_tokens = {HUBSPOT_TOKEN}
        self.ghl_tokens = {GHL_TOKEN}
        self.refused_fields = ()
        self.usage = {}  # headers of Meta's answers
        self.batches = []  # ids of each batch that was read
        self.server = None

    def start(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.providers = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    # ---- what tests say and ask ---------------------------------------

    def put(self, name, record):
        with self.changed:
            self.records[name] = record

    def fail(self, *answers):
        """The next requests for records get these (status, value)."""
        with self.changed:
            self.failures += answers

    def fail_refresh(self, *answers):
        with self.changed:
            self.refresh_failures += answers

    def asked(self, text):
        with self.changed:
            return [r for r in self.requests if text in r]

    def wait_asked(self, text, n=1, timeout=20):
        with self.changed:
            if not self.changed.wait_for(
                    lambda: len(self.asked(text)) >= n, timeout):
                raise TimeoutError(f"{n} requests for {text}: "
                                   f"{self.requests}")

    # ---- the providers ------------------------------------------------

    def take(self, method, target, headers, body):
        with self.changed:
            url = urllib.parse.urlsplit(target)
            query = dict(urllib.parse.parse_qsl(url.query))
            self.requests.append(f"{method} {url.path}")
            self.changed.notify_all()
            if url.path == "/oauth/v2/token":
                return (*self.refresh(body), {})
            if url.path in ("/oauth/v1/token", "/oauth/token"):
                return (*self.rotate(body), {})
            if self.always:
                return (*self.always, {})
            if self.failures:
                answer = self.failures.pop(0)
                return answer if len(answer) == 3 else (*answer, {})
            for pattern, serve in (
                    (r"/v\d+\.0/([^/]+)", self.meta),
                    (BATCH + "()", self.hubspot_batch),
                    (r"/crm/v3/objects/contacts/([^/]+)", self.hubspot),
                    (r"/contacts/([^/]+)", self.ghl),
                    (r"/crm/v8/(\w+/[^/]+)", self.zoho)):
                match = re.fullmatch(pattern, url.path)
                if match:
                    name = urllib.parse.unquote(match.group(1))
                    if serve == self.hubspot_batch:
                        return (*serve(json.loads(body), headers), {})
                    more = self.usage if serve == self.meta else {}
                    return (*serve(name, query, headers), more)
            return 404, {"message": "no such resource"}, {}

    def meta(self, name, query, headers):
        proof = hmac.new(META_SECRET.encode(), self.meta_token.encode(),
                         hashlib.sha256).hexdigest()
        if headers.get("Authorization") != f"Bearer {self.meta_token}":
            return graph_error(190, 463, "Session has expired", 401)
        if query.get("appsecret_proof") != proof:
            return graph_error(100, message="Invalid appsecret_proof")
        record = self.records.get(f"meta/{name}")
        if record is None:
            return graph_error(100, 33, "Object does not exist")
        wanted = query.get("fields", "").split(",")
        for field in self.refused_fields:
            if field in wanted:
                return graph_error(100, message="(#100) Tried accessing "
                                   f"nonexisting field ({field}) on node "
                                   "type (UserLeadGenInfo)")
        return 200, {k: v for k, v in record.items()
                     if k in wanted or k == "id"}

    def bearer(self, headers, tokens):
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        return given in tokens or self.app.use(given)

    def hubspot_batch(self, asked, headers):
        if not self.bearer(headers, self.hubspot_tokens):
            return 401, {"status": "error", "category":
                         "INVALID_AUTHENTICATION"}
        ids = [one["id"] for one in asked["inputs"]]
        self.batches.append(ids)
        if len(ids) > 100 or len(set(ids)) != len(ids):
            return 400, {"status": "error", "category": "VALIDATION_ERROR"}
        if not all(i.isdigit() for i in ids):
            return 400, {"status": "error", "message": "invalid id"}
        found = [{"id": i, "archived": False, "properties": {
            k: self.records[f"hubspot/{i}"].get(k)
            for k in asked["properties"]}}
                 for i in ids if f"hubspot/{i}" in self.records]
        answer = {"status": "COMPLETE", "results": found[::-1]}
        if len(found) == len(ids):
            return 200, answer
        return 207, {**answer, "numErrors": 1, "errors": [
            {"status": "error", "category": "OBJECT_NOT_FOUND"}]}

    def hubspot(self, name, query, headers):
        if not self.bearer(headers, self.hubspot_tokens):
            return 401, {"status": "error", "category":
                         "INVALID_AUTHENTICATION"}
        record = self.records.get(f"hubspot/{name}")
        if record is None:
            return 404, {"status": "error", "message": "resource not found"}
        wanted = query.get("properties", "").split(",")
        return 200, {"id": name, "archived": False, "properties": {
            k: record.get(k) for k in wanted}}

    def ghl(self, name, _, headers):
        if (not self.bearer(headers, self.ghl_tokens) or
                headers.get("Version") != "2021-07-28"):
            return 401, {"statusCode": 401, "message": "Invalid JWT"}
        record = self.records.get(f"ghl/{name}")
        if record is None:
            return 400, {"statusCode": 400, "message": "Contact not found"}
        return 200, {"contact": {"id": name, **record}}

    def rotate(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        self.refreshes += 1
        if self.refresh_failures:
            return self.refresh_failures.pop(0)
        if (form.get("client_id"), form.get("client_secret")) != (
                APP_CLIENT, APP_CLIENT_SECRET):
            return 400, {"status": "BAD_CLIENT_ID"}
        tokens = self.app.refresh(form.get("refresh_token"))
        if tokens is None:
            return 400, {"status": "BAD_REFRESH_TOKEN"}
        return 200, {"access_token": tokens[0], "refresh_token": tokens[1],
                     "expires_in": 1800, "token_type": "bearer"}

    def refresh(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        self.refreshes += 1
        if form != {"grant_type": "refresh_token", "client_id": ZOHO_CLIENT,
                    "client_secret": ZOHO_CLIENT_SECRET,
                    "refresh_token": self.zoho_refresh}:
            return 200, {"error": "invalid_code"}
        self.zoho_access = f"1000.access-{self.refreshes}"
        return 200, {"access_token": self.zoho_access, "expires_in": 3600,
                     "api_domain": self.base, "token_type": "Bearer"}

    def zoho(self, name, _, headers):
        if (self.zoho_access is None or headers.get("Authorization") !=
                f"Zoho-oauthtoken {self.zoho_access}"):
            return 401, {"code": "INVALID_TOKEN", "status": "error"}
        record = self.records.get(name)
        if record is None:
            return 204, None
        return 200, {"data": [{"id": name.split("/")[1], **record}]}
