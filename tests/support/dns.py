# SPDX-License-Identifier: MIT
"""A name server on loopback, and a way to make one process ask it.

The C library reads the server's address from /etc/resolv.conf and nowhere
else, so the process gets a mount namespace in which that file is another one.
That and port 53 need root; without it `why_not()` says so.
"""

import os
import socket
import struct
import subprocess
import threading

PID = os.getpid()  # several test processes may run side by side
ADDRESS = f"127.53.{PID >> 8 & 255}.{PID & 255}"
NXDOMAIN, SERVFAIL = 3, 2
A = 1
WRAPPER = ('mount --bind "$0" /etc/resolv.conf && '
           'mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"')


class NameServer:
    """Answers by name: an IPv4 address, "nxdomain", "servfail" or "silent"
    (the default). Counts the questions."""

    def __init__(self, folder):
        self.names = {}
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ADDRESS, 53))
        self.resolv = os.path.join(str(folder), "resolv.conf")
        self.switch = os.path.join(str(folder), "nsswitch.conf")
        with open(self.resolv, "w", encoding="ascii") as f:
            f.write(f"nameserver {ADDRESS}\noptions timeout:3 attempts:2\n")
        with open(self.switch, "w", encoding="ascii") as f:
            f.write("hosts: files dns\n")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    @property
    def wrapper(self):
        return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                WRAPPER, self.resolv, self.switch]

    def serve(self):
        while True:
            packet, peer = self.sock.recvfrom(4096)
            if packet == b"":
                return
            answer = self.answer(packet)
            if answer:
                self.sock.sendto(answer, peer)

    def answer(self, packet):
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        question = packet[12:at + 5]
        kind, = struct.unpack("!H", packet[at + 1:at + 3])
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        what = self.names.get(name, "silent")
        if what == "silent":
            return None
        code = {"nxdomain": NXDOMAIN, "servfail": SERVFAIL}.get(what, 0)
        record = b""
        if code == 0 and kind == A:
            record = struct.pack("!HHHIH", 0xC00C, A, 1, 0, 4)
            record += socket.inet_aton(what)
        return (packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1,
                                         1 if record else 0, 0, 0) +
                question + record)

    def close(self):
        self.sock.sendto(b"", (ADDRESS, 53))
        self.thread.join(10)
        self.sock.close()


def why_not():
    """Why this machine cannot play it; None: it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((ADDRESS, 53))
        except OSError as e:
            return f"cannot bind port 53: {e}"
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", WRAPPER,
         "/etc/hostname", "/etc/hostname", "true"], capture_output=True,
        text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()
