# SPDX-License-Identifier: MIT
"""Steps of tests/bench/run about delivery at scale.

idle500     what 500 destinations that do nothing cost in memory
scheduling  the cost of a lead with 10,000, 100,000 and 1,000,000 waiting
isolation   what a black hole changes for another destination
"""
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import dns, holes  # noqa: E402

MANY = 500
WAITING = (10_000, 100_000, 1_000_000)
SCHEDULED = 4000   # leads the cost is taken over
PAIRS = 7          # of a quiet and a loud second, for each repeat
HOLES = {"connect hangs": (holes.FullBacklog, "http"),
         "handshake hangs": (holes.Silent, "https"),
         "one byte a second": (holes.Drips, "http"),
         "names hang": (None, "http")}


def steps(bench):
    return {"idle500": lambda: idle(bench),
            "scheduling": lambda: scheduling(bench),
            "isolation": lambda: isolation(bench)}


def memory(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: int(re.search(rf"^{key}:\s+(\d+)", text, re.M)[1]) / 1024
            for name, key in (("pss_mb", "Pss"), ("anon_mb", "Pss_Anon"))}


def settled_memory(pid, seconds=3):
    """Once it has not changed for a second."""
    end = time.monotonic() + 30
    last = memory(pid)
    while time.monotonic() < end:
        time.sleep(seconds / 3)
        now = memory(pid)
        if abs(now["pss_mb"] - last["pss_mb"]) < 0.1:
            return now
        last = now
    return last


def cpu_by_thread(pid):
    """Seconds of CPU: {"all": ..., "delivery": ...}."""
    used = {"all": 0.0, "delivery": 0.0}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            ns = int((task / "schedstat").read_text().split()[0])
            name = (task / "comm").read_text().strip()
        except OSError:
            continue
        used["all"] += ns / 1e9
        if name == "delivery":
            used["delivery"] += ns / 1e9
    return used


def ctl(bench, name, *arguments):
    subprocess.run([str(bench.build / "leadbridgectl"), "--socket",
                    str(bench.dir / f"{name}.sock"), *arguments],
                   check=True, capture_output=True)


# ---- idle500 ---------------------------------------------------------------

def many(bench, name, port, sink_port, n):
    """n destinations, each with a key and a customer of its own; every lead
    of the one source goes to all of them."""
    path = bench.config(name, port, sink_port, concurrency=8)
    text = path.read_text()
    one = text[text.index("destinations:\n") + 14:text.index("sources:")]
    blocks = []
    for i in range(n):
        token = bench.dir / f"token-{i}"
        token.write_text(f"mega_{i:064d}")
        token.chmod(0o600)
        blocks.append(re.sub(r"token: .*", f"token: file:{token}", one)
                      .replace("mega:", f"customer-{i}:")
                      .replace("000000000001", f"{i:012d}"))
    names = ", ".join(f"customer-{i}" for i in range(n))
    path.write_text(text.replace(one, "".join(blocks)).replace(
        "destination: mega", f"destination: [{names}]"))
    return path


def idle(bench):
    figures = []
    for i in range(bench.o.repeats):
        row = {}
        for n in (1, MANY + 1):
            row[n] = idle_once(bench, f"idle{n}-{i}", n)
        more = {key: row[MANY + 1][key] - row[1][key] for key in row[1]}
        figures.append({"idle_pss_mb": row[1]["new_pss_mb"],
                        "added_pss_mb": more["new_pss_mb"],
                        "added_anon_mb": more["new_anon_mb"],
                        "added_after_use_pss_mb": more["used_pss_mb"],
                        "added_after_use_anon_mb": more["used_anon_mb"]})
    return bench.add(f"{MANY} idle destinations", figures, len(figures))


def idle_once(bench, name, n):
    port, sink_port = free_ports(2)
    sink = bench.start([bench.tool("bench_sink"), str(sink_port)], sink_port,
                       stdout=subprocess.DEVNULL)
    p = bench.daemon(many(bench, name, port, sink_port, n), port)
    new = settled_memory(p.pid)
    bench.load(port, c=1, n=2, d=5, p=name)
    bench.wait_delivered(sink_port, 2 * n)
    time.sleep(66)  # a destination is idle after a minute
    used = settled_memory(p.pid)
    bench.stop(p)
    bench.stop(sink)
    return {"new_pss_mb": new["pss_mb"], "new_anon_mb": new["anon_mb"],
            "used_pss_mb": used["pss_mb"], "used_anon_mb": used["anon_mb"]}


def free_ports(n):
    import socket
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(n)]
        for s in socks:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in socks]


# ---- scheduling ------------------------------------------------------------

def scheduling(bench):
    rows = []
    for n in WAITING:
        figures = [schedule_once(bench, n, i)
                   for i in range(bench.o.repeats)]
        rows.append(bench.add(f"scheduling with {n:,} waiting", figures,
                              len(figures)))
    first = rows[0]
    bench.add("the same, against 10,000", [{
        "delivery_cpu_100k": rows[1]["delivery_us"] / first["delivery_us"],
        "delivery_cpu_1m": rows[2]["delivery_us"] / first["delivery_us"],
        "all_cpu_1m": rows[2]["all_us"] / first["all_us"],
        "more_pss_mb_1m": rows[2]["pss_mb"] - first["pss_mb"],
        "more_anon_mb_1m": rows[2]["anon_mb"] - first["anon_mb"]}], 1)


def schedule_once(bench, n, i):
    """CPU for each of the next leads, once the start is over: until the sink
    is there, connections are refused."""
    import shutil
    store = bench.dir / f"scheduling{i}.db"
    shutil.copy(bench.filled_store(n, False), store)
    port, sink_port = free_ports(2)
    name = f"scheduling{n}-{i}"
    path = bench.config(name, port, sink_port, store=store)
    path.write_text(path.read_text().replace(
        "    concurrency: 64\n",
        "    concurrency: 8\n    breaker: {open: 1s, max_open: 1s}\n"))
    p = bench.daemon(path, port)
    wait_quiet(p.pid)
    sink = bench.start([bench.tool("bench_sink"), str(sink_port)], sink_port,
                       stdout=subprocess.DEVNULL)
    bench.wait_delivered(sink_port, 1000)
    before, begun = cpu_by_thread(p.pid), time.monotonic()
    sent = bench.ask_sink(sink_port)["distinct"]
    bench.wait_delivered(sink_port, sent + SCHEDULED)
    took = time.monotonic() - begun
    after = cpu_by_thread(p.pid)
    leads = bench.ask_sink(sink_port)["distinct"] - sent
    use = memory(p.pid)
    bench.stop(p)
    bench.stop(sink)
    store.unlink()
    return {"delivery_us": (after["delivery"] - before["delivery"]) / leads
            * 1e6,
            "all_us": (after["all"] - before["all"]) / leads * 1e6,
            "leads_per_s": leads / took, **use}


def wait_quiet(pid):
    """Until it uses less than a twentieth of a core for a second."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        before = cpu_by_thread(pid)["all"]
        time.sleep(1)
        if cpu_by_thread(pid)["all"] - before < 0.05:
            return


# ---- isolation -------------------------------------------------------------

def isolation(bench):
    why = dns.why_not()
    for name, (server, scheme) in HOLES.items():
        if server is None and why:
            print(f"isolation, {name}: cannot be played here: {why}")
            continue
        with contextlib.ExitStack() as stack:
            isolation_of(bench, stack, name, server, scheme)


def isolation_of(bench, stack, name, server, scheme):
    port, sink_port = free_ports(2)
    wrapper, host, hole_port = [], "127.0.0.1", 9
    if server is None:
        folder = tempfile.mkdtemp(dir=bench.dir)
        names = dns.NameServer(folder)
        stack.callback(names.close)
        wrapper, host = names.wrapper, "hole.crm.test"
    else:
        hole_port = stack.enter_context(server()).port
    sink = bench.start([bench.tool("bench_sink"), str(sink_port)], sink_port,
                       stdout=subprocess.DEVNULL)
    label = "isolation"
    path = with_hole(bench, label, port, sink_port,
                     f"{scheme}://{host}:{hole_port}/leads")
    p = bench.start([*wrapper, str(bench.build / "leadbridged"), "--config",
                     str(path)], port, stderr=subprocess.DEVNULL)
    window(bench, port, sink_port, "w")  # connections, pages: once
    rows = {"quiet": [], "loud": []}
    for i in range(PAIRS * bench.o.repeats):
        kinds = (("quiet", "pause"), ("loud", "resume"))
        for kind, order in kinds if i % 2 else reversed(kinds):
            ctl(bench, label, "destination", order, "hole")
            time.sleep(1.1)  # longer than a try of the hole takes
            rows[kind].append(window(bench, port, sink_port, f"{kind}{i}"))
    bench.stop(p)
    bench.stop(sink)
    (bench.dir / f"{label}.db").unlink()
    figures = [{
        "quiet_p99_ms": quiet["p99_ms"], "loud_p99_ms": loud["p99_ms"],
        "p99_ratio": loud["p99_ms"] / quiet["p99_ms"],
        "p50_ratio": loud["p50_ms"] / quiet["p50_ms"],
        "accept_p99_ratio": loud["accept_p99_ms"] / quiet["accept_p99_ms"],
    } for quiet, loud in zip(rows["quiet"], rows["loud"])]
    bench.add(f"isolation, {name}", figures, len(figures))


def with_hole(bench, name, port, sink_port, url):
    path = bench.config(name, port, sink_port, concurrency=16)
    text = path.read_text()
    one = text[text.index("  mega:"):text.index("sources:")]
    hole = (one.replace("mega:", "hole:", 1)
            .replace(f"http://127.0.0.1:{sink_port}/leads", url) +
            "    timeout: 1s\n    connect_timeout: 1s\n"
            "    retry: [0s, 50ms]\n    retry_every: 1s\n"
            "    breaker: {failures: 1000, open: 100ms, max_open: 100ms}\n")
    shop = text[text.index("  shop:"):]
    path.write_text(
        text.replace(one, one + hole) +
        shop.replace("shop:", "hole:", 1).replace("destination: mega",
                                                  "destination: hole"))
    return path


def window(bench, port, sink_port, label):
    """200 leads a second to the one, and 20 to the hole, in both kinds."""
    seconds = 1
    bench.ask_sink(sink_port, "/latency")
    other = subprocess.Popen(
        [bench.tool("bench_load"), "-P", str(port), "-u", "/in/hole", "-c",
         "4", "-r", "20", "-d", str(seconds), "-p", f"h{label}"],
        stdout=subprocess.DEVNULL)
    load = bench.load(port, c=8, r=200, d=seconds, p=label, t=1)
    other.wait(30)
    time.sleep(0.2)
    ages = bench.ask_sink(sink_port, "/latency")
    if ages["n"] < load["good"]:
        print(f"  {label}: {ages['n']} of {load['good']} in time")
    return {"p50_ms": ages["p50_us"] / 1e3, "p99_ms": ages["p99_us"] / 1e3,
            "accept_p99_ms": load["p99_ms"]}
