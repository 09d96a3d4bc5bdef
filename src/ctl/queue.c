/* SPDX-License-Identifier: MIT */
/* leadbridgectl queue: what waits, why, and who or what set that. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/leads.h"

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void print_gate(struct json_object *gate, struct json_object *waiting)
{
	(void)printf("%-20s %-13s %8" PRId64 " %8" PRId64 "  %-24s %s\n",
		     ctl_text(gate, "destination"), ctl_text(gate, "gate"),
		     ctl_number(waiting, ctl_text(gate, "destination")),
		     ctl_number(gate, "sending"),
		     or_dash(ctl_text(gate, "until")),
		     ctl_text(gate, "set_by"));
}

static int print_gates(struct ctl *c)
{
	struct json_object *answer = NULL, *rows = NULL, *waiting = NULL;
	const char *only = ctl_option(c, "--destination");
	int rc = ctl_call(c, "GET", "/api/v1/queue", &answer);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%-20s %-13s %8s %8s  %-24s %s\n", "DESTINATION",
			     "GATE", "WAITING", "SENDING", "UNTIL", "SET BY");
		json_object_object_get_ex(answer, "destinations", &rows);
		json_object_object_get_ex(answer, "waiting", &waiting);
		size_t n = rows != NULL ? json_object_array_length(rows) : 0;
		for (size_t i = 0; i < n; i++) {
			struct json_object *gate =
			    json_object_array_get_idx(rows, i);
			if (only == NULL ||
			    strcmp(only, ctl_text(gate, "destination")) == 0)
				print_gate(gate, waiting);
		}
	}
	json_object_put(answer);
	return rc;
}

/* Newest first, as leads list has them. */
static int list(struct ctl *c)
{
	struct buf path;
	int rc = print_gates(c);
	if (rc != CTL_DONE || c->json)
		return rc;
	(void)printf("\n");
	buf_init(&path, 1024);
	buf_addf(&path, "/api/v1/leads?state=waiting");
	const char *limit = ctl_option(c, "--limit");
	ctl_add_param(&path, "limit", limit != NULL ? limit : "20");
	ctl_add_param(&path, "destination", ctl_option(c, "--destination"));
	rc = ctl_print_leads(c, path.p, ctl_option(c, "--cursor"));
	buf_release(&path);
	return rc;
}

static void print_why(struct json_object *answer)
{
	struct json_object *gate = NULL, *lead = NULL;
	json_object_object_get_ex(answer, "queue", &gate);
	json_object_object_get_ex(gate, "lead", &lead);
	(void)printf("lead %s, %s, from %s, received %s\n",
		     ctl_text(answer, "id"), ctl_text(answer, "state"),
		     ctl_text(answer, "source"),
		     ctl_text(answer, "received_at"));
	if (ctl_text(answer, "due_at")[0] == '\0') {
		(void)printf("it does not wait\n");
		return;
	}
	(void)printf("own time   %s: %s\n", ctl_text(answer, "due_at"),
		     ctl_text(answer, "rule"));
	if (gate == NULL) {
		(void)printf("queue      its destination is not configured\n");
		return;
	}
	(void)printf("gate       %s of %s%s%s, until %s\n",
		     ctl_text(gate, "gate"), ctl_text(gate, "destination"),
		     ctl_text(gate, "set_by")[0] != '\0' ? ", set by " : "",
		     ctl_text(gate, "set_by"),
		     or_dash(ctl_text(gate, "until")));
	(void)printf("place      %s, %s ahead\n", ctl_text(lead, "place"),
		     or_dash(ctl_text(lead, "ahead")));
	(void)printf("next try   not before %s, about %s\n",
		     or_dash(ctl_text(lead, "not_before")),
		     or_dash(ctl_text(lead, "estimate")));
}

static int show(struct ctl *c, const char *id)
{
	struct json_object *answer = NULL;
	char *path = xasprintf("/api/v1/queue/%s", id);
	int rc = ctl_call(c, "GET", path, &answer);
	if (rc == CTL_DONE && !c->json)
		print_why(answer);
	json_object_put(answer);
	free(path);
	return rc;
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args == 2 && strcmp(c->args[0], "show") == 0 &&
	    ctl_name_ok(c->args[1]))
		return show(c, c->args[1]);
	return ctl_usage(&CTL_QUEUE);
}

static const struct ctl_option OPTIONS[] = {
    {"--destination", "NAME", "of this destination only", false},
    {"--limit", "N", "rows of a page, 20", false},
    {"--cursor", "N", "go on where a page ended", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_QUEUE = {
    .name = "queue",
    .usage = "list | show ID",
    .help = "what waits, until when, and who or what set that",
    .more =
	"GATE is what holds a destination: open, busy (concurrency), tokens\n"
	"(rate), limited (the CRM asked for time), breaker, parked, paused.\n"
	"SET BY names the header, the rule or the person. Where no time "
	"stands\n"
	"an answer or a person decides. show tells the same of one lead, with\n"
	"its place: fresh ones go newest first, the backlog oldest first and\n"
	"at least every fourth; the estimate is by the rate alone.\n",
    .options = OPTIONS,
    .run = run,
};
