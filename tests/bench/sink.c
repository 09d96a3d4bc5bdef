/* SPDX-License-Identifier: MIT */
/*
 * bench_sink PORT [DELAY_MS]: a CRM that is never the bottleneck. HTTP/1.1 with
 * keep-alive on 127.0.0.1, one epoll loop. Every POST gets 201 with a lead id;
 * GET /stats and the end (SIGTERM) show how many there were and how many
 * different Idempotency-Keys; GET /latency how long ago their senders say they
 * left (bench_load -t), since it was asked last. PORT 0 takes a free one; the
 * first line on stdout is the port. For measurements only: it trusts its
 * client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "leadbridge/str.h"

enum {
	EVENTS = 256,
	ROOM = 64 * 1024, /* of one connection: a request must fit */
	KEYS_FIRST = 1 << 16,
	BACKLOG = 1024,
};

struct connection {
	int fd;
	size_t n;
	struct connection *next; /* answers that wait, in order */
	int64_t answer_at;
	bool waiting;
	char in[ROOM];
};

struct sink {
	int epoll, listener;
	int64_t delay_ms;
	uint64_t requests, distinct;
	uint64_t *keys; /* open addressing; 0: empty */
	size_t n_slots;
	int64_t first_ms, last_ms;
	struct connection *first, *last; /* waiting answers */
	int64_t *ages;                   /* us, of timed leads */
	size_t n_ages, cap_ages;
};

static volatile sig_atomic_t ending;

static void on_signal(int signo)
{
	(void)signo;
	ending = 1;
}

/* FNV-1a; 64 bits are enough to count keys nobody attacks. */
static uint64_t hash_of(struct str key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * UINT64_C(0x100000001b3);
	return h != 0 ? h : 1;
}

static bool insert(uint64_t *keys, size_t n_slots, uint64_t key)
{
	size_t i = (size_t)key & (n_slots - 1);
	while (keys[i] != 0 && keys[i] != key)
		i = (i + 1) & (n_slots - 1);
	bool is_new = keys[i] == 0;
	keys[i] = key;
	return is_new;
}

static void count_key(struct sink *s, struct str key)
{
	if (!insert(s->keys, s->n_slots, hash_of(key)))
		return;
	if (++s->distinct * 2 < s->n_slots)
		return;
	uint64_t *keys = xcalloc(s->n_slots * 2, sizeof(*keys));
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->keys[i] != 0)
			insert(keys, s->n_slots * 2, s->keys[i]);
	free(s->keys);
	s->keys = keys;
	s->n_slots *= 2;
}

static struct str header(struct str head, struct str name)
{
	while (head.n > 0) {
		struct str value, line = str_cut(head, '\n', &head);
		line = str_cut(line, ':', &value);
		if (str_ieq(line, name))
			return str_trim(value);
	}
	return STR_NONE;
}

static int stats_text(const struct sink *s, char *out, size_t cap)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return snprintf(
	    out, cap,
	    "{\"requests\":%llu,\"distinct\":%llu,\"first_ms\":%lld,"
	    "\"last_ms\":%lld,\"cpu_ms\":%lld}",
	    (unsigned long long)s->requests, (unsigned long long)s->distinct,
	    (long long)s->first_ms, (long long)s->last_ms,
	    (long long)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
		(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000);
}

/* "Ana7 Ruiz0000001234567890": microseconds of the clock we share. */
static void note_age(struct sink *s, struct str body)
{
	long at = str_find_str(body, STR(" Ruiz0"));
	int64_t left;
	if (at < 0 || str_to_int(str_sub(body, (size_t)at + 5, (size_t)at + 21),
				 0, INT64_MAX, &left) != 0)
		return;
	s->ages = xgrow(s->ages, &s->cap_ages, s->n_ages + 1, sizeof(*s->ages));
	s->ages[s->n_ages++] = clock_mono_us() - left;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t quantile(const struct sink *s, size_t per_cent)
{
	return s->n_ages > 0 ? s->ages[(s->n_ages - 1) * per_cent / 100] : 0;
}

static int latency_text(struct sink *s, char *out, size_t cap)
{
	if (s->n_ages > 0)
		qsort(s->ages, s->n_ages, sizeof(*s->ages), by_size);
	int n = snprintf(
	    out, cap, "{\"n\":%zu,\"p50_us\":%lld,\"p99_us\":%lld}", s->n_ages,
	    (long long)quantile(s, 50), (long long)quantile(s, 99));
	s->n_ages = 0;
	return n;
}

static void send_all(const struct connection *c, const char *p, int n)
{
	/* Small answers fit the socket's buffer; a client that does not read
	 * them loses its connection. */
	if (n <= 0 || send(c->fd, p, (size_t)n, MSG_NOSIGNAL) != n)
		(void)shutdown(c->fd, SHUT_RDWR);
}

static void answer_post(struct sink *s, const struct connection *c)
{
	char out[256], body[64];
	int n = snprintf(body, sizeof(body), "{\"lead\":{\"id\":\"%llu\"}}",
			 (unsigned long long)s->requests);
	n = snprintf(out, sizeof(out),
		     "HTTP/1.1 201 Created\r\nContent-Type: application/json"
		     "\r\nContent-Length: %d\r\n\r\n%s",
		     n, body);
	send_all(c, out, n);
}

static void answer_get(struct sink *s, const struct connection *c,
		       struct str head)
{
	char out[512], body[256];
	int n = str_starts(head, STR("GET /latency "))
		    ? latency_text(s, body, sizeof(body))
		    : stats_text(s, body, sizeof(body));
	n = snprintf(out, sizeof(out),
		     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		     "Content-Length: %d\r\n\r\n%s",
		     n, body);
	send_all(c, out, n);
}

static void wait_answer(struct sink *s, struct connection *c)
{
	c->answer_at = clock_mono_ms() + s->delay_ms;
	c->waiting = true;
	c->next = NULL;
	if (s->last != NULL)
		s->last->next = c;
	else
		s->first = c;
	s->last = c;
}

/* One whole request at the start of the buffer; its length, or 0. */
static size_t take_request(struct sink *s, struct connection *c)
{
	struct str all = {c->in, c->n};
	long end = str_find_str(all, STR("\r\n\r\n"));
	if (end < 0)
		return 0;
	struct str head = str_sub(all, 0, (size_t)end);
	int64_t length = 0;
	(void)!str_to_int(header(head, STR("Content-Length")), 0, ROOM,
			  &length);
	size_t n = (size_t)end + 4 + (size_t)length;
	if (c->n < n)
		return 0;
	if (!str_starts(head, STR("POST "))) {
		answer_get(s, c, head);
		if (str_ieq(header(head, STR("Connection")), STR("close")))
			(void)shutdown(c->fd, SHUT_WR);
		return n;
	}
	s->requests++;
	s->last_ms = clock_wall_ms();
	if (s->first_ms == 0)
		s->first_ms = s->last_ms;
	count_key(s, header(head, STR("Idempotency-Key")));
	note_age(s, str_sub(all, (size_t)end + 4, n));
	if (s->delay_ms > 0)
		wait_answer(s, c);
	else
		answer_post(s, c);
	return n;
}

static void take_requests(struct sink *s, struct connection *c)
{
	size_t n;
	while (!c->waiting && (n = take_request(s, c)) > 0) {
		memmove(c->in, c->in + n, c->n - n);
		c->n -= n;
	}
}

/* A waiting one is closed when its answer is due. */
static void drop(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
	if (!c->waiting)
		free(c);
}

static void on_readable(struct sink *s, struct connection *c)
{
	ssize_t k = recv(c->fd, c->in + c->n, ROOM - c->n, 0);
	if (k < 0 && errno == EAGAIN)
		return;
	if (k <= 0) { /* also: the buffer is full and nobody can be served */
		drop(c);
		return;
	}
	c->n += (size_t)k;
	take_requests(s, c);
}

static void answer_due(struct sink *s)
{
	int64_t now = clock_mono_ms();
	while (s->first != NULL && s->first->answer_at <= now) {
		struct connection *c = s->first;
		s->first = c->next;
		if (s->first == NULL)
			s->last = NULL;
		c->waiting = false;
		if (c->fd < 0) {
			free(c);
			continue;
		}
		answer_post(s, c);
		take_requests(s, c);
	}
}

static void on_connection(struct sink *s)
{
	int one = 1,
	    fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct connection *c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	lb_assert(epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0);
}

static void serve(struct sink *s)
{
	struct epoll_event events[EVENTS];
	while (!ending) {
		int timeout = s->first != NULL ? 1 : 500;
		int n = epoll_wait(s->epoll, events, EVENTS, timeout);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				on_connection(s);
			else
				on_readable(s, events[i].data.ptr);
		}
		answer_due(s);
	}
}

static int listen_on(int64_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, n) != 0 ||
	    listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
		perror("bench_sink");
		exit(1);
	}
	printf("%d\n", ntohs(at.sin_port));
	(void)!fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct sink s = {.n_slots = KEYS_FIRST};
	int64_t port;
	if (argc < 2 || argc > 3 ||
	    str_to_int(str_from(argv[1]), 0, 65535, &port) != 0 ||
	    (argc == 3 &&
	     str_to_int(str_from(argv[2]), 0, 600000, &s.delay_ms) != 0)) {
		(void)!fprintf(stderr, "usage: bench_sink PORT [DELAY_MS]\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	s.keys = xcalloc(s.n_slots, sizeof(*s.keys));
	s.listener = listen_on(port);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN};
	lb_assert(epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.listener, &e) == 0);
	serve(&s);
	char text[256];
	(void)!stats_text(&s, text, sizeof(text));
	printf("%s\n", text);
	free(s.keys);
	free(s.ages);
	return 0;
}
