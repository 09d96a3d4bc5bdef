#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the signature headers of a golden request, for whoever adds one.

usage: sign.py PLATFORM FILE.request

PLATFORM is shopify, ghl, standard, openphone, twilio, hubspot, mega, sendgrid,
or one of PROFILES below (secret: PLATFORM-secret). Of dialpad the whole body is
printed: FILE.request then holds the JSON to be signed. Of mailgun the member
`signature` is printed.

The keys are those of golden_sources.h; the Ed25519 seed is bytes 0 to 31, the
ECDSA key the number 31337.
"""
import base64
import hashlib
import hmac
import sys
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


def body_of(raw):
    body = raw.split(b"\n\n", 1)[1]
    return body[:-1] if body.endswith(b"\n") else body


def header(raw, name):
    for line in raw.split(b"\n\n", 1)[0].split(b"\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    sys.exit("no header " + name.decode())


def hmac_base64(key, text):
    return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


def ed25519_base64(text):
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return base64.b64encode(key.sign(text)).decode()


def url_of(raw):
    return b"https://hooks.example.com" + raw.split(b" ", 2)[1]


def twilio(raw):
    text = url_of(raw)
    if b"bodySHA256=" not in text:
        pairs = urllib.parse.parse_qsl(body_of(raw).decode(),
                                       keep_blank_values=True)
        text += "".join(name + value
                        for name, value in sorted(set(pairs))).encode()
    return base64.b64encode(
        hmac.digest(b"tw_secret", text, hashlib.sha1)).decode()


def hubspot(raw):
    text = b"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy" + raw.split(b" ", 1)[0]
    return hashlib.sha256(text + url_of(raw) + body_of(raw)).hexdigest()


def mega(raw):
    text = header(raw, b"x-mega-timestamp") + b"." + body_of(raw)
    return hmac.digest(b"mega_whsec_for_these_tests", text,
                       hashlib.sha256).hex()


def openphone(raw):
    at = str(NOW * 1000).encode()
    key = base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
    mac = hmac.digest(key, at + b"." + body_of(raw), hashlib.sha256)
    return f"hmac;1;{at.decode()};{base64_text(mac)}"


def sendgrid(raw):
    at = str(NOW).encode()
    key = ec.derive_private_key(31337, ec.SECP256R1())
    made = key.sign(at + body_of(raw), ec.ECDSA(hashes.SHA256()))
    return (f"X-Twilio-Email-Event-Webhook-Signature: {base64_text(made)}\n"
            f"X-Twilio-Email-Event-Webhook-Timestamp: {at.decode()}")


def mailgun(raw):
    fields = dict(urllib.parse.parse_qsl(body_of(raw).decode()))
    text = fields["timestamp"] + fields["token"]
    return profile_hmac("mailgun", hashlib.sha256, text.encode()).hex()


def dialpad(raw):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(body_of(raw))
    mac = profile_hmac("dialpad", hashlib.sha256, text)
    return (text + b"." + part(mac)).decode()


def profile_hmac(name, digest, text):
    return hmac.digest((name + "-secret").encode(), text, digest)


def profile(name, body):
    digest, encode, form, before = PROFILES[name]
    text = before.encode() + body
    return form.format(encode(profile_hmac(name, digest, text)))


def base64_text(raw):
    return base64.b64encode(raw).decode()


NOW = 1759999990
# Digest, how it is written, the header, what is signed before the body.
PROFILES = {
    "callrail": ("sha1", base64_text, "signature: {}", ""),
    "typeform": ("sha256", base64_text, "Typeform-Signature: sha256={}", ""),
    "tally": ("sha256", base64_text, "Tally-Signature: {}", ""),
    "intercom": ("sha1", bytes.hex, "X-Hub-Signature: sha1={}", ""),
    "calendly": ("sha256", bytes.hex,
                 "Calendly-Webhook-Signature: t=1759999990,v1={}",
                 "1759999990."),
    "call_tracking_metrics": ("sha1", base64_text, "X-CTM-Time: 1759999990\n"
                              "X-CTM-Signature: {}", "1759999990"),
    "wpforms": ("sha256", bytes.hex,
                "X-WPForms-Webhook-Signature: t=1759999990,v={}",
                "1759999990."),
    "webflow": ("sha256", bytes.hex, "X-Webflow-Timestamp: 1759999990000\n"
                "X-Webflow-Signature: {}", "1759999990000:"),
}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "rb") as f:
        raw = f.read()
    body = body_of(raw)
    if sys.argv[1] == "shopify":
        print("X-Shopify-Hmac-Sha256:", hmac_base64(b"hush", body))
    elif sys.argv[1] == "ghl":
        print("X-GHL-Signature:", ed25519_base64(body))
    elif sys.argv[1] == "twilio":
        print("X-Twilio-Signature:", twilio(raw))
    elif sys.argv[1] == "hubspot":
        print("X-HubSpot-Signature:", hubspot(raw))
    elif sys.argv[1] == "openphone":
        print("openphone-signature:", openphone(raw))
    elif sys.argv[1] in ("sendgrid", "mailgun", "dialpad"):
        print(globals()[sys.argv[1]](raw))
    elif sys.argv[1] in PROFILES:
        print(profile(sys.argv[1], body))
    elif sys.argv[1] == "mega":
        print("X-Mega-Signature: sha256=" + mega(raw))
    else:
        text = b".".join([header(raw, b"webhook-id"),
                          header(raw, b"webhook-timestamp"), body])
        print("webhook-signature: v1," + hmac_base64(bytes(range(24)), text),
              "v1a," + ed25519_base64(text))


main()
