#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the signature headers of a golden request, for whoever adds one.

usage: sign.py shopify|ghl|standard FILE.request

The keys are those of golden_sources.h; the Ed25519 seed is bytes 0 to 31.
"""
import base64
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives.asymmetric import ed25519


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
    else:
        text = b".".join([header(raw, b"webhook-id"),
                          header(raw, b"webhook-timestamp"), body])
        print("webhook-signature: v1," + hmac_base64(bytes(range(24)), text),
              "v1a," + ed25519_base64(text))


main()
