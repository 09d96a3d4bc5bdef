/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl destination test: three requests that prove what retries rest
 * on, that a CRM keeps its word about idempotency keys. The daemon makes and
 * sends them, with the destination's own credentials and within its limits.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/leads.h"

struct test {
	char key[CTL_UUID];
	char *path;
	char first_id[80];
};

static const struct step {
	const char *what;
	bool changed;
} STEPS[] = {
    {"a new key makes a lead", false},
    {"the same key and body give the same lead", false},
    {"the same key with another body is refused (409)", true},
};
enum { N_STEPS = sizeof(STEPS) / sizeof(STEPS[0]) };

static bool holds(struct test *t, size_t step, struct json_object *answer)
{
	int64_t status = ctl_number(answer, "status");
	const char *id = ctl_text(answer, "crm_id");
	bool taken = status >= 200 && status <= 299 && id[0] != '\0';
	if (STEPS[step].changed)
		return status == 409;
	if (step == 0)
		(void)snprintf(t->first_id, sizeof(t->first_id), "%s", id);
	return taken && strcmp(id, t->first_id) == 0;
}

static void tell(const struct ctl *c, size_t step, struct json_object *answer,
		 bool good)
{
	int64_t status = ctl_number(answer, "status");
	const char *id = ctl_text(answer, "crm_id");
	if (c->json)
		return;
	(void)printf("%s  %zu. %s: ", good ? "ok  " : "FAIL", step + 1,
		     STEPS[step].what);
	if (status == 0)
		(void)printf("no answer (%s)\n", ctl_text(answer, "transport"));
	else
		(void)printf("answered %" PRId64 "%s%s %s\n", status,
			     id[0] != '\0' ? ", lead " : "", id,
			     ctl_text(answer, "message"));
}

static int take_step(struct ctl *c, struct test *t, size_t step)
{
	struct json_object *answer = NULL;
	char *body = xasprintf("{\"key\":\"%s\",\"changed\":%s}", t->key,
			       STEPS[step].changed ? "true" : "false");
	int rc = ctl_call_body(c, t->path, body, &answer);
	if (rc == CTL_DONE) {
		bool good = holds(t, step, answer);
		tell(c, step, answer, good);
		rc = good ? CTL_DONE : CTL_NO;
	}
	json_object_put(answer);
	free(body);
	return rc;
}

int ctl_destination_test(struct ctl *c, const char *name)
{
	struct test t = {.first_id = ""};
	if (!c->json)
		(void)fprintf(stderr,
			      "This makes one lead in the CRM of '%s', named "
			      "Leadbridge Test, under example.com.\n",
			      name);
	int rc = ctl_confirm(c, "Test?", name);
	if (rc != CTL_DONE)
		return rc;
	ctl_uuid(t.key);
	t.path = xasprintf("/api/v1/destinations/%s/test", name);
	for (size_t i = 0; rc == CTL_DONE && i < N_STEPS; i++)
		rc = take_step(c, &t, i);
	if (!c->json && rc == CTL_DONE)
		(void)printf("it keeps its word: retries are safe\n");
	free(t.path);
	return rc;
}
