/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl erase, export: what is kept of one person. The daemon walks
 * over its store in slices; each is a call, so that nobody waits long and the
 * progress shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ctl.h"

enum { POLL_MS = 200 };

/* A call whose answer is not printed, --json or not. */
static int call_quietly(struct ctl *c, const char *path,
			struct json_object *body, struct json_object **out)
{
	bool json = c->json;
	c->json = false;
	int rc =
	    body != NULL
		? ctl_call_body(c, path, json_object_to_json_string(body), out)
		: ctl_call(c, "GET", path, out);
	c->json = json;
	return rc;
}

/* What the options say of the person, or NULL: said on stderr. */
static struct json_object *person_of(const struct ctl *c)
{
	static const struct {
		const char *option, *member;
	} rows[] = {
	    {"--email", "email"},       {"--phone", "phone"},
	    {"--customer", "customer"}, {"--country", "country"},
	    {"--source", "source"},
	};
	struct json_object *o = json_object_new_object();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = ctl_option(c, rows[i].option);
		if (value != NULL)
			json_object_object_add(o, rows[i].member,
					       json_object_new_string(value));
	}
	if (ctl_option(c, "--email") == NULL &&
	    ctl_option(c, "--phone") == NULL &&
	    ctl_option(c, "--customer") == NULL) {
		(void)fprintf(stderr, "leadbridgectl: say whom: --email, "
				      "--phone or --customer\n");
		json_object_put(o);
		return NULL;
	}
	return o;
}

static void show_progress(int64_t at, int64_t newest)
{
	if (isatty(STDERR_FILENO) != 0 && newest > 0)
		(void)fprintf(stderr, "\r%3d %% of %" PRId64 " looked at",
			      (int)(at * 100 / newest), newest);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO) != 0)
		(void)fprintf(stderr, "\r%40s\r", "");
}

/* ---- the walk ----------------------------------------------------------- */

typedef int (*slice_fn)(void *ctx, struct json_object *slice);

static int walk(struct ctl *c, struct json_object *person, bool show,
		slice_fn fn, void *ctx)
{
	int64_t cursor = 0;
	int rc = CTL_DONE;
	json_object_object_add(person, "show", json_object_new_boolean(show));
	do {
		struct json_object *slice = NULL;
		json_object_object_add(person, "cursor",
				       json_object_new_int64(cursor));
		rc = call_quietly(c, "/api/v1/privacy/search", person, &slice);
		if (rc != CTL_DONE)
			break;
		rc = fn(ctx, slice);
		cursor = ctl_number(slice, "next_cursor");
		show_progress(ctl_number(slice, "at"),
			      ctl_number(slice, "newest"));
		json_object_put(slice);
	} while (rc == CTL_DONE && cursor != 0);
	end_progress();
	return rc;
}

struct count {
	int64_t units, requests, cut, dropped;
};

static int add_count(void *ctx, struct json_object *slice)
{
	struct count *n = ctx;
	n->units += ctl_number(slice, "units");
	n->requests += ctl_number(slice, "requests");
	n->cut += ctl_number(slice, "cut");
	n->dropped += ctl_number(slice, "dropped");
	return CTL_DONE;
}

static void print_count(const struct ctl *c, const struct count *n)
{
	if (c->json) {
		(void)printf("{\"units\":%" PRId64 ",\"requests\":%" PRId64
			     ",\"cut\":%" PRId64 ",\"dropped\":%" PRId64 "}\n",
			     n->units, n->requests, n->cut, n->dropped);
		return;
	}
	(void)printf("%" PRId64 " leads and other units, %" PRId64
		     " stored requests",
		     n->units, n->requests);
	if (n->cut > 0)
		(void)printf(", a part of %" PRId64 " more", n->cut);
	(void)printf("\n");
	if (n->dropped > 0)
		(void)printf("%" PRId64
			     " stored requests hold others as well and cannot "
			     "be cut: their bytes go whole,\nthe others' leads "
			     "stay\n",
			     n->dropped);
}

/* ---- erase -------------------------------------------------------------- */

static void pause_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000,
			     .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&t, NULL);
}

static int wait_done(struct ctl *c, int64_t id)
{
	char *path = xasprintf("/api/v1/privacy/%" PRId64, id);
	struct json_object *row = NULL;
	int rc;
	for (;;) {
		rc = call_quietly(c, path, NULL, &row);
		if (rc != CTL_DONE)
			break;
		if (!json_object_get_boolean(
			json_object_object_get(row, "running")) &&
		    strcmp(ctl_text(row, "state"), "open") != 0)
			break;
		show_progress(ctl_number(row, "at"), ctl_number(row, "newest"));
		json_object_put(row);
		row = NULL;
		pause_ms(POLL_MS);
	}
	end_progress();
	if (rc == CTL_DONE && c->json)
		(void)printf("%s\n", json_object_to_json_string(row));
	else if (rc == CTL_DONE)
		(void)printf(
		    "request %" PRId64 " %s: %" PRId64 " units erased, %" PRId64
		    " stored requests removed, %" PRId64 " cut, %" PRId64
		    " emptied\n",
		    id, ctl_text(row, "state"), ctl_number(row, "units"),
		    ctl_number(row, "requests"), ctl_number(row, "cut"),
		    ctl_number(row, "dropped"));
	if (rc == CTL_DONE && !c->json && ctl_number(row, "copies_removed") > 0)
		(void)printf("%" PRId64 " copies from before an upgrade were "
			     "removed with it\n",
			     ctl_number(row, "copies_removed"));
	json_object_put(row);
	free(path);
	return rc;
}

static bool is_sure(const struct ctl *c)
{
	char line[16] = "";
	if (ctl_option(c, "--yes") != NULL)
		return true;
	if (isatty(STDIN_FILENO) == 0) {
		(void)fprintf(stderr,
			      "leadbridgectl: nobody to ask: --yes erases\n");
		return false;
	}
	(void)printf("This cannot be undone. Erase? [yes/no] ");
	(void)fflush(stdout);
	return fgets(line, sizeof(line), stdin) != NULL &&
	       strcmp(line, "yes\n") == 0;
}

static int erase_person(struct ctl *c, struct json_object *person)
{
	struct count n = {0};
	struct json_object *answer = NULL;
	bool dry = ctl_option(c, "--dry-run") != NULL;
	if (dry || ctl_option(c, "--yes") == NULL) {
		int rc = walk(c, person, false, add_count, &n);
		if (rc != CTL_DONE)
			return rc;
		print_count(c, &n);
		if (dry)
			return CTL_DONE;
	}
	if (!is_sure(c))
		return CTL_NO;
	int rc = call_quietly(c, "/api/v1/privacy/erase", person, &answer);
	int64_t id = rc == CTL_DONE ? ctl_number(answer, "id") : 0;
	json_object_put(answer);
	return rc == CTL_DONE ? wait_done(c, id) : rc;
}

static int run_erase(struct ctl *c)
{
	if (c->n_args != 0)
		return ctl_usage(&CTL_ERASE);
	struct json_object *person = person_of(c);
	if (person == NULL)
		return CTL_USAGE;
	int rc = erase_person(c, person);
	json_object_put(person);
	return rc;
}

/* ---- export ------------------------------------------------------------- */

struct export
{
	FILE *to;
	int64_t n;
};

static int write_slice(void *ctx, struct json_object *slice)
{
	struct export *e = ctx;
	struct json_object *found = json_object_object_get(slice, "found");
	size_t n = found != NULL ? json_object_array_length(found) : 0;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(e->to, "%s\n%s", e->n++ > 0 ? "," : "",
			      json_object_to_json_string_ext(
				  json_object_array_get_idx(found, i),
				  JSON_C_TO_STRING_PLAIN |
				      JSON_C_TO_STRING_NOSLASHESCAPE));
	if (ferror(e->to) == 0)
		return CTL_DONE;
	(void)fprintf(stderr, "leadbridgectl: cannot write: %s\n",
		      strerror(errno));
	return CTL_NO;
}

static FILE *open_out(const char *path)
{
	if (path == NULL)
		return stdout;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		(void)fprintf(stderr, "leadbridgectl: cannot make '%s': %s\n",
			      path, strerror(errno));
	return f;
}

static int close_out(FILE *f)
{
	if (f == stdout)
		return fflush(stdout);
	return fclose(f);
}

static int export_person(struct ctl *c, struct json_object *person)
{
	const char *path = ctl_option(c, "--out");
	struct export e = {.to = open_out(path)};
	if (e.to == NULL)
		return CTL_NO;
	(void)fprintf(e.to, "{\"found\":[");
	int rc = walk(c, person, true, write_slice, &e);
	(void)fprintf(e.to, "\n]}\n");
	if (close_out(e.to) != 0 && rc == CTL_DONE) {
		(void)fprintf(stderr, "leadbridgectl: cannot write: %s\n",
			      strerror(errno));
		rc = CTL_NO;
	}
	if (rc == CTL_DONE && path != NULL)
		(void)printf("%" PRId64 " units written to %s\n", e.n, path);
	return rc;
}

static int run_export(struct ctl *c)
{
	struct count n = {0};
	if (c->n_args != 0)
		return ctl_usage(&CTL_EXPORT);
	struct json_object *person = person_of(c);
	if (person == NULL)
		return CTL_USAGE;
	int rc;
	if (ctl_option(c, "--dry-run") == NULL) {
		rc = export_person(c, person);
	} else {
		rc = walk(c, person, false, add_count, &n);
		if (rc == CTL_DONE)
			print_count(c, &n);
	}
	json_object_put(person);
	return rc;
}

/* ---- help --------------------------------------------------------------- */

#define PERSON                                                                 \
	{"--email", "TEXT", "the person's e-mail address", false},             \
	    {"--phone", "TEXT", "the person's number, best as +15551234567",   \
	     false},                                                           \
	    {"--country", "US", "of a number written without one", false},     \
	    {"--customer", "ID", "the person's id at the sender --source",     \
	     false},                                                           \
	    {"--source", "NAME", "only what came from this source", false},    \
	{                                                                      \
		"--dry-run", NULL, "count, change nothing", false              \
	}

static const struct ctl_option ERASE_OPTIONS[] = {
    PERSON,
    {"--yes", NULL, "do not ask", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_ERASE = {
    .name = "erase",
    .usage = "--email X | --phone X | --customer ID [--source NAME]",
    .help = "erase one person from everything that is stored",
    .more = "Looks through every stored request, lead and answer for exactly\n"
	    "this address, number or id. What waits is not sent any more; a\n"
	    "request shared with others is cut. It cannot be undone.\n"
	    "  leadbridgectl export --email jo@example.com --out jo.json\n"
	    "  leadbridgectl erase --email jo@example.com --dry-run\n",
    .options = ERASE_OPTIONS,
    .run = run_erase,
};

static const struct ctl_option EXPORT_OPTIONS[] = {
    PERSON,
    {"--out", "FILE", "write there, for you alone to read", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_EXPORT = {
    .name = "export",
    .usage = "--email X | --phone X | --customer ID [--out FILE]",
    .help = "all that is stored of one person, as JSON",
    .more = "What it prints is personal data; that it was asked for is noted\n"
	    "in the audit log.\n"
	    "  leadbridgectl export --phone +15551234567 --out person.json\n",
    .options = EXPORT_OPTIONS,
    .run = run_export,
};
