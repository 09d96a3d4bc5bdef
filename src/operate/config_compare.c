/* SPDX-License-Identifier: MIT */
/*
 * What a running daemon cannot take over from a new configuration. Destinations
 * are judged by name: a lead carries it, so one that still has leads can
 * neither disappear nor become another customer. Keys that need a restart are
 * compared as text, by their rows.
 */
#include "base/mem.h"
#include "leadbridge/store.h"
#include "operate/config_values.h"

enum { TEXT_MAX = 65536 };

static void compare_key(const struct key *k, const struct config *running,
			const struct config *next,
			struct config_problems *problems)
{
	struct buf a, b;
	struct key bare = *k; /* passwords are compared, too */
	bare.flags &= ~(unsigned)KEY_HIDDEN;
	buf_init(&a, TEXT_MAX);
	buf_init(&b, TEXT_MAX);
	key_kind(k->type)->write(&bare, running, &a);
	key_kind(k->type)->write(&bare, next, &b);
	struct place at = {next->path, 0, 0};
	if (!str_eq(buf_str(&a), buf_str(&b)))
		problems_warn(problems, at,
			      "'%s' has changed: that needs a restart",
			      k->name);
	if (a.p != NULL)
		mem_wipe(a.p, a.n);
	if (b.p != NULL)
		mem_wipe(b.p, b.n);
	buf_release(&a);
	buf_release(&b);
}

static void compare_destination(const struct destination_config *d,
				const struct config *next,
				struct config_problems *problems)
{
	const struct destination_config *now =
	    config_destination(next, str_from(d->name));
	if (now == NULL) {
		struct place at = {next->path, 0, 0};
		problems_orphan(problems, at, d->name,
				"destination '%s' is gone, but leads wait for "
				"it",
				d->name);
		return;
	}
	if (str_ieq(str_from(d->customer_id), str_from(now->customer_id)))
		return;
	struct place at = {now->file, now->line, 0};
	problems_orphan(problems, at, d->name,
			"customer_id of destination '%s' has changed, but "
			"leads wait for it",
			d->name);
}

/* Nobody else could ask for those records. */
static void compare_source(const struct source *s, const struct config *next,
			   struct config_problems *problems)
{
	char queue[QUEUE_NAME];
	const struct source *now = config_source(next, str_from(s->name));
	if (!source_fetches(s) || (now != NULL && source_fetches(now)))
		return;
	struct place at = {next->path, now != NULL ? now->line : 0, 0};
	problems_orphan(problems, at, fetch_queue(str_from(s->name), queue).p,
			"the api of source '%s' is gone, but fetches wait for "
			"it",
			s->name);
}

/* An editor that is just writing leaves an empty file for a moment: every
 * sender would get 404, and most do not come again. */
static void compare_sources(const struct config *running,
			    const struct config *next,
			    struct config_problems *problems)
{
	struct place at = {next->path, 0, 0};
	if (running->n_sources > 0 && next->n_sources == 0)
		problems_error(problems, at,
			       "all %zu sources are gone: stop the daemon "
			       "instead",
			       running->n_sources);
}

void config_compare(const struct config *running, const struct config *next,
		    struct config_problems *problems)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section == SECTION_TOP && (k->flags & KEY_RESTART) != 0)
			compare_key(k, running, next, problems);
	}
	for (size_t i = 0; i < running->n_destinations; i++)
		compare_destination(running->destinations[i], next, problems);
	for (size_t i = 0; i < running->n_sources; i++)
		compare_source(running->sources[i], next, problems);
	compare_sources(running, next, problems);
	problems_sort(problems);
}
