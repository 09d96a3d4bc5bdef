/* SPDX-License-Identifier: MIT */
/*
 * Sessions of the dashboard; see the header.
 *
 *   ROLE.EXPIRES.NUMBER.MAC   f.1795400000.0123456789abcdef.64 hex digits
 */
#include "operate/admin_session.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/crypto.h"

enum {
	NUMBER_BYTES = 8,
	NUMBER_TEXT = 2 * NUMBER_BYTES,
	MAC_BYTES = 32,
	MAC_TEXT = 2 * MAC_BYTES,
};

static void sign(const struct session_keys *keys, size_t which,
		 struct str payload, char mac[MAC_TEXT + 1])
{
	unsigned char digest[DIGEST_MAX];
	const struct str parts[] = {STR("leadbridge admin session\n"), payload,
				    STR("\n"),
				    secret_str(&keys->tokens->v[which])};
	crypto_hmac(DIGEST_SHA256, keys->store_secret, parts,
		    sizeof(parts) / sizeof(parts[0]), digest);
	hex_encode(digest, MAC_BYTES, mac);
}

void session_name(struct str store_secret, char name[SESSION_NAME])
{
	unsigned char digest[DIGEST_MAX];
	char hex[9];
	const struct str part = STR("leadbridge admin cookie");
	crypto_hmac(DIGEST_SHA256, store_secret, &part, 1, digest);
	hex_encode(digest, 4, hex);
	(void)!snprintf(name, SESSION_NAME, "leadbridge-%s", hex);
}

void session_make(const struct session_keys *keys, size_t which, int64_t now_ms,
		  char text[SESSION_TEXT])
{
	unsigned char number[NUMBER_BYTES];
	char hex[NUMBER_TEXT + 1], mac[MAC_TEXT + 1];
	crypto_random(number, sizeof(number));
	hex_encode(number, sizeof(number), hex);
	int n = snprintf(text, SESSION_TEXT, "%c.%lld.%s", keys->role,
			 (long long)((now_ms + SESSION_MS) / 1000), hex);
	sign(keys, which, (struct str){text, (size_t)n}, mac);
	(void)!snprintf(text + n, SESSION_TEXT - (size_t)n, ".%s", mac);
}

struct parts {
	struct str payload, role, expires, number, mac;
};

static bool take_apart(struct str text, struct parts *p)
{
	struct str rest;
	if (text.n >= SESSION_TEXT || text.n <= MAC_TEXT + 1)
		return false;
	p->payload = str_sub(text, 0, text.n - MAC_TEXT - 1);
	p->mac = str_sub(text, text.n - MAC_TEXT, text.n);
	p->role = str_cut(p->payload, '.', &rest);
	p->expires = str_cut(rest, '.', &p->number);
	return text.p[text.n - MAC_TEXT - 1] == '.' && p->role.n == 1;
}

static uint64_t number_of(struct str text)
{
	unsigned char bytes[NUMBER_BYTES] = {0};
	uint64_t number = 0;
	size_t n;
	if (text.n != NUMBER_TEXT ||
	    hex_decode(text, bytes, sizeof(bytes), &n) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		number = number << 8 | bytes[i];
	return number;
}

/* By any token of the list, each of them looked at. */
static bool proven(const struct session_keys *keys, const struct parts *p)
{
	char mac[MAC_TEXT + 1];
	bool good = false;
	for (size_t i = 0; i < keys->tokens->n; i++) {
		sign(keys, i, p->payload, mac);
		good |= crypto_equal(mac, MAC_TEXT, p->mac.p, p->mac.n);
	}
	return good;
}

bool session_good(const struct sessions *s, const struct session_keys *keys,
		  struct str text, int64_t now_ms)
{
	struct parts p;
	int64_t expires_s;
	if (!take_apart(text, &p) || p.role.p[0] != keys->role ||
	    !proven(keys, &p) ||
	    str_to_int(p.expires, 0, INT64_MAX / 1000, &expires_s) != 0)
		return false;
	/* A clock that was set back does not make it last longer. */
	if (now_ms >= expires_s * 1000 ||
	    expires_s * 1000 > now_ms + SESSION_MS)
		return false;
	uint64_t number = number_of(p.number);
	for (size_t i = 0; i < SESSIONS_ENDED; i++)
		if (s->ended[i] == number)
			return false; /* also 0, which none has */
	return true;
}

void session_end(struct sessions *s, struct str text)
{
	struct parts p;
	if (!take_apart(text, &p))
		return;
	s->ended[s->at] = number_of(p.number);
	s->at = (s->at + 1) % SESSIONS_ENDED;
}

struct str session_cookie(const struct request *r, const char *name)
{
	struct str rest = request_header(r, "Cookie");
	while (rest.n > 0) {
		struct str value;
		struct str pair = str_trim(str_cut(rest, ';', &rest));
		if (str_eq(str_cut(pair, '=', &value), str_from(name)))
			return value;
	}
	return STR_NONE;
}
