/* SPDX-License-Identifier: MIT */
/*
 * Access tokens of accounts with api.oauth. Whoever shares a refresh token
 * shares one refresher: one refresh at a time, when a lead is due. Providers
 * may give a new refresh token with each use and take the old one back; so what
 * came of a refresh is used only when the store has committed the new refresh
 * token. Access tokens are kept in memory only. Delivery thread only.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/mem.h"
#include "delivery/fetch.h"
#include "payload/payload.h"

enum {
	EARLY_MS = 60 * 1000,  /* before it ends */
	LIFE_DEFAULT_S = 3600, /* where the answer does not say */
	LIFE_MAX_S = 7 * 24 * 3600,
	PAUSE_FIRST_MS = 5 * 1000,
	PAUSE_MOST_MS = 120 * 1000,
	FRESH_MS = 60 * 1000, /* a token this young is not at fault */
	OTHERS_MS = 250,      /* another account is getting the token */
	FORM_MAX = 16 * 1024,
	TOKEN_MAX = 4 * 1024,
};

struct refresher {
	struct refresher *next;
	unsigned char id[32]; /* see struct credential */
	char *refresh_token, *access_token;
	unsigned access_n;  /* counts the access tokens */
	int64_t got, until; /* of the access token; monotonic */
	int64_t refresh_at, pause;
	enum { LOOKUP_NEVER, LOOKUP_ASKED, LOOKUP_DONE } lookup;
	struct destination *asker; /* of the refresh under way, or NULL */
	/* What a refresh gave, until its refresh token is committed: */
	char *next_access;
	int64_t next_until;
	struct credential *refused; /* by the store: again in a second */
	unsigned round;
};

struct refreshers {
	struct refresher *list;
	unsigned round;
};

static void wipe(char **text)
{
	if (*text != NULL)
		mem_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* ---- life ---------------------------------------------------------------- */

struct refreshers *refreshers_new(void)
{
	return xcalloc(1, sizeof(struct refreshers));
}

static void refresher_free(struct refresher *r)
{
	wipe(&r->refresh_token);
	wipe(&r->access_token);
	wipe(&r->next_access);
	credential_free(r->refused);
	free(r);
}

void refreshers_free(struct refreshers *r)
{
	while (r != NULL && r->list != NULL) {
		struct refresher *at = r->list;
		r->list = at->next;
		refresher_free(at);
	}
	free(r);
}

void refreshers_begin(struct refreshers *r)
{
	r->round++;
}

/* One that waits for an answer is needed by that. */
static bool is_busy(const struct refresher *r)
{
	return r->asker != NULL || r->lookup == LOOKUP_ASKED ||
	       r->next_access != NULL;
}

void refreshers_sweep(struct refreshers *r)
{
	struct refresher **at = &r->list;
	while (*at != NULL) {
		struct refresher *one = *at;
		if (one->round == r->round || is_busy(one)) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		refresher_free(one);
	}
}

static void identify(const struct source *source, struct str refresh_token,
		     unsigned char id[32])
{
	unsigned char digest[DIGEST_MAX];
	struct str parts[] = {str_from(source_token_url(source)), STR("\n"),
			      str_from(source->api.oauth.client_id), STR("\n"),
			      refresh_token};
	crypto_digest(DIGEST_SHA256, parts, 5, digest);
	memcpy(id, digest, 32);
}

static struct refresher *find(const struct refreshers *r,
			      const unsigned char id[32])
{
	struct refresher *at = r->list;
	while (at != NULL && memcmp(at->id, id, 32) != 0)
		at = at->next;
	return at;
}

struct refresher *refreshers_get(struct refreshers *r,
				 const struct source *source,
				 struct str refresh_token)
{
	unsigned char id[32];
	identify(source, refresh_token, id);
	struct refresher *found = find(r, id);
	if (found == NULL) {
		found = xcalloc(1, sizeof(*found));
		memcpy(found->id, id, sizeof(id));
		found->refresh_token = xstr_dup(refresh_token);
		found->next = r->list;
		r->list = found;
	}
	found->round = r->round;
	return found;
}

/* ---- the store ----------------------------------------------------------- */

static struct credential *credential_new(const struct refresher *r,
					 const struct courier *courier,
					 struct str token)
{
	struct credential *c = xcalloc(1, sizeof(*c));
	memcpy(c->id, r->id, sizeof(c->id));
	c->keep = token.n > 0;
	c->token = token.n > 0 ? xstr_dup(token) : NULL;
	c->asker = courier->ctx;
	return c;
}

static void look_up(struct refresher *r, const struct courier *courier)
{
	const struct delivery_ops *ops = &courier->ops;
	r->lookup = ops->credential != NULL ? LOOKUP_ASKED : LOOKUP_DONE;
	if (r->lookup == LOOKUP_ASKED)
		ops->credential(ops->ctx, credential_new(r, courier, STR_NONE));
}

static void adopt(struct refresher *r)
{
	fault_point("token_kept");
	wipe(&r->access_token);
	r->access_token = r->next_access;
	r->next_access = NULL;
	r->access_n++;
	r->got = clock_mono_ms();
	r->until = r->next_until;
	r->pause = 0;
}

static void replace_refresh_token(struct refresher *r, struct credential *c)
{
	wipe(&r->refresh_token);
	r->refresh_token = c->token;
	c->token = NULL;
}

static void looked_up(struct refresher *r, struct credential *c)
{
	/* A store that cannot be read now may be later. */
	r->lookup = c->result == 0 ? LOOKUP_DONE : LOOKUP_NEVER;
	if (c->result == 0 && c->token != NULL)
		replace_refresh_token(r, c);
}

void refreshers_answer(struct refreshers *list, struct credential *c)
{
	struct refresher *r = find(list, c->id);
	if (r == NULL) {
		credential_free(c);
		return;
	}
	if (!c->keep) {
		looked_up(r, c);
	} else if (c->result != 0) {
		credential_free(r->refused);
		r->refused = c;
		return;
	} else {
		replace_refresh_token(r, c);
		adopt(r);
	}
	credential_free(c);
}

void refreshers_tick(struct refreshers *list, struct courier *courier)
{
	for (struct refresher *r = list->list; r != NULL; r = r->next) {
		struct credential *c = r->refused;
		r->refused = NULL;
		if (c != NULL)
			courier->ops.credential(courier->ops.ctx, c);
	}
}

/* ---- a refresh ----------------------------------------------------------- */

static void add_field(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, "&%s=", name);
	for (size_t i = 0; i < value.n; i++)
		buf_addf(b, "%%%02X", (unsigned char)value.p[i]);
}

static void failed(struct destination *d, struct refresher *r,
		   const char *reason)
{
	r->pause = r->pause == 0 ? PAUSE_FIRST_MS : r->pause * 2;
	if (r->pause > PAUSE_MOST_MS)
		r->pause = PAUSE_MOST_MS;
	r->refresh_at = clock_mono_ms() + r->pause;
	destination_alarm(d, reason);
}

static void got_tokens(struct destination *d, struct refresher *r,
		       const struct value *answer)
{
	const struct courier *courier = d->courier;
	int64_t life = LIFE_DEFAULT_S;
	if (str_to_int(value_member(answer, "expires_in"), 1, LIFE_MAX_S,
		       &life) != 0)
		life = LIFE_DEFAULT_S;
	life = life * 1000 > 2 * EARLY_MS ? life * 1000 - EARLY_MS : life * 500;
	struct str again = value_member(answer, "refresh_token");
	wipe(&r->next_access);
	r->next_access = xstr_dup(value_member(answer, "access_token"));
	r->next_until = clock_mono_ms() + life;
	fault_point("token_refreshed");
	if (again.n == 0 || str_eq(again, str_from(r->refresh_token))) {
		adopt(r);
	} else if (courier->ops.credential == NULL) {
		wipe(&r->refresh_token);
		r->refresh_token = xstr_dup(again);
		adopt(r);
	} else {
		courier->ops.credential(courier->ops.ctx,
					credential_new(r, courier, again));
	}
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7F)
			return false;
	return s.n > 0 && s.n <= TOKEN_MAX;
}

static bool are_tokens(const struct value *answer)
{
	struct str again = value_member(answer, "refresh_token");
	return is_token(value_member(answer, "access_token")) &&
	       (again.n == 0 || is_token(again));
}

/* Some say 200 and {"error": ...} to a dead refresh token. */
static void judge(struct destination *d, struct refresher *r,
		  const struct attempt_result *result)
{
	struct payload_limits limits = {.depth = 8, .values = 200};
	struct arena scratch;
	struct value *answer = NULL;
	if (result->transport != TRANSPORT_ANSWERED || result->status == 429 ||
	    result->status >= 500) {
		failed(d, r, "oauth_unreachable");
		return;
	}
	arena_init(&scratch);
	if (payload_json(&scratch, result->body, &limits, false, &answer,
			 NULL) != 0)
		answer = NULL;
	if (result->status == 200 && are_tokens(answer))
		got_tokens(d, r, answer);
	else
		destination_park(d, "oauth_refused", OUTCOME_PARK, 0);
	arena_release(&scratch);
}

static void on_answer(void *ctx, const struct attempt_result *result)
{
	struct refresher *r = ctx;
	struct destination *d = r->asker;
	r->asker = NULL;
	d->in_flight--;
	d->courier->in_flight--;
	judge(d, r, result);
	destination_pump(d);
	d->courier->answered(d->courier->ctx, d);
}

static void write_form(const struct account *a, struct buf *form)
{
	const struct oauth_rule *o = &a->source->api.oauth;
	buf_add_str(form, STR("grant_type=refresh_token"));
	add_field(form, "client_id", str_from(o->client_id));
	add_field(form, "client_secret", secret_str(&o->client_secret));
	add_field(form, "refresh_token", str_from(a->refresher->refresh_token));
}

static void refresh(struct destination *d)
{
	struct account *a = d->account;
	static const char agent[] = "User-Agent: leadbridge/" LB_VERSION;
	const char *headers[] = {
	    "Content-Type: application/x-www-form-urlencoded", agent,
	    "Expect:"};
	struct http_spec spec = {
	    .url = source_token_url(a->source),
	    .headers = headers,
	    .n_headers = 3,
	    .connect_timeout_ms = a->config.connect_timeout_ms,
	    .timeout_ms = a->config.timeout_ms,
	    .allow_http = a->config.allow_http,
	    .allow_private = a->config.allow_private,
	};
	struct buf form;
	buf_init(&form, FORM_MAX);
	write_form(a, &form);
	struct http_target *t = http_target_new(d->courier->http, &spec);
	struct http_message m = {.path = "",
				 .header = "Accept: application/json",
				 .body = buf_str(&form)};
	a->refresher->asker = d;
	d->in_flight++;
	d->courier->in_flight++;
	http_send(t, &m, on_answer, a->refresher);
	http_target_free(t); /* the call keeps it */
	mem_wipe(form.p, form.n);
	buf_release(&form);
}

/* ---- what an account asks ------------------------------------------------ */

/* Another account may have had it replaced. */
static void follow(struct destination *d)
{
	struct account *a = d->account;
	if (a->token_n == a->refresher->access_n)
		return;
	a->token_n = a->refresher->access_n;
	account_authorize(a, str_from(a->refresher->access_token));
	destination_retarget(d);
}

bool oauth_ready(struct destination *d, int64_t now, int64_t *wake)
{
	struct refresher *r = d->account->refresher;
	if (r == NULL)
		return true;
	if (r->until > now) {
		follow(d);
		return true;
	}
	if (scheduler_next_due(d->leads, now) != 0)
		return true;
	*wake = now + OTHERS_MS;
	if (r->lookup == LOOKUP_NEVER)
		look_up(r, d->courier);
	if (r->lookup != LOOKUP_DONE || r->asker != NULL ||
	    r->next_access != NULL)
		return false;
	if (now < r->refresh_at)
		*wake = r->refresh_at;
	else
		refresh(d);
	return false;
}

bool oauth_refreshing(const struct account *a)
{
	return a->refresher != NULL && (a->refresher->asker != NULL ||
					a->refresher->lookup == LOOKUP_ASKED ||
					a->refresher->next_access != NULL);
}

bool oauth_refused(struct account *a, int64_t sent_at)
{
	struct refresher *r = a->refresher;
	if (r == NULL)
		return false;
	/* Others may have had it replaced since. */
	if (r->got > sent_at)
		return true;
	bool aged = sent_at - r->got > FRESH_MS;
	r->until = 0;
	return aged;
}
