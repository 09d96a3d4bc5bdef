/* SPDX-License-Identifier: MIT */
/*
 * From a scheme and secrets to what signature.c judges with: the template taken
 * apart, the keys parsed, what cannot work refused. Once per configuration.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "sources/signature_parts.h"

static const struct {
	const char *name;
	enum part part;
} part_names[] = {
    {"{body}", PART_BODY}, {"{timestamp}", PART_TIMESTAMP}, {"{id}", PART_ID},
    {"{url}", PART_URL},   {"{method}", PART_METHOD},
};

/* The part at the start of text, and its length there. */
static size_t next_part(struct str text, struct template_part *out)
{
	for (size_t i = 0; i < sizeof(part_names) / sizeof(part_names[0]);
	     i++) {
		struct str name = str_from(part_names[i].name);
		if (!str_starts(text, name))
			continue;
		*out = (struct template_part){part_names[i].part, STR_NONE};
		return name.n;
	}
	size_t n = 1;
	while (n < text.n && text.p[n] != '{')
		n++;
	*out = (struct template_part){PART_TEXT, str_sub(text, 0, n)};
	return n;
}

static int parse_template(struct signature *s, struct err *err)
{
	struct str text = str_from(s->scheme.signed_text);
	bool body = false;
	while (text.n > 0) {
		struct template_part part;
		size_t n = next_part(text, &part);
		if (part.part == PART_TEXT && part.text.p[0] == '{')
			return err_set(err, LB_EINVAL,
				       "unknown part in signed text '%s'",
				       s->scheme.signed_text);
		if (s->n_parts == PARTS_MAX)
			return err_set(err, LB_ELIMIT,
				       "too many parts in signed text '%s'",
				       s->scheme.signed_text);
		body = body || part.part == PART_BODY;
		s->uses_timestamp |= part.part == PART_TIMESTAMP;
		s->uses_id |= part.part == PART_ID;
		s->parts[s->n_parts++] = part;
		text = str_sub(text, n, text.n);
	}
	if (!body && !(s->scheme.flags & SIGNATURE_IN_BODY))
		return err_set(err, LB_EINVAL,
			       "signed text '%s' does not cover the body",
			       s->scheme.signed_text);
	return 0;
}

/* Of a signature in the body every name is a path. */
static int check_paths(const struct signature_scheme *scheme, struct err *err)
{
	const char *const names[] = {scheme->header, scheme->timestamp_header,
				     scheme->id_header};
	if (!(scheme->flags & SIGNATURE_IN_BODY))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] != NULL && !value_path_ok(str_from(names[i])))
			return err_set(err, LB_EINVAL,
				       "scheme: header is a path, so '%s' must "
				       "be one, too",
				       names[i]);
	return 0;
}

static int check_scheme(struct signature *s, struct err *err)
{
	const struct signature_scheme *scheme = &s->scheme;
	bool jwt = (scheme->flags & SIGNATURE_JWT) != 0;
	if (scheme->header == NULL && !jwt)
		return err_set(err, LB_EINVAL, "scheme has no header");
	int code = parse_template(s, err);
	if (code != 0)
		return code;
	bool time_known = scheme->timestamp_header != NULL ||
			  (scheme->flags & SIGNATURE_TIME_INSIDE) != 0;
	if (s->uses_timestamp && !time_known)
		return err_set(err, LB_EINVAL,
			       "signed text needs timestamp_header");
	if (scheme->tolerance_ms > 0 && !s->uses_timestamp)
		return err_set(err, LB_EINVAL,
			       "tolerance needs a signed {timestamp}");
	if (s->uses_id && scheme->id_header == NULL)
		return err_set(err, LB_EINVAL, "signed text needs id_header");
	return check_paths(scheme, err);
}

/* Base64 with or without padding: both are met in published keys. */
static int decode_key(struct key *k, struct str text, struct err *err)
{
	size_t cap = text.n + 4;
	char *padded = xmalloc(cap);
	size_t n = text.n;
	memcpy(padded, text.p, n);
	while (n % 4 != 0 && n < cap)
		padded[n++] = '=';
	k->owned = xmalloc(cap);
	int code = base64_decode((struct str){padded, n}, BASE64_STANDARD,
				 k->owned, cap, &k->hmac.n);
	mem_wipe(padded, cap);
	free(padded);
	k->hmac.p = (const char *)k->owned;
	if (code != 0 || k->hmac.n == 0)
		return err_set(err, LB_EINVAL, "signing secret is not base64");
	return 0;
}

static int prepare_standard_key(struct key *k, struct str text, struct err *err)
{
	if (str_starts(text, STR("whpk_"))) {
		k->algorithm = SIGN_ED25519;
		k->prefix = STR("v1a,");
		return public_key_parse(str_sub(text, 5, text.n), KEY_ED25519,
					&k->public, err);
	}
	k->prefix = STR("v1,");
	if (str_starts(text, STR("whsec_")))
		text = str_sub(text, 6, text.n);
	return decode_key(k, text, err);
}

/* The last word of "hmac;1;...;KEY". */
static struct str bare_key(struct str text)
{
	struct str rest = text;
	while (rest.p != NULL)
		text = str_cut(rest, ';', &rest);
	return str_starts(text, STR("whsec_")) ? str_sub(text, 6, text.n)
					       : text;
}

static int prepare_key(const struct signature_scheme *scheme, struct key *k,
		       struct str text, struct err *err)
{
	k->algorithm = scheme->algorithm;
	k->prefix = str_from(scheme->prefix);
	if (scheme->flags & SIGNATURE_STANDARD)
		return prepare_standard_key(k, text, err);
	switch (scheme->algorithm) {
	case SIGN_ED25519:
		return public_key_parse(text, KEY_ED25519, &k->public, err);
	case SIGN_RSA_SHA256:
		return public_key_parse(text, KEY_RSA, &k->public, err);
	case SIGN_ECDSA_SHA256:
		return public_key_parse(text, KEY_ECDSA_P256, &k->public, err);
	case SIGN_HMAC_SHA1:
	case SIGN_HMAC_SHA256:
	case SIGN_HMAC_SHA512:
		break;
	}
	if (scheme->flags & SIGNATURE_SEMICOLONS)
		text = bare_key(text);
	if (scheme->flags & SIGNATURE_BASE64_KEYS)
		return decode_key(k, text, err);
	k->hmac = text;
	return 0;
}

int signature_new(const struct signature_scheme *scheme,
		  const struct secrets *secrets, struct signature **out,
		  struct err *err)
{
	struct signature *s = xcalloc(1, sizeof(*s));
	s->scheme = *scheme;
	int code = check_scheme(s, err);
	if (code == 0 && secrets->n == 0)
		code = err_set(err, LB_EINVAL, "no secret to verify with");
	if (code != 0)
		goto out;
	s->keys = xcalloc(secrets->n, sizeof(*s->keys));
	s->n_keys = secrets->n;
	for (size_t i = 0; i < secrets->n && code == 0; i++) {
		struct str text = secret_str(&secrets->v[i]);
		code = prepare_key(scheme, &s->keys[i], text, err);
		if (code != 0)
			err_prefix(err, "secret '%s'",
				   secrets->v[i].reference != NULL
				       ? secrets->v[i].reference
				       : "?");
	}
	if (code == 0 && scheme->other != NULL)
		code = signature_new(scheme->other, secrets, &s->other, err);
out:
	if (code != 0) {
		signature_free(s);
		return code;
	}
	*out = s;
	return 0;
}

void signature_free(struct signature *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_keys; i++) {
		struct key *k = &s->keys[i];
		if (k->owned != NULL)
			mem_wipe(k->owned, k->hmac.n);
		free(k->owned);
		public_key_free(k->public);
	}
	free(s->keys);
	signature_free(s->other);
	free(s);
}

bool signature_in_body(const struct signature *s)
{
	return s != NULL && (s->scheme.flags & SIGNATURE_IN_BODY) != 0;
}
