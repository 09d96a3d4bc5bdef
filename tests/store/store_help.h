/* SPDX-License-Identifier: MIT */
/*
 * What the store tests share: a store in a folder of its own, submissions and
 * settlements in a line each. Written against struct store_ops only.
 */
#ifndef LB_TEST_STORE_HELP_H
#define LB_TEST_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "leadbridge/lead.h"
#include "queue/store.h"

#define T0  INT64_C(1790000000000) /* some day */
#define DAY INT64_C(86400000)

struct fixture {
	char dir[64];
	char *path;
	struct store_config config;
	const struct store_ops *ops;
	struct store *store;
	struct store_reader *reader;
};

static inline void must(int rc, const struct err *err)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, err != NULL ? err->text : "");
}

/* A person's command on one unit; its leads that wait now are *due. */
static inline int command(struct fixture *f, enum query_kind kind, int64_t id,
			  int64_t now_ms, struct due_lead **due)
{
	struct err err = {0};
	struct query *q = query_new(kind);
	q->id = id;
	int rc = f->ops->command(f->store, q, now_ms, &err);
	if (due != NULL) {
		*due = q->due;
		q->due = NULL;
	}
	query_free(q);
	return rc;
}

static inline void fixture_open(struct fixture *f)
{
	struct err err = {0};
	must(f->ops->open(&f->store, &f->config, &err), &err);
	must(f->ops->reader_open(&f->reader, &f->config, &err), &err);
}

static inline void fixture_shut(struct fixture *f)
{
	f->ops->reader_close(f->reader);
	f->reader = NULL;
	if (f->store != NULL)
		f->ops->close(f->store);
	f->store = NULL;
}

static inline void fixture_reopen(struct fixture *f)
{
	fixture_shut(f);
	fixture_open(f);
}

static inline void fixture_make(struct fixture *f)
{
	*f = (struct fixture){.dir = "/tmp/lb_store.XXXXXX"};
	assert_non_null(mkdtemp(f->dir));
	f->path = xasprintf("%s/store.db", f->dir);
	f->config.path = f->path;
	f->ops = store_find("sqlite");
	assert_non_null(f->ops);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	fixture_make(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static inline void fixture_remove(struct fixture *f)
{
	static const char *const tails[] = {
	    "", "-wal", "-shm", ".lock", ".reserve", ".v2", ".v2.part"};
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		char *name = xasprintf("%s%s", f->path, tails[i]);
		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f->path);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	fixture_shut(f);
	fixture_remove(f);
	free(f);
	return 0;
}

/* ---- submissions ------------------------------------------------------- */

static inline struct submission *sub_new(const char *source, int64_t at)
{
	struct submission *s = submission_new();
	s->source = arena_copy(&s->arena, str_from(source));
	s->received_at_ms = at;
	s->content_type = STR("application/json");
	s->target = STR("/hooks/x");
	s->headers = STR("X-Topic: orders/create\n");
	s->body = STR("{\"raw\":\"bytes\"}");
	s->events = arena_alloc(&s->arena, 64 * sizeof(*s->events));
	s->units = arena_alloc(&s->arena, 256 * sizeof(*s->units));
	return s;
}

static inline struct new_event *sub_event(struct submission *s, const char *id,
					  uint32_t units, enum unit_state state)
{
	struct new_event *e = &s->events[s->n_events];
	unsigned char digest[DIGEST_MAX];
	const struct str parts[] = {s->source, STR("/"), str_from(id)};
	crypto_digest(DIGEST_SHA256, parts, 3, digest);
	memcpy(e->hash, digest, sizeof(e->hash));
	e->id = arena_copy(&s->arena, str_from(id));
	e->topic = STR("orders/create");
	e->n_units = units;
	for (uint32_t i = 0; i < units; i++) {
		struct new_unit *u = &s->units[s->n_units++];
		u->event = s->n_events;
		u->index = i;
		u->state = state;
		if (state == UNIT_WAITING) {
			u->destination = STR("mega");
			u->body = arena_printf(&s->arena,
					       "{\"lead\":\"%s-%u\"}", id, i);
			lead_key(u->key, s->source, e->id, i, u->destination,
				 0);
		} else {
			u->reason = STR("no_idea");
		}
	}
	s->n_events++;
	return e;
}

static inline struct submission *sub_one(const char *source, const char *id,
					 int64_t at)
{
	struct submission *s = sub_new(source, at);
	(void)sub_event(s, id, 1, UNIT_WAITING);
	return s;
}

/* ---- transactions ------------------------------------------------------ */

static inline void begin(struct fixture *f)
{
	struct err err = {0};
	must(f->ops->begin(f->store, &err), &err);
}

static inline void commit_at(struct fixture *f, int64_t now_ms)
{
	struct err err = {0};
	must(f->ops->commit(f->store, now_ms, &err), &err);
	must(f->ops->upkeep(f->store, &err), &err);
}

static inline void commit(struct fixture *f)
{
	commit_at(f, T0);
}

/* Stores it in a transaction of its own; returns the id of its first unit. */
static inline int64_t store_sub(struct fixture *f, struct submission *s)
{
	struct err err = {0};
	begin(f);
	must(f->ops->put(f->store, s, &err), &err);
	commit(f);
	int64_t id = 0;
	for (uint32_t i = 0; i < s->n_units && id == 0; i++)
		id = s->units[i].id;
	submission_free(s);
	return id;
}

static inline int64_t store_one(struct fixture *f, const char *id, int64_t at)
{
	return store_sub(f, sub_one("shop", id, at));
}

struct settle {
	int64_t id;
	enum unit_state state;
	enum outcome outcome;
	int status;
	int64_t at, due;
	uint32_t generation;
	const char *reason;
};

static inline int settle_in(struct fixture *f, const struct settle *w,
			    struct err *err)
{
	struct due_lead lead = {.id = w->id,
				.source = STR("shop"),
				.destination = STR("mega"),
				.generation = w->generation};
	struct settlement t = {
	    .lead = &lead,
	    .state = w->state,
	    .counts = true,
	    .started_at_ms = w->at != 0 ? w->at : T0,
	    .duration_ms = 12,
	    .due_at_ms = w->due,
	    .outcome = w->outcome,
	    .http_status = w->status,
	    .reason = w->reason,
	};
	if (w->state == UNIT_DELIVERED)
		(void)snprintf(t.crm_id, sizeof(t.crm_id), "crm-%lld",
			       (long long)w->id);
	return f->ops->settle(f->store, &t, err);
}

static inline int settle_one(struct fixture *f, struct settle w)
{
	struct err err = {0};
	begin(f);
	int rc = settle_in(f, &w, &err);
	commit(f);
	return rc;
}

#define DELIVER(lead)                                                          \
	((struct settle){.id = (lead),                                         \
			 .state = UNIT_DELIVERED,                              \
			 .outcome = OUTCOME_SENT,                              \
			 .status = 201})
#define KILL(lead, code, why)                                                  \
	((struct settle){.id = (lead),                                         \
			 .state = UNIT_DEAD,                                   \
			 .outcome = OUTCOME_DEAD,                              \
			 .status = (code),                                     \
			 .reason = (why)})
#define AGAIN(lead, when)                                                      \
	((struct settle){.id = (lead),                                         \
			 .state = UNIT_WAITING,                                \
			 .outcome = OUTCOME_RETRY,                             \
			 .status = 503,                                        \
			 .reason = "http_503",                                 \
			 .due = (when)})

/* ---- questions --------------------------------------------------------- */

static inline struct query *ask(struct fixture *f, enum query_kind kind,
				int64_t id)
{
	struct query *q = query_new(kind);
	q->id = id;
	q->reveal = true;
	q->result = f->ops->answer(f->reader, q);
	return q;
}

static inline struct query *ask_ledger(struct fixture *f)
{
	struct query *q = query_new(QUERY_LEDGER);
	q->scan = true;
	must(f->ops->answer(f->reader, q), &q->err);
	return q;
}

/* Counts every row; fails when the ledger is wrong. */
static inline struct ledger_row balanced(struct fixture *f)
{
	struct query *q = ask_ledger(f);
	struct ledger_row row = q->ledger.total;
	int64_t sum = 0;
	assert_int_equal(q->ledger.difference, 0);
	for (int i = 0; i < UNIT_STATES; i++)
		sum += row.states[i];
	assert_int_equal(row.accepted, sum);
	struct queue_gauges g = {0};
	f->ops->totals(f->store, &g);
	assert_int_equal(g.accepted, row.accepted);
	assert_int_equal(g.duplicates, row.duplicates);
	for (int i = 0; i < UNIT_STATES; i++)
		assert_int_equal(g.states[i], row.states[i]);
	query_free(q);
	return row;
}

/* Whether the unit's JSON holds the text. */
static inline bool lead_says(struct fixture *f, int64_t id, const char *text)
{
	struct query *q = ask(f, QUERY_LEAD, id);
	bool found = q->result == 0 &&
		     str_find_str(buf_str(&q->json), str_from(text)) >= 0;
	if (!found)
		print_message("lead %lld: %.*s\n", (long long)id,
			      STR_FMT(buf_str(&q->json)));
	query_free(q);
	return found;
}

/* Days: raw requests are kept 30, leads 90, attempts 10, event ids 400. */
static inline void tidy_at(struct fixture *f, int64_t now)
{
	const struct retain_config keep = {.payloads_ms = 30 * DAY,
					   .leads_ms = 90 * DAY,
					   .attempts_ms = 10 * DAY,
					   .keys_ms = 400 * DAY};
	struct err err = {0};
	bool more = true;
	for (int i = 0; more; i++) {
		assert_true(i < 10000);
		more = false;
		must(f->ops->tidy(f->store, &keep, now, &more, &err), &err);
	}
}

#endif
