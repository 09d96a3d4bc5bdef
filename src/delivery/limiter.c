/* SPDX-License-Identifier: MIT */
/*
 * Sliding windows; see the header. A window counts answers in slots: for small
 * numbers one slot per answer, which is exact; for large ones slots of a 64th
 * of the window, which err on the safe side by at most that.
 */
#include "delivery/limiter.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	EXACT_MAX = 2048, /* answers remembered one by one */
	SUB_WINDOWS = 64,
	WINDOWS_MAX = 8,
	SLOTS_FIRST = 16,
};

struct slot {
	int64_t at; /* last answer in it */
	int64_t n;
};

struct window {
	int64_t count, window_ms;
	struct slot *ring;
	size_t most;             /* slots it may need */
	size_t cap, first, used; /* those it has; oldest at first */
	int64_t recent;          /* answers in the ring */
	int64_t missing;         /* somebody else's, as headers told */
	int64_t missing_until;
	bool blank; /* knows nothing of before it was made */
};

struct limiter {
	struct window windows[WINDOWS_MAX];
	size_t n;
	int users;
	int64_t in_flight;
	int64_t hinted_at; /* when the request left whose hint is in force */
	int64_t left, left_until; /* of a limit nobody configured */
	bool expecting;           /* limiter_recalled() will come */
	int64_t *past;            /* when what was sent before was over */
	size_t n_past, cap_past;
};

static size_t slots_for(const struct rate *r)
{
	return r->count <= EXACT_MAX ? (size_t)r->count : SUB_WINDOWS + 1;
}

static void window_init(struct window *w, const struct rate *r)
{
	*w = (struct window){
	    .count = r->count,
	    .window_ms = r->window_ms,
	    .blank = true,
	};
	w->most = slots_for(r);
}

static struct slot *slot_at(const struct window *w, size_t i)
{
	return &w->ring[(w->first + i) % w->cap];
}

static void drop_oldest(struct window *w)
{
	w->recent -= slot_at(w, 0)->n;
	w->first = (w->first + 1) % w->cap;
	w->used--;
}

static void expire(struct window *w, int64_t now)
{
	while (w->used > 0 && slot_at(w, 0)->at + w->window_ms <= now)
		drop_oldest(w);
	if (w->missing_until <= now)
		w->missing = 0;
}

/* A key that is hardly used needs no room for its thousand an hour. */
static void widen(struct window *w)
{
	size_t cap = w->cap == 0 ? SLOTS_FIRST : w->cap * 2;
	if (cap > w->most)
		cap = w->most;
	struct slot *ring = xcalloc(cap, sizeof(*ring));
	for (size_t i = 0; i < w->used; i++)
		ring[i] = *slot_at(w, i);
	free(w->ring);
	w->ring = ring;
	w->cap = cap;
	w->first = 0;
}

static void window_answered(struct window *w, int64_t at, int64_t n)
{
	int64_t grain = w->count <= EXACT_MAX ? 0 : w->window_ms / SUB_WINDOWS;
	struct slot *last = w->used > 0 ? slot_at(w, w->used - 1) : NULL;
	if (last != NULL && grain > 0 && at / grain == last->at / grain) {
		last->n += n;
		last->at = at > last->at ? at : last->at;
		w->recent += n;
		return;
	}
	/* When there are more answers than the window may hold, the newest
	 * ones alone decide when the next may leave. */
	if (w->used == w->most)
		drop_oldest(w);
	else if (w->used == w->cap)
		widen(w);
	w->used++;
	*slot_at(w, w->used - 1) = (struct slot){.at = at, .n = n};
	w->recent += n;
}

static int64_t window_left(struct window *w, int64_t in_flight, int64_t now)
{
	expire(w, now);
	int64_t left = w->count - in_flight - w->recent - w->missing;
	return left > 0 ? left : 0;
}

/* When enough of the ring is over; the caller knows nothing is left. */
static int64_t window_ready_at(const struct window *w, int64_t in_flight)
{
	int64_t over = in_flight + w->recent + w->missing - w->count + 1;
	int64_t at = 0;
	if (w->missing > 0) {
		over -= w->missing;
		at = w->missing_until;
	}
	for (size_t i = 0; i < w->used && over > 0; i++) {
		over -= slot_at(w, i)->n;
		int64_t end = slot_at(w, i)->at + w->window_ms;
		at = end > at ? end : at;
	}
	return over > 0 ? LIMITER_NEVER : at;
}

static struct window *find(struct limiter *l, int64_t window_ms)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->windows[i].window_ms == window_ms)
			return &l->windows[i];
	return NULL;
}

/* The same window with another number keeps what it knows. */
static void resize(struct window *w, const struct rate *r)
{
	struct window next;
	window_init(&next, r);
	for (size_t i = 0; i < w->used; i++)
		window_answered(&next, slot_at(w, i)->at, slot_at(w, i)->n);
	next.blank = w->blank;
	next.missing = w->missing;
	next.missing_until = w->missing_until;
	free(w->ring);
	*w = next;
}

struct limiter *limiter_new(const struct rate_list *rates)
{
	struct limiter *l = xcalloc(1, sizeof(*l));
	l->hinted_at = INT64_MIN;
	limiter_configure(l, rates);
	return l;
}

void limiter_free(struct limiter *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->windows[i].ring);
	free(l->past);
	free(l);
}

static bool listed(const struct rate_list *rates, int64_t window_ms)
{
	for (size_t i = 0; i < rates->n; i++)
		if (rates->v[i].window_ms == window_ms)
			return true;
	return false;
}

void limiter_configure(struct limiter *l, const struct rate_list *rates)
{
	for (size_t i = 0; i < l->n;) {
		struct window *w = &l->windows[i];
		if (listed(rates, w->window_ms)) {
			w->count = INT64_MAX; /* limiter_add narrows it */
			i++;
			continue;
		}
		free(w->ring);
		*w = l->windows[--l->n];
	}
	limiter_add(l, rates);
}

void limiter_add(struct limiter *l, const struct rate_list *rates)
{
	for (size_t i = 0; i < rates->n; i++) {
		struct window *w = find(l, rates->v[i].window_ms);
		if (w != NULL && rates->v[i].count < w->count)
			resize(w, &rates->v[i]);
		else if (w == NULL && l->n < WINDOWS_MAX)
			window_init(&l->windows[l->n++], &rates->v[i]);
	}
}

int64_t limiter_ready_at(struct limiter *l, int64_t now)
{
	int64_t at = 0;
	if (l->expecting)
		return LIMITER_NEVER;
	if (l->left_until > now && l->left <= 0)
		at = l->left_until;
	for (size_t i = 0; i < l->n; i++) {
		struct window *w = &l->windows[i];
		if (window_left(w, l->in_flight, now) > 0)
			continue;
		int64_t ready = window_ready_at(w, l->in_flight);
		at = ready > at ? ready : at;
	}
	return at;
}

void limiter_why(struct limiter *l, int64_t now, struct limiter_reason *out)
{
	int64_t at = 0;
	*out = (struct limiter_reason){.expecting = l->expecting};
	if (l->left_until > now && l->left <= 0) {
		at = l->left_until;
		out->header = true;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct window *w = &l->windows[i];
		if (window_left(w, l->in_flight, now) > 0)
			continue;
		int64_t ready = window_ready_at(w, l->in_flight);
		if (ready <= at)
			continue;
		at = ready;
		out->count = w->count;
		out->window_ms = w->window_ms;
		out->header = w->missing > 0 && ready == w->missing_until;
	}
}

bool limiter_slowest(const struct limiter *l, struct limiter_reason *out)
{
	*out = (struct limiter_reason){0};
	for (size_t i = 0; i < l->n; i++) {
		const struct window *w = &l->windows[i];
		if (out->count > 0 &&
		    w->count * out->window_ms >= out->count * w->window_ms)
			continue;
		out->count = w->count;
		out->window_ms = w->window_ms;
	}
	return out->count > 0;
}

void limiter_take(struct limiter *l, int64_t now)
{
	l->in_flight++;
	if (l->left_until > now)
		l->left--;
}

void limiter_answered(struct limiter *l, int64_t now)
{
	lb_assert(l->in_flight > 0);
	l->in_flight--;
	for (size_t i = 0; i < l->n; i++) {
		expire(&l->windows[i], now);
		window_answered(&l->windows[i], now, 1);
	}
}

void limiter_return(struct limiter *l)
{
	lb_assert(l->in_flight > 0);
	l->in_flight--;
}

static struct window *match(struct limiter *l, const struct rate_hint *hint)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->windows[i].count == hint->limit &&
		    (hint->window_ms < 0 ||
		     hint->window_ms == l->windows[i].window_ms))
			return &l->windows[i];
	return NULL;
}

void limiter_hint(struct limiter *l, const struct rate_hint *hint,
		  int64_t sent_at, int64_t now)
{
	/* The answer to an older request knows less than we already do. */
	if (hint->remaining < 0 || sent_at < l->hinted_at)
		return;
	l->hinted_at = sent_at;
	struct window *w = match(l, hint);
	if (w == NULL) {
		if (hint->reset_ms < 0)
			return;
		/* What is under way may or may not be counted yet. */
		l->left = hint->remaining - l->in_flight;
		l->left_until = now + hint->reset_ms;
		return;
	}
	w->missing = 0;
	int64_t left = window_left(w, l->in_flight, now);
	if (hint->remaining >= left)
		return;
	w->missing = left - hint->remaining;
	w->missing_until =
	    now + (hint->reset_ms >= 0 && hint->reset_ms < w->window_ms
		       ? hint->reset_ms
		       : w->window_ms);
}

void limiter_set_users(struct limiter *l, int users)
{
	l->users = users;
}

bool limiter_shared(const struct limiter *l)
{
	return l->users > 1;
}

bool limiter_busy(struct limiter *l, int64_t now)
{
	bool busy = l->in_flight > 0;
	for (size_t i = 0; i < l->n; i++) {
		expire(&l->windows[i], now);
		busy |= l->windows[i].used > 0;
	}
	return busy;
}

int64_t limiter_left(struct limiter *l, int64_t now)
{
	int64_t left = -1;
	if (l->left_until > now)
		left = l->left > 0 ? l->left : 0;
	for (size_t i = 0; i < l->n; i++) {
		int64_t n = window_left(&l->windows[i], l->in_flight, now);
		left = left < 0 || n < left ? n : left;
	}
	return left;
}

int64_t limiter_blank(const struct limiter *l, size_t *most)
{
	int64_t longest = 0, count = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct window *w = &l->windows[i];
		if (w->blank && w->window_ms > longest)
			longest = w->window_ms;
		if (w->blank && w->count > count)
			count = w->count;
	}
	*most = (size_t)count;
	return longest;
}

void limiter_expect(struct limiter *l)
{
	l->expecting = true;
}

void limiter_recall(struct limiter *l, int64_t at)
{
	if (!l->expecting)
		return;
	l->past = xgrow(l->past, &l->cap_past, l->n_past + 1, sizeof(*l->past));
	l->past[l->n_past++] = at;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* What was answered meanwhile is behind it, and may be counted twice: rather
 * one too many. */
static void fill(struct window *w, const int64_t *past, size_t n)
{
	struct window known = *w;
	w->blank = false;
	w->ring = NULL;
	w->cap = w->first = w->used = 0;
	w->recent = 0;
	for (size_t i = 0; i < n; i++)
		window_answered(w, past[i], 1);
	for (size_t i = 0; i < known.used; i++)
		window_answered(w, slot_at(&known, i)->at,
				slot_at(&known, i)->n);
	free(known.ring);
}

void limiter_recalled(struct limiter *l, int64_t now)
{
	if (!l->expecting)
		return;
	l->expecting = false;
	if (l->n_past > 0)
		qsort(l->past, l->n_past, sizeof(*l->past), by_time);
	for (size_t i = 0; i < l->n; i++) {
		if (!l->windows[i].blank)
			continue;
		fill(&l->windows[i], l->past, l->n_past);
		expire(&l->windows[i], now);
	}
	free(l->past);
	l->past = NULL;
	l->n_past = l->cap_past = 0;
}
