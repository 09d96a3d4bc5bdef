/* SPDX-License-Identifier: MIT */
/*
 * Life of a destination: who may send when, and in what condition it is. One
 * timer per destination, none per lead; one function sets the condition and
 * writes the one line about it.
 */
#include "delivery/destination.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "delivery/attempt.h"
#include "delivery/bulk.h"
#include "delivery/destination_ask.h"
#include "delivery/fetch.h"

enum {
	SLOTS_AT_START = 2,
	IDLE_MS = 60 * 1000, /* then memory for requests is given back */
	ALARM_MS = 60 * 1000,
	LANE_LOOK_MS = 500,   /* whether its destination goes on */
	TOKENS_OUT_MS = 5000, /* a token now and then is not "ok" */
};

static const char *const CONDITIONS[] = {
    [CONDITION_OK] = "ok",         [CONDITION_LIMITED] = "limited",
    [CONDITION_BROKEN] = "broken", [CONDITION_PARKED] = "parked",
    [CONDITION_PAUSED] = "paused",
};

const char *condition_name(enum condition c)
{
	return CONDITIONS[c];
}

void destination_alarm(struct destination *d, const char *reason)
{
	int64_t now = clock_mono_ms();
	d->trouble = reason;
	d->trouble_ms = clock_wall_ms();
	if (d->alarmed_at != 0 && now - d->alarmed_at < ALARM_MS)
		return;
	d->alarmed_at = now;
	log_warn("destination_alarm", "destination=%s reason=%s", d->name,
		 reason);
}

/* ---- condition ----------------------------------------------------------- */

int64_t destination_triable(const struct destination *d, int64_t now)
{
	if (d->condition != CONDITION_OK)
		return d->triable_ms;
	return d->triable_ms + (now - d->triable_since);
}

static void set_condition(struct destination *d, enum condition condition,
			  const char *reason, int64_t now)
{
	if (condition == d->condition && reason == d->reason)
		return;
	bool worse =
	    condition == CONDITION_BROKEN || condition == CONDITION_PARKED;
	log_write(worse ? LOG_WARN : LOG_INFO, "destination_condition",
		  "destination=%s condition=%s reason=%s was=%s", d->name,
		  condition_name(condition), reason[0] != '\0' ? reason : "-",
		  condition_name(d->condition));
	d->triable_ms = destination_triable(d, now);
	d->triable_since = now;
	d->condition = condition;
	d->reason = reason;
	d->since_ms = clock_wall_ms();
}

static void update_condition(struct destination *d, int64_t now)
{
	const struct destination *before = lane_held(d);
	if (d->paused)
		set_condition(d, CONDITION_PAUSED,
			      d->paused_until > 0 ? "drained" : "paused", now);
	else if (before != NULL)
		set_condition(d, before->condition, before->reason, now);
	else if (d->park.on)
		set_condition(d, CONDITION_PARKED, d->park.reason, now);
	else if (d->breaker.state != BREAKER_CLOSED)
		set_condition(d, CONDITION_BROKEN, "breaker", now);
	else if (d->limited_until > now)
		set_condition(d, CONDITION_LIMITED, d->limited_reason, now);
	else if (d->tokens_out_at != 0 &&
		 now - d->tokens_out_at < TOKENS_OUT_MS)
		set_condition(d, CONDITION_LIMITED, "rate", now);
	else
		set_condition(d, CONDITION_OK, "", now);
}

void destination_park(struct destination *d, const char *reason,
		      enum outcome class, int64_t lead)
{
	int64_t now = clock_mono_ms();
	d->park.reason = reason;
	d->park.class = class;
	d->park.lead = lead;
	d->park.probe_at = now + d->config->probe_ms;
	if (!d->park.on)
		d->park.since = now;
	d->park.on = true;
	d->odd_lead = 0;
}

void destination_unpark(struct destination *d)
{
	d->park = (struct park){0};
	d->odd_lead = 0;
	destination_forget_dead(d);
}

/* ---- sending ------------------------------------------------------------- */

static void link_attempt(struct attempt *a)
{
	struct destination *d = a->d;
	a->next = d->attempts;
	if (a->next != NULL)
		a->next->prev = a;
	d->attempts = a;
	d->in_flight++;
	d->courier->in_flight++;
}

static void unlink_attempt(struct attempt *a)
{
	struct destination *d = a->d;
	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		d->attempts = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	d->in_flight--;
	d->courier->in_flight--;
}

static void attempt_free(struct attempt *a)
{
	while (a != NULL) {
		struct attempt *mate = a->mates;
		free(a);
		a = mate;
	}
}

static void on_answer(void *ctx, const struct attempt_result *result)
{
	struct attempt *a = ctx;
	struct destination *d = a->d;
	fault_point("delivery_answered");
	unlink_attempt(a);
	destination_judge(a, result);
	attempt_free(a);
	destination_pump(d);
	d->courier->answered(d->courier->ctx, d);
}

bool attempt_again(void *ctx)
{
	struct attempt *a = ctx;
	return tokens_again(&a->tokens);
}

static void launch(struct attempt *a, int64_t now)
{
	struct destination *d = a->d;
	const struct due_lead *lead = a->entry->lead;
	a->park_probe = d->park.on;
	if (d->park.on)
		d->park.probing = true;
	else
		a->breaker_probe = breaker_sent(&d->breaker, now);
	tokens_take(&a->tokens, d->limiter, now);
	d->leads_since_ask++;
	link_attempt(a);
	d->used_at = now;
	if (d->account != NULL) {
		fetch_send(a, on_answer);
		return;
	}
	char line[ATTEMPT_KEY_LINE];
	attempt_key_line(lead, line);
	fault_point("delivery_taken");
	struct http_message m = {.path = "",
				 .header = line,
				 .body = lead->body,
				 .borrowed = true,
				 .again = attempt_again};
	http_send(d->target, &m, on_answer, a);
	fault_point("delivery_sent");
}

/* The next one; a fetch that nobody can make any more ends here. */
static void send_one(struct destination *d, struct entry *e, int64_t now)
{
	struct attempt *a = xcalloc(1, sizeof(*a));
	struct ruling ruling = {.wait_ms = 0};
	a->d = d;
	a->entry = e;
	a->started = now;
	a->started_ms = clock_wall_ms();
	if (d->account != NULL && !fetch_is_ours(a)) {
		scheduler_forget(d->leads, e); /* it is on disk */
		free(a);
		return;
	}
	if (d->account != NULL && !fetch_possible(a, &ruling)) {
		destination_refuse(a, &ruling);
		free(a);
		return;
	}
	if (d->account != NULL)
		fetch_gather(a, now);
	launch(a, now);
}

/* When an open breaker lets the next one through. */
static int64_t breaker_wake(const struct destination *d, bool fresh)
{
	if (d->breaker.state != BREAKER_OPEN)
		return INT64_MAX; /* the probe's answer */
	int64_t early = d->breaker.probed_at + BREAKER_FRESH_PROBE_MS;
	if (fresh && early < d->breaker.open_until)
		return early;
	return d->breaker.open_until;
}

/* Whether a lead may leave now; if not, when to look again (INT64_MAX: an
 * answer or a message will say). */
static bool may_send(struct destination *d, int64_t now, int64_t *wake)
{
	*wake = INT64_MAX;
	if (d->paused && d->paused_until > 0) {
		*wake = d->paused_until;
		d->paused = now < d->paused_until;
	}
	if (d->paused || d->leaving || d->courier->stopping)
		return false;
	if (lane_held(d) != NULL) {
		*wake = now + LANE_LOOK_MS;
		return false;
	}
	if (d->limited_until > now) {
		*wake = d->limited_until;
		return false;
	}
	if (d->park.on) {
		*wake = d->park.probing ? INT64_MAX : d->park.probe_at;
		if (d->park.probing || now < d->park.probe_at)
			return false;
	} else {
		bool fresh = d->breaker.state == BREAKER_OPEN &&
			     scheduler_has_fresh(d->leads, now);
		if (!breaker_allows(&d->breaker, now, fresh)) {
			*wake = breaker_wake(d, fresh);
			return false;
		}
		if (d->in_flight >= d->slots) {
			*wake = INT64_MAX;
			return false;
		}
	}
	if (d->account != NULL && !fetch_ready(d, now, wake))
		return false;
	int64_t ready = limiter_ready_at(d->limiter, now);
	*wake = ready > 0 ? ready : INT64_MAX;
	if (ready > 0 && scheduler_next_due(d->leads, now) == 0)
		d->tokens_out_at = now;
	return ready == 0;
}

static void on_timer(void *ctx)
{
	struct destination *d = ctx;
	d->wake_at = INT64_MAX;
	destination_pump(d);
}

static void arm(struct destination *d, int64_t at, int64_t now)
{
	if (at == d->wake_at)
		return;
	d->wake_at = at;
	if (at == INT64_MAX)
		loop_timer_stop(d->timer);
	else
		loop_timer_arm(d->timer, at > now ? at - now : 0);
}

void destination_pump(struct destination *d)
{
	int64_t now = clock_mono_ms(), wake;
	int64_t asked = destination_ask_pump(d, now);
	while (may_send(d, now, &wake)) {
		bool probe = d->park.on || d->breaker.state != BREAKER_CLOSED;
		struct entry *e = scheduler_pick(
		    d->leads, now, d->park.on ? d->park.lead : 0, probe);
		if (e == NULL) {
			wake = scheduler_next_due(d->leads, now);
			d->tokens_out_at = 0;
			break;
		}
		send_one(d, e, now);
	}
	update_condition(d, now);
	destination_upkeep(d, now);
	int64_t disk = destination_disk_due(d, now);
	wake = asked < wake ? asked : wake;
	arm(d, disk < wake ? disk : wake, now);
}

void destination_tick(struct destination *d)
{
	int64_t now = clock_mono_ms();
	if (d->refused != NULL) {
		struct settlement *s = d->refused;
		d->refused = NULL;
		while (s != NULL) {
			struct settlement *next = s->next;
			s->next = NULL;
			d->courier->ops.settle(d->courier->ops.ctx, s);
			s = next;
		}
	}
	if (d->in_flight == 0 && d->used_at != 0 &&
	    now - d->used_at > IDLE_MS) {
		http_target_trim(d->target);
		d->courier->trimmed = true;
		d->used_at = 0;
	}
	destination_ask_tick(d, now);
	destination_upkeep(d, now);
	update_condition(d, now);
}

/* ---- life ---------------------------------------------------------------- */

static int64_t cap(const struct destination_config *c)
{
	return c->concurrency > 0 ? c->concurrency : 1;
}

struct destination *destination_new(struct courier *courier, struct config *all,
				    const struct destination_config *config,
				    struct limiter *limiter)
{
	struct destination *d = xcalloc(1, sizeof(*d));
	int64_t now = clock_mono_ms();
	d->courier = courier;
	d->name = xstrdup(config->name);
	d->leads = scheduler_new();
	d->failing = table_new();
	d->timer = loop_timer_new(courier->loop, on_timer, d);
	d->wake_at = INT64_MAX;
	d->reason = "";
	d->since_ms = clock_wall_ms();
	d->triable_since = now;
	d->slots = cap(config) < SLOTS_AT_START ? cap(config) : SLOTS_AT_START;
	d->more = true; /* what the last run left on disk */
	d->disk_due_ms = INT64_MAX;
	destination_configure(d, all, config, limiter);
	return d;
}

void destination_configure(struct destination *d, struct config *all,
			   const struct destination_config *config,
			   struct limiter *limiter)
{
	config_ref(all);
	if (d->all != NULL)
		config_unref(d->all);
	d->all = all;
	d->config = config;
	http_target_free(d->target);
	d->limiter = limiter;
	d->target = attempt_target(d->courier->http, config);
	d->virgin = true;
	d->since = clock_mono_ms();
	d->park.probe_at = d->since;
	if (d->slots > cap(config))
		d->slots = cap(config);
	breaker_init(&d->breaker, config->breaker_failures,
		     config->breaker_open_ms, config->breaker_max_open_ms);
}

void destination_serve(struct destination *d, struct account *account)
{
	account_free(d->account);
	d->account = account;
}

void destination_bulk(struct destination *d, struct lane *lane)
{
	lane_free(d->lane);
	d->lane = lane;
}

void destination_retarget(struct destination *d)
{
	http_target_free(d->target);
	d->target = attempt_target(d->courier->http, d->config);
}

static void settlements_free(struct settlement *s)
{
	while (s != NULL) {
		struct settlement *next = s->next;
		settlement_free(s);
		s = next;
	}
}

void destination_quiet(struct destination *d)
{
	while (d->attempts != NULL) { /* sent again after the next start */
		struct attempt *a = d->attempts;
		unlink_attempt(a);
		attempt_free(a);
	}
	http_target_free(d->target);
	d->target = NULL;
	destination_ask_free(d);
}

void destination_free(struct destination *d)
{
	destination_quiet(d);
	loop_timer_free(d->timer);
	account_free(d->account);
	lane_free(d->lane);
	config_unref(d->all);
	destination_forget_dead(d);
	settlements_free(d->refused);
	scheduler_free(d->leads);
	table_free(d->failing, free);
	free(d->name);
	free(d);
}

void destination_command(struct destination *d, enum destination_command c)
{
	switch (c) {
	case DESTINATION_PAUSE:
		d->paused = true;
		d->paused_until = 0;
		break;
	case DESTINATION_RESUME:
		d->paused = false;
		d->paused_until = 0;
		destination_unpark(d);
		breaker_reset(&d->breaker);
		break;
	}
}

void destination_drain(struct destination *d, int64_t for_ms)
{
	d->paused = true;
	d->paused_until = clock_mono_ms() + for_ms;
}

void destination_status(struct destination *d, struct destination_status *out)
{
	int64_t now = clock_mono_ms();
	*out = (struct destination_status){
	    .condition = d->condition,
	    .since_ms = d->since_ms,
	    .sending = d->in_flight,
	    .active = (int64_t)scheduler_known(d->leads),
	    .tokens_left = limiter_left(d->limiter, now),
	    .delivered = d->total.delivered,
	    .retried = d->total.retried,
	    .limited = d->total.limited,
	    .dead = d->total.dead,
	    .parked = d->total.parked,
	    .concurrency = d->slots,
	    .trouble_ms = d->trouble_ms,
	    .certificate_ends_ms = d->certificate_ends_ms,
	};
	(void)!snprintf(out->trouble, sizeof(out->trouble), "%s",
			d->trouble != NULL ? d->trouble : "");
	(void)!snprintf(out->name, sizeof(out->name), "%s", d->name);
	(void)!snprintf(out->reason, sizeof(out->reason), "%s", d->reason);
	int64_t until = 0;
	if (d->condition == CONDITION_PAUSED)
		until = d->paused_until;
	if (d->condition == CONDITION_LIMITED)
		until = d->limited_until > now
			    ? d->limited_until
			    : limiter_ready_at(d->limiter, now);
	if (until > now && until != LIMITER_NEVER)
		out->until_ms = clock_wall_ms() + until - now;
}
