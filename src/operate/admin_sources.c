/* SPDX-License-Identifier: MIT */
/*
 * What the admin API says and does about sources. A URL token is a secret and
 * never shown: the word TOKEN stands in its place. Loop thread.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/member.h"
#include "operate/admin_internal.h"

enum { SOURCES_TEXT_MAX = 8 << 20 };

/* What is pasted into the sender's settings, secrets as words. */
static void add_url(struct buf *b, const struct config *config,
		    const struct source *s)
{
	struct str base = str_from(config->public_url);
	if (str_ends(base, STR("/")))
		base.n--;
	struct buf url;
	buf_init(&url, 4096);
	buf_add_str(&url, base);
	buf_addf(&url, "/in/%s%s", s->name, s->token.n > 0 ? "/TOKEN" : "");
	if (s->param_name != NULL)
		buf_addf(&url, "?%s=VALUE", s->param_name);
	buf_addf(b, ",\"url\":");
	buf_add_json(b, buf_str(&url));
	buf_release(&url);
}

static void add_counts(struct buf *b, const struct source *s,
		       const struct metrics_source *m)
{
	buf_addf(b,
		 ",\"accepted\":%llu,\"duplicates\":%llu,\"rejected\":%llu,"
		 "\"secrets\":%zu,\"last_secret\":",
		 (unsigned long long)m->accepted,
		 (unsigned long long)m->duplicates,
		 (unsigned long long)m->rejected, s->secret.n);
	if (m->last_secret >= 0)
		buf_addf(b, "%d", m->last_secret + 1);
	else
		buf_addf(b, "null");
	member_time(b, "last_event", m->last_event_ms);
	int64_t age_s = (clock_wall_ms() - m->last_event_ms) / 1000;
	if (m->last_event_ms > 0)
		buf_addf(b, ",\"last_event_s\":%lld",
			 (long long)(age_s > 0 ? age_s : 0));
	else
		buf_addf(b, ",\"last_event_s\":null");
}

static void add_source(struct buf *b, struct road *r, const struct source *s)
{
	struct metrics_source counts;
	metrics_source(r->metrics, str_from(s->name), &counts);
	buf_addf(b, "{\"name\":\"%s\",\"platform\":\"%s\",\"destinations\":[",
		 s->name, s->ops->platform);
	for (size_t i = 0; i < s->destinations.n; i++)
		buf_addf(b, "%s\"%s\"", i > 0 ? "," : "", s->destinations.v[i]);
	buf_add_char(b, ']');
	add_url(b, r->config, s);
	add_counts(b, s, &counts);
	buf_addf(b, ",\"expect\":");
	if (s->expect != NULL)
		buf_add_json(b, str_from(s->expect));
	else
		buf_addf(b, "null");
	buf_addf(b, ",\"held\":%zu}", held_count(r->held, str_from(s->name)));
}

void admin_get_sources(struct admin_call *c)
{
	struct road *r = c->admin->road;
	struct buf b;
	buf_init(&b, SOURCES_TEXT_MAX);
	buf_addf(&b, "{\"sources\":[");
	for (size_t i = 0; i < r->config->n_sources; i++) {
		if (i > 0)
			buf_add_char(&b, ',');
		add_source(&b, r, r->config->sources[i]);
	}
	buf_addf(&b, "]}\n");
	admin_reply_buf(c->exchange, &b);
}

void admin_post_retry_held(struct admin_call *c)
{
	struct road *r = c->admin->road;
	struct held_retry done;
	struct buf b;
	const struct source *source = config_source(r->config, c->subject);
	if (source == NULL) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such source");
		return;
	}
	road_retry_held(r, source, &done);
	log_info("held_retried", "source=%s proven=%zu refused=%zu",
		 source->name, done.proven, done.refused);
	buf_init(&b, 512);
	buf_addf(&b, "{\"proven\":%zu,\"refused\":%zu", done.proven,
		 done.refused);
	if (done.why != NULL)
		buf_addf(&b, ",\"why\":\"%s\"", done.why);
	buf_addf(&b, "}\n");
	admin_reply_buf(c->exchange, &b);
}
