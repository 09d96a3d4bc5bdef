/* SPDX-License-Identifier: MIT */
/*
 * From the words of the configuration (`scheme:`) to a struct signature_scheme.
 * Judges words only; keys and templates are checked by signature_new().
 */
#include "sources/signature.h"

struct word {
	const char *text;
	int number;
};

static const struct word algorithms[] = {
    {"hmac-sha1", SIGN_HMAC_SHA1},
    {"hmac-sha256", SIGN_HMAC_SHA256},
    {"hmac-sha512", SIGN_HMAC_SHA512},
    {"ed25519", SIGN_ED25519},
    {"rsa-sha256", SIGN_RSA_SHA256},
    {"ecdsa-sha256", SIGN_ECDSA_SHA256},
    {NULL, 0},
};

static const struct word encodings[] = {
    {"hex", ENCODING_HEX},
    {"base64", ENCODING_BASE64},
    {"base64url", ENCODING_BASE64URL},
    {NULL, 0},
};

/* Quo before Standard Webhooks, and as OpenPhone; the time is in milliseconds.
 * https://support.quo.com/core-concepts/integrations/webhooks */
#define OPENPHONE(name, next)                                                  \
	{                                                                      \
		.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_BASE64,    \
		.flags = SIGNATURE_BASE64_KEYS | SIGNATURE_TIME_INSIDE |       \
			 SIGNATURE_SEMICOLONS,                                 \
		.header = name, .prefix = "hmac;1;",                           \
		.signed_text = "{timestamp}.{body}", .tolerance_ms = 300000,   \
		.other = next                                                  \
	}
static const struct signature_scheme quo_signature =
    OPENPHONE("quo-signature", NULL);
static const struct signature_scheme openphone =
    OPENPHONE("openphone-signature", &quo_signature);

/* documentation.mailgun.com, "Securing Webhooks": of a form the three members
 * lie at its top, of JSON in `signature`. What they sign is not the message;
 * whether a repetition is signed anew is not said, and the last comes after
 * eight hours. */
#define MAILGUN(at, next)                                                      \
	{                                                                      \
		.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_HEX,       \
		.flags = SIGNATURE_IN_BODY, .header = at ".signature",         \
		.timestamp_header = at ".timestamp", .id_header = at ".token", \
		.signed_text = "{timestamp}{id}", .tolerance_ms = 43200000,    \
		.other = next                                                  \
	}
static const struct signature_scheme mailgun_json = MAILGUN(".signature", NULL);

/* https://www.standardwebhooks.com, version 1.0.0; svix is its forerunner with
 * the same maths under other header names. */
#define STANDARD(prefix, next)                                                 \
	{                                                                      \
		.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_BASE64,    \
		.flags = SIGNATURE_STANDARD, .header = prefix "-signature",    \
		.timestamp_header = prefix "-timestamp",                       \
		.id_header = prefix "-id",                                     \
		.signed_text = "{id}.{timestamp}.{body}",                      \
		.tolerance_ms = 300000, .other = next                          \
	}
static const struct {
	const char *name;
	struct signature_scheme scheme;
} known[] = {
    {"standard_webhooks", STANDARD("webhook", NULL)},
    {"svix", STANDARD("svix", NULL)},
    {"openphone", OPENPHONE("openphone-signature", &quo_signature)},
    {"quo", STANDARD("webhook", &openphone)},
    {"mailgun", MAILGUN("", &mailgun_json)},
    {"jwt_hs256",
     {.algorithm = SIGN_HMAC_SHA256,
      .encoding = ENCODING_BASE64URL,
      .flags = SIGNATURE_JWT,
      .signed_text = "{body}"}},
};

static int find_word(const struct word *words, const char *text, int *out)
{
	for (; words->text != NULL; words++) {
		if (!str_eq(str_from(words->text), str_from(text)))
			continue;
		*out = words->number;
		return 0;
	}
	return LB_ENOTFOUND;
}

static int start_from_name(const char *name, struct signature_scheme *out,
			   struct err *err)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_eq(str_from(known[i].name), str_from(name)))
			continue;
		*out = known[i].scheme;
		return 0;
	}
	return err_set(err, LB_EINVAL, "unknown scheme '%s'", name);
}

static void override(const char **to, const char *with)
{
	if (with != NULL)
		*to = with;
}

int signature_scheme_from(const struct scheme_rule *rule,
			  struct signature_scheme *out, struct err *err)
{
	*out = (struct signature_scheme){.algorithm = SIGN_HMAC_SHA256,
					 .encoding = ENCODING_HEX,
					 .signed_text = "{body}"};
	if (rule->name != NULL) {
		int code = start_from_name(rule->name, out, err);
		if (code != 0)
			return code;
	}
	int word;
	if (rule->algorithm != NULL) {
		if (find_word(algorithms, rule->algorithm, &word) != 0)
			return err_set(err, LB_EINVAL, "unknown algorithm '%s'",
				       rule->algorithm);
		out->algorithm = (enum signature_algorithm)word;
	}
	if (rule->encoding != NULL) {
		if (find_word(encodings, rule->encoding, &word) != 0)
			return err_set(err, LB_EINVAL, "unknown encoding '%s'",
				       rule->encoding);
		out->encoding = (enum signature_encoding)word;
	}
	override(&out->header, rule->header);
	override(&out->prefix, rule->prefix);
	override(&out->signed_text, rule->signed_text);
	override(&out->timestamp_header, rule->timestamp_header);
	override(&out->id_header, rule->id_header);
	if (rule->tolerance_ms != 0)
		out->tolerance_ms = rule->tolerance_ms;
	if (out->header != NULL && out->header[0] == '.')
		out->flags |= SIGNATURE_IN_BODY;
	/* "t=...,v1=...": the time stands in the same header. */
	if (out->timestamp_header != NULL && out->header != NULL &&
	    str_ieq(str_from(out->timestamp_header), str_from(out->header)))
		out->flags |= SIGNATURE_TIME_INSIDE;
	return 0;
}
