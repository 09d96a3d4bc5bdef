/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl leads add: a lead a person types in. The id is made here, so
 * that a try whose answer was lost can be repeated without a second lead.
 */
#include <string.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "ctl/ctl.h"

void ctl_uuid(char out[CTL_UUID])
{
	unsigned char raw[16];
	char hex[33];
	crypto_random(raw, sizeof(raw));
	raw[6] = (unsigned char)((raw[6] & 0x0F) | 0x40);
	raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80);
	hex_encode(raw, sizeof(raw), hex);
	(void)!snprintf(out, CTL_UUID, "%.8s-%.4s-%.4s-%.4s-%.12s", hex,
			hex + 8, hex + 12, hex + 16, hex + 20);
}

static void add(struct json_object *o, const char *name, const char *text)
{
	if (text != NULL)
		json_object_object_add(o, name, json_object_new_string(text));
}

static int add_fields(const struct ctl *c, struct json_object *body)
{
	struct json_object *fields = json_object_new_object();
	json_object_object_add(body, "fields", fields);
	const char *field;
	for (int i = 0; (field = ctl_option_nth(c, "--field", i)) != NULL;
	     i++) {
		struct str text, slug = str_cut(str_from(field), '=', &text);
		char name[128];
		if (text.p == NULL || slug.n == 0 || slug.n >= sizeof(name)) {
			(void)fprintf(stderr,
				      "leadbridgectl: --field takes "
				      "'slug=text', not '%s'\n",
				      field);
			return CTL_USAGE;
		}
		(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(slug));
		add(fields, name, text.p);
	}
	return CTL_DONE;
}

static int fill(const struct ctl *c, const char *id, struct json_object *body)
{
	add(body, "id", id);
	add(body, "name", ctl_option(c, "--name"));
	add(body, "phone", ctl_option(c, "--phone"));
	add(body, "email", ctl_option(c, "--email"));
	add(body, "country", ctl_option(c, "--country"));
	add(body, "source_platform", ctl_option(c, "--platform"));
	add(body, "stage_slug", ctl_option(c, "--stage"));
	add(body, "destination", ctl_option(c, "--destination"));
	return add_fields(c, body);
}

static void tell(const struct ctl *c, const char *id, int rc,
		 struct json_object *answer)
{
	if (rc == CTL_UNREACHABLE)
		(void)fprintf(stderr,
			      "leadbridgectl: if it was sent, --id %s adds it "
			      "once only\n",
			      id);
	if (rc != CTL_DONE || c->json)
		return;
	if (strcmp(ctl_text(answer, "status"), "duplicate") == 0)
		(void)printf("already there: nothing was added\n");
	else
		(void)printf(
		    "lead %s, waiting for %s, key %s\n", ctl_text(answer, "id"),
		    ctl_text(answer, "destination"), ctl_text(answer, "key"));
}

int ctl_leads_add(struct ctl *c)
{
	char made[CTL_UUID];
	struct json_object *answer = NULL;
	if (ctl_option(c, "--name") == NULL &&
	    ctl_option(c, "--phone") == NULL &&
	    ctl_option(c, "--email") == NULL) {
		(void)fprintf(stderr, "leadbridgectl: give --name, --phone or "
				      "--email\n");
		return CTL_USAGE;
	}
	ctl_uuid(made);
	const char *id = ctl_option(c, "--id");
	if (id == NULL)
		id = made;
	struct json_object *body = json_object_new_object();
	int rc = fill(c, id, body);
	if (rc == CTL_DONE) {
		rc = ctl_call_body(c, "/api/v1/leads",
				   json_object_to_json_string(body), &answer);
		tell(c, id, rc, answer);
	}
	json_object_put(body);
	json_object_put(answer);
	return rc;
}
