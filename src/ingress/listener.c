/* SPDX-License-Identifier: MIT */
/*
 * The door: accepts connections within the caps, keeps the one timer of all
 * deadlines, takes over a changed configuration, shuts down in order. What
 * happens on a connection is connection.c. Loop thread.
 */
#include "ingress/listener.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ingress/edge.h"

enum {
	ACCEPTS_PER_TURN = 64,
	DEAF_MS = 100,   /* out of descriptors */
	IDLE_TRIES = 16, /* idle ones that may turn out to have news */
	LAST_FIRST_BYTE_MS = 1000, /* new connections at shutdown */
	OUT_MAX = 1 << 26,
};

/* ---- deadlines ----------------------------------------------------------- */

static void on_janitor(void *ctx)
{
	struct listener *l = ctx;
	wheel_turn(&l->wheel, clock_mono_ms(), conn_on_timeout);
	if (l->wheel.count > 0)
		return;
	loop_timer_stop(l->janitor);
	l->janitor_on = false;
}

void listener_arm(struct listener *l)
{
	if (l->janitor_on)
		return;
	l->janitor_on = true;
	loop_timer_every(l->janitor, WHEEL_TICK_MS);
}

/* ---- caps ---------------------------------------------------------------- */

static struct str key_of(const struct address *a)
{
	return (struct str){(const char *)a->bytes, sizeof(a->bytes)};
}

/* Whom a connection is counted for: one IPv6 customer has a /64. */
static struct address counted_as(const struct address *peer)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct address a = *peer;
	if (memcmp(a.bytes, mapped, sizeof(mapped)) != 0)
		memset(a.bytes + 8, 0, 8);
	return a;
}

static struct address_count *count_address(struct listener *l,
					   const struct address *peer)
{
	struct address key = counted_as(peer);
	struct address_count *count = table_get(l->addresses, key_of(&key));
	if (count == NULL) {
		count = xcalloc(1, sizeof(*count));
		count->key = key;
		(void)!table_put(l->addresses, key_of(&key), count);
	}
	count->n++;
	return count;
}

static void uncount_address(struct listener *l, struct address_count *count)
{
	if (count == NULL || --count->n > 0)
		return;
	(void)!table_remove(l->addresses, key_of(&count->key));
	free(count);
}

void listener_forget(struct conn *c)
{
	list_remove(&c->all);
	c->l->n_conns--;
	uncount_address(c->l, c->count);
	c->count = NULL;
}

static bool close_oldest_idle(struct listener *l)
{
	struct link *at = l->idle.next;
	for (int i = 0; i < IDLE_TRIES && at != &l->idle; i++) {
		struct conn *c = LIST_OWNER(at, struct conn, idle);
		at = at->next;
		if (conn_has_news(c))
			continue;
		conn_close(c);
		return true;
	}
	return false;
}

/* No room: says so without a connection of its own. */
static void turn_away(struct listener *l, int fd, bool tls, const char *reason)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Retry-After: 30\r\n"
				   "Content-Length: 0\r\n"
				   "Connection: close\r\n\r\n";
	char unread[4096];
	if (!tls) {
		(void)!send(fd, text, sizeof(text) - 1,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)!shutdown(fd, SHUT_WR);
		/* What is unread at close would reset it away. */
		(void)!recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
	}
	close(fd);
	if (l->handler.on_refused != NULL)
		l->handler.on_refused(l->handler.ctx, 503, reason);
}

/* ---- accepting ----------------------------------------------------------- */

static void admit(struct endpoint *e, int fd, const struct address *peer)
{
	struct listener *l = e->l;
	bool exempt = peer->local || network_list_contains(&l->trusted, peer);
	struct address_count *count = exempt ? NULL : count_address(l, peer);
	if (count != NULL && count->n > l->limits.connections_per_address) {
		uncount_address(l, count);
		turn_away(l, fd, e->tls != NULL, "connections_per_address");
		return;
	}
	if ((int64_t)l->n_conns >= l->limits.connections &&
	    !close_oldest_idle(l)) {
		uncount_address(l, count);
		turn_away(l, fd, e->tls != NULL, "connections");
		return;
	}
	conn_open(l, fd, e->tls, peer, count);
}

static void on_acceptable(void *ctx);

static void listen_all(struct listener *l, bool on)
{
	for (size_t i = 0; i < l->n_endpoints; i++) {
		struct endpoint *e = l->endpoints[i];
		loop_watch_free(e->watch);
		e->watch = NULL;
		if (on && loop_watch_read(l->loop, e->fd, on_acceptable, e,
					  &e->watch) != 0)
			log_error("listen_failed", "address=%s", e->text);
	}
}

static void on_ear(void *ctx)
{
	struct listener *l = ctx;
	l->deaf = false;
	if (!l->stopping)
		listen_all(l, true);
}

/* The socket stays readable: without a pause this would spin. */
static void out_of_descriptors(struct listener *l, int error)
{
	if (close_oldest_idle(l) || l->deaf)
		return;
	log_warn("accept_failed", "error=\"%s\" connections=%zu",
		 strerror(error), l->n_conns);
	l->deaf = true;
	listen_all(l, false);
	loop_timer_arm(l->ear, DEAF_MS);
}

static void on_acceptable(void *ctx)
{
	struct endpoint *e = ctx;
	struct listener *l = e->l;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t n = sizeof(from);
		int fd = accept4(e->fd, (struct sockaddr *)&from, &n,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			struct address peer = sockets_peer(&from);
			peer.local = e->unix_socket;
			admit(e, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			out_of_descriptors(l, errno);
		else if (errno == EINTR || errno == ECONNABORTED)
			continue;
		return;
	}
}

/* ---- configuration ------------------------------------------------------- */

static void take_over(struct listener *l, const struct listener_config *config)
{
	const struct network_list *trusted = config->trusted_proxies;
	l->limits = *config->limits;
	free(l->trusted.v);
	l->trusted = (struct network_list){0};
	if (trusted != NULL && trusted->n > 0) {
		l->trusted.v = xmalloc(trusted->n * sizeof(*trusted->v));
		memcpy(l->trusted.v, trusted->v,
		       trusted->n * sizeof(*trusted->v));
		l->trusted.n = trusted->n;
	}
	free(l->public_url);
	l->public_url = xstrdup(config->public_url);
}

int listener_reload(struct listener *l, const struct listener_config *config,
		    struct err *err)
{
	int rc = l->stopping ? 0 : endpoints_change(l, config, err);
	if (rc == 0) {
		take_over(l, config);
		listen_all(l, !l->deaf && !l->stopping);
	}
	return rc;
}

/* ---- life ---------------------------------------------------------------- */

int listener_new(struct listener **out, struct loop *loop,
		 const struct listener_config *config,
		 const struct http_handler *handler, struct err *err)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	/* libevent and OpenSSL write to sockets whose client has gone. */
	lb_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	l->loop = loop;
	l->handler = *handler;
	l->janitor = loop_timer_new(loop, on_janitor, l);
	l->ear = loop_timer_new(loop, on_ear, l);
	wheel_init(&l->wheel, clock_mono_ms());
	pending_init(&l->pending);
	list_init(&l->all);
	list_init(&l->idle);
	receiving_init(&l->receiving);
	l->addresses = table_new();
	buf_init(&l->out, OUT_MAX);
	int rc = listener_reload(l, config, err);
	if (rc != 0) {
		listener_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void listener_stop_accepting(struct listener *l)
{
	l->stopping = true;
	endpoints_close(l);
	struct link *next;
	for (struct link *at = l->idle.next; at != &l->idle; at = next) {
		next = at->next;
		struct conn *c = LIST_OWNER(at, struct conn, idle);
		/* Its request may be on the way: that one is still taken. */
		if (c->state == CONN_NEW)
			conn_set_due(c, LAST_FIRST_BYTE_MS);
		else if (!conn_has_news(c))
			conn_close(c);
	}
}

size_t listener_connections(const struct listener *l)
{
	return l->n_conns;
}

size_t listener_pending(const struct listener *l)
{
	return l->pending.count;
}

const char *listener_address(const struct listener *l, size_t i)
{
	for (size_t k = 0; k < l->n_endpoints; k++)
		if (l->endpoints[k]->index == i)
			return l->endpoints[k]->text;
	return NULL;
}

int64_t listener_certificate_ends(const struct listener *l, size_t i)
{
	for (size_t k = 0; k < l->n_endpoints; k++)
		if (l->endpoints[k]->index == i)
			return tls_ends_ms(l->endpoints[k]->tls);
	return 0;
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	endpoints_close(l);
	while (!list_empty(&l->all))
		conn_close(LIST_OWNER(l->all.next, struct conn, all));
	loop_timer_free(l->janitor);
	loop_timer_free(l->ear);
	pending_release(&l->pending);
	table_free(l->addresses, free);
	buf_release(&l->out);
	free(l->trusted.v);
	free(l->public_url);
	free(l);
}
