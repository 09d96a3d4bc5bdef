/* SPDX-License-Identifier: MIT */
/*
 * "JANE O'BRIEN-MCKAY" and "jane doe" as people write themselves, where
 * somebody wants that (`recase: true`); "DOE JANE" turned round (`cnam_swap:
 * true`). Only names in one case throughout and in ASCII; what looks like a
 * company or holds a digit stays. Pure.
 */
#include "lead/text.h"
#include "leadbridge/lead.h"

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool letter(char c)
{
	return upper(c) || lower(c);
}

static bool one_case(struct str s)
{
	bool has_upper = false, has_lower = false;
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		if ((unsigned char)s.p[i] >= 0x80 || digit || s.p[i] == '&')
			return false;
		has_upper |= upper(s.p[i]);
		has_lower |= lower(s.p[i]);
	}
	return has_upper != has_lower;
}

static bool company(struct str name)
{
	static const char *const words[] = {
	    "llc",      "llc.",  "inc",   "inc.",     "ltd",   "ltd.",
	    "llp",      "corp",  "corp.", "co",       "co.",   "company",
	    "gmbh",     "pllc",  "lp",    "services", "group", "the",
	    "dba",      "trust", "bank",  "and",      "of",    "university",
	    "hospital", NULL};
	struct str rest = name;
	while (rest.p != NULL)
		if (text_in(str_cut(rest, ' ', &rest), words))
			return true;
	return false;
}

/* "III" and "JD" are not words. */
static bool stays(struct str word)
{
	static const char *const numbers[] = {"ii", "iii", "iv", NULL};
	if (word.n > 3 || !upper(word.p[0]))
		return false;
	if (text_in(word, numbers))
		return true;
	for (size_t i = 0; i < word.n; i++)
		if (!upper(word.p[i]) || strchr("AEIOUY", word.p[i]) != NULL)
			return false;
	static const char *const spoken[] = {"jr",  "sr", "dr", "mr",
					     "mrs", "ms", "st", NULL};
	return word.n > 1 && !text_in(word, spoken);
}

/* Whether the letter at i begins a part: of the word, behind a hyphen or a
 * full stop, behind O' and D', behind Mc. */
static bool begins(struct str word, size_t i)
{
	if (i == 0 || !letter(word.p[i - 1])) {
		bool mark = i > 0 && word.p[i - 1] == '\'';
		return !mark || i == 1 || i == 2;
	}
	struct str mc = STR("mc");
	return i == 2 && word.n > 3 && str_ieq(str_sub(word, 0, 2), mc);
}

static void write_word(struct str word, char *out)
{
	bool as_is = word.n > 0 && stays(word);
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		if (!as_is && letter(c))
			c = (char)(begins(word, i) ? c & ~0x20 : c | 0x20);
		out[i] = c;
	}
}

struct str name_recase(struct arena *a, struct str name)
{
	if (name.n == 0 || !one_case(name) || company(name))
		return name;
	char *out = arena_alloc(a, name.n + 1);
	struct str rest = name;
	memset(out, ' ', name.n);
	while (rest.p != NULL) {
		size_t at = (size_t)(rest.p - name.p);
		write_word(str_cut(rest, ' ', &rest), out + at);
	}
	return (struct str){out, name.n};
}

/* "DOE JANE M", "DOE,JANE": the family name comes first. */
struct str name_from_cnam(struct arena *a, struct str name)
{
	long at = str_find(name, ',');
	if (at < 0)
		at = str_find(name, ' ');
	bool capitals = one_case(name) && upper(name.p[0]);
	if (at <= 0 || !capitals || company(name))
		return name;
	struct str family = str_trim(str_sub(name, 0, (size_t)at));
	struct str given = str_trim(str_sub(name, (size_t)at + 1, name.n));
	if (given.n == 0 || str_find(given, ',') >= 0)
		return name;
	return arena_printf(a, "%.*s %.*s", STR_FMT(given), STR_FMT(family));
}
