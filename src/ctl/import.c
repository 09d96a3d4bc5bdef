/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl import: a file of leads, through the CRM's bulk route. The
 * daemon stores each piece before it sends it and knows the rows of a file by
 * its digest: the same command again goes on where it ended, whoever died.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/import.h"

enum {
	FILE_MAX = 256 << 20,
	LOOK_MS = 500, /* at how far it is */
};

static void pause_ms(int64_t ms)
{
	(void)poll(NULL, 0, (int)(ms > 0 && ms < 60000 ? ms : 60000));
}

/* ---- the file ------------------------------------------------------------
 */

static int wrong_file(const struct err *err)
{
	(void)fprintf(stderr, "leadbridgectl: %s\n", err->text);
	return CTL_USAGE;
}

static int delimiter_of(const struct ctl *c, char *out)
{
	const char *given = ctl_option(c, "--delimiter");
	*out = 0;
	if (given == NULL)
		return CTL_DONE;
	if (strcmp(given, "tab") == 0)
		*out = '\t';
	else if (strlen(given) == 1 && strchr(",;|\t", given[0]) != NULL)
		*out = given[0];
	else
		(void)fprintf(stderr, "leadbridgectl: --delimiter takes , ; | "
				      "or tab\n");
	return *out != 0 ? CTL_DONE : CTL_USAGE;
}

static void print_columns(const struct importing *m)
{
	FILE *to = m->c->json ? stderr : stdout;
	(void)fprintf(to, "%" PRId64 " rows, columns:\n", m->f.rows);
	for (size_t i = 0; i < m->f.n_columns; i++) {
		char text[128];
		import_column_text(&m->f.columns[i], text, sizeof(text));
		(void)fprintf(to, "  %-28.*s -> %s\n",
			      STR_FMT(m->f.columns[i].header), text);
	}
}

static int open_file(struct importing *m, struct str text)
{
	struct err err = {0};
	char delimiter;
	const char *rule;
	int rc = delimiter_of(m->c, &delimiter);
	if (rc != CTL_DONE)
		return rc;
	if (import_file_open(&m->f, text, delimiter, &err) != 0)
		return wrong_file(&err);
	for (int i = 0; (rule = ctl_option_nth(m->c, "--map", i)) != NULL; i++)
		if (import_file_map(&m->f, str_from(rule), &err) != 0)
			return wrong_file(&err);
	struct buf more;
	buf_init(&more, 4096);
	for (size_t i = 0; IMPORT_SETTINGS[i].option != NULL; i++) {
		const char *value = ctl_option(m->c, IMPORT_SETTINGS[i].option);
		buf_addf(&more, "%s=%s\n", IMPORT_SETTINGS[i].member,
			 value != NULL ? value : "");
	}
	import_file_options(&m->f, buf_str(&more), m->options);
	buf_release(&more);
	print_columns(m);
	if (import_file_has_contact(&m->f))
		return CTL_DONE;
	(void)fprintf(stderr, "leadbridgectl: no column is a name, a phone or "
			      "an e-mail address; say which with --map\n");
	return CTL_USAGE;
}

/* ---- talking to the daemon -----------------------------------------------
 */

/* Destination and options, as members of the body. */
const struct import_setting IMPORT_SETTINGS[] = {
    {"--country", "country"},
    {"--platform", "source_platform"},
    {"--stage", "stage_slug"},
    {NULL, NULL},
};

static void add_text(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(b, ",\"%s\":", name);
	buf_add_json(b, str_from(text));
}

int import_post(struct importing *m, const struct buf *rows, bool dry_run,
		struct json_object **answer)
{
	struct ctl quiet = *m->c;
	struct buf body;
	quiet.json = false;
	buf_init(&body, IMPORT_REQUEST_MAX + 65536);
	buf_addf(&body,
		 "{\"file\":\"%s\",\"options\":\"%s\",\"number\":%" PRId64
		 ",\"dry_run\":%s",
		 m->f.hash, m->options, m->number, dry_run ? "true" : "false");
	add_text(&body, "destination", m->destination);
	for (size_t i = 0; IMPORT_SETTINGS[i].option != NULL; i++)
		add_text(&body, IMPORT_SETTINGS[i].member,
			 ctl_option(m->c, IMPORT_SETTINGS[i].option));
	buf_addf(&body, ",\"rows\":[");
	buf_add_str(&body, buf_str(rows));
	buf_addf(&body, "]}");
	int rc = ctl_call_body(&quiet, "/api/v1/import", body.p, answer);
	buf_release(&body);
	return rc;
}

/* ---- handing over, and waiting -------------------------------------------
 */

static void show(struct importing *m, int64_t done, const char *what)
{
	enum { WIDTH = 30 };
	if (m->c->json || done == m->shown)
		return;
	m->shown = done;
	if (!m->terminal) {
		(void)printf("%s %" PRId64 " of %" PRId64 "\n", what, done,
			     m->f.rows);
		(void)fflush(stdout);
		return;
	}
	int filled = (int)(done * WIDTH / m->f.rows);
	(void)printf("\r%s [%.*s%.*s] %" PRId64 " of %" PRId64 " ", what,
		     filled, "##############################", WIDTH - filled,
		     "                              ", done, m->f.rows);
	(void)fflush(stdout);
}

static void end_of_show(struct importing *m)
{
	if (m->terminal && !m->c->json && m->shown >= 0)
		(void)printf("\n");
	m->shown = -1;
}

static int hand_over_piece(struct importing *m, const struct buf *rows)
{
	struct json_object *answer = NULL;
	int rc = import_post(m, rows, false, &answer);
	if (rc == CTL_DONE)
		m->duplicates += ctl_number(answer, "duplicates");
	json_object_put(answer);
	return rc;
}

/* Each piece of the file, in order. */
static int each_piece(struct importing *m,
		      int (*take)(struct importing *m, const struct buf *rows),
		      const char *what)
{
	struct buf rows;
	struct err err = {0};
	int rc = CTL_DONE;
	buf_init(&rows, IMPORT_REQUEST_MAX);
	for (m->number = 0; rc == CTL_DONE; m->number++) {
		size_t n = 0;
		buf_reset(&rows);
		int got =
		    import_file_next(&m->f, &rows, &n, import_wrong, m, &err);
		if (got < 0)
			rc = wrong_file(&err);
		if (got <= 0)
			break;
		if (n > 0)
			rc = take(m, &rows);
		m->read += (int64_t)n;
		if (rc == CTL_DONE)
			show(m, m->read, what);
	}
	end_of_show(m);
	buf_release(&rows);
	return rc;
}

/* Whether nobody will send it before a person does something. */
static bool stands_still(struct importing *m, char *why, size_t cap)
{
	struct ctl quiet = *m->c;
	struct json_object *answer = NULL;
	char name[96];
	bool still = false;
	quiet.json = false;
	if (ctl_call(&quiet, "GET", "/api/v1/destinations", &answer) !=
	    CTL_DONE)
		return false;
	size_t n;
	struct json_object *list = import_list(answer, "destinations", &n);
	(void)!snprintf(name, sizeof(name), "+%s", m->at_destination);
	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		const char *is = ctl_text(d, "condition");
		if (strcmp(ctl_text(d, "name"), name) != 0 ||
		    (strcmp(is, "parked") != 0 && strcmp(is, "paused") != 0))
			continue;
		(void)!snprintf(why, cap, "%s is %s: %s", m->at_destination, is,
				ctl_text(d, "reason"));
		still = true;
	}
	json_object_put(answer);
	return still;
}

static int ask(struct importing *m, struct json_object **answer)
{
	struct ctl quiet = *m->c;
	struct buf path;
	quiet.json = false;
	buf_init(&path, 512);
	buf_addf(&path, "/api/v1/import/%s", m->f.hash);
	if (m->destination != NULL)
		buf_addf(&path, "?destination=%s", m->destination);
	int rc = ctl_call(&quiet, "GET", path.p, answer);
	buf_release(&path);
	if (rc == CTL_DONE)
		(void)!snprintf(m->at_destination, sizeof(m->at_destination),
				"%s", ctl_text(*answer, "destination"));
	return rc;
}

static void take_dead(struct importing *m, struct json_object *answer)
{
	size_t n;
	struct json_object *list = import_list(answer, "troubles", &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(list, i);
		const char *said = ctl_text(row, "response");
		import_trouble(m, ctl_number(row, "line"),
			       said != NULL && said[0] != '\0'
				   ? said
				   : ctl_text(row, "reason"));
	}
}

static void tell(struct importing *m, struct json_object *answer)
{
	if (m->c->json) {
		json_object_object_add(answer, "wrong",
				       json_object_new_int64(m->wrong));
		json_object_object_add(answer, "troubles",
				       json_object_get(m->troubles));
		(void)printf("%s\n", json_object_to_json_string(answer));
		return;
	}
	import_print_troubles(m);
	(void)printf("%" PRId64 " delivered, %" PRId64 " refused by the CRM, "
		     "%" PRId64 " without a contact, %" PRId64
		     " malformed, %" PRId64 " waiting\n",
		     ctl_number(answer, "delivered"),
		     ctl_number(answer, "dead"), ctl_number(answer, "ignored"),
		     m->wrong, ctl_number(answer, "waiting"));
}

static int watch(struct importing *m)
{
	char why[200] = "";
	bool wait = ctl_option(m->c, "--no-wait") == NULL;
	for (;;) {
		struct json_object *answer = NULL;
		int rc = ask(m, &answer);
		if (rc != CTL_DONE)
			return rc;
		int64_t waiting = ctl_number(answer, "waiting");
		show(m, ctl_number(answer, "rows") - waiting, "sent");
		if (waiting > 0 && wait && !stands_still(m, why, sizeof(why))) {
			json_object_put(answer);
			pause_ms(LOOK_MS);
			continue;
		}
		end_of_show(m);
		take_dead(m, answer);
		tell(m, answer);
		if (waiting > 0)
			(void)fprintf(stderr,
				      "%s%sthe daemon has the rows and sends "
				      "them; the same command tells how far it "
				      "is\n",
				      why, why[0] != '\0' ? "; " : "");
		bool all = ctl_number(answer, "dead") == 0 &&
			   ctl_number(answer, "ignored") == 0 && m->wrong == 0;
		json_object_put(answer);
		return all && (waiting == 0 || !wait) ? CTL_DONE : CTL_NO;
	}
}

static bool confirmed(const struct importing *m)
{
	char answer[8] = "";
	if (ctl_option(m->c, "--yes") != NULL)
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "leadbridgectl: nobody to ask: give "
				      "--yes, or --dry-run\n");
		return false;
	}
	(void)fprintf(stderr, "send these %" PRId64 " rows to %s? [y/N] ",
		      m->f.rows,
		      m->destination != NULL ? m->destination : "the CRM");
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int import(struct importing *m)
{
	if (ctl_option(m->c, "--dry-run") != NULL) {
		int rc = each_piece(m, import_preview_piece, "asked about");
		if (rc != CTL_DONE)
			return rc;
		import_tell_preview(m);
		return json_object_array_length(m->troubles) > 0 ? CTL_NO
								 : CTL_DONE;
	}
	if (!confirmed(m))
		return CTL_USAGE;
	int rc = each_piece(m, hand_over_piece, "stored");
	if (m->duplicates > 0 && !m->c->json)
		(void)printf("%" PRId64 " rows were there before: going on "
			     "with them\n",
			     m->duplicates);
	if (rc == CTL_DONE)
		rc = watch(m);
	if (rc == CTL_UNREACHABLE)
		(void)fprintf(stderr, "leadbridgectl: the same command goes on "
				      "where this ended\n");
	return rc;
}

static int run(struct ctl *c)
{
	struct importing m = {.c = c, .shown = -1};
	struct buf text;
	if (c->n_args != 1)
		return ctl_usage(&CTL_IMPORT);
	m.destination = ctl_option(c, "--destination");
	if (m.destination != NULL && !ctl_name_ok(m.destination))
		return ctl_usage(&CTL_IMPORT);
	m.terminal = isatty(STDOUT_FILENO) != 0;
	m.troubles = json_object_new_array();
	m.unknown = json_object_new_object();
	buf_init(&text, FILE_MAX);
	int rc = ctl_read_file(c->args[0], &text);
	if (rc == CTL_DONE)
		rc = open_file(&m, buf_str(&text));
	if (rc == CTL_DONE)
		rc = import(&m);
	import_file_close(&m.f);
	buf_release(&text);
	json_object_put(m.troubles);
	json_object_put(m.unknown);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--destination", "NAME", "where to; needless if there is only one", false},
    {"--map", "'HEADER=FIELD'",
     "a column is name, first_name, last_name, phone, email, a custom "
     "field's slug, or - (left out)",
     true},
    {"--country", "US", "of phone numbers without one", false},
    {"--stage", "SLUG", "stage_slug of all", false},
    {"--platform", "NAME", "source_platform of all, direct", false},
    {"--delimiter", "CHAR", ", ; | or tab; found out by default", false},
    {"--dry-run", NULL, "ask the CRM what it would do, store nothing", false},
    {"--yes", NULL, "do not ask", false},
    {"--no-wait", NULL, "end when the daemon has all rows", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_IMPORT = {
    .name = "import",
    .usage = "FILE.csv [--destination NAME] [--dry-run]",
    .help = "a file of leads, through the CRM's bulk route",
    .more =
	"Leads that are imported start no automation at the CRM. Prints what "
	"each\ncolumn is taken for before anything is sent. The daemon keeps "
	"the rows\nbefore it sends them, 500 in a request: the same command "
	"again adds\nnothing, and goes on where another ended.\n"
	"Exit 1: some rows did not arrive; they are listed with their line.\n",
    .options = OPTIONS,
    .run = run,
};
