/* SPDX-License-Identifier: MIT */
/* The rows of an import that somebody has to look at, and the dry run. */
#include <inttypes.h>
#include <json_object.h>
#include <linkhash.h>
#include <string.h>

#include "ctl/import.h"

/* ---- rows that will not arrive -------------------------------------------
 */

void import_trouble(struct importing *m, int64_t line, const char *what)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "line", json_object_new_int64(line));
	json_object_object_add(o, "problem", json_object_new_string(what));
	json_object_array_add(m->troubles, o);
}

void import_wrong(void *ctx, int64_t line, const char *why)
{
	struct importing *m = ctx;
	m->wrong++;
	import_trouble(m, line, why);
}

struct json_object *import_list(struct json_object *o, const char *name,
				size_t *n)
{
	struct json_object *list = NULL;
	*n = 0;
	if (json_object_object_get_ex(o, name, &list) &&
	    json_object_is_type(list, json_type_array))
		*n = json_object_array_length(list);
	return list;
}

static void take_ignored(struct importing *m, struct json_object *answer)
{
	size_t n;
	struct json_object *list = import_list(answer, "ignored", &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(list, i);
		import_trouble(m, ctl_number(row, "line"),
			       ctl_text(row, "reason"));
	}
}

static int by_line(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	int64_t difference = ctl_number(x, "line") - ctl_number(y, "line");
	return (difference > 0) - (difference < 0);
}

void import_print_troubles(struct importing *m)
{
	size_t n = json_object_array_length(m->troubles);
	json_object_array_sort(m->troubles, by_line);
	for (size_t i = 0; i < n; i++) {
		struct json_object *o =
		    json_object_array_get_idx(m->troubles, i);
		(void)printf("line %" PRId64 ": %s\n", ctl_number(o, "line"),
			     ctl_text(o, "problem"));
	}
}

/* ---- asking the CRM what it would do -------------------------------------
 */

static void take_failed(struct importing *m, struct json_object *crm)
{
	size_t n, words;
	struct json_object *list = import_list(crm, "results", &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(list, i);
		struct json_object *errors = import_list(row, "errors", &words);
		if (strcmp(ctl_text(row, "status"), "failed") != 0)
			continue;
		if (words == 0)
			import_trouble(m, ctl_number(row, "row_ref"), "failed");
		for (size_t k = 0; k < words; k++)
			import_trouble(
			    m, ctl_number(row, "row_ref"),
			    json_object_get_string(
				json_object_array_get_idx(errors, k)));
	}
}

static void take_preview(struct importing *m, struct json_object *answer)
{
	static const char *const words[] = {"created", "updated", "skipped",
					    "failed"};
	struct json_object *crm = NULL, *summary = NULL;
	size_t n;
	take_ignored(m, answer);
	(void)json_object_object_get_ex(answer, "answer", &crm);
	take_failed(m, crm);
	(void)json_object_object_get_ex(crm, "summary", &summary);
	for (size_t i = 0; summary != NULL && i < 4; i++)
		m->would[i] += ctl_number(summary, words[i]);
	struct json_object *list =
	    import_list(crm, "unknown_custom_fields", &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *slug = json_object_array_get_idx(list, i);
		json_object_object_add(m->unknown, json_object_get_string(slug),
				       NULL);
	}
}

int import_preview_piece(struct importing *m, const struct buf *rows)
{
	struct json_object *answer = NULL;
	int rc = import_post(m, rows, true, &answer);
	if (rc == CTL_DONE)
		take_preview(m, answer);
	json_object_put(answer);
	return rc;
}

void import_tell_preview(struct importing *m)
{
	if (m->c->json) {
		struct json_object *o = json_object_new_object();
		static const char *const words[] = {"created", "updated",
						    "skipped", "failed"};
		json_object_object_add(o, "rows",
				       json_object_new_int64(m->f.rows));
		for (size_t i = 0; i < 4; i++)
			json_object_object_add(
			    o, words[i], json_object_new_int64(m->would[i]));
		json_object_object_add(o, "unknown_custom_fields",
				       json_object_get(m->unknown));
		json_object_object_add(o, "troubles",
				       json_object_get(m->troubles));
		(void)printf("%s\n", json_object_to_json_string(o));
		json_object_put(o);
		return;
	}
	import_print_troubles(m);
	json_object_object_foreach(m->unknown, slug, ignored)
	{
		(void)ignored;
		(void)printf("the CRM knows no custom field '%s'\n", slug);
	}
	(void)printf("dry run: of %" PRId64 " rows the CRM would create "
		     "%" PRId64 ", update %" PRId64 ", skip %" PRId64
		     " and refuse %" PRId64 "; nothing was stored or sent\n",
		     m->f.rows, m->would[0], m->would[1], m->would[2],
		     m->would[3]);
}
