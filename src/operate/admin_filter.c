/* SPDX-License-Identifier: MIT */
/*
 * Which leads a call is about: its query string becomes the filter of a query.
 * A value that cannot be, or a name nobody knows, is an error and never a wider
 * filter. Loop thread.
 */
#include "base/clock.h"
#include "operate/admin_internal.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 500 };

static struct str param(const struct admin_call *c, const char *name)
{
	const struct value *v = value_get(c->params, name);
	return v != NULL ? v->text : STR_NONE;
}

static int take_text(const struct admin_call *c, const char *name, char *out,
		     size_t size, struct err *err)
{
	struct str text = str_trim(param(c, name));
	if (text.n >= size)
		return err_set(err, LB_EINVAL, "'%s' is too long", name);
	if (text.n > 0)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	return 0;
}

static int take_number(const struct admin_call *c, const char *name,
		       int64_t least, int64_t most, int64_t *out,
		       struct err *err)
{
	struct str text = param(c, name);
	if (text.p == NULL || str_to_int(text, least, most, out) == 0)
		return 0;
	return err_set(err, LB_EINVAL,
		       "limit is a number from 1 to %d, cursor the next_cursor "
		       "of a page",
		       PAGE_MAX);
}

int admin_take_time(const struct admin_call *c, const char *name, int64_t *out,
		    struct err *err)
{
	struct str text = param(c, name);
	int64_t ago;
	if (text.n == 0)
		return 0;
	if (clock_parse(text, out) == 0 && *out > 0)
		return 0;
	if (str_to_duration(text, &ago) == 0 && ago < clock_wall_ms()) {
		*out = clock_wall_ms() - ago;
		return 0;
	}
	return err_set(err, LB_EINVAL,
		       "'%s' is a time (2026-11-22T21:00:00Z) or how long ago "
		       "(24h)",
		       name);
}

/* Of a misspelt name nothing would be filtered at all. */
static int check_names(const struct admin_call *c, struct err *err)
{
	static const char *const names[] = {
	    "state",  "source", "destination", "since",  "until", "text",
	    "reason", "cursor", "limit",       "reveal", NULL};
	VALUE_EACH (v, c->params) {
		size_t i = 0;
		while (names[i] != NULL && !str_eq(v->key, str_from(names[i])))
			i++;
		if (names[i] == NULL)
			return err_set(err, LB_EINVAL, "no parameter '%.*s'",
				       (int)(v->key.n < 40 ? v->key.n : 40),
				       v->key.p);
		if (v->type != VALUE_STRING)
			return err_set(err, LB_EINVAL, "'%s' is given twice",
				       names[i]);
	}
	return 0;
}

int admin_take_filter(const struct admin_call *c, struct query *q,
		      struct err *err)
{
	int64_t limit = PAGE_DEFAULT;
	int rc = check_names(c, err);
	if (rc == 0)
		rc = take_text(c, "state", q->state, sizeof(q->state), err);
	if (rc == 0)
		rc = take_text(c, "source", q->source, sizeof(q->source), err);
	if (rc == 0)
		rc = take_text(c, "destination", q->destination,
			       sizeof(q->destination), err);
	if (rc == 0)
		rc = take_text(c, "text", q->text, sizeof(q->text), err);
	if (rc == 0)
		rc = take_text(c, "reason", q->reason, sizeof(q->reason), err);
	if (rc == 0)
		rc = admin_take_time(c, "since", &q->since_ms, err);
	if (rc == 0)
		rc = admin_take_time(c, "until", &q->until_ms, err);
	if (rc == 0)
		rc = take_number(c, "cursor", 0, INT64_MAX, &q->after_id, err);
	if (rc == 0)
		rc = take_number(c, "limit", 1, PAGE_MAX, &limit, err);
	q->limit = (size_t)limit;
	return rc;
}

bool admin_reveals(const struct admin_call *c, struct str subject)
{
	if (!str_eq(param(c, "reveal"), STR("true")))
		return false;
	admin_note(c, "lead.reveal", subject);
	return true;
}
