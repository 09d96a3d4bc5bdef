# SPDX-License-Identifier: MIT
"""The real binaries in a folder of their own: start, ask, stop, judge.

A Bridge is one store and one configuration; it may be started many times (a
crash test does). Nothing is waited for by sleeping: readiness comes over the
notification socket, everything else by a condition with a deadline.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from support import people, settings, wire

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SANITIZER = re.compile(r"(ERROR|WARNING): (Address|Thread|Leak|Undefined|"
                       r"Memory)Sanitizer|runtime error:|SUMMARY: \w+Sanit")
LISTENING = re.compile(r"(?:^<\d>|\s)listening\b.*?\baddress=\"?([^\s\"]+)")
START_TIMEOUT = 60
# A daemon does not outlive whoever started it, not even after kill -9.
WITH_US = ["setpriv", "--pdeathsig", "KILL"]


def binary(name="leadbridged"):
    given = os.environ.get("LEADBRIDGE_BIN")
    if given is None:
        given = os.path.join(ROOT, "build", "dev", "leadbridged")
    return os.path.join(os.path.dirname(os.path.abspath(given)), name)


def eventually(condition, timeout=20, what="a condition", every=0.01):
    """Polls until the condition holds; its value. For what cannot be heard."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s for {what}")
        pause.wait(every)


def telling(lines, n=40):
    """The lines worth showing: a sanitizer's report, else the last ones."""
    for i, line in enumerate(lines):
        if SANITIZER.search(line):
            return "\n".join(lines[i:i + n])
    return "\n".join(lines[-n:])


class Heard:
    """Lines or datagrams that arrive from elsewhere, and waiting for one."""

    def __init__(self):
        self.items = []
        self.changed = threading.Condition()
        self.over = False

    def add(self, item):
        with self.changed:
            self.items.append(item)
            self.changed.notify_all()

    def end(self):
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def wait(self, accept, timeout, what, since=0):
        """The first item from `since` on that accept() likes."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for item in self.items[since:]:
                    if accept(item):
                        return item
                since = max(since, len(self.items))
                left = deadline - time.monotonic()
                if self.over or left <= 0:
                    raise TimeoutError(f"{what} did not come; last: "
                                       f"{self.items[-8:]}")
                self.changed.wait(left)


class Notify:
    """The service manager's end of sd_notify."""

    def __init__(self, path):
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path)
        self.heard = Heard()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                data = self.sock.recv(65536)
            except OSError:
                break
            if data == b"":
                break
            self.heard.add(data.decode())
        self.heard.end()

    def seen(self):
        return len(self.heard.items)

    def wait(self, text, timeout=START_TIMEOUT, since=0):
        return self.heard.wait(lambda d: text in d, timeout, text, since)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        os.unlink(self.path)


class Bridge:
    def __init__(self, crm, ghl_key, changes=None):
        self.folder = tempfile.mkdtemp(prefix="leadbridge-")
        self.crm = crm
        self.ghl_key = ghl_key
        self.config = os.path.join(self.folder, "leadbridge.yaml")
        self.settings = settings.standard(self.folder, crm, ghl_key)
        if changes:
            self.settings = settings.merged(self.settings, changes)
        self.process = None
        self.log = Heard()
        self.notify = None
        self.exits = []
        self.wrapper = []
        self.environment = {}
        self.may_fail = False
        self.address = None
        self.stdout = os.path.join(self.folder, "stdout")
        os.mkdir(os.path.join(self.folder, "secrets"), 0o700)
        for name, text in settings.secret_files(crm).items():
            self.secret(name, text)
        self.write()

    # ---- files ----------------------------------------------------------

    def path(self, name):
        return os.path.join(self.folder, name)

    def secret(self, name, text):
        path = os.path.join(self.folder, "secrets", name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + "\n")
        os.chmod(path, 0o600)

    def write(self, changes=None, text=None):
        if changes:
            self.settings = settings.merged(self.settings, changes)
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(settings.yaml(self.settings) if text is None else text)

    def may_be_stuck(self):
        """It may end while a thread is inside a program. Of the stack of a
        libjq state only the end is pointed at: no leak, but it looks so."""
        with open(self.path("lsan.supp"), "w", encoding="utf-8") as f:
            f.write("leak:jv_mem_realloc\n")
        self.environment["LSAN_OPTIONS"] = (
            f"suppressions={self.path('lsan.supp')}:print_suppressions=0")
        return self

    # ---- life -----------------------------------------------------------

    def spawn(self, *arguments):
        """Starts the process without waiting for it to be ready."""
        assert self.process is None
        self.notify = Notify(self.path("notify"))
        self.log = Heard()
        environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "NOTIFY_SOCKET": self.notify.path,
            "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:"
                            "abort_on_error=0:exitcode=99",
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
            "TSAN_OPTIONS": "exitcode=99:history_size=4",
            **self.environment}
        with open(self.stdout, "ab") as out:
            self.process = subprocess.Popen(
                [*WITH_US, *self.wrapper, binary(), "--config", self.config,
                 *arguments],
                stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.PIPE, env=environment, cwd=self.folder,
                process_group=0)  # Ctrl-C is for us, SIGTERM for it
        threading.Thread(target=self.read_log, daemon=True,
                         args=(self.process.stderr, self.log)).start()
        return self

    @staticmethod
    def read_log(stream, log):
        for line in stream:
            log.add(line.decode("utf-8", "replace").rstrip("\n"))
        log.end()

    def start(self, *arguments):
        self.spawn(*arguments)
        try:
            self.notify.wait("READY=1")
        except TimeoutError:
            self.kill()
            raise AssertionError("not ready; stderr:\n" +
                                 telling(self.exits[-1][1])) from None
        if any(entry["address"] == "127.0.0.1:0"
               for entry in self.settings["listen"]):
            self.address = self.listening("127.0.0.1:")
        return self

    def listening(self, start):
        """The address of the log's line that begins like this."""
        def accept(line):
            found = LISTENING.search(line)
            return found is not None and found[1].startswith(start)
        line = self.log.wait(accept, 10, f"listening address={start}")
        return LISTENING.search(line)[1]

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_exit(self, timeout=60):
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.forget()
            raise AssertionError(
                f"did not end within {timeout} s; stderr:\n" +
                telling(self.log.items)) from None
        self.forget()
        return status

    def forget(self):
        with self.log.changed:
            self.log.changed.wait_for(lambda: self.log.over, 10)
        self.exits.append((self.process.returncode, list(self.log.items)))
        self.process = None
        self.notify.close()
        self.notify = None

    def stop(self, timeout=60):
        """SIGTERM, and exit status 0."""
        early = self.process.poll()
        if early is not None:
            self.forget()
            raise AssertionError(f"ended by itself with status {early}:\n" +
                                 telling(self.exits[-1][1]))
        self.terminate()
        status = self.wait_exit(timeout)
        assert status == 0, (f"exit status {status}:\n" +
                             telling(self.exits[-1][1]))

    def kill(self):
        """SIGKILL: the crash."""
        self.process.kill()
        self.process.wait()
        self.forget()

    def reload(self, timeout=20):
        """SIGHUP, until the daemon says it is ready again."""
        since = self.notify.seen()
        self.process.send_signal(signal.SIGHUP)
        self.notify.wait("RELOADING=1", timeout, since)
        self.notify.wait("READY=1", timeout, since)

    # ---- asking -----------------------------------------------------------

    def post(self, post, method="POST", **more):
        return wire.ask(self.address, method, post.path, post.body,
                        post.headers, **more)

    def get(self, path, **more):
        return wire.ask(self.address, "GET", path, **more)

    def admin(self, path, method="GET", body=None):
        return wire.ask(f"unix:{self.path('admin.sock')}", method, path, body)

    def api(self, path):
        reply = self.admin("/api/v1" + path)
        assert reply.status == 200, (path, reply)
        return json.loads(reply.body)

    def ledger(self, scan=False):
        return self.api("/ledger" + ("?scan=true" if scan else ""))

    def wait_ledger(self, timeout=20, **want):
        """Until these fields of the ledger have these values."""
        last = {}

        def holds():
            last.update(self.ledger())
            return all(last[k] == v for k, v in want.items()) and last
        try:
            return eventually(holds, timeout, "the ledger", 0.05)
        except TimeoutError:
            raise AssertionError(f"wanted {want}, ledger {last}") from None

    def metric(self, name, **labels):
        """One sample of /metrics, 0 when the series does not exist."""
        for line in self.admin("/metrics").text.splitlines():
            series, _, value = line.rpartition(" ")
            bare, _, rest = series.partition("{")
            if bare == name and dict(re.findall(r'(\w+)="([^"]*)"',
                                                rest)) == labels:
                return float(value)
        return 0.0

    def metrics_lines(self):
        path = self.path("metrics.log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def ctl(self, *arguments, timeout=60):
        return subprocess.run(
            [binary("leadbridgectl"), "--socket", self.path("admin.sock"),
             *arguments], capture_output=True, text=True, timeout=timeout,
            check=False)

    # ---- judging ------------------------------------------------------------

    def texts(self):
        """Everything it has written for people and programs to read."""
        for status, lines in self.exits:
            yield f"stderr of the run that ended with {status}", "\n".join(
                lines)
        for name in ("stdout", "metrics.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="utf-8") as f:
                    yield name, f.read()

    def judge(self):
        """Ends it if it runs, then what must hold for every test."""
        if self.process is not None:
            if self.may_fail:
                self.kill()
            else:
                self.stop()
        for where, text in self.texts():
            found = SANITIZER.search(text)
            assert not found, f"{where}:\n{telling(text.splitlines())}"
            traces = people.found_in(text)
            assert not traces, f"personal data in {where}: {traces}"
            for secret in (*settings.SECRETS, self.crm.token):
                assert secret not in text, f"a secret in {where}: {secret}"

    def remove(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
