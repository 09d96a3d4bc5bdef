/* SPDX-License-Identifier: MIT */
/*
 * The store: what is kept on disk and what that promises.
 *
 *  - put() returns 0 only when everything of the batch is committed and synced.
 *    A 2xx is answered after that and never before.
 *  - An event is stored whole (request, ids, units) or not at all.
 *  - The ledger changes in the transaction that changes a state.
 *  - Exactly one thread calls the writing functions of a store, ever: the store
 *    thread (queue/queue.c). Readers have connections of their own.
 *
 * The unit of the ledger is the lead: one per (event, index, destination). An
 * event without a lead is one unit without destination, ignored or quarantined.
 *
 * A unit whose sender named a record instead of sending it is `fetching`: it
 * has its destination and its key, but its body is the description of what to
 * ask (sources/fetch.c), which begins with '[', as no lead does. It waits in
 * the queue of its source, named "@SOURCE", which no destination can be, and is
 * handled by delivery like any other. With the lead's own bytes it becomes
 * waiting, in one transaction.
 *
 * The rows of an import are leads like any other, but go to the CRM many in one
 * request, their bulk request: it waits in the queue "+DESTINATION", is stored
 * as it is sent, and what the CRM says of each row settles that row.
 */
#ifndef LB_STORE_H
#define LB_STORE_H

#include "base/worker.h"
#include "leadbridge/arena.h"
#include "leadbridge/outcome.h"
#include "leadbridge/str.h"

enum unit_state { /* numbers are on disk: never change one */
		  UNIT_WAITING = 0,
		  UNIT_FETCHING = 1,
		  UNIT_DELIVERED = 2,
		  UNIT_DEAD = 3,
		  UNIT_QUARANTINED = 4,
		  UNIT_IGNORED = 5,
		  UNIT_ERASED = 6,
};
#define UNIT_STATES 7
const char *unit_state_name(enum unit_state s);

/* '@' or '+', 64 characters, ':', an account's 64, and a NUL */
enum { QUEUE_NAME = 131, ACCOUNT_MAX = 64 };
/* The longest wait another side may ask for, with its jitter. */
enum { ASKED_WAIT_MAX_MS = 6 * 60 * 60 * 1000 + 30 * 1000 };
/* The longest regular pause between two tries of a fetch. */
enum { FETCH_RETRY_EVERY_MS = 2 * 60 * 60 * 1000 };
/* The queue in which units of this source wait for their fetch. */
struct str fetch_queue(struct str source, char name[QUEUE_NAME]);
/* Whether these bytes describe a fetch, and are not a lead's. */
bool is_fetch(struct str body);
/* The queue in which bulk requests to this destination wait. */
struct str bulk_queue(struct str destination, char name[QUEUE_NAME]);
bool is_bulk_queue(struct str queue);

/* ---- accepting --------------------------------------------------------- */

struct ticket { /* whose answer waits: a slot and its generation */
	uint32_t slot, generation;
};

struct new_unit {
	uint32_t event; /* index in submission.events */
	uint32_t index; /* of the lead in the event */
	enum unit_state state;
	struct str destination; /* NONE where there is no lead */
	unsigned char key[16];
	struct str body;   /* exact bytes to send; FETCHING: what to ask */
	struct str reason; /* why ignored or quarantined */
	int64_t id;        /* out: 0 when its event was a duplicate */
};

/* A lead there may be one of within a window: this person's (join), this
 * conversation's. */
struct once {
	unsigned char hash[16];
	int64_t window_ms;
	struct str reason; /* of the later one, which is ignored */
};

struct new_event {
	struct str id;          /* as in the key; "h:..." when weak */
	bool weak;              /* id is a content hash */
	unsigned char hash[16]; /* of (source, id), or of (source, content) */
	int64_t window_ms;      /* weak: a repeat within it is a duplicate */
	struct str topic;
	struct str account;
	const char *privacy; /* privacy topic to record, or NULL */
	struct str person;   /* whom it says to erase; NONE: record it only */
	int64_t person_wait_ms;
	struct str confirms; /* the CRM's id of a lead it has made */
	int64_t occurred_at_ms;
	struct once *once;
	uint32_t n_once;
	uint32_t n_units; /* of submission.units, in order */
	bool duplicate;   /* out */
	bool joined;      /* out: its waiting units were ignored, see once */
};

/* What makes the units of a submission one bulk request. */
struct bulk_request {
	struct str destination; /* as it is configured */
	struct str file;        /* SHA-256 of the imported file, hex */
	int64_t number;         /* of this request, in the file */
	struct str options;     /* what else decided on the rows, digested */
	unsigned char key[16];  /* of the request */
	struct due_lead *due;   /* out: the request; taken by the store thread,
				 * NULL: all of it was there before */
};

struct submission {
	struct message message;  /* for a mailbox */
	struct submission *next; /* for whoever holds it */
	struct arena arena;      /* everything below lives here */
	struct ticket ticket;
	struct str source;
	unsigned source_position; /* in the configuration, for counters */
	int64_t received_at_ms;
	struct str content_type;
	struct str target;  /* secrets overwritten */
	struct str headers; /* the ones that matter, "Name: value\n" */
	struct str body;    /* raw, secrets overwritten */
	int matched_secret; /* or -1 */
	struct new_event *events;
	uint32_t n_events;
	struct new_unit *units;
	uint32_t n_units;
	bool test;         /* the sender's test event */
	int64_t replay_of; /* quarantined unit this replaces, or 0 */
	bool by_hand;      /* asked for, and answered, by the admin API */
	int64_t held;      /* number of the held request it is, or 0 */
	struct bulk_request *bulk; /* rows of an import, or NULL */
	/* Out, set by the store thread: */
	int result;            /* LB_OK, or nothing of it is stored */
	uint32_t n_duplicates; /* events */
	uint32_t n_accepted;   /* units */
	uint32_t accepted_by_state[UNIT_STATES];
};

struct submission *submission_new(void);
void submission_free(struct submission *s);
/* Bytes it holds, for the ceilings of the mailboxes. */
size_t submission_size(const struct submission *s);

/* ---- delivering -------------------------------------------------------- */

/* A lead on its way to the scheduler; one heap block, free() ends it. */
struct due_lead {
	struct due_lead *next;
	int64_t id; /* of the unit */
	struct str source, destination;
	struct str to; /* FETCHING: where the lead goes afterwards, while
			* destination is the source's queue; else NONE */
	int64_t received_at_ms, occurred_at_ms;
	int64_t due_at_ms;          /* wall clock */
	int64_t first_failed_at_ms; /* 0: never tried and failed */
	int64_t triable_ms;         /* age that counts for max_age */
	uint32_t attempts, generation;
	/* Number of the bulk request it is, or 0; id is its first row's. */
	int64_t bulk;
	/* Of a bulk request: how many ids from id on may be rows of it, and
	 * how many are. */
	uint32_t units, rows;
	unsigned char key[16];
	struct str body; /* n == 0: not loaded */
	char data[];
};
/* Whether the lead of that id goes with it. */
static inline bool due_lead_holds(const struct due_lead *l, int64_t id)
{
	return l->id == id ||
	       (l->bulk != 0 && id >= l->id && id - l->id < (int64_t)l->units);
}
/* Copies the strings of `from` into one block. */
struct due_lead *due_lead_new(const struct due_lead *from);

/* What the CRM said of one row of a bulk request. */
struct row_result {
	int64_t id;            /* of the unit */
	enum unit_state state; /* DELIVERED or DEAD */
	char crm_id[64];
	char *response; /* DEAD: the CRM's own words, or NULL */
};

/* What one attempt came to. Owns the lead it is about, so that names and bytes
 * are there when the commit is reported, and a retry needs no read. */
struct settlement {
	struct message message;  /* for a mailbox */
	struct settlement *next; /* for whoever holds it */
	struct due_lead *lead;
	enum unit_state state; /* WAITING (again), DELIVERED or DEAD; of a
				* fetch: FETCHING (again), WAITING (with
				* `rendered`), DEAD, IGNORED, QUARANTINED */
	bool counts;           /* whether it counts as an attempt */
	int64_t started_at_ms, duration_ms;
	int64_t due_at_ms; /* waits again: next try */
	char *rendered;    /* FETCHING -> WAITING: the lead's bytes, or NULL */
	size_t rendered_n;
	int64_t first_failed_at_ms, triable_ms;
	enum outcome outcome;
	int http_status;    /* 0: no answer */
	const char *reason; /* static word: "http_503", "timeout" */
	char crm_id[64];
	char *response; /* the CRM's own words for DEAD, or NULL */
	/* A bulk request that is DELIVERED: the rows the CRM named; the others
	 * are dead. Owned. */
	struct row_result *rows;
	size_t n_rows;
	int result; /* out: LB_OK when committed; LB_ENOTFOUND: this lead
		     * waits no more (retried, erased): drop it */
};
void settlement_free(struct settlement *s); /* with its lead */

/* When a destination was sent to of late, for its rate limit after a start. */
struct recall {
	struct recall *next;
	char destination[QUEUE_NAME];
	int64_t since_ms;       /* wall clock */
	size_t most;            /* the newest are enough */
	int64_t in_flight_most; /* its concurrency */
	/* Whether an attempt with that reason used up anything. */
	bool (*counts)(struct str reason);
	/* Out: */
	int64_t *at_ms; /* when each was over; in any order */
	size_t n, cap;
	int64_t in_flight; /* may have been, and left no row */
	/* It asked for time until then (wall clock); 0: it did not. */
	int64_t limited_until_ms;
};
void recall_free(struct recall *chain);

/* A refresh token that took the place of one that was configured: providers
 * that give a new one with each use take the old one back. */
struct credential {
	/* Digest of what it descends from: where it is used, for which client,
	 * and the configured token. Another configured one begins anew. */
	unsigned char id[32];
	char *token; /* NULL: none is kept */
	bool keep;   /* keep it, else: is one kept? */
	void *asker; /* whose question it is */
	int result;  /* out: LB_OK when committed, or read */
};
void credential_free(struct credential *c); /* wipes; NULL is fine */

/* ---- reading ----------------------------------------------------------- */

struct ledger_row {
	char source[65]; /* "" in the total */
	int64_t accepted, duplicates;
	int64_t states[UNIT_STATES];
	int64_t expired; /* rows retention removed, already in states */
};

struct ledger {
	struct ledger_row total;
	struct ledger_row *sources;
	size_t n_sources;
	int64_t difference; /* of the last full scan; 0: balances */
	int64_t scanned_at_ms;
};
void ledger_release(struct ledger *l);

#endif
