/* SPDX-License-Identifier: MIT */
/*
 * Names of custom fields: from what a form calls a question to [a-z0-9_], and
 * which of them are never passed on. Latin letters lose their accents; a name
 * in a script without such a form becomes field_<hash>, so its answer is kept.
 */
#include "lead/fields.h"
#include "lead/text.h"

/* Base letters of U+00C0 to U+017F; '*' stands for none. */
static const char latin[] =
    "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo*ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof(latin) == 0x180 - 0xC0 + 1, "one letter per code point");

static char base_letter(uint32_t c)
{
	c = text_narrow(c);
	if (c >= 'A' && c <= 'Z')
		return (char)(c + 32);
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (char)c;
	if (c >= 0xC0 && c < 0x180 && latin[c - 0xC0] != '*')
		return latin[c - 0xC0];
	int digit = text_digit(c);
	return digit >= 0 ? (char)('0' + digit) : '_';
}

static bool already(struct str s)
{
	if (s.n == 0 || s.n > LEAD_SLUG_MAX || s.p[0] == '_' ||
	    s.p[s.n - 1] == '_')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!plain && (c != '_' || s.p[i - 1] == '_'))
			return false;
	}
	return true;
}

/* A name for a name that has none: the same each time. */
static struct str hashed(struct arena *a, struct str name)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	bool letters = false;
	for (size_t i = 0; i < name.n; i++) {
		h = (h ^ (unsigned char)name.p[i]) * 16777619u;
		letters = letters || (unsigned char)name.p[i] >= 0x80;
	}
	return letters ? arena_printf(a, "field_%08x", h) : STR_NONE;
}

struct str slug_make(struct arena *a, struct str name)
{
	if (already(name))
		return arena_copy(a, name);
	char out[LEAD_SLUG_MAX];
	size_t n = 0;
	for (size_t at = 0; at < name.n && n < sizeof(out);) {
		uint32_t c = text_next(name, &at);
		if (text_invisible(c) || (c >= 0x300 && c <= 0x36F))
			continue;
		char letter = base_letter(c);
		if (letter != '_' || (n > 0 && out[n - 1] != '_'))
			out[n++] = letter;
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	if (n == 0)
		return hashed(a, name);
	return arena_copy(a, (struct str){out, n});
}

/* Words that alone say enough. */
static const char *const secret_words[] = {
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "captcha",
    "recaptcha",
    "hcaptcha",
    "turnstile",
    "nonce",
    "wpnonce",
    "csrf",
    "xsrf",
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "ccv",
    "ssn",
    "cardnumber",
    "creditcard",
    "ccnumber",
    "ccnum",
    "cardno",
    "ccexp",
    "cccvc",
    "csrftoken",
    "xsrftoken",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "sessionid",
    "jwt",
    "clientsecret",
    "csrfmiddlewaretoken",
    NULL,
};

/* Words that say it together, in this order and side by side. */
static const char *const secret_pairs[] = {
    "card_number",     "card_num",        "card_no",     "card_exp",
    "card_expiry",     "card_expiration", "card_code",   "card_security",
    "cc_number",       "cc_num",          "cc_no",       "cc_exp",
    "cc_expiry",       "cc_code",         "credit_card", "debit_card",
    "social_security", "api_key",         "access_key",  "private_key",
    "security_code",   "session_id",      "pass_word",   NULL,
};

static bool one_of(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if ((*list)[0] == s.p[0] && str_eq(s, str_from(*list)))
			return true;
	return false;
}

bool slug_refused(struct str slug)
{
	size_t before = 0; /* where the word before starts */
	for (size_t at = 0; at < slug.n;) {
		size_t end = at;
		while (end < slug.n && slug.p[end] != '_')
			end++;
		if (end > at && one_of(str_sub(slug, at, end), secret_words))
			return true;
		if (at > 0 && one_of(str_sub(slug, before, end), secret_pairs))
			return true;
		before = at;
		at = end + 1;
	}
	return str_eq(slug, STR("authorization"));
}
