/* SPDX-License-Identifier: MIT */
/*
 * A stored request mapped again: what was quarantined gets its leads once the
 * configuration or the program knows better. It was proven when it came, so
 * nothing is verified; ids are made from what is stored and stay what they
 * were. Loop thread.
 */
#include "sources/engine.h"
#include "sources/programs.h"

/* NULL when at least one unit got somewhere; else why not. */
static const struct new_unit *still_stuck(const struct submission *sub)
{
	for (uint32_t i = 0; i < sub->n_units; i++)
		if (sub->units[i].state != UNIT_QUARANTINED)
			return NULL;
	return &sub->units[0];
}

static int map_again(struct source_call *call, struct str store_secret,
		     struct submission **out, struct err *err)
{
	struct event_list events = {0};
	int code = process_parse(call, err);
	if (code == 0)
		code = call->source->ops->split(call, &events, err);
	if (code != 0)
		return code;
	if (events.n <= EVENTS_MAX)
		programs_run(call, &events);
	if (events.n == 0 || events.n > EVENTS_MAX)
		return err_set(err, LB_EINVAL, "request holds %zu events",
			       events.n);
	*out = process_build(call, store_secret, &events, -1);
	return 0;
}

static int map_stored(const struct source *source, const struct submission *raw,
		      struct str store_secret, struct submission **out,
		      struct err *err)
{
	struct request kept;
	struct header headers[KEPT_HEADERS_MAX];
	struct arena scratch;
	arena_init(&scratch);
	kept_request(raw, &kept, headers);
	struct source_call call = {source, &kept, NULL, &scratch};
	int code = map_again(&call, store_secret, out, err);
	arena_release(&scratch);
	return code;
}

int source_remap(const struct source *source, const struct submission *raw,
		 struct str store_secret, struct submission **out,
		 struct err *err)
{
	struct submission *sub = NULL;
	int code = map_stored(source, raw, store_secret, &sub, err);
	const struct new_unit *stuck = code == 0 ? still_stuck(sub) : NULL;
	if (stuck != NULL) {
		code = err_set(err, LB_EINVAL, "still quarantined: %.*s",
			       STR_FMT(stuck->reason));
		submission_free(sub);
		sub = NULL;
	}
	if (code == 0)
		*out = sub;
	return code;
}

int source_rehearse(const struct source *source, const struct submission *raw,
		    struct submission **out, struct err *err)
{
	/* Content hashes are another store's, but comparable. */
	return map_stored(source, raw, STR("rehearsal"), out, err);
}
