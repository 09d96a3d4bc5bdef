/* SPDX-License-Identifier: MIT */
/*
 * A whole request, as text, through the adapter its path names, and through
 * another one, as if its proof were right. Seeds: every golden request, so that
 * each adapter and each profile is reached.
 */
#include <stdio.h>

#include "../sources/golden_sources.h"
#include "leadbridge/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* Of the stack of a libjq state only the end is pointed at: no leak. And libjq
 * 1.6 loses a member's name where an error ends a walk over an object's members
 * (`try [.[] | error("x")] catch .`). */
const char *__lsan_default_suppressions(void)
{
	return "leak:jv_mem_realloc\nleak:jv_mem_alloc";
}

/* The real proof of the raw request: nobody's signature is expected to fit. */
static void judge(const struct source *s, const struct golden_request *g)
{
	struct arena arena;
	struct proof proof = {.result = PROOF_OK, .matched = -1};
	struct source_call call = {s, &g->request, NULL, &arena};
	if (s->ops->verify == NULL || source_proof_in_body(s))
		return;
	arena_init(&arena);
	s->ops->verify(&call, &proof);
	lb_assert(proof.result == PROOF_OK || proof.matched < 0);
	arena_release(&arena);
}

static void believe(const struct source_call *call, struct proof *proof)
{
	(void)call;
	*proof = (struct proof){PROOF_OK, -1, NULL};
}

static void check(const struct source *s, const struct golden_request *g,
		  const struct submission *sub)
{
	struct reply reply;
	lb_assert(sub->n_events > 0 && sub->n_units >= sub->n_events);
	lb_assert(sub->body.n == g->request.body.n);
	for (uint32_t i = 0; i < sub->n_events; i++)
		lb_assert(sub->events[i].n_units > 0 &&
			  sub->events[i].id.n > 0);
	for (uint32_t i = 0; i < sub->n_units; i++) {
		const struct new_unit *u = &sub->units[i];
		bool fetch = u->state == UNIT_FETCHING;
		lb_assert((u->state == UNIT_WAITING || fetch) ==
			  (u->body.n > 0));
		lb_assert(fetch == is_fetch(u->body));
	}
	struct buf shown;
	buf_init(&shown, 64 << 20);
	lb_assert(source_dry_run(sub, &shown) == 0);
	lb_assert(str_is_utf8(buf_str(&shown)));
	buf_release(&shown);
	source_answer(s, sub, ANSWER_ACCEPTED, &reply);
	lb_assert(reply.status == 200 || reply.status == 303 ||
		  reply.status == 404);
}

static void feed(const struct source *source, const struct golden_request *g)
{
	struct source s = *source;
	struct source_ops proven = *s.ops;
	s.join_ms = s.conversation_ms = 1;
	struct submission *sub = NULL;
	struct reply reply = {0};
	const char *why = NULL;
	judge(&s, g);
	proven.verify = believe;
	s.ops = &proven;
	if (source_process(&s, &g->request, golden_secret(), &sub, &reply,
			   &why) == 0)
		check(&s, g, sub);
	else
		lb_assert(reply.status >= 400 && why != NULL);
	submission_free(sub);
}

/* /in/FOLDER[/TOKEN] */
static size_t named_by(const struct request *r)
{
	struct str rest;
	size_t i = 0;
	struct str name =
	    r->path.n > 4 ? str_sub(r->path, 4, r->path.n) : r->path;
	name = str_cut(name, '/', &rest);
	while (i < GOLDEN_SOURCES &&
	       !str_eq(name, str_from(golden_sources[i].folder)))
		i++;
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct golden_request g;
	if (!ready)
		golden_setup();
	ready = true;
	golden_request_parse((struct str){(const char *)data, size}, &g);
	size_t named = named_by(&g.request);
	size_t other = size % GOLDEN_SOURCES; /* any, but always the same */
	if (named < GOLDEN_SOURCES)
		feed(golden_sources[named].source, &g);
	if (other != named)
		feed(golden_sources[other].source, &g);
	return 0;
}
