/* SPDX-License-Identifier: MIT */
/* leadbridgectl backup: a copy of the store, made by the daemon that has it. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ctl.h"

static char *absolute(const char *path)
{
	char here[PATH_MAX];
	if (path[0] == '/')
		return xstrdup(path);
	if (getcwd(here, sizeof(here)) == NULL)
		return NULL;
	return xasprintf("%s/%s", here, path);
}

static int start(struct ctl *c, const char *path, struct json_object **out)
{
	struct json_object *body = json_object_new_object();
	json_object_object_add(body, "path", json_object_new_string(path));
	json_object_object_add(
	    body, "force",
	    json_object_new_boolean(ctl_option(c, "--force") != NULL));
	int rc = ctl_call_body(c, "/api/v1/backup",
			       json_object_to_json_string(body), out);
	json_object_put(body);
	return rc;
}

static void show(struct json_object *o)
{
	if (isatty(STDERR_FILENO) != 0)
		(void)fprintf(stderr, "\r%" PRId64 " of about %" PRId64 " MiB",
			      ctl_number(o, "bytes") >> 20,
			      ctl_number(o, "of") >> 20);
}

static int wait_done(struct ctl *c, struct json_object **last)
{
	const struct timespec pause = {.tv_nsec = 100000000L};
	while (strcmp(ctl_text(*last, "state"), "running") == 0) {
		show(*last);
		json_object_put(*last);
		*last = NULL;
		(void)nanosleep(&pause, NULL);
		int rc = ctl_call(c, "GET", "/api/v1/backup", last);
		if (rc != CTL_DONE)
			return rc;
	}
	if (isatty(STDERR_FILENO) != 0)
		(void)fprintf(stderr, "\r%40s\r", "");
	return CTL_DONE;
}

static int run(struct ctl *c)
{
	struct json_object *last = NULL;
	if (c->n_args != 1)
		return ctl_usage(&CTL_BACKUP);
	char *path = absolute(c->args[0]);
	bool json = c->json;
	if (path == NULL)
		return CTL_NO;
	c->json = false; /* one answer, the last */
	int rc = start(c, path, &last);
	if (rc == CTL_DONE)
		rc = wait_done(c, &last);
	c->json = json;
	if (rc == CTL_DONE && strcmp(ctl_text(last, "state"), "done") != 0) {
		(void)fprintf(stderr, "leadbridgectl: %s\n",
			      ctl_text(last, "error"));
		rc = CTL_NO;
	}
	if (rc == CTL_DONE && json)
		(void)printf("%s\n", json_object_to_json_string(last));
	else if (rc == CTL_DONE)
		(void)printf("%s: %" PRId64 " bytes\n", path,
			     ctl_number(last, "bytes"));
	json_object_put(last);
	free(path);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--force", NULL, "replace an older backup of that name", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_BACKUP = {
    .name = "backup",
    .usage = "FILE",
    .help = "a copy of the store as of now, while it is used",
    .more = "The daemon writes FILE, for its own user alone to read: it must\n"
	    "be a place it may write to, as /var/lib/leadbridge. Tokens the\n"
	    "daemon was given for fetches are left out.\n"
	    "  leadbridgectl backup /var/lib/leadbridge/monday.db\n",
    .options = OPTIONS,
    .run = run,
};
