/* SPDX-License-Identifier: MIT */
/*
 * The queue with its threads: reports come after the commit, appetites are
 * kept, a full disk stops accepting but not settling, an I/O error ends it.
 */
#include "../store/fault_vfs.h"
#include "../store/store_help.h"

#include "queue/queue.h"

enum { PATIENCE_MS = 20000 };

enum kind { SUBMITTED, DUE, SETTLED, REFILLED, CONDITION, ANSWERED, KINDS };

struct note {
	struct message message;
	void *what;
	bool more;
	int64_t number;
};

struct world {
	char dir[64];
	char *path;
	struct config config;
	struct queue *q;
	struct mailbox *box[KINDS];
	struct message *taken[KINDS];
};

/* ---- callbacks: any thread --------------------------------------------- */

static void tell(void *ctx, enum kind kind, struct note from)
{
	struct world *w = ctx;
	struct note *n = xmalloc(sizeof(*n));
	*n = from;
	mailbox_post(w->box[kind], &n->message);
}

static void on_submitted(void *ctx, struct submission *chain)
{
	while (chain != NULL) {
		struct submission *next = chain->next;
		tell(ctx, SUBMITTED, (struct note){.what = chain});
		chain = next;
	}
}

static void on_due(void *ctx, struct due_lead *chain, bool more)
{
	while (chain != NULL) {
		struct due_lead *next = chain->next;
		tell(ctx, DUE, (struct note){.what = chain});
		chain = next;
	}
	if (more)
		tell(ctx, DUE, (struct note){.more = true});
}

static void on_settled(void *ctx, struct settlement *chain)
{
	while (chain != NULL) {
		struct settlement *next = chain->next;
		tell(ctx, SETTLED, (struct note){.what = chain});
		chain = next;
	}
}

static void on_refilled(void *ctx, const char *destination,
			struct due_lead *chain, bool more, int64_t next)
{
	assert_string_equal(destination, "mega");
	tell(ctx, REFILLED,
	     (struct note){.what = chain, .more = more, .number = next});
}

static void on_condition(void *ctx, enum queue_condition c, const char *text)
{
	assert_true(text[0] != '\0');
	tell(ctx, CONDITION, (struct note){.number = (int64_t)c});
}

static void on_answered(void *ctx, struct query *q)
{
	tell(ctx, ANSWERED, (struct note){.what = q});
}

/* ---- the test's side --------------------------------------------------- */

static struct note hear(struct world *w, enum kind kind)
{
	if (w->taken[kind] == NULL)
		w->taken[kind] = mailbox_wait(w->box[kind], PATIENCE_MS);
	if (w->taken[kind] == NULL)
		fail_msg("nothing came (%d)", (int)kind);
	struct note *n = (void *)w->taken[kind];
	w->taken[kind] = n->message.next;
	struct note copy = *n;
	free(n);
	return copy;
}

static bool silent(struct world *w, enum kind kind)
{
	if (w->taken[kind] == NULL)
		w->taken[kind] = mailbox_take(w->box[kind]);
	return w->taken[kind] == NULL;
}

static void open_queue(struct world *w)
{
	struct err err = {0};
	const struct queue_events events = {
	    .ctx = w,
	    .submitted = on_submitted,
	    .due = on_due,
	    .settled = on_settled,
	    .refilled = on_refilled,
	    .condition = on_condition,
	};
	must(queue_open(&w->q, &w->config, &events, &err), &err);
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	memcpy(w->dir, "/tmp/lb_queue.XXXXXX", sizeof("/tmp/lb_queue.XXXXXX"));
	assert_non_null(mkdtemp(w->dir));
	w->path = xasprintf("%s/store.db", w->dir);
	w->config.store.path = w->path;
	w->config.store.backend = xstrdup("sqlite");
	w->config.store.reserve = 1024 * 1024;
	w->config.store.low_water = 1024 * 1024;
	w->config.limits.pending = 4096;
	w->config.limits.pending_bytes = 16 * 1024 * 1024;
	for (int i = 0; i < KINDS; i++)
		w->box[i] = mailbox_new();
	open_queue(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".lock",
					    ".reserve"};
	struct world *w = *state;
	fault_now = FAULT_NONE;
	queue_free(w->q);
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		char *name = xasprintf("%s%s", w->path, tails[i]);
		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(w->dir), 0);
	for (int i = 0; i < KINDS; i++) {
		while (!silent(w, (enum kind)i)) {
			struct note n = hear(w, (enum kind)i);
			if (i == DUE || i == REFILLED)
				free(n.what);
		}
		mailbox_free(w->box[i]);
	}
	free(w->config.store.backend);
	free(w->path);
	free(w);
	return 0;
}

static void submit(struct world *w, const char *id)
{
	struct submission *s = sub_one("shop", id, clock_wall_ms());
	assert_int_equal(queue_submit(w->q, s), 0);
}

static int submitted(struct world *w)
{
	struct submission *s = hear(w, SUBMITTED).what;
	int rc = s->result;
	submission_free(s);
	return rc;
}

static struct due_lead *due(struct world *w)
{
	struct note n = hear(w, DUE);
	assert_false(n.more);
	return n.what;
}

static void settle(struct world *w, struct due_lead *lead, enum unit_state to)
{
	struct settlement *t = xcalloc(1, sizeof(*t));
	t->lead = lead;
	t->state = to;
	t->counts = true;
	t->started_at_ms = clock_wall_ms();
	t->outcome = to == UNIT_DELIVERED ? OUTCOME_SENT : OUTCOME_DEAD;
	t->http_status = to == UNIT_DELIVERED ? 201 : 503;
	queue_settle(w->q, t);
}

static int settled(struct world *w)
{
	struct settlement *t = hear(w, SETTLED).what;
	int rc = t->result;
	settlement_free(t);
	return rc;
}

static struct query *ask_queue(struct world *w, enum query_kind kind,
			       int64_t id, bool scan)
{
	struct query *q = query_new(kind);
	q->id = id;
	q->scan = scan;
	q->ctx = w;
	q->done = on_answered;
	queue_ask(w->q, q);
	struct query *answer = hear(w, ANSWERED).what;
	assert_ptr_equal(answer, q);
	return answer;
}

static struct ledger_row ledger(struct world *w)
{
	struct query *q = ask_queue(w, QUERY_LEDGER, 0, true);
	assert_int_equal(q->result, 0);
	assert_int_equal(q->ledger.difference, 0);
	struct ledger_row row = q->ledger.total;
	query_free(q);
	return row;
}

/* ---- the road ---------------------------------------------------------- */

static void accepted_lead_is_handed_over_and_settled(void **state)
{
	struct world *w = *state;
	queue_set_appetite(w->q, "mega", 10);
	submit(w, "e1");
	assert_int_equal(submitted(w), 0);
	struct due_lead *lead = due(w);
	assert_true(str_eq(lead->body, STR("{\"lead\":\"e1-0\"}")));
	assert_true(str_eq(lead->source, STR("shop")));
	assert_true(str_eq(lead->destination, STR("mega")));
	settle(w, lead, UNIT_DELIVERED);
	assert_int_equal(settled(w), 0);
	struct queue_gauges g;
	queue_gauges(w->q, &g);
	assert_int_equal(g.accepted, 1);
	assert_int_equal(g.states[UNIT_DELIVERED], 1);
	assert_int_equal(ledger(w).states[UNIT_DELIVERED], 1);
}

static void appetite_bounds_what_is_handed_over(void **state)
{
	struct world *w = *state;
	struct due_lead *lead;
	queue_set_appetite(w->q, "mega", 1);
	submit(w, "e1");
	assert_int_equal(submitted(w), 0);
	lead = due(w);
	free(lead);
	submit(w, "e2");
	submit(w, "e3");
	assert_int_equal(submitted(w), 0);
	assert_int_equal(submitted(w), 0);
	assert_true(hear(w, DUE).more);
	queue_refill(w->q, "mega", 2, 0, 0);
	struct note n = hear(w, REFILLED);
	lead = n.what;
	assert_true(n.more);
	assert_non_null(lead);
	assert_non_null(lead->next);
	assert_null(lead->next->next);
	free(lead->next);
	free(lead);
}

static void backlog_is_counted_per_destination(void **state)
{
	struct world *w = *state;
	struct queue_backlog *v = NULL;
	size_t n = 0;
	submit(w, "e1");
	submit(w, "e2");
	assert_int_equal(submitted(w), 0);
	assert_int_equal(submitted(w), 0);
	queue_backlog(w->q, &v, &n);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].name, "mega");
	assert_int_equal(v[0].waiting, 2);
	free(v);
	queue_stop(w->q);
	queue_backlog(w->q, &v, &n);
	assert_int_equal(v[0].waiting, 2);
	free(v);
}

static void stop_commits_what_was_submitted(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 500; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "e%d", i);
		submit(w, id);
	}
	queue_stop(w->q);
	for (int i = 0; i < 500; i++)
		assert_int_equal(submitted(w), 0);
	queue_free(w->q);
	open_queue(w);
	assert_int_equal(ledger(w).accepted, 500);
}

static void commands_go_through_the_store_thread(void **state)
{
	struct world *w = *state;
	queue_set_appetite(w->q, "mega", 5);
	submit(w, "e1");
	assert_int_equal(submitted(w), 0);
	struct due_lead *lead = due(w);
	int64_t id = lead->id;
	settle(w, lead, UNIT_DEAD);
	assert_int_equal(settled(w), 0);
	struct query *q = ask_queue(w, COMMAND_RETRY, id, false);
	assert_int_equal(q->result, 0);
	query_free(q);
	lead = due(w);
	assert_int_equal(lead->id, id);
	free(lead);
	q = ask_queue(w, COMMAND_BURY, id, false);
	assert_int_equal(q->result, LB_EDENIED);
	assert_true(q->err.text[0] != '\0');
	query_free(q);
}

/* ---- ceilings ---------------------------------------------------------- */

static void pending_is_bounded(void **state)
{
	struct world *w = *state;
	w->config.limits.pending = 0;
	queue_configure(w->q, &w->config);
	struct submission *s = sub_one("shop", "e1", T0);
	assert_int_equal(queue_submit(w->q, s), LB_EBUSY);
	w->config.limits.pending = 10;
	w->config.limits.pending_bytes = 10;
	queue_configure(w->q, &w->config);
	assert_int_equal(queue_submit(w->q, s), LB_EBUSY);
	w->config.limits.pending_bytes = 1 << 20;
	queue_configure(w->q, &w->config);
	assert_int_equal(queue_submit(w->q, s), 0);
	assert_int_equal(submitted(w), 0);
}

static void spoiled_submission_does_not_take_the_others_along(void **state)
{
	struct world *w = *state;
	struct submission *bad = sub_one("shop", "bad", T0);
	bad->units[0].state = UNIT_DELIVERED;
	submit(w, "e1");
	assert_int_equal(queue_submit(w->q, bad), 0);
	submit(w, "e2");
	assert_int_equal(submitted(w), 0);
	assert_int_equal(submitted(w), LB_EINVAL);
	assert_int_equal(submitted(w), 0);
	assert_int_equal(ledger(w).accepted, 2);
}

/* ---- faults ------------------------------------------------------------ */

static void full_disk_stops_accepting_and_keeps_settlements(void **state)
{
	struct world *w = *state;
	queue_set_appetite(w->q, "mega", 5);
	submit(w, "e1");
	assert_int_equal(submitted(w), 0);
	struct due_lead *lead = due(w);
	char *reserve = xasprintf("%s.reserve", w->path);
	assert_int_equal(access(reserve, F_OK), 0);
	fault_now = FAULT_NO_ROOM;
	submit(w, "e2");
	assert_int_equal(submitted(w), LB_ENOSPC);
	assert_int_equal(hear(w, CONDITION).number, QUEUE_FULL);
	assert_int_not_equal(access(reserve, F_OK), 0);
	struct submission *s = sub_one("shop", "e3", T0);
	assert_int_equal(queue_submit(w->q, s), LB_ENOSPC);
	settle(w, lead, UNIT_DELIVERED);
	fault_now = FAULT_NONE;
	assert_int_equal(settled(w), 0);
	assert_int_equal(hear(w, CONDITION).number, QUEUE_OK);
	assert_int_equal(access(reserve, F_OK), 0);
	assert_int_equal(queue_submit(w->q, s), 0);
	assert_int_equal(submitted(w), 0);
	assert_int_equal(ledger(w).accepted, 2);
	free(reserve);
}

static void io_error_refuses_the_batch_and_all_that_follows(void **state)
{
	struct world *w = *state;
	queue_set_appetite(w->q, "mega", 5);
	submit(w, "e1");
	assert_int_equal(submitted(w), 0);
	struct due_lead *lead = due(w);
	fault_now = FAULT_SYNC;
	submit(w, "e2");
	assert_int_equal(submitted(w), LB_EIO);
	assert_int_equal(hear(w, CONDITION).number, QUEUE_FAILED);
	fault_now = FAULT_NONE;
	struct submission *s = sub_one("shop", "e3", T0);
	assert_int_equal(queue_submit(w->q, s), LB_EIO);
	submission_free(s);
	settle(w, lead, UNIT_DELIVERED);
	assert_int_equal(settled(w), LB_EIO);
	queue_free(w->q);
	open_queue(w);
	struct ledger_row row = ledger(w);
	assert_int_equal(row.states[UNIT_WAITING], row.accepted);
	assert_true(row.accepted >= 1);
}

static void second_daemon_is_refused(void **state)
{
	struct world *w = *state;
	struct queue *second = NULL;
	struct err err = {0};
	const struct queue_events events = {.ctx = w};
	assert_int_equal(queue_open(&second, &w->config, &events, &err),
			 LB_EBUSY);
	assert_null(second);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_WORLD(accepted_lead_is_handed_over_and_settled),
	    IN_WORLD(appetite_bounds_what_is_handed_over),
	    IN_WORLD(backlog_is_counted_per_destination),
	    IN_WORLD(stop_commits_what_was_submitted),
	    IN_WORLD(commands_go_through_the_store_thread),
	    IN_WORLD(pending_is_bounded),
	    IN_WORLD(spoiled_submission_does_not_take_the_others_along),
	    IN_WORLD(full_disk_stops_accepting_and_keeps_settlements),
	    IN_WORLD(io_error_refuses_the_batch_and_all_that_follows),
	    IN_WORLD(second_daemon_is_refused),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
