/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl source test: one sample through the listener of the running
 * daemon. It is made here, with the configuration on disk, so that no secret
 * has to come out of the daemon; what is printed holds none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"
#include "operate/sample.h"

enum { SHOWN_MAX = 4 << 20 };

static const char *const kinds[] = {
    [SAMPLE_TEST] = "the platform's test event: no lead comes of it",
    [SAMPLE_DRY_RUN] = "a dry run: nothing is stored",
    [SAMPLE_LEAD] = "a lead like any other",
};

/* An address of `listening` that speaks plain HTTP, or NULL. */
static const char *plain_listener(const struct config *config,
				  struct json_object *listening)
{
	size_t n = listening != NULL ? json_object_array_length(listening) : 0;
	for (size_t i = 0; i < n && i < config->n_listen; i++)
		if (config->listen[i].certificate == NULL)
			return json_object_get_string(
			    json_object_array_get_idx(listening, i));
	return NULL;
}

static char *find_listener(struct ctl *c, const struct config *config, int *rc)
{
	struct json_object *status = NULL, *listening = NULL;
	bool json = c->json;
	c->json = false; /* this answer is not the one asked for */
	*rc = ctl_call(c, "GET", "/api/v1/status", &status);
	c->json = json;
	if (*rc != CTL_DONE)
		return NULL;
	json_object_object_get_ex(status, "listening", &listening);
	char *address = xstrdup(plain_listener(config, listening));
	json_object_put(status);
	if (address == NULL) {
		(void)fprintf(stderr, "leadbridgectl: every listener speaks "
				      "TLS: use the sender's own test\n");
		*rc = CTL_NO;
	}
	return address;
}

static int tell(const struct ctl *c, const struct source *source,
		const struct sample *s, long status, const struct buf *answer)
{
	bool taken = status >= 200 && status <= 299;
	if (c->json) {
		struct buf b;
		buf_init(&b, SHOWN_MAX * 6);
		buf_addf(&b, "{\"kind\":\"%s\",\"status\":%ld,\"answer\":",
			 s->kind == SAMPLE_TEST      ? "test"
			 : s->kind == SAMPLE_DRY_RUN ? "dry_run"
						     : "lead",
			 status);
		buf_add_json(&b, buf_str(answer));
		buf_addf(&b, "}\n");
		(void)fwrite(b.p, 1, b.n, stdout);
		buf_release(&b);
	} else {
		(void)printf("sent %s\nanswered %ld\n%.*s\n", kinds[s->kind],
			     status, STR_FMT(buf_str(answer)));
	}
	if (status == 401 && source->allow.n > 0)
		(void)fprintf(stderr, "'allow' may not list this machine\n");
	if (!taken)
		(void)fprintf(stderr, "not taken; if the configuration was "
				      "changed, has it been reloaded?\n");
	return taken ? CTL_DONE : CTL_NO;
}

static int send_sample(struct ctl *c, const struct config *config,
		       const struct source *source, const struct sample *s)
{
	struct buf answer;
	long status = 0;
	int rc = CTL_DONE;
	char *address = find_listener(c, config, &rc);
	buf_init(&answer, SHOWN_MAX);
	if (rc == CTL_DONE)
		rc = ctl_send(address, &s->request, &status, &answer);
	if (rc == CTL_DONE)
		rc = tell(c, source, s, status, &answer);
	buf_release(&answer);
	free(address);
	return rc;
}

static int test(struct ctl *c, const struct config *config, const char *name)
{
	struct sample s = {0};
	struct err err = {0};
	const struct source *source = config_source(config, str_from(name));
	int rc = CTL_NO;
	if (source == NULL)
		(void)fprintf(stderr, "leadbridgectl: no source '%s'\n", name);
	else if (sample_make(&s, source, config, clock_wall_ms(), &err) != 0)
		(void)fprintf(stderr, "leadbridgectl: %s\n", err.text);
	else if (s.kind == SAMPLE_LEAD && ctl_option(c, "--deliver") == NULL)
		(void)fprintf(stderr,
			      "leadbridgectl: the sample would be delivered as "
			      "a lead ('%s' has no test event and no URL "
			      "token); --deliver sends it all the same\n",
			      name);
	else
		rc = send_sample(c, config, source, &s);
	arena_release(&s.arena);
	return rc;
}

int ctl_source_test(struct ctl *c, const char *name)
{
	struct config *config = NULL;
	int rc = ctl_load_config(c, &config);
	if (rc == CTL_DONE)
		rc = test(c, config, name);
	config_unref(config);
	return rc;
}
