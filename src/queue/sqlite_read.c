/* SPDX-License-Identifier: MIT */
/*
 * The reading side: a connection that can neither write nor checkpoint, for
 * refill and replay. Transactions are short: a reader pins the log. Reader
 * thread only.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/sqlite.h"

enum { REFILL_BYTES = 8 * 1024 * 1024 }; /* of one answer */

int reader_open(struct store_reader **out, const struct store_config *config,
		struct err *err)
{
	struct store_reader *r = xcalloc(1, sizeof(*r));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int rc = 0;
	if (sqlite3_open_v2(config->path, &r->db, flags, NULL) != SQLITE_OK)
		rc = sqlite_fail(r->db, err, "cannot open the store");
	if (rc == 0)
		rc = sqlite_setup_reader(r->db, err);
	if (rc != 0) {
		reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void reader_close(struct store_reader *r)
{
	if (r == NULL)
		return;
	(void)sqlite3_close(r->db);
	for (size_t i = 0; i < r->n_names; i++)
		free(r->names[i]);
	free(r->names);
	free(r);
}

void reader_interrupt(struct store_reader *r)
{
	sqlite3_interrupt(r->db);
}

/* ---- names ------------------------------------------------------------- */

/* Names are only ever added, at the end. */
int reader_load_names(struct store_reader *r, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    r->db, "SELECT text FROM name WHERE id > ?1 ORDER BY id", &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, (int64_t)r->n_names);
	while ((rc = sqlite_row(st, err)) == 1) {
		r->names = xgrow(r->names, &r->cap_names, r->n_names + 1,
				 sizeof(*r->names));
		r->names[r->n_names++] = xstr_dup(sqlite_str(st, 0));
	}
	(void)sqlite3_finalize(st);
	return rc;
}

const char *reader_name(struct store_reader *r, int64_t id)
{
	struct err ignored;
	if (id > (int64_t)r->n_names && reader_load_names(r, &ignored) != 0)
		return "";
	return id > 0 && id <= (int64_t)r->n_names ? r->names[id - 1] : "";
}

int reader_name_id(struct store_reader *r, const char *text, int64_t *id,
		   struct err *err)
{
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < r->n_names; i++)
			if (strcmp(r->names[i], text) == 0) {
				*id = (int64_t)i + 1;
				return 0;
			}
		int rc = again == 0 ? reader_load_names(r, err) : 0;
		if (rc != 0)
			return rc;
	}
	*id = 0;
	return 0;
}

/* ---- refill ------------------------------------------------------------ */

#define TO_SEND  "lead_due WHERE state = 0 AND destination = ?1"
#define TO_FETCH "lead_fetch WHERE state = 1 AND source = ?1"
/* Of one account; of all but those listed. */
#define OF_ACCOUNT                                                             \
	TO_FETCH " AND (SELECT account FROM cold WHERE id = lead.id) IS ?5"
#define OF_OTHERS                                                              \
	TO_FETCH " AND ifnull((SELECT account FROM cold WHERE id = lead.id),"  \
		 " '') NOT IN (SELECT value FROM json_each(?5))"
#define DUE(which)                                                             \
	"SELECT l.id, l.source, l.received_at, l.at, l.attempts,"              \
	" l.generation, l.first_failed_at, l.triable_ms, c.occurred_at,"       \
	" c.key, c.body, l.destination FROM"                                   \
	" (SELECT * FROM lead INDEXED BY " which
#define BACKLOG(which)                                                         \
	DUE(which)                                                             \
	" AND at <= ?2 ORDER BY at LIMIT ?3) l CROSS JOIN cold c"              \
	" ON c.id = l.id ORDER BY l.at"
#define FRESH(which)                                                           \
	DUE(which)                                                             \
	" AND at <= ?2 AND at >= ?4 AND received_at >= ?4"                     \
	" ORDER BY at DESC LIMIT ?3) l CROSS JOIN cold c"                      \
	" ON c.id = l.id ORDER BY l.at DESC"
#define NEXT(which)                                                            \
	"SELECT at FROM lead INDEXED BY " which " AND at > ?2"                 \
	" ORDER BY at LIMIT 1"

/* A queue is a destination's, or, for fetches, a source's. */
static const struct {
	const char *backlog, *fresh, *next;
} queues[] = {
    {BACKLOG(TO_SEND), FRESH(TO_SEND), NEXT(TO_SEND)},
    {BACKLOG(TO_FETCH), FRESH(TO_FETCH), NEXT(TO_FETCH)},
    {BACKLOG(OF_ACCOUNT), FRESH(OF_ACCOUNT), NEXT(OF_ACCOUNT)},
    {BACKLOG(OF_OTHERS), FRESH(OF_OTHERS), NEXT(OF_OTHERS)},
};
enum { QUEUE_SEND, QUEUE_FETCH, QUEUE_ACCOUNT, QUEUE_OTHERS };

struct refilling {
	struct refill *q;
	int kind;
	struct str queue;    /* the destination without account */
	struct str accounts; /* see QUEUE_ACCOUNT, QUEUE_OTHERS */
	struct due_lead **last;
	size_t bytes;
};

static void add_due(struct store_reader *r, struct refilling *f,
		    struct sqlite3_stmt *st)
{
	struct str key = sqlite_str(st, 9);
	struct due_lead lead = {
	    .id = sqlite3_column_int64(st, 0),
	    .source = str_from(reader_name(r, sqlite3_column_int64(st, 1))),
	    .destination = f->queue,
	    .received_at_ms = sqlite3_column_int64(st, 2),
	    .due_at_ms = sqlite3_column_int64(st, 3),
	    .attempts = (uint32_t)sqlite3_column_int64(st, 4),
	    .generation = (uint32_t)sqlite3_column_int64(st, 5),
	    .first_failed_at_ms = sqlite3_column_int64(st, 6),
	    .triable_ms = sqlite3_column_int64(st, 7),
	    .occurred_at_ms = sqlite3_column_int64(st, 8),
	    .body = sqlite_str(st, 10),
	};
	if (f->kind != QUEUE_SEND)
		lead.to =
		    str_from(reader_name(r, sqlite3_column_int64(st, 11)));
	memcpy(lead.key, key.p,
	       key.n < sizeof(lead.key) ? key.n : sizeof(lead.key));
	f->bytes += lead.body.n;
	*f->last = due_lead_new(&lead);
	f->last = &(*f->last)->next;
}

static int read_due(struct store_reader *r, struct refilling *f,
		    const char *text, int64_t destination, size_t limit,
		    struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db, text, &st, err);
	if (rc != 0)
		return rc;
	size_t n = 0;
	sqlite_bind_int(st, 1, destination);
	sqlite_bind_int(st, 2, f->q->now_ms);
	sqlite_bind_int(st, 3, (int64_t)limit + 1);
	if (sqlite3_bind_parameter_count(st) > 3)
		sqlite_bind_int(st, 4, f->q->fresh_after_ms);
	if (sqlite3_bind_parameter_count(st) > 4)
		sqlite_bind_str(st, 5, f->accounts);
	while ((rc = sqlite_row(st, err)) == 1) {
		if (n++ == limit || f->bytes >= REFILL_BYTES) {
			f->q->more = true;
			rc = 0;
			break;
		}
		add_due(r, f, st);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

static int read_next(struct store_reader *r, struct refilling *f,
		     int64_t destination, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	struct refill *q = f->q;
	int rc = sqlite_prepare(r->db, queues[f->kind].next, &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, destination);
	sqlite_bind_int(st, 2, q->now_ms);
	if (f->accounts.n > 0)
		sqlite_bind_str(st, 5, f->accounts);
	rc = sqlite_row(st, err);
	q->next_due_at_ms = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* Which rows are meant, and how they are found. */
static void name_queue(struct refilling *f, char name[QUEUE_NAME])
{
	struct str account, all = str_from(f->q->destination);
	bool fetch = all.n > 0 && all.p[0] == '@';
	f->queue = str_cut(all, ':', &account);
	if (!fetch)
		f->kind = QUEUE_SEND;
	else if (account.n > 0)
		f->kind = QUEUE_ACCOUNT;
	else
		f->kind = f->q->others != NULL ? QUEUE_OTHERS : QUEUE_FETCH;
	f->accounts = account.n > 0 ? account : str_from(f->q->others);
	(void)snprintf(name, QUEUE_NAME, "%.*s",
		       STR_FMT(str_sub(f->queue, fetch, f->queue.n)));
}

int reader_refill(struct store_reader *r, struct refill *q, struct err *err)
{
	struct refilling f = {.q = q, .last = &q->chain};
	int64_t destination = 0;
	q->chain = NULL;
	q->more = false;
	q->next_due_at_ms = 0;
	if (is_bulk_queue(str_from(q->destination)))
		return reader_refill_bulk(r, q, err);
	char name[QUEUE_NAME];
	name_queue(&f, name);
	int rc = reader_name_id(r, name, &destination, err);
	if (rc != 0 || destination == NAME_NONE)
		return rc;
	if (q->fresh > 0)
		rc = read_due(r, &f, queues[f.kind].fresh, destination,
			      q->fresh, err);
	if (rc == 0 && q->backlog > 0)
		rc = read_due(r, &f, queues[f.kind].backlog, destination,
			      q->backlog, err);
	if (rc == 0)
		rc = read_next(r, &f, destination, err);
	return rc;
}

/* ---- replay and check -------------------------------------------------- */

static int read_raw(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    r->db,
	    "SELECT l.source, r.received_at, r.content_type, r.target,"
	    " r.headers, r.body, r.flags FROM lead l JOIN request r"
	    " ON r.id = l.request WHERE l.id = ?1",
	    &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 0) {
		rc = err_set(&q->err, LB_ENOTFOUND, "no such unit");
	} else if (rc == 1) {
		struct submission *raw = submission_new();
		struct arena *a = &raw->arena;
		int64_t source = sqlite3_column_int64(st, 0);
		raw->source = arena_copy(a, str_from(reader_name(r, source)));
		raw->received_at_ms = sqlite3_column_int64(st, 1);
		raw->content_type = arena_copy(a, sqlite_str(st, 2));
		raw->target = arena_copy(a, sqlite_str(st, 3));
		raw->headers = arena_copy(a, sqlite_str(st, 4));
		raw->body = arena_copy(a, sqlite_str(st, 5));
		raw->test = (sqlite3_column_int64(st, 6) & 1) != 0;
		raw->replay_of = q->id;
		q->raw = raw;
		rc = 0;
	}
	(void)sqlite3_finalize(st);
	return rc;
}

int reader_check(struct store_reader *r, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db, "PRAGMA quick_check(1)", &st, err);
	if (rc == 0)
		rc = sqlite_row(st, err);
	if (rc == 1) {
		struct str text = sqlite_str(st, 0);
		rc = str_eq(text, STR("ok"))
			 ? 0
			 : err_set(err, LB_EIO, "the store is damaged: %.*s",
				   STR_FMT(text));
	}
	(void)sqlite3_finalize(st);
	return rc;
}

int reader_answer(struct store_reader *r, struct query *q)
{
	switch (q->kind) {
	case QUERY_LEDGER:
		return reader_ledger(r, q);
	case QUERY_LEADS:
	case QUERY_QUARANTINE:
	case QUERY_COUNT:
	case QUERY_IDS:
		return reader_list(r, q);
	case QUERY_WAITS:
		return reader_waits(r, q);
	case QUERY_SUMS:
		return reader_sums(r, q);
	case QUERY_PAST:
		return reader_past(r, q);
	case QUERY_LEAD:
		return reader_lead(r, q);
	case QUERY_RAW:
		return read_raw(r, q);
	case QUERY_BACKLOG:
		return reader_backlog(r, q);
	case QUERY_CREDENTIAL:
		return reader_credential(r, q);
	case QUERY_AUDIT:
		return reader_audit(r, q);
	case QUERY_REQUESTS:
		return reader_requests(r, q);
	case QUERY_IMPORT:
		return reader_import(r, q);
	case QUERY_PRIVACY:
		return reader_privacy(r, q);
	case COMMAND_RETRY:
	case COMMAND_BURY:
	case COMMAND_SEND_AS_NEW:
	case COMMAND_NOTE:
	case COMMAND_PRIVACY:
	case COMMAND_CREDENTIAL:
		break;
	}
	return err_set(&q->err, LB_EINVAL, "not a question");
}
