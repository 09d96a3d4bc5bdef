/* SPDX-License-Identifier: MIT */
/*
 * E-mail addresses: taken out of what surrounds them, lower-cased, checked the
 * way a mail server would. Tags and dots stay: the CRM merges on equality, and
 * guessing would merge two people. Pure.
 */
#include "lead/fields.h"
#include "lead/text.h"

enum {
	LOCAL_MAX = 64,
	ADDRESS_MAX = 254,
	LABEL_MAX = 63,
	TEXT_MAX = 1024, /* bytes of a list of addresses that are looked at */
};

/* Full width folded, invisible characters gone. */
static struct str clean(struct arena *a, struct str text)
{
	text = str_trim(text_cut(text, TEXT_MAX));
	bool plain = true;
	for (size_t i = 0; i < text.n && plain; i++)
		plain = text.p[i] > 0x20 && text.p[i] < 0x7F;
	if (plain)
		return text;
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t at = 0; at < text.n;) {
		size_t from = at;
		uint32_t c = text_next(text, &at);
		if (text_blank(c)) {
			out[n++] = ' ';
		} else if (c >= 0xFF01 && c <= 0xFF5E) {
			out[n++] = (char)(c - 0xFEE0);
		} else if (!text_invisible(c)) {
			memcpy(out + n, text.p + from, at - from);
			n += at - from;
		}
	}
	return str_trim((struct str){out, n});
}

struct str email_split(struct str text, struct str *display)
{
	*display = STR_NONE;
	text = str_trim(text);
	long open = -1, close = -1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '<' && open < 0)
			open = (long)i;
		else if (text.p[i] == '>' && open >= 0 && close < 0)
			close = (long)i;
	}
	if (open < 0)
		return text;
	struct str name = str_trim(str_sub(text, 0, (size_t)open));
	if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = str_trim(str_sub(name, 1, name.n - 1));
	if (name.n > 0 && str_find(name, '@') < 0)
		*display = name;
	size_t end = close > 0 ? (size_t)close : text.n;
	return str_trim(str_sub(text, (size_t)open + 1, end));
}

/* "mailto:", "?subject=", and what a sentence leaves behind. */
static struct str bare(struct str s)
{
	if (str_istarts(s, STR("mailto:")))
		s = str_trim(str_sub(s, 7, s.n));
	long query = str_find(s, '?');
	if (query > 0 && str_find(s, '@') >= 0 && query > str_find(s, '@'))
		s = str_sub(s, 0, (size_t)query);
	while (s.n > 0 && strchr(".,;:)]>'\" ", s.p[s.n - 1]) != NULL)
		s.n--;
	while (s.n > 0 && strchr("<([\"' ", s.p[0]) != NULL)
		s = str_sub(s, 1, s.n);
	return s;
}

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* An atom of RFC 5322 with dots inside. */
static bool local_ok(struct str s)
{
	if (s.n == 0 || s.n > LOCAL_MAX || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.' ? s.p[i - 1] == '.'
			     : c == '\0' ||
				   (!alnum(c) &&
				    strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))
			return false;
	}
	return true;
}

static bool label_ok(struct str s)
{
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* Labels with a dot between them; the last one is no number. */
static bool host_ok(struct str s)
{
	struct str label = STR_NONE, rest = s;
	size_t labels = 0;
	while (rest.p != NULL) {
		label = str_cut(rest, '.', &rest);
		if (!label_ok(label))
			return false;
		labels++;
	}
	bool digits = true;
	for (size_t i = 0; i < label.n; i++)
		digits = digits && label.p[i] >= '0' && label.p[i] <= '9';
	return labels >= 2 && label.n >= 2 && !digits;
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

bool email_placeholder(struct str address)
{
	static const char *const whole[] = {
	    "none@none.com", "na@na.com",       "no@email.com",
	    "test@test.com", "none@email.com",  "na@email.com",
	    "no@no.com",     "email@email.com", NULL,
	};
	static const char *const locals[] = {"noemail", "unknown", "no-email",
					     "no.email", NULL};
	struct str host, local = str_cut(str_trim(address), '@', &host);
	return text_in(str_trim(address), whole) || text_in(local, locals) ||
	       str_ieq(host, STR("anonymous.invalid"));
}

static struct str assemble(struct arena *a, struct str local, struct str host)
{
	size_t n = local.n + 1 + host.n;
	char *p = arena_alloc(a, n + 1);
	memcpy(p, local.p, local.n);
	p[local.n] = '@';
	memcpy(p + local.n + 1, host.p, host.n);
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
	return (struct str){p, n};
}

static struct str one_address(struct arena *a, struct str s)
{
	struct str display, host;
	s = bare(email_split(s, &display));
	struct str local = str_cut(s, '@', &host);
	if (host.n == 0)
		return STR_NONE;
	if (!is_ascii(host))
		host = punycode_host(a, host);
	size_t n = local.n + 1 + host.n;
	if (!local_ok(local) || !host_ok(host) || n > ADDRESS_MAX)
		return STR_NONE;
	s = assemble(a, local, host);
	return email_placeholder(s) ? STR_NONE : s;
}

struct str email_normalise(struct arena *a, struct str text)
{
	text = clean(a, text);
	while (text.n > 0) {
		size_t end = 0;
		while (end < text.n && strchr(",;", text.p[end]) == NULL)
			end++;
		struct str found = one_address(a, str_sub(text, 0, end));
		if (found.p != NULL)
			return found;
		text = str_sub(text, end < text.n ? end + 1 : end, text.n);
	}
	return STR_NONE;
}
