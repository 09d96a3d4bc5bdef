# SPDX-License-Identifier: MIT
"""HTTP as bytes: for requests no library would send, and their answers."""

import dataclasses
import http.client
import socket
import ssl
import time


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict  # lower-case names; the last of a name
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(address, timeout=20, tls=None):
    """An http.client connection to host:port or unix:PATH."""
    if address.startswith("unix:"):
        return UnixConnection(address[5:], timeout)
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if tls is not None:
        return http.client.HTTPSConnection(host, int(port), timeout=timeout,
                                           context=tls)
    return http.client.HTTPConnection(host, int(port), timeout=timeout)


def ask(address, method, path, body=None, headers=None, timeout=20, tls=None):
    """One request on a connection of its own."""
    link = connection(address, timeout, tls)
    try:
        link.request(method, path, body=body, headers=headers or {})
        return read_answer(link)
    finally:
        link.close()


def read_answer(link):
    answer = link.getresponse()
    return Reply(answer.status,
                 {k.lower(): v for k, v in answer.getheaders()},
                 answer.read())


class Raw:
    """A socket that sends bytes and reads HTTP answers one by one."""

    def __init__(self, address, timeout=20, tls=None):
        if address.startswith("unix:"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(address[5:])
        else:
            host, _, port = address.rpartition(":")
            self.sock = socket.create_connection((host.strip("[]"),
                                                  int(port)), timeout)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=host)
        self.rest = b""
        self.timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """Reads once; False at the end of the stream (or a reset)."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            return False
        self.rest += data
        return bool(data)

    def reply(self, head=False):
        """The next whole answer, or None when the server closed first."""
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                return None
        start, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = start.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines[0]
        headers = {k.strip().lower(): v.strip() for k, _, v in
                   (line.partition(":") for line in lines[1:])}
        status = int(status)
        length = int(headers.get("content-length", "0"))
        if head or status in (204, 304) or status < 200:
            length = 0
        while len(self.rest) < length:
            if not self.more():
                return None
        body, self.rest = self.rest[:length], self.rest[length:]
        return Reply(status, headers, body)

    def replies(self):
        """Every answer until the server closes."""
        found = []
        while True:
            reply = self.reply()
            if reply is None:
                return found
            found.append(reply)

    def closed(self, within=10):
        """True when the server ends the connection in that time."""
        deadline = time.monotonic() + within
        try:
            while time.monotonic() < deadline:
                self.sock.settimeout(max(0.01,
                                         deadline - time.monotonic()))
                if not self.more():
                    return True
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(self.timeout)
        return False


def exchange(address, data, timeout=20):
    """Sends the bytes; (answers, whether the server then closed at once).

    A connection that stays open is recognised by a second, ordinary request
    that is answered on it."""
    probe = b"GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n"
    with Raw(address, timeout) as raw:
        try:
            raw.send(data)
            raw.send(probe)
        except (ConnectionResetError, BrokenPipeError):
            pass
        found = []
        while True:
            reply = raw.reply()
            if reply is None:
                return found, True
            if reply.status == 200 and reply.body == b'{"status":"ok"}\n':
                return found, False
            found.append(reply)
