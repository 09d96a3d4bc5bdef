# SPDX-License-Identifier: MIT
"""Requests as further platforms send them, signed as they sign.

Each function takes the source's name and what proves it, and a person.
"""

import base64
import hashlib
import hmac
import os
import subprocess
import time
import urllib.parse

from support.senders import Post, compact

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def now():
    return str(int(time.time()))


def hexmac(secret, text):
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


# ---- a token in the URL -----------------------------------------------------

def zoho_workflow(source, token, person):
    return Post(f"/in/{source}/{token}", FORM, urllib.parse.urlencode({
        "lead_id": f"57257670000030{person.n:05}", "email": person.email,
        "first_name": person.first, "last_name": person.last,
        "phone": person.phone, "lead_source": "Trade Show",
        "created_time": "2026-09-14T18:00:00Z"}).encode())


def zenmaid(source, token, person):
    return Post(f"/in/{source}/{token}", JSON, compact({
        "event": "booking_created", "id": f"88{person.n}",
        "contact_id": f"55{person.n}", "contact_type": "Lead",
        "first_name": person.first, "last_name": person.last,
        "email": person.email, "phone": person.phone,
        "service": "Deep clean", "created_at": "2026-02-03T12:10:00-06:00"}))


def hubspot_workflow(source, token, person):
    return Post(f"/in/{source}/{token}", JSON, compact({
        "vid": 65059681000 + person.n, "portal-id": 62515, "properties": {
            "firstname": {"value": person.first},
            "lastname": {"value": person.last},
            "email": {"value": person.email},
            "phone": {"value": person.phone}},
        "form-submissions": [{"conversion-id": f"c-{person.n}",
                              "timestamp": 1789408598741}]}))


def lead_docket(source, token, person):
    return Post(f"/in/{source}/{token}", JSON, compact({
        "EventTypeId": 10, "OpportunityId": 1000 + person.n,
        "FirstName": person.first, "LastName": person.last,
        "Email": person.email, "MobilePhone": person.phone}))


def salesforce(source, token, person, account="00D5e000000KQ2e"):
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound">
<OrganizationId>{account}</OrganizationId>
<Notification><Id>04l5e00000Gx{person.n:05}AJ</Id>
<sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
<sf:Id>00Q5e00001{person.n:05}EAV</sf:Id><sf:Email>{person.email}</sf:Email>
<sf:FirstName>{person.first}</sf:FirstName>
<sf:LastName>{person.last}</sf:LastName>
</sObject></Notification></notifications></s:Body></s:Envelope>"""
    return Post(f"/in/{source}/{token}", {
        "Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
        body.encode())


def postmark(source, token, person):
    return Post(f"/in/{source}/{token}", JSON, compact({
        "MessageID": f"73e6d360-66eb-11e1-8e72-{person.n:012}",
        "From": person.email, "Subject": "Leaking drain",
        "FromFull": {"Email": person.email, "Name": person.name},
        "ToFull": [{"Email": "leads@inbound.example.com"}],
        "OriginalRecipient": "leads@inbound.example.com",
        "TextBody": "Our drain leaks.", "Headers": []}))


# ---- a secret in the body ---------------------------------------------------

def google_ads(source, key, person):
    columns = {"FULL_NAME": person.name, "EMAIL": person.email,
               "PHONE_NUMBER": person.phone}
    return Post(f"/in/{source}", JSON, compact({
        "lead_id": f"lead-{person.n}", "google_key": key,
        "user_column_data": [{"column_id": name, "string_value": text}
                             for name, text in columns.items()]}))


def aircall_text(source, secret, person):
    return Post(f"/in/{source}", JSON, compact({
        "resource": "message", "event": "message.received",
        "timestamp": int(time.time()), "token": secret, "data": {
            "id": f"MSG{person.n}", "direction": "inbound",
            "external_number": person.phone, "body": "Do you do drains?",
            "number": {"id": 1, "digits": "+15205550199"},
            "contact": {"first_name": person.first,
                        "last_name": person.last}}}))


def livechat(source, secret, person):
    return Post(f"/in/{source}", JSON, compact({
        "webhook_id": "w", "secret_key": secret, "action": "incoming_chat",
        "organization_id": "o", "payload": {"chat": {
            "id": f"PJ{person.n}", "thread": {"id": "K6", "events": []},
            "users": [{"id": "u", "type": "customer", "name": person.name,
                       "email": person.email}]}}}))


# ---- signed -------------------------------------------------------------------

def whatsapp_ad(source, secret, person):
    number = person.phone.lstrip("+")
    body = compact({"object": "whatsapp_business_account", "entry": [{
        "id": "1029", "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": "1063"},
            "contacts": [{"profile": {"name": person.name},
                          "wa_id": number}],
            "messages": [{
                "from": number, "id": f"wamid.{person.n}",
                "timestamp": now(), "type": "text", "text": {"body": "Hi"},
                "referral": {"source_type": "ad", "source_id": "1202134",
                             "ctwa_clid": "Aff-1234567890"}}]}}]}]})
    return Post(f"/in/{source}", {
        **JSON, "X-Hub-Signature-256": "sha256=" + hexmac(secret, body)},
        body)


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def dialpad_call(source, secret, person):
    text = base64url(b'{"alg":"HS256","typ":"JWT"}') + b"." + base64url(
        compact({"call_id": 5780678246121472 + person.n, "state": "hangup",
                 "direction": "inbound", "external_number": person.phone,
                 "internal_number": "+15205550199", "duration": 61500.25,
                 "date_started": int(time.time() * 1000),
                 "contact": {"name": person.name, "email": person.email}}))
    mac = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return Post(f"/in/{source}", {"Content-Type": "application/jwt"},
                text + b"." + base64url(mac))


def mailgun(source, secret, person):
    at, token = now(), f"{person.n:050}"
    return Post(f"/in/{source}", FORM, urllib.parse.urlencode({
        "timestamp": at, "token": token,
        "signature": hexmac(secret, (at + token).encode()),
        "recipient": "leads@mg.example.com", "subject": "Leaking drain",
        "from": f"{person.name} <{person.email}>", "sender": person.email,
        "Message-Id": f"<{person.n}@example.com>",
        "stripped-text": "Our drain leaks."}).encode())


def quo_legacy(source, secret, person):
    body = compact({
        "id": f"EV{person.n}", "object": "event", "apiVersion": "v3",
        "type": "message.received", "data": {"object": {
            "id": f"AC{person.n}", "object": "message", "from": person.phone,
            "to": "+15205550199", "direction": "incoming",
            "body": f"Write to {person.email}"}}})
    at = str(int(time.time() * 1000))
    mac = hmac.new(base64.b64decode(secret), at.encode() + b"." + body,
                   hashlib.sha256).digest()
    return Post(f"/in/{source}", {
        **JSON, "openphone-signature":
        f"hmac;1;{at};{base64.b64encode(mac).decode()}"}, body)


def sendgrid(source, key, person):
    """`key` is an EcdsaKey."""
    fields = {
        "headers": f"Message-ID: <{person.n}@mail.example.com>\n",
        "from": f"{person.name} <{person.email}>", "subject": "Drain",
        "envelope": '{"to":["leads@parse.example.com"]}',
        "text": "Our drain leaks."}
    body = b"".join(
        f"--BOUND\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"
        f"{text}\r\n".encode() for name, text in fields.items())
    body += b"--BOUND--\r\n"
    at = now()
    return Post(f"/in/{source}", {
        "Content-Type": "multipart/form-data; boundary=BOUND",
        "X-Twilio-Email-Event-Webhook-Signature":
            key.sign(at.encode() + body),
        "X-Twilio-Email-Event-Webhook-Timestamp": at}, body)


class EcdsaKey:
    """SendGrid's part; needs openssl(1)."""

    def __init__(self, folder):
        self.private = os.path.join(folder, "ecdsa.pem")
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
            "-out", self.private)
        lines = run("openssl", "ec", "-in", self.private, "-pubout")
        # As the vendor shows it: the PEM's middle in one line.
        self.public = "".join(line for line in lines.decode().splitlines()
                              if not line.startswith("-----"))

    def sign(self, text):
        return base64.b64encode(run(
            "openssl", "dgst", "-sha256", "-sign", self.private,
            text=text)).decode()


def run(*command, text=None):
    return subprocess.run(command, input=text, check=True,
                          capture_output=True).stdout
