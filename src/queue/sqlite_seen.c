/* SPDX-License-Identifier: MIT */
/*
 * Which events are known, by the 16-byte hash of their id: apart from the
 * leads, because it must outlive them (retain.keys). Store thread only.
 *
 * Hashes come in no order, so each would dirty a page of its own in a big
 * table: that alone cost half of the accepts per second. Therefore new ones
 * are appended to a log (one row per commit) and held in memory; when there
 * are enough of them they are sorted and go into the big table in slices, many
 * to a page, with the commits that follow. At start the log is read back.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/sqlite.h"

enum {
	GENERATION = 64 * 1024, /* events, before they are merged */
	MERGE_IDLE = 64,        /* entries per commit when nobody waits */
	TRIM_ROWS = 64,         /* of the log, per commit */
	SET_LEAST = 1024,       /* slots */
	LOG_ENTRY = 16 + 8,     /* bytes: hash, time in big-endian ms */
};

struct entry {
	unsigned char hash[16];
	int64_t at; /* 0: empty slot */
};

/* Open addressing; entries are only added, or all removed. */
struct set {
	struct entry *slots;
	size_t n, cap;
};

struct recent {
	struct set pending; /* of the transaction under way */
	struct set filling; /* committed, not sorted yet */
	struct entry *merging;
	size_t n_merging;
	size_t merged, merged_now;    /* committed; in this transaction */
	int64_t log_first, log_next;  /* ids of log rows */
	int64_t trim_upto, trim_from; /* rows that are merged */
	int64_t trimmed_now;
	bool idle; /* nobody waits for this commit */
};

/* ---- sets -------------------------------------------------------------- */

/* The hashes are keyed and uniform: their bytes are as good as a hash. */
static struct entry *slot_of(const struct set *s, const unsigned char hash[16])
{
	uint64_t h;
	memcpy(&h, hash, sizeof(h));
	for (size_t i = (size_t)h & (s->cap - 1);; i = (i + 1) & (s->cap - 1)) {
		struct entry *e = &s->slots[i];
		if (e->at == 0 || memcmp(e->hash, hash, 16) == 0)
			return e;
	}
}

static void set_put(struct set *s, const unsigned char hash[16], int64_t at);

static void set_grow(struct set *s)
{
	struct set next = {.cap = s->cap > 0 ? s->cap * 2 : SET_LEAST};
	next.slots = xcalloc(next.cap, sizeof(*next.slots));
	for (size_t i = 0; i < s->cap; i++)
		if (s->slots[i].at != 0)
			set_put(&next, s->slots[i].hash, s->slots[i].at);
	free(s->slots);
	*s = next;
}

static void set_put(struct set *s, const unsigned char hash[16], int64_t at)
{
	if ((s->n + 1) * 4 > s->cap * 3)
		set_grow(s);
	struct entry *e = slot_of(s, hash);
	if (e->at == 0) {
		memcpy(e->hash, hash, sizeof(e->hash));
		s->n++;
	}
	e->at = at;
}

static int64_t set_get(const struct set *s, const unsigned char hash[16])
{
	return s->n > 0 ? slot_of(s, hash)->at : 0;
}

static void set_clear(struct set *s)
{
	if (s->n > 0 && s->cap > SET_LEAST) {
		free(s->slots);
		*s = (struct set){0};
	} else if (s->n > 0) {
		memset(s->slots, 0, s->cap * sizeof(*s->slots));
		s->n = 0;
	}
}

/* ---- looking ----------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static int look_on_disk(struct store *s, const unsigned char hash[16],
			int64_t *at, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_SEEN];
	sqlite_bind_blob(st, 1, (struct str){(const char *)hash, 16});
	int rc = sqlite_row(st, err);
	*at = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	sqlite_reset(st);
	return rc < 0 ? rc : 0;
}

/* When the event was seen, 0: never. Newest first: a weak one may be in
 * several places. */
static int look(struct store *s, const unsigned char hash[16], int64_t *at,
		struct err *err)
{
	const struct recent *r = s->recent;
	*at = set_get(&r->pending, hash);
	if (*at == 0)
		*at = set_get(&r->filling, hash);
	if (*at != 0)
		return 0;
	const struct entry *e = NULL;
	if (r->n_merging > 0)
		e = bsearch(hash, r->merging, r->n_merging, sizeof(*e),
			    by_hash);
	if (e == NULL)
		return look_on_disk(s, hash, at, err);
	*at = e->at;
	return 0;
}

void seen_note(struct store *s, const struct new_event *e, int64_t now_ms)
{
	set_put(&s->recent->pending, e->hash, now_ms > 0 ? now_ms : 1);
}

int seen_add(struct store *s, const struct new_event *e, int64_t now_ms,
	     bool *known, struct err *err)
{
	int64_t at = 0;
	int rc = look(s, e->hash, &at, err);
	if (rc != 0)
		return rc;
	/* A content hash says only that somebody sent the same again: after
	 * the window that is a new event. An id is known for good. */
	*known = at != 0 && (!e->weak || at + e->window_ms > now_ms);
	if (!*known)
		seen_note(s, e, now_ms);
	return 0;
}

int seen_once(struct store *s, const struct new_event *e, int64_t now_ms,
	      const struct once **hit, struct err *err)
{
	*hit = NULL;
	for (uint32_t i = 0; i < e->n_once; i++) {
		int64_t at = 0;
		int rc = look(s, e->once[i].hash, &at, err);
		if (rc != 0)
			return rc;
		if (at == 0 || at + e->once[i].window_ms <= now_ms)
			continue;
		*hit = &e->once[i];
		return 0;
	}
	for (uint32_t i = 0; i < e->n_once; i++)
		set_put(&s->recent->pending, e->once[i].hash,
			now_ms > 0 ? now_ms : 1);
	return 0;
}

/* ---- log --------------------------------------------------------------- */

static void put_number(unsigned char *p, int64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)(v & 0xff);
}

static int64_t get_number(const unsigned char *p)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

static int append_log(struct store *s, struct err *err)
{
	struct recent *r = s->recent;
	if (r->pending.n == 0)
		return 0;
	unsigned char *bytes = xmalloc(r->pending.n * LOG_ENTRY);
	unsigned char *at = bytes;
	for (size_t i = 0; i < r->pending.cap; i++) {
		const struct entry *e = &r->pending.slots[i];
		if (e->at == 0)
			continue;
		memcpy(at, e->hash, sizeof(e->hash));
		put_number(at + 16, e->at);
		at += LOG_ENTRY;
	}
	struct sqlite3_stmt *st = s->stmt[ST_LOG_SEEN];
	sqlite_bind_int(st, 1, r->log_next);
	sqlite_bind_blob(st, 2,
			 (struct str){(char *)bytes, (size_t)(at - bytes)});
	int rc = sqlite_run(s, ST_LOG_SEEN, err);
	sqlite_bind_null(st, 2);
	free(bytes);
	return rc;
}

static int read_log(struct store *s, struct sqlite3_stmt *st, struct err *err)
{
	struct recent *r = s->recent;
	int64_t id = sqlite3_column_int64(st, 0);
	struct str bytes = sqlite_str(st, 1);
	if (bytes.n % LOG_ENTRY != 0)
		return err_set(err, LB_EINVAL, "the log of events is damaged");
	for (size_t i = 0; i < bytes.n; i += LOG_ENTRY) {
		const unsigned char *p = (const unsigned char *)bytes.p + i;
		int64_t at = get_number(p + 16);
		set_put(&r->filling, p, at > 0 ? at : 1);
	}
	if (r->log_first == 0)
		r->log_first = id;
	r->log_next = id + 1;
	return 0;
}

int seen_open(struct store *s, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	s->recent = xcalloc(1, sizeof(*s->recent));
	s->recent->log_next = 1;
	int rc = sqlite_prepare(
	    s->db, "SELECT id, entries FROM seen_log ORDER BY id", &st, err);
	while (rc == 0 && (rc = sqlite_row(st, err)) == 1)
		rc = read_log(s, st, err);
	(void)sqlite3_finalize(st);
	s->recent->trim_from = s->recent->log_first;
	return rc;
}

void seen_close(struct store *s)
{
	if (s->recent == NULL)
		return;
	free(s->recent->pending.slots);
	free(s->recent->filling.slots);
	free(s->recent->merging);
	free(s->recent);
	s->recent = NULL;
}

/* ---- merging ----------------------------------------------------------- */

void seen_idle(struct store *s, bool idle)
{
	s->recent->idle = idle;
}

void seen_turn(struct store *s, bool all)
{
	struct recent *r = s->recent;
	if (r->n_merging > 0 || r->filling.n == 0 ||
	    (r->filling.n < GENERATION && !all))
		return;
	r->merging = xcalloc(r->filling.n, sizeof(*r->merging));
	for (size_t i = 0; i < r->filling.cap; i++)
		if (r->filling.slots[i].at != 0)
			r->merging[r->n_merging++] = r->filling.slots[i];
	qsort(r->merging, r->n_merging, sizeof(*r->merging), by_hash);
	set_clear(&r->filling);
	r->merged = r->merged_now = 0;
	r->trim_upto = r->log_next - 1;
}

static int merge_slice(struct store *s, struct err *err)
{
	struct recent *r = s->recent;
	struct sqlite3_stmt *st = s->stmt[ST_PUT_SEEN];
	/* Twice what comes in: done before the next generation is full. */
	size_t n = r->pending.n * 2 + (r->idle ? MERGE_IDLE : 0);
	int rc = 0;
	r->merged_now = r->merged;
	for (; rc == 0 && n > 0 && r->merged_now < r->n_merging; n--) {
		const struct entry *e = &r->merging[r->merged_now++];
		sqlite_bind_blob(st, 1,
				 (struct str){(const char *)e->hash, 16});
		sqlite_bind_int(st, 2, e->at);
		rc = sqlite_run(s, ST_PUT_SEEN, err);
	}
	return rc;
}

/* Rows of the log whose events are all merged. */
static int trim_slice(struct store *s, struct err *err)
{
	struct recent *r = s->recent;
	r->trimmed_now = 0;
	if (r->n_merging > 0 || r->trim_from > r->trim_upto)
		return 0;
	int64_t last = r->trim_from + TRIM_ROWS - 1;
	r->trimmed_now = last < r->trim_upto ? last : r->trim_upto;
	sqlite_bind_int(s->stmt[ST_TRIM_SEEN], 1, r->trimmed_now);
	return sqlite_run(s, ST_TRIM_SEEN, err);
}

int seen_flush(struct store *s, struct err *err)
{
	int rc = append_log(s, err);
	if (rc == 0)
		rc = merge_slice(s, err);
	if (rc == 0)
		rc = trim_slice(s, err);
	return rc;
}

void seen_committed(struct store *s)
{
	struct recent *r = s->recent;
	if (r->pending.n > 0)
		r->log_next++;
	for (size_t i = 0; r->pending.n > 0 && i < r->pending.cap; i++) {
		const struct entry *e = &r->pending.slots[i];
		if (e->at != 0)
			set_put(&r->filling, e->hash, e->at);
	}
	set_clear(&r->pending);
	if (r->trimmed_now != 0)
		r->trim_from = r->trimmed_now + 1;
	r->trimmed_now = 0;
	r->merged = r->merged_now;
	if (r->n_merging == 0 || r->merged < r->n_merging)
		return;
	free(r->merging);
	r->merging = NULL;
	r->n_merging = r->merged = r->merged_now = 0;
}

void seen_rolled_back(struct store *s)
{
	set_clear(&s->recent->pending);
	s->recent->merged_now = s->recent->merged;
	s->recent->trimmed_now = 0;
}
