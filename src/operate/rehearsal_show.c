/* SPDX-License-Identifier: MIT */
/* What a rehearsal found, for people and for programs. */
#include "operate/rehearsal_parts.h"

static const char *const kind_words[] = {
    [CHANGE_CHANGED] = "changed",
    [CHANGE_ADDED] = "added",
    [CHANGE_REMOVED] = "removed",
};

/* Members that are the configuration's words, and nobody's data. */
static bool is_ours(struct str member)
{
	static const char *const ours[] = {"source_platform",
					   "source_type",
					   "stage_slug",
					   "destination",
					   "fate",
					   "request",
					   "key",
					   "custom_fields.attribution_rule",
					   "custom_fields.channel"};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_eq(member, str_from(ours[i])))
			return true;
	return false;
}

/* The first and the last two characters of what is long enough. */
static void add_masked(struct str text, struct buf *b)
{
	static const char dots[] = "\u2022\u2022\u2022";
	size_t ends[3] = {0}, n = 0; /* where the last three begin */
	for (size_t i = 0; i < text.n; i++) {
		if (((unsigned char)text.p[i] & 0xC0) == 0x80)
			continue;
		ends[n++ % 3] = i;
	}
	size_t second = n >= 2 ? ends[(n - 2) % 3] : 0, first = 0;
	while (first < text.n &&
	       (first == 0 || ((unsigned char)text.p[first] & 0xC0) == 0x80))
		first++;
	if (n >= 6)
		buf_add_str(b, str_sub(text, 0, first));
	buf_add_str(b, str_from(dots));
	if (n >= 6)
		buf_add_str(b, str_sub(text, second, text.n));
}

static struct str shown(struct arena *a, const struct change *c,
			struct str text, bool reveal)
{
	struct buf b;
	if (text.p == NULL || text.n == 0 || reveal || is_ours(c->member))
		return text;
	buf_init(&b, text.n + 64);
	add_masked(text, &b);
	struct str out = arena_copy_buf(a, &b);
	buf_release(&b);
	return out;
}

/* Which of them: two texts that look alike when masked are still two. */
static void add_side(struct str text, struct buf *out)
{
	enum { SHOWN = 60 };
	size_t n = text.n < SHOWN ? text.n : SHOWN;
	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
		n--;
	if (text.p == NULL) {
		buf_addf(out, "nothing");
		return;
	}
	buf_add_json(out, str_sub(text, 0, n));
	if (n < text.n)
		buf_addf(out, "...");
}

static void text_change(const struct change *c, bool reveal, struct arena *a,
			struct buf *out)
{
	buf_addf(out, "  %-32.*s %-8s %6lld", STR_FMT(c->member),
		 kind_words[c->kind], (long long)c->n);
	for (int64_t i = 0; i < c->n && i < EXAMPLES_MAX; i++) {
		const struct example *e = &c->examples[i];
		buf_addf(out, "%s", i == 0 ? "  " : "; ");
		add_side(shown(a, c, e->now, reveal), out);
		buf_addf(out, " -> ");
		add_side(shown(a, c, e->next, reveal), out);
	}
	buf_add_char(out, '\n');
}

void rehearsal_text(const struct rehearsal *r, bool reveal, struct buf *out)
{
	struct arena a;
	arena_init(&a);
	for (const struct tally *t = r->first; t != NULL; t = t->next) {
		buf_addf(out, "%.*s: %lld of %lld requests differ\n",
			 STR_FMT(t->source), (long long)t->differ,
			 (long long)t->requests);
		for (const struct change *c = t->changes; c != NULL;
		     c = c->next)
			text_change(c, reveal, &a, out);
	}
	if (r->skipped > 0)
		buf_addf(out,
			 "%lld requests of sources that are not configured "
			 "were left out\n",
			 (long long)r->skipped);
	buf_addf(out, "%lld of %lld requests differ\n", (long long)r->differ,
		 (long long)r->requests);
	arena_release(&a);
}

static void json_side(const char *name, struct str text, struct buf *out)
{
	buf_addf(out, "\"%s\":", name);
	if (text.p == NULL)
		buf_addf(out, "null");
	else
		buf_add_json(out, text);
}

static void json_change(const struct change *c, bool reveal, struct arena *a,
			struct buf *out)
{
	buf_addf(out, "{\"member\":");
	buf_add_json(out, c->member);
	buf_addf(out, ",\"change\":\"%s\",\"count\":%lld,\"examples\":[",
		 kind_words[c->kind], (long long)c->n);
	for (int64_t i = 0; i < c->n && i < EXAMPLES_MAX; i++) {
		buf_addf(out, "%s{", i > 0 ? "," : "");
		json_side("now", shown(a, c, c->examples[i].now, reveal), out);
		buf_add_char(out, ',');
		json_side("next", shown(a, c, c->examples[i].next, reveal),
			  out);
		buf_add_char(out, '}');
	}
	buf_addf(out, "]}");
}

void rehearsal_json(const struct rehearsal *r, bool reveal, struct buf *out)
{
	struct arena a;
	arena_init(&a);
	buf_addf(out,
		 "{\"requests\":%lld,\"differ\":%lld,\"skipped\":%lld,"
		 "\"sources\":{",
		 (long long)r->requests, (long long)r->differ,
		 (long long)r->skipped);
	for (const struct tally *t = r->first; t != NULL; t = t->next) {
		buf_addf(out, "%s", t == r->first ? "" : ",");
		buf_add_json(out, t->source);
		buf_addf(out,
			 ":{\"requests\":%lld,\"differ\":%lld,"
			 "\"changes\":[",
			 (long long)t->requests, (long long)t->differ);
		for (const struct change *c = t->changes; c != NULL;
		     c = c->next) {
			buf_addf(out, "%s", c == t->changes ? "" : ",");
			json_change(c, reveal, &a, out);
		}
		buf_addf(out, "]}");
	}
	buf_addf(out, "}}\n");
	arena_release(&a);
}
