/* SPDX-License-Identifier: MIT */
/*
 * Whether a stored lead has what somebody looks for: part of a name, an e-mail
 * address, a phone number, an event id or a reason; or a whole CRM id or key.
 * Of what could not be mapped nobody knows where the name is: there it is any
 * part of the request.
 * Upper and lower case are one, of ASCII. Reader thread only.
 */
#include <sqlite3.h>

#include "base/codec.h"
#include "lead/mask.h"
#include "leadbridge/lead.h"
#include "queue/sqlite_list.h"

enum { DIGITS_LEAST = 4, KEY_HEX = 32 };

/* "(020) 7946 0958": as it stands behind any country prefix. */
static struct str phone_digits(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c >= '0' && c <= '9' && (n > 0 || c != '0'))
			out[n++] = c;
		else if (strchr("0123456789+-(). /", c) == NULL || c == '\0')
			return STR_NONE;
	}
	return n >= DIGITS_LEAST ? (struct str){out, n} : STR_NONE;
}

static bool read_key(struct str text, unsigned char key[16])
{
	char hex[KEY_HEX];
	size_t n = 0;
	if (text.n != LEAD_KEY_TEXT - 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '-')
			continue;
		if (n == KEY_HEX)
			return false;
		hex[n++] = text.p[i];
	}
	return n == KEY_HEX &&
	       hex_decode((struct str){hex, n}, key, 16, &n) == 0;
}

void needle_init(struct needle *n, const char *text, const char *reason)
{
	*n = (struct needle){0};
	arena_init(&n->arena);
	n->text = str_trim(str_from(text));
	n->reason = str_trim(str_from(reason));
	if (n->text.n == 0)
		return;
	n->email = email_normalise(&n->arena, n->text);
	n->digits = phone_digits(&n->arena, n->text);
	n->is_key = read_key(n->text, n->key);
}

void needle_release(struct needle *n)
{
	arena_release(&n->arena);
}

bool needle_given(const struct needle *n)
{
	return n->text.n > 0 || n->reason.n > 0;
}

static bool has(struct str where, struct str what)
{
	return what.n > 0 && str_ifind_str(where, what) >= 0;
}

static bool person_has(const struct needle *n, struct str body)
{
	struct arena a;
	struct person p;
	/* Most bodies have none of it anywhere: no need to read those. */
	if (!has(body, n->text) && !has(body, n->digits) &&
	    !has(body, n->email))
		return false;
	arena_init(&a);
	bool found = person_read(&a, body, &p) &&
		     (has(p.name, n->text) || has(p.email, n->text) ||
		      has(p.phone, n->text) || has(p.phone, n->digits) ||
		      (n->email.n > 0 && str_ieq(p.email, n->email)));
	arena_release(&a);
	return found;
}

bool needle_found(const struct needle *n, struct sqlite3_stmt *st,
		  struct str request)
{
	struct str key = sqlite_str(st, COL_KEY);
	if (n->reason.n > 0 && !has(sqlite_str(st, COL_REASON), n->reason))
		return false;
	if (n->text.n == 0)
		return true;
	if (n->is_key && key.n == 16 && memcmp(key.p, n->key, 16) == 0)
		return true;
	return has(sqlite_str(st, COL_EVENT_ID), n->text) ||
	       has(sqlite_str(st, COL_REASON), n->text) ||
	       str_ieq(sqlite_str(st, COL_CRM_ID), n->text) ||
	       person_has(n, sqlite_str(st, COL_BODY)) ||
	       has(request, n->text) || has(request, n->digits) ||
	       has(request, n->email);
}
