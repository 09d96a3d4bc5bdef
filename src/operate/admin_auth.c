/* SPDX-License-Identifier: MIT */
/* Who may ask; see the header. */
#include "operate/admin_auth.h"

#include "base/clock.h"
#include "ingress/rate.h"
#include "operate/admin_internal.h"
#include "payload/payload.h"

enum { GUESSES = 10, GUESS_WINDOW_MS = 60 * 1000 };

static const struct admin_actor over_socket = {"unix", ROLE_FULL};
static const struct admin_actor by_token = {"token", ROLE_FULL};
static const struct admin_actor by_read_token = {"read_token", ROLE_READ};
static const struct admin_actor by_page = {"dashboard", ROLE_FULL};
static const struct admin_actor by_page_reading = {"dashboard", ROLE_READ};
static const struct admin_actor nobody = {"nobody", ROLE_NONE};

const struct admin_actor *admin_unix(void)
{
	return &over_socket;
}

const struct admin_actor *admin_token_actor(const struct admin *a,
					    struct str token, size_t *which)
{
	const struct admin_config *c = &a->road->config->admin;
	/* Both lists always: how long it takes tells nothing. */
	int full = secrets_match(&c->token, token);
	int reading = secrets_match(&c->read_token, token);
	*which = (size_t)(full >= 0 ? full : reading >= 0 ? reading : 0);
	if (full >= 0)
		return &by_token;
	return reading >= 0 ? &by_read_token : NULL;
}

/* ---- guesses ---------------------------------------------------------------
 */

static struct rate guess_rate = {GUESSES, GUESS_WINDOW_MS};
static const struct rate_list guess_rates = {&guess_rate, 1};

static bool address_of(const struct request *r, struct address *who)
{
	return address_parse(r->client, who) == 0;
}

int64_t admin_guess_wait(struct admin *a, const struct request *r)
{
	struct address who;
	if (!address_of(r, &who))
		return 0;
	return rate_table_wait(a->guesses, &guess_rates, STR("admin"), &who,
			       clock_mono_ms());
}

void admin_guessed(struct admin *a, const struct request *r)
{
	struct address who;
	metrics_rejected(a->road->metrics, NULL, "admin_token");
	if (address_of(r, &who))
		(void)!rate_table_take(a->guesses, &guess_rates, STR("admin"),
				       &who, clock_mono_ms());
}

void admin_reply_guesses(struct exchange *x, int64_t wait_ms)
{
	char seconds[24];
	int n = snprintf(seconds, sizeof(seconds), "%lld",
			 (long long)(wait_ms + 999) / 1000);
	struct reply reply = {
	    .status = 429,
	    .body = STR("{\"error\":{\"code\":\"too_many_guesses\","
			"\"message\":\"too many wrong tokens from this "
			"address\"}}\n"),
	};
	reply.extra[reply.n_extra++] = (struct header){
	    STR("Retry-After"), (struct str){seconds, (size_t)n}};
	exchange_reply(x, &reply);
}

/* ---- where a browser was sent from -----------------------------------------
 */

/* "host", "host:1" and "[::1]:1" without port and brackets. */
static struct str bare_host(struct str host)
{
	long colon = -1;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == ':')
			colon = (long)i;
	if (str_starts(host, STR("["))) {
		long end = str_find(host, ']');
		return end > 0 ? str_sub(host, 1, (size_t)end) : host;
	}
	return colon >= 0 ? str_sub(host, 0, (size_t)colon) : host;
}

static bool iends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       str_ieq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

bool admin_host_known(struct str host, bool local, const struct text_list *own)
{
	struct address address;
	struct str name = bare_host(host);
	if (name.n == 0 || address_parse(name, &address) == 0 ||
	    str_ieq(name, STR("localhost")) || iends(name, STR(".localhost")))
		return true; /* without Host: no browser */
	for (size_t i = 0; i < own->n; i++)
		if (str_ieq(name, str_from(own->v[i])))
			return true;
	return local && str_find(name, '.') < 0;
}

bool admin_origin_own(const struct request *r)
{
	struct str site = request_header(r, "Sec-Fetch-Site");
	struct str origin = request_header(r, "Origin");
	if (site.n > 0 && !str_eq(site, STR("same-origin")) &&
	    !str_eq(site, STR("none")))
		return false;
	if (origin.p == NULL)
		return true;
	long scheme = str_find_str(origin, STR("://"));
	if (scheme < 0)
		return false; /* "null" */
	return str_ieq(str_sub(origin, (size_t)scheme + 3, origin.n),
		       request_header(r, "Host"));
}

/* ---- a request -------------------------------------------------------------
 */

/* These show nothing that is not in everybody's copy of the program. A link
 * from elsewhere must find them without the cookie, which is SameSite=Strict.
 */
static bool is_open(const struct request *r)
{
	return str_eq(r->path, STR("/")) || str_eq(r->path, STR("/login")) ||
	       str_eq(r->path, STR("/logout")) ||
	       str_starts(r->path, STR("/assets/"));
}

static const struct admin_actor *by_cookie(struct admin *a,
					   const struct request *r)
{
	char name[SESSION_NAME];
	const struct admin_config *c = &a->road->config->admin;
	struct str secret = queue_secret(a->road->queue);
	session_name(secret, name);
	struct str cookie = session_cookie(r, name);
	struct session_keys full = {secret, &c->token, 'f'};
	struct session_keys reading = {secret, &c->read_token, 'r'};
	int64_t now = clock_wall_ms();
	if (session_good(&a->sessions, &full, cookie, now))
		return &by_page;
	return session_good(&a->sessions, &reading, cookie, now)
		   ? &by_page_reading
		   : NULL;
}

/* Only who has the token may say that Host does not matter. */
static const struct admin_actor *by_bearer(struct admin *a, struct exchange *x,
					   struct str token)
{
	const struct request *r = exchange_request(x);
	size_t which;
	int64_t wait_ms = admin_guess_wait(a, r);
	if (wait_ms > 0) {
		metrics_rejected(a->road->metrics, NULL, "admin_guesses");
		admin_reply_guesses(x, wait_ms);
		return NULL;
	}
	const struct admin_actor *actor = admin_token_actor(a, token, &which);
	if (actor != NULL)
		return actor;
	admin_guessed(a, r);
	admin_reply_error(x, 401, "unauthorized",
			  "bearer token missing or wrong");
	return NULL;
}

static const struct admin_actor *refuse_browser(struct admin *a,
						struct exchange *x, int status)
{
	metrics_rejected(a->road->metrics, NULL,
			 status == 421 ? "admin_host" : "admin_origin");
	if (status == 421)
		admin_reply_error(x, 421, "unknown_host",
				  "this name is not in admin.hosts");
	else
		admin_reply_error(x, 403, "cross_origin",
				  "asked for by a page of another origin");
	return NULL;
}

const struct admin_actor *admin_admit(struct admin *a, struct exchange *x)
{
	const struct request *r = exchange_request(x);
	bool local = str_eq(r->client, STR("unix"));
	struct str bearer = request_header(r, "Authorization");
	bool has_bearer = !local && str_istarts(bearer, STR("Bearer "));
	if (!has_bearer && !admin_host_known(request_header(r, "Host"), local,
					     &a->road->config->admin.hosts))
		return refuse_browser(a, x, 421);
	bool shown = is_open(r) && r->method == HTTP_GET;
	if (!shown && !admin_origin_own(r))
		return refuse_browser(a, x, 403);
	if (local)
		return &over_socket;
	if (has_bearer)
		return by_bearer(a, x, str_trim(str_sub(bearer, 7, bearer.n)));
	const struct admin_actor *actor = by_cookie(a, r);
	if (actor != NULL)
		return actor;
	if (is_open(r))
		return &nobody;
	metrics_rejected(a->road->metrics, NULL, "admin_token");
	admin_reply_error(x, 401, "unauthorized",
			  "bearer token missing or wrong");
	return NULL;
}
