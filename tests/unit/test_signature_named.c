/* SPDX-License-Identifier: MIT */
/*
 * The schemes that are known by name and are more than a header over a text:
 * Quo's older one, Mailgun's members of the body, tokens (JWT). The rows that
 * hold come from published vectors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "payload/payload.h"
#include "sources/signature.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BODY     "{\"a\":1,\"name\":\"Zo\\u00eb \\/ ok\"}"
#define H(n, v)                                                                \
	{                                                                      \
		{n, sizeof(n) - 1},                                            \
		{                                                              \
			v, sizeof(v) - 1                                       \
		}                                                              \
	}
#define OP_KEY "b3BlbnBob25lLWRlbW8ta2V5LTAwMDE="
#define OP_SIGN                                                                \
	"hmac;1;1760000000000;PDtRkrzaoLxEK3pJCWIqb3bMv6l4/6SH+7Kb9xagcv4="
#define DP_TEXT  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjYWxsX2lkIjoiMSJ9"
#define DP_SIGN  ".fOULK8KfVihIDHb6dGvUquehwdJ81l9Lm-X9I-DPpCg"
#define MG_TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef01"
#define MG_SIGN                                                                \
	"c4a69d56e0385c9a86b84e3e792081c1044c2dd1144272b18fe6ddd7ea66a893"
#define MG_FORM "timestamp=1760000000&token=" MG_TOKEN "&signature=" MG_SIGN
#define MG_JSON                                                                \
	"{\"timestamp\":\"1760000000\",\"token\":\"" MG_TOKEN                  \
	"\",\"signature\":\"" MG_SIGN "\"}"

/* clang-format off */
static const struct {
	const char *name, *scheme, *secret;
	struct header header;
	const char *body;
	unsigned kind; /* of the payload, where that is judged */
	int64_t late_ms;
	enum proof_result result;
} named_rows[] = {
    {"openphone", "openphone", OP_KEY, H("openphone-signature", OP_SIGN),
     BODY, 0, 0, PROOF_OK},
    {"openphone, other case of the name", "openphone", OP_KEY,
     H("OpenPhone-Signature", OP_SIGN), BODY, 0, 0, PROOF_OK},
    {"openphone, secret in four parts", "openphone", "hmac;1;x;" OP_KEY,
     H("openphone-signature", OP_SIGN), BODY, 0, 0, PROOF_OK},
    {"openphone under its new name", "openphone", OP_KEY,
     H("quo-signature", OP_SIGN), BODY, 0, 0, PROOF_OK},
    {"openphone, too old", "openphone", OP_KEY,
     H("openphone-signature", OP_SIGN), BODY, 0, 300001, PROOF_STALE},
    {"openphone, another time", "openphone", OP_KEY,
     H("openphone-signature",
       "hmac;1;1760000000001;PDtRkrzaoLxEK3pJCWIqb3bMv6l4/6SH+7Kb9xagcv4="),
     BODY, 0, 0, PROOF_WRONG},
    {"openphone, another version", "openphone", OP_KEY,
     H("openphone-signature",
       "hmac;2;1760000000000;PDtRkrzaoLxEK3pJCWIqb3bMv6l4/6SH+7Kb9xagcv4="),
     BODY, 0, 0, PROOF_MISSING},
    {"openphone, no signature in it", "openphone", OP_KEY,
     H("openphone-signature", "hmac;1;1760000000000;"), BODY, 0, 0,
     PROOF_WRONG},
    {"openphone, no time in it", "openphone", OP_KEY,
     H("openphone-signature", "hmac;1;"), BODY, 0, 0, PROOF_MISSING},
    {"quo takes the older one", "quo", OP_KEY,
     H("openphone-signature", OP_SIGN), BODY, 0, 0, PROOF_OK},
    {"quo, nothing sent", "quo", OP_KEY, H("X", "y"), BODY, 0, 0,
     PROOF_MISSING},
    {"mailgun, form", "mailgun", "mg_secret", H("X", "y"), MG_FORM,
     PAYLOAD_FORM, 0, PROOF_OK},
    {"mailgun, JSON", "mailgun", "mg_secret", H("X", "y"),
     "{\"signature\":" MG_JSON "}", PAYLOAD_JSON, 0, PROOF_OK},
    {"mailgun, eleven hours old", "mailgun", "mg_secret", H("X", "y"), MG_FORM,
     PAYLOAD_FORM, 39600000, PROOF_OK},
    {"mailgun, thirteen hours old", "mailgun", "mg_secret", H("X", "y"),
     MG_FORM, PAYLOAD_FORM, 46800000, PROOF_STALE},
    {"mailgun, another token", "mailgun", "mg_secret", H("X", "y"),
     "timestamp=1760000000&token=x" MG_TOKEN "&signature=" MG_SIGN,
     PAYLOAD_FORM, 0, PROOF_WRONG},
    {"mailgun, member given twice", "mailgun", "mg_secret", H("X", "y"),
     MG_FORM "&token=x", PAYLOAD_FORM, 0, PROOF_MISSING},
    {"mailgun, not parsed", "mailgun", "mg_secret", H("X", "y"), MG_FORM, 0, 0,
     PROOF_MISSING},
    {"dialpad", "jwt_hs256", "dp_secret", H("X", "y"), DP_TEXT DP_SIGN, 0, 0,
     PROOF_OK},
    {"dialpad, in quotes and with a line end", "jwt_hs256", "dp_secret",
     H("X", "y"), "\"" DP_TEXT DP_SIGN "\"\n", 0, 0, PROOF_OK},
    {"dialpad, other key", "jwt_hs256", "dp_secre", H("X", "y"),
     DP_TEXT DP_SIGN, 0, 0, PROOF_WRONG},
    {"a token that says it is not signed", "jwt_hs256", "dp_secret",
     H("X", "y"), "eyJhbGciOiJub25lIn0.eyJjYWxsX2lkIjoiMSJ9" DP_SIGN, 0, 0,
     PROOF_WRONG},
    {"a token of another algorithm", "jwt_hs256", "dp_secret", H("X", "y"),
     "eyJhbGciOiJSUzI1NiJ9.eyJjYWxsX2lkIjoiMSJ9" DP_SIGN, 0, 0, PROOF_WRONG},
    {"a token without signature", "jwt_hs256", "dp_secret", H("X", "y"),
     DP_TEXT ".", 0, 0, PROOF_MISSING},
    {"no token", "jwt_hs256", "dp_secret", H("X", "y"), "{}", 0, 0,
     PROOF_MISSING},
};
/* clang-format on */

static const struct value *payload_of(struct arena *arena, struct str body,
				      unsigned kind)
{
	struct payload_limits limits = {.depth = 8, .values = 100};
	struct value *out = NULL;
	if (kind == PAYLOAD_FORM)
		assert_int_equal(payload_form(arena, body, &limits, &out, NULL),
				 0);
	if (kind == PAYLOAD_JSON)
		assert_int_equal(
		    payload_json(arena, body, &limits, false, &out, NULL), 0);
	return out;
}

static void schemes_known_by_name_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(named_rows); i++) {
		char name[32];
		(void)!snprintf(name, sizeof(name), "%s", named_rows[i].scheme);
		struct scheme_rule rule = {.name = name};
		struct signature_scheme scheme;
		const char *secret = named_rows[i].secret;
		/* Only read; struct secret owns its bytes elsewhere. */
		struct secret one = {(unsigned char *)(uintptr_t)secret,
				     strlen(secret), NULL};
		struct secrets list = {&one, 1};
		struct header header = named_rows[i].header;
		struct request r = {.headers = &header,
				    .n_headers = 1,
				    .body = str_from(named_rows[i].body),
				    .received_at_ms =
					1760000000000 + named_rows[i].late_ms};
		struct arena arena;
		struct proof proof = {0};
		struct signature *s = NULL;
		arena_init(&arena);
		assert_int_equal(signature_scheme_from(&rule, &scheme, NULL),
				 0);
		assert_int_equal(signature_new(&scheme, &list, &s, NULL), 0);
		struct source_call call = {
		    .request = &r,
		    .arena = &arena,
		    .payload = payload_of(&arena, r.body, named_rows[i].kind)};
		signature_verify(s, &call, &proof);
		signature_free(s);
		arena_release(&arena);
		if (proof.result != named_rows[i].result)
			fail_msg("%s: %d", named_rows[i].name, proof.result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(schemes_known_by_name_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
