/* SPDX-License-Identifier: MIT */
/* A sample is proven by the source it was made for, each platform its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_files.h"
#include "leadbridge/store.h"
#include "operate/sample.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT_MS    INT64_C(1789394528000)

#define JSON                                                                   \
	"    platform: json\n    destination: mega\n"                          \
	"    source_platform: referral\n    source_type: form\n"               \
	"    map: {contact_name: .who.name, contact_email: .who.mail}\n"

static const char settings[] =
    "public_url: https://hooks.example.com\n"
    "destinations:\n"
    "  mega:\n"
    "    url: https://crm.example.com/leads\n"
    "    customer_id: 9be9ee0c-7c3a-4b7e-9a3e-3f2f2a5b6c7d\n"
    "    token: plain:crm-token-0123456789\n"
    "sources:\n"
    "  shop:\n"
    "    {platform: shopify, destination: mega, secret: plain:hush-hush,\n"
    "     account: acme.myshopify.com}\n"
    "  tested-shop:\n"
    "    {platform: shopify, destination: mega, secret: plain:hush-hush,\n"
    "     tests: deliver}\n"
    "  ads:\n"
    "    {platform: google_ads, destination: mega,\n"
    "     secret: 'plain:key \"quoted\"'}\n"
    "  confirm: {platform: crm_confirm, secret: plain:hush-hush}\n"
    "  sms:\n"
    "    {platform: twilio, destination: mega, secret: plain:auth-token,\n"
    "     account: '+15005550009', source_platform: direct}\n"
    "  quote: {platform: form, destination: mega, token: 'plain:t %/0123456'}\n"
    "  flow:\n"
    "    {platform: ghl_workflow, destination: mega, account: loc1,\n"
    "     token: plain:0123456789abcdef}\n"
    "  plain:\n" JSON "    secret: plain:hush-hush\n"
    "    scheme: {algorithm: hmac-sha256, header: X-Sign, encoding: hex,\n"
    "      prefix: 'sha256=', signed: '{body}'}\n"
    "  timed:\n" JSON "    secret: plain:hush-hush\n"
    "    scheme: {algorithm: hmac-sha512, header: X-Sign,\n"
    "      encoding: base64url, signed: '{timestamp}.{method}{url}.{body}',\n"
    "      timestamp_header: X-Time, tolerance: 5m}\n"
    "  standard:\n" JSON "    scheme: standard_webhooks\n"
    "    secret: plain:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
    "  agency:\n"
    "    {platform: ghl, destination: mega, account: loc1}\n"
    "  theirs:\n" JSON "    scheme: standard_webhooks\n"
    "    secret: "
    "plain:whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";

static struct config *config;

static int load(void **state)
{
	static char folder[64];
	struct buf problems;
	folder_open(folder);
	*state = folder;
	file_write("main.yaml", settings, 0600);
	config = files_load(&problems);
	if (config == NULL)
		fail_msg("%.*s", STR_FMT(buf_str(&problems)));
	buf_release(&problems);
	return 0;
}

static int unload(void **state)
{
	config_unref(config);
	folder_close(*state);
	return 0;
}

/* As the listener would: path, query, token; then the body. */
static const char *take(const struct source *source, struct sample *s,
			struct submission **sub)
{
	struct str token, name;
	struct reply reply = {0};
	const char *why = NULL;
	bool challenge = false;
	struct request *r = &s->request;
	r->path = str_cut(r->target, '?', &r->query);
	r->client = STR("unix");
	name = str_cut(str_sub(r->path, 4, r->path.n), '/', &token);
	assert_true(str_eq(name, str_from(source->name)));
	struct source_call call = {source, r, NULL, &s->arena};
	if (source_admit(&call, token, &reply, &challenge) != 0)
		return source_refusal_word(reply.status);
	if (source_process(source, r, STR("secret"), sub, &reply, &why) != 0)
		return why;
	return NULL;
}

static const struct {
	const char *source;
	enum sample_kind kind;
	enum unit_state state;
} rows[] = {
    {"shop", SAMPLE_TEST, UNIT_IGNORED},
    {"tested-shop", SAMPLE_LEAD, UNIT_WAITING},
    {"ads", SAMPLE_TEST, UNIT_IGNORED},
    {"confirm", SAMPLE_TEST, UNIT_IGNORED},
    {"sms", SAMPLE_LEAD, UNIT_WAITING},
    {"quote", SAMPLE_DRY_RUN, UNIT_WAITING},
    {"flow", SAMPLE_DRY_RUN, UNIT_WAITING},
    {"plain", SAMPLE_LEAD, UNIT_WAITING},
    {"timed", SAMPLE_LEAD, UNIT_WAITING},
    {"standard", SAMPLE_LEAD, UNIT_WAITING},
};

static void a_sample_is_taken_by_its_source(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sample s = {0};
		struct submission *sub = NULL;
		struct err err = {0};
		const struct source *source =
		    config_source(config, str_from(rows[i].source));
		if (sample_make(&s, source, config, AT_MS, &err) != 0)
			fail_msg("%s: %s", rows[i].source, err.text);
		const char *why = take(source, &s, &sub);
		if (why != NULL || sub->n_units != 1 ||
		    sub->units[0].state != rows[i].state ||
		    s.kind != rows[i].kind ||
		    source_dry_run_asked(source, &s.request) !=
			(s.kind == SAMPLE_DRY_RUN))
			fail_msg("%s: %s %.*s", rows[i].source,
				 why != NULL ? why : "",
				 STR_FMT(sub != NULL ? sub->units[0].reason
						     : STR_NONE));
		submission_free(sub);
		arena_release(&s.arena);
	}
}

static void each_sample_is_an_event_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct submission *sub[2] = {NULL, NULL};
		const struct source *source =
		    config_source(config, str_from(rows[i].source));
		for (size_t k = 0; k < 2; k++) {
			struct sample s = {0};
			struct err err = {0};
			assert_int_equal(sample_make(&s, source, config,
						     AT_MS + (int64_t)k, &err),
					 0);
			assert_null(take(source, &s, &sub[k]));
			arena_release(&s.arena);
		}
		if (memcmp(sub[0]->events[0].hash, sub[1]->events[0].hash,
			   16) == 0)
			fail_msg("%s", rows[i].source);
		submission_free(sub[0]);
		submission_free(sub[1]);
	}
}

static void what_only_the_sender_signs_is_refused(void **state)
{
	static const struct {
		const char *source, *problem;
	} refused[] = {{"agency", "platform 'ghl'"},
		       {"theirs", "only the sender of 'theirs' can sign"}};
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct sample s = {0};
		struct err err = {0};
		const struct source *source =
		    config_source(config, str_from(refused[i].source));
		int rc = sample_make(&s, source, config, AT_MS, &err);
		if (rc != LB_EDENIED ||
		    strstr(err.text, refused[i].problem) == NULL)
			fail_msg("%s: %s", refused[i].source, err.text);
		arena_release(&s.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sample_is_taken_by_its_source),
	    cmocka_unit_test(each_sample_is_an_event_of_its_own),
	    cmocka_unit_test(what_only_the_sender_signs_is_refused),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
