/* SPDX-License-Identifier: MIT */
/*
 * Keeps secrets out of what is stored: the bytes of every configured secret,
 * also as JSON and percent escapes write them, become asterisks in the stored
 * body, target and headers. Lengths stay, so that stored JSON stays JSON.
 */
#include "base/codec.h"
#include "sources/engine.h"
#include "sources/profile.h"

/* n hex digits at p, or -1. */
static long hex_number(struct str s, size_t at, size_t n)
{
	long v = 0;
	if (s.n - at < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = hex_digit(s.p[at + i]);
		if (digit < 0)
			return -1;
		v = v * 16 + digit;
	}
	return v;
}

/* One written character and the bytes it stands for. */
struct unit {
	size_t written;
	unsigned char bytes[3];
	size_t n;
};

static void set_code_point(struct unit *u, long c)
{
	if (c < 0x80) {
		u->bytes[0] = (unsigned char)c;
		u->n = 1;
	} else if (c < 0x800) {
		u->bytes[0] = (unsigned char)(0xC0 | (c >> 6));
		u->bytes[1] = (unsigned char)(0x80 | (c & 0x3F));
		u->n = 2;
	} else {
		u->bytes[0] = (unsigned char)(0xE0 | (c >> 12));
		u->bytes[1] = (unsigned char)(0x80 | ((c >> 6) & 0x3F));
		u->bytes[2] = (unsigned char)(0x80 | (c & 0x3F));
		u->n = 3;
	}
}

/* JSON: \" \\ \/ \n ... and \uXXXX. False: this is no escape. */
static bool json_escape(struct str s, size_t at, struct unit *u)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (s.n - at < 2)
		return false;
	if (s.p[at + 1] == 'u') {
		long c = hex_number(s, at + 2, 4);
		if (c < 0)
			return false;
		u->written = 6;
		set_code_point(u, c);
		return true;
	}
	const char *found = strchr(from, s.p[at + 1]);
	if (found == NULL || *found == '\0')
		return false;
	u->written = 2;
	u->bytes[0] = (unsigned char)to[found - from];
	u->n = 1;
	return true;
}

static bool percent_escape(struct str s, size_t at, struct unit *u)
{
	long c = hex_number(s, at + 1, 2);
	if (c < 0)
		return false;
	*u = (struct unit){3, {(unsigned char)c}, 1};
	return true;
}

/* Whether the escape at s[at] stands for what the secret has at *of; both move
 * on when it does. */
static bool escape_fits(struct str s, size_t *at, struct str secret, size_t *of)
{
	struct unit u = {0};
	bool escape = true;
	if (s.p[*at] == '%')
		escape = percent_escape(s, *at, &u);
	else if (s.p[*at] == '\\')
		escape = json_escape(s, *at, &u);
	else if (s.p[*at] == '+')
		u = (struct unit){1, {' '}, 1};
	else
		return false;
	if (!escape || secret.n - *of < u.n ||
	    memcmp(secret.p + *of, u.bytes, u.n) != 0)
		return false;
	*at += u.written;
	*of += u.n;
	return true;
}

/* Bytes of text, from `from`, that are the secret in some writing; or 0. */
static size_t match_at(struct str text, size_t from, struct str secret)
{
	size_t at = from, of = 0;
	while (of < secret.n) {
		if (at >= text.n)
			return 0;
		if (text.p[at] == secret.p[of]) {
			at++;
			of++;
		} else if (!escape_fits(text, &at, secret, &of)) {
			return 0;
		}
	}
	return at - from;
}

/* Where the secret can begin at or after `from`: most bytes are neither its
 * first one nor the start of an escape. text.n when nowhere. */
static size_t next_start(struct str text, size_t from, struct str secret)
{
	char first = secret.p[0];
	for (; from < text.n; from++) {
		char c = text.p[from];
		if (c == first || c == '%' || c == '\\' || c == '+')
			break;
	}
	return from;
}

/* Calls for every secret of the source; stops when fn returns true. */
static bool any_list(const struct secrets *list,
		     bool (*fn)(void *ctx, struct str secret), void *ctx)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].n > 0 && fn(ctx, secret_str(&list->v[i])))
			return true;
	return false;
}

static bool any_secret(const struct source *source,
		       bool (*fn)(void *ctx, struct str secret), void *ctx)
{
	bool stop = any_list(&source->secret, fn, ctx) ||
		    any_list(&source->token, fn, ctx) ||
		    any_list(&source->basic_password, fn, ctx) ||
		    any_list(&source->param_value, fn, ctx);
	for (size_t i = 0; i < source->n_headers && !stop; i++)
		stop = any_list(&source->headers[i].value, fn, ctx);
	return stop;
}

struct overwriting {
	char *p;
	size_t n;
};

static bool overwrite(void *ctx, struct str secret)
{
	struct overwriting *o = ctx;
	struct str text = {o->p, o->n};
	size_t at = 0;
	while ((at = next_start(text, at, secret)) < text.n) {
		size_t n = match_at(text, at, secret);
		memset(o->p + at, '*', n);
		at += n > 0 ? n : 1;
	}
	return false;
}

static bool holds(void *ctx, struct str secret)
{
	const struct str *text = ctx;
	size_t at = 0;
	for (; (at = next_start(*text, at, secret)) < text->n; at++)
		if (match_at(*text, at, secret) > 0)
			return true;
	return false;
}

struct str redact_copy(const struct source *source, struct arena *keep,
		       struct str text)
{
	if (text.p == NULL)
		return STR_NONE;
	struct overwriting o = {arena_alloc(keep, text.n + 1), text.n};
	if (text.n > 0)
		memcpy(o.p, text.p, text.n);
	any_secret(source, overwrite, &o);
	if (source->ops->redact != NULL)
		source->ops->redact(o.p, o.n);
	return (struct str){o.p, o.n};
}

bool redact_found(const struct source *source, struct str text)
{
	return any_secret(source, holds, &text);
}

/* ---- headers ------------------------------------------------------------ */

enum { HEADERS_MAX = 64 * 1024 }; /* the listener takes fewer */

/* What explains a request later, or is needed to map it again. A name that
 * ends in '-' stands for all that start so. */
static const char *const kept[] = {
    "Accept",         "Date",       "Origin",     "Referer",
    "Sec-Fetch-Mode", "User-Agent", "X-Shopify-", "X-GHL-",
    "X-WH-",          "webhook-",   "svix-",      "X-Twilio-",
    "I-Twilio-",      "X-HubSpot-", "X-Mega-",    NULL,
};

static bool is_rule_header(const struct source *source, struct str name)
{
	for (size_t i = 0; i < source->n_headers; i++)
		if (str_ieq(name, str_from(source->headers[i].name)))
			return true;
	return str_ieq(name, STR("Authorization")) ||
	       str_ieq(name, STR("Cookie"));
}

static bool is_configured(const struct source *source, struct str name)
{
	const struct scheme_rule *scheme = &source->scheme;
	struct str id = str_from(source->event_id);
	if (str_starts(id, STR("header:")) &&
	    str_ieq(name, str_sub(id, 7, id.n)))
		return true;
	return profile_keeps_header(source, name) ||
	       str_ieq(name, str_from(scheme->header)) ||
	       str_ieq(name, str_from(scheme->timestamp_header)) ||
	       str_ieq(name, str_from(scheme->id_header));
}

static bool is_kept(const struct source *source, struct str name)
{
	if (name.n == 0 || is_rule_header(source, name))
		return false;
	for (size_t i = 0; kept[i] != NULL; i++) {
		struct str one = str_from(kept[i]);
		bool group = str_ends(one, STR("-"));
		if (group ? str_istarts(name, one) : str_ieq(name, one))
			return true;
	}
	return is_configured(source, name);
}

struct str redact_headers(const struct source *source,
			  const struct request *request, struct arena *keep)
{
	struct buf text;
	buf_init(&text, HEADERS_MAX);
	for (size_t i = 0; i < request->n_headers; i++) {
		const struct header *h = &request->headers[i];
		if (!is_kept(source, h->name))
			continue;
		buf_add_str(&text, h->name);
		buf_add_str(&text, STR(": "));
		buf_add_str(&text, h->value);
		buf_add_char(&text, '\n');
	}
	struct str out = redact_copy(source, keep, buf_str(&text));
	buf_release(&text);
	return out;
}
