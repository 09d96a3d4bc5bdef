/* SPDX-License-Identifier: MIT */
/*
 * Signatures: published vectors of the senders (computed with independent code)
 * through the schemes that describe them, and every way a proof can fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/signature.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* 31 bytes, literal backslashes. */
#define BODY   "{\"a\":1,\"name\":\"Zo\\u00eb \\/ ok\"}"
#define TWILIO "/in/twilio?acct=7"
#define SHA_QUERY                                                              \
	"&bodySHA256="                                                         \
	"2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd"
#define STD_SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define STD_PUBLIC "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#define STD_V1     "v1,4X8yoYKb0BcFlqU7+vH+fjYrg99RL8RmySjr436r+kw="
#define STD_V1A                                                                \
	"v1a,aD2xKQbX8VO97eRhybhFamFTrn3oMqo7Z9D8aG2l4qtDuqcWEJclo/"           \
	"Ofi1M06V6sNBRpb5ams1UQdbei1gxPDQ=="

#define SENDGRID_KEY                                                           \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmp"   \
	"qIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define SENDGRID_BODY                                                          \
	"[{\"email\":\"hello@world.com\",\"event\":\"dropped\","               \
	"\"reason\":\"Bounced Address\",\"sg_event_id\":"                      \
	"\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\","             \
	"\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-"       \
	"756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":"                      \
	"\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\","          \
	"\"timestamp\":1600112492}]\r\n"

struct vector {
	const char *name, *secret;
	struct signature_scheme scheme;
	struct header headers[4];
	const char *body, *url, *target;
};

#define HMAC(sha, how, text, before)                                           \
	{                                                                      \
		.algorithm = SIGN_HMAC_##sha, .encoding = ENCODING_##how,      \
		.header = "S", .signed_text = text, .prefix = before,          \
		.timestamp_header = "T"                                        \
	}
/* clang-format off */
#define H(n, v) {{n, sizeof(n) - 1}, {v, sizeof(v) - 1}}

static const struct vector vectors[] = {
    {"shopify", "hush", HMAC(SHA256, BASE64, "{body}", NULL),
     {H("S", "9GIjOZ3zS/fHI8gr1XyK68DdcU1Wzo1txudaWUE+eSQ=")},
     "{\"id\":706405506930370084,\"email\":\"ana@example.com\",\"phone\":null}",
     NULL, NULL},
    {"twilio form, parameters sorted and joined", "tw_secret",
     HMAC(SHA1, BASE64, "{url}{body}", NULL),
     {H("S", "WMzOBBuTwvqSrmTyI/1YQq9lCic=")},
     "Body Hi & bye +1 \xC3\xA9" "CallSidCA00000000000000000000000000000001"
     "From+15205550123To+15205550199",
     "https://leads.example.net", TWILIO},
    {"twilio form, url with port", "tw_secret",
     HMAC(SHA1, BASE64, "{url}{body}", NULL),
     {H("S", "EzI0kOYyOnA44URs9yVXeEitnSs=")},
     "Body Hi & bye +1 \xC3\xA9" "CallSidCA00000000000000000000000000000001"
     "From+15205550123To+15205550199",
     "https://leads.example.net:443", TWILIO},
    {"twilio json, url names the body", "tw_secret",
     HMAC(SHA1, BASE64, "{url}{body}", NULL),
     {H("S", "9Cgh06qjFKTCAkigO5s+cFLoj3M=")}, "",
     "https://leads.example.net", TWILIO SHA_QUERY},
    {"twilio, widely published", "12345",
     HMAC(SHA1, BASE64, "{url}{body}", NULL),
     {H("S", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")},
     "CallSidCA1234567890ABCDECaller+12349013030Digits1234"
     "From+12349013030To+18005551212",
     "https://mycompany.com", "/myapp.php?foo=1&bar=2"},
    {"callrail", "cr_secret", HMAC(SHA1, BASE64, "{body}", NULL),
     {H("S", "kIgJf7sXIRGIQ1vDKb64lcFqIZc=")}, BODY, NULL, NULL},
    {"call tracking metrics", "ctm_secret",
     HMAC(SHA1, BASE64, "{timestamp}{body}", NULL),
     {H("S", "8KMfPfT1eMNVYaATJWSMusfWDDw="), H("T", "1760000000")},
     BODY, NULL, NULL},
    {"typeform", "tf_secret", HMAC(SHA256, BASE64, "{body}", "sha256="),
     {H("S", "sha256=mwlV1y+o3w9fjeWumQrIfsOrPhPKvSTjWO5LgK7H2yY=")},
     BODY, NULL, NULL},
    {"tally", "ta_secret", HMAC(SHA256, BASE64, "{body}", NULL),
     {H("S", "dO1apCJmFJmPCKMczoCTPF4iyUXgcjhXI8LkwL6LQSs=")},
     BODY, NULL, NULL},
    {"calendly, time inside", "ca_secret",
     {.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_HEX,
      .flags = SIGNATURE_TIME_INSIDE, .header = "S", .prefix = "v1=",
      .signed_text = "{timestamp}.{body}", .tolerance_ms = 300000},
     {H("S", "t=1760000000,v1=a3167ba43015b286e16c13eda1b4b04c7211eb0fca1634"
	     "380ddd85a9ebb32982")},
     BODY, NULL, NULL},
    {"wpforms, time inside", "wp_secret",
     {.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_HEX,
      .flags = SIGNATURE_TIME_INSIDE, .header = "S", .prefix = "v=",
      .signed_text = "{timestamp}.{body}"},
     {H("S", "t=1760000000,v=2fd64c2b1e1a280c7f9d0a3f391389097484a7559fffd814"
	     "48a0ad8334d17860")},
     BODY, NULL, NULL},
    {"webflow, milliseconds", "wf_secret",
     {.algorithm = SIGN_HMAC_SHA256, .encoding = ENCODING_HEX, .header = "S",
      .timestamp_header = "T", .signed_text = "{timestamp}:{body}",
      .tolerance_ms = 300000},
     {H("S", "86f6d62d4a9dbbb63778d9b9946894022a2de719429453b429a32fd7a2dbe8"
	     "c9"), H("T", "1760000000000")},
     BODY, NULL, NULL},
    {"intercom", "ic_secret", HMAC(SHA1, HEX, "{body}", "sha1="),
     {H("S", "sha1=00d845be87f3eecb63b948a840e70b1bd1213ada")},
     BODY, NULL, NULL},
    {"tawk.to", "tk_secret", HMAC(SHA1, HEX, "{body}", NULL),
     {H("S", "ce8b74c8832f9460d6b9760633ef34d76f85ddf9")}, BODY, NULL, NULL},
    {"sendgrid, of the vendor's own library", SENDGRID_KEY,
     {.algorithm = SIGN_ECDSA_SHA256, .encoding = ENCODING_BASE64,
      .header = "S", .timestamp_header = "T",
      .signed_text = "{timestamp}{body}"},
     {H("S", "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+u"
	     "Oe5W0JuG+luQAbPIqHh89M15TluLtEZtM="), H("T", "1600112502")},
     SENDGRID_BODY, NULL, NULL},
};
/* clang-format on */

static enum proof_result judge(const struct signature_scheme *scheme,
			       const struct secrets *secrets,
			       const struct request *r, int *matched)
{
	struct signature *s = NULL;
	struct err err = {0};
	struct arena arena;
	struct proof proof = {0};
	arena_init(&arena);
	if (signature_new(scheme, secrets, &s, &err) != 0)
		fail_msg("%s", err.text);
	struct source_call call = {.request = r, .arena = &arena};
	signature_verify(s, &call, &proof);
	signature_free(s);
	arena_release(&arena);
	if (matched != NULL)
		*matched = proof.matched;
	return proof.result;
}

static struct secret secret_of(const char *text)
{
	/* Only read; struct secret owns its bytes elsewhere. */
	return (struct secret){(unsigned char *)(uintptr_t)text, strlen(text),
			       NULL};
}

static void fill_request(const struct vector *v, struct header headers[4],
			 struct request *r)
{
	size_t n = 0;
	for (; n < 4 && v->headers[n].name.n > 0; n++)
		headers[n] = v->headers[n];
	*r = (struct request){
	    .method_text = STR("POST"),
	    .target = str_from(v->target != NULL ? v->target : "/in/x"),
	    .public_url = str_from(v->url),
	    .headers = headers,
	    .n_headers = n,
	    .body = str_from(v->body),
	    .received_at_ms = 1760000000000,
	};
}

static void published_vectors_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct header headers[4];
		struct request r;
		struct secret one = secret_of(vectors[i].secret);
		struct secrets list = {&one, 1};
		fill_request(&vectors[i], headers, &r);
		if (judge(&vectors[i].scheme, &list, &r, NULL) != PROOF_OK)
			fail_msg("%s", vectors[i].name);
	}
}

static void vectors_fail_with_any_byte_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct header headers[4];
		struct request r;
		struct secret one = secret_of(vectors[i].secret);
		struct secrets list = {&one, 1};
		char changed[400];
		fill_request(&vectors[i], headers, &r);
		if (r.body.n == 0)
			continue;
		memcpy(changed, r.body.p, r.body.n);
		changed[r.body.n / 2] ^= 1;
		r.body.p = changed;
		if (judge(&vectors[i].scheme, &list, &r, NULL) != PROOF_WRONG)
			fail_msg("%s", vectors[i].name);
	}
}

/* ---- Standard Webhooks -------------------------------------------------- */

struct standard_row {
	const char *name;
	const char *secrets[3];
	const char *id, *timestamp, *signature;
	int64_t received_at_ms;
	enum proof_result result;
	int matched;
};

#define NOW 1760000000000
static const struct standard_row standard_rows[] = {
    {"v1",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     STD_V1,
     NOW,
     PROOF_OK,
     0},
    {"v1 without prefix and padding of the secret",
     {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"},
     "msg_demo0001",
     "1760000000",
     STD_V1,
     NOW,
     PROOF_OK,
     0},
    {"v1a",
     {STD_PUBLIC},
     "msg_demo0001",
     "1760000000",
     STD_V1A,
     NOW,
     PROOF_OK,
     0},
    {"both sent, the second secret matches",
     {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", STD_PUBLIC},
     "msg_demo0001",
     "1760000000",
     STD_V1 " " STD_V1A,
     NOW,
     PROOF_OK,
     1},
    {"unknown versions and broken tokens are stepped over",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     "v2,abc v1 v1, v1,!! " STD_V1,
     NOW,
     PROOF_OK,
     0},
    {"an Ed25519 signature under v1",
     {STD_PUBLIC},
     "msg_demo0001",
     "1760000000",
     "v1,aD2xKQbX8VO97eRhybhFamFTrn3oMqo7Z9D8aG2l4qtDuqcWEJclo/"
     "Ofi1M06V6sNBRpb5ams1UQdbei1gxPDQ==",
     NOW,
     PROOF_WRONG,
     -1},
    {"tolerance holds to the second",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     STD_V1,
     NOW + 300000,
     PROOF_OK,
     0},
    {"too old",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     STD_V1,
     NOW + 300001,
     PROOF_STALE,
     -1},
    {"from the future",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     STD_V1,
     NOW - 300001,
     PROOF_STALE,
     -1},
    {"stale is said only of what is right",
     {STD_SECRET},
     "msg_other",
     "1760000000",
     STD_V1,
     NOW + 300001,
     PROOF_WRONG,
     -1},
    {"other id",
     {STD_SECRET},
     "msg_demo0002",
     "1760000000",
     STD_V1,
     NOW,
     PROOF_WRONG,
     -1},
    {"dot in id",
     {STD_SECRET},
     "msg.demo",
     "1760000000",
     STD_V1,
     NOW,
     PROOF_WRONG,
     -1},
    {"timestamp is no number",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000x",
     STD_V1,
     NOW,
     PROOF_WRONG,
     -1},
    {"timestamp out of range",
     {STD_SECRET},
     "msg_demo0001",
     "99999999999999999999",
     STD_V1,
     NOW,
     PROOF_WRONG,
     -1},
    {"no id", {STD_SECRET}, NULL, "1760000000", STD_V1, NOW, PROOF_MISSING, -1},
    {"no timestamp",
     {STD_SECRET},
     "msg_demo0001",
     NULL,
     STD_V1,
     NOW,
     PROOF_MISSING,
     -1},
    {"no signature",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     NULL,
     NOW,
     PROOF_MISSING,
     -1},
    {"empty signature",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     "  ",
     NOW,
     PROOF_MISSING,
     -1},
    {"N/A is no signature",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     "n/a",
     NOW,
     PROOF_MISSING,
     -1},
    {"only the first eight signatures are judged",
     {STD_SECRET},
     "msg_demo0001",
     "1760000000",
     "v1,A v1,A v1,A v1,A v1,A v1,A v1,A v1,A " STD_V1,
     NOW,
     PROOF_WRONG,
     -1},
};

static void standard_webhooks_are_judged(void **state)
{
	(void)state;
	struct signature_scheme scheme;
	char name[] = "standard_webhooks";
	struct scheme_rule rule = {.name = name};
	assert_int_equal(signature_scheme_from(&rule, &scheme, NULL), 0);
	for (size_t i = 0; i < COUNT(standard_rows); i++) {
		const struct standard_row *row = &standard_rows[i];
		struct secret list[3];
		struct secrets secrets = {list, 0};
		while (secrets.n < 3 && row->secrets[secrets.n] != NULL) {
			list[secrets.n] = secret_of(row->secrets[secrets.n]);
			secrets.n++;
		}
		struct header headers[] = {
		    {STR("Webhook-Id"), str_from(row->id)},
		    {STR("webhook-timestamp"), str_from(row->timestamp)},
		    {STR("WEBHOOK-SIGNATURE"), str_from(row->signature)},
		};
		struct request r = {.headers = headers,
				    .n_headers = 3,
				    .body = STR(BODY),
				    .received_at_ms = row->received_at_ms};
		int matched;
		if (judge(&scheme, &secrets, &r, &matched) != row->result ||
		    matched != row->matched)
			fail_msg("%s", row->name);
	}
}

static void a_header_sent_twice_is_refused(void **state)
{
	(void)state;
	struct secret one = secret_of("hush");
	struct secrets list = {&one, 1};
	struct header headers[4];
	struct request r;
	fill_request(&vectors[0], headers, &r);
	headers[1] = headers[0];
	r.n_headers = 2;
	assert_int_equal(judge(&vectors[0].scheme, &list, &r, NULL),
			 PROOF_WRONG);
}

/* ---- refused at start --------------------------------------------------- */

static void bad_schemes_do_not_start(void **state)
{
	(void)state;
	static const struct {
		const char *name, *secret;
		struct signature_scheme scheme;
	} rows[] = {
	    {"no header", "k", {.signed_text = "{body}"}},
	    {"body not covered",
	     "k",
	     {.header = "S", .signed_text = "{id}", .id_header = "I"}},
	    {"empty template", "k", {.header = "S", .signed_text = ""}},
	    {"unknown part", "k", {.header = "S", .signed_text = "{bdy}"}},
	    {"timestamp without header",
	     "k",
	     {.header = "S", .signed_text = "{timestamp}.{body}"}},
	    {"id without header",
	     "k",
	     {.header = "S", .signed_text = "{id}.{body}"}},
	    {"tolerance over an unsigned time",
	     "k",
	     {.header = "S", .signed_text = "{body}", .tolerance_ms = 1}},
	    {"too many parts",
	     "k",
	     {.header = "S",
	      .signed_text = "{body}{url}{url}{url}{url}{url}"
			     "{url}{url}{url}"}},
	    {"key is not base64",
	     "k!",
	     {.header = "S",
	      .signed_text = "{body}",
	      .flags = SIGNATURE_BASE64_KEYS}},
	    {"key is no Ed25519 key",
	     "AAAA",
	     {.header = "S",
	      .signed_text = "{body}",
	      .algorithm = SIGN_ED25519}},
	    {"key is no ECDSA key",
	     "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
	     {.header = "S",
	      .signed_text = "{body}",
	      .algorithm = SIGN_ECDSA_SHA256}},
	    {"a path, and a header beside it",
	     "k",
	     {.header = ".s",
	      .signed_text = "{timestamp}",
	      .timestamp_header = "T",
	      .flags = SIGNATURE_IN_BODY}},
	    {"key is no RSA key",
	     "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
	     {.header = "S",
	      .signed_text = "{body}",
	      .algorithm = SIGN_RSA_SHA256}},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret one = secret_of(rows[i].secret);
		struct secrets list = {&one, 1};
		struct signature *s = NULL;
		struct err err = {0};
		int code = signature_new(&rows[i].scheme, &list, &s, &err);
		if (code >= 0 || s != NULL || err.text[0] == '\0')
			fail_msg("%s", rows[i].name);
		if (strstr(err.text, rows[i].secret) != NULL &&
		    rows[i].secret[1] != '\0')
			fail_msg("%s: the message holds the secret",
				 rows[i].name);
	}
}

static void words_of_the_configuration_become_a_scheme(void **state)
{
	(void)state;
	char algorithm[] = "hmac-sha512", encoding[] = "base64url",
	     header[] = "X-Sig", time[] = "x-sig", svix[] = "svix",
	     bad[] = "md5";
	char path[] = ".sign", ecdsa[] = "ecdsa-sha256";
	struct scheme_rule rule = {.algorithm = algorithm,
				   .encoding = encoding,
				   .header = header,
				   .timestamp_header = time};
	struct signature_scheme scheme;
	struct err err = {0};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err), 0);
	assert_int_equal(scheme.algorithm, SIGN_HMAC_SHA512);
	assert_int_equal(scheme.encoding, ENCODING_BASE64URL);
	assert_int_equal(scheme.flags, SIGNATURE_TIME_INSIDE);
	assert_string_equal(scheme.signed_text, "{body}");
	rule = (struct scheme_rule){.header = path, .algorithm = ecdsa};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err), 0);
	assert_int_equal(scheme.flags, SIGNATURE_IN_BODY);
	assert_int_equal(scheme.algorithm, SIGN_ECDSA_SHA256);
	rule = (struct scheme_rule){.name = svix, .tolerance_ms = 5};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err), 0);
	assert_string_equal(scheme.header, "svix-signature");
	assert_int_equal(scheme.tolerance_ms, 5);
	rule = (struct scheme_rule){.algorithm = bad};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err),
			 LB_EINVAL);
	rule = (struct scheme_rule){.encoding = bad};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err),
			 LB_EINVAL);
	rule = (struct scheme_rule){.name = bad};
	assert_int_equal(signature_scheme_from(&rule, &scheme, &err),
			 LB_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_vectors_verify),
	    cmocka_unit_test(vectors_fail_with_any_byte_changed),
	    cmocka_unit_test(standard_webhooks_are_judged),
	    cmocka_unit_test(a_header_sent_twice_is_refused),
	    cmocka_unit_test(bad_schemes_do_not_start),
	    cmocka_unit_test(words_of_the_configuration_become_a_scheme),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
