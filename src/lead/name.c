/* SPDX-License-Identifier: MIT */
/*
 * Names of people, as they write them: blanks tidied, entities decoded once,
 * case left alone. What a switch, a chat widget or a robot puts in the place of
 * a name is no name. Pure.
 */
#include "lead/fields.h"
#include "lead/text.h"

enum {
	NAME_CHARS = 100, /* more is a message, not a name */
	LOOK_MAX = 800,   /* bytes that are looked at: what cannot be 100
			     characters even where each is escaped */
	ENTITY_MAX = 10,
};

static const struct {
	const char *name;
	uint32_t code;
} entities[] = {
    {"amp", '&'},     {"lt", '<'},      {"gt", '>'},       {"quot", '"'},
    {"apos", '\''},   {"nbsp", 0xA0},   {"rsquo", 0x2019}, {"lsquo", 0x2018},
    {"aacute", 0xE1}, {"eacute", 0xE9}, {"iacute", 0xED},  {"oacute", 0xF3},
    {"uacute", 0xFA}, {"ntilde", 0xF1}, {"ouml", 0xF6},    {"uuml", 0xFC},
    {"auml", 0xE4},   {"szlig", 0xDF},  {"egrave", 0xE8},  {"ccedil", 0xE7},
};

/* "#39", "#x27": the code point, or 0. */
static uint32_t numeric_entity(struct str s)
{
	bool hex = s.n > 1 && (s.p[1] == 'x' || s.p[1] == 'X');
	uint32_t c = 0;
	size_t i = hex ? 2 : 1;
	if (i >= s.n)
		return 0;
	for (; i < s.n; i++) {
		char d = (char)(s.p[i] | 0x20);
		bool decimal = s.p[i] >= '0' && s.p[i] <= '9';
		if (!decimal && !(hex && d >= 'a' && d <= 'f'))
			return 0;
		c = c * (hex ? 16 : 10) +
		    (uint32_t)(decimal ? s.p[i] - '0' : d - 'a' + 10);
		if (c > 0x10FFFF)
			return 0;
	}
	return c >= 0xD800 && c <= 0xDFFF ? 0 : c;
}

/* The character behind "&…;" at *at, which moves past it; or 0. */
static uint32_t entity(struct str s, size_t *at)
{
	size_t end = *at + 1;
	while (end < s.n && end - *at <= ENTITY_MAX && s.p[end] != ';')
		end++;
	if (end >= s.n || s.p[end] != ';' || end == *at + 1)
		return 0;
	struct str name = str_sub(s, *at + 1, end);
	uint32_t c = name.p[0] == '#' ? numeric_entity(name) : 0;
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (str_eq(name, str_from(entities[i].name)))
			c = entities[i].code;
	if (c != 0)
		*at = end + 1;
	return c;
}

static uint32_t next_char(struct str s, size_t *at)
{
	uint32_t c = s.p[*at] == '&' ? entity(s, at) : 0;
	return c != 0 ? c : text_next(s, at);
}

/* Joiners shape letters of Persian and Indian scripts: there they stay. */
static bool hidden(uint32_t c, uint32_t before)
{
	if (c == 0xFFFD)
		return true;
	if ((c == 0x200C || c == 0x200D) && before >= 0x600)
		return false;
	return text_invisible(c);
}

/* Blanks collapsed, entities decoded; out holds text.n bytes. Returns the
 * bytes written. */
static size_t tidy(struct str text, char *out)
{
	size_t n = 0;
	uint32_t before = 0;
	bool blank = false;
	for (size_t at = 0; at < text.n;) {
		uint32_t c = next_char(text, &at);
		if (hidden(c, before))
			continue;
		if (text_blank(c)) {
			blank = n > 0;
			continue;
		}
		if (blank)
			out[n++] = ' ';
		blank = false;
		n += text_put(out + n, c);
		before = c;
	}
	return n;
}

static const char *const no_names[] = {
    "unknown",
    "unknown caller",
    "unknown name",
    "unknown number",
    "name unavailable",
    "anonymous",
    "anonymous caller",
    "unavailable",
    "not available",
    "private",
    "private caller",
    "private number",
    "restricted",
    "blocked",
    "withheld",
    "no caller id",
    "wireless caller",
    "cell phone",
    "toll free call",
    "toll free",
    "out of area",
    "google voice",
    "no name",
    "n/a",
    "na",
    "undefined",
    "visitor",
    "website visitor",
    "guest",
    NULL,
};

/* Programs write these, people do not: "Null" is a surname. */
static const char *const program_words[] = {
    "null", "NULL", "none", "None", "NONE", "undefined", "N/A",
    "n/a",  "NaN",  "-",    "--",   ".",    "(not set)", NULL,
};

/* tawk.to: 'V' and a run of digits. */
static bool visitor_number(struct str s)
{
	if (s.n < 5 || s.p[0] != 'V')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Intercom: "Amber Koala from Tucson". A colour, an animal, "from", a place. */
static bool colour_animal(struct str s)
{
	static const char *const colours[] = {
	    "amber",    "aqua",    "azure",   "beige",  "black",   "blue",
	    "bronze",   "brown",   "copper",  "coral",  "crimson", "cyan",
	    "gold",     "gray",    "green",   "grey",   "indigo",  "ivory",
	    "lavender", "lime",    "magenta", "maroon", "mauve",   "navy",
	    "olive",    "orange",  "pink",    "purple", "red",     "rose",
	    "ruby",     "scarlet", "silver",  "tan",    "teal",    "turquoise",
	    "violet",   "white",   "yellow",  NULL};
	static const char *const animals[] = {
	    "badger",    "bat",      "bear",     "beaver",   "bee",
	    "bird",      "bison",    "boar",     "buffalo",  "butterfly",
	    "camel",     "cat",      "cheetah",  "cow",      "crab",
	    "crocodile", "deer",     "dog",      "dolphin",  "duck",
	    "eagle",     "elephant", "elk",      "ferret",   "fish",
	    "flamingo",  "fox",      "frog",     "giraffe",  "goat",
	    "goose",     "gorilla",  "hamster",  "hare",     "hedgehog",
	    "hippo",     "horse",    "jaguar",   "kangaroo", "koala",
	    "lemur",     "leopard",  "lion",     "lizard",   "llama",
	    "lynx",      "monkey",   "moose",    "mouse",    "octopus",
	    "ostrich",   "otter",    "owl",      "panda",    "panther",
	    "parrot",    "peacock",  "penguin",  "pig",      "pigeon",
	    "puma",      "rabbit",   "raccoon",  "rhino",    "seal",
	    "shark",     "sheep",    "sloth",    "snake",    "sparrow",
	    "spider",    "squid",    "squirrel", "swan",     "tiger",
	    "toucan",    "turtle",   "walrus",   "whale",    "wolf",
	    "wombat",    "yak",      "zebra",    NULL};
	struct str rest, colour = str_cut(s, ' ', &rest);
	struct str animal = str_cut(rest, ' ', &rest);
	struct str from = str_cut(rest, ' ', &rest);
	return rest.n > 0 && str_ieq(from, STR("from")) &&
	       text_in(colour, colours) && text_in(animal, animals);
}

/* Caller names of mobiles: "TUCSON AZ", "CELL PHONE NY". All capitals; states
 * that are also surnames or parts of names (MA, OH, LA …) do not count. */
static bool city_state(struct str s)
{
	static const char *const states[] = {
	    "AK", "AZ", "AR", "CT", "FL", "ID", "IL", "IA", "KS", "MD", "MN",
	    "MS", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "RI", "SC",
	    "SD", "TN", "TX", "UT", "VT", "WV", "WI", "WY", NULL};
	if (s.n < 5 || s.p[s.n - 3] != ' ' ||
	    !text_in_exactly(str_sub(s, s.n - 2, s.n), states))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ' && s.p[i] != '.' &&
		    (s.p[i] < 'A' || s.p[i] > 'Z'))
			return false;
	return true;
}

/* An address of the web or of a person, or no letter at all. */
static bool not_a_name(struct str s)
{
	bool letters = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = (char)(s.p[i] | 0x20);
		letters = letters || (c >= 'a' && c <= 'z') ||
			  (unsigned char)s.p[i] >= 0x80;
	}
	return !letters || str_ifind_str(s, STR("http")) >= 0 ||
	       str_ifind_str(s, STR("www.")) >= 0 ||
	       str_find_str(s, STR("://")) >= 0 || str_find(s, '@') >= 0;
}

static bool generated(struct str s)
{
	return text_in_exactly(s, program_words) || text_in(s, no_names) ||
	       text_absent(s) || visitor_number(s) || colour_animal(s) ||
	       city_state(s);
}

/* The tidied text, or STR_NONE where it is not what a person is called. */
static struct str judge(struct str name)
{
	size_t chars = 0;
	for (size_t at = 0; at < name.n; chars++)
		(void)text_next(name, &at);
	if (chars == 0 || chars > NAME_CHARS || not_a_name(name) ||
	    generated(name))
		return STR_NONE;
	return str_trim(text_cut(name, LEAD_NAME_MAX));
}

static struct str tidied(struct arena *a, struct str text)
{
	if (text.n == 0 || text.n > LOOK_MAX)
		return STR_NONE;
	char *out = arena_alloc(a, text.n + 1);
	return (struct str){out, tidy(text, out)};
}

struct str name_normalise(struct arena *a, struct str text)
{
	return judge(tidied(a, text));
}

/* One part of a name: "Na" is a surname, so only what programs write goes. */
static struct str part(struct arena *a, struct str text)
{
	struct str s = tidied(a, text);
	return s.n == 0 || text_in_exactly(s, program_words) ? STR_NONE : s;
}

/* "Jane Doe" and "Doe", "Jane" and "Jane": said once already. */
static bool repeats(struct str first, struct str last)
{
	if (first.n < last.n)
		return false;
	size_t at = first.n - last.n;
	return str_ieq(str_sub(first, at, first.n), last) &&
	       (at == 0 || first.p[at - 1] == ' ');
}

struct str name_join(struct arena *a, struct str first, struct str last)
{
	first = part(a, first);
	last = part(a, last);
	if (first.n == 0 || last.n == 0 || repeats(first, last))
		return judge(first.n > 0 ? first : last);
	return judge(
	    arena_printf(a, "%.*s %.*s", STR_FMT(first), STR_FMT(last)));
}
