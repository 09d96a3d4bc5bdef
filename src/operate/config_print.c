/* SPDX-License-Identifier: MIT */
/*
 * The configuration as YAML: with the values in force (--print-config, secrets
 * as "***") or as the sample file, where every key stands with its help and
 * what is not active is commented out. A line "# text" is prose, "#key" and
 * "#  key" are keys. Both come from the key table.
 */
#include "operate/config_values.h"

#include "base/mem.h"

enum { VALUE_MAX = 1 << 20, WIDTH = 78 };

/* Nested keys are written as an outline; groups are opened as they come. */
struct outline {
	struct buf *out;
	enum key_section section;
	int indent;
	bool all;         /* everything is active */
	bool dash;        /* the next line begins a list entry */
	const char *last; /* name of the row before, or "" */
};

static void spaces(struct buf *out, int n)
{
	for (int i = 0; i < n; i++)
		buf_add_char(out, ' ');
}

/* Bytes of the groups both names stand in: "a.b." */
static size_t shared_groups(const char *a, const char *b)
{
	size_t shared = 0;
	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static int depth_of(struct str prefix)
{
	int depth = 0;
	for (size_t i = 0; i < prefix.n; i++)
		if (prefix.p[i] == '.')
			depth++;
	return depth;
}

/* Whether a row below prefix is active in the sample. */
static bool is_shown(enum key_section section, struct str prefix)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section == section && (k->flags & KEY_SHOWN) != 0 &&
		    str_starts(str_from(k->name), prefix))
			return true;
	}
	return false;
}

static void begin_line(struct outline *o, int depth, bool active)
{
	if (!active)
		buf_add_char(o->out, '#');
	int indent = o->indent + 2 * depth;
	if (o->dash) {
		spaces(o->out, indent - 2);
		buf_add_str(o->out, STR("- "));
		o->dash = false;
	} else {
		spaces(o->out, indent);
	}
}

static void open_groups(struct outline *o, const char *name)
{
	struct str all = str_from(name);
	size_t from = shared_groups(o->last, name);
	for (size_t i = from; i < all.n; i++) {
		if (all.p[i] != '.')
			continue;
		struct str prefix = str_sub(all, 0, i + 1);
		begin_line(o, depth_of(prefix) - 1,
			   o->all || is_shown(o->section, prefix));
		buf_addf(o->out, "%.*s:\n", STR_FMT(str_sub(all, from, i)));
		from = i + 1;
	}
	o->last = name;
}

static const char *leaf(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot != NULL ? dot + 1 : name;
}

/* ---- values in force --------------------------------------------------- */

/* A duration that has no default and was not given. */
static bool is_unset(const struct key *k, const void *base)
{
	if (k->type != KEY_DURATION || k->def != NULL)
		return false;
	const int64_t *field = key_field_of(k, base);
	return *field == 0;
}

static void print_row(struct outline *o, const struct key *k, const void *base)
{
	if (is_unset(k, base))
		return;
	struct buf value;
	buf_init(&value, VALUE_MAX);
	key_kind(k->type)->write(k, base, &value);
	if (value.n > 0) {
		open_groups(o, k->name);
		begin_line(o, depth_of(str_from(k->name)), true);
		buf_addf(o->out, "%s: ", leaf(k->name));
		buf_add_str(o->out, buf_str(&value));
		buf_add_char(o->out, '\n');
	}
	buf_release(&value);
}

static void print_section(struct outline *o, const void *base)
{
	for (size_t i = 0; i < key_count(); i++)
		if (key_at(i)->section == o->section)
			print_row(o, key_at(i), base);
}

static void print_listen(const struct config *c, struct buf *out)
{
	buf_add_str(out, STR("listen:\n"));
	for (size_t i = 0; i < c->n_listen; i++) {
		struct outline o = {.out = out,
				    .section = SECTION_LISTEN,
				    .indent = 4,
				    .all = true,
				    .dash = true,
				    .last = ""};
		print_section(&o, &c->listen[i]);
	}
}

static void print_entry(enum key_section section, const char *name,
			const void *base, struct buf *out)
{
	struct outline o = {.out = out,
			    .section = section,
			    .indent = 4,
			    .all = true,
			    .last = ""};
	buf_addf(out, "  %s:\n", name);
	print_section(&o, base);
}

static void print_destinations(const struct config *c, struct buf *out)
{
	if (c->n_destinations > 0)
		buf_add_str(out, STR("destinations:\n"));
	for (size_t i = 0; i < c->n_destinations; i++)
		print_entry(SECTION_DESTINATION, c->destinations[i]->name,
			    c->destinations[i], out);
}

static void print_sources(const struct config *c, struct buf *out)
{
	if (c->n_sources > 0)
		buf_add_str(out, STR("sources:\n"));
	for (size_t i = 0; i < c->n_sources; i++)
		print_entry(SECTION_SOURCE, c->sources[i]->name, c->sources[i],
			    out);
}

void config_print(const struct config *c, struct buf *out)
{
	struct outline o = {
	    .out = out, .section = SECTION_TOP, .all = true, .last = ""};
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section != SECTION_TOP)
			continue;
		if (k->type == KEY_LISTEN)
			print_listen(c, out);
		else if (k->type == KEY_DESTINATIONS)
			print_destinations(c, out);
		else if (k->type == KEY_SOURCES)
			print_sources(c, out);
		else
			print_row(&o, k, c);
	}
}

/* ---- sample ------------------------------------------------------------ */

/* Help as comment lines, wrapped at blanks. */
static void write_help(struct outline *o, int depth, const char *help)
{
	int indent = o->indent + 2 * depth;
	struct str rest = str_from(help);
	size_t room = (size_t)(WIDTH - indent - 2);
	while (rest.n > 0) {
		size_t end = rest.n;
		if (end > room) {
			end = room;
			while (end > 0 && rest.p[end] != ' ')
				end--;
		}
		spaces(o->out, indent);
		buf_addf(o->out, "# %.*s\n", STR_FMT(str_sub(rest, 0, end)));
		rest = str_trim(str_sub(rest, end, rest.n));
	}
}

static void sample_row(struct outline *o, const struct key *k)
{
	int depth = depth_of(str_from(k->name));
	const char *value = k->def != NULL ? k->def : k->example;
	open_groups(o, k->name);
	if (!o->dash)
		write_help(o, depth, k->help);
	begin_line(o, depth, (k->flags & KEY_SHOWN) != 0);
	buf_addf(o->out, "%s: %s\n", leaf(k->name), value);
}

static void sample_section(struct outline *o)
{
	for (size_t i = 0; i < key_count(); i++)
		if (key_at(i)->section == o->section)
			sample_row(o, key_at(i));
}

static void sample_group(struct buf *out, const struct key *k,
			 enum key_section section, const char *name)
{
	struct outline o = {.out = out,
			    .section = section,
			    .indent = 4,
			    .dash = k->type == KEY_LISTEN,
			    .last = ""};
	struct outline top = {.out = out};
	write_help(&top, 0, k->help);
	begin_line(&top, 0, (k->flags & KEY_SHOWN) != 0);
	buf_addf(out, "%s:\n", k->name);
	if (name != NULL)
		buf_addf(out, "#  %s:\n", name);
	sample_section(&o);
}

/* An empty line between groups, so that the eye finds them. */
static void sample_gap(struct outline *o, const struct key *k)
{
	struct str rest;
	struct str a = str_cut(str_from(o->last), '.', &rest);
	struct str b = str_cut(str_from(k->name), '.', &rest);
	if (!str_eq(a, b))
		buf_add_char(o->out, '\n');
}

void config_print_sample(struct buf *out)
{
	struct outline o = {.out = out, .section = SECTION_TOP, .last = ""};
	buf_add_str(
	    out,
	    STR("# leadbridge: every key with its default, or with an example "
		"where it has\n"
		"# none; see leadbridge.yaml(5). A key that is commented out "
		"has its default.\n"
		"# Check with: leadbridged --config FILE --check\n"));
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section != SECTION_TOP)
			continue;
		sample_gap(&o, k);
		if (k->type == KEY_LISTEN)
			sample_group(out, k, SECTION_LISTEN, NULL);
		else if (k->type == KEY_DESTINATIONS)
			sample_group(out, k, SECTION_DESTINATION, "mega");
		else if (k->type == KEY_SOURCES)
			sample_group(out, k, SECTION_SOURCE, "shop");
		else
			sample_row(&o, k);
		o.last = k->name;
	}
}
