# SPDX-License-Identifier: MIT
"""The admin listener over TCP: tokens, a browser's cookie, server-sent events."""

import json
import re
import time
import urllib.parse

from support import wire

TOKEN = "admin-token-3f9a1c5e7b2d4860"
READ_TOKEN = "read-token-0a1b2c3d4e5f6789"
ADDRESS = re.compile(r"admin_listening\b.*?\baddress=\"?(127\.[^\s\"]+)")


def settings(folder):
    """What to change so that it also listens on a loopback port."""
    return {"admin": {"listen": [f"unix:{folder}/admin.sock", "127.0.0.1:0"],
                      "token": f"file:{folder}/secrets/admin-token",
                      "read_token": f"file:{folder}/secrets/read-token"}}


def equip(bridge, **more):
    """Tokens and a port for a bridge that is not running yet."""
    bridge.secret("admin-token", TOKEN)
    bridge.secret("read-token", READ_TOKEN)
    changes = settings(bridge.folder)
    changes["admin"].update(more)
    bridge.write(changes)
    return bridge


def address(bridge):
    line = bridge.log.wait(lambda text: ADDRESS.search(text), 10,
                           "admin_listening")
    return ADDRESS.search(line)[1]


def ask(where, method, path, token=None, body=None, **headers):
    sent = {k.replace("_", "-"): v for k, v in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    return wire.ask(where, method, path, body, sent)


def login(where, token, **headers):
    """The answer to the login form."""
    return ask(where, "POST", "/login",
               body=urllib.parse.urlencode({"token": token}),
               Content_Type="application/x-www-form-urlencoded", **headers)


def cookie_of(reply):
    return reply.headers["set-cookie"].split(";")[0]


class Events:
    """An open stream of events."""

    def __init__(self, where, cookie=None, token=None, timeout=20):
        self.raw = wire.Raw(where, timeout)
        lines = ["GET /api/v1/events HTTP/1.1", "Host: localhost"]
        if cookie:
            lines.append(f"Cookie: {cookie}")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self.raw.send("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.raw.rest:
            assert self.raw.more()
        head, self.raw.rest = self.raw.rest.split(b"\r\n\r\n", 1)
        self.head = head.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.sock.close()

    def next(self):
        """(name, data) of the next event; None at the end of the stream."""
        while b"\n\n" not in self.raw.rest:
            if not self.raw.more():
                return None
        text, self.raw.rest = self.raw.rest.split(b"\n\n", 1)
        fields = dict(line.split(": ", 1) for line in
                      text.decode().split("\n") if ": " in line)
        if "data" not in fields:
            return "", None
        return fields["event"], json.loads(fields["data"])

    def wait(self, accept, timeout=20):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            event = self.next()
            assert event is not None, "the stream ended"
            if accept(*event):
                return event[1]
        raise TimeoutError("the event did not come")
