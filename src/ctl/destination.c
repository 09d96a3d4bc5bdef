/* SPDX-License-Identifier: MIT */
/* leadbridgectl destination: list, pause, resume. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"

#define ACCOUNT_CHARS                                                          \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static void print_row(struct json_object *d)
{
	char tokens[24] = "-";
	if (ctl_number(d, "tokens_left") >= 0)
		(void)!snprintf(tokens, sizeof(tokens), "%" PRId64,
				ctl_number(d, "tokens_left"));
	(void)printf("%-20s %-8s %-24.24s %8" PRId64 " %8" PRId64 " %8" PRId64
		     " %8" PRId64 " %8s\n",
		     ctl_text(d, "name"), ctl_text(d, "condition"),
		     ctl_text(d, "reason"), ctl_number(d, "waiting"),
		     ctl_number(d, "sending"), ctl_number(d, "delivered"),
		     ctl_number(d, "dead"), tokens);
}

static int list(struct ctl *c)
{
	struct json_object *answer = NULL, *rows = NULL;
	int rc = ctl_call(c, "GET", "/api/v1/destinations", &answer);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%-20s %-8s %-24s %8s %8s %8s %8s %8s\n", "NAME",
			     "IS", "REASON", "WAITING", "SENDING", "SENT",
			     "DEAD", "TOKENS");
		json_object_object_get_ex(answer, "destinations", &rows);
		size_t n = rows != NULL ? json_object_array_length(rows) : 0;
		for (size_t i = 0; i < n; i++)
			print_row(json_object_array_get_idx(rows, i));
	}
	json_object_put(answer);
	return rc;
}

/* NAME, @SOURCE or @SOURCE:ACCOUNT. */
static bool is_destination(const char *text)
{
	if (text[0] != '@')
		return ctl_name_ok(text);
	char *source = xstrdup(text + 1);
	char *account = strchr(source, ':');
	if (account != NULL)
		*account++ = '\0';
	bool ok = ctl_name_ok(source) &&
		  (account == NULL ||
		   strspn(account, ACCOUNT_CHARS) == strlen(account));
	free(source);
	return ok;
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args != 2 || !is_destination(c->args[1]))
		return ctl_usage(&CTL_DESTINATION);
	bool pause = strcmp(c->args[0], "pause") == 0;
	if (!pause && strcmp(c->args[0], "resume") != 0)
		return ctl_usage(&CTL_DESTINATION);
	char *path =
	    xasprintf("/api/v1/destinations/%s/%s", c->args[1], c->args[0]);
	int rc = ctl_post(c, path, pause ? "paused" : "resumed");
	free(path);
	return rc;
}

const struct ctl_command CTL_DESTINATION = {
    .name = "destination",
    .usage = "list | pause NAME | resume NAME",
    .help = "where leads go, or @SOURCE[:ACCOUNT]: where records are "
	    "fetched",
    .more = "A parked destination burns no attempts; resume lets it try at "
	    "once.\n",
    .run = run,
};
