/* SPDX-License-Identifier: MIT */
/*
 * The keys of a profile that no shipped one needs for its golden requests:
 * each row is a profile, a request and what must come of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../sources/source_kit.h"

#define BASE                                                                   \
	"platform: mine\nabout: mine\nsource_platform: direct\n"               \
	"source_type: form\ncontact_name: .name\nid: .id\n"
#define JSON  "Content-Type: application/json\n\n"
#define XML   "Content-Type: text/xml\n\n"
#define POST  "POST /in/mine HTTP/1.1\n"
#define TOKEN "POST /in/mine/0123456789abcdef HTTP/1.1\n"
#define GET   "GET /in/mine"

/* ---- a profile out of text ---------------------------------------------- */

static char folder[64];

static void write_profile(const char *text)
{
	FILE *f = fopen("mine.yaml", "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Problems as lines in out. */
static void read_profile(const char *text, struct profile_list *list,
			 struct buf *out)
{
	const char *const folders[] = {".", NULL};
	struct config_problems problems = {0};
	struct reader r = {.problems = &problems};
	arena_init(&r.arena);
	buf_init(out, 1 << 16);
	write_profile(text);
	profiles_read(&r, folders, list);
	for (size_t i = 0; i < list->n; i++) {
		struct err err = {0};
		struct place at = {list->v[i]->file, 0, 1};
		if (profile_compile(list->v[i], &at.line, &err) != 0)
			problems_error(&problems, at, "%s", err.text);
	}
	for (size_t i = 0; i < problems.n; i++) {
		config_problem_print(&problems.v[i], out);
		buf_add_char(out, '\n');
	}
	free(r.files);
	arena_release(&r.arena);
	config_problems_release(&problems);
}

static struct source *source_of(const struct profile_list *list,
				void (*configure)(struct source *s))
{
	struct err err = {0};
	struct source *s = xcalloc(1, sizeof(*s));
	s->ops = &list->v[0]->ops;
	s->name = LITERAL("mine");
	add_text(&s->destinations, "mega");
	configure(s);
	if (source_prepare(s, &err) != 0)
		fail_msg("%s", err.text);
	return s;
}

static void with_secrets(struct source *s)
{
	add_secret(&s->secret, "older");
	add_secret(&s->secret, "hush");
}

static void with_both(struct source *s)
{
	with_secrets(s);
	with_token(s);
}

/* ---- requests ----------------------------------------------------------- */

/* What of the outcome a row is about. */
enum part { LEAD, REASON, STORED, HEADERS, ANSWER };

static const struct {
	const char *name, *profile;
	void (*configure)(struct source *s);
	const char *request;
	int status;
	enum part part;
	const char *has; /* stands in that part; NULL: not looked at */
} rows[] = {
    {"secret_in_body: right", "secret_in_body: .auth.key\n", with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":\"hush\"}}", 200,
     LEAD, "\"contact_name\":\"A\""},
    {"secret_in_body: is not stored", "secret_in_body: .auth.key\n",
     with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":\"hush\"}}", 200,
     STORED, "{\"key\":\"****\"}"},
    {"secret_in_body: is no custom field",
     "secret_in_body: .auth.key\nrest: .auth\n", with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":\"hush\"}}", 200,
     LEAD, "\"source_type\":\"form\"}"},
    {"secret_in_body: one before the rotation", "secret_in_body: .auth.key\n",
     with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":\"older\"}}", 200,
     LEAD, "\"contact_name\":\"A\""},
    {"secret_in_body: wrong", "secret_in_body: .auth.key\n", with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":\"hus\"}}", 401,
     ANSWER, "\"signature\""},
    {"secret_in_body: missing", "secret_in_body: .auth.key\n", with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\"}", 401, ANSWER,
     "\"signature_missing\""},
    {"secret_in_body: not a text", "secret_in_body: .auth.key\n", with_secrets,
     POST JSON "{\"id\":1,\"name\":\"A\",\"auth\":{\"key\":[\"hush\"]}}", 401,
     ANSWER, "\"signature_missing\""},
    {"secret_in_body: beside the token of the URL",
     "secret_in_body: .auth.key\n", with_both,
     TOKEN JSON "{\"id\":1,\"name\":\"A\"}", 401, ANSWER, NULL},
    {"secret_in_body: cannot be read", "secret_in_body: .auth.key\n",
     with_secrets, POST JSON "{\"auth\":{\"key\":\"hush\"}", 400, ANSWER, NULL},

    {"handshake: echoes", "handshake: {echo: challenge}\n", with_token,
     GET "/0123456789abcdef?challenge=a1-_.=%2B HTTP/1.1\n\n", 200, ANSWER,
     "a1-_.=+"},
    {"handshake: no markup", "handshake: {echo: challenge}\n", with_token,
     GET "/0123456789abcdef?challenge=%3Cb%3E HTTP/1.1\n\n", 403, ANSWER, ""},
    {"handshake: nothing to echo", "handshake: {echo: challenge}\n", with_token,
     GET "/0123456789abcdef?challeng=a HTTP/1.1\n\n", 403, ANSWER, ""},
    {"handshake: the URL's token first", "handshake: {echo: challenge}\n",
     with_token, GET "/guessed?challenge=a HTTP/1.1\n\n", 404, ANSWER, NULL},
    {"handshake: with its own token",
     "handshake: {echo: challenge, token: verify}\n"
     "secret_in_body: .key\n",
     with_secrets, GET "?verify=hush&challenge=a HTTP/1.1\n\n", 200, ANSWER,
     "a"},
    {"handshake: wrong token",
     "handshake: {echo: challenge, token: verify}\n"
     "secret_in_body: .key\n",
     with_secrets, GET "?verify=hus&challenge=a HTTP/1.1\n\n", 403, ANSWER, ""},
    {"handshake: no token",
     "handshake: {echo: challenge, token: verify}\n"
     "secret_in_body: .key\n",
     with_secrets, GET "?challenge=a HTTP/1.1\n\n", 403, ANSWER, ""},
    {"no handshake", "", with_token,
     GET "/0123456789abcdef?challenge=a HTTP/1.1\n\n", 405, ANSWER, NULL},

    {"headers: offered as listed",
     "headers: [X-Kind]\nfields: {kind: $headers.\"X-Kind\"}\n", with_token,
     TOKEN "x-kind: roof\n" JSON "{\"id\":1,\"name\":\"A\"}", 200, LEAD,
     "\"kind\":\"roof\""},
    {"headers: offered to jq",
     "headers: [X-Kind]\nfields: {kind: '$headers[\"X-Kind\"] | "
     "ascii_upcase'}\n",
     with_token, TOKEN "X-Kind: roof\n" JSON "{\"id\":1,\"name\":\"A\"}", 200,
     LEAD, "\"kind\":\"ROOF\""},
    {"headers: stored", "headers: [X-Kind]\n", with_token,
     TOKEN "X-Kind: roof\nX-Other: x\n" JSON "{\"id\":1,\"name\":\"A\"}", 200,
     HEADERS, "X-Kind: roof\n"},
    {"headers: others are not offered",
     "headers: [X-Kind]\nfields: {kind: $headers.\"X-Other\"}\n", with_token,
     TOKEN "X-Other: x\n" JSON "{\"id\":1,\"name\":\"A\"}", 200, LEAD,
     "\"source_type\":\"form\"}"},
    {"headers: not UTF-8 from somewhere on",
     "headers: [X-Kind]\nfields: {kind: '$headers[\"X-Kind\"] | "
     "ascii_upcase'}\n",
     with_token, TOKEN "X-Kind: ro\xFFof\n" JSON "{\"id\":1,\"name\":\"A\"}",
     200, LEAD, "\"kind\":\"RO\""},
    {"$query", "fields: {form: $query.form}\n", with_token,
     "POST /in/mine/0123456789abcdef?form=quote HTTP/1.1\n" JSON
     "{\"id\":1,\"name\":\"A\"}",
     200, LEAD, "\"form\":\"quote\""},

    {"refusal", "refusal: 403\nsecret_in_body: .key\n", with_secrets,
     POST JSON "{\"id\":1,\"key\":\"x\"}", 403, ANSWER, "\"signature\""},
    {"refusal: the URL's token stays 404", "refusal: 403\n", with_token,
     "POST /in/mine/guessed HTTP/1.1\n" JSON "{\"id\":1}", 404, ANSWER, NULL},

    {"xml: each element an event", "payloads: [xml]\neach: .leads.lead\n",
     with_token,
     TOKEN XML "<leads><lead><id>1</id><name>A &amp; B</name></lead></leads>",
     200, LEAD, "\"contact_name\":\"A & B\""},
    {"xml: attributes",
     "payloads: [xml]\neach: .leads.lead\nfields: {kind: .\"@kind\"}\n",
     with_token,
     TOKEN XML "<leads><lead kind=\"roof\"><name>A</name></lead></leads>", 200,
     LEAD, "\"kind\":\"roof\""},
    {"xml: jq sees the same tree",
     "payloads: [xml, json]\neach: '[.leads.lead] | flatten | .[]'\n",
     with_token, TOKEN XML "<leads><lead><name>A</name></lead></leads>", 200,
     LEAD, "\"contact_name\":\"A\""},
    {"xml: a document type", "payloads: [xml]\n", with_token,
     TOKEN XML "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 200, REASON,
     "body cannot be read"},
};

static struct str part_of(enum part part, const struct outcome_of *o)
{
	switch (part) {
	case LEAD:
		return o->sub->units[0].body;
	case REASON:
		return o->sub->units[0].reason;
	case STORED:
		return o->sub->body;
	case HEADERS:
		return o->sub->headers;
	case ANSWER:
		return o->reply.body;
	}
	return STR_NONE;
}

static struct outcome_of ask(struct source *s, const char *text)
{
	struct outcome_of o = {0};
	struct golden_request g;
	bool finished = false;
	golden_request_parse(str_from(text), &g);
	struct source_call call = {s, &g.request, NULL, golden_arena()};
	o.code = source_admit(&call, g.token, &o.reply, &finished);
	if (o.code == 0 && !finished)
		o.code = source_process(s, &g.request, golden_secret(), &o.sub,
					&o.reply, &o.why);
	if (o.sub != NULL)
		source_answer(s, o.sub, ANSWER_ACCEPTED, &o.reply);
	return o;
}

static void run_row(size_t i)
{
	struct profile_list list = {0};
	struct buf problems;
	char *text = xasprintf("%s%s", BASE, rows[i].profile);
	read_profile(text, &list, &problems);
	if (problems.n > 0)
		fail_msg("%s: %s", rows[i].name, problems.p);
	struct source *s = source_of(&list, rows[i].configure);
	struct outcome_of o = ask(s, rows[i].request);
	bool looks = rows[i].part == ANSWER || o.sub != NULL;
	struct str got = looks ? part_of(rows[i].part, &o) : STR_NONE;
	if (o.reply.status != rows[i].status ||
	    (rows[i].has != NULL && rows[i].has[0] == '\0' && got.n > 0) ||
	    (rows[i].has != NULL &&
	     str_find_str(got, str_from(rows[i].has)) < 0))
		fail_msg("%s: %d %.*s", rows[i].name, o.reply.status,
			 STR_FMT(got));
	submission_free(o.sub);
	golden_source_free(s);
	profiles_release(&list);
	buf_release(&problems);
	free(text);
}

static void keys_of_a_profile_do_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		run_row(i);
}

/* ---- answers ------------------------------------------------------------ */

static void answers_are_the_profile_s(void **state)
{
	(void)state;
	static const struct {
		const char *name, *profile;
		enum answer_kind kind;
		int status;
		const char *body, *type;
	} answers[] = {
	    {"none", "", ANSWER_ACCEPTED, 200, "{\"status\":\"accepted\"}",
	     NULL},
	    {"none, a repetition", "", ANSWER_DUPLICATE, 200,
	     "{\"status\":\"duplicate\"}", NULL},
	    {"all of it",
	     "answer: {status: 202, body: OK, content_type: text/plain}\n",
	     ANSWER_ACCEPTED, 202, "OK", "text/plain"},
	    {"the same for a repetition",
	     "answer: {status: 202, body: OK, content_type: text/plain}\n",
	     ANSWER_DUPLICATE, 202, "OK", "text/plain"},
	    {"status alone", "answer: {status: 204}\n", ANSWER_ACCEPTED, 204,
	     "{\"status\":\"accepted\"}", NULL},
	    {"not where nothing was stored",
	     "answer: {status: 202, body: OK}\n", ANSWER_TRY_LATER, 503,
	     "{\"error\":", NULL},
	    {"try_later", "try_later: 500\n", ANSWER_TRY_LATER, 500,
	     "{\"error\":", NULL},
	    {"try_later is not refusal", "try_later: 500\nrefusal: 410\n",
	     ANSWER_BAD_PROOF, 410, "{\"error\":", NULL},
	};
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct profile_list list = {0};
		struct reply reply = {0};
		struct buf problems;
		char *text = xasprintf("%s%s", BASE, answers[i].profile);
		read_profile(text, &list, &problems);
		if (problems.n > 0)
			fail_msg("%s: %s", answers[i].name, problems.p);
		struct source *s = source_of(&list, with_token);
		source_answer(s, NULL, answers[i].kind, &reply);
		bool type = answers[i].type == NULL ||
			    (reply.content_type != NULL &&
			     strcmp(reply.content_type, answers[i].type) == 0);
		if (reply.status != answers[i].status || !type ||
		    !str_starts(reply.body, str_from(answers[i].body)))
			fail_msg("%s: %d %.*s", answers[i].name, reply.status,
				 STR_FMT(reply.body));
		golden_source_free(s);
		profiles_release(&list);
		buf_release(&problems);
		free(text);
	}
}

/* ---- mistakes ----------------------------------------------------------- */

static void mistakes_are_named_with_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *name, *profile, *problem;
	} mistakes[] = {
	    {"payload", "payloads: [yaml]\n",
	     "unknown payload 'yaml': json, form, multipart, xml or jwt"},
	    {"secret_in_body", "secret_in_body: token\n",
	     "mine.yaml:7:17: error: 'secret_in_body' must be a path (.token)"},
	    {"handshake", "handshake: challenge\n",
	     "mine.yaml:7:12: error: 'handshake' must be a mapping"},
	    {"handshake key", "handshake: {echo: a, tokn: b}\n",
	     "unknown key 'tokn' (did you mean 'token'?)"},
	    {"handshake without echo", "handshake: {token: b}\n",
	     "'handshake' must be a mapping with 'echo'"},
	    {"answer status", "answer: {status: 99}\n",
	     "mine.yaml:7:18: error: 'status' must be a status from 200 to "
	     "599"},
	    {"refusal", "refusal: no\n",
	     "mine.yaml:7:10: error: 'refusal' must be a status"},
	    {"try_later", "try_later: 600\n",
	     "mine.yaml:7:12: error: 'try_later' must be a status"},
	    {"an expression", "filter: |\n  .a\n  | nonsense\n",
	     "mine.yaml:9:1: error: nonsense/0 is not defined"},
	};
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct profile_list list = {0};
		struct buf problems;
		char *text = xasprintf("%s%s", BASE, mistakes[i].profile);
		read_profile(text, &list, &problems);
		if (str_find_str(buf_str(&problems),
				 str_from(mistakes[i].problem)) < 0)
			fail_msg("%s: %.*s", mistakes[i].name,
				 STR_FMT(buf_str(&problems)));
		profiles_release(&list);
		buf_release(&problems);
		free(text);
	}
}

static int in_a_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder),
		       "/tmp/leadbridge-profile-XXXXXX");
	arena_init(golden_arena());
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int out_of_it(void **state)
{
	(void)state;
	arena_release(golden_arena());
	(void)unlink("mine.yaml");
	return chdir("/") != 0 || rmdir(folder) != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_of_a_profile_do_what_they_say),
	    cmocka_unit_test(answers_are_the_profile_s),
	    cmocka_unit_test(mistakes_are_named_with_their_line),
	};
	return cmocka_run_group_tests(tests, in_a_folder, out_of_it);
}
