/* SPDX-License-Identifier: MIT */
/*
 * Google Ads lead form assets:
 * https://developers.google.com/google-ads/webhook/docs/implementation.
 *
 * The proof is a key in the body that the advertiser made up, so the body is
 * parsed before it is judged. Google gives a lead up for good on a 4xx and
 * tries again on a 5xx; it reads {} as success and "message" as the error.
 */
#include "base/clock.h"
#include "sources/adapter.h"

static int prepare(struct source *source, struct err *err)
{
	if (source->secret.n > 0)
		return 0;
	return err_set(err, LB_EINVAL,
		       "platform 'google_ads' needs secret (the key beside the "
		       "webhook URL)");
}

static void release(struct source *source)
{
	source->state = NULL;
}

/* A member given twice is refused: which of two keys Google meant is not
 * known, and Google does not send any twice. */
static void verify(const struct source_call *call, struct proof *proof)
{
	const struct value *key = value_get(call->payload, "google_key");
	*proof = (struct proof){PROOF_MISSING, -1, NULL};
	if (key == NULL || key->text.n == 0)
		return;
	proof->result = PROOF_WRONG;
	if (value_has_duplicate(call->payload))
		return;
	proof->matched = secrets_match(&call->source->secret, key->text);
	if (proof->matched >= 0)
		proof->result = PROOF_OK;
}

/* ---- split -------------------------------------------------------------- */

/* "Send test data" always sends the same id; old forms leave is_test out. */
static bool is_test(const struct value *body, struct str id)
{
	return str_eq(value_member(body, "is_test"), STR("true")) ||
	       str_starts(id, STR("TeSter-123-"));
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *body = call->payload;
	if (body->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = body;
	event->topic = STR("lead_form");
	event->id = value_member(body, "lead_id");
	struct str at = value_member(body, "lead_submit_time");
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	const struct value *columns = value_get(body, "user_column_data");
	if (is_test(body, event->id)) {
		/* One id for all tests: each is an event of its own. */
		event->id =
		    arena_printf(call->arena, "test/%lld",
				 (long long)call->request->received_at_ms);
		event_test(call->source, event);
	} else if (columns == NULL || columns->type != VALUE_ARRAY) {
		event_quarantine(event, reason_shape);
	}
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

enum { TAKEN_MAX = 4 };

/* Columns that became the contact; all others become custom fields. */
struct taken {
	const struct value *v[TAKEN_MAX];
	size_t n;
};

static const struct value *column(const struct value *columns, const char *id)
{
	VALUE_EACH (one, columns)
		if (str_eq(value_member(one, "column_id"), str_from(id)) &&
		    value_member(one, "string_value").n > 0)
			return one;
	return NULL;
}

static bool is_taken(const struct taken *taken, const struct value *one)
{
	for (size_t i = 0; i < taken->n; i++)
		if (taken->v[i] == one)
			return true;
	return false;
}

static void take(struct taken *taken, const struct value *one)
{
	if (one != NULL && taken->n < TAKEN_MAX)
		taken->v[taken->n++] = one;
}

static struct str answer_of(const struct value *one)
{
	return value_member(one, "string_value");
}

/* A form asks for a full name or for two parts; GIVEN and FAMILY are how the
 * columns were called before. */
static void map_name(const struct value *columns, struct lead *lead,
		     struct taken *taken)
{
	static const char *const parts[][2] = {{"FIRST_NAME", "LAST_NAME"},
					       {"GIVEN_NAME", "FAMILY_NAME"}};
	const struct value *full = column(columns, "FULL_NAME");
	if (full != NULL && lead_set_name(lead, answer_of(full))) {
		take(taken, full);
		return;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct value *first = column(columns, parts[i][0]);
		const struct value *last = column(columns, parts[i][1]);
		if (!lead_set_names(lead, answer_of(first), answer_of(last)))
			continue;
		take(taken, first);
		take(taken, last);
		return;
	}
}

/* COUNTRY is mostly a name in words; a code is used where it is one. */
static const char *region_of(const struct source_call *call,
			     const struct value *columns)
{
	struct str country = answer_of(column(columns, "COUNTRY"));
	if (call->source->country != NULL || country.n != 2)
		return call->source->country;
	const char *given = arena_copy(call->arena, country).p;
	return phone_country_ok(given) ? given : NULL;
}

static void map_contact(const struct source_call *call,
			const struct value *columns, struct lead *lead,
			struct taken *taken)
{
	static const char *const phones[] = {
	    "PHONE_NUMBER", "PHONE_NUMBER_VERIFIED", "WORK_PHONE",
	    "WORK_PHONE_NUMBER", NULL};
	static const char *const emails[] = {"EMAIL", "WORK_EMAIL", NULL};
	const char *region = region_of(call, columns);
	map_name(columns, lead, taken);
	for (size_t i = 0; phones[i] != NULL && lead->phone.n == 0; i++) {
		const struct value *one = column(columns, phones[i]);
		if (one != NULL && lead_set_phone(lead, answer_of(one), region))
			take(taken, one);
	}
	for (size_t i = 0; emails[i] != NULL && lead->email.n == 0; i++) {
		const struct value *one = column(columns, emails[i]);
		if (one != NULL && lead_set_email(lead, answer_of(one)))
			take(taken, one);
	}
}

/* The id of a custom question is the question itself; column_name is not
 * always there, and some receivers saw columns without either. */
static const char *column_slug(const struct source_call *call,
			       const struct value *one, size_t position)
{
	static const char *const names[] = {"column_id", "column_name", NULL};
	struct str name = value_first(one, names);
	if (str_eq(name, STR("COMPANY_NAME")))
		name = STR("company");
	struct str slug = slug_make(call->arena, name);
	if (slug.n == 0)
		slug = arena_printf(call->arena, "column_%zu", position);
	return arena_copy(call->arena, slug).p;
}

/* A column may be there twice or empty: the first answer stays. */
static void map_columns(const struct source_call *call,
			const struct value *columns, const struct taken *taken,
			struct lead *lead)
{
	size_t position = 0;
	VALUE_EACH (one, columns) {
		position++;
		struct str text = answer_of(one);
		if (text.n == 0 || is_taken(taken, one))
			continue;
		const char *slug = column_slug(call, one, position);
		if (lead_get(lead, slug).n == 0)
			lead_add(lead, slug, text);
	}
}

static const struct field_name fields[] = {
    {"lead_id", "google_lead_id"},
    {"gcl_id", "gclid"},
    {"campaign_id", "google_campaign_id"},
    {"adgroup_id", "google_adgroup_id"},
    {"creative_id", "google_creative_id"},
    {"asset_group_id", "google_asset_group_id"},
    {"form_id", "google_form_id"},
    {"lead_stage", "google_lead_stage"},
    {"lead_source", "google_lead_source"},
    {"lead_submit_time", "lead_submit_time"},
    {NULL, NULL},
};

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	struct taken taken = {0};
	const struct value *columns =
	    value_get(event->body, "user_column_data");
	map_contact(call, columns, lead, &taken);
	fields_named(lead, event->body, fields);
	map_columns(call, columns, &taken, lead);
}

/* ---- answer ------------------------------------------------------------- */

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	(void)call;
	switch (kind) {
	case ANSWER_ACCEPTED:
	case ANSWER_DUPLICATE:
		reply->body = STR("{}");
		return;
	case ANSWER_TRY_LATER:
		reply->body = STR("{\"message\":\"cannot be stored now\"}");
		return;
	case ANSWER_BAD_PROOF:
		reply->body =
		    STR("{\"message\":\"google_key is missing or wrong\"}");
		return;
	case ANSWER_BAD_BODY:
		reply->body = STR("{\"message\":\"body cannot be read\"}");
		return;
	}
}

const struct source_ops source_google_ads = {
    .platform = "google_ads",
    .source_platform = "google_ads",
    .source_type = "form",
    .flags = SOURCE_PROOF_IN_BODY,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .prepare = prepare,
    .release = release,
    .verify = verify,
    .split = split,
    .map = map,
    .answer = answer,
};
