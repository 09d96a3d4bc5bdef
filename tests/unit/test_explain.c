/* SPDX-License-Identifier: MIT */
/* explain finds what was wrong with a request, and what it would become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "config_files.h"
#include "operate/explain_show.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT_MS    INT64_C(1789394528000)
#define AT_TEXT  "1789394528"

static const char settings[] =
    "public_url: https://hooks.example.com\n"
    "destinations:\n"
    "  mega:\n"
    "    url: https://crm.example.com/leads\n"
    "    customer_id: 9be9ee0c-7c3a-4b7e-9a3e-3f2f2a5b6c7d\n"
    "    token: plain:crm-token-that-nobody-sees\n"
    "    headers: {X-Tenant: plain:tenant-nobody-sees}\n"
    "sources:\n"
    "  partner:\n"
    "    platform: json\n"
    "    destination: mega\n"
    "    secret: [plain:first-secret, plain:second-secret]\n"
    "    scheme: {algorithm: hmac-sha256, header: X-Sign, encoding: hex,\n"
    "      signed: '{timestamp}.{body}', timestamp_header: X-Time,\n"
    "      tolerance: 5m}\n"
    "    event_id: .id\n"
    "    map: {contact_name: .name}\n"
    "    source_platform: referral\n"
    "    source_type: form\n"
    "    allow: 192.0.2.0/24\n"
    "  by-url:\n"
    "    platform: json\n"
    "    destination: mega\n"
    "    secret: plain:second-secret\n"
    "    scheme: {algorithm: hmac-sha256, header: X-Sign, encoding: hex,\n"
    "      signed: '{url}{body}'}\n"
    "    map: {contact_name: .name}\n"
    "    source_platform: referral\n"
    "    source_type: form\n"
    "  quote:\n"
    "    platform: form\n"
    "    destination: mega\n"
    "    token: plain:form-token-%-0123456789\n";

static struct config *config;

static int load(void **state)
{
	static char folder[64];
	struct buf problems;
	folder_open(folder);
	*state = folder;
	file_write("main.yaml", settings, 0600);
	config = files_load(&problems);
	if (config == NULL)
		fail_msg("%.*s", STR_FMT(buf_str(&problems)));
	buf_release(&problems);
	return 0;
}

static int unload(void **state)
{
	config_unref(config);
	folder_close(*state);
	return 0;
}

static void sign(const char *secret, const char *before, const char *body,
		 char hex[65])
{
	unsigned char mac[DIGEST_MAX];
	struct str parts[] = {str_from(before), str_from(body)};
	crypto_hmac(DIGEST_SHA256, str_from(secret), parts, 2, mac);
	hex_encode(mac, 32, hex);
}

static void judge(struct explain *e, const char *name, const char *text,
		  const char *const *headers, size_t n)
{
	struct err err = {0};
	const struct source *source = config_source(config, str_from(name));
	assert_non_null(source);
	e->request.received_at_ms = AT_MS;
	if (explain_read(e, source, str_from(text), headers, n, &err) != 0)
		fail_msg("%s", err.text);
	explain_judge(e, source, config);
}

static bool hinted(const struct explain *e, const char *part)
{
	for (size_t i = 0; i < e->n_hints; i++)
		if (strstr(e->hints[i], part) != NULL)
			return true;
	return false;
}

#define BODY "{\"id\":\"e1\",\r\n \"name\":\"Jane\"}"

static const struct {
	const char *name, *secret, *time, *signed_body, *body, *why, *hint;
	bool becomes;
} rows[] = {
    {"right", "second-secret", AT_TEXT, BODY, BODY, NULL, "'allow'", true},
    {"unknown secret", "third-secret", AT_TEXT, BODY, BODY, "signature",
     "none of the 2 configured secrets", false},
    {"line end came", "first-secret", AT_TEXT, BODY, BODY "\n", "signature",
     "had no line end at its end", true},
    {"line end went", "first-secret", AT_TEXT, BODY "\n", BODY, "signature",
     "had a line end (LF)", true},
    {"CRLF went", "first-secret", AT_TEXT, BODY "\r\n", BODY, "signature",
     "had a line end (CRLF)", true},
    {"CRLF became LF", "first-secret", AT_TEXT, BODY,
     "{\"id\":\"e1\",\n \"name\":\"Jane\"}", "signature",
     "had CRLF where this one has LF", true},
    {"LF became CRLF", "first-secret", AT_TEXT,
     "{\"id\":\"e1\",\n \"name\":\"Jane\"}", BODY, "signature",
     "had LF where this one has CRLF", true},
    {"saved by an editor", "first-secret", AT_TEXT, BODY,
     "{\"id\":\"e1\",\n \"name\":\"Jane\"}\n", "signature",
     "had CRLF where this one has LF, and no line end", true},
    {"mark came", "first-secret", AT_TEXT, BODY, "\xEF\xBB\xBF" BODY,
     "signature", "no byte order mark", true},
    {"made readable", "first-secret", AT_TEXT,
     "{\"id\":\"e1\",\"name\":\"Jane\"}", BODY, "signature", "compact JSON",
     true},
    {"content changed", "first-secret", AT_TEXT, BODY,
     "{\"id\":\"e1\",\r\n \"name\":\"Joan\"}", "signature",
     "changed in another way", false},
    {"clock is slow", "first-secret", "1789393528", BODY, BODY, "stale",
     "1000 s in the past", true},
    {"clock is fast", "first-secret", "1789395528", BODY, BODY, "stale",
     "1000 s in the future", true},
    {"old and altered", "first-secret", "1789393528", BODY, BODY "\n",
     "signature", "1000 s in the past", true},
};

static void a_wrong_proof_is_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char before[32], hex[65], header[80], at[32];
		struct explain e = {0};
		(void)snprintf(before, sizeof(before), "%s.", rows[i].time);
		sign(rows[i].secret, before, rows[i].signed_body, hex);
		(void)snprintf(header, sizeof(header), "X-Sign: %s", hex);
		(void)snprintf(at, sizeof(at), "X-Time: %s", rows[i].time);
		const char *headers[] = {header, at};
		judge(&e, "partner", rows[i].body, headers, 2);
		bool why = rows[i].why == NULL
			       ? e.why == NULL && e.status == 200
			       : e.why != NULL && e.status == 401 &&
				     strcmp(e.why, rows[i].why) == 0;
		if (!why || !hinted(&e, rows[i].hint) ||
		    (e.sub != NULL) != rows[i].becomes)
			fail_msg("%s: %s, %s", rows[i].name,
				 e.why != NULL ? e.why : "accepted",
				 e.n_hints > 0 ? e.hints[e.n_hints - 1] : "");
		explain_release(&e);
	}
}

static void another_url_is_found(void **state)
{
	(void)state;
	char hex[65], header[80];
	struct explain e = {0};
	sign("second-secret", "http://hooks.example.com/in/by-url",
	     "{\"name\":\"Jane\"}", hex);
	(void)snprintf(header, sizeof(header), "X-Sign: %s", hex);
	const char *headers[] = {header};
	judge(&e, "by-url", "{\"name\":\"Jane\"}", headers, 1);
	assert_string_equal(e.why, "signature");
	assert_true(hinted(&e, "it signed 'http://hooks.example.com'"));
	explain_release(&e);
}

/* ---- whole requests -------------------------------------------------------
 */

#define FORM                                                                   \
	"Content-Type: application/x-www-form-urlencoded\n"                    \
	"Content-Length: 9\n\nname=Jane"

static const struct {
	const char *name, *text, *why, *hint;
} raw_rows[] = {
    {"whole", "POST /in/quote/form-token-%25-0123456789 HTTP/1.1\n" FORM, NULL,
     NULL},
    {"CRLF in the head",
     "POST /in/quote/form-token-%25-0123456789 HTTP/1.1\r\n"
     "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=Jane",
     NULL, NULL},
    {"stored, token hidden", "POST /in/quote/****** HTTP/1.1\n" FORM, NULL,
     "asterisks"},
    {"body alone: the token is not judged", "name=Jane", NULL, NULL},
    {"wrong token", "POST /in/quote/guess HTTP/1.1\n" FORM, "token",
     "token in the URL"},
    {"no token", "POST /in/quote HTTP/1.1\n" FORM, "token", "token in the"},
    {"other source", "POST /in/other/x HTTP/1.1\n" FORM, "unknown_source",
     "another source"},
    {"wrong method",
     "DELETE /in/quote/form-token-%25-0123456789 HTTP/1.1\n" FORM, "method",
     "POST"},
    {"handshake", "HEAD /in/quote/form-token-%25-0123456789 HTTP/1.1\n\n",
     "handshake", "header phase"},
    {"length differs",
     "POST /in/quote/form-token-%25-0123456789 HTTP/1.1\n" FORM "\n", NULL,
     "Content-Length says 9 bytes, the file has 10"},
};

static void a_whole_request_is_judged_with_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(raw_rows); i++) {
		struct explain e = {0};
		judge(&e, "quote", raw_rows[i].text, NULL, 0);
		const char *why = e.why != NULL ? e.why : "";
		const char *want =
		    raw_rows[i].why != NULL ? raw_rows[i].why : "";
		if (strcmp(why, want) != 0 ||
		    (raw_rows[i].hint != NULL && !hinted(&e, raw_rows[i].hint)))
			fail_msg("%s: '%s' %s", raw_rows[i].name, why,
				 e.n_hints > 0 ? e.hints[0] : "");
		explain_release(&e);
	}
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *name, *text, *header, *problem;
	} bad[] = {
	    {"no blank line", "POST /in/quote HTTP/1.1\nA: b", NULL,
	     "no blank line"},
	    {"no colon", "POST /in/quote HTTP/1.1\nnonsense\n\n", NULL,
	     "not a header: 'nonsense'"},
	    {"no colon in --header", "a=b", "nonsense", "not a header"},
	    {"blank in a name", "a=b", "A : b", "not a header"},
	    {"chunks", "a=b", "Transfer-Encoding: chunked", "in chunks"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct explain e = {0};
		struct err err = {0};
		const char *more[] = {bad[i].header};
		int rc = explain_read(&e, config_source(config, STR("quote")),
				      str_from(bad[i].text), more,
				      bad[i].header != NULL, &err);
		if (rc == 0 || strstr(err.text, bad[i].problem) == NULL)
			fail_msg("%s: %s", bad[i].name, err.text);
		explain_release(&e);
	}
}

static void the_request_is_shown_without_secrets(void **state)
{
	(void)state;
	char hex[65], header[80];
	struct explain e = {0};
	struct buf text, json;
	sign("second-secret", AT_TEXT ".", BODY, hex);
	(void)snprintf(header, sizeof(header), "X-Sign: %s", hex);
	const char *headers[] = {header, "X-Time: " AT_TEXT};
	judge(&e, "partner", BODY, headers, 2);
	buf_init(&text, 1 << 20);
	buf_init(&json, 1 << 20);
	explain_text(&e, config, &text);
	explain_json(&e, config, &json);
	static const char *const wanted[] = {
	    "accepted, proven by secret 2\n",
	    "event 1: id e1",
	    "waiting for mega, key ",
	    "\nPOST https://crm.example.com/leads\n",
	    "\nAuthorization: Bearer ***\n",
	    "\nX-Tenant: ***\n",
	    "\nx-customer-id: 9be9ee0c-",
	    "\nIdempotency-Key: ",
	    "\n\n{\"contact_name\":\"Jane\",",
	};
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (strstr(text.p, wanted[i]) == NULL)
			fail_msg("%s not in\n%s", wanted[i], text.p);
	assert_null(strstr(text.p, "nobody"));
	assert_null(strstr(json.p, "nobody"));
	assert_non_null(strstr(json.p, "\"secret\":2"));
	buf_release(&text);
	buf_release(&json);
	explain_release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_wrong_proof_is_explained),
	    cmocka_unit_test(another_url_is_found),
	    cmocka_unit_test(a_whole_request_is_judged_with_its_path),
	    cmocka_unit_test(what_is_no_request_is_refused),
	    cmocka_unit_test(the_request_is_shown_without_secrets),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
