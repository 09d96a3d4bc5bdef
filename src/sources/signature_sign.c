/* SPDX-License-Identifier: MIT */
/*
 * The other direction: signs a request as its sender would, for `leadbridgectl
 * source test`. Only what is keyed with a shared secret; of a public key the
 * other half is the sender's. Pure.
 */
#include <string.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "sources/signature_parts.h"

static struct str part_of(const struct template_part *part,
			  const struct request *r, struct str time,
			  struct str id)
{
	switch (part->part) {
	case PART_TEXT:
		return part->text;
	case PART_BODY:
		return r->body;
	case PART_TIMESTAMP:
		return time;
	case PART_ID:
		return id;
	case PART_URL:
		return r->target; /* behind public_url */
	case PART_METHOD:
		return r->method_text;
	}
	return STR_NONE;
}

static struct str encoded(struct arena *arena, enum signature_encoding encoding,
			  const unsigned char *mac, size_t n)
{
	char *text = arena_alloc(arena, 2 * n + 8);
	switch (encoding) {
	case ENCODING_HEX:
		hex_encode(mac, n, text);
		break;
	case ENCODING_BASE64:
		base64_encode(mac, n, BASE64_STANDARD, text);
		break;
	case ENCODING_BASE64URL:
		base64_encode(mac, n, BASE64_URL, text);
		break;
	}
	return str_from(text);
}

static enum digest digest_of(enum signature_algorithm algorithm)
{
	if (algorithm == SIGN_HMAC_SHA1)
		return DIGEST_SHA1;
	return algorithm == SIGN_HMAC_SHA512 ? DIGEST_SHA512 : DIGEST_SHA256;
}

int signature_sign(const struct signature *s, const struct request *r,
		   struct str id, struct arena *arena,
		   struct header out[SIGNATURE_HEADERS], size_t *n)
{
	const struct key *key = &s->keys[0];
	struct str parts[2 * PARTS_MAX];
	unsigned char mac[DIGEST_MAX];
	size_t n_parts = 0;
	*n = 0;
	if (key->public != NULL ||
	    (s->scheme.flags & (SIGNATURE_IN_BODY | SIGNATURE_JWT)) != 0)
		return LB_EDENIED;
	struct str time =
	    arena_printf(arena, "%lld", (long long)(r->received_at_ms / 1000));
	for (size_t i = 0; i < s->n_parts; i++) {
		if (s->parts[i].part == PART_URL)
			parts[n_parts++] = r->public_url;
		parts[n_parts++] = part_of(&s->parts[i], r, time, id);
	}
	enum digest digest = digest_of(key->algorithm);
	crypto_hmac(digest, key->hmac, parts, n_parts, mac);
	struct str text =
	    encoded(arena, s->scheme.encoding, mac, digest_size(digest));
	bool inside =
	    s->uses_timestamp && (s->scheme.flags & SIGNATURE_TIME_INSIDE) != 0;
	out[(*n)++] = (struct header){
	    str_from(s->scheme.header),
	    arena_printf(arena, "%s%s%s%.*s%.*s", inside ? "t=" : "",
			 inside ? time.p : "", inside ? "," : "",
			 STR_FMT(key->prefix), STR_FMT(text))};
	if (s->uses_timestamp && !inside)
		out[(*n)++] =
		    (struct header){str_from(s->scheme.timestamp_header), time};
	if (s->uses_id)
		out[(*n)++] =
		    (struct header){str_from(s->scheme.id_header), id};
	return 0;
}
