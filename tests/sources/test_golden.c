/* SPDX-License-Identifier: MIT */
/*
 * Golden requests: every tests/sources/golden/PLATFORM/CASE.request, a raw HTTP
 * request, goes through admit, process and answer of a source of that platform;
 * what comes out must be, byte for byte, CASE.expect. A case NAME_retry must
 * get the keys of NAME. LB_GOLDEN_UPDATE=1 writes the .expect files anew: read
 * the difference before you commit it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "golden_sources.h"
#include "leadbridge/store.h"

/* ---- files -------------------------------------------------------------- */

static struct buf read_file(const char *path)
{
	struct buf b;
	buf_init(&b, 8 << 20);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return b;
	char chunk[4096];
	size_t n;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	(void)fclose(f);
	return b;
}

static void write_file(const char *path, struct str text)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

/* ---- what came out, as text --------------------------------------------- */

static void member(struct buf *out, const char *indent, const char *name,
		   struct str text)
{
	if (text.p == NULL)
		return;
	buf_addf(out, "%s\"%s\": ", indent, name);
	buf_add_json(out, text);
	buf_add_str(out, STR(",\n"));
}

static void render_unit(const struct new_unit *u, struct buf *out)
{
	char key[LEAD_KEY_TEXT];
	member(out, "      ", "state", str_from(unit_state_name(u->state)));
	member(out, "      ", "reason", u->reason);
	if (u->destination.n > 0) {
		lead_key_text(u->key, key);
		member(out, "      ", "destination", u->destination);
		member(out, "      ", "key", str_from(key));
		buf_addf(out, "      \"body\": %.*s,\n", STR_FMT(u->body));
	}
	buf_addf(out, "      \"index\": %u\n", u->index);
}

static void render_event(const struct submission *s, uint32_t e,
			 struct buf *out)
{
	const struct new_event *event = &s->events[e];
	const char *between = "";
	buf_add_str(out, STR("   {\n"));
	member(out, "    ", "id", event->id);
	member(out, "    ", "topic", event->topic);
	member(out, "    ", "account", event->account);
	member(out, "    ", "privacy", str_from(event->privacy));
	member(out, "    ", "person", event->person);
	if (event->person_wait_ms > 0)
		buf_addf(out, "    \"person_wait_ms\": %lld,\n",
			 (long long)event->person_wait_ms);
	buf_addf(out, "    \"occurred_at_ms\": %lld,\n    \"units\": [\n",
		 (long long)event->occurred_at_ms);
	for (uint32_t i = 0; i < s->n_units; i++) {
		if (s->units[i].event != e)
			continue;
		buf_addf(out, "%s     {\n", between);
		render_unit(&s->units[i], out);
		buf_add_str(out, STR("     }"));
		between = ",\n";
	}
	buf_add_str(out, STR("\n    ]\n   }"));
}

static void render(const struct submission *s, const struct reply *reply,
		   const char *why, struct buf *out)
{
	buf_addf(out, "{\n  \"status\": %d,\n", reply->status);
	for (size_t i = 0; i < reply->n_extra; i++)
		member(out, "  ", "header",
		       arena_printf(golden_arena(), "%.*s: %.*s",
				    STR_FMT(reply->extra[i].name),
				    STR_FMT(reply->extra[i].value)));
	member(out, "  ", "why", str_from(why));
	if (s != NULL) {
		buf_addf(out, "  \"secret\": %d,\n", s->matched_secret);
		buf_addf(out, "  \"test\": %s,\n", s->test ? "true" : "false");
		member(out, "  ", "target", s->target);
		buf_add_str(out, STR("  \"events\": [\n"));
		for (uint32_t e = 0; e < s->n_events; e++) {
			render_event(s, e, out);
			buf_add_str(out, e + 1 < s->n_events ? STR(",\n")
							     : STR("\n"));
		}
		buf_add_str(out, STR("  ],\n"));
	}
	buf_add_str(out, STR("  \"answer\": "));
	buf_add_json(out, reply->body);
	buf_add_str(out, STR("\n}\n"));
}

/* ---- running ------------------------------------------------------------ */

static void run_request(const struct golden_source *platform,
			const struct golden_request *g, struct buf *out,
			struct submission **sub)
{
	struct reply reply = {0};
	const char *why = NULL;
	bool finished = false;
	const struct source *source = platform->source;
	struct source_call call = {source, &g->request, NULL, golden_arena()};
	*sub = NULL;
	if (source_admit(&call, g->token, &reply, &finished) == 0 &&
	    !finished &&
	    source_process(source, &g->request, golden_secret(), sub, &reply,
			   &why) == 0)
		source_answer(source, *sub, ANSWER_ACCEPTED, &reply);
	render(*sub, &reply, why, out);
}

static bool same_keys(const struct submission *a, const struct submission *b)
{
	if (a == NULL || b == NULL || a->n_units != b->n_units ||
	    a->n_events != b->n_events)
		return false;
	for (uint32_t i = 0; i < a->n_events; i++)
		if (memcmp(a->events[i].hash, b->events[i].hash, 16) != 0)
			return false;
	return true;
}

/* NAME_retry.request -> the submission of NAME.request has the same events. */
static bool check_retry(const struct golden_source *platform, const char *path,
			const struct submission *sub)
{
	const char *at = strstr(path, "_retry.request");
	if (at == NULL)
		return true;
	char *first = xasprintf("%.*s.request", (int)(at - path), path);
	struct buf text = read_file(first), ignored;
	struct golden_request g;
	struct submission *before = NULL;
	buf_init(&ignored, 1 << 20);
	golden_request_parse(buf_str(&text), &g);
	run_request(platform, &g, &ignored, &before);
	bool same = same_keys(before, sub);
	submission_free(before);
	buf_release(&text);
	buf_release(&ignored);
	free(first);
	return same;
}

static bool run_file(const char *path)
{
	const struct golden_source *platform = golden_source_of(path);
	if (platform == NULL) {
		print_error("%s: no source for this folder\n", path);
		return false;
	}
	struct buf text = read_file(path), out;
	struct golden_request g;
	struct submission *sub = NULL;
	buf_init(&out, 4 << 20);
	golden_request_parse(buf_str(&text), &g);
	run_request(platform, &g, &out, &sub);
	char *expect_path =
	    xasprintf("%.*s.expect", (int)(strlen(path) - 8), path);
	if (getenv("LB_GOLDEN_UPDATE") != NULL)
		write_file(expect_path, buf_str(&out));
	struct buf expect = read_file(expect_path);
	bool good = str_eq(buf_str(&expect), buf_str(&out));
	if (!good)
		print_error("%s: expected\n%s\ngot\n%s\n", path,
			    expect.p != NULL ? expect.p : "(no file)", out.p);
	if (!check_retry(platform, path, sub)) {
		print_error("%s: not the events of the first try\n", path);
		good = false;
	}
	submission_free(sub);
	buf_release(&expect);
	buf_release(&text);
	buf_release(&out);
	free(expect_path);
	return good;
}

static void golden_requests_become_the_expected_leads(void **state)
{
	(void)state;
	glob_t files;
	size_t bad = 0;
	assert_int_equal(glob("sources/golden/*/*.request", 0, NULL, &files),
			 0);
	golden_setup();
	for (size_t i = 0; i < files.gl_pathc; i++)
		bad += !run_file(files.gl_pathv[i]);
	print_message("%zu golden requests\n", files.gl_pathc);
	assert_true(files.gl_pathc >= 40);
	globfree(&files);
	golden_teardown();
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(golden_requests_become_the_expected_leads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
