/* SPDX-License-Identifier: MIT */
/* What the commands share: members, tables of leads, small posts. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"

int ctl_usage(const struct ctl_command *command)
{
	(void)fprintf(stderr, "usage: leadbridgectl %s %s\n", command->name,
		      command->usage);
	return CTL_USAGE;
}

const char *ctl_text(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;
	if (!json_object_object_get_ex(o, name, &v) || v == NULL)
		return "";
	return json_object_get_string(v);
}

int64_t ctl_number(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;
	if (!json_object_object_get_ex(o, name, &v))
		return 0;
	return json_object_get_int64(v);
}

bool ctl_name_ok(const char *text)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	return text[0] != '\0' && strspn(text, ok) == strlen(text);
}

char *ctl_url_escape(struct str text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = xcalloc(3 * text.n + 1, 1), *to = out;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (isalnum(c) || strchr("-._~", c) != NULL) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	return out;
}

void ctl_age(struct json_object *s, char out[CTL_AGE_TEXT])
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t age_s = ctl_number(s, "last_event_s");
	if (ctl_text(s, "last_event")[0] == '\0') {
		(void)!snprintf(out, CTL_AGE_TEXT, "-");
		return;
	}
	size_t i = 0;
	while (i < 3 && age_s < units[i].s)
		i++;
	(void)!snprintf(out, CTL_AGE_TEXT, "%" PRId64 " %c", age_s / units[i].s,
			units[i].unit);
}

int ctl_post(struct ctl *c, const char *path, const char *done)
{
	struct json_object *answer = NULL;
	int rc = ctl_call(c, "POST", path, &answer);
	if (rc == CTL_DONE && !c->json)
		(void)printf("%s\n", done);
	json_object_put(answer);
	return rc;
}

/* The first that there is of e-mail, phone and name. */
static const char *who(struct json_object *person)
{
	static const char *const names[] = {"email", "phone", "name"};
	for (size_t i = 0; i < 3; i++)
		if (ctl_text(person, names[i])[0] != '\0')
			return ctl_text(person, names[i]);
	return "-";
}

static void print_row(struct json_object *lead)
{
	const char *reason = ctl_text(lead, "reason");
	struct json_object *person = NULL;
	json_object_object_get_ex(lead, "person", &person);
	(void)printf("%10" PRId64 "  %-11s %-20.20s %-16.16s %-24.24s %3" PRId64
		     "  %-24s %s\n",
		     ctl_number(lead, "id"), ctl_text(lead, "state"),
		     ctl_text(lead, "source"), ctl_text(lead, "destination"),
		     ctl_text(lead, "received_at"),
		     ctl_number(lead, "attempts"), who(person), reason);
}

static void print_heading(void)
{
	(void)printf("%10s  %-11s %-20s %-16s %-24s %3s  %-24s %s\n", "ID",
		     "STATE", "SOURCE", "DESTINATION", "RECEIVED", "TRY",
		     "PERSON", "REASON");
}

static size_t print_rows(struct json_object *answer)
{
	struct json_object *leads = NULL;
	json_object_object_get_ex(answer, "leads", &leads);
	size_t n = leads != NULL ? json_object_array_length(leads) : 0;
	for (size_t i = 0; i < n; i++)
		print_row(json_object_array_get_idx(leads, i));
	return n;
}

/* A walk that ran out of time goes on where it was, until it has something. */
int ctl_print_leads(struct ctl *c, const char *path, const char *cursor)
{
	char *start = xstrdup(cursor != NULL ? cursor : "0");
	size_t found = 0;
	bool headed = false;
	int rc = CTL_DONE;
	while (start != NULL) {
		struct json_object *answer = NULL;
		char *page = xasprintf("%s&cursor=%s", path, start);
		free(start);
		start = NULL;
		rc = ctl_call(c, "GET", page, &answer);
		free(page);
		if (rc != CTL_DONE || c->json) {
			json_object_put(answer);
			break;
		}
		if (!headed)
			print_heading();
		headed = true;
		found += print_rows(answer);
		int64_t next = ctl_number(answer, "next_cursor");
		if (next > 0 && found == 0)
			start = xasprintf("%" PRId64, next);
		else if (next > 0)
			(void)printf("more: --cursor %" PRId64 "\n", next);
		json_object_put(answer);
	}
	return rc;
}

int ctl_print_lead(struct ctl *c, const char *path)
{
	struct json_object *answer = NULL;
	int rc = ctl_call(c, "GET", path, &answer);
	if (rc == CTL_DONE && !c->json)
		(void)printf("%s\n",
			     json_object_to_json_string_ext(
				 answer, JSON_C_TO_STRING_PRETTY |
					     JSON_C_TO_STRING_SPACED |
					     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(answer);
	return rc;
}
