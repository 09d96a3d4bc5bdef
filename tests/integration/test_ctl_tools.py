# SPDX-License-Identifier: MIT
"""What an operator has beside the daemon: top, tail, doctor, completion, and
adding sources and destinations."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from support import daemon, senders, settings
from support.daemon import eventually


def ctl(bridge):
    return [daemon.binary("leadbridgectl"), "--socket",
            bridge.path("admin.sock")]


def deliver(bridge, person, n=1):
    for _ in range(n):
        post = senders.shopify_order(settings.SHOPIFY_SECRET, person())
        assert bridge.post(post).status == 200


# ---- top ---------------------------------------------------------------------

def test_top_prints_one_page_where_nobody_watches(bridge, person):
    deliver(bridge, person)
    bridge.wait_ledger(delivered=1)
    done = bridge.ctl("top", "--once", "--interval", "100ms")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^leadbridged \S+, up ", done.stdout)
    assert re.search(r"^mega +ok ", done.stdout, re.M)
    assert re.search(r"^shop +shopify ", done.stdout, re.M)
    assert "\033" not in done.stdout


def read_until(fd, text, timeout=20):
    seen = b""
    deadline = time.monotonic() + timeout
    while text not in seen:
        assert time.monotonic() < deadline, seen[-500:]
        if select.select([fd], [], [], 0.2)[0]:
            seen += os.read(fd, 65536)
    return seen


def test_top_leaves_the_terminal_as_it_was(bridge):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*ctl(bridge), "top", "--interval", "100ms"], stdin=theirs,
        stdout=theirs, stderr=theirs)
    try:
        seen = read_until(ours, b"q ends")
        assert b"\033[?1049h" in seen
        os.write(ours, b"q")
        assert b"\033[?1049l" in read_until(ours, b"\033[?1049l")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("interval", ["soon", "1ms", "-2s"])
def test_top_refuses_a_senseless_interval(bridge, interval):
    assert bridge.ctl("top", "--interval", interval).returncode == 2


# ---- tail --------------------------------------------------------------------

def test_tail_tells_what_becomes_of_a_lead(bridge, person):
    process = subprocess.Popen(
        [*ctl(bridge), "--json", "tail", "--state", "delivered"],
        stdout=subprocess.PIPE, text=True)
    try:
        line = ""

        def told():
            nonlocal line
            deliver(bridge, person)
            if select.select([process.stdout], [], [], 1)[0]:
                line = process.stdout.readline()
            return line
        eventually(told, what="a line of tail")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    lead = json.loads(line)
    assert (lead["state"], lead["source"], lead["destination"]) == (
        "delivered", "shop", "mega")


def test_tail_without_a_daemon_says_so(tmp_path):
    done = subprocess.run(
        [daemon.binary("leadbridgectl"), "--socket",
         str(tmp_path / "none.sock"), "tail"], capture_output=True, text=True,
        timeout=30, check=False)
    assert done.returncode == 3
    assert "none.sock" in done.stderr


# ---- doctor ------------------------------------------------------------------

def findings(bridge, status):
    done = subprocess.run(
        [daemon.binary("leadbridgectl"), "--config", bridge.config, "--json",
         "doctor"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return {row["what"]: row for row in json.loads(done.stdout)["findings"]}


def test_doctor_finds_nothing_bad_where_all_is_well(bridge):
    rows = findings(bridge, 0)
    assert rows["daemon"]["level"] == "ok"
    assert rows["destination mega"]["level"] == "ok"
    assert rows["syncs of the disk"]["level"] in ("ok", "WARN")
    assert rows[f"listener {bridge.address}"]["level"] == "ok"


def test_doctor_sends_no_request_to_a_destination(bridge, crm):
    findings(bridge, 0)
    assert crm.posts() == []


def test_doctor_finds_a_dead_destination_and_a_stopped_daemon(
        bridge, crm):
    crm.stop()
    rows = findings(bridge, 1)
    assert rows["destination mega"]["level"] == "BAD"
    assert rows["daemon"]["level"] == "ok"
    bridge.stop()
    assert findings(bridge, 1)["daemon"]["level"] == "BAD"


# ---- completion --------------------------------------------------------------

def complete(*words):
    """What bash offers for the last word."""
    script = subprocess.run([daemon.binary("leadbridgectl"), "completion",
                             "bash"], capture_output=True, text=True,
                            timeout=30, check=True).stdout
    line = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["bash", "-c", f"{script}\nCOMP_WORDS=({line}) "
         f"COMP_CWORD={len(words) - 1}\n_leadbridgectl\n"
         "printf '%s\\n' \"${COMPREPLY[@]}\""],
        capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("words, offered", [
    (["leadbridgectl", "led"], ["ledger"]),
    (["leadbridgectl", "--json", "led"], ["ledger"]),
    (["leadbridgectl", "quarantine", "re"], ["replay"]),
    (["leadbridgectl", "leads", "list", "--curs"], ["--cursor"]),
    (["leadbridgectl", "--socket", "x", "relo"], ["reload"]),
    (["leadbridgectl", "top", "--int"], ["--interval"]),
])
def test_bash_is_offered(words, offered):
    assert complete(*words) == offered


def test_zsh_script_is_read_by_zsh_where_there_is_one():
    script = subprocess.run([daemon.binary("leadbridgectl"), "completion",
                             "zsh"], capture_output=True, text=True,
                            timeout=30, check=True).stdout
    assert script.startswith("#compdef leadbridgectl\n")
    for command in ("ledger", "doctor", "completion"):
        assert f"'{command}:" in script
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n"], input=script, text=True, timeout=30,
                       check=True)


def test_an_option_of_several_commands_is_of_one_kind_in_all():
    binary = daemon.binary("leadbridgectl")

    def shown(*arguments):
        return subprocess.run([binary, *arguments], capture_output=True,
                              text=True, timeout=30, check=True).stdout
    kinds = {}
    commands = re.findall(r"^  ([a-z-]+) ", shown("--help").split(
        "options:")[0], re.M)
    assert len(commands) > 8
    for command in commands:
        for name, value in re.findall(r"^  (--[a-z-]+)( \S+)?",
                                      shown(command, "--help"), re.M):
            kinds.setdefault(name, set()).add(bool(value.strip()))
    assert {n for n, kind in kinds.items() if len(kind) > 1} == set()


# ---- adding ------------------------------------------------------------------

def add(bridge, *arguments, text=""):
    return subprocess.run(
        [daemon.binary("leadbridgectl"), "--config", bridge.config,
         *arguments], input=text, capture_output=True, text=True, timeout=60,
        check=False)


def folder(bridge):
    return os.path.dirname(bridge.config)


def test_an_added_source_takes_leads_at_the_url_it_prints(bridge, person):
    done = add(bridge, "source", "add", "quotes", "--platform", "form",
               "--destination", "mega", "--set", "country=US")
    assert done.returncode == 0, done.stderr
    token = re.search(r"/in/quotes/([0-9a-f]{48})$", done.stdout,
                      re.M).group(1)
    post = senders.form(token, person(), source="quotes")
    assert bridge.post(post).status == 200
    bridge.wait_ledger(delivered=1)
    kept = os.path.join(folder(bridge), "secrets", "quotes-token")
    assert os.stat(kept).st_mode & 0o777 == 0o640
    again = add(bridge, "source", "add", "quotes", "--platform", "form",
                "--destination", "mega")
    assert again.returncode == 1
    assert bridge.post(senders.form(token, person(),
                                    source="quotes")).status == 200


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to a group")
def test_a_new_folder_is_for_the_group_of_the_configuration(bridge):
    group = 12345  # the daemon's; nobody has to be in it here
    os.chown(folder(bridge), -1, group)
    done = add(bridge, "source", "add", "quotes", "--platform", "form",
               "--destination", "mega")
    assert done.returncode == 0, done.stderr
    made = os.stat(os.path.join(folder(bridge), "conf.d"))
    assert (made.st_mode & 0o777, made.st_gid) == (0o750, group)


def test_a_secret_typed_in_proves_the_sender(bridge, person):
    done = add(bridge, "source", "add", "second-shop", "--platform", "shopify",
               "--secret", "-", "--destination", "mega", text="hush-0123\n")
    assert done.returncode == 0, done.stderr
    assert "hush-0123" not in done.stdout + done.stderr
    post = senders.shopify_order("hush-0123", person(), source="second-shop")
    assert bridge.post(post).status == 200


def test_what_does_not_pass_the_check_leaves_nothing_behind(bridge):
    before = sorted(os.listdir(folder(bridge)))
    done = add(bridge, "source", "add", "odd", "--platform", "form",
               "--destination", "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "source-odd.yaml:" in done.stderr
    left = [os.path.join(at, name) for at, _, names in
            os.walk(folder(bridge)) for name in names if "odd" in name]
    assert left == []
    assert set(os.listdir(folder(bridge))) - set(before) <= {
        "conf.d", "secrets"}


def test_an_added_destination_is_there_at_once(bridge, crm):
    done = add(bridge, "destination", "add", "second", "--crm-url", crm.url,
               "--customer-id", crm.customer, "--token", "-", "--rate",
               "60/min", "--set", "allow_http=true", "--set",
               "allow_private=true", text=crm.token + "\n")
    assert done.returncode == 0, done.stderr
    eventually(lambda: "second" in [d["name"] for d in bridge.api(
        "/destinations")["destinations"]], what="the destination")


@pytest.mark.parametrize("arguments", [
    ["source", "add", "x"],
    ["source", "add", "X", "--platform", "form"],
    ["destination", "add", "x", "--crm-url", "https://a.example"],
    ["source", "add", "x", "--platform", "form", "--set", "nothing"],
])
def test_wrong_usage(bridge, arguments):
    assert add(bridge, *arguments).returncode == 2
