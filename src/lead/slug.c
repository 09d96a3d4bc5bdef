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
	if (digit >= 0)
		return (char)('0' + digit);
	return '_';
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

/* By first letter: most words are over with that. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Words that alone say enough. */
static const char *const *const secret_words[26] = {
    ['a' - 'a'] = LIST("accesstoken", "apikey", "authtoken"),
    ['c' - 'a'] =
	LIST("captcha", "cardno", "cardnumber", "cccvc", "ccexp", "ccnum",
	     "ccnumber", "ccv", "clientsecret", "creditcard", "csrf",
	     "csrfmiddlewaretoken", "csrftoken", "cvc", "cvc2", "cvv", "cvv2"),
    ['h' - 'a'] = LIST("hcaptcha"),
    ['j' - 'a'] = LIST("jwt"),
    ['n' - 'a'] = LIST("nonce"),
    ['p' - 'a'] = LIST("passphrase", "passwd", "password", "pwd"),
    ['r' - 'a'] = LIST("recaptcha", "refreshtoken"),
    ['s' - 'a'] = LIST("secret", "ssn"),
    ['t' - 'a'] = LIST("token", "turnstile"),
    ['w' - 'a'] = LIST("wpnonce"),
    ['x' - 'a'] = LIST("xsrf", "xsrftoken"),
};

/* Words that say it together, in this order and side by side. */
static const char *const *const secret_pairs[26] = {
    ['a' - 'a'] = LIST("access_key", "api_key"),
    ['c' - 'a'] =
	LIST("card_code", "card_exp", "card_expiration", "card_expiry",
	     "card_no", "card_num", "card_number", "card_security", "cc_code",
	     "cc_exp", "cc_expiry", "cc_no", "cc_num", "cc_number"),
    ['p' - 'a'] = LIST("pass_word", "private_key"),
    ['s' - 'a'] =
	LIST("security_code", "security_no", "security_num", "security_number"),
};
#undef LIST

/* Names that may not be all there is: "credit_card_debt" and "receives social
 * security" are what people are asked about. */
static const char *const secret_names[] = {
    "authorization", "credit_card", "debit_card", "social_security", NULL};

static bool listed(struct str s, const char *const *const lists[26])
{
	if (s.n == 0 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	const char *const *list = lists[s.p[0] - 'a'];
	return list != NULL && text_in_exactly(s, list);
}

bool slug_refused(struct str slug)
{
	size_t before = 0; /* where the word before starts */
	for (size_t at = 0; at < slug.n;) {
		size_t end = at;
		while (end < slug.n && slug.p[end] != '_')
			end++;
		if (listed(str_sub(slug, at, end), secret_words) ||
		    (at > 0 &&
		     listed(str_sub(slug, before, end), secret_pairs)))
			return true;
		before = at;
		at = end + 1;
	}
	return text_in_exactly(slug, secret_names);
}
