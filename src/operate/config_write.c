/* SPDX-License-Identifier: MIT */
/*
 * Values as they would be written in the file: flow style, quoted where YAML
 * would read something else, secrets as "***". For --print-config, messages
 * and the comparison of two configurations.
 */
#include "operate/config_values.h"

#include "base/network.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest unit that divides v. */
static void write_units(struct buf *out, int64_t v, const struct unit *units)
{
	while (units->factor > 1 && (v == 0 || v % units->factor != 0))
		units++;
	buf_addf(out, "%lld%s", (long long)(v / units->factor), units->name);
}

void write_duration(struct buf *out, int64_t ms)
{
	static const struct unit units[] = {{"d", 86400000},
					    {"h", 3600000},
					    {"m", 60000},
					    {"s", 1000},
					    {"ms", 1}};
	if (ms == 0)
		buf_add_str(out, STR("0s"));
	else
		write_units(out, ms, units);
}

void write_size(struct buf *out, int64_t bytes)
{
	static const struct unit units[] = {
	    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
	write_units(out, bytes, units);
}

static bool plain_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' ||
	       c == '_' || c == '+' || c == '=';
}

/* Plain where every YAML reader sees the same text. */
void write_scalar(struct buf *out, struct str text)
{
	bool plain = text.n > 0 && plain_char(text.p[0]) && text.p[0] != '-';
	for (size_t i = 0; plain && i < text.n; i++)
		plain = plain_char(text.p[i]) ||
			(text.p[i] == ':' && i + 1 < text.n);
	if (plain)
		buf_add_str(out, text);
	else
		buf_add_json(out, text);
}

void write_bool(const struct key *k, const void *base, struct buf *out)
{
	const bool *field = key_field_of(k, base);
	buf_add_str(out, *field ? STR("true") : STR("false"));
}

void write_int(const struct key *k, const void *base, struct buf *out)
{
	const int64_t *field = key_field_of(k, base);
	buf_add_int(out, *field);
}

void write_duration_key(const struct key *k, const void *base, struct buf *out)
{
	const int64_t *field = key_field_of(k, base);
	write_duration(out, *field);
}

void write_size_key(const struct key *k, const void *base, struct buf *out)
{
	const int64_t *field = key_field_of(k, base);
	write_size(out, *field);
}

void write_body_size(const struct key *k, const void *base, struct buf *out)
{
	const size_t *field = key_field_of(k, base);
	write_size(out, (int64_t)*field);
}

void write_byte_rate(const struct key *k, const void *base, struct buf *out)
{
	write_size_key(k, base, out);
	buf_add_str(out, STR("/s"));
}

void write_text(const struct key *k, const void *base, struct buf *out)
{
	char *const *field = key_field_of(k, base);
	if (*field == NULL)
		return;
	if ((k->flags & KEY_HIDDEN) != 0)
		buf_add_str(out, STR("\"***\""));
	else
		write_scalar(out, str_from(*field));
}

static void write_choice_at(const struct key *k, unsigned position,
			    struct buf *out)
{
	struct str rest = str_from(k->choices);
	struct str word = str_cut(rest, ' ', &rest);
	for (unsigned i = 0; i < position; i++)
		word = str_cut(rest, ' ', &rest);
	buf_add_str(out, word);
}

void write_choice(const struct key *k, const void *base, struct buf *out)
{
	const unsigned *field = key_field_of(k, base);
	write_choice_at(k, *field, out);
}

void write_either(const struct key *k, const void *base, struct buf *out)
{
	const bool *field = key_field_of(k, base);
	write_choice_at(k, *field ? 1 : 0, out);
}

void write_platform(const struct key *k, const void *base, struct buf *out)
{
	const struct source_ops *const *field = key_field_of(k, base);
	if (*field != NULL)
		buf_add_str(out, str_from((*field)->platform));
}

void write_secret(const struct key *k, const void *base, struct buf *out)
{
	const struct secret *field = key_field_of(k, base);
	if (field->bytes != NULL)
		buf_add_str(out, STR("\"***\""));
}

static void write_stars(size_t n, struct buf *out)
{
	if (n == 0)
		return;
	buf_add_str(out, n > 1 ? STR("[\"***\"") : STR("\"***\""));
	for (size_t i = 1; i < n; i++)
		buf_add_str(out, STR(", \"***\""));
	if (n > 1)
		buf_add_char(out, ']');
}

void write_secrets(const struct key *k, const void *base, struct buf *out)
{
	const struct secrets *field = key_field_of(k, base);
	write_stars(field->n, out);
}

void write_named_secret(const struct key *k, const void *base, struct buf *out)
{
	char *const *field = key_field_of(k, base);
	if (*field != NULL)
		buf_addf(out, "\"%s%s***\"", *field, k->choices);
}

void write_tokens(const struct key *k, const void *base, struct buf *out)
{
	struct named_secret *const *field = key_field_of(k, base);
	const size_t *n =
	    (const size_t *)(const void *)((const char *)base + k->offset2);
	for (size_t i = 0; i < *n; i++) {
		buf_add_str(out, i > 0 ? STR(", ") : STR("{"));
		write_scalar(out, str_from((*field)[i].name));
		buf_add_str(out, STR(": "));
		write_stars(1, out);
	}
	if (*n > 0)
		buf_add_char(out, '}');
}

void write_headers(const struct key *k, const void *base, struct buf *out)
{
	struct header_rule *const *field = key_field_of(k, base);
	const size_t *n =
	    (const size_t *)(const void *)((const char *)base + k->offset2);
	if (*n == 0)
		return;
	buf_add_char(out, '{');
	for (size_t i = 0; i < *n; i++) {
		if (i > 0)
			buf_add_str(out, STR(", "));
		write_scalar(out, str_from((*field)[i].name));
		buf_add_str(out, STR(": "));
		write_stars((*field)[i].value.n, out);
	}
	buf_add_char(out, '}');
}

/* Between the entries of a list. */
static void write_comma(size_t i, struct buf *out)
{
	buf_add_str(out, i == 0 ? STR("[") : STR(", "));
}

void write_texts(const struct key *k, const void *base, struct buf *out)
{
	const struct text_list *field = key_field_of(k, base);
	for (size_t i = 0; i < field->n; i++) {
		write_comma(i, out);
		write_scalar(out, str_from(field->v[i]));
	}
	if (field->n > 0)
		buf_add_char(out, ']');
}

static void write_rate(const struct rate *r, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {
	    {1000, "s"}, {60000, "min"}, {3600000, "h"}, {86400000, "d"}};
	buf_addf(out, "%lld/", (long long)r->count);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (r->window_ms == units[i].ms) {
			buf_add_str(out, str_from(units[i].name));
			return;
		}
	}
	write_duration(out, r->window_ms);
}

void write_rates(const struct key *k, const void *base, struct buf *out)
{
	const struct rate_list *field = key_field_of(k, base);
	for (size_t i = 0; i < field->n; i++) {
		write_comma(i, out);
		write_rate(&field->v[i], out);
	}
	if (field->n > 0)
		buf_add_char(out, ']');
}

void write_durations(const struct key *k, const void *base, struct buf *out)
{
	const struct duration_list *field = key_field_of(k, base);
	for (size_t i = 0; i < field->n; i++) {
		write_comma(i, out);
		write_duration(out, field->v[i]);
	}
	if (field->n > 0)
		buf_add_char(out, ']');
}

static void write_network(const struct network *n, struct buf *out)
{
	struct address a = {.local = n->local};
	char text[ADDRESS_TEXT];
	memcpy(a.bytes, n->addr, sizeof(a.bytes));
	address_format(&a, text);
	bool v6 = str_find(str_from(text), ':') >= 0;
	if (n->local)
		buf_add_str(out, STR("unix"));
	else
		buf_addf(out, v6 ? "\"%s/%d\"" : "%s/%d", text,
			 v6 ? n->bits : n->bits - 96);
}

void write_networks(const struct key *k, const void *base, struct buf *out)
{
	const struct network_list *field = key_field_of(k, base);
	for (size_t i = 0; i < field->n; i++) {
		write_comma(i, out);
		write_network(&field->v[i], out);
	}
	if (field->n > 0)
		buf_add_char(out, ']');
}

void write_map(const struct key *k, const void *base, struct buf *out)
{
	const struct text_map *field = key_field_of(k, base);
	for (size_t i = 0; i < field->n; i++) {
		struct str from = str_from(field->v[i].from);
		buf_add_str(out, i == 0 ? STR("{") : STR(", "));
		if (str_find(from, ':') < 0)
			write_scalar(out, from);
		else
			buf_add_json(out, from);
		buf_add_str(out, STR(": "));
		write_scalar(out, str_from(field->v[i].to));
	}
	if (field->n > 0)
		buf_add_char(out, '}');
}

void write_outcomes(const struct key *k, const void *base, struct buf *out)
{
	struct outcome_override *const *field = key_field_of(k, base);
	const size_t *n =
	    (const size_t *)(const void *)((const char *)base + k->offset2);
	for (size_t i = 0; i < *n; i++)
		buf_addf(out, "%s%d: %s", i == 0 ? "{" : ", ",
			 (*field)[i].status,
			 outcome_word((int)(*field)[i].outcome));
	if (*n > 0)
		buf_add_char(out, '}');
}
