/* SPDX-License-Identifier: MIT */
/*
 * What leads that people type in or read from a file have in common: the
 * reserved sources "manual" and "import" make them of JSON of our own. Loop
 * thread.
 */
#include "operate/admin_internal.h"

static const char reason_nobody[] = "no name, phone or e-mail";

void admin_map_typed(const struct source_call *call, struct event *event,
		     struct lead *lead, bool found)
{
	const struct value *body = event->body;
	found |= lead_set_email(lead, value_member(body, "email"));
	found |= lead_set_phone(lead, value_member(body, "phone"),
				call->source->country);
	VALUE_EACH (field, value_get(body, "fields"))
		(void)lead_add_value(lead, field->key, field);
	if (found || lead->phone_raw.n > 0)
		return;
	event->fate = FATE_IGNORE;
	event->reason = reason_nobody;
}

char *admin_member(struct arena *a, const struct value *body, const char *name)
{
	struct str text = value_member(body, name);
	return text.n > 0 ? (char *)(uintptr_t)arena_copy(a, text).p : NULL;
}

int admin_check_origin(const struct source *s, struct err *err)
{
	if (s->source_platform != NULL &&
	    !lead_platform_ok(str_from(s->source_platform)))
		return err_set(err, LB_EINVAL, "unknown source_platform '%s'",
			       s->source_platform);
	if (s->country != NULL && !phone_country_ok(s->country))
		return err_set(err, LB_EINVAL, "unknown country '%s'",
			       s->country);
	return 0;
}

struct request admin_typed_request(const struct admin_call *c,
				   struct header *type)
{
	struct request request = *c->request;
	*type = (struct header){STR("Content-Type"), STR("application/json")};
	request.headers = type;
	request.n_headers = 1;
	return request;
}
