/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl reconcile: what was delivered here against the CRM's own list.
 * The daemon pages that list with the destination's credentials and within its
 * rate limit, and gives contacts as hashes only; they are compared here.
 */
#include <inttypes.h>
#include <linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/leads.h"

enum {
	SKEW_MS = 10 * 60 * 1000, /* the CRM's clock is another */
	LIMIT = 50,
};

struct side {
	struct json_object *rows;  /* array */
	struct json_object *known; /* id, e-mail, phone -> row's number */
};

struct reconcile {
	const char *destination;
	int64_t since_ms, start_ms;
	struct side here, there;
	int64_t missing_there, missing_here, matched;
};

static void side_init(struct side *s)
{
	s->rows = json_object_new_array();
	s->known = json_object_new_object();
}

static void side_free(struct side *s)
{
	json_object_put(s->rows);
	json_object_put(s->known);
}

static void know(struct side *s, const char *kind, const char *text)
{
	if (text[0] == '\0')
		return;
	char *key = xasprintf("%s:%s", kind, text);
	json_object_object_add(s->known, key, json_object_new_boolean(true));
	free(key);
}

static bool knows(const struct side *s, const char *kind, const char *text)
{
	if (text[0] == '\0')
		return false;
	char *key = xasprintf("%s:%s", kind, text);
	bool found = json_object_object_get_ex(s->known, key, NULL);
	free(key);
	return found;
}

/* ---- both lists ---------------------------------------------------------- */

static void take_rows(struct side *s, struct json_object *answer,
		      const char *id)
{
	struct json_object *leads = NULL;
	json_object_object_get_ex(answer, "leads", &leads);
	size_t n = leads != NULL ? json_object_array_length(leads) : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(leads, i);
		know(s, "id", ctl_text(row, id));
		know(s, "email", ctl_text(row, "email"));
		know(s, "phone", ctl_text(row, "phone"));
		json_object_array_add(s->rows, json_object_get(row));
	}
}

static int get_page(struct ctl *c, const struct reconcile *r, const char *which,
		    const char *cursor, int64_t limit,
		    struct json_object **answer)
{
	char since[CLOCK_TEXT], number[24];
	struct buf path;
	clock_format(r->since_ms - SKEW_MS, since);
	(void)snprintf(number, sizeof(number), "%" PRId64, limit);
	buf_init(&path, 8192);
	buf_addf(&path, "/api/v1/destinations/%s/%s", r->destination, which);
	ctl_add_param(&path, "since", since);
	if (limit > 0)
		ctl_add_param(&path, "limit", number);
	if (cursor[0] != '\0')
		ctl_add_param(&path, "cursor", cursor);
	int rc = ctl_call(c, "GET", path.p, answer);
	buf_release(&path);
	return rc;
}

static int get_all(struct ctl *c, const struct reconcile *r, const char *which,
		   struct side *s)
{
	bool here = s == &r->here;
	int64_t limit = here ? 0 : LIMIT;
	char *cursor = xstrdup("");
	int rc;
	for (;;) {
		struct json_object *answer = NULL;
		rc = get_page(c, r, which, cursor, limit, &answer);
		free(cursor);
		cursor = NULL;
		if (rc != CTL_DONE)
			break;
		take_rows(s, answer, here ? "crm_id" : "id");
		cursor = xstrdup(ctl_text(answer, "next_cursor"));
		limit = here ? 0 : ctl_number(answer, "limit");
		json_object_put(answer);
		if (cursor[0] == '\0' || strcmp(cursor, "0") == 0)
			break;
	}
	free(cursor);
	return rc;
}

/* ---- comparing ----------------------------------------------------------- */

static int64_t time_of(struct json_object *row, const char *name)
{
	int64_t at = 0;
	return clock_parse(str_from(ctl_text(row, name)), &at) == 0 ? at : 0;
}

static bool matches(const struct side *other, struct json_object *row,
		    const char *id)
{
	return knows(other, "id", ctl_text(row, id)) ||
	       knows(other, "email", ctl_text(row, "email")) ||
	       knows(other, "phone", ctl_text(row, "phone"));
}

static void note(struct json_object *list, int64_t *n, struct json_object *row)
{
	(*n)++;
	json_object_array_add(list, json_object_get(row));
}

/* Judged are those since the time asked for and before this began; both lists
 * reach a little further, so that what lies at their ends is found. */
static void compare(struct reconcile *r, struct json_object *not_there,
		    struct json_object *not_here)
{
	size_t n = json_object_array_length(r->here.rows);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row =
		    json_object_array_get_idx(r->here.rows, i);
		int64_t at = time_of(row, "at");
		if (strcmp(ctl_text(row, "state"), "delivered") != 0 ||
		    at < r->since_ms || at >= r->start_ms)
			continue;
		if (matches(&r->there, row, "crm_id"))
			r->matched++;
		else
			note(not_there, &r->missing_there, row);
	}
	n = json_object_array_length(r->there.rows);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row =
		    json_object_array_get_idx(r->there.rows, i);
		int64_t at = time_of(row, "created_at");
		if (at >= r->since_ms && at < r->start_ms &&
		    !matches(&r->here, row, "id"))
			note(not_here, &r->missing_here, row);
	}
}

static void print_rows(const char *heading, struct json_object *rows,
		       const char *at, const char *crm_id, bool here)
{
	size_t n = json_object_array_length(rows);
	if (n > 0)
		(void)printf("%s\n", heading);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		if (here)
			(void)printf("  lead %s from %s, ", ctl_text(row, "id"),
				     ctl_text(row, "source"));
		else
			(void)printf("  ");
		(void)printf("CRM id %s, %s\n", ctl_text(row, crm_id),
			     ctl_text(row, at));
	}
}

static void tell(const struct ctl *c, const struct reconcile *r,
		 struct json_object *not_there, struct json_object *not_here)
{
	if (c->json) {
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "matched",
				       json_object_new_int64(r->matched));
		json_object_object_add(o, "missing_there",
				       json_object_get(not_there));
		json_object_object_add(o, "missing_here",
				       json_object_get(not_here));
		(void)printf("%s\n", json_object_to_json_string(o));
		json_object_put(o);
		return;
	}
	print_rows("delivered here, missing in the CRM:", not_there, "at",
		   "crm_id", true);
	print_rows("in the CRM, not delivered from here:", not_here,
		   "created_at", "id", false);
	(void)printf("%s: %" PRId64 " match, %" PRId64
		     " missing there, %" PRId64 " missing here\n",
		     r->missing_there + r->missing_here == 0 ? "balances"
							     : "DOES NOT "
							       "BALANCE",
		     r->matched, r->missing_there, r->missing_here);
}

/* ---- the command --------------------------------------------------------- */

static int take_since(const struct ctl *c, struct reconcile *r)
{
	const char *since = ctl_option(c, "--since");
	int64_t ago = 24 * 3600 * INT64_C(1000);
	r->start_ms = clock_wall_ms();
	if (since != NULL && clock_parse(str_from(since), &r->since_ms) == 0)
		return CTL_DONE;
	if (since != NULL &&
	    (str_to_duration(str_from(since), &ago) != 0 || ago >= r->start_ms))
		return ctl_usage(&CTL_RECONCILE);
	r->since_ms = r->start_ms - ago;
	return CTL_DONE;
}

/* The only one there is, or the one that was named. */
static char *take_destination(struct ctl *c, int *rc)
{
	struct json_object *answer = NULL, *rows = NULL;
	char *name = NULL;
	size_t crms = 0;
	if (ctl_option(c, "--destination") != NULL) {
		name = xstrdup(ctl_option(c, "--destination"));
		if (!ctl_name_ok(name))
			*rc = ctl_usage(&CTL_RECONCILE);
		return name;
	}
	*rc = ctl_call(c, "GET", "/api/v1/destinations", &answer);
	json_object_object_get_ex(answer, "destinations", &rows);
	size_t n = rows != NULL ? json_object_array_length(rows) : 0;
	for (size_t i = 0; i < n; i++) {
		const char *text =
		    ctl_text(json_object_array_get_idx(rows, i), "name");
		if (!ctl_name_ok(text)) /* fetches, bulk requests */
			continue;
		free(name);
		name = xstrdup(text);
		crms++;
	}
	json_object_put(answer);
	if (*rc == CTL_DONE && crms != 1) {
		(void)fprintf(stderr,
			      "leadbridgectl: there are %zu destinations: "
			      "name one with --destination\n",
			      crms);
		*rc = CTL_USAGE;
	}
	return name;
}

/* First there, then here: what is delivered meanwhile is known here. */
static int both(struct ctl *c, struct reconcile *r)
{
	int rc = get_all(c, r, "leads-there", &r->there);
	return rc == CTL_DONE ? get_all(c, r, "leads-here", &r->here) : rc;
}

static int run(struct ctl *c)
{
	struct reconcile r = {0};
	bool json = c->json;
	if (c->n_args != 0)
		return ctl_usage(&CTL_RECONCILE);
	int rc = take_since(c, &r);
	if (rc != CTL_DONE)
		return rc;
	c->json = false; /* single answers are not what was asked for */
	char *name = take_destination(c, &rc);
	r.destination = name;
	side_init(&r.here);
	side_init(&r.there);
	if (rc == CTL_DONE)
		rc = both(c, &r);
	c->json = json;
	if (rc == CTL_DONE) {
		struct json_object *not_there = json_object_new_array();
		struct json_object *not_here = json_object_new_array();
		compare(&r, not_there, not_here);
		tell(c, &r, not_there, not_here);
		json_object_put(not_there);
		json_object_put(not_here);
		rc = r.missing_there + r.missing_here > 0 ? CTL_NO : CTL_DONE;
	}
	side_free(&r.here);
	side_free(&r.there);
	free(name);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--since", "TIME", "24h (ago), or 2026-11-22T21:00:00Z", false},
    {"--destination", "NAME", "where there are several", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_RECONCILE = {
    .name = "reconcile",
    .usage = "[--since 24h] [--destination NAME]",
    .help = "compare what was delivered with the CRM's own list",
    .more =
	"Needs a token with the scope leads:read. Pages of the list take\n"
	"tokens of the same rate limit as leads, at most one in four while\n"
	"leads wait. Matched are CRM id, then e-mail, then phone (last ten\n"
	"digits), as the CRM merges. Exit 0 when both lists balance, 1 when\n"
	"not. Leads that came into the CRM another way count as missing "
	"here.\n",
    .options = OPTIONS,
    .run = run,
};
