/* SPDX-License-Identifier: MIT */
/*
 * One accepted request on its way to the store: memory only. Made by the source
 * engine on the loop thread, moved to the store thread and back.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "leadbridge/store.h"

const char *unit_state_name(enum unit_state s)
{
	switch (s) {
	case UNIT_WAITING:
		return "waiting";
	case UNIT_FETCHING:
		return "fetching";
	case UNIT_DELIVERED:
		return "delivered";
	case UNIT_DEAD:
		return "dead";
	case UNIT_QUARANTINED:
		return "quarantined";
	case UNIT_IGNORED:
		return "ignored";
	case UNIT_ERASED:
		return "erased";
	}
	return "unknown";
}

struct submission *submission_new(void)
{
	struct submission *s = xcalloc(1, sizeof(*s));
	arena_init(&s->arena);
	s->matched_secret = -1;
	return s;
}

void submission_free(struct submission *s)
{
	if (s == NULL)
		return;
	if (s->bulk != NULL)
		free(s->bulk->due);
	arena_release(&s->arena);
	free(s);
}

size_t submission_size(const struct submission *s)
{
	return sizeof(*s) + s->arena.total;
}
