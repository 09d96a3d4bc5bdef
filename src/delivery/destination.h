/* SPDX-License-Identifier: MIT */
/*
 * One destination: its leads, its limits, its condition. Destinations share
 * nothing but the thread and, where they use the same key, a limiter. Delivery
 * thread only.
 *
 * destination.c      life, configuration, condition, the pump that sends
 * destination_rule.c what an answer means for lead and destination
 * destination_room.c how many leads are in memory, refills
 */
#ifndef LB_DESTINATION_H
#define LB_DESTINATION_H

#include "base/loop.h"
#include "base/table.h"
#include "delivery/breaker.h"
#include "delivery/delivery.h"
#include "delivery/http_client.h"
#include "delivery/limiter.h"
#include "delivery/scheduler.h"
#include "delivery/tokens.h"

/* What delivery needs of the queue; the tests bring their own. */
struct delivery_ops {
	void *ctx;
	void (*settle)(void *ctx, struct settlement *s);
	void (*set_appetite)(void *ctx, const char *destination, size_t n);
	void (*refill)(void *ctx, const char *destination, size_t fresh,
		       int64_t fresh_after_ms, size_t backlog);
	/* NULL: nothing is known of before the start. */
	void (*recall)(void *ctx, struct recall *chain);
	/* Keeps a credential or looks it up; takes it. NULL: none are kept. */
	void (*credential)(void *ctx, struct credential *c);
	/* Which accounts of the source are refilled by name: those of its
	 * api.tokens. NULL where no source has any. */
	void (*set_apart)(void *ctx, const struct source *source);
};

struct destination;
struct account;
struct lane;
struct delivery_ask;

/* What the destinations of one delivery share. */
struct courier {
	struct loop *loop;
	struct http_client *http;
	struct delivery_ops ops;
	size_t in_flight; /* of all */
	bool stopping;
	bool trimmed; /* a destination gave memory back */
	void *ctx;
	void (*answered)(void *ctx, struct destination *d);
};

enum { DEAD_ROW = 5 }; /* leads DEAD in a row that mean: it is not the leads */

struct dead_row {
	int n;
	int64_t ids[DEAD_ROW];
	struct due_lead *leads[DEAD_ROW]; /* once committed */
};

struct park {
	bool on;
	const char *reason;
	enum outcome class; /* answers of which keep it parked */
	int64_t lead;       /* the one that parked it */
	int64_t since, probe_at;
	bool probing;
};

struct destination {
	struct courier *courier;
	struct config *all; /* a reference, keeps config */
	const struct destination_config *config;
	char *name;
	struct account *account; /* of fetches; NULL: this is a CRM */
	struct lane *lane;       /* of bulk requests; NULL: single leads */
	struct scheduler *leads;
	struct http_target *target;
	struct limiter *limiter; /* shared, not owned */
	struct loop_timer *timer;
	int64_t wake_at; /* of the timer; INT64_MAX: not armed */

	enum condition condition; /* only set_condition() writes these */
	const char *reason;
	int64_t since_ms;
	int64_t triable_ms, triable_since; /* time in CONDITION_OK */

	bool paused;
	int64_t paused_until; /* monotonic; 0: until a person says so */
	bool virgin;          /* no answer since start or reload */
	int64_t since;        /* monotonic: this configuration */
	int64_t odd_lead;     /* the last single PARK answer's */
	struct park park;
	struct breaker breaker;
	struct dead_row dead_row;
	int64_t limited_until, limited_at, limited_step;
	const char *limited_reason, *limited_by;
	int64_t tokens_out_at; /* leads waited for a token; 0: none did */
	int64_t nxdomain_since;
	struct table *failing; /* leads with 5xx, for poison */

	int64_t slots, slot_successes, slots_halved_at;
	int64_t in_flight;
	struct attempt *attempts; /* those in flight */
	bool leaving;             /* no longer configured */

	bool more, refilling; /* on disk; asked for */
	bool stale;           /* what was asked for was changed meanwhile */
	int64_t refill_at, disk_due_ms; /* wall */
	size_t granted;
	int64_t granted_at, used_at;
	struct delivery_ask *asks;   /* requests of a person, in order */
	struct delivery_ask *asking; /* those under way */
	int leads_since_ask;
	struct settlement *refused; /* by a full store: again in a second */

	struct {
		int64_t delivered, retried, limited, dead, parked, tried;
	} total;
	int64_t alarmed_at;
	const char *trouble; /* the last reason of destination_alarm() */
	int64_t trouble_ms;
	int64_t certificate_ends_ms; /* of the last answer over TLS */
	bool touched;                /* in the list of those to pump */
	struct destination *next_touched;
};

struct attempt {
	struct attempt *next, *prev;
	struct attempt *mates; /* of a fetch: further leads of the request */
	bool is_mate;          /* one of those */
	bool brief;            /* of a fetch: asked for fewer fields */
	struct destination *d;
	struct tokens tokens;
	struct entry *entry;
	int64_t started, started_ms; /* monotonic, wall */
	bool breaker_probe, park_probe;
};

struct ruling { /* on one lead */
	enum unit_state state;
	enum outcome outcome;
	bool counts; /* as an attempt */
	bool ages;   /* its age starts to run, and may end it */
	int64_t wait_ms;
	const char *reason;
	char *rendered; /* of a fetch that gave a lead: its bytes */
	size_t rendered_n;
	struct row_result *rows; /* of a bulk request that arrived */
	size_t n_rows;
};

/* The state of what waits here for its next try. */
static inline enum unit_state destination_waits(const struct destination *d)
{
	return d->account != NULL ? UNIT_FETCHING : UNIT_WAITING;
}

/* ---- destination.c ------------------------------------------------------- */

struct destination *destination_new(struct courier *courier, struct config *all,
				    const struct destination_config *config,
				    struct limiter *limiter);
/* Lets go of the HTTP client, which ends next: no answers come any more. */
void destination_quiet(struct destination *d);
void destination_free(struct destination *d);
void destination_configure(struct destination *d, struct config *all,
			   const struct destination_config *config,
			   struct limiter *limiter);
/* What it sends are fetches of this account; takes it. NULL: leads, to a CRM.
 * After each destination_configure(), whose config was the account's. */
void destination_serve(struct destination *d, struct account *account);
/* What it sends are bulk requests; takes it. NULL: none. */
void destination_bulk(struct destination *d, struct lane *lane);
/* Its target again, after a header of its configuration changed. */
void destination_retarget(struct destination *d);
/* Whether a request may leave once more, whose connection died under it. */
bool attempt_again(void *attempt);
void destination_command(struct destination *d, enum destination_command c);
void destination_drain(struct destination *d, int64_t for_ms);
/* Sends what may be sent, arms the timer, sets the condition. */
void destination_pump(struct destination *d);
void destination_tick(struct destination *d); /* every second */
void destination_status(struct destination *d, struct destination_status *out);
void destination_park(struct destination *d, const char *reason,
		      enum outcome class, int64_t lead);
void destination_unpark(struct destination *d);
int64_t destination_triable(const struct destination *d, int64_t now);
/* One warning a minute: something a person should look at. */
void destination_alarm(struct destination *d, const char *reason);

/* ---- destination_rule.c -------------------------------------------------- */

/* An attempt came to an end: the lead's and the destination's next step. */
void destination_judge(struct attempt *a, const struct attempt_result *result);
/* The same for one lead, when the destination has learned from the answer. */
void destination_conclude(struct attempt *a, const struct attempt_result *r,
			  const struct verdict *v);
/* It cannot even be sent. */
void destination_refuse(struct attempt *a, struct ruling *ruling);
/* A settlement is committed (or refused by the store). Takes it. */
void destination_settled(struct destination *d, struct settlement *s);
/* Before the start it had asked for time, until then (wall clock). */
void destination_recall(struct destination *d, int64_t limited_until_ms);
void destination_forget_dead(struct destination *d);
/* A person sends a dead lead again: it is no longer one of those the `contract`
 * rule may take back. */
void destination_revive(struct destination *d, int64_t id);
/* The lead was erased: what is kept of it in memory goes, unless it is under
 * way at this moment; its settlement will find nothing. */
void destination_erased(struct destination *d, int64_t id);

/* ---- destination_room.c -------------------------------------------------- */

/* How many new leads it may still be handed over. */
size_t *destination_granted(struct destination *d);
/* Takes a lead that is due, or will be. */
void destination_due(struct destination *d, struct due_lead *lead);
void destination_refilled(struct destination *d, struct due_lead *chain,
			  bool more, int64_t next_due_at_ms);
void destination_upkeep(struct destination *d, int64_t now);
/* When the disk has something again: monotonic, INT64_MAX: not known. */
int64_t destination_disk_due(const struct destination *d, int64_t now);
void destination_later_on_disk(struct destination *d, int64_t due_at_ms);

#endif
