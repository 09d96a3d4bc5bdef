/* SPDX-License-Identifier: MIT */
/* leadbridgectl ledger: counts every row and proves that nothing is missing. */
#include <inttypes.h>
#include <linkhash.h>

#include "ctl/ctl.h"

static const char *const STATES[] = {"delivered", "waiting", "parked",
				     "fetching",  "dead",    "quarantined",
				     "ignored",   "erased"};
enum { N_STATES = sizeof(STATES) / sizeof(STATES[0]) };

/* accepted less everything it should be the sum of. */
static int64_t imbalance(struct json_object *row)
{
	int64_t left = ctl_number(row, "accepted");
	for (size_t i = 0; i < N_STATES; i++)
		left -= ctl_number(row, STATES[i]);
	return left;
}

static void print_row(const char *name, struct json_object *row)
{
	(void)printf("%-20.20s %10" PRId64, name, ctl_number(row, "accepted"));
	for (size_t i = 0; i < N_STATES; i++)
		(void)printf(" %11" PRId64, ctl_number(row, STATES[i]));
	(void)printf(" %11" PRId64 "\n", ctl_number(row, "duplicates"));
}

static void print_table(struct json_object *ledger)
{
	(void)printf("%-20s %10s", "SOURCE", "accepted");
	for (size_t i = 0; i < N_STATES; i++)
		(void)printf(" %11s", STATES[i]);
	(void)printf(" %11s\n", "duplicates");
	struct json_object *sources = NULL;
	if (json_object_object_get_ex(ledger, "sources", &sources))
		for (struct lh_entry *e = json_object_get_object(sources)->head;
		     e != NULL; e = e->next)
			print_row((const char *)lh_entry_k(e),
				  (struct json_object *)lh_entry_v(e));
	print_row("all", ledger);
}

static int run(struct ctl *c)
{
	struct json_object *ledger = NULL;
	if (c->n_args != 0)
		return ctl_usage(&CTL_LEDGER);
	int rc = ctl_call(c, "GET", "/api/v1/ledger?scan=true", &ledger);
	if (rc != CTL_DONE)
		return rc;
	int64_t off = imbalance(ledger);
	int64_t difference = ctl_number(ledger, "difference");
	if (!c->json) {
		print_table(ledger);
		if (off == 0 && difference == 0)
			(void)printf("balances\n");
		else
			(void)printf("DOES NOT BALANCE: sum differs by %" PRId64
				     ", scan by %" PRId64 "\n",
				     off, difference);
	}
	json_object_put(ledger);
	return off == 0 && difference == 0 ? CTL_DONE : CTL_NO;
}

const struct ctl_command CTL_LEDGER = {
    .name = "ledger",
    .usage = "",
    .help = "count every stored lead; exit 1 if it does not balance",
    .more = "accepted = delivered + waiting + parked + fetching + dead +\n"
	    "quarantined + ignored + erased; duplicates are counted beside.\n",
    .run = run,
};
