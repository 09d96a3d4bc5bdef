/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the delivery thread: delivery.c (start, turn, end),
 * delivery_table.c (who is served), delivery_mail.c (what a message does) and
 * delivery_post.c (how others write one). All but the latter run on it.
 */
#ifndef LB_DELIVERY_INTERNAL_H
#define LB_DELIVERY_INTERNAL_H

#include "delivery/bulk.h"
#include "delivery/delivery.h"
#include "delivery/destination.h"
#include "delivery/fetch.h"
#include "delivery/limits.h"
#include "delivery/mail.h"

struct delivery {
	struct courier courier;
	struct config *config;
	struct worker *worker;
	struct mailbox *mailbox;
	struct loop_watch *watch;
	struct loop_timer *tick, *publish, *grace;
	bool publishing;                /* its timer is armed */
	int64_t trimmed_at, trim_since; /* 0: nothing to give back */
	struct table *destinations;
	struct destination **list; /* the same, for walks */
	size_t n, cap;
	struct limits *limits;
	struct refreshers *refreshers;
	struct destination *touched;
	struct heartbeat heartbeat;
	struct lock *lock; /* guards what follows */
	struct destination_status *status;
	size_t n_status;
};

/* ---- delivery.c ---------------------------------------------------------- */

/* Others see the state shortly after. */
void delivery_publish_soon(struct delivery *d);
/* Ends the thread when it is to end and nothing is under way. */
void delivery_maybe_end(struct delivery *d);

/* ---- delivery_table.c ---------------------------------------------------- */

/* Takes over the reference. */
void delivery_serve(struct delivery *d, struct config *config);
/* Also one that leaves, or NULL. */
struct destination *delivery_of_lead(struct delivery *d,
				     const struct due_lead *lead);
/* One that stays, or NULL. */
struct destination *delivery_find(struct delivery *d, struct str name);
/* Where bulk requests for the destination of that name go, or NULL. */
struct destination *delivery_lane_of(struct delivery *d, struct str name);
/* To be pumped when the whole batch of messages is in. */
void delivery_touch(struct delivery *d, struct destination *destination);
void delivery_touch_all(struct delivery *d);
void delivery_pump_touched(struct delivery *d);
/* Those that left and have nothing under way any more. */
void delivery_remove_left(struct delivery *d);

/* ---- delivery_mail.c ----------------------------------------------------- */

/* Does what the message says, and frees it. */
void delivery_handle(struct delivery *d, struct mail *mail);
void delivery_ask_recall(struct delivery *d);

#endif
