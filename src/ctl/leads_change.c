/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl leads retry|bury|send-as-new: of one lead, or of all that a
 * filter has. Those are counted first, and changed in slices: the daemon never
 * works long for one call, and a command that was cut short is simply given
 * again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/leads.h"

static const struct verb {
	const char *name, *done, *warning;
} VERBS[] = {
    {"retry", "waiting again", NULL},
    {"bury", "buried: it counts as ignored", NULL},
    {"send-as-new", "waiting again, under a new key",
     "The CRM does not know the new key: where it has the lead already, it "
     "may then have\nit twice, and start its automations twice."},
};

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++)
		if (strcmp(VERBS[i].name, name) == 0)
			return &VERBS[i];
	return NULL;
}

bool ctl_changes_leads(const char *verb)
{
	return find(verb) != NULL;
}

int ctl_confirm(const struct ctl *c, const char *question, const char *word)
{
	char line[64] = "";
	if (ctl_option(c, "--yes") != NULL)
		return CTL_DONE;
	if (isatty(STDIN_FILENO) == 0) {
		(void)fprintf(stderr, "leadbridgectl: no terminal to ask on: "
				      "give --yes\n");
		return CTL_USAGE;
	}
	(void)fprintf(stderr, "%s Type %s to go on: ", question, word);
	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, word) == 0)
		return CTL_DONE;
	(void)fprintf(stderr, "leadbridgectl: nothing was changed\n");
	return CTL_NO;
}

static int one(struct ctl *c, const struct verb *v, const char *id)
{
	if (!ctl_name_ok(id))
		return ctl_usage(&CTL_LEADS);
	if (ctl_option(c, "--dry-run") != NULL) {
		(void)fprintf(stderr, "leadbridgectl: --dry-run is for many; "
				      "see leads show\n");
		return CTL_USAGE;
	}
	if (v->warning != NULL) {
		(void)fprintf(stderr, "%s\n", v->warning);
		int rc = ctl_confirm(c, "", id);
		if (rc != CTL_DONE)
			return rc;
	}
	char *path = xasprintf("/api/v1/leads/%s/%s", id, v->name);
	int rc = ctl_post(c, path, v->done);
	free(path);
	return rc;
}

/* ---- many ---------------------------------------------------------------- */

struct many {
	const struct verb *verb;
	int64_t found, changed, refused;
	int64_t before; /* ids below it: what comes meanwhile is not meant */
	char *why;
};

static void path_of(const struct ctl *c, const struct many *m, const char *what,
		    int64_t cursor, struct buf *path)
{
	char number[24];
	buf_reset(path);
	buf_addf(path, "/api/v1/leads/%s", what);
	ctl_add_filter(c, path);
	if (ctl_option(c, "--state") == NULL)
		ctl_add_param(path, "state", "dead");
	(void)snprintf(number, sizeof(number), "%" PRId64,
		       cursor > 0 ? cursor : m->before);
	ctl_add_param(path, "cursor", number);
}

/* The newest there is: what dies while this runs is left alone. */
static int find_before(struct ctl *c, struct many *m)
{
	struct json_object *answer = NULL, *leads = NULL;
	int rc = ctl_call(c, "GET", "/api/v1/leads?limit=1", &answer);
	if (rc == CTL_DONE &&
	    json_object_object_get_ex(answer, "leads", &leads) &&
	    json_object_array_length(leads) > 0)
		m->before =
		    ctl_number(json_object_array_get_idx(leads, 0), "id") + 1;
	json_object_put(answer);
	return rc;
}

static void take_count(struct many *m, struct json_object *answer)
{
	m->found += ctl_number(answer, "count");
}

static void take_change(struct many *m, struct json_object *answer)
{
	m->changed += ctl_number(answer, "changed");
	m->refused += ctl_number(answer, "refused");
	if (ctl_number(answer, "refused") > 0) {
		free(m->why);
		m->why = xstrdup(ctl_text(answer, "why"));
	}
	if (isatty(STDERR_FILENO) != 0)
		(void)fprintf(stderr, "\r%" PRId64 " of %" PRId64,
			      m->changed + m->refused, m->found);
}

/* All that the filter finds, a piece at a time. */
static int walk(struct ctl *c, struct many *m, const char *method,
		const char *what,
		void (*take)(struct many *m, struct json_object *answer))
{
	struct buf path;
	int64_t cursor = 0;
	int rc;
	buf_init(&path, 8192);
	do {
		struct json_object *answer = NULL;
		path_of(c, m, what, cursor, &path);
		rc = ctl_call(c, method, path.p, &answer);
		take(m, answer);
		cursor = ctl_number(answer, "next_cursor");
		json_object_put(answer);
	} while (rc == CTL_DONE && cursor > 0);
	buf_release(&path);
	return rc;
}

static int change(struct ctl *c, struct many *m)
{
	int rc = walk(c, m, "POST", m->verb->name, take_change);
	if (isatty(STDERR_FILENO) != 0)
		(void)fprintf(stderr, "\n");
	return rc;
}

static void tell(const struct ctl *c, const struct many *m)
{
	if (c->json) {
		(void)printf("{\"found\":%" PRId64 ",\"changed\":%" PRId64
			     ",\"refused\":%" PRId64 "}\n",
			     m->found, m->changed, m->refused);
		return;
	}
	(void)printf("%" PRId64 " %s\n", m->changed, m->verb->done);
	if (m->refused > 0)
		(void)printf("%" PRId64 " refused, the last one because: %s\n",
			     m->refused, m->why);
}

static int confirm(const struct ctl *c, const struct many *m)
{
	char word[24], question[160];
	(void)snprintf(word, sizeof(word), "%" PRId64, m->found);
	(void)snprintf(question, sizeof(question), "%s %s leads?",
		       m->verb->name, word);
	if (m->verb->warning != NULL)
		(void)fprintf(stderr, "%s\n", m->verb->warning);
	return ctl_confirm(c, question, word);
}

static int many(struct ctl *c, const struct verb *verb)
{
	struct many m = {.verb = verb};
	bool json = c->json, dry = ctl_option(c, "--dry-run") != NULL;
	c->json = false; /* single answers are not what was asked for */
	int rc = find_before(c, &m);
	if (rc == CTL_DONE && m.before > 0)
		rc = walk(c, &m, "GET", "count", take_count);
	if (rc == CTL_DONE && !dry && m.found > 0)
		rc = confirm(c, &m);
	if (rc == CTL_DONE && !dry && m.found > 0)
		rc = change(c, &m);
	c->json = json;
	if (rc == CTL_DONE && dry && !json)
		(void)printf("%" PRId64 " leads\n", m.found);
	else if (rc == CTL_DONE)
		tell(c, &m);
	free(m.why);
	return rc == CTL_DONE && m.refused > 0 ? CTL_NO : rc;
}

int ctl_leads_change(struct ctl *c, const char *verb, const char *id)
{
	const struct verb *v = find(verb);
	if (v == NULL)
		return ctl_usage(&CTL_LEADS);
	return id != NULL ? one(c, v, id) : many(c, v);
}
