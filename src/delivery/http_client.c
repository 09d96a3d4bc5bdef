/* SPDX-License-Identifier: MIT */
/*
 * curl multi on libevent. Rules that keep it sound: curl is never called from
 * within its own callbacks (they only arm a timer or an event); finished calls
 * are read after every socket action; a socket's event hangs on curl's pointer
 * for that socket, never on the fd number. Names are resolved before curl gets
 * a call: its own way takes a thread for each. Delivery thread only.
 */
#include "delivery/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "delivery/address.h"
#include "delivery/http_client_result.h"
#include "delivery/resolve.h"
#include "leadbridge/buf.h"

enum {
	HEADER_LINE_MAX = 128,
	HEADER_BYTES_MAX = 64 * 1024, /* of one answer */
	KEEP_BODY_MAX = 4096,         /* memory a resting call may hold */
	IDLE_AGE_S = 30,              /* a connection is used again within */
	READ_BUFFER = 8 * 1024,
	CA_AGE_S = 3600, /* then the authorities are read again */
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct resolver *resolver;
	struct call *running; /* list; also those whose name is looked up */
};

struct http_target {
	struct http_client *client;
	int references;
	char *url, *ca, *proxy;
	char *host, *port; /* to look up; NULL: an address, or a proxy's work */
	char **headers;
	size_t n_headers, answer_more;
	int64_t connect_timeout_ms, timeout_ms;
	bool allow_http, allow_private;
	struct call *resting; /* calls ready for the next request */
};

struct call {
	struct http_target *target;
	struct call *next, *prev; /* running, or resting (next only) */
	CURL *easy;
	struct curl_slist *headers; /* n_headers + 1 nodes of our own */
	char line[HEADER_LINE_MAX];
	struct buf body;
	size_t header_bytes;
	int64_t certificate_ends_ms; /* of the other side */
	bool headers_done; /* the answer's status line and headers are whole */
	bool over;         /* the answer passed a ceiling */
	bool forbidden;    /* an address was refused */
	int sent;          /* how often curl began to send it */
	bool (*again)(void *ctx);
	struct question *question; /* its name is being looked up */
	struct curl_slist *resolved;
	http_done_cb cb;
	void *ctx;
};

struct watch { /* of one socket of curl's */
	struct http_client *client;
	struct event *ev;
};

void http_client_global_init(void)
{
	lb_assert(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

/* ---- finished calls ------------------------------------------------------ */

static void target_unref(struct http_target *t);
static void call_rest(struct call *call);

/* Reports; the call rests until the next request. */
static void report(struct call *call, const struct attempt_result *result)
{
	struct http_client *c = call->target->client;
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		c->running = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	call->cb(call->ctx, result);
	call_rest(call);
}

static void finish(struct http_client *c, CURL *easy, CURLcode code)
{
	struct call *call = NULL;
	struct attempt_result result;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
	struct http_finished finished = {.easy = easy,
					 .code = code,
					 .headers_done = call->headers_done,
					 .forbidden = call->forbidden,
					 .body = buf_str(&call->body)};
	/* Read first: removing the handle may reset what it knows. */
	http_finished_read(&finished, &result);
	result.certificate_ends_ms = call->certificate_ends_ms;
	curl_multi_remove_handle(c->multi, easy);
	report(call, &result);
}

static void read_finished(struct http_client *c)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (message->msg == CURLMSG_DONE)
			finish(c, message->easy_handle, message->data.result);
	}
}

/* ---- curl and libevent --------------------------------------------------- */

static void act(struct http_client *c, curl_socket_t fd, int what)
{
	int running;
	curl_multi_socket_action(c->multi, fd, what, &running);
	read_finished(c);
}

static void on_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;
	int bits = 0;
	if (what & EV_READ)
		bits |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		bits |= CURL_CSELECT_OUT;
	act(w->client, fd, bits);
}

static void on_timeout(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	(void)multi;
	struct http_client *c = ctx;
	if (timeout_ms < 0)
		loop_timer_stop(c->timer);
	else
		loop_timer_arm(c->timer, timeout_ms);
	return 0;
}

static void watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	event_free(w->ev);
	free(w);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
			  void *socket_ctx)
{
	(void)easy;
	struct http_client *c = ctx;
	struct watch *w = socket_ctx;
	if (what == CURL_POLL_REMOVE) {
		watch_free(w);
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	short bits = EV_PERSIST;
	if (what & CURL_POLL_IN)
		bits |= EV_READ;
	if (what & CURL_POLL_OUT)
		bits |= EV_WRITE;
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->client = c;
		curl_multi_assign(c->multi, fd, w);
	} else {
		event_free(w->ev);
	}
	w->ev = event_new(loop_base(c->loop), fd, bits, on_ready, w);
	lb_assert(w->ev != NULL && event_add(w->ev, NULL) == 0);
	return 0;
}

/* ---- one call ------------------------------------------------------------ */

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct call *call = ctx;
	call->header_bytes += size * n;
	if (call->header_bytes > HEADER_BYTES_MAX)
		return 0;
	/* Of the last answer: a 100 Continue ends in an empty line too. */
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		call->headers_done = false;
	else if (p[0] == '\r' || p[0] == '\n')
		call->headers_done = true;
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct call *call = ctx;
	size_t left = call->body.max - call->body.n;
	buf_add(&call->body, p, size * n < left ? size * n : left);
	call->over = size * n > left;
	return call->over ? 0 : n;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose,
			     struct curl_sockaddr *to)
{
	struct call *call = ctx;
	if (purpose != CURLSOCKTYPE_IPCXN ||
	    (!call->target->allow_private && !address_is_public(&to->addr))) {
		call->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Before the request is sent: a connection made under another target's rules
 * may be used again, and so may the request, when one died under it. */
static int on_connected(void *ctx, char *remote, char *local, int remote_port,
			int local_port)
{
	(void)local, (void)remote_port, (void)local_port;
	struct call *call = ctx;
	if (!call->target->allow_private && !address_text_is_public(remote)) {
		call->forbidden = true;
		return CURL_PREREQFUNC_ABORT;
	}
	call->certificate_ends_ms = http_certificate_ends_ms(call->easy);
	if (call->sent++ > 0 && call->again != NULL && !call->again(call->ctx))
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}

#define SET(option, value)                                                     \
	lb_assert(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* curl reads all of the system's authorities for each connection, which holds
 * up everybody else's leads for milliseconds; it keeps them only if they come
 * from one file and nowhere else. */
static bool has_bundle(void)
{
	const char *path = curl_version_info(CURLVERSION_NOW)->cainfo;
	return path != NULL && access(path, R_OK) == 0;
}

static void set_security(CURL *easy, const struct http_target *t)
{
	SET(CURLOPT_PROTOCOLS_STR, t->allow_http ? "http,https" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, t->proxy != NULL ? t->proxy : "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_CA_CACHE_TIMEOUT, (long)CA_AGE_S);
	if (t->ca != NULL) { /* beside the system's, which stay by directory */
		SET(CURLOPT_CAINFO, t->ca);
		SET(CURLOPT_CAPATH, "/etc/ssl/certs");
	} else if (has_bundle()) {
		SET(CURLOPT_CAPATH, NULL);
	}
}

static void set_callbacks(CURL *easy, struct call *call)
{
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, call);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, call);
}

static void set_all(CURL *easy, struct call *call)
{
	const struct http_target *t = call->target;
	SET(CURLOPT_HTTPHEADER, call->headers);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROGRESS, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_MAXAGE_CONN, (long)IDLE_AGE_S);
	SET(CURLOPT_BUFFERSIZE, (long)READ_BUFFER);
	set_security(easy, t);
	set_callbacks(easy, call);
}

static struct call *call_new(struct http_target *t)
{
	struct call *call = xcalloc(1, sizeof(*call));
	call->target = t;
	buf_init(&call->body, ANSWER_BODY_MAX);
	call->headers = xcalloc(t->n_headers + 1, sizeof(*call->headers));
	for (size_t i = 0; i < t->n_headers; i++) {
		call->headers[i].data = t->headers[i];
		call->headers[i].next = &call->headers[i + 1];
	}
	call->headers[t->n_headers].data = call->line;
	call->easy = curl_easy_init();
	lb_assert(call->easy != NULL);
	set_all(call->easy, call);
	return call;
}

static void call_free(struct call *call)
{
	resolve_cancel(call->question);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->resolved);
	buf_release(&call->body);
	free(call->headers);
	free(call);
}

static void call_rest(struct call *call)
{
	struct http_target *t = call->target;
	if (call->body.cap > KEEP_BODY_MAX)
		buf_release(&call->body);
	call->next = t->resting;
	t->resting = call;
	target_unref(t);
}

static struct call *call_ready(struct http_target *t, const char *line)
{
	struct call *call = t->resting;
	if (call != NULL)
		t->resting = call->next;
	else
		call = call_new(t);
	t->references++;
	buf_reset(&call->body);
	call->header_bytes = 0;
	call->certificate_ends_ms = 0;
	call->headers_done = call->over = call->forbidden = false;
	call->sent = 0;
	(void)!snprintf(call->line, sizeof(call->line), "%s", line);
	return call;
}

/* Tells curl the address, so that it looks up nothing itself. */
static void go(struct call *call, const char *addresses)
{
	struct http_target *t = call->target;
	CURL *easy = call->easy;
	if (addresses != NULL) {
		char *entry =
		    xasprintf("%s:%s:%s", t->host, t->port, addresses);
		curl_slist_free_all(call->resolved);
		call->resolved = curl_slist_append(NULL, entry);
		lb_assert(call->resolved != NULL);
		SET(CURLOPT_RESOLVE, call->resolved);
		free(entry);
	}
	lb_assert(curl_multi_add_handle(t->client->multi, easy) == CURLM_OK);
}

static void on_resolved(void *ctx, enum resolved what, const char *addresses)
{
	struct call *call = ctx;
	struct attempt_result result = {
	    .transport = what == RESOLVE_MISSING ? TRANSPORT_DNS_NXDOMAIN
						 : TRANSPORT_DNS_FAILED,
	    .received_at_ms = clock_wall_ms(),
	};
	call->question = NULL;
	if (what == RESOLVED)
		go(call, addresses);
	else
		report(call, &result);
}

static void start(struct call *call, http_done_cb cb, void *ctx)
{
	struct http_target *t = call->target;
	struct http_client *c = call->target->client;
	call->cb = cb;
	call->ctx = ctx;
	call->prev = NULL;
	call->next = c->running;
	if (c->running != NULL)
		c->running->prev = call;
	c->running = call;
	const char *known =
	    t->host != NULL ? resolver_known(c->resolver, t->host) : NULL;
	if (t->host == NULL || known != NULL)
		go(call, known);
	else
		call->question =
		    resolver_ask(c->resolver, t->host, t->connect_timeout_ms,
				 on_resolved, call);
}

void http_send(struct http_target *t, const struct http_message *m,
	       http_done_cb cb, void *ctx)
{
	struct call *call = call_ready(t, m->header);
	call->body.max = m->answer_max > 0 ? m->answer_max
					   : ANSWER_BODY_MAX + t->answer_more;
	CURL *easy = call->easy;
	char *url = xasprintf("%s%s", t->url, m->path);
	SET(CURLOPT_URL, url);
	free(url);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->body.n);
	SET(m->borrowed ? CURLOPT_POSTFIELDS : CURLOPT_COPYPOSTFIELDS,
	    m->body.p);
	SET(m->get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
	call->again = m->again;
	start(call, cb, ctx);
}

void http_post(struct http_target *t, const char *line, struct str body,
	       http_done_cb cb, void *ctx)
{
	struct http_message m = {
	    .path = "", .header = line, .body = body, .borrowed = true};
	http_send(t, &m, cb, ctx);
}

/* ---- targets and the client ---------------------------------------------- */

/* Whose name is ours to look up: not an address, not what only curl can put
 * into ASCII, not what a proxy looks up. */
static void read_host(struct http_target *t)
{
	struct in_addr ignored;
	CURLU *url = curl_url();
	if (t->proxy == NULL && url != NULL &&
	    curl_url_set(url, CURLUPART_URL, t->url, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &t->host, 0) == CURLUE_OK)
		(void)curl_url_get(url, CURLUPART_PORT, &t->port,
				   CURLU_DEFAULT_PORT);
	curl_url_cleanup(url);
	bool plain = t->host != NULL && t->host[0] != '[' && t->port != NULL &&
		     inet_pton(AF_INET, t->host, &ignored) != 1;
	for (const char *p = t->host; plain && *p != '\0'; p++)
		plain = (unsigned char)*p < 0x80;
	if (plain)
		return;
	curl_free(t->host);
	t->host = NULL;
}

struct http_target *http_target_new(struct http_client *c,
				    const struct http_spec *spec)
{
	struct http_target *t = xcalloc(1, sizeof(*t));
	t->client = c;
	t->references = 1;
	t->url = xstrdup(spec->url);
	t->ca = xstrdup(spec->ca);
	t->proxy = xstrdup(spec->proxy);
	t->n_headers = spec->n_headers;
	t->headers = xcalloc(spec->n_headers + 1, sizeof(*t->headers));
	for (size_t i = 0; i < spec->n_headers; i++)
		t->headers[i] = xstrdup(spec->headers[i]);
	t->connect_timeout_ms = spec->connect_timeout_ms;
	t->timeout_ms = spec->timeout_ms;
	t->answer_more = spec->answer_more;
	t->allow_http = spec->allow_http;
	t->allow_private = spec->allow_private;
	read_host(t);
	return t;
}

void http_target_trim(struct http_target *t)
{
	while (t->resting != NULL) {
		struct call *call = t->resting;
		t->resting = call->next;
		call_free(call);
	}
}

static void target_unref(struct http_target *t)
{
	if (--t->references > 0)
		return;
	http_target_trim(t);
	for (size_t i = 0; i < t->n_headers; i++) {
		mem_wipe(t->headers[i], strlen(t->headers[i]));
		free(t->headers[i]);
	}
	free(t->headers);
	curl_free(t->host);
	curl_free(t->port);
	free(t->url);
	free(t->ca);
	free(t->proxy);
	free(t);
}

void http_target_free(struct http_target *t)
{
	if (t != NULL)
		target_unref(t);
}

int http_client_new(struct http_client **out, struct loop *loop,
		    struct err *err)
{
	struct http_client *c = xcalloc(1, sizeof(*c));
	c->loop = loop;
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		free(c);
		return err_set(err, LB_ESYSTEM, "cannot start the HTTP client");
	}
	c->timer = loop_timer_new(loop, on_timeout, c);
	c->resolver = resolver_new(loop);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_PIPELINING,
			  (long)CURLPIPE_NOTHING);
	*out = c;
	return 0;
}

void http_client_keep(struct http_client *c, size_t connections)
{
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	while (c->running != NULL) {
		struct call *call = c->running;
		c->running = call->next;
		struct http_target *t = call->target;
		curl_multi_remove_handle(c->multi, call->easy);
		call_free(call);
		target_unref(t);
	}
	curl_multi_cleanup(c->multi);
	resolver_free(c->resolver);
	loop_timer_free(c->timer);
	free(c);
}
