# SPDX-License-Identifier: MIT
"""What a person leaves in files: every spelling of name, address and number,
also as JSON, percent, form and UTF-16 escapes write them."""

import json
import os
import urllib.parse


def spellings(person):
    digits = (person.phone or "")[2:]
    texts = {person.last, person.name, person.email}
    if digits:
        area, middle, line = digits[:3], digits[3:6], digits[6:]
        texts |= {person.phone, digits, person.phone_as_typed,
                  f"{area}-{middle}-{line}", f"{area}.{middle}.{line}",
                  f"{area} {middle} {line}", f"({area}){middle}-{line}",
                  f"1-{area}-{middle}-{line}", f"{middle}-{line}"}
    found = set()
    for text in texts:
        found |= {text, urllib.parse.quote(text),
                  urllib.parse.quote(text, safe=""),
                  urllib.parse.quote_plus(text), json.dumps(text)[1:-1],
                  "".join(f"\\u{ord(c):04x}" for c in text),
                  text.replace("@", "\\u0040"),
                  "".join(f"%{ord(c):02x}" for c in text)}
    return {t.lower().encode() for t in found} | {
        person.last.encode("utf-16-le").lower()}


def in_bytes(data, person):
    data = data.lower()
    return sorted(t.decode("utf-8", "replace") for t in spellings(person)
                  if t in data)


def in_files(folder, person, skip=("secrets",)):
    """{file: spellings found in it}, for all files of a folder."""
    found = {}
    for top, _, names in os.walk(folder):
        if any(part in skip for part in top.split(os.sep)):
            continue
        for name in names:
            path = os.path.join(top, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                hits = in_bytes(f.read(), person)
            if hits:
                found[os.path.relpath(path, folder)] = hits
    return found
