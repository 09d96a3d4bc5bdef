/* SPDX-License-Identifier: MIT */
/* Shared limiters; see the header. Delivery thread only. */
#include "delivery/limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/attempt.h"
#include "delivery/bulk.h"

struct share {
	struct share *next;
	unsigned char key[ATTEMPT_SHARE];
	struct limiter *limiter;
	unsigned round;
	int users;
};

struct limits {
	struct share *shares;
	unsigned round;
	bool asked; /* since the start */
};

struct limits *limits_new(void)
{
	return xcalloc(1, sizeof(struct limits));
}

static void share_free(struct share *s)
{
	limiter_free(s->limiter);
	free(s);
}

void limits_free(struct limits *l)
{
	while (l != NULL && l->shares != NULL) {
		struct share *s = l->shares;
		l->shares = s->next;
		share_free(s);
	}
	free(l);
}

void limits_begin(struct limits *l)
{
	l->round++;
}

static struct share *find(const struct limits *l,
			  const struct destination_config *c,
			  unsigned char key[ATTEMPT_SHARE])
{
	attempt_share(c, key);
	struct share *s = l->shares;
	while (s != NULL && memcmp(s->key, key, ATTEMPT_SHARE) != 0)
		s = s->next;
	return s;
}

struct limiter *limits_get(struct limits *l, const struct destination_config *c)
{
	unsigned char key[ATTEMPT_SHARE];
	struct share *s = find(l, c, key);
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		memcpy(s->key, key, sizeof(key));
		s->limiter = limiter_new(&c->rate);
		s->next = l->shares;
		l->shares = s;
	} else if (s->round != l->round) {
		limiter_configure(s->limiter, &c->rate);
	} else {
		limiter_add(s->limiter, &c->rate);
	}
	s->users = s->round == l->round ? s->users + 1 : 1;
	s->round = l->round;
	limiter_set_users(s->limiter, s->users);
	return s->limiter;
}

void limits_sweep(struct limits *l, int64_t now)
{
	struct share **at = &l->shares;
	while (*at != NULL) {
		struct share *s = *at;
		if (s->round == l->round || limiter_busy(s->limiter, now)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		share_free(s);
	}
}

/* ---- over a restart ------------------------------------------------------ */

/* What is to be known of this one, or NULL. */
static struct recall *
ask_one(struct limits *l, const struct destination_config *c, int64_t wall_ms)
{
	unsigned char key[ATTEMPT_SHARE];
	struct share *s = find(l, c, key);
	size_t most = 0;
	int64_t window = s != NULL ? limiter_blank(s->limiter, &most) : 0;
	/* At the start also those without a limit: they may have asked for
	 * time. */
	if (s == NULL || (window == 0 && l->asked))
		return NULL;
	limiter_expect(s->limiter);
	struct recall *r = xcalloc(1, sizeof(*r));
	(void)!snprintf(r->destination, sizeof(r->destination), "%s", c->name);
	r->since_ms = wall_ms - window;
	r->most = most;
	/* Later on, what is under way is known. */
	r->in_flight_most = l->asked ? 0 : c->concurrency;
	r->counts = attempt_reason_counts;
	return r;
}

struct recall *limits_ask(struct limits *l, const struct config *config,
			  int64_t wall_ms)
{
	struct recall *chain = NULL;
	for (size_t i = 0; i < config->n_destinations; i++) {
		const struct destination_config *c = config->destinations[i];
		struct destination_config bulk;
		char name[QUEUE_NAME];
		lane_config(c, &bulk, name);
		struct recall *asked[] = {ask_one(l, c, wall_ms),
					  ask_one(l, &bulk, wall_ms)};
		for (int k = 0; k < 2; k++) {
			if (asked[k] == NULL)
				continue;
			asked[k]->next = chain;
			chain = asked[k];
		}
	}
	l->asked = true;
	return chain;
}

/* The share of a destination, or of its bulk requests. */
static struct share *share_of(const struct limits *l,
			      const struct config *config, struct str queue)
{
	unsigned char key[ATTEMPT_SHARE];
	bool is_bulk = is_bulk_queue(queue);
	const struct destination_config *c =
	    config_destination(config, str_sub(queue, is_bulk, queue.n));
	struct destination_config bulk;
	char name[QUEUE_NAME];
	if (c == NULL)
		return NULL;
	lane_config(c, &bulk, name);
	return find(l, is_bulk ? &bulk : c, key);
}

/* Wall times become monotonic ones. What left no row may have been under way
 * until just now. */
static void add_past(struct limiter *l, const struct recall *r)
{
	int64_t now = clock_mono_ms(), wall = clock_wall_ms();
	for (size_t i = 0; i < r->n; i++) {
		int64_t age = wall - r->at_ms[i];
		limiter_recall(l, now - (age > 0 ? age : 0));
	}
	for (int64_t i = 0; i < r->in_flight; i++)
		limiter_recall(l, now);
}

void limits_recalled(struct limits *l, const struct config *config,
		     struct recall *chain)
{
	for (const struct recall *r = chain; r != NULL; r = r->next) {
		struct share *s = share_of(l, config, str_from(r->destination));
		if (s != NULL)
			add_past(s->limiter, r);
	}
	for (struct share *s = l->shares; s != NULL; s = s->next)
		limiter_recalled(s->limiter, clock_mono_ms());
	recall_free(chain);
}
