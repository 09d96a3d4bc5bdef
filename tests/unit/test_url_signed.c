/* SPDX-License-Identifier: MIT */
/*
 * Senders that sign the URL: the vectors their vendors publish, through the
 * adapters that judge them, and the ways a URL or a body can differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../sources/source_kit.h"

#define FORM   "Content-Type: application/x-www-form-urlencoded\n"
#define JSON   "Content-Type: application/json\n"
#define TWILIO "X-Twilio-Signature: "
#define SMS                                                                    \
	"From=%2B15205550123&To=%2B15205550199&"                               \
	"Body=+Hi+%26+bye+%2B1+%C3%A9&"                                        \
	"CallSid=CA00000000000000000000000000000001"
#define LEADS     "https://leads.example.net"
#define MYCOMPANY "https://mycompany.com"
#define MY_PARAMS                                                              \
	"Digits=1234&To=%2B18005551212&From=%2B12349013030&"                   \
	"Caller=%2B12349013030&CallSid=CA1234567890ABCDE"
#define MY_TARGET "/myapp.php?foo=1&bar=2"
#define MY_PROOF  TWILIO "0/KCTR6DLpKmkAf8muzZqo1nDgQ=\n"
#define LB_PROOF  TWILIO "WMzOBBuTwvqSrmTyI/1YQq9lCic=\n"
#define LB_PORT   TWILIO "EzI0kOYyOnA44URs9yVXeEitnSs=\n"
#define SHA_QUERY                                                              \
	"&bodySHA256="                                                         \
	"2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd"
#define SHA_PROOF TWILIO "9Cgh06qjFKTCAkigO5s+cFLoj3M=\n"
#define POST(target, headers, body)                                            \
	"POST " target " HTTP/1.1\n" headers "\n" body

#define HS_KEY  "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
#define HS_URL  "https://www.example.com"
#define HS_BODY "{\"example_field\":\"example_value\"}"
#define HS_GET                                                                 \
	"eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"
#define HS_POST                                                                \
	"9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
#define HS_HEADER "X-HubSpot-Signature: "

/* clang-format off */
static const struct {
	const char *name, *platform, *secret, *url, *request;
	enum proof_result result;
} rows[] = {
    {"widely published", "twilio", "12345", MYCOMPANY,
     POST(MY_TARGET, FORM MY_PROOF, MY_PARAMS), PROOF_OK},
    {"order of the parameters does not matter", "twilio", "12345", MYCOMPANY,
     POST(MY_TARGET, FORM MY_PROOF,
	  "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&"
	  "From=%2B12349013030&To=%2B18005551212&"), PROOF_OK},
    {"order of the query does", "twilio", "12345", MYCOMPANY,
     POST("/myapp.php?bar=2&foo=1", FORM MY_PROOF, MY_PARAMS), PROOF_WRONG},
    {"form with blanks and letters beyond ASCII", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_OK},
    {"signed with the port, configured without", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM LB_PORT, SMS), PROOF_OK},
    {"signed without the port, configured with", "twilio", "tw_secret",
     LEADS ":443", POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_OK},
    {"signed and configured with the port", "twilio", "tw_secret",
     LEADS ":443", POST("/in/twilio?acct=7", FORM LB_PORT, SMS), PROOF_OK},
    {"another port", "twilio", "tw_secret", LEADS ":8443",
     POST("/in/twilio?acct=7", FORM LB_PORT, SMS), PROOF_WRONG},
    {"a prefix the proxy cuts belongs to public_url", "twilio", "12345",
     MYCOMPANY "/myapp.php",
     POST("?foo=1&bar=2", FORM MY_PROOF, MY_PARAMS), PROOF_OK},
    {"another host", "twilio", "tw_secret", "https://leads.example.com",
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"http is not https", "twilio", "tw_secret", "http://leads.example.net",
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"no public_url", "twilio", "tw_secret", NULL,
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"public_url that is none", "twilio", "tw_secret", "leads:443",
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"public_url of a bare address", "twilio", "tw_secret", "https://[::1]",
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"one parameter more", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS "&x=1"), PROOF_WRONG},
    {"the header twice", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM LB_PROOF LB_PROOF, SMS), PROOF_WRONG},
    {"no header", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM, SMS), PROOF_MISSING},
    {"half a signature", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", FORM TWILIO "WMzOBBuTwvo=\n", SMS),
     PROOF_WRONG},
    {"another token", "twilio", "tw_other", LEADS,
     POST("/in/twilio?acct=7", FORM LB_PROOF, SMS), PROOF_WRONG},
    {"the query names the body", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7" SHA_QUERY, JSON SHA_PROOF, "{\"n\":1}"),
     PROOF_OK},
    {"the query names another body", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7" SHA_QUERY, JSON SHA_PROOF, "{\"n\":2}"),
     PROOF_WRONG},
    {"a body nothing covers", "twilio", "tw_secret", LEADS,
     POST("/in/twilio?acct=7", JSON LB_PROOF, SMS), PROOF_WRONG},

    {"v2 without a body", "hubspot_workflow", HS_KEY, HS_URL,
     "GET /webhook_uri HTTP/1.1\n" HS_HEADER HS_GET "\n\n", PROOF_OK},
    {"v2 with a body", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", HS_HEADER HS_POST "\n", HS_BODY), PROOF_OK},
    {"v2 by name", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", HS_HEADER HS_POST
	  "\nX-HubSpot-Signature-Version: v2\n", HS_BODY), PROOF_OK},
    {"v1 is not v2", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", HS_HEADER HS_POST
	  "\nX-HubSpot-Signature-Version: v1\n", HS_BODY), PROOF_WRONG},
    {"another method", "hubspot_workflow", HS_KEY, HS_URL,
     "PUT /webhook_uri HTTP/1.1\n" HS_HEADER HS_POST "\n\n" HS_BODY,
     PROOF_WRONG},
    {"another path", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri/", HS_HEADER HS_POST "\n", HS_BODY), PROOF_WRONG},
    {"another body", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", HS_HEADER HS_POST "\n", HS_BODY "\n\n"),
     PROOF_WRONG},
    {"another secret", "hubspot_workflow", "x", HS_URL,
     POST("/webhook_uri", HS_HEADER HS_POST "\n", HS_BODY), PROOF_WRONG},
    {"sha256= is not the vendor's", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", HS_HEADER "sha256=" HS_POST "\n", HS_BODY),
     PROOF_WRONG},
    {"no signature", "hubspot_workflow", HS_KEY, HS_URL,
     POST("/webhook_uri", JSON, HS_BODY), PROOF_MISSING},
};
/* clang-format on */

static struct proof judge(struct source *s, const char *url, const char *text)
{
	struct golden_request g;
	struct arena arena;
	struct proof proof = {.result = PROOF_OK, .matched = -1};
	arena_init(&arena);
	golden_request_parse(str_from(text), &g);
	g.request.public_url = str_from(url);
	struct source_call call = {s, &g.request, NULL, &arena};
	s->ops->verify(&call, &proof);
	arena_release(&arena);
	return proof;
}

static void published_vectors_and_their_neighbours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		struct source *s = make(rows[i].platform, no_proof);
		add_secret(&s->secret, "an older one");
		add_secret(&s->secret, rows[i].secret);
		if (source_prepare(s, &err) != 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		struct proof proof = judge(s, rows[i].url, rows[i].request);
		if (proof.result != rows[i].result ||
		    proof.matched != (proof.result == PROOF_OK ? 1 : -1))
			fail_msg("%s: %d, secret %d", rows[i].name,
				 (int)proof.result, proof.matched);
		golden_source_free(s);
	}
}

/* HMAC-SHA1 of https://u:p@h.example/in and of https://u:p@h.example:443/in,
 * key "k". */
static void a_user_in_the_url_may_be_signed(void **state)
{
	static const char *const proofs[] = {
	    POST("/in", FORM TWILIO "klt4Vu7Kf36Xy35YdUWBIPqF+jI=\n", ""),
	    POST("/in", FORM TWILIO "XgNwmQe41gQVNrsIgffuz5vEwTY=\n", ""),
	};
	struct secret password = {(unsigned char *)LITERAL("p"), 1, NULL};
	(void)state;
	for (size_t i = 0; i < COUNT(proofs); i++) {
		struct err err = {0};
		struct source *s = make("twilio", no_proof);
		add_secret(&s->secret, "k");
		assert_int_equal(source_prepare(s, &err), 0);
		assert_int_equal(
		    judge(s, "https://h.example", proofs[i]).result,
		    PROOF_WRONG);
		s->basic_user = LITERAL("u");
		s->basic_password = (struct secrets){&password, 1};
		assert_int_equal(
		    judge(s, "https://h.example", proofs[i]).result, PROOF_OK);
		golden_source_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(published_vectors_and_their_neighbours),
	    cmocka_unit_test(a_user_in_the_url_may_be_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
