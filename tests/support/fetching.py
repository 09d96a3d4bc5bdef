# SPDX-License-Identifier: MIT
"""Senders that only name a record, the records, and a bridge that fetches."""

import base64
import hashlib
import hmac
import time

import provider_sandbox as sandbox
from support import daemon, senders
from support.load import Load

VERIFY = "verify-word-of-the-page"
HUBSPOT_SECRET = "hubspot-client-secret-of-the-app"
ZOHO_TOKEN = "zoho-channel-token-0123456789"
PAGE = "268499800000001"
PORTAL = "62515"
PUBLIC = "https://hooks.example.com"


def api(providers, **more):
    return {"url": providers.base, "allow_http": True,
            "allow_private": True, **more}


def keep_secrets(bridge, **more):
    for name, text in {
            "meta": sandbox.META_SECRET, "meta-token": sandbox.META_TOKEN,
            "verify": VERIFY, "hubspot": HUBSPOT_SECRET,
            "hubspot-token": sandbox.HUBSPOT_TOKEN,
            "ghl-token": sandbox.GHL_TOKEN, "zoho": ZOHO_TOKEN,
            "zoho-client": sandbox.ZOHO_CLIENT_SECRET,
            "zoho-refresh": sandbox.ZOHO_REFRESH,
            "app-client": sandbox.APP_CLIENT_SECRET,
            "app-refresh": sandbox.APP_REFRESH, **more}.items():
        bridge.secret(name, text)


def ref(bridge, name):
    return f"file:{bridge.path('secrets')}/{name}"


def sources(bridge, providers):
    """The four that fetch, each with one token."""
    return {
        "ads": {"platform": "meta_ads", "destination": "mega",
                "secret": ref(bridge, "meta"),
                "verify_token": ref(bridge, "verify"),
                "account": PAGE, "country": "US",
                "api": api(providers, token=ref(bridge, "meta-token"))},
        "hub": {"platform": "hubspot", "destination": "mega",
                "secret": ref(bridge, "hubspot"), "account": PORTAL,
                "country": "US",
                "api": api(providers, token=ref(bridge, "hubspot-token"))},
        "records": {"platform": "zoho", "destination": "mega",
                    "secret": ref(bridge, "zoho"), "country": "US",
                    "api": api(providers, oauth={
                        "token_url": f"{providers.base}/oauth/v2/token",
                        "client_id": sandbox.ZOHO_CLIENT,
                        "client_secret": ref(bridge, "zoho-client"),
                        "refresh_token": ref(bridge, "zoho-refresh")})},
        "agency": {"api": api(providers, token=ref(bridge, "ghl-token"))},
    }


def app_oauth(bridge, providers, path, **more):
    """The keys of an app's account that gets a new refresh token each time."""
    return {"token_url": providers.base + path,
            "client_id": sandbox.APP_CLIENT,
            "client_secret": ref(bridge, "app-client"), **more}


def leadgen(*ids, page=PAGE):
    value = {"object": "page", "entry": [{
        "id": page, "time": int(time.time()), "changes": [
            {"field": "leadgen", "value": {
                "leadgen_id": i, "page_id": page, "form_id": "1216",
                "created_time": int(time.time())}} for i in ids]}]}
    body = senders.compact(value)
    mac = hmac.new(sandbox.META_SECRET.encode(), body,
                   hashlib.sha256).hexdigest()
    return senders.Post("/in/ads", {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={mac}"}, body)


def messenger(sender, mid):
    body = senders.compact({"object": "page", "entry": [{
        "id": PAGE, "messaging": [{
            "sender": {"id": sender}, "recipient": {"id": PAGE},
            "timestamp": 1770142008123,
            "message": {"mid": mid, "text": "Hello"}}]}]})
    mac = hmac.new(sandbox.META_SECRET.encode(), body,
                   hashlib.sha256).hexdigest()
    return senders.Post("/in/ads", {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={mac}"}, body)


def meta_record(person):
    return {"created_time": "2026-02-03T18:06:48+0000", "form_id": "1216",
            "platform": "ig", "is_organic": False, "field_data": [
                {"name": "full_name", "values": [person.name]},
                {"name": "phone_number", "values": [person.phone]},
                {"name": "EMAIL", "values": [person.email]},
                {"name": "what_service?", "values": ["roof", "gutters"]}]}


def hubspot(*ids, portal=PORTAL, source="hub", changes=None):
    now = int(time.time() * 1000)
    body = senders.compact([
        {"eventId": i, "subscriptionId": 12345, "portalId": int(portal),
         "appId": 54321, "occurredAt": now, "attemptNumber": 0,
         "subscriptionType": "contact.creation", "objectId": i,
         "changeFlag": "CREATED", "changeSource": "FORM",
         **(changes or {})} for i in ids])
    text = f"POST{PUBLIC}/in/{source}".encode() + body + str(now).encode()
    mac = hmac.new(HUBSPOT_SECRET.encode(), text, hashlib.sha256).digest()
    return senders.Post(f"/in/{source}", {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": base64.b64encode(mac).decode(),
        "X-HubSpot-Request-Timestamp": str(now)}, body,
                        f"contact.creation/{portal}/54321/12345/{ids[0]}/"
                        f"{ids[0]}/{now}//")


def hubspot_record(person):
    first, _, last = person.name.partition(" ")
    return {"firstname": first, "lastname": last, "email": person.email,
            "phone": person.phone, "hs_object_source": "FORM",
            "recent_conversion_event_name": "Pricing: Quote form"}


def zoho(*ids, module="Leads", token=ZOHO_TOKEN):
    return senders.Post("/in/records", {"Content-Type": "application/json"},
                        senders.compact({
                            "server_time": int(time.time() * 1000),
                            "module": module, "ids": list(ids),
                            "affected_fields": [], "operation": "insert",
                            "channel_id": "1000000068001", "token": token}))


def zoho_record(person):
    first, _, last = person.name.partition(" ")
    return {"First_Name": first, "Last_Name": last, "Email": person.email,
            "Phone": person.phone, "Lead_Source": "Google AdWords"}


def oauth_source(bridge, providers):
    """HubSpot, whose refresh token is a new one with each use."""
    return {"platform": "hubspot", "destination": "mega",
            "secret": ref(bridge, "hubspot"), "account": PORTAL,
            "country": "US", "api": api(providers, oauth=app_oauth(
                bridge, providers, "/oauth/v1/token",
                refresh_token=ref(bridge, "app-refresh")))}


class FetchLoad(Load):
    """Senders of contacts that are only named."""

    source = "hub"

    def __init__(self, person, providers):
        super().__init__(person)
        self.providers = providers

    def new_post(self):
        someone = self.person()
        self.providers.put(f"hubspot/{1000 + someone.n}",
                           hubspot_record(someone))
        return hubspot(1000 + someone.n)


def accepted(bridge, post):
    reply = bridge.post(post)
    assert (reply.status, reply.text) == (200, '{"status":"accepted"}')


def whole(lead, person, platform, kind):
    assert lead["contact_name"] == person.name
    assert lead["contact_email"] == person.email
    assert lead["contact_phone"] == person.phone
    assert (lead["source_platform"], lead["source_type"]) == (platform, kind)


def condition(bridge, name, want, reason):
    daemon.eventually(lambda: (name, want, reason) in [
        (d["name"], d["condition"], d["reason"]) for d in
        bridge.api("/destinations")["destinations"]],
                      what=f"{name} to be {want}")
