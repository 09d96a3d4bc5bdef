# SPDX-License-Identifier: MIT
"""The jobs behind scripts/test: what runs, on which build, in which order.

A job starts as soon as what it needs has succeeded and a core is free. Every
job counts the tests it ran; a build that fails counts as one failure, and so
does each job that could not run because of it.
"""

import argparse
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "test-logs")
CORES = os.cpu_count() or 2
PYTEST = [sys.executable, "-m", "pytest", "-q", "--tb=short"]
CMOCKA = re.compile(r"\[  (PASSED|FAILED)  \] (\d+) test\(s\)")


class Job:
    """One command, its log, and how to count what it did."""

    def __init__(self, name, command, *, needs=(), slots=1, timeout=900,
                 count=None, environment=None):
        self.name = name
        self.command = command
        self.needs = needs
        self.slots = min(slots, CORES)
        self.timeout = timeout
        self.count = count
        self.environment = environment or {}
        self.log = os.path.join(LOGS, name.replace(" ", "-") + ".log")
        self.state = "waiting"
        self.process = None
        self.passed = self.failed = self.skipped = 0
        self.seconds = 0.0

    def run(self):
        began = time.monotonic()
        try:
            status = self.run_command()
        except OSError as e:
            status = -1
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(f"\n{e}\n")
        self.seconds = time.monotonic() - began
        self.state = "done" if status == 0 else "failed"
        if self.count is not None:
            self.passed, self.failed, self.skipped = self.count()
        if status != 0 and self.failed == 0:
            self.failed = 1
        elif status == 0 and self.failed > 0:
            self.state = "failed"

    def run_command(self):
        environment = {**os.environ, **self.environment}
        with open(self.log, "w", encoding="utf-8") as log:
            log.write("$ " + " ".join(self.command) + "\n")
            log.flush()
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=environment,
                start_new_session=True)
            try:
                return self.process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                log.write(f"\ntook more than {self.timeout} s\n")
                self.stop()
                return -1

    def stop(self):
        """Ends the command and what it started (a session of its own)."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


# ---- counting --------------------------------------------------------------

def junit_cases(path):
    try:
        return list(xml.etree.ElementTree.parse(path).iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return []


def count_pytest(path):
    passed = failed = skipped = 0
    for case in junit_cases(path):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_ctest(path):
    """A cmocka program counts with its own tests, anything else as one."""
    passed = failed = skipped = 0
    for case in junit_cases(path):
        said = dict.fromkeys(("PASSED", "FAILED"), 0)
        for word, n in CMOCKA.findall(case.findtext("system-out") or ""):
            said[word] += int(n)
        if case.get("status") == "run":
            passed += said["PASSED"] or 1
        elif case.get("status") in ("disabled", "notrun"):
            skipped += 1
        else:
            passed += said["PASSED"]
            failed += said["FAILED"] or 1
    return passed, failed, skipped


# ---- the jobs --------------------------------------------------------------

def build(preset):
    script = (f"cmake --preset {preset} && "
              f"cmake --build --preset {preset} -j {CORES}")
    return Job(f"build {preset}", ["sh", "-c", script], slots=CORES)


def unit(preset):
    """The C tests; the lint tests are the same for every build."""
    path = os.path.join(LOGS, f"unit-{preset}.xml")
    return Job(f"unit {preset}", [
        "ctest", "--test-dir", f"build/{preset}", "--output-on-failure",
        "--output-junit", path,
        *([] if preset == "dev" else ["-LE", "lint"])],
        needs=(f"build {preset}",), count=lambda: count_ctest(path),
        environment={"ASAN_OPTIONS": "detect_leaks=1",
                     "UBSAN_OPTIONS": "print_stacktrace=1"})


def pytest(name, preset, *arguments, workers=CORES, timeout=900):
    path = os.path.join(LOGS, f"{name}-{preset}.xml")
    return Job(f"{name} {preset}", [
        *PYTEST, *(["-n", str(workers)] if workers > 1 else []),
        f"--junitxml={path}", *arguments],
        needs=(f"build {preset}",), slots=workers, timeout=timeout,
        count=lambda: count_pytest(path), environment={
            "LEADBRIDGE_BIN": os.path.join(ROOT, "build", preset,
                                           "leadbridged")})


def integration(preset, marks="not crash", **more):
    return pytest("integration", preset, "tests/integration", "-m", marks,
                  **more)


def crash(preset):
    return pytest("crash", preset, "tests/integration", "-m", "crash",
                  workers=1)


def browser(preset):
    """Alone on the machine: one of them looks at how fast the page is."""
    job = pytest("browser", preset, "tests/browser", workers=1)
    job.slots = CORES
    return job


def count_lines(job):
    """A script that says "ok: ..." for each thing it has seen; 77: it could
    not look."""
    with open(job.log, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    good = sum(line.startswith("ok: ") for line in lines)
    skipped = sum(line.startswith("skipped: ") for line in lines)
    return good, sum(line.startswith("FAILED: ") for line in lines), skipped


def script(name, command, **more):
    job = Job(name, ["sh", "-c", f"{command} || [ $? -eq 77 ]"], **more)
    job.count = lambda: count_lines(job)
    return job


def package():
    """Built, read by lintian, and lived through on a bare Debian."""
    return [Job("build package", ["cmake", "--workflow", "--preset", "package"],
                slots=CORES),
            script("package", "tests/package/test_package.sh "
                   "build/package/leadbridge_*.deb",
                   needs=("build package",))]


def monitoring():
    return script("monitoring", "tests/package/test_monitoring.sh")


def cppcheck():
    return Job("cppcheck", [
        "cppcheck", "-q", f"-j{CORES}", "--std=c11", "--library=posix",
        "--enable=warning,performance,portability", "--inline-suppr",
        "--suppress=missingIncludeSystem", "--error-exitcode=2",
        "--project=build/dev/compile_commands.json"],
        needs=("build dev",), slots=CORES)


def tidy():
    # One file at a time: what it knows of va_start() leaks into the next.
    script = ("find src -name '*.c' -print0 | xargs -0 -n 1 -P "
              f"{CORES} clang-tidy-14 -quiet -p build/clang")
    return Job("clang-tidy", ["sh", "-c", script], needs=("build clang",),
               slots=CORES, timeout=3600)


def fuzz_jobs(seconds):
    """Every tests/fuzz/fuzz_*.c, with what the repository has as seeds."""
    names = sorted(os.path.basename(path)[:-2] for path in glob.glob(
        os.path.join(ROOT, "tests", "fuzz", "fuzz_*.c")))
    if not names or seconds == 0:
        return []
    each = max(1, seconds // len(names))
    return [build("fuzz")] + [fuzz(name, each) for name in names]


def fuzz(name, seconds):
    found = os.path.join(ROOT, "build", "fuzz", "corpus", name)
    os.makedirs(found, exist_ok=True)
    short = name.removeprefix("fuzz_")
    kept = os.path.join(ROOT, "tests", "fuzz", "corpus", short)
    # Out of golden requests, by the build; it begins empty.
    made = os.path.join(ROOT, "build", "fuzz", "seeds", short)
    os.makedirs(made, exist_ok=True)
    seeds = [path for path in (kept, made) if os.path.isdir(path)]
    job = Job(name.replace("_", " ", 1), [
        os.path.join(ROOT, "build", "fuzz", "tests", name),
        f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
        "-print_final_stats=1", f"-artifact_prefix={LOGS}/{name}-",
        found, *seeds], needs=("build fuzz",), timeout=seconds + 300)
    job.count = lambda: (1, 0, 0) if job.state == "done" else (0, 1, 0)
    return job


def plan(arguments):
    fuzzing = arguments.fuzz
    if arguments.quick:
        jobs = [build("dev"), unit("dev"), integration("dev")]
        return jobs + fuzz_jobs(fuzzing or 0)
    if fuzzing is None:
        fuzzing = int(os.environ.get("FUZZ_SECONDS",
                                     3600 if arguments.full else 300))
    jobs = [build("asan"), build("dev"), unit("asan"), unit("dev"),
            integration("asan", timeout=1500), build("tsan"),
            crash("asan"), integration("tsan", "tsan and not crash and not no_tsan"),
            browser("dev"), cppcheck(), *package(),
            *fuzz_jobs(fuzzing)]
    if arguments.full:
        os.environ["OUTAGE_SECONDS"] = "30"  # of tests/integration
        jobs += [build("clang"), unit("clang"), tidy(), build("release"),
                 integration("release"), crash("release"), monitoring(),
                 integration("dev")]
    return jobs


# ---- running them ----------------------------------------------------------

class Runner:
    def __init__(self, jobs):
        self.jobs = jobs
        self.names = {job.name: job for job in jobs}
        self.free = CORES
        self.changed = threading.Condition()
        self.began = time.monotonic()

    def say(self, text):
        at = int(time.monotonic() - self.began)
        print(f"[{at // 60:2}:{at % 60:02}] {text}", flush=True)

    def run(self):
        with self.changed:
            while any(j.state in ("waiting", "running") for j in self.jobs):
                self.give_up()
                self.start_what_fits()
                if any(j.state == "running" for j in self.jobs):
                    self.changed.wait()

    def give_up(self):
        for job in self.jobs:
            lost = [n for n in job.needs if n in self.names and
                    self.names[n].state in ("failed", "skipped")]
            if job.state == "waiting" and lost:
                job.state = "skipped"
                job.failed = 1
                self.say(f"{job.name}: not run, {lost[0]} failed")

    def ready(self, job):
        return job.state == "waiting" and all(
            self.names[n].state == "done" for n in job.needs
            if n in self.names)

    def start_what_fits(self):
        for job in self.jobs:
            if self.ready(job) and job.slots <= self.free:
                self.free -= job.slots
                job.state = "running"
                self.say(f"{job.name} ...")
                threading.Thread(target=self.work, args=(job,)).start()
            elif self.ready(job):
                return  # nothing smaller overtakes it

    def work(self, job):
        job.run()
        with self.changed:
            self.free += job.slots
            self.report(job)
            self.changed.notify_all()

    def report(self, job):
        counts = ""
        if job.count is not None:
            counts = f", {job.passed} passed"
            counts += f", {job.failed} FAILED" if job.failed else ""
            counts += f", {job.skipped} skipped" if job.skipped else ""
        good = "ok" if job.state == "done" else "FAILED"
        self.say(f"{job.name}: {good} in {job.seconds:.0f} s{counts}")
        if job.state != "done":
            with open(job.log, encoding="utf-8", errors="replace") as log:
                for line in log.readlines()[-40:]:
                    print("        " + line.rstrip("\n")[:160])
            print(f"        all of it: {os.path.relpath(job.log, ROOT)}",
                  flush=True)

    def stop(self):
        for job in self.jobs:
            job.stop()


def options():
    parser = argparse.ArgumentParser(prog="scripts/test", description=(
        "Builds and tests everything; logs are in build/test-logs."))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true",
                     help="no sanitizers, no fuzzing, no crash test")
    how.add_argument("--full", action="store_true",
                     help="also clang and the release build, long fuzzing")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS",
                        help="fuzzing in all (default 300; 0: none)")
    parser.add_argument("--only", metavar="TEXT", action="append",
                        help="only jobs with this in their name, and what "
                             "they need; may be repeated")
    parser.add_argument("--list", action="store_true",
                        help="print the jobs and end")
    return parser.parse_args()


def chosen(jobs, only):
    if not only:
        return jobs
    wanted = [j for j in jobs if any(text in j.name for text in only)]
    needed = {n for j in wanted for n in j.needs}
    return [j for j in jobs if j in wanted or j.name in needed]


def main():
    arguments = options()
    shutil.rmtree(LOGS, ignore_errors=True)
    os.makedirs(LOGS)
    jobs = chosen(plan(arguments), arguments.only)
    if arguments.list:
        print("\n".join(job.name for job in jobs))
        return 0
    runner = Runner(jobs)
    try:
        runner.run()
    except KeyboardInterrupt:
        runner.stop()
        print("interrupted", file=sys.stderr)
        return 130
    passed = sum(job.passed for job in jobs)
    failed = sum(job.failed for job in jobs)
    bad = [job.name for job in jobs if job.state != "done"]
    if bad:
        print("failed: " + ", ".join(bad))
    print(f"{passed} passed, {failed} failed", flush=True)
    return 0 if failed == 0 and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
