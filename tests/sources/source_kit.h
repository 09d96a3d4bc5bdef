/* SPDX-License-Identifier: MIT */
/*
 * Small configured sources and requests as text, for the tests of the engine.
 * Included after cmocka.h.
 */
#ifndef LB_SOURCE_KIT_H
#define LB_SOURCE_KIT_H

#include "base/network.h"
#include "golden_sources.h"
#include "leadbridge/store.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define LITERAL(s) ((char *)(uintptr_t)(s))

static inline void no_proof(struct source *s)
{
	(void)s;
}

static inline void with_token(struct source *s)
{
	add_secret(&s->token, "0123456789abcdef");
}

static inline void with_secret(struct source *s)
{
	add_secret(&s->secret, "hush");
}

static inline void with_account(struct source *s)
{
	add_text(&s->accounts, "loc1");
}

static inline void with_header(struct source *s)
{
	static struct header_rule rule;
	if (rule.name == NULL) {
		rule.name = LITERAL("X-Key");
		add_secret(&rule.value, "k");
	}
	s->headers = &rule;
	s->n_headers = 1;
}

static inline void with_allow(struct source *s)
{
	static struct network network;
	assert_int_equal(network_parse(STR("192.0.2.0/24"), &network), 0);
	s->allow = (struct network_list){&network, 1};
}

static inline struct source *make(const char *platform,
				  void (*configure)(struct source *s))
{
	struct source *s = xcalloc(1, sizeof(*s));
	s->ops = source_ops_find(str_from(platform));
	s->name = LITERAL("src");
	add_text(&s->destinations, "mega");
	configure(s);
	return s;
}

static inline const struct source *source_named(const char *folder)
{
	for (size_t i = 0; i < GOLDEN_SOURCES && folder != NULL; i++)
		if (strcmp(golden_sources[i].folder, folder) == 0)
			return golden_sources[i].source;
	return NULL;
}

struct outcome_of {
	int code;
	const char *why;
	struct reply reply;
	struct submission *sub;
};

static inline struct outcome_of send(struct source *s, const char *text,
				     const char *client)
{
	struct outcome_of o = {0};
	struct golden_request g;
	struct err err = {0};
	if (s->max_body == 0 && source_prepare(s, &err) != 0)
		fail_msg("%s", err.text);
	golden_request_parse(str_from(text), &g);
	if (client != NULL)
		g.request.client = str_from(client);
	o.code = source_process(s, &g.request, golden_secret(), &o.sub,
				&o.reply, &o.why);
	return o;
}

static inline void expect_text(const char *what, struct str got,
			       const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("%s: '%.*s'", what, STR_FMT(got));
}

#endif
