/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl config test: what a new configuration would make of requests
 * that came. The daemon gives them out as they are stored; both configurations
 * are applied here, so that nothing running is touched.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/mem.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"
#include "operate/rehearsal.h"

enum {
	PAGE = 200,
	LAST_DEFAULT = 1000,
	SHOWN_MAX = 16 << 20,
};

struct sample {
	int64_t most;     /* requests; 0: as many as there are */
	int64_t since_ms; /* 0: whenever */
};

/* "last 1000", "1000", "1h" */
static int take_sample(const struct ctl *c, struct sample *s)
{
	const char *against = ctl_option(c, "--against");
	const char *number = c->n_args == 3 ? c->args[2] : against;
	int64_t ms;
	*s = (struct sample){.most = LAST_DEFAULT};
	if (against == NULL)
		return c->n_args == 2 ? CTL_DONE : CTL_USAGE;
	if ((c->n_args == 3) != (strcmp(against, "last") == 0))
		return CTL_USAGE;
	if (str_to_int(str_from(number), 1, 10000000, &s->most) == 0)
		return CTL_DONE;
	if (c->n_args == 3 || str_to_duration(str_from(against), &ms) != 0)
		return CTL_USAGE;
	*s = (struct sample){.since_ms = clock_wall_ms() - ms};
	return CTL_DONE;
}

static struct str text_member(struct arena *a, struct json_object *o,
			      const char *name)
{
	struct json_object *v = NULL;
	if (!json_object_object_get_ex(o, name, &v) || v == NULL)
		return STR_NONE;
	return arena_copy(a, str_from(json_object_get_string(v)));
}

static void take_request(struct rehearsal *r, struct json_object *o)
{
	struct submission *raw = submission_new();
	struct arena *a = &raw->arena;
	raw->source = text_member(a, o, "source");
	raw->received_at_ms = ctl_number(o, "received_at_ms");
	raw->content_type = text_member(a, o, "content_type");
	raw->target = text_member(a, o, "target");
	raw->headers = text_member(a, o, "headers");
	struct str text = text_member(a, o, "body");
	unsigned char *body = arena_alloc(a, text.n + 1);
	size_t n = 0;
	if (base64_decode(text, BASE64_STANDARD, body, text.n, &n) == 0)
		raw->body = (struct str){(const char *)body, n};
	rehearsal_take(r, raw);
	submission_free(raw);
}

/* One page; *cursor is 0 after the last. */
static int take_page(struct ctl *c, struct rehearsal *r, struct sample *s,
		     int64_t *cursor)
{
	struct json_object *answer = NULL, *list = NULL;
	struct buf path;
	buf_init(&path, 512);
	buf_addf(&path, "/api/v1/requests?limit=%d", PAGE);
	if (*cursor > 0)
		buf_addf(&path, "&cursor=%" PRId64, *cursor);
	if (ctl_option(c, "--source") != NULL)
		buf_addf(&path, "&source=%s", ctl_option(c, "--source"));
	int rc = ctl_call(c, "GET", path.p, &answer);
	buf_release(&path);
	if (rc != CTL_DONE)
		return rc;
	*cursor = ctl_number(answer, "next_cursor");
	(void)json_object_object_get_ex(answer, "requests", &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		if (ctl_number(o, "received_at_ms") < s->since_ms) {
			*cursor = 0;
			break;
		}
		take_request(r, o);
		if (s->most > 0 && --s->most == 0) {
			*cursor = 0;
			break;
		}
	}
	json_object_put(answer);
	return CTL_DONE;
}

static int rehearse(struct ctl *c, struct rehearsal *r, struct sample s)
{
	struct ctl quiet = *c;
	int64_t cursor = 0;
	int rc;
	quiet.json = false;
	do
		rc = take_page(&quiet, r, &s, &cursor);
	while (rc == CTL_DONE && cursor > 0);
	if (rc != CTL_DONE)
		return rc;
	struct buf out;
	bool reveal = ctl_option(c, "--reveal") != NULL;
	buf_init(&out, SHOWN_MAX);
	if (c->json)
		rehearsal_json(r, reveal, &out);
	else
		rehearsal_text(r, reveal, &out);
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_release(&out);
	return rehearsal_differs(r) ? CTL_NO : CTL_DONE;
}

static int load(const char *path, struct config **out)
{
	struct config_problems problems = {0};
	struct buf text;
	int rc = config_load(path, out, &problems);
	buf_init(&text, 1 << 20);
	for (size_t i = 0; rc != 0 && i < problems.n; i++) {
		buf_reset(&text);
		config_problem_print(&problems.v[i], &text);
		(void)fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&text)));
	}
	buf_release(&text);
	config_problems_release(&problems);
	return rc == 0 ? CTL_DONE : CTL_USAGE;
}

static int run(struct ctl *c)
{
	struct config *now = NULL, *next = NULL;
	struct sample sample;
	if (c->n_args < 2 || strcmp(c->args[0], "test") != 0 ||
	    take_sample(c, &sample) != CTL_DONE)
		return ctl_usage(&CTL_CONFIG);
	const char *source = ctl_option(c, "--source");
	if (source != NULL && !ctl_name_ok(source))
		return ctl_usage(&CTL_CONFIG);
	int rc = load(ctl_config_path(c), &now);
	if (rc == CTL_DONE)
		rc = load(c->args[1], &next);
	if (rc == CTL_DONE) {
		struct rehearsal *r = rehearsal_new(now, next);
		rc = rehearse(c, r, sample);
		rehearsal_free(r);
	}
	config_unref(now);
	config_unref(next);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--against", "'last N'|1h",
     "how many stored requests, or how far back; "
     "last 1000",
     false},
    {"--source", "NAME", "of this sender only", false},
    {"--reveal", NULL, "examples as they are, with personal data", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_CONFIG = {
    .name = "config",
    .usage = "test NEW.yaml [--against last 1000 | --against 1h]",
    .help = "what a new configuration would make of requests that came",
    .more =
	"Maps stored requests under the configuration of --config (else the\n"
	"installed one) and under NEW.yaml, and prints what differs for each\n"
	"source: fields, fates (quarantined, ignored), destinations, keys.\n"
	"Proofs are not judged again: secrets are not stored. Nothing is\n"
	"changed or sent. Exit 0: nothing differs; 1: something does; 2: "
	"wrong\nusage, or a configuration that cannot be used.\n",
    .options = OPTIONS,
    .run = run,
};
