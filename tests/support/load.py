# SPDX-License-Identifier: MIT
"""Senders that never give up, and the one assertion about what they sent."""

import collections
import http.client
import threading
import time

from support import senders, settings, wire

SENDERS = 4


class Load:
    """Senders that post until told to stop; who was answered what."""

    source = "shop"

    def __init__(self, person):
        self.person = person
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.answered = {}  # event id -> how many 200s
        self.again = {}  # event id -> generation a person sent it as
        self.open = collections.deque()  # posts without an answer
        self.odd = collections.Counter()
        self.stopping = False
        self.erased = 0  # of those, forgotten again

    def next_post(self):
        with self.lock:
            if self.open:
                return self.open.popleft()
        return self.new_post()

    def new_post(self):
        return senders.shopify_customer(settings.SHOPIFY_SECRET,
                                        self.person())

    def count(self, post, status):
        with self.changed:
            if status == 200:
                self.answered[post.event] = self.answered.get(post.event,
                                                              0) + 1
                self.changed.notify_all()
            else:
                self.open.append(post)
                self.odd[status] += 1

    def send(self, address):
        """One sender on one kept connection, until it breaks or stops."""
        link = wire.connection(address, 30)
        while not self.stopping:
            post = self.next_post()
            try:
                link.request("POST", post.path, post.body, post.headers)
                status = wire.read_answer(link).status
            except (OSError, http.client.HTTPException):
                self.count(post, None)
                break
            self.count(post, status)
        link.close()

    def threads(self, address):
        self.stopping = False
        threads = [threading.Thread(target=self.send, args=(address,))
                   for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def join(self, threads):
        self.stopping = True
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def run_round(self, address, acknowledged, then):
        """Sends until so many more are acknowledged, then calls then()."""
        threads = self.threads(address)
        with self.lock:
            goal = len(self.answered) + acknowledged
        deadline = time.monotonic() + 60
        with self.changed:
            while len(self.answered) < goal:
                left = deadline - time.monotonic()
                assert left > 0, f"no progress: {self.odd}"
                self.changed.wait(left)
        then()
        self.join(threads)

    def run_until_end(self, bridge):
        """Sends until the bridge ends by itself; its exit status."""
        threads = self.threads(bridge.address)
        try:
            return bridge.wait_exit(30)
        finally:
            self.join(threads)

    def send_the_rest(self, bridge):
        """What a crash left unanswered is sent again until it is 200."""
        while self.open:
            post = self.open.popleft()
            assert bridge.post(post).status == 200
            self.answered[post.event] = self.answered.get(post.event, 0) + 1


def check_arrivals(crm, load):
    """Every event answered 200: one key, the right one, the same bytes."""
    sent = collections.defaultdict(set)
    arrived = set()
    for post in crm.posts():
        sent[post.key].add(post.sha256)
        if post.status == 201:
            arrived.add(post.key)
    expected = {senders.lead_key(load.source, event,
                                 generation=load.again.get(event, 0))
                for event in load.answered}
    refused = {senders.lead_key(load.source, event) for event in load.again}
    assert expected - arrived == set()
    assert set(sent) - expected - refused == set()
    assert {key: found for key, found in sent.items()
            if len(found) != 1} == {}
