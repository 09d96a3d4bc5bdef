/* SPDX-License-Identifier: MIT */
/*
 * What a person may ask delivery: why something waits, and single requests to a
 * CRM that are no lead's (a page of its list, a test). Those go out with the
 * destination's settings and through its limiter, like everything that uses its
 * key.
 */
#ifndef LB_DELIVERY_ASK_H
#define LB_DELIVERY_ASK_H

#include "delivery/delivery.h"
#include "delivery/tokens.h"
#include "leadbridge/lead.h"

enum delivery_ask_kind {
	DELIVERY_WHY,  /* why a lead, or a destination, waits */
	DELIVERY_SEND, /* one request */
};

/* Heap; the asker frees it with delivery_ask_free() after `done`, which is
 * called on the delivery thread and must hand over to the asker's mailbox. One
 * that is not answered when delivery ends is freed there. */
struct delivery_ask {
	struct message message; /* free for the asker's mailbox in `done` */
	enum delivery_ask_kind kind;
	char destination[QUEUE_NAME]; /* WHY: "": all of them */
	struct ticket ticket;
	int tag; /* for the asker, like limit */
	int64_t limit;
	void *ctx;
	void (*done)(void *ctx, struct delivery_ask *a);
	/* WHY */
	int64_t lead;      /* 0: of the destination alone */
	int64_t due_at_ms; /* as it is stored */
	/* SEND */
	bool list;   /* GET of list_url and `query`; else POST of `body` */
	char *query; /* "?limit=50" */
	char *body;
	char key[LEAD_KEY_TEXT]; /* "": without one */
	int64_t wait_ms;         /* for its turn; then LB_EBUSY */
	/* Out: */
	int result; /* LB_OK, LB_ENOTFOUND: no such destination, LB_EBUSY */
	struct buf json; /* WHY: an object, or for all a list of them; SEND:
			  * the asker's own */
	enum transport transport; /* SEND */
	int status;
	bool complete;
	struct buf answer;
	/* Delivery's own: */
	struct delivery_ask *next;
	struct destination *d;
	struct tokens tokens;
	int64_t until; /* monotonic */
};

struct delivery_ask *delivery_ask_new(enum delivery_ask_kind kind);
void delivery_ask_free(struct delivery_ask *a);
/* Any thread. Takes it. */
void delivery_ask(struct delivery *d, struct delivery_ask *a);
/* Any thread. Hands over no more leads, lets what is under way finish, and goes
 * on by itself after for_ms (or with DESTINATION_RESUME). */
void delivery_drain(struct delivery *d, const char *destination,
		    int64_t for_ms);

#endif
