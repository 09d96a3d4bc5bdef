/* SPDX-License-Identifier: MIT */
/*
 * Judges signatures over raw bytes: HMAC-SHA1/256/512, Ed25519, RSA and ECDSA,
 * in hex or base64, several in one header, against several keys. The scheme a
 * configuration describes is read in signature_scheme.c and prepared in
 * signature_prepare.c. Read-only, any thread.
 *
 * A header that decides is taken only when it was sent once: which of two a
 * proxy in front looked at is not known.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "payload/jwt.h"
#include "sources/signature_parts.h"

enum { SIGNATURE_BYTES_MAX = 1024 }; /* an RSA key of 8192 bits */

/* As seconds this is the year 5138: what is greater is milliseconds. */
static const int64_t timestamp_is_ms = 100000000000;

/* How long an id in the body is remembered whose time is not judged. */
static const int64_t nonce_default_ms = 30LL * 24 * 3600 * 1000;

/* What one request brings for this scheme. */
struct evidence {
	struct str signatures; /* header text */
	struct str timestamp, id;
	struct str body; /* what {body} is */
	int64_t at_ms;
	struct str parts[2 * PARTS_MAX]; /* the signed text */
	size_t n_parts;
	struct str whole; /* the same in one run, when it was needed */
};

static bool missing(struct str s)
{
	return s.n == 0 || str_ieq(s, STR("N/A"));
}

bool signature_present(const struct signature *s, const struct request *request)
{
	return !missing(str_trim(request_header(request, s->scheme.header)));
}

static bool fail(struct proof *proof, enum proof_result result,
		 const char *reason)
{
	proof->result = result;
	proof->matched = -1;
	proof->reason = reason;
	return false;
}

/* What decides, in a header or in the payload: there, and only once. */
static bool take(const struct signature *s, const struct source_call *call,
		 const char *name, struct str *out, struct proof *proof)
{
	bool in_body = (s->scheme.flags & SIGNATURE_IN_BODY) != 0;
	*out = in_body ? value_text(value_path(call->payload, str_from(name)))
		       : str_trim(request_header(call->request, name));
	if (missing(*out))
		return fail(proof, PROOF_MISSING, "signature_missing");
	if (in_body ? value_has_duplicate(call->payload)
		    : request_header_count(call->request, name) > 1)
		return fail(proof, PROOF_WRONG, "signature_duplicate");
	return true;
}

/* The next token of a signature header: blanks and commas part them, but a
 * comma is text where the prefix holds one ("v1,..."). */
static bool next_token(struct str *rest, bool comma_parts, struct str *token)
{
	size_t from = 0;
	while (from < rest->n &&
	       (rest->p[from] == ' ' || (comma_parts && rest->p[from] == ',')))
		from++;
	size_t to = from;
	while (to < rest->n && rest->p[to] != ' ' &&
	       !(comma_parts && rest->p[to] == ','))
		to++;
	*token = str_sub(*rest, from, to);
	*rest = str_sub(*rest, to, rest->n);
	return token->n > 0;
}

static bool comma_parts(const struct signature *s)
{
	return !(s->scheme.flags & SIGNATURE_STANDARD) &&
	       str_find(str_from(s->scheme.prefix), ',') < 0;
}

static struct str time_inside(const struct signature *s, struct str header)
{
	bool semicolons = (s->scheme.flags & SIGNATURE_SEMICOLONS) != 0;
	struct str before = semicolons ? str_from(s->scheme.prefix) : STR("t=");
	struct str token;
	while (next_token(&header, comma_parts(s), &token)) {
		if (!str_starts(token, before))
			continue;
		token = str_sub(token, before.n, token.n);
		return semicolons ? str_cut(token, ';', &token) : token;
	}
	return STR_NONE;
}

static bool take_timestamp(const struct signature *s,
			   const struct source_call *call, struct evidence *e,
			   struct proof *proof)
{
	if (!s->uses_timestamp)
		return true;
	if (s->scheme.flags & SIGNATURE_TIME_INSIDE) {
		e->timestamp = time_inside(s, e->signatures);
		if (e->timestamp.n == 0)
			return fail(proof, PROOF_MISSING, "signature_missing");
	} else if (!take(s, call, s->scheme.timestamp_header, &e->timestamp,
			 proof)) {
		return false;
	}
	if (str_to_int(e->timestamp, 0, INT64_MAX / 1000, &e->at_ms) != 0)
		return fail(proof, PROOF_WRONG, "signature");
	if (e->at_ms < timestamp_is_ms)
		e->at_ms *= 1000;
	return true;
}

/* The parts of the token; what it says of how it is signed must be the one way
 * there is here. */
static bool take_token(const struct source_call *call, struct evidence *e,
		       struct proof *proof)
{
	struct jwt jwt;
	if (!jwt_cut(call->request->body, &jwt))
		return fail(proof, PROOF_MISSING, "signature_missing");
	if (!str_eq(jwt_algorithm(call->arena, &jwt), STR("HS256")))
		return fail(proof, PROOF_WRONG, "signature");
	e->signatures = jwt.signature;
	e->body = jwt.signed_text;
	return true;
}

static bool take_evidence(const struct signature *s,
			  const struct source_call *call, struct evidence *e,
			  struct proof *proof)
{
	if (s->scheme.flags & SIGNATURE_JWT)
		return take_token(call, e, proof);
	e->body = call->request->body;
	if (!take(s, call, s->scheme.header, &e->signatures, proof) ||
	    !take_timestamp(s, call, e, proof))
		return false;
	if (!s->uses_id)
		return true;
	if (!take(s, call, s->scheme.id_header, &e->id, proof))
		return false;
	/* "a.1" and "2" would sign the same text as "a" and "1.2". */
	if (str_find(e->id, '.') >= 0)
		return fail(proof, PROOF_WRONG, "signature");
	return true;
}

static void assemble(const struct signature *s, const struct request *r,
		     struct evidence *e)
{
	for (size_t i = 0; i < s->n_parts; i++) {
		struct str part;
		switch (s->parts[i].part) {
		case PART_TEXT:
			part = s->parts[i].text;
			break;
		case PART_BODY:
			part = e->body;
			break;
		case PART_TIMESTAMP:
			part = e->timestamp;
			break;
		case PART_ID:
			part = e->id;
			break;
		case PART_URL: /* never from Host: anybody can send that */
			e->parts[e->n_parts++] = r->public_url;
			part = r->target;
			break;
		case PART_METHOD:
			part = r->method_text;
			break;
		}
		e->parts[e->n_parts++] = part;
	}
}

/* One run of bytes, for the algorithms that want the whole message. */
static struct str joined(struct evidence *e, struct arena *arena)
{
	if (e->whole.p != NULL)
		return e->whole;
	size_t n = 0;
	for (size_t i = 0; i < e->n_parts; i++)
		n += e->parts[i].n;
	char *p = arena_alloc(arena, n + 1);
	size_t at = 0;
	for (size_t i = 0; i < e->n_parts; i++) {
		if (e->parts[i].n > 0)
			memcpy(p + at, e->parts[i].p, e->parts[i].n);
		at += e->parts[i].n;
	}
	e->whole = (struct str){p, n};
	return e->whole;
}

static enum digest digest_of(enum signature_algorithm algorithm)
{
	switch (algorithm) {
	case SIGN_HMAC_SHA1:
		return DIGEST_SHA1;
	case SIGN_HMAC_SHA512:
		return DIGEST_SHA512;
	case SIGN_HMAC_SHA256:
	case SIGN_ED25519:
	case SIGN_RSA_SHA256:
	case SIGN_ECDSA_SHA256:
		break;
	}
	return DIGEST_SHA256;
}

static int decode(enum signature_encoding encoding, struct str text,
		  unsigned char out[SIGNATURE_BYTES_MAX], size_t *n)
{
	switch (encoding) {
	case ENCODING_HEX:
		return hex_decode(text, out, SIGNATURE_BYTES_MAX, n);
	case ENCODING_BASE64:
		return base64_decode(text, BASE64_STANDARD, out,
				     SIGNATURE_BYTES_MAX, n);
	case ENCODING_BASE64URL:
		return base64_decode(text, BASE64_URL, out, SIGNATURE_BYTES_MAX,
				     n);
	}
	return LB_EINVAL;
}

/* The next token this key could have made, as bytes. */
static bool next_candidate(const struct signature *s, const struct key *k,
			   struct str *rest, int *left,
			   unsigned char raw[SIGNATURE_BYTES_MAX], size_t *n)
{
	struct str token;
	while (*left > 0 && next_token(rest, comma_parts(s), &token)) {
		--*left;
		if (!str_starts(token, k->prefix))
			continue;
		token = str_sub(token, k->prefix.n, token.n);
		if (s->scheme.flags & SIGNATURE_SEMICOLONS)
			(void)str_cut(token, ';', &token); /* the time */
		if (decode(s->scheme.encoding, token, raw, n) == 0 && *n > 0)
			return true;
	}
	return false;
}

/* Whether key k made one of the signatures. */
static bool key_signed(const struct signature *s, const struct key *k,
		       struct evidence *e, struct arena *arena)
{
	unsigned char raw[SIGNATURE_BYTES_MAX], want[DIGEST_MAX];
	enum digest digest = digest_of(k->algorithm);
	struct str rest = e->signatures;
	size_t n = 0;
	int left = SIGNATURES_MAX;
	bool computed = false, good = false;
	while (!good && next_candidate(s, k, &rest, &left, raw, &n)) {
		if (k->public != NULL) {
			good = public_key_verify(k->public, joined(e, arena),
						 raw, n);
			continue;
		}
		if (!computed)
			crypto_hmac(digest, k->hmac, e->parts, e->n_parts,
				    want);
		computed = true;
		good = crypto_equal(want, digest_size(digest), raw, n);
	}
	return good;
}

static bool fresh(const struct signature *s, const struct evidence *e,
		  int64_t now_ms)
{
	if (s->scheme.tolerance_ms == 0)
		return true;
	int64_t age = now_ms - e->at_ms;
	return age <= s->scheme.tolerance_ms && -age <= s->scheme.tolerance_ms;
}

static bool sent(const struct signature *s, const struct source_call *call)
{
	struct str text;
	struct proof ignored;
	return (s->scheme.flags & SIGNATURE_JWT) != 0 ||
	       take(s, call, s->scheme.header, &text, &ignored) ||
	       ignored.result == PROOF_WRONG;
}

void signature_verify(const struct signature *s, const struct source_call *call,
		      struct proof *proof)
{
	struct evidence e = {0};
	const struct request *r = call->request;
	while (s->other != NULL && !sent(s, call))
		s = s->other;
	if (!take_evidence(s, call, &e, proof))
		return;
	assemble(s, r, &e);
	int matched = -1;
	for (size_t i = 0; i < s->n_keys && matched < 0; i++)
		if (key_signed(s, &s->keys[i], &e, call->arena))
			matched = (int)i;
	if (matched < 0) {
		fail(proof, PROOF_WRONG, "signature");
		return;
	}
	if (!fresh(s, &e, r->received_at_ms)) {
		fail(proof, PROOF_STALE, "stale");
		return;
	}
	*proof = (struct proof){PROOF_OK, matched, NULL};
}

struct str signature_nonce(const struct source_call *call, int64_t *time_ms)
{
	const struct signature *s =
	    call->source->proof_in_body ? call->source->state : NULL;
	struct evidence e = {0};
	struct proof ignored;
	while (s != NULL && s->other != NULL && !sent(s, call))
		s = s->other;
	if (s == NULL || !s->uses_id || !take_evidence(s, call, &e, &ignored))
		return STR_NONE;
	*time_ms = s->scheme.tolerance_ms > 0 ? 2 * s->scheme.tolerance_ms
					      : nonce_default_ms;
	return e.id;
}
