/* SPDX-License-Identifier: MIT */
/*
 * Several leads of one account whose records are fetched with one request: what
 * the destination learns of the answer it learns once, what becomes of a lead
 * is decided for each. A request that is refused as a whole does not say whose
 * fault that is, so its leads go on alone, each as if it had not been tried.
 * Delivery thread only.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/fetch.h"

enum {
	/* What failed as often may be what the provider stumbles over. */
	FAILED_TWICE = 2,
};

static struct str description(const struct attempt *a)
{
	return a->entry->lead->body;
}

static size_t count(const struct attempt *a)
{
	size_t n = 0;
	for (; a != NULL; a = a->mates)
		n++;
	return n;
}

/* In the order of the attempts; in the arena. */
static struct str *descriptions(const struct attempt *a, struct arena *arena)
{
	struct str *all = arena_alloc(arena, count(a) * sizeof(*all));
	for (size_t i = 0; a != NULL; a = a->mates)
		all[i++] = description(a);
	return all;
}

bool fetch_batch_request(const struct attempt *a, struct arena *scratch,
			 struct fetch_request *out)
{
	return source_fetch_batch(a->d->account->source,
				  descriptions(a, scratch), count(a), scratch,
				  out) == 0;
}

/* ---- gathering ----------------------------------------------------------- */

static bool goes_alone(const struct entry *e)
{
	return e->alone || e->lead->attempts >= FAILED_TWICE;
}

static struct attempt *new_mate(const struct attempt *first, struct entry *e)
{
	struct attempt *mate = xcalloc(1, sizeof(*mate));
	mate->d = first->d;
	mate->entry = e;
	mate->started = first->started;
	mate->started_ms = first->started_ms;
	mate->is_mate = true;
	return mate;
}

/* The next one that may go along; NULL: no more. */
static struct attempt *next_mate(const struct attempt *first, int64_t now)
{
	struct destination *d = first->d;
	struct entry *e;
	while ((e = scheduler_pick(d->leads, now, 0, false)) != NULL) {
		struct ruling ruling = {.wait_ms = 0};
		if (goes_alone(e)) {
			scheduler_back(d->leads, e, now);
			return NULL;
		}
		struct attempt *mate = new_mate(first, e);
		if (!fetch_is_ours(mate)) {
			scheduler_forget(d->leads, e);
		} else if (!fetch_possible(mate, &ruling)) {
			destination_refuse(mate, &ruling);
		} else {
			return mate;
		}
		free(mate);
	}
	return NULL;
}

static void disband(struct attempt *a)
{
	while (a->mates != NULL) {
		struct attempt *mate = a->mates;
		a->mates = mate->mates;
		scheduler_back(mate->d->leads, mate->entry, mate->started);
		free(mate);
	}
}

void fetch_gather(struct attempt *a, int64_t now)
{
	struct destination *d = a->d;
	size_t most = d->account->source->ops->fetch->batch_max;
	struct attempt **last = &a->mates;
	struct fetch_request request;
	struct arena scratch;
	if (most < 2 || d->park.on || d->breaker.state != BREAKER_CLOSED ||
	    goes_alone(a->entry))
		return;
	for (size_t n = 1; n < most; n++) {
		*last = next_mate(a, now);
		if (*last == NULL)
			break;
		last = &(*last)->mates;
	}
	if (a->mates == NULL)
		return;
	arena_init(&scratch);
	if (!fetch_batch_request(a, &scratch, &request))
		disband(a);
	arena_release(&scratch);
}

/* ---- the answer ---------------------------------------------------------- */

static bool succeeded(const struct attempt_result *r)
{
	return r->transport == TRANSPORT_ANSWERED && r->status >= 200 &&
	       r->status <= 299;
}

static void set_verdict(struct verdict *v, enum outcome outcome,
			const char *reason)
{
	v->outcome = outcome;
	v->reason = reason;
	v->parks_at_once = v->ambiguous = v->missing = false;
	v->transient = outcome == OUTCOME_RETRY;
}

void fetch_batch_judge(const struct attempt *a, const struct attempt_result *r,
		       struct verdict *v)
{
	struct arena scratch;
	struct str *parts;
	if (r->transport != TRANSPORT_ANSWERED)
		return;
	/* Here they mean the request, not a record. */
	if (r->status == 404 || r->status == 409 || r->status == 410)
		set_verdict(v, OUTCOME_DEAD, "batch_refused");
	if (!succeeded(r))
		return;
	arena_init(&scratch);
	parts = arena_alloc(&scratch, count(a) * sizeof(*parts));
	if (!r->body_complete && r->body.n < FETCH_BATCH_BYTES)
		set_verdict(v, OUTCOME_RETRY, "answer_cut_off");
	else if (r->body_complete &&
		 source_fetch_parts(a->d->account->source, r->body,
				    descriptions(a, &scratch), count(a), parts,
				    &scratch) == 0)
		set_verdict(v, OUTCOME_SENT, "fetched");
	else /* too large, or no answer of theirs: one alone will tell */
		set_verdict(v, OUTCOME_DEAD, "batch_refused");
	arena_release(&scratch);
}

/* Back among those that wait, as if it had not left. */
static void again(struct attempt *a)
{
	scheduler_back(a->d->leads, a->entry, a->started);
}

static void conclude_part(struct attempt *a, const struct attempt_result *r,
			  struct str part)
{
	struct attempt_result own = *r;
	own.body = part.p != NULL ? part : STR("");
	own.status = part.p != NULL ? 200 : 404;
	own.body_complete = true;
	struct verdict v = outcome_judge(&own, NULL, 0);
	source_fetch_judge(a->d->account->source, description(a), &own, &v);
	destination_conclude(a, &own, &v);
}

static void conclude_parts(struct attempt *a, const struct attempt_result *r)
{
	struct arena scratch;
	arena_init(&scratch);
	size_t n = count(a);
	struct str *parts = arena_alloc(&scratch, n * sizeof(*parts));
	int rc =
	    source_fetch_parts(a->d->account->source, r->body,
			       descriptions(a, &scratch), n, parts, &scratch);
	lb_assert(rc == 0); /* it was, when it was judged */
	for (size_t i = 0; a != NULL; a = a->mates, i++)
		conclude_part(a, r, parts[i]);
	arena_release(&scratch);
}

bool fetch_conclude(struct attempt *a, const struct attempt_result *r,
		    const struct verdict *v)
{
	if (v->shorter) {
		a->d->account->brief = true;
		again(a);
		return true;
	}
	if (a->mates == NULL)
		return false;
	if (v->outcome == OUTCOME_SENT) {
		conclude_parts(a, r);
		return true;
	}
	for (; a != NULL; a = a->mates) {
		if (v->outcome == OUTCOME_DEAD) {
			a->entry->alone = true;
			again(a);
		} else {
			destination_conclude(a, r, v);
		}
	}
	return true;
}
