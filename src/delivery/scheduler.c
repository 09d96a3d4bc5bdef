/* SPDX-License-Identifier: MIT */
/*
 * Order of the leads of one destination; see the header. Every lead in memory
 * is in exactly one heap: `later` by due time, its source's `fresh` heap newest
 * first, or `backlog` oldest first; fresh ones also in `ages`, which moves them
 * to the backlog when they stop being fresh.
 */
#include "delivery/scheduler.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"

enum { BACKLOG_SLOT = 4 };

struct fresh { /* of one source; linked in a ring while it has leads */
	struct heap heap;
	struct fresh *next, *prev;
	char *source;
};

struct scheduler {
	struct table *known;   /* id -> entry */
	struct table *ghosts;  /* ids forgotten during a refill */
	struct table *sources; /* name -> fresh */
	struct fresh *turn;    /* ring; whose turn it is */
	struct heap later, backlog, ages;
	size_t bytes; /* of the leads in memory and not out */
	unsigned slot;
	bool refilling;
};

#define ENTRY(node, member)                                                    \
	((struct entry *)(void *)((char *)(node)-offsetof(struct entry,        \
							  member)))

static struct str id_key(const int64_t *id)
{
	return (struct str){(const char *)id, sizeof(*id)};
}

struct scheduler *scheduler_new(void)
{
	struct scheduler *s = xcalloc(1, sizeof(*s));
	s->known = table_new();
	s->sources = table_new();
	return s;
}

static void entry_free(void *p)
{
	struct entry *e = p;
	free(e->lead);
	free(e);
}

static void fresh_free(void *p)
{
	struct fresh *f = p;
	heap_release(&f->heap);
	free(f->source);
	free(f);
}

void scheduler_free(struct scheduler *s)
{
	if (s == NULL)
		return;
	table_free(s->known, entry_free);
	table_free(s->ghosts, NULL);
	table_free(s->sources, fresh_free);
	heap_release(&s->later);
	heap_release(&s->backlog);
	heap_release(&s->ages);
	free(s);
}

static struct fresh *fresh_of(struct scheduler *s, struct str source)
{
	struct fresh *f = table_get(s->sources, source);
	if (f == NULL) {
		f = xcalloc(1, sizeof(*f));
		f->source = xstr_dup(source);
		table_put(s->sources, source, f);
	}
	return f;
}

/* A source that wakes up comes last in the round. */
static void ring_add(struct scheduler *s, struct fresh *f)
{
	if (s->turn == NULL) {
		f->next = f->prev = f;
		s->turn = f;
		return;
	}
	f->next = s->turn;
	f->prev = s->turn->prev;
	f->prev->next = f;
	f->next->prev = f;
}

static void ring_remove(struct scheduler *s, struct fresh *f)
{
	if (s->turn == f)
		s->turn = f->next != f ? f->next : NULL;
	f->prev->next = f->next;
	f->next->prev = f->prev;
}

static void put_fresh(struct scheduler *s, struct entry *e)
{
	struct fresh *f = fresh_of(s, e->lead->source);
	e->place = ENTRY_FRESH;
	e->fresh = f;
	e->order.key = -e->received;
	e->order.id = -e->id;
	e->age.key = e->received;
	e->age.id = e->id;
	if (f->heap.n == 0)
		ring_add(s, f);
	heap_add(&f->heap, &e->order);
	heap_add(&s->ages, &e->age);
}

static void put_backlog(struct scheduler *s, struct entry *e)
{
	e->place = ENTRY_BACKLOG;
	e->order.key = e->received;
	e->order.id = e->id;
	heap_add(&s->backlog, &e->order);
}

static void put_later(struct scheduler *s, struct entry *e)
{
	e->place = ENTRY_LATER;
	e->order.key = e->due;
	e->order.id = e->id;
	heap_add(&s->later, &e->order);
}

/* Out of whichever heap it is in. */
static void take_out(struct scheduler *s, struct entry *e)
{
	switch (e->place) {
	case ENTRY_LATER:
		heap_remove(&s->later, &e->order);
		break;
	case ENTRY_BACKLOG:
		heap_remove(&s->backlog, &e->order);
		break;
	case ENTRY_FRESH:
		heap_remove(&e->fresh->heap, &e->order);
		heap_remove(&s->ages, &e->age);
		if (e->fresh->heap.n == 0)
			ring_remove(s, e->fresh);
		e->fresh = NULL;
		break;
	case ENTRY_OUT:
		return;
	}
	e->place = ENTRY_OUT;
	s->bytes -= e->bytes;
}

static void put(struct scheduler *s, struct entry *e, int64_t due)
{
	e->due = due;
	s->bytes += e->bytes;
	put_later(s, e);
}

struct entry *scheduler_add(struct scheduler *s, struct due_lead *lead,
			    int64_t due, int64_t received)
{
	if (table_get(s->known, id_key(&lead->id)) != NULL ||
	    (s->ghosts != NULL &&
	     table_get(s->ghosts, id_key(&lead->id)) != NULL)) {
		free(lead);
		return NULL;
	}
	struct entry *e = xcalloc(1, sizeof(*e));
	e->lead = lead;
	e->id = lead->id;
	e->received = received;
	e->bytes = sizeof(*e) + sizeof(*lead) + lead->body.n;
	table_put(s->known, id_key(&e->id), e);
	put(s, e, due);
	return e;
}

void scheduler_back(struct scheduler *s, struct entry *e, int64_t due)
{
	lb_assert(e->place == ENTRY_OUT && e->lead != NULL);
	put(s, e, due);
}

/* Moves what became due, and what stopped being fresh. */
static void promote(struct scheduler *s, int64_t now)
{
	struct heap_node *node;
	while ((node = heap_first(&s->later)) != NULL && node->key <= now) {
		struct entry *e = ENTRY(node, order);
		heap_remove(&s->later, node);
		if (now - e->received < SCHEDULER_FRESH_MS)
			put_fresh(s, e);
		else
			put_backlog(s, e);
	}
	while ((node = heap_first(&s->ages)) != NULL &&
	       now - node->key >= SCHEDULER_FRESH_MS) {
		struct entry *e = ENTRY(node, age);
		heap_remove(&e->fresh->heap, &e->order);
		heap_remove(&s->ages, node);
		if (e->fresh->heap.n == 0)
			ring_remove(s, e->fresh);
		e->fresh = NULL;
		put_backlog(s, e);
	}
}

/* Of all that is due, whatever its source. */
static struct entry *newest_due(const struct scheduler *s)
{
	struct heap_node *best = NULL;
	for (struct fresh *f = s->turn; f != NULL;) {
		struct heap_node *at = heap_first(&f->heap);
		if (best == NULL || at->key < best->key ||
		    (at->key == best->key && at->id < best->id))
			best = at;
		f = f->next != s->turn ? f->next : NULL;
	}
	if (best == NULL)
		best = heap_last(&s->backlog);
	return best != NULL ? ENTRY(best, order) : NULL;
}

static struct entry *first(struct scheduler *s, bool newest)
{
	bool fresh = s->turn != NULL, backlog = s->backlog.n > 0;
	if (!fresh && !backlog)
		return NULL;
	if (newest)
		return newest_due(s);
	if (fresh && backlog)
		s->slot = (s->slot + 1) % BACKLOG_SLOT;
	if (!fresh || (backlog && s->slot == 0))
		return ENTRY(heap_first(&s->backlog), order);
	struct fresh *f = s->turn;
	s->turn = f->next;
	return ENTRY(heap_first(&f->heap), order);
}

struct entry *scheduler_pick(struct scheduler *s, int64_t now, int64_t avoid,
			     bool newest)
{
	promote(s, now);
	struct entry *e = first(s, newest);
	if (e == NULL)
		return NULL;
	take_out(s, e);
	if (e->id != avoid)
		return e;
	struct entry *other = first(s, newest);
	if (other == NULL)
		return e;
	take_out(s, other);
	put(s, e, e->due);
	return other;
}

struct entry *scheduler_find(const struct scheduler *s, int64_t id)
{
	return table_get(s->known, id_key(&id));
}

static size_t before(const struct heap *h, const struct heap_node *node)
{
	size_t n = 0;
	for (size_t i = 0; i < h->n; i++)
		n += h->v[i]->key < node->key ||
		     (h->v[i]->key == node->key && h->v[i]->id < node->id);
	return n;
}

/* Fresh ones that are newer. */
static size_t newer(const struct heap *ages, const struct entry *e)
{
	size_t n = 0;
	for (size_t i = 0; i < ages->n; i++)
		n += ages->v[i]->key > e->received ||
		     (ages->v[i]->key == e->received && ages->v[i]->id > e->id);
	return n;
}

/* While both wait, of four one is the backlog's. */
static size_t shared(size_t own, size_t others, size_t others_first)
{
	size_t most = own * others_first;
	return own + (others < most ? others : most);
}

struct holder {
	int64_t id;
	struct entry *found;
};

static void look_inside(void *ctx, struct str key, void *value)
{
	struct holder *h = ctx;
	struct entry *e = value;
	(void)key;
	if (e->lead != NULL && due_lead_holds(e->lead, h->id))
		h->found = e;
}

/* Also the bulk request in which the lead is. */
static struct entry *holder_of(struct scheduler *s, int64_t id)
{
	struct holder h = {id, scheduler_find(s, id)};
	if (h.found == NULL)
		table_each(s->known, look_inside, &h);
	return h.found;
}

bool scheduler_place(struct scheduler *s, int64_t id, int64_t now,
		     struct scheduler_place *out)
{
	promote(s, now);
	const struct entry *e = holder_of(s, id);
	if (e == NULL)
		return false;
	*out = (struct scheduler_place){.place = e->place, .due = e->due};
	if (e->place == ENTRY_BACKLOG) {
		size_t own = before(&s->backlog, &e->order) + 1;
		out->ahead = shared(own, s->ages.n, BACKLOG_SLOT - 1) - 1;
	} else if (e->place == ENTRY_FRESH) {
		size_t own = newer(&s->ages, e);
		size_t back = own / (BACKLOG_SLOT - 1);
		out->ahead = own + (back < s->backlog.n ? back : s->backlog.n);
	}
	return true;
}

void scheduler_forget(struct scheduler *s, struct entry *e)
{
	take_out(s, e);
	table_remove(s->known, id_key(&e->id));
	if (s->refilling)
		table_put(s->ghosts, id_key(&e->id), s);
	entry_free(e);
}

void scheduler_erase(struct scheduler *s, int64_t id)
{
	struct entry *e = holder_of(s, id);
	if (e != NULL && e->place != ENTRY_OUT)
		scheduler_forget(s, e);
	else if (e == NULL && s->refilling)
		table_put(s->ghosts, id_key(&id), s);
}

static struct entry *victim(struct scheduler *s)
{
	if (s->backlog.n > 0)
		return ENTRY(heap_some_last(&s->backlog), order);
	if (s->later.n > 0)
		return ENTRY(heap_some_last(&s->later), order);
	if (s->ages.n > 0)
		return ENTRY(heap_first(&s->ages), age);
	return NULL;
}

size_t scheduler_trim(struct scheduler *s)
{
	size_t n = 0;
	while (scheduler_waiting(s) > SCHEDULER_LEADS_MAX ||
	       s->bytes > SCHEDULER_BYTES_MAX) {
		struct entry *e = victim(s);
		if (e == NULL || scheduler_waiting(s) == 1)
			break;
		/* It is on disk as it was: no ghost, it may come back. */
		take_out(s, e);
		table_remove(s->known, id_key(&e->id));
		entry_free(e);
		n++;
	}
	return n;
}

int64_t scheduler_next_due(struct scheduler *s, int64_t now)
{
	promote(s, now);
	if (s->turn != NULL || s->backlog.n > 0)
		return 0;
	return s->later.n > 0 ? heap_first(&s->later)->key : INT64_MAX;
}

bool scheduler_has_fresh(struct scheduler *s, int64_t now)
{
	promote(s, now);
	return s->turn != NULL;
}

size_t scheduler_known(const struct scheduler *s)
{
	return table_count(s->known);
}

size_t scheduler_waiting(const struct scheduler *s)
{
	return s->later.n + s->backlog.n + s->ages.n;
}

bool scheduler_full(const struct scheduler *s)
{
	return scheduler_waiting(s) >= SCHEDULER_LEADS_MAX ||
	       s->bytes >= SCHEDULER_BYTES_MAX;
}

void scheduler_refill_begins(struct scheduler *s)
{
	if (s->ghosts == NULL)
		s->ghosts = table_new();
	s->refilling = true;
}

void scheduler_refill_ends(struct scheduler *s)
{
	table_free(s->ghosts, NULL);
	s->ghosts = NULL;
	s->refilling = false;
}
