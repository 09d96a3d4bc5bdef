#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/admin-api.yaml describes the routes the daemon has, and no others.

A path marked x-planned may be missing in the daemon. Parameters that stand in
a path are those of the description, and every $ref leads somewhere.
"""
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "src" / "operate" / "admin_api.c"
DESCRIPTION = ROOT / "docs" / "admin-api.yaml"
# Answered before the table is asked: health.c.
BEFORE = {("GET", "/healthz"), ("GET", "/readyz")}


def routes():
    text = TABLE.read_text()
    text = text[text.index("ADMIN_ROUTES[] = {"):]
    found = re.findall(r'\{HTTP_(\w+),\s*"([^"]+)"', text)
    return {(method, path) for method, path in found}


def resolves(ref, document):
    at = document
    for part in ref.removeprefix("#/").split("/"):
        if part not in at:
            return False
        at = at[part]
    return True


def refs(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def main():
    problems = []
    document = yaml.safe_load(DESCRIPTION.read_text())
    described, planned = set(), set()
    for path, methods in document["paths"].items():
        bare = re.sub(r"\{\w+\}", "*", path)
        for method, what in methods.items():
            entry = (method.upper(), bare)
            (planned if what.get("x-planned") else described).add(entry)
            named = {p.rpartition("/")[2] for p in refs(
                what.get("parameters", []))}
            for name in re.findall(r"\{(\w+)\}", path):
                if name not in named:
                    problems.append(f"{method} {path}: no parameter {name}")
            if not what.get("summary") or not what.get("responses"):
                problems.append(f"{method} {path}: no summary or responses")
    known = routes() | BEFORE
    for method, path in sorted(known - described - planned):
        problems.append(f"{method} {path} is not described")
    for method, path in sorted(described - known):
        problems.append(f"{method} {path} is described and does not exist")
    for ref in set(refs(document)):
        if not resolves(ref, document):
            problems.append(f"{ref} leads nowhere")
    if len(known) < 10:
        problems.append("the table of routes was not found")
    for problem in problems:
        print(f"docs/admin-api.yaml: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
