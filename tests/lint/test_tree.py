#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of the house that a compiler does not know.

Prints one line per rule; exits 1 when one is broken. Long files and functions
are reported, not failed.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CFLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Iinclude", "-Isrc",
          "-I/usr/include/json-c", "-fsyntax-only", "-Wall", "-Wextra",
          "-x", "c"]

# Library header -> the only places that may include it.
INCLUDE_RULES = {
    r"event2?/|event\.h": ("src/ingress/", "src/base/loop.c",
                           "src/delivery/http_client"),
    r"curl/": ("src/delivery/http_client", "src/ctl/client.c", "src/ctl/probe.c"),
    r"sqlite3\.h": ("src/queue/sqlite",),
    r"libpq-fe\.h": ("src/queue/postgres",),
    r"openssl/": ("src/base/crypto", "src/ingress/tls"),
    r"expat\.h": ("src/payload/xml.c",),
    r"yaml\.h": ("src/operate/yaml_tree.c",),
    r"jq\.h|jv\.h": ("src/lead/mapping.c",),
    r"pthread\.h": ("src/base/worker.c",),
    r"systemd/": ("src/operate/notify.c", "src/ingress/sockets.c"),
    r"json_|json\.h|linkhash\.h": ("src/ctl/", "src/delivery/", "src/operate/"),
}
# Stations may look along the road and down into base, never back.
ROAD = ["base", "payload", "lead", "sources", "queue", "delivery", "ingress",
        "operate", "ctl"]
MAY_INCLUDE = {
    "base": {"base"},
    "payload": {"base", "payload"},
    "lead": {"base", "payload", "lead"},
    "sources": {"base", "payload", "lead", "sources"},
    "queue": {"base", "lead", "queue"},
    "delivery": {"base", "payload", "queue", "delivery"},
    "ingress": {"base", "ingress"},
    "operate": set(ROAD) - {"ctl"},
    "ctl": {"base", "operate", "ctl"},
}
PURE = ("src/sources/", "src/lead/", "src/payload/")
IMPURE = re.compile(r"base/(clock|loop|worker|log)\.h|sys/socket|unistd|fcntl")
CLOCK_OK = re.compile(r"clock_(parse|format)")

failures = []


def sources(*suffixes):
    for top in ("include", "src"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(ROOT)


def report(rule, problems):
    print(f"{'FAIL' if problems else 'ok'}   {rule}")
    for problem in problems:
        print(f"       {problem}")
    if problems:
        failures.append(rule)


def includes(path):
    text = (ROOT / path).read_text()
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', text, re.M)


def compiles_alone(path):
    done = subprocess.run(["gcc", *CFLAGS, str(path)], cwd=ROOT,
                          capture_output=True, text=True)
    return None if done.returncode == 0 else f"{path}: {done.stderr[:300]}"


def headers_stand_alone():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(compiles_alone, sources(".h"))
    report("each header compiles by itself", [p for p in found if p])


def libraries_stay_home():
    problems = []
    for path in sources(".c", ".h"):
        for name in includes(path):
            for pattern, homes in INCLUDE_RULES.items():
                if re.match(pattern, name) and not str(path).startswith(homes):
                    problems.append(f"{path} includes <{name}>")
    report("each library is included only at home", problems)


def arrows_point_along_the_road():
    problems = []
    for path in sources(".c", ".h"):
        parts = path.parts
        if parts[0] != "src" or len(parts) < 3:
            continue
        for name in includes(path):
            folder = name.split("/")[0]
            if folder in ROAD and folder not in MAY_INCLUDE[parts[1]]:
                problems.append(f"{path} includes {name}")
    report("folders look along the road only", problems)


def pure_folders_are_pure():
    problems = []
    for path in sources(".c", ".h"):
        if not str(path).startswith(PURE):
            continue
        text = (ROOT / path).read_text()
        for name in includes(path):
            if not IMPURE.search(name):
                continue
            if name == "base/clock.h" and not re.search(
                    r"clock_(wall|mono)_", text):
                continue  # parsing a date is not asking for the time
            problems.append(f"{path} includes {name}")
    report("sources, lead and payload do no I/O and ask no clock", problems)


def words_that_must_not_be():
    problems = []
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in sources(".c", ".h"):
        for n, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            if pattern.search(line):
                problems.append(f"{path}:{n}: {line.strip()}")
            if "clang-format off" in line:
                continue
    report("nothing is left unfinished", problems)


def licence_in_front():
    missing = [str(p) for p in sources(".c", ".h")
               if "SPDX-License-Identifier: MIT" not in
               (ROOT / p).read_text()[:200]]
    report("each file names its licence", missing)


def fault_points_are_tested():
    """Each in one place, in the table of fault.c and in the test's matrix."""
    used = []
    for path in sources(".c"):
        used += re.findall(r'\bfault_point\("(\w+)"\)',
                           (ROOT / path).read_text())
    table = (ROOT / "src/base/fault.c").read_text()
    table = table[table.index("NAMES[] = {"):table.index("};")]
    test = (ROOT / "tests/integration/test_fault_points.py").read_text()
    matrix = re.findall(r'^    "(\w+)": \(', test, re.M)
    table = re.findall(r'"(\w+)"', table)
    problems = [f"'{name}' is passed {used.count(name)} times in src, is "
                f"{table.count(name)} times in fault.c, {matrix.count(name)} "
                "times in the matrix"
                for name in sorted({*used, *table, *matrix})
                if not (used.count(name) == table.count(name)
                        == matrix.count(name) == 1)]
    if not used:
        problems.append("no fault point found")
    report("each fault point is in the crash matrix", problems)


def report_sizes():
    for path in sources(".c", ".h"):
        n = len((ROOT / path).read_text().splitlines())
        if n > 600:
            print(f"long   {path}: {n} lines (600 is the most)")
    for path in sources(".c"):
        start = name = None
        for n, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            if line.startswith("{") and start is None:
                start = n
            elif line.startswith("}") and start is not None:
                if n - start > 60:
                    print(f"long   {path}:{start}: function of "
                          f"{n - start} lines")
                start = None


def main():
    os.chdir(ROOT)
    headers_stand_alone()
    libraries_stay_home()
    arrows_point_along_the_road()
    pure_folders_are_pure()
    words_that_must_not_be()
    licence_in_front()
    fault_points_are_tested()
    report_sizes()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
