/* SPDX-License-Identifier: MIT */
/*
 * What the files of the queue share.
 *
 *   queue.c   open, close, and what other threads call
 *   writer.c  the store thread: when to write, when to tidy
 *   batch.c   one batch: transaction, commit, reports
 *   reader.c  the reader thread
 *   space.c   room on the disk
 */
#ifndef LB_QUEUE_PARTS_H
#define LB_QUEUE_PARTS_H

#include "base/table.h"
#include "queue/queue.h"
#include "queue/space.h"
#include "queue/store.h"

enum {
	BATCH_ITEMS = 256,
	BATCH_BYTES = 1024 * 1024,
};

enum message_kind {
	MESSAGE_SUBMIT,
	MESSAGE_SETTLE,
	MESSAGE_QUERY,
	MESSAGE_REFILL,
	MESSAGE_RECALL,
	MESSAGE_CONFIGURE,
	MESSAGE_STOP,
};

struct refill_message {
	struct message message;
	struct refill refill;
	char destination[QUEUE_NAME];
	char *others; /* accounts that are not meant, or NULL */
};

struct recall_message {
	struct message message;
	struct recall *chain;
};

struct configure_message {
	struct message message;
	struct retain_config retain;
	int64_t low_water;
};

/* How many new leads of a destination are handed over in memory. */
struct appetite {
	size_t n;
};

struct queue {
	const struct store_ops *ops;
	struct store *store;         /* store thread */
	struct store_reader *reader; /* reader thread */
	struct queue_events events;
	struct mailbox *to_store, *to_reader;
	struct worker *store_worker, *reader_worker;
	struct heartbeat store_beat, reader_beat;
	/* The store thread asks for a moment without readers, in which the log
	 * of the store can begin anew. */
	_Atomic bool log_long;
	_Atomic int condition; /* enum queue_condition; store thread sets it */
	_Atomic int64_t pending, pending_bytes;
	_Atomic int64_t pending_max, pending_bytes_max;
	unsigned char secret[32];

	struct lock *lock; /* of the following */
	struct queue_gauges gauges;
	struct table *appetites;
	struct table *apart; /* queue of a source -> accounts, see queue.h */
	struct queue_backlog *backlog; /* one per destination ever waited for */
	size_t n_backlog, cap_backlog;
	struct queue_aside *aside;
	size_t n_aside, cap_aside;
	bool older; /* a lead older than those that wait came to wait */

	/* Store thread: */
	struct retain_config retain;
	struct space space;
	struct message *inbox; /* taken, not yet in a batch */
	struct message *held;  /* settlements for which there was no room */
	bool stopping;
	bool tidying;
	int64_t looked_at_ms;  /* monotonic: room on the disk */
	int64_t tidy_at_ms;    /* next pass */
	int64_t slice_at_ms;   /* last slice */
	int64_t compact_at_ms; /* next */
};

/* ---- batch.c ----------------------------------------------------------- */

struct item {
	struct message *message; /* not ours any more once it is reported */
	enum message_kind kind;
	size_t bytes; /* of a submission, as it was counted when it came */
	int result;
	bool final;
};

struct batch {
	struct item items[BATCH_ITEMS];
	size_t n;
	size_t bytes;
};

/* Moves messages from the list into the batch, up to its caps. */
void batch_gather(struct batch *b, struct message **list);
/* Writes, commits, reports. Every message ends here, but for settlements that
 * found no room: those go to q->held. */
void batch_run(struct queue *q, struct batch *b);

/* ---- writer.c, reader.c ------------------------------------------------ */

/* The threads; ctx is the queue. */
void writer_main(void *ctx);
void reader_main(void *ctx);
/* Copies the totals as of the last commit for other threads; lock is held. */
void queue_publish(struct queue *q);
void queue_out_of_room(struct queue *q, const char *text);
void queue_set_condition(struct queue *q, enum queue_condition condition,
			 const char *text);

#endif
