/* SPDX-License-Identifier: MIT */
/*
 * A queue in memory for unit tests of delivery, one that commits at once, and
 * the fixture around it: a CRM, a configuration, a delivery. Included by the
 * tests that need it, which define f by including it.
 */
#ifndef LB_FAKE_QUEUE_H
#define LB_FAKE_QUEUE_H

#include <poll.h>
#include <stdlib.h>

#include "delivery/delivery_ops.h"
#include "fake_crm.h"
#include "leadbridge/lead.h"

enum { UNITS_MAX = 4096, DEADLINE_MS = 20000 };

struct unit {
	int64_t id, received_at_ms, due_at_ms, first_failed_at_ms, triable_ms;
	enum unit_state state;
	uint32_t attempts;
	unsigned char key[16];
	char key_text[LEAD_KEY_TEXT], body[64];
	const char *reason;
	char crm_id[64], *response;
	int settlements;
	enum outcome outcomes[8];
};

/* A queue that commits at once. */
struct fixture {
	struct crm *crm;
	struct delivery *delivery;
	struct config config;
	struct destination_config destination, other;
	struct destination_config *destinations[2];
	struct rate rates[2];
	int64_t retry[4];
	char *url;
	struct lock *lock; /* guards what follows */
	struct unit units[UNITS_MAX];
	size_t n;
	size_t appetite;
	_Atomic int refills;
	int settle_result; /* of the next settlements */
};

static struct fixture *f;

/* ---- the queue ----------------------------------------------------------- */

static inline struct due_lead *lead_of(const struct unit *u,
				       const char *destination)
{
	struct due_lead from = {
	    .id = u->id,
	    .source = STR("shop"),
	    .destination = str_from(destination),
	    .received_at_ms = u->received_at_ms,
	    .due_at_ms = u->due_at_ms,
	    .first_failed_at_ms = u->first_failed_at_ms,
	    .triable_ms = u->triable_ms,
	    .attempts = u->attempts,
	    .body = str_from(u->body),
	};
	memcpy(from.key, u->key, 16);
	return due_lead_new(&from);
}

static inline void commit(struct settlement *s)
{
	struct unit *u = &f->units[s->lead->id - 1];
	s->result = f->settle_result;
	if (s->result != LB_OK)
		return;
	u->state = s->state;
	u->attempts += s->counts;
	u->due_at_ms = s->due_at_ms;
	u->first_failed_at_ms = s->first_failed_at_ms;
	u->triable_ms = s->triable_ms;
	u->reason = s->reason;
	memcpy(u->crm_id, s->crm_id, sizeof(u->crm_id));
	if (s->response != NULL) {
		free(u->response);
		u->response = xstrdup(s->response);
	}
	u->outcomes[u->settlements++ % 8] = s->outcome;
}

static inline void on_settle(void *ctx, struct settlement *s)
{
	(void)ctx;
	lock_take(f->lock);
	commit(s);
	lock_drop(f->lock);
	delivery_settled(f->delivery, s);
}

static inline void on_appetite(void *ctx, const char *destination, size_t n)
{
	(void)ctx, (void)destination;
	lock_take(f->lock);
	f->appetite = n;
	lock_drop(f->lock);
}

static inline void on_refill(void *ctx, const char *destination, size_t fresh,
			     int64_t fresh_after_ms, size_t backlog)
{
	(void)ctx, (void)fresh_after_ms;
	struct due_lead *first = NULL, **last = &first;
	int64_t now = clock_wall_ms(), next = 0;
	size_t left = fresh + backlog;
	bool more = false;
	lock_take(f->lock);
	f->refills++;
	for (size_t i = 0; i < f->n; i++) {
		struct unit *u = &f->units[i];
		if (u->state != UNIT_WAITING)
			continue;
		if (u->due_at_ms > now) {
			if (next == 0 || u->due_at_ms < next)
				next = u->due_at_ms;
		} else if (left == 0) {
			more = true;
		} else {
			*last = lead_of(u, destination);
			last = &(*last)->next;
			left--;
		}
	}
	lock_drop(f->lock);
	delivery_refilled(f->delivery, destination, first, more, next);
}

static inline struct unit *new_unit(const char *body, int64_t age_ms)
{
	struct unit *u = &f->units[f->n++];
	u->id = (int64_t)f->n;
	u->received_at_ms = u->due_at_ms = clock_wall_ms() - age_ms;
	memcpy(u->key, &u->id, sizeof(u->id));
	lead_key_text(u->key, u->key_text);
	(void)!snprintf(u->body, sizeof(u->body), "{\"n\":%lld,\"b\":\"%s\"}",
			(long long)u->id, body);
	return u;
}

/* Accepted and handed over in memory, as far as delivery wants them. */
static inline void accept_leads(size_t n, const char *body)
{
	struct due_lead *first = NULL, **last = &first;
	bool more = false;
	lock_take(f->lock);
	for (size_t i = 0; i < n; i++) {
		struct unit *u = new_unit(body, 0);
		if (f->appetite == 0) {
			more = true;
			continue;
		}
		f->appetite--;
		*last = lead_of(u, "mega");
		last = &(*last)->next;
	}
	lock_drop(f->lock);
	delivery_due(f->delivery, first, more);
}

/* ---- waiting ------------------------------------------------------------- */

static inline size_t in_state(enum unit_state state)
{
	size_t n = 0;
	lock_take(f->lock);
	for (size_t i = 0; i < f->n; i++)
		n += f->units[i].state == state;
	lock_drop(f->lock);
	return n;
}

static inline bool status_of(struct destination_status *out)
{
	struct destination_status *all;
	size_t n;
	delivery_status(f->delivery, &all, &n);
	if (n > 0)
		*out = all[0];
	free(all);
	return n > 0;
}

static inline bool has_condition(enum condition condition)
{
	struct destination_status status = {0};
	return status_of(&status) && status.condition == condition;
}

#define WAIT_FOR(condition)                                                    \
	do {                                                                   \
		int64_t until_ = clock_mono_ms() + DEADLINE_MS;                \
		while (!(condition)) {                                         \
			if (clock_mono_ms() > until_)                          \
				fail_msg("waited in vain: %s", #condition);    \
			poll(NULL, 0, 2);                                      \
		}                                                              \
	} while (0)

/* Every request of a key carried the same bytes, those of its lead. */
static inline void check_bytes(void)
{
	lock_take(f->crm->lock);
	for (size_t i = 0; i < f->crm->n; i++) {
		const struct crm_request *r = &f->crm->requests[i];
		size_t k = 0;
		while (k < f->n && strcmp(f->units[k].key_text, r->key) != 0)
			k++;
		assert_true(k < f->n);
		assert_string_equal(r->body, f->units[k].body);
	}
	lock_drop(f->crm->lock);
}

static inline size_t requests_for(const struct unit *u)
{
	size_t n = 0;
	lock_take(f->crm->lock);
	for (size_t i = 0; i < f->crm->n; i++)
		n += strcmp(f->crm->requests[i].key, u->key_text) == 0;
	lock_drop(f->crm->lock);
	return n;
}

/* ---- fixture ------------------------------------------------------------- */

static unsigned char token[] = "mega_token";

static inline int setup(void **state)
{
	(void)state;
	f = xcalloc(1, sizeof(*f));
	f->crm = crm_start();
	f->lock = lock_new();
	f->url = xasprintf("http://127.0.0.1:%d/leads", f->crm->port);
	static const int64_t retry[] = {0, 20, 30, 40};
	memcpy(f->retry, retry, sizeof(retry));
	static char name[] = "mega", customer[] = "c-1";
	f->destination = (struct destination_config){
	    .name = name,
	    .url = f->url,
	    .customer_id = customer,
	    .token = {.bytes = token, .n = 10},
	    .rate = {f->rates, 0},
	    .concurrency = 8,
	    .connect_timeout_ms = 1000,
	    .timeout_ms = 500,
	    .max_age_ms = 3600 * 1000,
	    .retry = {f->retry, 4},
	    .retry_every_ms = 50,
	    .probe_ms = 100,
	    .nxdomain_grace_ms = 3600 * 1000,
	    .breaker_failures = 5,
	    .breaker_open_ms = 50,
	    .breaker_max_open_ms = 200,
	    .allow_http = true,
	    .allow_private = true,
	};
	f->destinations[0] = &f->destination;
	f->config = (struct config){
	    .references = 1000000, /* of the test's own; never freed */
	    .destinations = f->destinations,
	    .n_destinations = 1,
	};
	return 0;
}

static inline void start(void)
{
	static const struct delivery_ops ops = {
	    .settle = on_settle,
	    .set_appetite = on_appetite,
	    .refill = on_refill,
	};
	struct err err;
	/* The thread may call back before start returns. */
	lock_take(f->lock);
	int rc = delivery_start_with(&f->delivery, &f->config, &ops, &err);
	lock_drop(f->lock);
	assert_int_equal(rc, 0);
	WAIT_FOR(f->refills > 0);
}

static inline int teardown(void **state)
{
	(void)state;
	delivery_stop(f->delivery, 2000);
	delivery_free(f->delivery);
	crm_stop(f->crm);
	for (size_t i = 0; i < f->n; i++)
		free(f->units[i].response);
	lock_free(f->lock);
	free(f->url);
	free(f);
	return 0;
}

#endif
