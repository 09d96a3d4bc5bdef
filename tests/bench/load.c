/* SPDX-License-Identifier: MIT */
/*
 * Webhook load generator: one thread, epoll, keep-alive. Posts signed Shopify
 * customers/create bodies of 1.4 KB, each with its own webhook id. Closed loop
 * (each connection sends the next when answered), or a constant rate, where
 * latency counts from the moment the request should have left: a server that
 * stalls is charged for the wait.
 *
 *   bench_load -P PORT [-u PATH] [-c CONNECTIONS] [-r RATE] [-d SECONDS]
 *              [-n REQUESTS] [-k SECRET] [-p ID_PREFIX] [-o IDS_FILE] [-t 1]
 *
 * Prints one line of JSON; -o gets the ids that were answered 2xx. With -t the
 * last name says when the request left, for bench_sink to count from.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "operate/histogram.h"

enum { POOL = 256, CONNS_MAX = 4096, HEAD_MAX = 768, BODY_BYTES = 1400 };

struct body {
	char text[2048];
	size_t n;
	char signature[64];
};

struct conn {
	int fd;
	bool busy;
	int64_t sent_us; /* or when it should have been sent */
	long id;
	char in[8192];
	size_t n_in;
};

static struct {
	int port, conns;
	long rate, requests;
	double seconds;
	const char *path, *secret, *prefix, *ids;
	bool timed;
} opt = {.port = 8080,
	 .conns = 64,
	 .seconds = 5,
	 .path = "/in/shop",
	 .secret = "bench-secret",
	 .prefix = "b"};

static struct body bodies[POOL];
static struct conn conns[CONNS_MAX];
static struct histogram latency;
static long next_id, answered, good, refused, broken;
static FILE *ids;
static int ep;
static int64_t start_us, stop_us;

static void sign(struct body *b)
{
	unsigned char mac[DIGEST_MAX];
	struct str part = {b->text, b->n};
	crypto_hmac(DIGEST_SHA256, str_from(opt.secret), &part, 1, mac);
	base64_encode(mac, 32, BASE64_STANDARD, b->signature);
}

/* Over the digits behind the last name, which begin with zeros for months. */
static void put_time(struct body *b, int64_t us)
{
	struct str text = {b->text, b->n};
	long at = str_find_str(text, STR("\"Ruiz000"));
	char digits[24];
	lb_assert(at >= 0);
	(void)snprintf(digits, sizeof(digits), "%016lld", (long long)us);
	memcpy(b->text + at + 5, digits, 16);
	sign(b);
}

static void make_body(struct body *b, int i)
{
	int n = snprintf(
	    b->text, sizeof(b->text),
	    "{\"id\":%d,\"created_at\":\"2026-09-14T14:02:08-04:00\","
	    "\"updated_at\":\"2026-09-14T14:02:09-04:00\","
	    "\"first_name\":\"Ana%d\",\"last_name\":\"Ruiz%s\","
	    "\"state\":\"disabled\",\"note\":null,\"verified_email\":true,"
	    "\"multipass_identifier\":null,\"tax_exempt\":false,"
	    "\"email\":\"ana.ruiz%d@example.com\",\"phone\":\"+1212555%04d\","
	    "\"currency\":\"USD\",\"tax_exemptions\":[],"
	    "\"admin_graphql_api_id\":\"gid://shopify/Customer/%d\","
	    "\"default_address\":{\"id\":%d,\"customer_id\":%d,"
	    "\"first_name\":\"Ana\",\"last_name\":\"Ruiz\",\"company\":null,"
	    "\"address1\":\"12 Main Street\",\"address2\":null,"
	    "\"city\":\"New York\",\"province\":\"New York\","
	    "\"country\":\"United States\",\"zip\":\"10001\","
	    "\"phone\":\"212-555-%04d\",\"name\":\"Ana Ruiz\","
	    "\"province_code\":\"NY\",\"country_code\":\"US\","
	    "\"country_name\":\"United States\",\"default\":true},"
	    "\"tags\":\"newsletter\",\"padding\":\"",
	    100000 + i, i, opt.timed ? "0000000000000000" : "", i,
	    100 + i % 100, 100000 + i, 200000 + i, 100000 + i, 100 + i % 100);
	size_t at = (size_t)n;
	for (; at < BODY_BYTES - 2; at++)
		b->text[at] = (char)('a' + at % 26);
	b->text[at++] = '"';
	b->text[at++] = '}';
	b->n = at;
	sign(b);
}

static int open_conn(struct conn *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)opt.port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->busy = false;
	c->n_in = 0;
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
		return -1;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	return epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}

static void lose_conn(struct conn *c)
{
	if (c->busy)
		broken++;
	close(c->fd);
	c->fd = -1;
	(void)open_conn(c);
}

static void send_next(struct conn *c, int64_t due_us)
{
	struct body *b = &bodies[next_id % POOL];
	char out[HEAD_MAX + sizeof(b->text)];
	c->id = next_id++;
	if (opt.timed)
		put_time(b, due_us);
	int n = snprintf(out, sizeof(out),
			 "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
			 "User-Agent: Shopify-Captain-Hook\r\n"
			 "Content-Type: application/json\r\n"
			 "X-Shopify-Topic: customers/create\r\n"
			 "X-Shopify-Shop-Domain: bench.myshopify.com\r\n"
			 "X-Shopify-API-Version: 2026-07\r\n"
			 "X-Shopify-Webhook-Id: %s-%ld\r\n"
			 "X-Shopify-Hmac-Sha256: %s\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 opt.path, opt.prefix, c->id, b->signature, b->n);
	memcpy(out + n, b->text, b->n);
	size_t size = (size_t)n + b->n;
	c->busy = true;
	c->sent_us = due_us;
	if (write(c->fd, out, size) != (ssize_t)size)
		lose_conn(c);
}

static void take_answer(struct conn *c, int status)
{
	int64_t now = clock_mono_us();
	c->busy = false;
	c->n_in = 0;
	answered++;
	histogram_add(&latency, now - c->sent_us);
	if (status >= 200 && status < 300) {
		good++;
		if (ids != NULL)
			(void)fprintf(ids, "%s-%ld\n", opt.prefix, c->id);
	} else {
		refused++;
	}
}

/* A whole answer in c->in? Its status, or 0. */
static int whole_answer(const struct conn *c)
{
	struct str in = {c->in, c->n_in};
	long head = str_find_str(in, STR("\r\n\r\n"));
	int64_t status, length = 0;
	if (head < 0 || str_to_int(str_sub(in, 9, 12), 100, 599, &status) != 0)
		return 0;
	long at = str_ifind_str(str_sub(in, 0, (size_t)head + 2),
				STR("content-length: "));
	if (at >= 0) {
		struct str rest;
		struct str line =
		    str_cut(str_sub(in, (size_t)at + 16, (size_t)head + 2),
			    '\r', &rest);
		if (str_to_int(line, 0, 65536, &length) != 0)
			return 0;
	}
	return c->n_in >= (size_t)head + 4 + (size_t)length ? (int)status : 0;
}

static void on_readable(struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lose_conn(c);
		return;
	}
	c->n_in += (size_t)n;
	int status = whole_answer(c);
	if (status != 0)
		take_answer(c, status);
}

static bool may_send(int64_t now)
{
	return now < stop_us && (opt.requests == 0 || next_id < opt.requests);
}

static void send_what_is_due(int64_t now)
{
	for (int i = 0; i < opt.conns && may_send(now); i++) {
		struct conn *c = &conns[i];
		if (c->fd < 0 || c->busy)
			continue;
		int64_t due = now;
		if (opt.rate > 0) {
			due = start_us + next_id * 1000000 / opt.rate;
			if (due > now)
				return;
		}
		send_next(c, due);
	}
}

static int wait_ms(int64_t now)
{
	if (opt.rate == 0)
		return 100;
	int64_t due = start_us + next_id * 1000000 / opt.rate;
	return due > now + 1000 ? (int)((due - now) / 1000) : 0;
}

static void run(void)
{
	struct epoll_event events[256];
	start_us = clock_mono_us();
	stop_us = start_us + (int64_t)(opt.seconds * 1e6);
	for (;;) {
		int64_t now = clock_mono_us();
		send_what_is_due(now);
		bool idle = !may_send(now) && answered + broken >= next_id;
		if (idle || now > stop_us + 10000000)
			break;
		int n = epoll_wait(ep, events, 256, wait_ms(now));
		for (int i = 0; i < n; i++)
			on_readable(events[i].data.ptr);
	}
}

static void report(void)
{
	double took = (double)(clock_mono_us() - start_us) / 1e6;
	printf("{\"requests\":%ld,\"good\":%ld,\"refused\":%ld,\"broken\":%ld,"
	       "\"seconds\":%.3f,\"per_s\":%.0f,\"p50_ms\":%.3f,"
	       "\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
	       next_id, good, refused, broken, took, (double)good / took,
	       (double)histogram_quantile(&latency, 0.5) / 1e3,
	       (double)histogram_quantile(&latency, 0.99) / 1e3,
	       (double)latency.max / 1e3);
}

static long number(const char *text)
{
	int64_t v;
	if (str_to_int(str_from(text), 0, INT64_C(1) << 40, &v) != 0) {
		(void)fprintf(stderr, "bench_load: '%s' is no number\n", text);
		exit(2);
	}
	return (long)v;
}

static void parse_options(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "P:u:c:r:d:n:k:p:o:t:")) != -1) {
		switch (c) {
		case 'P':
			opt.port = (int)number(optarg);
			break;
		case 'u':
			opt.path = optarg;
			break;
		case 'c':
			opt.conns = (int)number(optarg);
			break;
		case 'r':
			opt.rate = number(optarg);
			break;
		case 'd':
			opt.seconds = (double)number(optarg);
			break;
		case 'n':
			opt.requests = number(optarg);
			break;
		case 'k':
			opt.secret = optarg;
			break;
		case 'p':
			opt.prefix = optarg;
			break;
		case 'o':
			opt.ids = optarg;
			break;
		case 't':
			opt.timed = number(optarg) != 0;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	if (opt.conns < 1 || opt.conns > CONNS_MAX)
		return 2;
	ids = opt.ids != NULL ? fopen(opt.ids, "w") : NULL;
	ep = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < POOL; i++)
		make_body(&bodies[i], i);
	for (int i = 0; i < opt.conns; i++) {
		if (open_conn(&conns[i]) != 0) {
			perror("bench_load: connect");
			return 1;
		}
	}
	run();
	report();
	if (ids != NULL && fclose(ids) != 0)
		return 1;
	return 0;
}
