/* SPDX-License-Identifier: MIT */
/*
 * What the files of the SQLite backend share. Nobody else includes it.
 *
 *   sqlite.c         open, close, transactions, the table of operations
 *   sqlite_sql.c     statements, result codes, rows and bindings
 *   sqlite_schema.c  pragmas, schema, migrations, copy before migrating
 *   sqlite_accept.c  put: de-duplication, requests, events, units, replay
 *   sqlite_seen.c    which events are known
 *   sqlite_settle.c  what became of a lead; retry and bury
 *   sqlite_bulk.c    bulk requests: stored, settled, read again
 *   sqlite_bulk_cut.c  a row of one is erased
 *   sqlite_import.c  the reading side: how far an import is
 *   sqlite_requests.c the reading side: requests as they came
 *   sqlite_command.c what a person does, and the audit log
 *   sqlite_ledger.c  names, totals, their changes in a transaction
 *   sqlite_read.c    the reading side: refill, stored requests, check
 *   sqlite_recall.c  the reading side: attempts of late, for rate limits
 *   sqlite_count.c   the reading side: ledger, scan, oldest that waits
 *   sqlite_confirm.c which delivered leads the CRM confirmed
 *   sqlite_credential.c  refresh tokens that took the place of others
 *   sqlite_list.c    the reading side: pages of leads, see sqlite_list.h
 *   sqlite_match.c   the reading side: what somebody looks for
 *   sqlite_unit.c    the reading side: a lead as JSON
 *   sqlite_sums.c    the reading side: contacts as hashes
 *   sqlite_past.c    the reading side: the last hour in minutes
 *   sqlite_waits.c   the reading side: why a lead waits
 *   sqlite_retain.c  retention in small slices
 *   sqlite_person.c  the reading side: a walk for one person
 *   sqlite_erase.c   what is a person's goes; open privacy requests
 *   sqlite_receipt.c the reading side: privacy requests, as JSON
 *   sqlite_backup.c  a copy of the store while it is used
 *   sqlite_pages.c   what is written to the file, without what rows left
 */
#ifndef LB_QUEUE_SQLITE_H
#define LB_QUEUE_SQLITE_H

#include "base/table.h"
#include "queue/store.h"

struct sqlite3;
struct sqlite3_stmt;

enum {
	SQLITE_SCHEMA_VERSION = 2,
	SQLITE_APPLICATION_ID = 0x4c424d31, /* "LBM1" */
	NAME_NONE = 0, /* no destination; real names begin at 1 */
};

/* ---- statements -------------------------------------------------------- */

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_ADD_NAME,
	ST_ADD_REQUEST,
	ST_ADD_LEAD,
	ST_ADD_COLD,
	ST_GET_SEEN,
	ST_PUT_SEEN,
	ST_LOG_SEEN,
	ST_TRIM_SEEN,
	ST_SETTLE,
	ST_SETTLE_COLD,
	ST_FETCHED,
	ST_SET_BODY,
	ST_ADD_ATTEMPT,
	ST_GET_UNIT,
	ST_SET_STATE,
	ST_SET_REASON,
	ST_GET_RETRY,
	ST_RETRY,
	ST_RETRY_KEY,
	ST_DROP_LEAD,
	ST_DROP_COLD,
	ST_DROP_ATTEMPTS,
	ST_DROP_REQUEST,
	ST_REQUEST_LEADS,
	ST_REQUEST_KEPT,
	ST_ADD_LEDGER,
	ST_OLD_REQUESTS,
	ST_CLEAR_BODIES,
	ST_OLD_LEADS,
	ST_OLD_ATTEMPTS,
	ST_DROP_ATTEMPT,
	ST_OLD_KEYS,
	ST_AUDIT,
	ST_ADD_BULK,
	ST_GET_BULK,
	ST_BULK_OPTIONS,
	ST_BULK_AGAIN,
	ST_BULK_ROWS,
	ST_END_BULK,
	ST_UNDO_BULK,
	ST_OLD_BULKS,
	ST_LAST_ID,
	STATEMENTS
};
extern const char *const sqlite_sql[STATEMENTS];

/* ---- ledger ------------------------------------------------------------ */

enum field {                  /* numbers are on disk: never change one */
	     FIELD_STATE = 0, /* + enum unit_state */
	     FIELD_ACCEPTED = 7,
	     FIELD_DUPLICATES = 8,
	     FIELD_EXPIRED = 9, /* + enum unit_state */
	     FIELDS = 9 + UNIT_STATES,
};

/* One name (source or destination) and, of a source, its totals. */
struct name {
	int64_t id;
	char *text;
	int64_t total[FIELDS];              /* as of the last commit */
	int64_t delta[FIELDS];              /* of the transaction under way */
	int64_t waiting, waiting_delta;     /* of a destination */
	int64_t confirmed, confirmed_delta; /* the same, since the start */
	bool changed;
};

struct confirmations; /* sqlite_confirm.c */
struct recent; /* events that are not in the big table yet: sqlite_seen.c */

/* ---- retention --------------------------------------------------------- */

struct tidy {
	int step;
	int64_t cursor, second;
	unsigned slice; /* of the keys */
};

struct store {
	struct sqlite3 *db;
	struct sqlite3_stmt *stmt[STATEMENTS];
	int lock_fd;
	char *path;
	unsigned char secret[32];
	int64_t next_id; /* of a unit; a request has the id of its first */
	struct name **names;
	size_t n_names, cap_names; /* index: id - 1 */
	struct table *by_text;
	int64_t total[FIELDS]; /* all sources, as of the last commit */
	size_t n_committed;    /* names that are on disk for certain */
	struct recent *recent;
	struct confirmations *confirmations;
	int64_t unmatched, unmatched_delta; /* confirmations */
	struct tidy tidy;
	int wal_pages;     /* after the last commit */
	int wal_before;    /* at the last upkeep */
	bool wal_done;     /* all of it is in the database */
	int checkpoint_at; /* pages; when the next is worth its syncs */
	bool in_transaction;
	bool scrub; /* the log still has bytes that were erased */
	int64_t scrub_at_ms;
};

struct store_reader {
	struct sqlite3 *db;
	char **names; /* index: id - 1; grows as the writer adds some */
	size_t n_names, cap_names;
};

/* ---- helpers (sqlite_sql.c) ------------------------------------------------
 */

/* The last failure of db as an lb_code, with a sentence. */
int sqlite_fail(struct sqlite3 *db, struct err *err, const char *what);
LB_MUST_CHECK int sqlite_exec(struct sqlite3 *db, const char *sql,
			      struct err *err);
LB_MUST_CHECK int sqlite_prepare(struct sqlite3 *db, const char *sql,
				 struct sqlite3_stmt **out, struct err *err);
/* Runs a statement that gives no row, and resets it. */
LB_MUST_CHECK int sqlite_run(struct store *s, enum statement st,
			     struct err *err);
/* One row: 1; none: 0; else an lb_code. Reset it when the row was read. */
LB_MUST_CHECK int sqlite_row(struct sqlite3_stmt *st, struct err *err);
void sqlite_reset(struct sqlite3_stmt *st);
void sqlite_bind_str(struct sqlite3_stmt *st, int at, struct str s);
void sqlite_bind_blob(struct sqlite3_stmt *st, int at, struct str s);
void sqlite_bind_int(struct sqlite3_stmt *st, int at, int64_t v);
void sqlite_bind_null(struct sqlite3_stmt *st, int at);
/* Borrowed until the statement moves on. */
struct str sqlite_str(struct sqlite3_stmt *st, int column);
/* First column of the first row; 0 without one. */
LB_MUST_CHECK int sqlite_number(struct sqlite3 *db, const char *sql,
				int64_t *out, struct err *err);

/* ---- schema ------------------------------------------------------------ */

struct migration {
	int version;
	const char *sql;
};
extern const struct migration sqlite_migrations[];
extern const size_t sqlite_n_migrations;

/* Brings the open database at `path` to the last version of the list. */
LB_MUST_CHECK int sqlite_migrate(struct sqlite3 *db, const char *path,
				 const struct migration *list, size_t n,
				 struct err *err);
LB_MUST_CHECK int sqlite_setup_reader(struct sqlite3 *db, struct err *err);

/* ---- pages (sqlite_pages.c) --------------------------------------------- */

/* Name of the file system the writing connection is opened with. */
const char *sqlite_pages_layer(void);
/* The bytes of a page that mean nothing; false: it is no page with cells. */
bool sqlite_page_gap(const unsigned char *page, size_t size, bool first,
		     size_t *from, size_t *to);

/* ---- one per file ------------------------------------------------------ */

int sqlite_put(struct store *s, struct submission *sub, struct err *err);
int sqlite_settle(struct store *s, const struct settlement *t, struct err *err);
/* Of one unit, also of a row of a bulk request. */
int sqlite_settle_one(struct store *s, const struct settlement *t,
		      struct err *err);
int sqlite_add_attempt(struct store *s, const struct settlement *t,
		       struct err *err);
/* as_new: under the next key, whatever the last answer was. */
int sqlite_retry(struct store *s, int64_t id, bool as_new, int64_t now_ms,
		 struct due_lead **out, struct err *err);
int sqlite_bury(struct store *s, int64_t id, int64_t now_ms, struct err *err);
/* COMMAND_*, and its line in the audit log. */
int sqlite_command(struct store *s, struct query *q, int64_t now_ms,
		   struct err *err);
int sqlite_tidy(struct store *s, const struct retain_config *retain,
		int64_t now_ms, bool *more, struct err *err);
/* Takes away a unit: its rows, and its request when it was the last. */
int sqlite_drop_unit(struct store *s, int64_t id, int64_t request,
		     struct err *err);

/* What a unit that waited in `queue` (NULL: in none) meant to the ledger. */
void sqlite_erased(struct name *source, enum unit_state from,
		   struct name *queue);
/* COMMAND_PRIVACY. */
int sqlite_privacy(struct store *s, struct query *q, int64_t now_ms,
		   struct err *err);
/* A sender's privacy request, kept with what it came in. */
int sqlite_put_privacy(struct store *s, const struct new_event *e, int64_t unit,
		       int64_t source, int64_t now_ms, struct err *err);
int sqlite_backup(const char *store, const char *to, struct err *err);
int sqlite_keep_credential(struct store *s, const struct credential *c,
			   int64_t now_ms, struct err *err);

int confirm_open(struct store *s, struct err *err);
void confirm_close(struct store *s);
/* Marks the leads that the events of a submission confirm. */
int confirm_put(struct store *s, const struct submission *sub, struct err *err);
/* A lead was delivered: it may be confirmed already. */
int confirm_delivered(struct store *s, const struct settlement *t,
		      struct err *err);
/* ---- sqlite_bulk.c ----------------------------------------------------- */

/* LB_EDENIED: the same file went there with other options. */
int bulk_check(struct store *s, struct submission *sub, struct err *err);
/* After the units of the submission have their ids and are written. */
int bulk_put(struct store *s, struct submission *sub, struct err *err);
/* What became of a bulk request, and with it of its rows. */
int bulk_settle(struct store *s, const struct settlement *t, struct err *err);
/* A row that is sent again is a bulk request of its own; *lead, which holds
 * the row's bytes, is replaced by it. */
int bulk_retry(struct store *s, struct due_lead **lead, struct err *err);
/* Stores one that is due; numbers it. */
int bulk_add(struct store *s, const struct bulk_request *b,
	     struct due_lead *due, struct err *err);
/* The unit is erased: what waits in one request with it goes without it, as
 * another request. */
int bulk_cut(struct store *s, int64_t unit, int64_t now_ms, struct err *err);
/* Due times later than latest_ms become to_ms. */
int bulk_clamp_due(struct store *s, int64_t destination, int64_t latest_ms,
		   int64_t to_ms, struct err *err);
int reader_refill_bulk(struct store_reader *r, struct refill *q,
		       struct err *err);
int reader_import(struct store_reader *r, struct query *q);

/* ---- sqlite_requests.c ------------------------------------------------- */

int reader_requests(struct store_reader *r, struct query *q);

int seen_open(struct store *s, struct err *err);
void seen_close(struct store *s);
/* Notes the event; *known when it is a duplicate. */
int seen_add(struct store *s, const struct new_event *e, int64_t now_ms,
	     bool *known, struct err *err);
/* Notes it whether known or not (a replay). */
void seen_note(struct store *s, const struct new_event *e, int64_t now_ms);
/* The first of the event's `once` that another lead was noted under within its
 * window; NULL: none, and all of them are noted now. */
int seen_once(struct store *s, const struct new_event *e, int64_t now_ms,
	      const struct once **hit, struct err *err);
/* Before the commit: writes what was noted, and merges a slice. */
int seen_flush(struct store *s, struct err *err);
void seen_committed(struct store *s);
void seen_rolled_back(struct store *s);
/* Between transactions: begins to merge when there is enough (all: in any
 * case). */
void seen_turn(struct store *s, bool all);
/* Whether the next commits may take longer, to merge more. */
void seen_idle(struct store *s, bool idle);

int ledger_open(struct store *s, struct err *err);
void ledger_close(struct store *s);
/* The name's entry, made when it is new. */
int ledger_name(struct store *s, struct str text, struct name **out,
		struct err *err);
struct name *ledger_source(struct store *s, int64_t id);
void ledger_count(struct name *source, int field, int64_t n);
/* Leads that came to wait for the destination, or no more wait. */
void ledger_wait(struct name *destination, int64_t n);
/* A lead of the destination was confirmed. */
void ledger_confirm(struct name *destination);
/* Confirmations that fit no lead, or do so now. */
void ledger_unmatched(struct store *s, int64_t n);
void ledger_confirmed(const struct store *s, waiting_fn fn, void *ctx);
int ledger_flush(struct store *s, int64_t now_ms, struct err *err);
void ledger_committed(struct store *s);
void ledger_rolled_back(struct store *s);
void ledger_totals(const struct store *s, struct queue_gauges *out);
void ledger_waiting(const struct store *s, waiting_fn fn, void *ctx);
void ledger_aside(const struct store *s, aside_fn fn, void *ctx);

int reader_open(struct store_reader **out, const struct store_config *config,
		struct err *err);
void reader_close(struct store_reader *r);
void reader_interrupt(struct store_reader *r);
int reader_refill(struct store_reader *r, struct refill *q, struct err *err);
int reader_recall(struct store_reader *r, struct recall *chain,
		  struct err *err);
int reader_answer(struct store_reader *r, struct query *q);
int reader_check(struct store_reader *r, struct err *err);
int reader_oldest(struct store_reader *r, const char *destination,
		  int64_t *cursor, int64_t *received_at_ms, struct err *err);
LB_MUST_CHECK int reader_load_names(struct store_reader *r, struct err *err);
/* "" for NAME_NONE and for a name that is not there. */
const char *reader_name(struct store_reader *r, int64_t id);
/* Id of a name, 0 when there is none. */
int reader_name_id(struct store_reader *r, const char *text, int64_t *id,
		   struct err *err);
int reader_list(struct store_reader *r, struct query *q);
int reader_lead(struct store_reader *r, struct query *q);
int reader_credential(struct store_reader *r, struct query *q);
int reader_waits(struct store_reader *r, struct query *q);
int reader_sums(struct store_reader *r, struct query *q);
int reader_past(struct store_reader *r, struct query *q);
int reader_audit(struct store_reader *r, struct query *q);
int reader_backlog(struct store_reader *r, struct query *q);
int reader_ledger(struct store_reader *r, struct query *q);
/* QUERY_PRIVACY. */
int reader_privacy(struct store_reader *r, struct query *q);
int reader_person(struct store_reader *r, struct query *q);

#endif
