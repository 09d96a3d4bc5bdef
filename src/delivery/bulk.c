/* SPDX-License-Identifier: MIT */
/* What is different when a request holds many leads: see the header. */
#include "delivery/bulk.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/answer.h"
#include "delivery/attempt.h"
#include "payload/payload.h"

enum {
	TIMEOUT_LEAST_MS = 60 * 1000, /* 500 rows take their time */
	ROW_WORDS_MAX = 1000,         /* of what was wrong with one row */
};

static const struct payload_limits limits = {.depth = 16, .values = 100000};

/* ---- the lane ------------------------------------------------------------ */

void lane_config(const struct destination_config *c,
		 struct destination_config *out, char name[QUEUE_NAME])
{
	*out = *c;
	(void)bulk_queue(str_from(c->name), name);
	out->name = name;
	out->url = c->bulk_url;
	out->rate = c->bulk_rate;
	out->concurrency = 1;
	if (out->timeout_ms < TIMEOUT_LEAST_MS)
		out->timeout_ms = TIMEOUT_LEAST_MS;
}

struct lane *lane_new(const struct destination_config *c,
		      struct destination *base)
{
	struct lane *lane = xcalloc(1, sizeof(*lane));
	lane_config(c, &lane->config, lane->name);
	lane->base = base;
	return lane;
}

void lane_free(struct lane *lane)
{
	free(lane);
}

bool lane_idle(const struct destination *d)
{
	return d->lane != NULL && scheduler_known(d->leads) == 0 &&
	       d->total.tried == 0 && d->condition == CONDITION_OK;
}

/* While it has no lead to find out with it is no judge of the CRM. */
const struct destination *lane_held(const struct destination *d)
{
	const struct destination *base = d->lane != NULL ? d->lane->base : NULL;
	if (base == NULL)
		return NULL;
	if (base->paused)
		return base;
	bool barred = base->park.on || base->breaker.state != BREAKER_CLOSED ||
		      base->limited_until > clock_mono_ms();
	return barred && scheduler_known(base->leads) > 0 ? base : NULL;
}

/* ---- the answer ---------------------------------------------------------- */

static const struct value *results_of(struct arena *a, struct str body)
{
	struct value *root = NULL;
	arena_init(a);
	if (body.n == 0 ||
	    payload_json(a, body, &limits, false, &root, NULL) != 0)
		return NULL;
	const struct value *results = value_get(root, "results");
	return results != NULL && results->type == VALUE_ARRAY ? results : NULL;
}

/* The unit this result is about, 0: none of this request. */
static int64_t unit_of(const struct due_lead *lead, const struct value *result)
{
	int64_t id = 0;
	if (str_to_int(value_member(result, "row_ref"), 1, INT64_MAX, &id) != 0)
		return 0;
	return id >= lead->id && id - lead->id < lead->units ? id : 0;
}

static bool names_rows(const struct due_lead *lead, struct str body)
{
	struct arena a;
	bool named = false;
	const struct value *results = results_of(&a, body);
	VALUE_EACH (result, results)
		named |= unit_of(lead, result) != 0;
	arena_release(&a);
	return named;
}

void bulk_judge(const struct attempt *a, const struct attempt_result *r,
		struct verdict *v)
{
	if (r->transport != TRANSPORT_ANSWERED || r->status < 200 ||
	    r->status > 299)
		return;
	*v = (struct verdict){.wait_ms = -1};
	if (r->body_complete && names_rows(a->entry->lead, r->body)) {
		v->outcome = OUTCOME_SENT;
		v->reason = "sent";
	} else if (!r->body_complete && r->body.n < BULK_ANSWER_MAX) {
		v->outcome = OUTCOME_RETRY;
		v->reason = "answer_cut_off";
		v->ambiguous = v->transient = true;
	} else {
		v->outcome = OUTCOME_PARK;
		v->reason = "unexpected_answer";
	}
}

static char *words_of(const struct value *result)
{
	struct buf words;
	buf_init(&words, ROW_WORDS_MAX);
	VALUE_EACH (error, value_get(result, "errors")) {
		struct str text = value_text(error);
		if (words.n > 0 && text.n > 0)
			buf_addf(&words, "; ");
		if (words.n + text.n <= ROW_WORDS_MAX)
			buf_add_str(&words, text);
	}
	char *kept = answer_keep(words.n > 0 ? buf_str(&words)
					     : value_member(result, "status"));
	buf_release(&words);
	return kept;
}

static void take_result(const struct value *result, struct row_result *row)
{
	struct str id = value_member(result, "lead_id");
	size_t most = sizeof(row->crm_id) - 1;
	bool failed = str_eq(value_member(result, "status"), STR("failed"));
	row->state = failed ? UNIT_DEAD : UNIT_DELIVERED;
	if (failed) {
		row->response = words_of(result);
	} else if (id.n > 0) {
		memcpy(row->crm_id, id.p, id.n < most ? id.n : most);
	}
}

void bulk_take(const struct attempt *a, struct str body, struct ruling *ruling)
{
	const struct due_lead *lead = a->entry->lead;
	struct arena arena;
	const struct value *results = results_of(&arena, body);
	ruling->rows = xcalloc(lead->units, sizeof(*ruling->rows));
	VALUE_EACH (result, results) {
		int64_t id = unit_of(lead, result);
		if (id == 0 || ruling->rows[id - lead->id].id != 0)
			continue;
		ruling->rows[id - lead->id].id = id;
		take_result(result, &ruling->rows[id - lead->id]);
	}
	/* Without gaps. */
	for (size_t i = 0; i < lead->units; i++)
		if (ruling->rows[i].id != 0)
			ruling->rows[ruling->n_rows++] = ruling->rows[i];
	arena_release(&arena);
}
