/* SPDX-License-Identifier: MIT */
/* leadbridgectl destination: list, pause, resume, drain; the test is in
 * destination_test.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* What is under way ends within the destination's own timeout. */
enum { LOOK_US = 200 * 1000, LOOKS_MOST = 5 * 120 };

static int sending(struct ctl *c, const char *name, int64_t *n)
{
	struct json_object *answer = NULL, *rows = NULL;
	int rc = ctl_call(c, "GET", "/api/v1/destinations", &answer);
	*n = 0;
	json_object_object_get_ex(answer, "destinations", &rows);
	size_t count = rows != NULL ? json_object_array_length(rows) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *d = json_object_array_get_idx(rows, i);
		if (strcmp(ctl_text(d, "name"), name) != 0)
			continue;
		/* The command itself may still be on its way. */
		bool paused = strcmp(ctl_text(d, "condition"), "paused") == 0;
		*n = paused ? ctl_number(d, "sending") : 1;
	}
	json_object_put(answer);
	return rc;
}

static int drain(struct ctl *c, const char *name)
{
	const char *given = ctl_option(c, "--for");
	int64_t left = 1;
	if (given == NULL || !ctl_name_ok(given))
		return ctl_usage(&CTL_DESTINATION);
	char *path =
	    xasprintf("/api/v1/destinations/%s/drain?for=%s", name, given);
	struct json_object *answer = NULL;
	int rc = ctl_call(c, "POST", path, &answer);
	json_object_put(answer);
	free(path);
	bool json = c->json;
	c->json = false; /* printed once is enough */
	for (int i = 0; rc == CTL_DONE && left > 0 && i < LOOKS_MOST; i++) {
		if (i > 0)
			(void)usleep(LOOK_US);
		rc = sending(c, name, &left);
	}
	c->json = json;
	if (rc != CTL_DONE || json)
		return rc;
	if (left > 0)
		(void)printf("%" PRId64 " still under way\n", left);
	else
		(void)printf("drained: nothing is under way; goes on in %s\n",
			     given);
	return left > 0 ? CTL_NO : CTL_DONE;
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args == 2 && strcmp(c->args[0], "add") == 0 &&
	    ctl_name_ok(c->args[1]))
		return ctl_destination_add(c, c->args[1]);
	if (c->n_args != 2 || !is_destination(c->args[1]))
		return ctl_usage(&CTL_DESTINATION);
	if (strcmp(c->args[0], "drain") == 0)
		return drain(c, c->args[1]);
	if (strcmp(c->args[0], "test") == 0)
		return ctl_destination_test(c, c->args[1]);
	bool pause = strcmp(c->args[0], "pause") == 0;
	if (!pause && strcmp(c->args[0], "resume") != 0)
		return ctl_usage(&CTL_DESTINATION);
	char *path =
	    xasprintf("/api/v1/destinations/%s/%s", c->args[1], c->args[0]);
	int rc = ctl_post(c, path, pause ? "paused" : "resumed");
	free(path);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--for", "TIME", "drain: how long, 10m", false},
    {"--yes", NULL, "test: do not ask", false},
    {"--crm-url", "URL", "add: where leads are posted to", false},
    {"--customer-id", "UUID", "add: the customer they belong to", false},
    {"--token", "REF", "add: file:PATH, credential:NAME, or - to type it",
     false},
    {"--rate", "60/min", "add: what the CRM allows", true},
    {"--set", "'key=value'", "add: any other key, the value in YAML", true},
    {"--no-reload", NULL, "add: only write it", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_DESTINATION = {
    .name = "destination",
    .usage = "list | add NAME | pause NAME | resume NAME |\n"
	     "                                drain NAME --for TIME | test "
	     "NAME",
    .help = "where leads go, or @SOURCE[:ACCOUNT]: where records are "
	    "fetched",
    .more =
	"A parked destination burns no attempts; resume lets it try at "
	"once.\n"
	"pause hands over no more leads until resume; a restart ends it.\n"
	"drain does so for a time: what is under way is finished (the\n"
	"command waits for it), then nothing is sent; new leads are\n"
	"accepted and wait. It goes on by itself, or with resume.\n"
	"test makes one lead in the CRM, marked as a test, and proves that\n"
	"an idempotency key is kept: the same key twice gives the same\n"
	"lead, another body under it 409. Exit 1 where that does not "
	"hold.\n"
	"add writes conf.d/destination-NAME.yaml, checks everything with it\n"
	"and lets the daemon reload:\n"
	"  leadbridgectl destination add mega --crm-url "
	"https://crm.example.com/leads \\\n"
	"    --customer-id 00000000-0000-0000-0000-000000000000 --token - "
	"--rate 60/min\n",
    .options = OPTIONS,
    .run = run,
};
