/* SPDX-License-Identifier: MIT */
/*
 * The dashboard as files, which are part of the program (dashboard_files.c),
 * and the way in for browsers over TCP: a form that trades the token for a
 * cookie. The files show no data, so they need no proof; what they ask for
 * afterwards does. Loop thread.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/admin_internal.h"
#include "operate/dashboard_files.h"
#include "payload/payload.h"

/* Nothing from outside, nothing inline, nobody's frame. */
#define POLICY                                                                 \
	"default-src 'none'; script-src 'self'; style-src 'self'; "            \
	"connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "   \
	"base-uri 'none'; form-action 'self'"
/* Where the login page says why it is shown again. */
#define MESSAGE "<!--message-->"

enum { LOGIN_PAGE_MAX = 64 * 1024, COOKIE_MAX = 320 };

static void add_header(struct reply *r, struct str name, struct str value)
{
	r->extra[r->n_extra++] = (struct header){name, value};
}

static void guard(struct reply *r)
{
	add_header(r, STR("Content-Security-Policy"), STR(POLICY));
	add_header(r, STR("X-Content-Type-Options"), STR("nosniff"));
	/* With "no-referrer" the login form would say "Origin: null". */
	add_header(r, STR("Referrer-Policy"), STR("same-origin"));
	add_header(r, STR("Cross-Origin-Resource-Policy"), STR("same-origin"));
	/* Another version of the program has other files. */
	add_header(r, STR("Cache-Control"), STR("no-cache"));
}

static void send_file(struct admin_call *c, struct str name)
{
	struct str bytes;
	const struct dashboard_file *file = dashboard_file(name, &bytes);
	if (file == NULL) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such file");
		return;
	}
	struct reply reply = {
	    .status = 200, .content_type = file->type, .body = bytes};
	guard(&reply);
	exchange_reply(c->exchange, &reply);
}

void admin_get_page(struct admin_call *c)
{
	send_file(c, STR("index.html"));
}

void admin_get_asset(struct admin_call *c)
{
	send_file(c, c->subject);
}

/* ---- logging in ------------------------------------------------------------
 */

static void send_login(struct admin_call *c, int status, const char *message)
{
	struct str page;
	struct buf b;
	buf_init(&b, LOGIN_PAGE_MAX);
	lb_assert(dashboard_file(STR("login.html"), &page) != NULL);
	long at = str_find_str(page, STR(MESSAGE));
	lb_assert(at >= 0);
	buf_add_str(&b, str_sub(page, 0, (size_t)at));
	if (message != NULL)
		buf_addf(&b, "<p class=\"wrong\" role=\"alert\">%s</p>",
			 message);
	buf_add_str(&b,
		    str_sub(page, (size_t)at + sizeof(MESSAGE) - 1, page.n));
	struct reply reply = {.status = status,
			      .content_type = "text/html; charset=utf-8",
			      .body = buf_str(&b)};
	guard(&reply);
	exchange_reply(c->exchange, &reply);
	buf_release(&b);
}

void admin_get_login(struct admin_call *c)
{
	send_login(c, 200, NULL);
}

/* value: of the cookie; empty: forget it. */
static void send_home(struct admin_call *c, const char *path, const char *value)
{
	char name[SESSION_NAME], cookie[COOKIE_MAX];
	const struct request *r = c->request;
	bool tls = r->over_tls || str_ieq(request_header(r, "X-Forwarded-"
							    "Proto"),
					  STR("https"));
	struct reply reply = {.status = 303};
	session_name(queue_secret(c->admin->road->queue), name);
	int n = snprintf(cookie, sizeof(cookie),
			 "%s=%s; Path=/; HttpOnly; SameSite=Strict; "
			 "Max-Age=%lld%s",
			 name, value != NULL ? value : "",
			 value != NULL ? (long long)(SESSION_MS / 1000) : 0LL,
			 tls ? "; Secure" : "");
	lb_assert(n > 0 && (size_t)n < sizeof(cookie));
	add_header(&reply, STR("Location"), str_from(path));
	add_header(&reply, STR("Set-Cookie"), str_from(cookie));
	add_header(&reply, STR("Cache-Control"), STR("no-store"));
	exchange_reply(c->exchange, &reply);
}

static void open_session(struct admin_call *c, const struct admin_actor *by,
			 size_t which)
{
	struct admin *a = c->admin;
	char text[SESSION_TEXT];
	bool full = by->role == ROLE_FULL;
	const struct admin_config *config = &a->road->config->admin;
	struct session_keys keys = {queue_secret(a->road->queue),
				    full ? &config->token : &config->read_token,
				    full ? 'f' : 'r'};
	session_make(&keys, which, clock_wall_ms(), text);
	c->actor = by;
	admin_note(c, "login", str_from(full ? "full" : "read"));
	send_home(c, "/", text);
}

void admin_post_login(struct admin_call *c)
{
	static const struct payload_limits limits = {.depth = 2, .values = 16};
	struct admin *a = c->admin;
	struct value *form = NULL;
	size_t which = 0;
	int64_t wait_ms = admin_guess_wait(a, c->request);
	if (wait_ms > 0) {
		metrics_rejected(a->road->metrics, NULL, "admin_guesses");
		admin_reply_guesses(c->exchange, wait_ms);
		return;
	}
	if (payload_form(&a->scratch, c->request->body, &limits, &form, NULL) !=
	    0) {
		send_login(c, 400, "That was no login form.");
		return;
	}
	struct str token = str_trim(value_member(form, "token"));
	const struct admin_actor *by =
	    token.n > 0 ? admin_token_actor(a, token, &which) : NULL;
	if (by != NULL) {
		open_session(c, by, which);
		return;
	}
	admin_guessed(a, c->request);
	send_login(c, 401, "That token is not the one.");
}

void admin_post_logout(struct admin_call *c)
{
	char name[SESSION_NAME];
	session_name(queue_secret(c->admin->road->queue), name);
	/* Only a good one is worth a place on the list. */
	if (c->actor->role != ROLE_NONE && c->actor != admin_unix()) {
		session_end(&c->admin->sessions,
			    session_cookie(c->request, name));
		admin_note(c, "logout", STR(""));
	}
	send_home(c, "/login", NULL);
}

void admin_get_session(struct admin_call *c)
{
	struct buf b;
	buf_init(&b, 512);
	buf_addf(&b,
		 "{\"actor\":\"%s\",\"role\":\"%s\",\"logout\":%s,"
		 "\"version\":\"%s\"}\n",
		 c->actor->name, c->actor->role == ROLE_FULL ? "full" : "read",
		 str_eq(str_from(c->actor->name), STR("dashboard")) ? "true"
								    : "false",
		 LB_VERSION);
	admin_reply_buf(c->exchange, &b);
}
