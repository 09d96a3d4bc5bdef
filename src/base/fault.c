/* SPDX-License-Identifier: MIT */
/* The table of fault points, and the one that is armed; see the header. */
#include "base/fault.h"

#ifdef LB_FAULTS
#	include <signal.h>
#	include <stdio.h>
#	include <stdlib.h>
#	include <string.h>
#	include <unistd.h>

#	include "leadbridge/str.h"

/* In the order of the road. */
static const char *const NAMES[] = {
    "migration_copy",
    "migration",
    "recall_read",
    "refill_read",
    "webhook_read",
    "webhook_mapped",
    "webhook_processed",
    "store_begin",
    "store_put",
    "store_committed",
    "answer_ready",
    "answer_written",
    "delivery_due",
    "delivery_taken",
    "delivery_sent",
    "delivery_answered",
    "fetch_asked",
    "fetch_rendered",
    "fetch_committed",
    "token_refreshed",
    "token_kept",
    "settle_judged",
    "settle_written",
    "settle_committed",
    "command_written",
    "command_committed",
    "checkpoint",
    "retention",
    "drain",
    "privacy_erase",
    "privacy_end",
};
enum { N_NAMES = sizeof(NAMES) / sizeof(NAMES[0]) };

static struct {
	const char *name; /* NULL: none */
	int64_t passage;
	int signal;
} armed;
static _Atomic int64_t passed;

static void list(void)
{
	for (size_t i = 0; i < N_NAMES; i++)
		(void)printf("fault %s\n", NAMES[i]);
}

static const char *known(struct str name)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (str_eq(name, str_from(NAMES[i])))
			return NAMES[i];
	return NULL;
}

int fault_setup(void)
{
	const char *text = getenv("LEADBRIDGE_FAULT");
	if (text == NULL)
		return 0;
	if (strcmp(text, "list") == 0) {
		list();
		return 0;
	}
	struct str passage, action;
	struct str name = str_cut(str_from(text), ':', &passage);
	passage = str_cut(passage, ':', &action);
	armed.name = known(name);
	armed.passage = 1;
	armed.signal = action.n > 0 ? SIGSTOP : SIGKILL;
	if (armed.name != NULL &&
	    (passage.n == 0 ||
	     str_to_int(passage, 1, INT64_MAX, &armed.passage) == 0) &&
	    (action.n == 0 || str_eq(action, STR("stop"))))
		return 0;
	(void)fprintf(stderr, "leadbridged: unknown fault '%s'\n", text);
	return LB_EINVAL;
}

bool fault_armed(const char *name)
{
	return armed.name != NULL && strcmp(armed.name, name) == 0;
}

void fault_point(const char *name)
{
	if (fault_armed(name) && ++passed == armed.passage)
		(void)kill(getpid(), armed.signal);
}
#endif
