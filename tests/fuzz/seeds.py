#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Seeds of the fuzzers that take requests, out of the golden ones: fuzz_request
gets each as it is, fuzz_profile the JSON bodies, fuzz_jwt the tokens. Run by
the build; what is in OUT and of no golden request any more is removed.

usage: seeds.py GOLDEN OUT
"""
import sys
from pathlib import Path


def body_of(raw):
    return raw.partition(b"\n\n")[2].removesuffix(b"\n")


def seeds(golden):
    for path in sorted(golden.glob("*/*.request")):
        raw = path.read_bytes()
        name = f"{path.parent.name}_{path.stem}"
        body = body_of(raw)
        yield "request", name, raw
        if body[:1] in (b"{", b"["):
            yield "profile", name, body
        if body[:2] == b"ey":
            yield "jwt", name, body


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wanted = {}
    for kind, name, data in seeds(Path(sys.argv[1])):
        wanted[Path(sys.argv[2], kind, name)] = data
    for path, data in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
    for path in Path(sys.argv[2]).glob("*/*"):
        if path not in wanted:
            path.unlink()


main()
