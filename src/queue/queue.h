/* SPDX-License-Identifier: MIT */
/*
 * The queue: the store thread, which owns the one connection that writes, and
 * the reader thread, which owns a query-only one. Mailboxes in, callbacks out.
 *
 * The store thread drains its mailbox into one transaction (accepted requests,
 * settlements, commands together), commits, and only then reports.
 */
#ifndef LB_QUEUE_H
#define LB_QUEUE_H

#include "base/worker.h"
#include "leadbridge/config.h"
#include "leadbridge/store.h"

struct queue;

enum queue_condition {
	QUEUE_OK,
	QUEUE_FULL,   /* no space: nothing is accepted; resumes by itself */
	QUEUE_FAILED, /* an I/O error: the process must end */
};

/* All are called on the store thread (refilled, recalled: reader thread) and
 * must only hand over to another thread's mailbox. */
struct queue_events {
	void *ctx;
	/* A chain of submissions with their results; ownership moves. */
	void (*submitted)(void *ctx, struct submission *chain);
	/* Leads that became deliverable in a commit, oldest first; owned. Only
	 * as many as queue_set_appetite() allows per call to it; the rest stay
	 * on disk and come by refill. `more` says that some stayed. */
	void (*due)(void *ctx, struct due_lead *chain, bool more);
	/* Settlements that are committed; owned. */
	void (*settled)(void *ctx, struct settlement *chain);
	/* Answer to queue_refill. */
	void (*refilled)(void *ctx, const char *destination,
			 struct due_lead *chain, bool more,
			 int64_t next_due_at_ms);
	/* Units that were erased in a commit: nobody may send them. May be
	 * NULL. */
	void (*erased)(void *ctx, const int64_t *ids, size_t n);
	/* Answer to queue_recall; owned. */
	void (*recalled)(void *ctx, struct recall *chain);
	/* Condition changed; after QUEUE_FAILED nothing more is written. */
	void (*condition)(void *ctx, enum queue_condition condition,
			  const char *text);
};

/* Opens or makes the store (lock file, migrations, reserve file), starts both
 * threads. Refuses a newer schema (LB_EVERSION) and a second daemon
 * (LB_EBUSY). */
LB_MUST_CHECK int queue_open(struct queue **out, const struct config *config,
			     const struct queue_events *events,
			     struct err *err);
/* Commits what is in the mailboxes, checkpoints, ends both threads. Gauges and
 * backlog can still be read. */
void queue_stop(struct queue *q);
void queue_free(struct queue *q); /* stops first, if need be; NULL is fine */
/* Per-store random secret (32 bytes) that keys content hashes. */
struct str queue_secret(const struct queue *q);
enum queue_condition queue_condition(const struct queue *q); /* any thread */
/* Reload: retention, low water. */
void queue_configure(struct queue *q, struct config *config);

/* ---- any thread -------------------------------------------------------- */

/* Takes ownership on 0. LB_EBUSY: pending or pending_bytes is reached;
 * LB_ENOSPC: the store is full; LB_EIO: it failed. Then the caller still owns
 * it. */
LB_MUST_CHECK int queue_submit(struct queue *q, struct submission *s);
void queue_settle(struct queue *q, struct settlement *s);
/* How many new leads the scheduler still wants handed over in memory. */
void queue_set_appetite(struct queue *q, const char *destination, size_t n);
/* Due leads of a destination from disk, on the reader thread: up to `fresh`
 * newest ones accepted after fresh_after_ms, and up to `backlog` oldest-due
 * ones. May return leads the scheduler already holds: it must skip those. */
void queue_refill(struct queue *q, const char *destination, size_t fresh,
		  int64_t fresh_after_ms, size_t backlog);

/* Fills the chain in, on the reader thread. Takes ownership. */
void queue_recall(struct queue *q, struct recall *chain);

/* Accounts (a JSON list of texts; NONE: none) of this queue, "@SOURCE", that
 * are refilled under names of their own, "@SOURCE:ACCOUNT": its own refills
 * leave them out. */
void queue_set_apart(struct queue *q, const char *queue, struct str accounts);

struct heartbeat *queue_heartbeat_store(struct queue *q);
struct heartbeat *queue_heartbeat_reader(struct queue *q);

/* ---- questions and commands (admin API), any thread ------------------- */

enum query_kind {
	QUERY_LEDGER,     /* running totals; scan: counts rows instead */
	QUERY_LEADS,      /* list, newest first */
	QUERY_LEAD,       /* one, with attempts and raw request */
	QUERY_QUARANTINE, /* list */
	QUERY_RAW,        /* the stored request of a unit, for a replay */
	QUERY_BACKLOG,    /* per destination: waiting, oldest */
	QUERY_CREDENTIAL, /* whether one is kept */
	QUERY_AUDIT,      /* who changed what, newest first */
	QUERY_REQUESTS,   /* as they came, newest first */
	QUERY_IMPORT,     /* how far the import of a file is */
	QUERY_COUNT,      /* how many leads a filter has */
	QUERY_IDS,        /* which: out in `ids` */
	QUERY_WAITS,      /* why a lead waits: out in `waits` */
	QUERY_SUMS,       /* contacts of leads as hashes */
	QUERY_PAST,       /* what came and went in an hour: out in `past` */
	QUERY_PRIVACY,    /* see queue/privacy.h */
	/* What changes something comes after what only asks. */
	COMMAND_RETRY,       /* dead -> waiting (generation by the rules) */
	COMMAND_BURY,        /* dead, quarantined -> ignored, with a reason */
	COMMAND_SEND_AS_NEW, /* dead -> waiting, under the next key */
	COMMAND_NOTE,        /* nothing but its line in the audit log */
	COMMAND_PRIVACY,     /* see queue/privacy.h */
	COMMAND_CREDENTIAL,  /* keep it */
};

/* Who changed what: a line of the audit log, written in the transaction of the
 * command. Nothing in it identifies a person: ids and configured names. */
struct audit {
	char actor[32];   /* "unix:0", "token", "dashboard"; "": no line */
	char action[32];  /* "lead.retry" */
	char subject[96]; /* "17", "mega" */
};

/* What the store knows of a lead that waits. */
struct query_waits {
	bool waits;
	int64_t due_ms, received_ms, attempts;
	int64_t last_ms; /* the last attempt that failed; 0: none did */
	enum outcome outcome;
	int status;
	char reason[64];
};

/* A slice of a command on many leads: short enough that an accept which waits
 * behind it is not late. */
enum { QUERY_IDS_MAX = 64 };

enum { QUERY_PAST_MINUTES = 60 };
struct queue_minute {
	uint32_t accepted, delivered, dead;
};

/* One question or command and its answer. Heap; the asker frees it with
 * query_free() in `done`, which is called on the reader or store thread and
 * must hand over to the asker's own mailbox. */
struct query {
	struct message message; /* free for the asker's mailbox in `done` */
	enum query_kind kind;
	bool scan;
	int64_t id;
	char state[16], source[65], destination[QUEUE_NAME];
	char file[65];              /* QUERY_IMPORT: SHA-256, hex */
	int64_t since_ms, until_ms; /* received then; 0: open */
	char text[128];   /* part of name, e-mail, phone, event id, reason; a
			   * whole key or CRM id */
	char reason[64];  /* part of it */
	int64_t after_id; /* cursor: ids below it; 0: from the newest */
	size_t limit;
	bool reveal;               /* personal data as it is; else masked */
	unsigned char sum_key[32]; /* QUERY_SUMS */
	/* QUERY_IDS: out. COMMAND_RETRY, _BURY, _SEND_AS_NEW with id 0: these,
	 * each by itself. */
	int64_t ids[QUERY_IDS_MAX];
	size_t n_ids;
	struct audit audit;   /* COMMAND_* */
	enum query_kind then; /* QUERY_IDS: for the asker */
	void *ctx;
	void (*done)(void *ctx, struct query *q);
	struct ticket ticket; /* for the asker */
	/* Out: */
	int result; /* LB_OK, LB_ENOTFOUND, LB_EDENIED ... */
	struct err err;
	struct buf json; /* the answer, ready to send (lists, one lead) */
	int64_t next_cursor;
	struct ledger ledger;          /* QUERY_LEDGER */
	struct submission *raw;        /* QUERY_RAW: request parts only */
	struct credential *credential; /* in and out; the asker's */
	struct due_lead *due;        /* COMMAND_*: chain of leads that wait now,
				      * taken by the store thread */
	size_t n_changed, n_refused; /* COMMAND_* with ids */
	/* QUERY_PAST: the minutes from since_ms, events before until_ms only;
	 * those before past_whole_ms are not all there. */
	struct queue_minute past[QUERY_PAST_MINUTES];
	int64_t past_whole_ms;
	struct query_waits waits;     /* QUERY_WAITS */
	struct privacy_work *privacy; /* *_PRIVACY: what to do */
};
struct query *query_new(enum query_kind kind);
void query_free(struct query *q);
/* Drops what a command has put into its out-members. */
void query_undo(struct query *q);
void queue_ask(struct queue *q, struct query *query);

/* What waits for one destination. */
struct queue_backlog {
	char name[QUEUE_NAME];
	int64_t waiting;
	int64_t oldest_received_ms; /* 0: nothing waits */
	int64_t confirmed;          /* by the CRM, since the start */
};
/* Kept in memory: counts are exact as of the last commit, the oldest as of the
 * last look (every few seconds, reader thread). *out is from malloc. */
void queue_backlog(const struct queue *q, struct queue_backlog **out,
		   size_t *n);

/* What of one source a person must decide about; only those with some. */
struct queue_aside {
	char source[65];
	int64_t dead, quarantined;
};
/* As of the last commit; *out is from malloc. */
void queue_aside(const struct queue *q, struct queue_aside **out, size_t *n);

/* Running gauges without a look at the disk; any thread. */
struct queue_gauges {
	int64_t accepted, duplicates;
	int64_t states[UNIT_STATES];
	int64_t difference; /* of the last full scan */
	bool scanned;       /* since the start */
	int64_t unmatched;  /* confirmations since the start without a lead */
	int64_t wal_bytes;
};
void queue_gauges(const struct queue *q, struct queue_gauges *out);

#endif
