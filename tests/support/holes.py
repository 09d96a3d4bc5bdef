# SPDX-License-Identifier: MIT
"""Servers that are no servers: each fails in one way, on loopback.

Every one is a with block and has a port. What a caller loses in them shows in
`connections`, the number that were accepted.
"""

import socket
import struct
import threading


class Refused:
    """A port that is bound, so that nobody else gets it, and refuses."""

    def __enter__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.sock.close()


class FullBacklog(Refused):
    """The queue of the listener is full: the kernel drops every SYN."""

    def __enter__(self):
        super().__enter__()
        self.sock.listen(0)
        self.waiting = []
        for _ in range(3):
            link = socket.socket()
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", self.port))
            self.waiting.append(link)
        return self

    def __exit__(self, *_):
        for link in self.waiting:
            link.close()
        super().__exit__()


class Hole:
    """Accepts, and does to each connection what serve() says."""

    def __enter__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.sock.getsockname()[1]
        self.over = threading.Event()
        self.connections = 0
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for link in list(self.open):
            link.close()

    def accept(self):
        while True:
            try:
                link, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(link)
            threading.Thread(target=self.run, args=(link,),
                             daemon=True).start()

    def run(self, link):
        try:
            self.serve(link)
        except OSError:
            pass
        self.open.discard(link)
        link.close()

    def serve(self, link):
        """Takes everything and never says a word."""
        while link.recv(65536):
            continue


class Silent(Hole):
    """The connection stands; no TLS handshake, no answer ever comes."""


class ResetsHandshake(Hole):
    """Resets as soon as the first bytes (a ClientHello) are there."""

    def serve(self, link):
        link.recv(65536)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))


class Drips(Hole):
    """Answers one byte a second."""

    ANSWER = (b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
              b"Content-Length: 22\r\n\r\n{\"lead\":{\"id\":\"slow\"}}")

    def serve(self, link):
        link.recv(65536)
        for i in range(len(self.ANSWER)):
            link.sendall(self.ANSWER[i:i + 1])
            if self.over.wait(1):
                return
