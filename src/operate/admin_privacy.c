/* SPDX-License-Identifier: MIT */
/*
 * What the admin API does for a person who asks what is known of them, or wants
 * it gone, and the backup. Whom it is about comes in the body of a POST, never
 * in a path. Loop thread.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/admin_internal.h"
#include "operate/backup.h"
#include "operate/privacy.h"
#include "payload/payload.h"

enum { PERSON_MAX = 16 * 1024 };

static const struct value *body_of(struct admin_call *c)
{
	static const struct payload_limits limits = {.depth = 2, .values = 32};
	struct value *v = NULL;
	if (payload_json(&c->admin->scratch, c->request->body, &limits, false,
			 &v, NULL) != 0 ||
	    v->type != VALUE_OBJECT)
		return NULL;
	return v;
}

/* Whom it is about, as normalised JSON; false: the answer is given. */
static bool person_of(struct admin_call *c, const struct value *body,
		      struct str *out)
{
	struct err err = {0};
	struct subject p;
	struct arena *a = &c->admin->scratch;
	struct subject_text text = {
	    .email = value_member(body, "email"),
	    .phone = value_member(body, "phone"),
	    .customer = value_member(body, "customer"),
	    .country = value_member(body, "country"),
	};
	if (body == NULL) {
		admin_reply_error(c->exchange, 400, "body",
				  "the body is a JSON object");
		return false;
	}
	/* At another sender the same id is somebody else. */
	if (text.customer.n > 0 && value_member(body, "source").n == 0) {
		admin_reply_error(c->exchange, 400, "source",
				  "a customer id is one sender's: name the "
				  "source");
		return false;
	}
	if (subject_make(a, &text, &p, &err) != 0) {
		admin_reply_error(c->exchange, 400, "person", err.text);
		return false;
	}
	struct buf b;
	buf_init(&b, PERSON_MAX);
	text.email = p.email;
	text.phone = p.phone;
	subject_write(&text, &b);
	*out = arena_copy(a, buf_str(&b));
	buf_release(&b);
	return true;
}

static bool source_of(struct admin_call *c, const struct value *body,
		      char out[65])
{
	struct str name = value_member(body, "source");
	if (name.n < 65) {
		(void)!snprintf(out, 65, "%.*s", STR_FMT(name));
		return true;
	}
	admin_reply_error(c->exchange, 400, "source", "no such source");
	return false;
}

/* ---- erasing ------------------------------------------------------------ */

static void ask_erase(struct admin_call *c, struct str person,
		      const char *source)
{
	struct query *q = privacy_query(PRIVACY_ASK);
	(void)!snprintf(q->privacy->source, sizeof(q->privacy->source), "%s",
			source);
	q->privacy->person = xstr_dup(person);
	admin_audit(c, &q->audit, "privacy.erase", STR("new"));
	admin_ask(c, q);
}

void admin_post_privacy_erase(struct admin_call *c)
{
	char source[65];
	struct str person;
	const struct value *body = body_of(c);
	if (person_of(c, body, &person) && source_of(c, body, source))
		ask_erase(c, person, source);
}

void admin_post_lead_erase(struct admin_call *c)
{
	int64_t id;
	if (str_to_int(c->subject, 1, INT64_MAX, &id) != 0) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "an id is a number");
		return;
	}
	const struct subject_text text = {.unit = id};
	struct buf b;
	buf_init(&b, PERSON_MAX);
	subject_write(&text, &b);
	ask_erase(c, buf_str(&b), "");
	buf_release(&b);
}

void admin_post_privacy_cancel(struct admin_call *c)
{
	int64_t id;
	if (str_to_int(c->subject, 1, INT64_MAX, &id) != 0) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "a request has a number");
		return;
	}
	struct query *q = privacy_query(PRIVACY_CANCEL);
	q->id = id;
	admin_audit(c, &q->audit, "privacy.cancel", c->subject);
	admin_ask(c, q);
}

/* ---- looking ------------------------------------------------------------ */

static void release_search(void *ctx)
{
	privacy_search_free(ctx);
}

static void note_search(const struct admin_call *c, struct str person,
			bool show)
{
	char hex[PRIVACY_HASH_TEXT];
	privacy_hash(queue_secret(c->admin->road->queue), person, hex);
	admin_note(c, show ? "privacy.export" : "privacy.count", str_from(hex));
}

void admin_post_privacy_search(struct admin_call *c)
{
	char source[65];
	struct str person;
	struct search *s = NULL;
	struct err err = {0};
	int64_t after = 0;
	const struct value *body = body_of(c);
	if (!person_of(c, body, &person) || !source_of(c, body, source))
		return;
	struct str cursor = value_member(body, "cursor");
	const struct value *show = value_get(body, "show");
	bool shown = show != NULL && show->type == VALUE_BOOL && show->truth;
	if ((cursor.n > 0 && str_to_int(cursor, 0, INT64_MAX, &after) != 0) ||
	    privacy_search(c->admin->road, person, source, &s, &err) != 0) {
		admin_reply_error(c->exchange, 400, "search",
				  "cursor is the next_cursor of a slice");
		return;
	}
	if (after == 0)
		note_search(c, person, shown);
	struct query *q = privacy_search_query(s, after, shown);
	q->privacy->release = release_search;
	admin_ask(c, q);
}

static void ask_list(struct admin_call *c, int64_t id)
{
	int64_t cursor = 0;
	struct str text = value_member(c->params, "cursor");
	if (text.n > 0 && str_to_int(text, 0, INT64_MAX, &cursor) != 0) {
		admin_reply_error(c->exchange, 400, "query",
				  "cursor is the next_cursor of a page");
		return;
	}
	struct query *q = privacy_query(PRIVACY_LIST);
	q->privacy->now_ms = clock_wall_ms();
	q->id = id;
	q->after_id = cursor;
	admin_ask(c, q);
}

void admin_get_privacy(struct admin_call *c)
{
	ask_list(c, 0);
}

void admin_get_privacy_one(struct admin_call *c)
{
	int64_t id;
	if (str_to_int(c->subject, 1, INT64_MAX, &id) != 0)
		admin_reply_error(c->exchange, 404, "not_found",
				  "a request has a number");
	else
		ask_list(c, id);
}

/* How far it is, in front of what its row says. */
static void reply_one(struct admin *a, struct exchange *x, struct query *q)
{
	int64_t at, newest;
	struct buf b;
	bool runs = privacy_progress(a->road->privacy, q->id, &at, &newest);
	buf_init(&b, ADMIN_TEXT_MAX);
	buf_addf(&b, "{\"running\":%s", runs ? "true" : "false");
	if (runs)
		buf_addf(&b, ",\"at\":%lld,\"newest\":%lld", (long long)at,
			 (long long)newest);
	buf_add_char(&b, ',');
	buf_add_str(&b, str_sub(buf_str(&q->json), 1, q->json.n));
	admin_reply_buf(x, &b);
}

static void reply_count(struct exchange *x, const struct query *q)
{
	const struct privacy_work *w = q->privacy;
	size_t n[RAW_DROPPED + 1] = {0};
	struct buf b;
	for (size_t i = 0; i < w->n_raws; i++)
		n[w->raws[i].fate]++;
	buf_init(&b, 1024);
	buf_addf(&b,
		 "{\"units\":%zu,\"requests\":%zu,\"cut\":%zu,\"dropped\":%zu,"
		 "\"next_cursor\":%lld,\"at\":%lld,\"newest\":%lld}\n",
		 w->n_units, n[RAW_GOES], n[RAW_IS_CUT], n[RAW_DROPPED],
		 (long long)(w->end ? 0 : w->next), (long long)w->next,
		 (long long)w->newest);
	admin_reply_buf(x, &b);
}

void admin_privacy_answered(struct admin *a, struct exchange *x,
			    struct query *q)
{
	if (q->privacy->verb == PRIVACY_LIST && q->id != 0)
		reply_one(a, x, q);
	else if (q->privacy->verb == PRIVACY_SEARCH && !q->privacy->show)
		reply_count(x, q);
	else
		admin_reply_json(x, 200, buf_str(&q->json));
}

/* ---- backup ------------------------------------------------------------- */

void admin_get_backup(struct admin_call *c)
{
	struct buf b;
	buf_init(&b, 4096);
	backup_show(c->admin->backup, &b);
	admin_reply_buf(c->exchange, &b);
}

void admin_post_backup(struct admin_call *c)
{
	struct err err = {0};
	const struct value *body = body_of(c);
	struct str path = value_member(body, "path");
	const struct value *force = value_get(body, "force");
	if (path.n == 0 || path.n > 4000) {
		admin_reply_error(c->exchange, 400, "body",
				  "the body says \"path\": where to");
		return;
	}
	int rc = backup_start(
	    c->admin->backup, c->admin->road,
	    arena_copy(&c->admin->scratch, path).p,
	    force != NULL && force->type == VALUE_BOOL && force->truth, &err);
	if (rc != 0) {
		admin_reply_error(c->exchange, 409, "refused", err.text);
		return;
	}
	admin_note(c, "backup", STR("store"));
	admin_get_backup(c);
}
