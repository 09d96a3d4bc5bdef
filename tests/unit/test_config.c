/* SPDX-License-Identifier: MIT */
/*
 * The configuration as a whole: what a good one becomes, conf.d, secrets by
 * reference, printing, and what changes a running daemon refuses. Planted
 * mistakes are in test_config_mistakes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_files.h"

#define DESTINATION                                                            \
	"destinations:\n  mega:\n"                                             \
	"    url: https://crm.example.com/api/leads\n"                         \
	"    " ID "\n    token: file:secret\n"

static struct config *load_clean(const char *text)
{
	struct buf problems;
	file_write("main.yaml", text, 0600);
	struct config *c = files_load(&problems);
	if (c == NULL || problems.n > 0)
		fail_msg("%.*s", STR_FMT(buf_str(&problems)));
	buf_release(&problems);
	return c;
}

static struct config *load_whatever(const char *text)
{
	struct buf problems;
	file_write("main.yaml", text, 0600);
	struct config *c = files_load(&problems);
	if (c == NULL)
		fail_msg("%.*s", STR_FMT(buf_str(&problems)));
	buf_release(&problems);
	return c;
}

static void test_empty_file_is_all_defaults(void **state)
{
	(void)state;
	struct config *c = load_whatever("");
	assert_int_equal(c->n_listen, 1);
	assert_string_equal(c->listen[0].address, "127.0.0.1:8080");
	assert_int_equal(c->limits.connections, 8192);
	assert_int_equal(c->limits.answer_ms, 4000);
	assert_int_equal(c->limits.min_body_rate, 1024);
	assert_int_equal(c->limits.body, 1 << 20);
	assert_int_equal(c->trusted_proxies.n, 3);
	assert_true(c->trusted_proxies.v[2].local);
	assert_string_equal(c->admin.listen.v[0],
			    "unix:/run/leadbridge/admin.sock");
	assert_string_equal(c->store.backend, "sqlite");
	assert_int_equal(c->store.retain.keys_ms, 400 * 86400000LL);
	assert_string_equal(c->metrics_log, "stdout");
	assert_int_equal(c->log_level, LOG_INFO);
	assert_false(c->log_json);
	assert_int_equal(c->n_sources + c->n_destinations, 0);
	config_unref(c);
}

static void test_destination_has_its_defaults(void **state)
{
	(void)state;
	struct config *c =
	    load_whatever(DESTINATION "    rate: [60/min, 10/s, 12/4s]\n"
				      "    outcome: {422: park}\n"
				      "    breaker: {open: 1s}\n");
	const struct destination_config *d = config_destination(c, STR("mega"));
	assert_non_null(d);
	assert_string_equal(d->bulk_url,
			    "https://crm.example.com/api/leads/bulk");
	assert_string_equal(d->list_url, d->url);
	assert_true(str_eq(secret_str(&d->token), STR("s3cr3t-bytes")));
	assert_int_equal(d->rate.n, 3);
	assert_int_equal(d->rate.v[0].count, 60);
	assert_int_equal(d->rate.v[0].window_ms, 60000);
	assert_int_equal(d->rate.v[1].window_ms, 1000);
	assert_int_equal(d->rate.v[2].count, 12);
	assert_int_equal(d->rate.v[2].window_ms, 4000);
	assert_int_equal(d->retry.n, 10);
	assert_int_equal(d->retry.v[9], 3600000);
	assert_int_equal(d->max_age_ms, 72 * 3600000LL);
	assert_int_equal(d->breaker_failures, 5);
	assert_int_equal(d->breaker_open_ms, 1000);
	assert_int_equal(d->breaker_max_open_ms, 120000);
	assert_int_equal(d->n_overrides, 1);
	assert_int_equal(d->overrides[0].status, 422);
	assert_int_equal(d->overrides[0].outcome, OUTCOME_PARK);
	assert_int_equal(d->line, 2);
	config_unref(c);
}

static void test_source_is_filled_and_prepared(void **state)
{
	(void)state;
	struct config *c = load_clean(
	    DESTINATION "limits: {json_depth: 12, body: 2MiB}\n"
			"sources:\n"
			"  shop:\n"
			"    platform: shopify\n"
			"    secret: [file:secret, file:secret]\n"
			"    destination: mega\n"
			"    stage_slug: {from: .status, map: {hot: new}, "
			"default: old}\n"
			"    custom_fields: {add: {campaign: spring}, drop: "
			"[note]}\n"
			"    expect: 1 per 6h 08:00-20:00+01:00\n"
			"  form-1:\n"
			"    platform: form\n"
			"    token: file:secret\n"
			"    header: {X-Key: file:secret}\n"
			"    basic: user:file:secret\n"
			"    stage_slug: fresh\n"
			"    destination: [mega]\n"
			"    source_platform: direct\n"
			"    max_body: 64KiB\n");
	const struct source *s = config_source(c, STR("shop"));
	assert_non_null(s);
	assert_string_equal(s->ops->platform, "shopify");
	assert_int_equal(s->secret.n, 2);
	assert_string_equal(s->stage.from, ".status");
	assert_string_equal(s->stage.map.v[0].to, "new");
	assert_string_equal(s->stage.fallback, "old");
	assert_string_equal(s->fields.add.v[0].from, "campaign");
	assert_int_equal(s->json_depth, 12);
	assert_int_equal(s->values, 20000);
	assert_int_equal(s->max_body, 4 << 20); /* the platform's */
	assert_int_equal(s->dedup_window_ms, 1800000);
	assert_false(s->attribution);
	s = config_source(c, STR("form-1"));
	assert_int_equal(s->position, 1);
	assert_int_equal(s->max_body, 65536);
	assert_true(s->attribution); /* the platform's */
	assert_string_equal(s->headers[0].name, "X-Key");
	assert_string_equal(s->basic_user, "user");
	assert_true(
	    str_eq(secret_str(&s->basic_password.v[0]), STR("s3cr3t-bytes")));
	assert_string_equal(s->stage.fixed, "fresh");
	assert_null(config_source(c, STR("no-such")));
	config_unref(c);
}

static void test_files_of_conf_d_are_merged(void **state)
{
	(void)state;
	file_write("conf.d/a.yaml",
		   "sources:\n"
		   "  one: {platform: shopify, secret: file:secret, "
		   "destination: mega}\n"
		   "limits: {pending: 7}\n",
		   0600);
	file_write("conf.d/b.yaml",
		   "sources:\n"
		   "  two: {platform: shopify, secret: file:secret, "
		   "destination: mega}\n"
		   "public_url: https://hooks.example.com/\n",
		   0600);
	file_write("conf.d/x.txt", "not: [read", 0600);
	file_write("conf.d/.hide", "not: [read", 0600);
	struct config *c =
	    load_clean("limits: {values: 100}\nsources:\n" DESTINATION);
	assert_int_equal(c->n_sources, 2);
	assert_string_equal(c->sources[1]->name, "two");
	assert_int_equal(c->limits.pending, 7);
	assert_int_equal(c->limits.values, 100);
	assert_string_equal(c->public_url, "https://hooks.example.com");
	config_unref(c);
	file_write("conf.d/b.yaml",
		   "sources:\n"
		   "  one: {platform: shopify, secret: file:secret, "
		   "destination: mega}\n"
		   "limits: {pending: 8}\n"
		   "admin:\n  listn: x\n",
		   0600);
	struct buf problems;
	assert_null(files_load(&problems));
	assert_string_equal(
	    problems.p,
	    "conf.d/b.yaml:2:3: error: 'one' is already given in "
	    "conf.d/a.yaml:2\n"
	    "conf.d/b.yaml:3:10: error: 'pending' is already given in "
	    "conf.d/a.yaml:3\n"
	    "conf.d/b.yaml:5:3: error: unknown key 'listn' (did you mean "
	    "'listen'?)\n");
	buf_release(&problems);
	(void)unlink("conf.d/a.yaml");
	(void)unlink("conf.d/b.yaml");
}

static void test_json_is_accepted(void **state)
{
	(void)state;
	struct config *c = load_whatever(
	    "{\"log\": {\"level\": \"debug\", \"format\": \"json\"}, "
	    "\"limits\": {\"connections\": 10}}");
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_true(c->log_json);
	assert_int_equal(c->limits.connections, 10);
	config_unref(c);
}

static void test_print_shows_no_secret_and_can_be_read(void **state)
{
	(void)state;
	struct config *c =
	    load_clean(DESTINATION "    proxy: http://u:hunter2@p:1\n"
				   "    allow_private: true\n"
				   "    headers: {X-Team: s3cr3t-bytes}\n"
				   "sources:\n"
				   "  shop:\n"
				   "    platform: shopify\n"
				   "    secret: file:secret\n"
				   "    route: {map: {\"a:b\": mega}}\n"
				   "    param: key=file:secret\n");
	struct buf out;
	buf_init(&out, 1 << 20);
	config_print(c, &out);
	assert_false(out.over);
	assert_true(str_find_str(buf_str(&out), STR("s3cr3t")) < 0);
	assert_true(str_find_str(buf_str(&out), STR("hunter2")) < 0);
	static const char *const lines[] = {
	    "listen:\n  - address: 127.0.0.1:8080\n",
	    "trusted_proxies: [127.0.0.0/8, \"::1/128\", unix]\n",
	    "\nlimits:\n  connections: 8192\n",
	    "  min_body_rate: 1KiB/s\n",
	    "  retain:\n    payloads: 30d\n",
	    "    token: \"***\"\n",
	    "    retry: [0s, 2s, 10s, 30s, 2m, 5m, 10m, 20m, 40m, 1h]\n",
	    "    headers: {X-Team: \"***\"}\n",
	    "    proxy: \"***\"\n",
	    "    param: \"key=***\"\n",
	    "    route:\n      map: {\"a:b\": mega}\n",
	    "    tests: ignore\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (str_find_str(buf_str(&out), str_from(lines[i])) < 0)
			fail_msg("not printed: %s\n%s", lines[i], out.p);
	buf_release(&out);
	config_unref(c);
}

#define SOURCE                                                                 \
	"sources:\n"                                                           \
	"  s: {platform: shopify, secret: file:secret, destination: mega}\n"

static void test_reload_keeps_leads_with_their_customer(void **state)
{
	(void)state;
	struct config *running = load_clean(DESTINATION SOURCE);
	struct config *next =
	    load_clean("store: {path: /elsewhere.db}\n"
		       "log: {level: debug}\n"
		       "destinations:\n"
		       "  mega:\n"
		       "    url: https://crm.example.com/other\n"
		       "    customer_id: 00000000-0000-0000-0000-000000000002\n"
		       "    token: file:secret\n" SOURCE);
	struct config_problems p = {0};
	config_compare(running, next, &p);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.errors, 1);
	assert_string_equal(p.v[0].text,
			    "'store.path' has changed: that needs a restart");
	assert_true(p.v[0].warning);
	assert_string_equal(p.v[1].text,
			    "customer_id of destination 'mega' has changed, "
			    "but leads wait for it");
	assert_string_equal(p.v[1].destination, "mega");
	assert_int_equal(p.v[1].line, 4);
	config_problems_excuse(&p, STR("other"));
	assert_int_equal(p.errors, 1);
	config_problems_excuse(&p, STR("mega"));
	assert_int_equal(p.errors, 0);
	config_problems_release(&p);
	config_unref(next);

	next = load_whatever("");
	config_compare(running, next, &p);
	assert_int_equal(p.errors, 2);
	assert_string_equal(
	    p.v[1].text, "destination 'mega' is gone, but leads wait for it");
	assert_string_equal(p.v[0].text, "all 1 sources are gone: stop the "
					 "daemon instead");
	config_problems_release(&p);
	config_compare(running, running, &p);
	assert_int_equal(p.n, 0);
	config_unref(next);
	config_unref(running);
}

/* Who asks for the state of a running daemon may read no secret, and the file
 * may hold a mistake by now. */
static void test_admin_socket_is_found_without_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *want; /* want NULL: refused */
	} rows[] = {
	    {"default", "log: {level: info}\n", "/run/leadbridge/admin.sock"},
	    {"empty file", "", "/run/leadbridge/admin.sock"},
	    {"one text", "admin: {listen: unix:/a.sock}\n", "/a.sock"},
	    {"second of a list",
	     "admin: {listen: [127.0.0.1:1, unix:/b.sock], token: file:none}\n",
	     "/b.sock"},
	    {"a mistake elsewhere",
	     "admin: {listen: unix:/a.sock}\nsuorces: {}\n", "/a.sock"},
	    {"TCP only", "admin: {listen: 127.0.0.1:1}\n", NULL},
	    {"no YAML", "admin: {listen: unix:/a.sock\n", NULL},
	    {"no mapping", "- admin\n", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *found = NULL;
		struct err err = {0};
		file_write("main.yaml", rows[i].text, 0600);
		int rc = config_admin_socket("main.yaml", &found, &err);
		bool fits = rows[i].want == NULL
				? rc != 0 && found == NULL && err.text[0]
				: rc == 0 && strcmp(found, rows[i].want) == 0;
		if (!fits)
			fail_msg("%s: %d '%s' %s", rows[i].name, rc,
				 found != NULL ? found : "", err.text);
		free(found);
	}
	char *found = NULL;
	struct err err = {0};
	assert_int_not_equal(config_admin_socket("none.yaml", &found, &err), 0);
}

static void test_old_configuration_lives_as_long_as_it_is_used(void **state)
{
	(void)state;
	struct config *c = load_clean(DESTINATION SOURCE);
	struct config *held = config_ref(c);
	config_unref(c);
	assert_string_equal(held->destinations[0]->name, "mega");
	config_unref(held);
	config_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty_file_is_all_defaults),
	    cmocka_unit_test(test_destination_has_its_defaults),
	    cmocka_unit_test(test_source_is_filled_and_prepared),
	    cmocka_unit_test(test_files_of_conf_d_are_merged),
	    cmocka_unit_test(test_json_is_accepted),
	    cmocka_unit_test(test_print_shows_no_secret_and_can_be_read),
	    cmocka_unit_test(test_reload_keeps_leads_with_their_customer),
	    cmocka_unit_test(test_admin_socket_is_found_without_secrets),
	    cmocka_unit_test(
		test_old_configuration_lives_as_long_as_it_is_used),
	};
	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
