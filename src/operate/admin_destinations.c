/* SPDX-License-Identifier: MIT */
/*
 * What the admin API says and does about destinations, and about the queues in
 * which records wait for their fetch. Loop thread.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "operate/admin_internal.h"

enum { DRAIN_MOST_MS = 7 * 24 * 3600 * 1000 };

static int64_t waiting_of(const struct metrics_inputs *in, const char *name)
{
	for (size_t i = 0; i < in->n_backlog; i++)
		if (strcmp(in->backlog[i].name, name) == 0)
			return in->backlog[i].waiting;
	return 0;
}

void admin_add_destinations(struct buf *b, const struct metrics_inputs *in)
{
	buf_addf(b, "\"destinations\":[");
	for (size_t i = 0; i < in->n_status; i++) {
		const struct destination_status *s = &in->status[i];
		buf_addf(
		    b, "%s{\"name\":\"%s\",\"condition\":\"%s\",\"reason\":",
		    i > 0 ? "," : "", s->name, condition_name(s->condition));
		buf_add_json(b, str_from(s->reason));
		admin_add_time(b, "since", s->since_ms);
		admin_add_time(b, "until", s->until_ms);
		buf_addf(b,
			 ",\"waiting\":%lld,\"sending\":%lld,\"active\":%lld,"
			 "\"concurrency\":%lld,\"tokens_left\":%lld,"
			 "\"delivered\":%lld,\"retried\":%lld,"
			 "\"limited\":%lld,\"dead\":%lld}",
			 (long long)waiting_of(in, s->name),
			 (long long)s->sending, (long long)s->active,
			 (long long)s->concurrency, (long long)s->tokens_left,
			 (long long)s->delivered, (long long)s->retried,
			 (long long)s->limited, (long long)s->dead);
	}
	buf_add_char(b, ']');
}

void admin_get_destinations(struct admin_call *c)
{
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, ADMIN_TEXT_MAX);
	road_inputs(c->admin->road, &in);
	buf_add_char(&b, '{');
	admin_add_destinations(&b, &in);
	buf_addf(&b, "}\n");
	road_inputs_release(&in);
	admin_reply_buf(c->exchange, &b);
}

/* A destination, or "@SOURCE", whose records are fetched. */
static bool is_known(const struct config *config, struct str name)
{
	if (name.n == 0 || name.p[0] != '@')
		return config_destination(config, name) != NULL;
	struct str account;
	struct str queue = str_cut(name, ':', &account);
	const struct source *source =
	    config_source(config, str_sub(queue, 1, queue.n));
	return source != NULL && source_fetches(source) &&
	       (account.n == 0 ||
		source_account_token(source, account) != NULL);
}

static void command(struct admin_call *c, enum destination_command what)
{
	struct road *r = c->admin->road;
	if (!is_known(r->config, c->subject)) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such destination");
		return;
	}
	char name[QUEUE_NAME];
	(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(c->subject));
	log_info("destination_command", "destination=%s command=%s", name,
		 what == DESTINATION_PAUSE ? "pause" : "resume");
	admin_note(c,
		   what == DESTINATION_PAUSE ? "destination.pause"
					     : "destination.resume",
		   c->subject);
	delivery_command(r->delivery, name, what);
	admin_reply_json(c->exchange, 200, STR("{\"status\":\"ok\"}\n"));
}

void admin_post_pause(struct admin_call *c)
{
	command(c, DESTINATION_PAUSE);
}

void admin_post_resume(struct admin_call *c)
{
	command(c, DESTINATION_RESUME);
}

void admin_post_drain(struct admin_call *c)
{
	struct road *r = c->admin->road;
	char name[QUEUE_NAME];
	int64_t for_ms;
	if (!is_known(r->config, c->subject)) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such destination");
		return;
	}
	if (str_to_duration(value_member(c->params, "for"), &for_ms) != 0 ||
	    for_ms < 1000 || for_ms > DRAIN_MOST_MS) {
		admin_reply_error(c->exchange, 400, "query",
				  "'for' is a time from 1s to 7d");
		return;
	}
	(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(c->subject));
	log_info("destination_command", "destination=%s command=drain", name);
	admin_note(c, "destination.drain", c->subject);
	delivery_drain(r->delivery, name, for_ms);
	admin_reply_json(c->exchange, 200, STR("{\"status\":\"ok\"}\n"));
}
