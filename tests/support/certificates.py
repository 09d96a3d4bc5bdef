# SPDX-License-Identifier: MIT
"""Certificates for TLS tests: an authority and what it signs, by openssl."""

import os
import subprocess


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder, name="authority"):
        self.folder = str(folder)
        self.name = name
        self.certificate = self.path(f"{name}.pem")
        self.key = self.path(f"{name}.key")
        run("req", "-x509", *NEW_KEY, "-days", "2", "-subj",
            f"/CN=Test {name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign", "-keyout", self.key,
            "-out", self.certificate)

    def path(self, name):
        return os.path.join(self.folder, name)

    def sign(self, label, host="localhost", days=2):
        """(certificate, key): paths. Negative days: it has expired."""
        base = f"{self.name}-{label}"
        request, extensions = self.path(f"{base}.csr"), self.path(f"{base}.x")
        certificate, key = self.path(f"{base}.pem"), self.path(f"{base}.key")
        with open(extensions, "w", encoding="ascii") as f:
            f.write(f"subjectAltName=DNS:{host}\n"
                    "extendedKeyUsage=serverAuth\n")
        run("req", "-new", *NEW_KEY, "-subj", f"/CN={host}", "-keyout", key,
            "-out", request)
        run("x509", "-req", "-in", request, "-CA", self.certificate,
            "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
            "-extfile", extensions, "-out", certificate)
        return certificate, key


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
           "-nodes")


def run(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
