/* SPDX-License-Identifier: MIT */
/*
 * The contract of a storage backend: struct store_ops. queue.c speaks to the
 * disk only through it, so a backend knows nothing of threads or mailboxes.
 *
 * Durability: what commit() returned 0 for is on disk and survives a crash of
 * the process, of the system and a power failure. What it did not return 0 for
 * counts as not stored, and nobody may be told otherwise.
 */
#ifndef LB_QUEUE_STORE_H
#define LB_QUEUE_STORE_H

#include "queue/queue.h"

struct store;        /* the writing side; store thread only */
struct store_reader; /* a reading side; one thread each */

typedef void (*waiting_fn)(void *ctx, const char *destination, int64_t waiting);
typedef void (*aside_fn)(void *ctx, const char *source, int64_t dead,
			 int64_t quarantined);

/* Due leads of one destination, read from disk. */
struct refill {
	const char *destination; /* "@SOURCE:ACCOUNT": that account's fetches */
	const char *others;      /* "@SOURCE": but not theirs; JSON, or NULL */
	size_t fresh; /* newest first, accepted after fresh_after_ms */
	int64_t fresh_after_ms;
	size_t backlog; /* oldest due first */
	int64_t now_ms;
	/* Out: */
	struct due_lead *chain; /* owned by the caller */
	bool more;
	int64_t next_due_at_ms; /* 0: nothing waits for later */
};

/*
 * Result codes inside a transaction:
 *   LB_EINVAL, LB_ENOTFOUND, LB_EDENIED  nothing was written for this call,
 *                                        the transaction goes on;
 *   LB_ESYSTEM   this call spoiled the transaction: roll back, and run the
 *                others without it;
 *   LB_ENOSPC    no room: roll back;
 *   LB_EIO       roll back, and never write again.
 */
struct store_ops {
	const char *name; /* store.backend in the configuration */

	/* Opens or makes the store; migrates an older one after copying it.
	 * LB_EVERSION: newer than this program. LB_EBUSY: another daemon has
	 * it. */
	int (*open)(struct store **out, const struct store_config *config,
		    struct err *err);
	/* After open: leads that wait for a time later than latest_ms are due
	 * at to_ms. */
	int (*clamp_due)(struct store *s, struct str destination,
			 int64_t latest_ms, int64_t to_ms, struct err *err);
	void (*close)(struct store *s);
	/* 32 random bytes, made with the store. */
	struct str (*secret)(const struct store *s);

	int (*begin)(struct store *s, struct err *err);
	/* Stores a submission, or finds that it is a duplicate; fills its
	 * out-members except `result`. */
	int (*put)(struct store *s, struct submission *sub, struct err *err);
	/* LB_ENOTFOUND: that lead does not wait (any more). */
	int (*settle)(struct store *s, const struct settlement *t,
		      struct err *err);
	/* COMMAND_*: fills the out-members of q; q->due are leads that wait
	 * now, for the caller to take once it is committed. */
	int (*command)(struct store *s, struct query *q, int64_t now_ms,
		       struct err *err);
	/* Once. On failure the transaction is gone (rolled back). */
	int (*commit)(struct store *s, int64_t now_ms, struct err *err);
	void (*rollback)(struct store *s);

	/* Outside transactions: what a commit put off (checkpoint). Called
	 * after the commit was reported. */
	int (*upkeep)(struct store *s, struct err *err);
	/* One small slice of retention in a transaction of its own; *more when
	 * the pass is not at its end. */
	int (*tidy)(struct store *s, const struct retain_config *retain,
		    int64_t now_ms, bool *more, struct err *err);
	/* Empties the log files of the backend; when idle, once a day. */
	int (*compact)(struct store *s, struct err *err);
	/* The log has grown because readers hold it: it wants a moment without
	 * one. */
	bool (*log_long)(const struct store *s);
	/* Totals as of the last commit, without a look at the disk. */
	void (*totals)(const struct store *s, struct queue_gauges *out);
	/* The same of what waits, for each destination where something does. */
	void (*waiting)(const struct store *s, waiting_fn fn, void *ctx);

	/* The same of what is dead or quarantined, for each source with some.
	 */
	void (*aside)(const struct store *s, aside_fn fn, void *ctx);
	/* And of those the CRM confirmed since the start. */
	void (*confirmed)(const struct store *s, waiting_fn fn, void *ctx);

	int (*reader_open)(struct store_reader **out,
			   const struct store_config *config, struct err *err);
	void (*reader_close)(struct store_reader *r);
	/* Any thread: what runs now ends with a failure. */
	void (*reader_interrupt)(struct store_reader *r);
	int (*refill)(struct store_reader *r, struct refill *q,
		      struct err *err);
	/* Fills in the whole chain. On failure what was not read counts as if
	 * all of it had been under way. */
	int (*recall)(struct store_reader *r, struct recall *chain,
		      struct err *err);
	/* QUERY_*: fills the out-members of q. */
	int (*answer)(struct store_reader *r, struct query *q);
	/* When the oldest waiting lead of a destination was received; 0: none
	 * waits. *cursor begins at 0 and makes the next call cheap; set it
	 * back when an older lead came to wait. */
	int (*oldest)(struct store_reader *r, const char *destination,
		      int64_t *cursor, int64_t *received_at_ms,
		      struct err *err);
	/* Nightly: whether what is on disk is well formed. */
	int (*check)(struct store_reader *r, struct err *err);
	/* A copy of what is committed, to a file that is made here; any
	 * thread, beside everything else. */
	int (*backup)(const char *store, const char *to, struct err *err);
};

extern const struct store_ops sqlite_store;

/* The backend of that name, or NULL. */
const struct store_ops *store_find(const char *name);

/* THE table of state changes. Replacing a quarantined unit by a replay is not
 * a change of state: that unit ends. */
bool unit_may_become(enum unit_state from, enum unit_state to);
/* -1 when there is no such state. */
int unit_state_find(const char *name);

/* Everything that can be said about a submission without a look at the disk:
 * counts agree, states are ones a new unit can have. */
LB_MUST_CHECK int submission_check(const struct submission *s, struct err *err);

#endif
