/* SPDX-License-Identifier: MIT */
/*
 * Every signature scheme in one place: which header holds it, how it is
 * written, what text it covers, which keys may have made it. Pure; a prepared
 * struct signature is read-only and may be used by any thread.
 */
#ifndef LB_SIGNATURE_H
#define LB_SIGNATURE_H

#include "leadbridge/source.h"

enum signature_algorithm {
	SIGN_HMAC_SHA1,
	SIGN_HMAC_SHA256,
	SIGN_HMAC_SHA512,
	SIGN_ED25519,
	SIGN_RSA_SHA256,
	SIGN_ECDSA_SHA256,
};

enum signature_encoding { ENCODING_HEX, ENCODING_BASE64, ENCODING_BASE64URL };

enum signature_flags {
	/* HMAC keys are base64; "whsec_" in front is cut, "whpk_" marks an
	 * Ed25519 key whose signatures are "v1a,...". */
	SIGNATURE_STANDARD = 1,
	SIGNATURE_BASE64_KEYS = 2, /* HMAC keys are base64 */
	/* The header holds "t=TIME" beside the signatures. */
	SIGNATURE_TIME_INSIDE = 4,
	/* Each signature is "PREFIX;TIME;SIGNATURE"; a secret may be copied
	 * with such words in front. */
	SIGNATURE_SEMICOLONS = 8,
	/* header, timestamp_header and id_header are paths into the payload:
	 * judged after the parse, and the body need not be covered. */
	SIGNATURE_IN_BODY = 16,
	/* The body is a JSON Web Token: what it carries is signed by its last
	 * part. Only HS256 is taken. */
	SIGNATURE_JWT = 32,
};

enum { SIGNATURES_MAX = 8 }; /* judged in one header; more are refused */

struct signature_scheme {
	enum signature_algorithm algorithm;
	enum signature_encoding encoding;
	unsigned flags;
	const char *header;
	const char *prefix;      /* in front of each signature, or NULL */
	const char *signed_text; /* {body} {timestamp} {id} {url} {method} */
	const char *timestamp_header, *id_header; /* or NULL */
	int64_t tolerance_ms;                     /* 0: not judged */
	/* What the sender also uses: judged where the signature of this one was
	 * not sent. NULL: nothing. */
	const struct signature_scheme *other;
};

struct signature;

/* The scheme a configuration describes; texts are borrowed from the rule.
 * Some are known by name (signature_scheme.c); other members override. */
LB_MUST_CHECK int signature_scheme_from(const struct scheme_rule *rule,
					struct signature_scheme *out,
					struct err *err);

/* Checks the scheme and parses the keys. Secrets stay borrowed. */
LB_MUST_CHECK int signature_new(const struct signature_scheme *scheme,
				const struct secrets *secrets,
				struct signature **out, struct err *err);
void signature_free(struct signature *s); /* NULL is fine */
/* Whether it is judged only when the payload is there. */
bool signature_in_body(const struct signature *s);

/* Judges the raw request. MISSING: no header, or "N/A"; WRONG: also a header
 * that was sent twice; STALE: right, but too old or from the future. */
void signature_verify(const struct signature *s, const struct source_call *call,
		      struct proof *proof);
/* Whether the signature header was sent at all and is not "N/A". */
bool signature_present(const struct signature *s,
		       const struct request *request);

enum { SIGNATURE_HEADERS = 3 };

/* The headers a sender with the first secret would send with r, as of its
 * received_at_ms; id stands where the scheme signs one. LB_EDENIED: the key is
 * a public one, or the signature would stand in the body. */
LB_MUST_CHECK int signature_sign(const struct signature *s,
				 const struct request *r, struct str id,
				 struct arena *arena,
				 struct header out[SIGNATURE_HEADERS],
				 size_t *n);

/* source_ops.release of every adapter whose state is its signature. */
void signature_release(struct source *source);

/* Of a signature in the body that covers something else than the body: the id
 * it covers, which is good for one request within the time. Else STR_NONE. */
struct str signature_nonce(const struct source_call *call, int64_t *time_ms);

/* For adapters whose scheme is configuration. source->state is the signature,
 * or NULL where no scheme is configured: then the engine's rules prove. */
LB_MUST_CHECK int signature_configured(struct source *source, struct err *err);
void signature_configured_verify(const struct source_call *call,
				 struct proof *proof);

#endif
