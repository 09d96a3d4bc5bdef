# SPDX-License-Identifier: MIT
"""Webhooks as their senders make them: body, headers, signature.

Each function returns a Post: what goes over the wire, ready to be sent, sent
again or tampered with.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import urllib.parse
import uuid

SHOP = "acme-lamps.myshopify.com"
LOCATION = "ve9EPM428h8vShlRW1KT"


@dataclasses.dataclass(frozen=True)
class Post:
    path: str
    headers: dict
    body: bytes
    event: str = ""  # the id that goes into the lead's key

    def with_headers(self, **headers):
        names = {k.replace("_", "-"): v for k, v in headers.items()}
        return dataclasses.replace(self, headers={**self.headers, **names})

    def tampered(self):
        """The same signature under another body."""
        body = self.body.replace(b"example.com", b"example.org")
        assert body != self.body
        return dataclasses.replace(self, body=body)


def compact(value):
    return json.dumps(value, separators=(",", ":"),
                      ensure_ascii=False).encode()


def now_text():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


# ---- Shopify ---------------------------------------------------------------

def shopify(secret, topic, value, event=None, source="shop"):
    body = compact(value)
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    event = event or str(uuid.uuid4())
    return Post(f"/in/{source}", {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(mac).decode(),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": event,
        "X-Shopify-Event-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": now_text(),
    }, body, f"{SHOP}/{event}")


def shopify_customer(secret, person, **more):
    number = 7064055069300000000 + person.n
    return shopify(secret, "customers/create", {
        "id": number,
        "created_at": "2026-09-14T14:02:08-04:00",
        "updated_at": "2026-09-14T14:02:09-04:00",
        "first_name": person.first, "last_name": person.last,
        "state": "disabled", "note": None, "verified_email": True,
        "multipass_identifier": None, "tax_exempt": False,
        "email": person.email, "phone": person.phone, "currency": "USD",
        "addresses": [], "tax_exemptions": [],
        "admin_graphql_api_id": f"gid://shopify/Customer/{number}",
    }, **more)


def shopify_order(secret, person, **more):
    number = 6190871248931 + person.n
    customer = 7064055069300000000 + person.n
    return shopify(secret, "orders/create", {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "browser_ip": "203.0.113.9", "cart_token": "c1-aa",
        "contact_email": person.email,
        "created_at": "2026-09-14T14:02:08-04:00", "currency": "USD",
        "email": person.email, "financial_status": "paid",
        "landing_site": "/pages/quote?utm_source=google&utm_medium=cpc"
                        "&utm_campaign=fall&gclid=Cj0KCQjwTESTa1B2c3",
        "landing_site_ref": None, "name": f"#{1000 + person.n}", "note": None,
        "note_attributes": [{"name": "preferred_time", "value": "morning"}],
        "number": person.n, "order_number": 1000 + person.n, "phone": None,
        "referring_site": "https://www.google.com/", "source_name": "web",
        "tags": "", "test": False, "total_price": "129.00",
        "updated_at": "2026-09-14T14:02:09-04:00",
        "billing_address": {
            "first_name": person.first, "last_name": person.last,
            "name": person.name, "phone": person.phone_as_typed,
            "address1": "1 Test Lane", "city": "Louisville", "zip": "40003",
            "province": "Kentucky", "country": "United States",
            "country_code": "US", "province_code": "KY"},
        "customer": {
            "id": customer, "email": person.email, "phone": None,
            "first_name": person.first, "last_name": person.last},
        "line_items": [{"id": 1, "title": "Desk lamp", "quantity": 1,
                        "price": "129.00"}],
    }, **more)


# ---- GoHighLevel -----------------------------------------------------------

class GhlKey:
    """An Ed25519 key that stands in for the vendor's; needs openssl(1)."""

    def __init__(self, folder):
        self.private = os.path.join(folder, "ghl-private.pem")
        self.public = os.path.join(folder, "ghl-public.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519",
                        "-out", self.private], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", self.private, "-pubout",
                        "-out", self.public], check=True, capture_output=True)
        os.chmod(self.public, 0o640)

    def sign(self, body):
        with tempfile.NamedTemporaryFile() as message:
            message.write(body)
            message.flush()
            done = subprocess.run(
                ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey",
                 self.private, "-in", message.name],
                check=True, capture_output=True)
        return base64.b64encode(done.stdout).decode()


def ghl(key, value, source="agency"):
    body = compact(value)
    return Post(f"/in/{source}", {
        "Content-Type": "application/json",
        "User-Agent": "axios/1.7.2",
        "X-GHL-Signature": key.sign(body),
    }, body, value["webhookId"])


def ghl_contact(key, person, event=None, location=LOCATION, **more):
    return ghl(key, {
        "type": "ContactCreate", "locationId": location,
        "id": f"nmFmQEsNgz6AVpgLV{person.n:03}", "address1": "3 Test Street",
        "city": "Dayton", "state": "OH", "country": "US",
        "source": "Kitchen quote", "dateAdded": now_text(), "dnd": False,
        "email": person.email, "name": person.name,
        "firstName": person.first, "lastName": person.last,
        "phone": person.phone, "postalCode": "45402", "tags": ["kitchen"],
        "attachments": [], "assignedTo": None,
        "customFields": [{"id": "BcdmQEsNgz6AVpgLVJ0XJ", "value": "Island"}],
        "webhookId": event or str(uuid.uuid4()), "timestamp": now_text(),
        "appId": "665c6bb13d4e5364bdec0e2f",
    }, **more)


def ghl_workflow(token, person, source="workflow"):
    body = compact({
        "contact_id": f"wf{person.n:018}", "first_name": person.first,
        "last_name": person.last, "full_name": person.name,
        "email": person.email, "phone": person.phone,
        "tags": "quote,bath", "country": "US",
        "date_created": "2026-09-14T14:02:08.551Z", "full_address": "",
        "contact_type": "lead", "Project Type": "Bath",
        "location": {"name": "Acme", "city": "Dayton", "id": LOCATION},
        "workflow": {"id": "a5ba50e2-8b7a-4d0c-a6e5-3d1a8a1f0f00",
                     "name": "New quote"},
        "triggerData": {}, "customData": {},
        "contact": {"attributionSource": {}, "lastAttributionSource": {}},
        "attributionSource": {},
    })
    return Post(f"/in/{source}/{token}", {
        "Content-Type": "application/json", "User-Agent": "axios/1.7.2",
        "Accept": "application/json, text/plain, */*",
    }, body)


# ---- forms and JSON --------------------------------------------------------

def form(token, person, source="quote-form", **fields):
    fields = {"name": person.name, "email": person.email,
              "phone": person.phone_as_typed or "",
              "message": "Please call me about a quote.", **fields}
    return Post(f"/in/{source}/{token}", {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }, urllib.parse.urlencode(fields).encode())


def multipart_form(token, person, source="quote-form"):
    boundary = "----TestBoundary7MA4YWxkTrZu0gW"
    parts = [("name", person.name), ("email", person.email),
             ("phone", person.phone_as_typed or "")]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"{k}\"\r\n"
        f"\r\n{v}\r\n".encode() for k, v in parts)
    body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"plan\"; "
             "filename=\"plan.txt\"\r\nContent-Type: text/plain\r\n\r\n"
             "a plan\r\n").encode() + f"--{boundary}--\r\n".encode()
    return Post(f"/in/{source}/{token}", {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Accept": "application/json"}, body)


def signed_json(secret, value, source="partner"):
    body = compact(value)
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Post(f"/in/{source}", {
        "Content-Type": "application/json",
        "X-Signature": f"sha256={mac}",
    }, body, str(value.get("id", "")))


def partner_lead(secret, person, event=None, **more):
    return signed_json(secret, {
        "id": event or f"ev-{person.n}-{uuid.uuid4()}",
        "person": {"full": person.name, "mail": person.email,
                   "tel": person.phone},
        "campaign": "autumn",
    }, **more)


def lead_key(source, event, destination="mega", index=0, generation=0):
    """The Idempotency-Key leadbridge promises for a lead."""
    fields = ("leadbridge/1", source, event, str(index), destination,
              str(generation))
    text = b"".join(len(f.encode()).to_bytes(4, "big") + f.encode()
                    for f in fields)
    raw = bytearray(hashlib.sha256(text).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))
