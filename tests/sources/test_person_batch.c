/* SPDX-License-Identifier: MIT */
/*
 * What of a stored request is a person's, for requests as senders make them:
 * which units, what becomes of the bytes, and what the others keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "source_kit.h"
#include "sources/person.h"

#define HUBSPOT_ID "65059681032"

static const struct row {
	const char *name, *file;
	struct subject_text who;
	const char *units; /* '1' for each unit that is theirs */
	enum raw_fate raw;
	const char *gone, *stays; /* of the bytes that are left */
	const char *known;        /* units that were known before: left out */
} rows[] = {
    {"one contact of a batch",
     "hubspot/batch",
     {.customer = {"7", 1}},
     "01000000",
     RAW_IS_CUT,
     "\"objectId\":7,",
     "\"objectId\":8",
     NULL},
    {"several elements, not the other portal's",
     "hubspot/batch",
     {.customer = {HUBSPOT_ID, 11}, .account = {"62515", 5}},
     "10001110",
     RAW_IS_CUT,
     "\"eventId\":5",
     "\"portalId\":99",
     NULL},
    {"whatever the portal",
     "hubspot/batch",
     {.customer = {HUBSPOT_ID, 11}},
     "10011110",
     RAW_IS_CUT,
     HUBSPOT_ID,
     "\"objectId\":7,",
     NULL},
    {"a deal with that id",
     "hubspot/batch",
     {.customer = {"8", 1}},
     "00000000",
     RAW_STAYS,
     NULL,
     NULL,
     NULL},
    {"an account's part",
     "hubspot/batch",
     {.account = {"99", 2}},
     "00010000",
     RAW_IS_CUT,
     "\"portalId\":99",
     "\"eventId\":5",
     NULL},
    {"a batch of which only another is new",
     "hubspot/batch",
     {.customer = {"7", 1}},
     "00000000",
     RAW_IS_CUT,
     "\"objectId\":7,",
     "\"objectId\":8",
     "11011111"},
    {"one id of a list",
     "zoho/batch",
     {.customer = {"5725767000003000010", 19}},
     "100",
     RAW_IS_CUT,
     "5725767000003000010",
     "5725767000003000020",
     NULL},
    {"one lead of a page",
     "meta_ads/batch",
     {.customer = {"24632921174883097", 17}},
     "1000",
     RAW_IS_CUT,
     "24632921174883097",
     "24632921174883098",
     NULL},
    {"alone in a request",
     "shopify/privacy_redact",
     {.email = {"John@Example.com", 16}},
     "1",
     RAW_GOES,
     NULL,
     NULL,
     NULL},
    {"another shop's",
     "shopify/privacy_redact",
     {.email = {"john@example.com", 16}, .account = {"other.example", 13}},
     "0",
     RAW_STAYS,
     NULL,
     NULL,
     NULL},
    {"all of a shop",
     "shopify/privacy_redact",
     {.account = {"ACME.myshopify.com", 18}},
     "1",
     RAW_GOES,
     NULL,
     NULL,
     NULL},
    {"somebody else",
     "shopify/privacy_redact",
     {.email = {"jojohn@example.com", 18}},
     "0",
     RAW_STAYS,
     NULL,
     NULL,
     NULL},
};

static struct buf read_request(const char *file)
{
	char *path = xasprintf("sources/golden/%s.request", file);
	FILE *f = fopen(path, "rb");
	struct buf b;
	buf_init(&b, 1 << 20);
	if (f == NULL)
		fail_msg("no '%s'", path);
	char *room = buf_room(&b, 1 << 16);
	b.n += fread(room, 1, 1 << 16, f);
	(void)fclose(f);
	free(path);
	return b;
}

/* As the store shows what it has of a submission. */
static void stored(const struct row *row, const struct submission *sub,
		   struct arena *a, struct person_group *g)
{
	*g = (struct person_group){.request = 1,
				   .source = sub->source,
				   .received_at_ms = sub->received_at_ms,
				   .has_raw = true,
				   .content_type = sub->content_type,
				   .target = sub->target,
				   .headers = sub->headers,
				   .body = sub->body};
	g->units = arena_alloc(a, sub->n_units * sizeof(*g->units));
	for (uint32_t i = 0; i < sub->n_units; i++) {
		const struct new_unit *u = &sub->units[i];
		const struct new_event *e = &sub->events[u->event];
		if (row->known != NULL && row->known[i] == '1')
			continue;
		g->units[g->n_units++] =
		    (struct person_unit){.id = i + 1,
					 .state = u->state,
					 .event_id = e->id,
					 .topic = e->topic,
					 .account = e->account,
					 .body = u->body};
	}
}

static bool units_are(const struct person_group *g, const char *want)
{
	for (size_t i = 0; want != NULL && i < g->n_units; i++)
		if (g->units[i].theirs != (want[g->units[i].id - 1] == '1'))
			return false;
	return true;
}

static bool bytes_are(const struct row *row, const struct person_group *g)
{
	if (row->raw != RAW_IS_CUT)
		return true;
	return str_find_str(g->cut, str_from(row->gone)) < 0 &&
	       str_find_str(g->cut, str_from(row->stays)) >= 0 &&
	       g->cut.n < g->body.n;
}

static bool check(const struct row *row)
{
	struct buf text = read_request(row->file);
	char folder[32];
	struct arena a = {0};
	struct subject who;
	struct golden_request request;
	struct submission *sub = NULL;
	struct reply reply = {0};
	const char *why = NULL;
	struct person_group g;
	struct err err = {0};
	(void)snprintf(folder, sizeof(folder), "%.*s",
		       (int)strcspn(row->file, "/"), row->file);
	const struct source *source = source_named(folder);
	golden_request_parse(buf_str(&text), &request);
	if (source_process(source, &request.request, golden_secret(), &sub,
			   &reply, &why) != 0)
		fail_msg("row '%s': refused: %s", row->name, why);
	if (subject_make(&a, &row->who, &who, &err) != 0)
		fail_msg("row '%s': %s", row->name, err.text);
	stored(row, sub, &a, &g);
	source_find_person(source, &who, golden_secret(), &a, &g);
	bool ok = g.raw == row->raw && units_are(&g, row->units) &&
		  bytes_are(row, &g);
	if (!ok) {
		print_error("row '%s': raw %d, units ", row->name, g.raw);
		for (size_t i = 0; i < g.n_units; i++)
			print_error("%d", g.units[i].theirs);
		print_error("\n%.*s\n", STR_FMT(g.cut));
	}
	submission_free(sub);
	buf_release(&text);
	arena_release(&a);
	return ok;
}

static void a_persons_part_is_found_and_the_others_stay(void **state)
{
	(void)state;
	bool ok = true;
	for (size_t i = 0; i < COUNT(rows); i++)
		ok = check(&rows[i]) && ok;
	assert_true(ok);
}

/* The adapter is gone, or was another then: nobody can say whose is whose. */
static void without_its_source_a_batch_cannot_be_cut(void **state)
{
	(void)state;
	struct buf text = read_request("hubspot/batch");
	struct arena a = {0};
	struct golden_request request;
	struct submission *sub = NULL;
	struct reply reply = {0};
	const char *why = NULL;
	struct person_group g;
	const struct subject who = {.customer = STR("7")};
	golden_request_parse(buf_str(&text), &request);
	assert_int_equal(source_process(source_named("hubspot"),
					&request.request, golden_secret(), &sub,
					&reply, &why),
			 0);
	stored(&rows[0], sub, &a, &g);
	source_find_person(NULL, &who, golden_secret(), &a, &g);
	assert_int_equal(g.raw, RAW_DROPPED);
	/* The one that waits for its fetch says itself whose it is. */
	assert_true(units_are(&g, "01000000"));
	submission_free(sub);
	buf_release(&text);
	arena_release(&a);
}

static int setup(void **state)
{
	(void)state;
	golden_setup();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	golden_teardown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_persons_part_is_found_and_the_others_stay),
	    cmocka_unit_test(without_its_source_a_batch_cannot_be_cut),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
