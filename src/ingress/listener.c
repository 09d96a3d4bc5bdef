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

struct plan { /* what a configuration would make of the endpoints */
	struct endpoint **endpoints;
	struct tls **tls; /* of each; NULL: none */
	bool *fresh;      /* of each: opened for this plan */
	size_t n;
};

static void plan_release(struct plan *p, bool undo)
{
	for (size_t i = 0; undo && i < p->n; i++) {
		if (p->fresh != NULL && p->fresh[i])
			endpoint_free(p->endpoints[i]);
		if (p->tls != NULL)
			tls_free(p->tls[i]);
	}
	free(p->endpoints);
	free(p->tls);
	free(p->fresh);
}

static void plan_extend(struct plan *p, size_t from, size_t index, bool fresh)
{
	p->tls = xrealloc(p->tls, (p->n + 1) * sizeof(struct tls *));
	p->fresh = xrealloc(p->fresh, (p->n + 1) * sizeof(bool));
	for (size_t i = from; i < p->n; i++) {
		p->tls[i] = NULL;
		p->fresh[i] = fresh;
		if (fresh)
			p->endpoints[i]->index = index;
	}
}

/* Endpoints of that address that are open already. */
static void plan_reuse(struct plan *p, const struct listener *l,
		       const char *address)
{
	for (size_t i = 0; i < l->n_endpoints; i++) {
		if (strcmp(l->endpoints[i]->address, address) != 0)
			continue;
		p->endpoints = xrealloc(p->endpoints,
					(p->n + 1) * sizeof(struct endpoint *));
		p->endpoints[p->n++] = l->endpoints[i];
	}
}

static int plan_address(struct plan *p, const struct listener *l,
			const struct listener_config *config, size_t index,
			struct err *err)
{
	const struct listen_config *listen = &config->listen[index];
	size_t from = p->n;
	for (size_t i = 0; i < index; i++)
		if (strcmp(config->listen[i].address, listen->address) == 0)
			return err_set(err, LB_EINVAL, "listed twice: '%s'",
				       listen->address);
	plan_reuse(p, l, listen->address);
	bool fresh = p->n == from;
	int rc = 0;
	if (fresh)
		rc = sockets_open(listen->address, config->unix_mode,
				  &p->endpoints, &p->n, err);
	plan_extend(p, from, index, fresh);
	for (size_t i = from; rc == 0 && i < p->n; i++)
		rc = tls_new(&p->tls[i], listen, err);
	return rc;
}

static bool plan_has(const struct plan *p, const struct endpoint *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->endpoints[i] == e)
			return true;
	return false;
}

static void plan_carry_out(struct plan *p, struct listener *l,
			   const struct listener_config *config)
{
	for (size_t i = 0; i < l->n_endpoints; i++)
		if (!plan_has(p, l->endpoints[i]))
			endpoint_free(l->endpoints[i]);
	free(l->endpoints);
	l->endpoints = p->endpoints;
	l->n_endpoints = p->n;
	p->endpoints = NULL;
	for (size_t i = 0; i < l->n_endpoints; i++) {
		struct endpoint *e = l->endpoints[i];
		e->l = l;
		tls_free(e->tls);
		e->tls = p->tls[i];
		for (size_t k = 0; k < config->n_listen; k++)
			if (strcmp(config->listen[k].address, e->address) == 0)
				e->index = k;
	}
	listen_all(l, !l->deaf && !l->stopping);
}

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
	struct plan plan = {0};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < config->n_listen; i++)
		rc = plan_address(&plan, l, config, i, err);
	if (rc == 0) {
		take_over(l, config);
		plan_carry_out(&plan, l, config);
	}
	plan_release(&plan, rc != 0);
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

static void close_endpoints(struct listener *l)
{
	for (size_t i = 0; i < l->n_endpoints; i++)
		endpoint_free(l->endpoints[i]);
	free(l->endpoints);
	l->endpoints = NULL;
	l->n_endpoints = 0;
}

void listener_stop_accepting(struct listener *l)
{
	l->stopping = true;
	close_endpoints(l);
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

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	close_endpoints(l);
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
