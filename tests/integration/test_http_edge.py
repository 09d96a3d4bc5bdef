# SPDX-License-Identifier: MIT
"""The HTTP edge: what is refused, when, and what a bad client can hold up."""

import concurrent.futures
import json
import socket
import ssl
import subprocess
import time

import pytest

from crm_sandbox import Sandbox, make_certificate
from support import daemon, senders, settings, wire

pytestmark = pytest.mark.tsan

FORM = f"/in/quote-form/{settings.FORM_TOKEN}"
BODY = b"name=Edge+Case"


def request(method="POST", path=FORM, body=BODY, headers=(), length=None,
            version="HTTP/1.1", host=True):
    """A request, byte for byte, with a Content-Length unless length=False."""
    lines = [f"{method} {path} {version}"]
    if host:
        lines.append("Host: bridge.example")
    if length is not False:
        lines.append(f"Content-Length: "
                     f"{len(body) if length is None else length}")
    lines += ["Content-Type: application/x-www-form-urlencoded", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*chunks, te="Transfer-Encoding: chunked", trailer=b""):
    return request(body=b"".join(chunks) + trailer + b"\r\n", length=False,
                   headers=[te])


ONE = b"e\r\nname=Edge+Case\r\n"
END = b"0\r\n"

# name: (bytes, statuses of the answers, whether the connection then closes)
VECTORS = {
    "ordinary": (request(), [200], False),
    "length and chunked": (
        request(headers=["Transfer-Encoding: chunked"]), [400], True),
    "two different lengths": (
        request(length=0, body=b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
                headers=["Content-Length: 42"]), [400], True),
    "two equal lengths": (
        request(headers=[f"Content-Length: {len(BODY)}"]), [400], True),
    "length list": (request(length="14, 14"), [400], True),
    "blank before the colon": (
        chunked(ONE, END, te="Transfer-Encoding : chunked"), [400], True),
    "unknown coding": (
        chunked(ONE, END, te="Transfer-Encoding: xchunked"), [501], True),
    "coding list": (
        chunked(ONE, END, te="Transfer-Encoding: gzip, chunked"),
        [501], True),
    "plus before the length": (request(length="+14"), [400], True),
    "length of 19 digits": (request(length="1" * 19), [400], True),
    "negative length": (request(length="-1"), [400], True),
    "hex chunk size": (chunked(b"0xe\r\nname=Edge+Case\r\n", END),
                       [400], True),
    "plus chunk size": (chunked(b"+e\r\nname=Edge+Case\r\n", END),
                        [400], True),
    "blank chunk size": (chunked(b" e\r\nname=Edge+Case\r\n", END),
                         [400], True),
    "minus zero chunk": (chunked(ONE, b"-0\r\n"), [400], True),
    "chunked": (chunked(ONE, END), [200], False),
    "chunk extension": (chunked(b"e;a=b\r\nname=Edge+Case\r\n", END),
                        [200], False),
    "corrupt chunk": (chunked(b"e\r\nname=Edge+CaseXX", END), [400], True),
    "trailers are dropped": (
        chunked(ONE, END, trailer=b"X-Late: 1\r\n"), [200], False),
    "bare line feeds": (request().replace(b"\r\n", b"\n"), [400], True),
    "folded header": (request(headers=["X-A: b", " c"]), [400], True),
    "NUL in a value": (request(headers=["X-A: b\0c"]), [400], True),
    "empty header name": (request(headers=[": b"]), [400], True),
    "control in a name": (request(headers=["X\x01A: b"]), [400], True),
    "overflowing version": (request(version="HTTP/1.99999999999"),
                            [400], True),
    "version 2": (request(version="HTTP/2.0"), [505], True),
    "no version": (b"POST " + FORM.encode() + b"\r\n\r\n", [400], True),
    "no host": (request(host=False), [400], True),
    "two hosts": (request(headers=["Host: other"]), [400], True),
    "absolute target": (
        request(path="http://bridge.example" + FORM), [200], False),
    "one line end before the request": (b"\r\n" + request(), [200], False),
    "connection list with close": (
        request(headers=["Connection: foo, close"]), [200], True),
    "headers too large": (
        request(headers=[f"X-{i}: {'y' * 1000}" for i in range(20)]),
        [431], True),
    "too many headers": (
        request(headers=[f"X-{i}: y" for i in range(101)]), [431], True),
    "target too long": (request(path=FORM + "?" + "q" * 9000), [414], True),
    "unknown expectation": (request(headers=["Expect: magic"]),
                            [417], True),
    "pipelined": (request() * 3, [200, 200, 200], False),
    "http 1.0": (request(version="HTTP/1.0"), [200], True),
    "too large by its length": (
        request(length=1048577, body=b""), [413], True),
    "compressed": (request(headers=["Content-Encoding: gzip"]),
                   [415], True),
    "wrong method": (request("DELETE", body=b"", length=False),
                     [405], False),
    "unknown method": (request("BREW"), [501], True),
    "not http": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" +
                 b"\r\n\r\n", [400], True),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vector(shared, name):
    data, statuses, closes = VECTORS[name]
    replies, closed = wire.exchange(shared.address, data)
    assert [r.status for r in replies] == statuses
    assert closed is closes
    for reply in replies:
        if reply.status >= 400:
            assert set(json.loads(reply.body)["error"]) >= {"code",
                                                            "message"}


@pytest.fixture(name="module_bridge", scope="module")
def module_wide_bridge(ghl_key, binaries):
    """One daemon for all vectors: they must not harm each other either."""
    # pylint: disable=unused-argument
    with Sandbox() as crm:
        bridge = daemon.Bridge(crm, ghl_key)
        try:
            yield bridge.start()
            bridge.judge()
        finally:
            bridge.remove()


@pytest.fixture(name="shared")
def shared_bridge(module_bridge):
    """That daemon, which must have survived the test."""
    yield module_bridge
    if module_bridge.process.poll() is not None:
        module_bridge.wait_exit()
        report = daemon.telling(module_bridge.exits[-1][1])
        module_bridge.start()
        pytest.fail("this ended the daemon:\n" + report)


def test_wrong_method_names_the_allowed_ones(shared):
    reply = wire.ask(shared.address, "DELETE", FORM)
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]


def test_head_and_options_are_answered(shared):
    with wire.Raw(shared.address) as raw:
        raw.send(request("HEAD", body=b"", length=False))
        reply = raw.reply(head=True)
        assert reply.status == 200
        raw.send(request("OPTIONS", body=b"", length=False))
        assert raw.reply().status in (200, 204)


def test_options_of_the_server_itself(shared):
    replies, closed = wire.exchange(shared.address,
                                    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [r.status for r in replies] == [204] and not closed
    assert "POST" in replies[0].headers["allow"]


def test_expect_continue_is_asked_for_before_the_body(shared):
    with wire.Raw(shared.address) as raw:
        raw.send(request(body=b"", length=len(BODY),
                         headers=["Expect: 100-continue"]))
        assert raw.reply().status == 100
        raw.send(BODY)
        assert raw.reply().status == 200


@pytest.mark.parametrize("what, data, status", [
    ("wrong url token", request(path="/in/quote-form/guess", body=b"",
                                length=900000), 404),
    ("unknown source", request(path="/in/nobody", body=b"",
                               length=900000), 404),
    ("wrong method", request("DELETE", body=b"", length=900000), 405),
    ("too large", request(body=b"", length=99999999), 413),
    ("compressed", request(body=b"", length=900000,
                           headers=["Content-Encoding: br"]), 415),
    ("with expect", request(path="/in/nobody", body=b"", length=900000,
                            headers=["Expect: 100-continue"]), 404),
], ids=lambda v: v if isinstance(v, str) else "")
def test_decided_before_any_body_is_read(shared, what, data, status):
    with wire.Raw(shared.address) as raw:
        raw.send(data)
        assert raw.reply().status == status, what
        assert raw.closed()


def test_an_early_answer_is_seen_by_a_client_that_keeps_sending(shared):
    body = b"x" * 3000000
    with wire.Raw(shared.address) as raw:
        try:
            raw.send(request(body=body))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert raw.reply().status == 413


def test_chunked_bodies_are_limited_while_they_come(shared):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with wire.Raw(shared.address) as raw:
        raw.send(request(body=b"", length=False,
                         headers=["Transfer-Encoding: chunked"]))
        try:
            for _ in range(20):
                raw.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert raw.reply().status == 413


def test_byte_by_byte_is_still_a_request(shared):
    with wire.Raw(shared.address) as raw:
        data = request()
        for i in range(len(data)):
            raw.send(data[i:i + 1])
        assert raw.reply().status == 200


# ---- deadlines and caps ----------------------------------------------------

QUICK = {"limits": {"first_byte_timeout": "300ms", "header_timeout": "400ms",
                    "body_timeout": "500ms", "idle_timeout": "300ms"}}


def test_deadlines_are_absolute(make_bridge, crm):
    bridge = make_bridge(crm, QUICK).start()
    with wire.Raw(bridge.address) as silent, \
            wire.Raw(bridge.address) as drip, \
            wire.Raw(bridge.address) as body, \
            wire.Raw(bridge.address) as idle:
        idle.send(request())
        assert idle.reply().status == 200
        body.send(request(length=5000, body=b"name="))
        began = time.monotonic()
        for byte in request()[:10]:
            drip.send(bytes([byte]))
        assert silent.closed(5)
        reply = drip.reply()
        assert reply is None or reply.status == 408
        assert body.reply().status == 408
        assert idle.closed(5)
        assert time.monotonic() - began < 5
        assert wire.ask(bridge.address, "GET", "/healthz").status == 200


def test_a_dripping_header_is_cut_off(make_bridge, crm):
    bridge = make_bridge(crm, QUICK).start()
    began = time.monotonic()
    with wire.Raw(bridge.address) as raw:
        raw.sock.settimeout(0.05)
        for _ in range(200):
            try:
                raw.send(b"G")
                if not raw.more():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 5


def test_the_oldest_idle_connection_makes_room(make_bridge, crm):
    bridge = make_bridge(crm, {"limits": {"connections": 4}}).start()
    with wire.Raw(bridge.address) as first, wire.Raw(bridge.address) as b, \
            wire.Raw(bridge.address) as c, wire.Raw(bridge.address) as d:
        for raw in (first, b, c, d):
            raw.send(request())
            assert raw.reply().status == 200
        with wire.Raw(bridge.address) as fifth:
            fifth.send(request())
            assert fifth.reply().status == 200
            assert first.closed()
            b.send(request())
            assert b.reply().status == 200


def test_no_idle_connection_to_close_is_503(make_bridge, crm):
    bridge = make_bridge(crm, {"limits": {"connections": 2}}).start()
    half = request(length=500, body=b"", headers=["Expect: 100-continue"])
    with wire.Raw(bridge.address) as a, wire.Raw(bridge.address) as b:
        for raw in (a, b):
            raw.send(half)
            assert raw.reply().status == 100
        with wire.Raw(bridge.address) as c:
            c.send(request())
            reply = c.reply()
            assert reply is None or reply.status == 503
            assert c.closed()


def test_connections_per_address_are_capped_for_untrusted_ones(
        make_bridge, crm):
    bridge = make_bridge(crm, {
        "trusted_proxies": [], "limits": {"connections_per_address": 3}})
    bridge.start()
    half = request(length=500, body=b"name=")
    held = [wire.Raw(bridge.address) for _ in range(3)]
    try:
        for raw in held:
            raw.send(half)
        with wire.Raw(bridge.address) as more:
            more.send(request())
            reply = more.reply()
            assert reply is None or reply.status == 503
    finally:
        for raw in held:
            raw.sock.close()
    daemon.eventually(lambda: accepted(bridge), 10, "room again", 0.05)


def accepted(bridge):
    with wire.Raw(bridge.address) as raw:
        try:
            raw.send(request())
        except OSError:
            return False
        reply = raw.reply()
        return reply is not None and reply.status == 200


def test_more_than_can_be_pending_is_told_to_come_again(
        make_bridge, crm, person):
    bridge = make_bridge(crm, {"limits": {"pending": 1}}).start()
    posts = [senders.form(settings.FORM_TOKEN, person()) for _ in range(64)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(bridge.post, posts))
    accepted = [r for r in replies if r.status == 200]
    refused = [r for r in replies if r.status == 503]
    assert len(accepted) + len(refused) == len(posts)
    assert accepted
    assert all(int(r.headers["retry-after"]) >= 1 for r in refused)
    bridge.wait_ledger(accepted=len(accepted), delivered=len(accepted))


def test_clients_that_vanish_do_no_harm(shared, person):
    for data in (b"", b"P", request()[:40], request(length=500),
                 chunked(ONE)[:-4], request()):
        with wire.Raw(shared.address) as raw:
            raw.send(data)
            raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
    assert shared.post(senders.form(settings.FORM_TOKEN,
                                    person())).status == 200


def test_a_half_closed_client_gets_its_answer(shared):
    with wire.Raw(shared.address) as raw:
        raw.send(request())
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.reply().status == 200


# ---- other listeners ---------------------------------------------------------

def test_unix_socket(make_bridge, crm, person):
    bridge = make_bridge(crm)
    path = bridge.path("hooks.sock")
    bridge.write({"listen": [{"address": f"unix:{path}"}]})
    bridge.start()
    post = senders.form(settings.FORM_TOKEN, person())
    reply = wire.ask(f"unix:{path}", "POST", post.path, post.body,
                     post.headers)
    assert reply.status == 200
    crm.wait_leads(1)


def test_ipv6(make_bridge, crm, person):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback here")
    bridge = make_bridge(crm, {"listen": [{"address": "[::1]:0"}]}).start()
    bridge.address = bridge.listening("[::1]:")
    assert bridge.post(senders.form(settings.FORM_TOKEN,
                                    person())).status == 200
    crm.wait_leads(1)


def tls_bridge(make_bridge, crm):
    bridge = make_bridge(crm)
    certificate, key = bridge.path("cert.pem"), bridge.path("key.pem")
    make_certificate(certificate, key)
    bridge.write({"listen": [{"address": "127.0.0.1:0", "tls": {
        "certificate": certificate, "key": f"file:{key}"}}]})
    return bridge, certificate, key


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_from_1_2_with_alpn_http_1_1(make_bridge, crm, person):
    bridge, certificate, _ = tls_bridge(make_bridge, crm)
    bridge.start()
    trust = ssl.create_default_context(cafile=certificate)
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with wire.Raw(bridge.address, tls=trust) as raw:
        assert raw.sock.selected_alpn_protocol() == "http/1.1"
        post = senders.form(settings.FORM_TOKEN, person())
        raw.send(request(body=post.body) * 2)
        assert [raw.reply().status for _ in range(2)] == [200, 200]
    crm.wait_leads(1)
    old = ssl.create_default_context(cafile=certificate)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        wire.Raw(bridge.address, tls=old)
    with wire.Raw(bridge.address) as plain:
        plain.send(request())
        assert plain.closed()


def test_a_reload_takes_the_new_certificate(make_bridge, crm):
    bridge, certificate, key = tls_bridge(make_bridge, crm)
    bridge.start()
    old = ssl.create_default_context(cafile=certificate)
    wire.Raw(bridge.address, tls=old).sock.close()
    make_certificate(certificate, key)
    bridge.reload()
    new = ssl.create_default_context(cafile=certificate)
    wire.Raw(bridge.address, tls=new).sock.close()
    with pytest.raises(ssl.SSLError):
        wire.Raw(bridge.address, tls=old)


def test_a_stalled_handshake_delays_nobody(make_bridge, crm):
    bridge, certificate, _ = tls_bridge(make_bridge, crm)
    bridge.write({"limits": {"handshake_timeout": "500ms"}})
    bridge.start()
    trust = ssl.create_default_context(cafile=certificate)
    with wire.Raw(bridge.address) as stalled:
        stalled.send(b"\x16\x03\x01")
        reply = wire.ask(bridge.address, "GET", "/healthz", tls=trust)
        assert reply.status == 200
        assert stalled.closed(5)


def test_socket_activation(make_bridge, crm, person):
    if subprocess.run(["sh", "-c", "command -v systemd-socket-activate"],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("no systemd-socket-activate here")
    bridge = make_bridge(crm, {"listen": [{"address": "systemd:hooks"}]})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bridge.wrapper = [
        "systemd-socket-activate", f"--listen=127.0.0.1:{port}",
        "--fdname=hooks", "--setenv=NOTIFY_SOCKET", "--setenv=ASAN_OPTIONS",
        "--setenv=TSAN_OPTIONS", "--setenv=UBSAN_OPTIONS"]
    bridge.spawn()
    bridge.log.wait(lambda line: "Listening on" in line, 20, "the activator")
    post = senders.form(settings.FORM_TOKEN, person())
    reply = wire.ask(f"127.0.0.1:{port}", "POST", post.path, post.body,
                     post.headers, timeout=60)
    assert reply.status == 200
    bridge.notify.wait("READY=1")
    crm.wait_leads(1)
