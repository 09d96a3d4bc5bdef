/* SPDX-License-Identifier: MIT */
/*
 * Access tokens of an account with api.oauth: one refresh at a time, kept in
 * memory only, fetched when a lead is due. A refresh token that changes with
 * use would be lost with the process, so one that does is an alarm. Delivery
 * thread only.
 */
#include <stdlib.h>

#include "base/clock.h"
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
	FORM_MAX = 16 * 1024,
};

static void add_field(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, "&%s=", name);
	for (size_t i = 0; i < value.n; i++)
		buf_addf(b, "%%%02X", (unsigned char)value.p[i]);
}

static void failed(struct destination *d, const char *reason)
{
	struct account *a = d->account;
	a->refresh_pause =
	    a->refresh_pause == 0 ? PAUSE_FIRST_MS : a->refresh_pause * 2;
	if (a->refresh_pause > PAUSE_MOST_MS)
		a->refresh_pause = PAUSE_MOST_MS;
	a->refresh_at = clock_mono_ms() + a->refresh_pause;
	destination_alarm(d, reason);
}

static void got_token(struct destination *d, const struct value *answer,
		      struct str token)
{
	struct account *a = d->account;
	int64_t now = clock_mono_ms(), life = LIFE_DEFAULT_S;
	if (str_to_int(value_member(answer, "expires_in"), 1, LIFE_MAX_S,
		       &life) != 0)
		life = LIFE_DEFAULT_S;
	life = life * 1000 > 2 * EARLY_MS ? life * 1000 - EARLY_MS : life * 500;
	struct str again = value_member(answer, "refresh_token");
	if (again.n > 0 &&
	    !str_eq(again, secret_str(&a->source->api.oauth.refresh_token)))
		destination_alarm(d, "oauth_token_changed");
	a->access_got = now;
	a->access_until = now + life;
	a->refresh_pause = 0;
	account_authorize(a, token);
	destination_retarget(d);
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] == 0x7F)
			return false;
	return s.n > 0;
}

/* Some say 200 and {"error": ...} to a dead refresh token. */
static void judge(struct destination *d, const struct attempt_result *r)
{
	struct payload_limits limits = {.depth = 8, .values = 200};
	struct arena scratch;
	struct value *answer = NULL;
	if (r->transport != TRANSPORT_ANSWERED || r->status == 429 ||
	    r->status >= 500) {
		failed(d, "oauth_unreachable");
		return;
	}
	arena_init(&scratch);
	if (payload_json(&scratch, r->body, &limits, false, &answer, NULL) != 0)
		answer = NULL;
	struct str token = value_member(answer, "access_token");
	if (r->status == 200 && is_token(token))
		got_token(d, answer, token);
	else
		destination_park(d, "oauth_refused", OUTCOME_PARK, 0);
	arena_release(&scratch);
}

static void on_answer(void *ctx, const struct attempt_result *r)
{
	struct destination *d = ctx;
	d->in_flight--;
	d->courier->in_flight--;
	d->account->refreshing = false;
	judge(d, r);
	destination_pump(d);
	d->courier->answered(d->courier->ctx, d);
}

static void refresh(struct destination *d)
{
	struct account *a = d->account;
	const struct oauth_rule *o = &a->source->api.oauth;
	static const char agent[] = "User-Agent: leadbridge/" LB_VERSION;
	const char *headers[] = {
	    "Content-Type: application/x-www-form-urlencoded", agent,
	    "Expect:"};
	struct http_spec spec = {
	    .url = o->token_url,
	    .headers = headers,
	    .n_headers = 3,
	    .connect_timeout_ms = a->config.connect_timeout_ms,
	    .timeout_ms = a->config.timeout_ms,
	    .allow_http = a->config.allow_http,
	    .allow_private = a->config.allow_private,
	};
	struct buf form;
	buf_init(&form, FORM_MAX);
	buf_add_str(&form, STR("grant_type=refresh_token"));
	add_field(&form, "client_id", str_from(o->client_id));
	add_field(&form, "client_secret", secret_str(&o->client_secret));
	add_field(&form, "refresh_token", secret_str(&o->refresh_token));
	struct http_target *t = http_target_new(d->courier->http, &spec);
	struct http_message m = {.path = "",
				 .header = "Accept: application/json",
				 .body = buf_str(&form)};
	a->refreshing = true;
	d->in_flight++;
	d->courier->in_flight++;
	http_send(t, &m, on_answer, d);
	http_target_free(t); /* the call keeps it */
	mem_wipe(form.p, form.n);
	buf_release(&form);
}

bool oauth_ready(struct destination *d, int64_t now, int64_t *wake)
{
	struct account *a = d->account;
	if (a->source->api.oauth.token_url == NULL || a->access_until > now ||
	    scheduler_next_due(d->leads, now) != 0)
		return true;
	*wake = INT64_MAX; /* its answer */
	if (a->refreshing)
		return false;
	if (now < a->refresh_at)
		*wake = a->refresh_at;
	else
		refresh(d);
	return false;
}

bool oauth_refused(struct account *a, int64_t sent_at)
{
	if (a->source->api.oauth.token_url == NULL)
		return false;
	/* Others may have had it replaced since. */
	if (a->access_got > sent_at)
		return true;
	bool aged = sent_at - a->access_got > FRESH_MS;
	a->access_until = 0;
	return aged;
}
