/* SPDX-License-Identifier: MIT */
/*
 * The pure half of follow-up fetches: the request made of an event, what the
 * provider's answers mean, and the lead that comes of event and record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "source_kit.h"

#define LEADGEN                                                                \
	"[\"leadgen\",\"268499800000001\",\"1770142008000\","                  \
	"{\"leadgen_id\":24632921174883098,\"form_id\":\"1216\"}]"
#define MESSAGE                                                                \
	"[\"messenger\",\"268499800000001\",\"0\",{\"sender\":{\"id\":"        \
	"\"6155\"},\"message\":{\"mid\":\"m_A\",\"text\":\"Hello\"}}]"
#define HUBSPOT                                                                \
	"[\"contact.creation\",\"62515\",\"0\",{\"portalId\":62515,"           \
	"\"objectId\":65059681032,\"changeSource\":\"IMPORT\"}]"
#define ZOHO                                                                   \
	"[\"Leads.insert\",\"1\",\"0\",{\"id\":\"5725\",\"module\":\"Leads\"}" \
	"]"
#define ZOHO_CALL                                                              \
	"[\"Calls.insert\",\"1\",\"0\",{\"id\":\"5725\",\"module\":\"Calls\"}" \
	"]"
#define GHL_SMS                                                                \
	"[\"InboundMessage\",\"l1\",\"0\",{\"contactId\":\"c/1\","             \
	"\"messageType\":\"SMS\",\"from\":\"+15205550199\",\"body\":\"Hi\"}]"
#define GHL_CHAT                                                               \
	"[\"InboundMessage\",\"l1\",\"0\",{\"contactId\":\"c1\","              \
	"\"messageType\":\"Live_Chat\",\"body\":\"Hi\"}]"

/* ---- asking ------------------------------------------------------------- */

static const struct {
	const char *name, *folder, *description, *path;
	bool brief;
} requests[] = {
    {"id beyond a double's precision", "meta_ads", LEADGEN,
     "/v23.0/24632921174883098?fields=id,created_time,form_id,ad_id,field_data,"
     "ad_name,adset_id,adset_name,campaign_id,campaign_name,is_organic,"
     "platform,custom_disclaimer_responses&appsecret_proof="
     "@PROOF@",
     false},
    {"meta, what nobody is refused", "meta_ads", LEADGEN,
     "/v23.0/24632921174883098?fields=id,created_time,form_id,ad_id,field_data"
     "&appsecret_proof=@PROOF@",
     true},
    {"zoho record", "zoho", ZOHO, "/crm/v8/Leads/5725", false},
    {"id is escaped", "ghl_api", GHL_SMS, "/contacts/c%2F1", false},
    {"no id", "zoho", "[\"Leads.insert\",\"1\",\"0\",{\"module\":\"L\"}]", NULL,
     false},
    {"too large to be kept", "zoho", "[]", NULL, false},
    {"a lead", "zoho", "{\"contact_name\":\"Ana\"}", NULL, false},
    {"cut off", "zoho", "[\"Leads.insert\",\"1\"", NULL, false},
    {"another platform's", "form", ZOHO, NULL, false},
};

static void request_is_made_of_the_event(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct fetch_request r = {.brief = requests[i].brief};
		int rc = source_fetch_request(source_named(requests[i].folder),
					      str_from(requests[i].description),
					      &arena, &r);
		struct str want = str_from(requests[i].path);
		if ((rc == 0) != (want.p != NULL))
			fail_msg("%s: %d", requests[i].name, rc);
		if (want.p == NULL)
			continue;
		if (str_ends(want, STR("@PROOF@"))) {
			/* HMAC-SHA256 of the token, the secret as key. */
			want.n -= 7;
			if (r.path.n != want.n + 64)
				fail_msg("%s: no proof", requests[i].name);
			r.path.n = want.n;
		}
		if (!str_eq(r.path, want) || r.method != HTTP_GET)
			fail_msg("%s: %.*s", requests[i].name, STR_FMT(r.path));
	}
	arena_release(&arena);
}

/* ---- judging ------------------------------------------------------------ */

#define GRAPH(code) "{\"error\":{\"code\":" code "}}"

static const struct {
	const char *name, *folder, *description;
	int status;
	const char *body;
	enum outcome outcome;
	const char *reason;
	bool missing, at_once;
} verdicts[] = {
    {"record", "hubspot", HUBSPOT, 200, "{\"id\":\"1\"}", OUTCOME_SENT,
     "fetched", false, false},
    {"login page", "hubspot", HUBSPOT, 200, "<html>", OUTCOME_PARK,
     "unexpected_answer", false, false},
    {"nothing there", "zoho", ZOHO, 204, "", OUTCOME_RETRY, "not_found", true,
     false},
    {"not found", "hubspot", HUBSPOT, 404, "{}", OUTCOME_RETRY, "not_found",
     true, false},
    {"dead token", "hubspot", HUBSPOT, 401, "{}", OUTCOME_PARK, "http_401",
     false, true},
    {"no permission", "hubspot", HUBSPOT, 403, "{}", OUTCOME_PARK, "http_403",
     false, false},
    {"rate", "hubspot", HUBSPOT, 429, "{}", OUTCOME_LIMITED, "http_429", false,
     false},
    {"down", "hubspot", HUBSPOT, 502, "<html>", OUTCOME_RETRY, "http_502",
     false, false},
    {"refused", "ghl_api", GHL_SMS, 400, "{}", OUTCOME_DEAD, "http_400", false,
     false},
    {"conflict", "ghl_api", GHL_SMS, 409, "{}", OUTCOME_DEAD, "http_409", false,
     false},
    {"meta token", "meta_ads", LEADGEN, 400, GRAPH("190"), OUTCOME_PARK,
     "meta_token", false, true},
    {"meta session", "meta_ads", LEADGEN, 400, GRAPH("102"), OUTCOME_PARK,
     "meta_token", false, true},
    {"meta permission", "meta_ads", LEADGEN, 403, GRAPH("200"), OUTCOME_PARK,
     "meta_permission", false, false},
    {"meta capability", "meta_ads", LEADGEN, 400, GRAPH("3"), OUTCOME_PARK,
     "meta_permission", false, false},
    {"meta blocked", "meta_ads", LEADGEN, 400, GRAPH("368"), OUTCOME_PARK,
     "meta_blocked", false, true},
    {"meta rate", "meta_ads", LEADGEN, 400, GRAPH("80005"), OUTCOME_LIMITED,
     "meta_rate", false, false},
    {"meta rate of the app", "meta_ads", LEADGEN, 400, GRAPH("4"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta permission of the app", "meta_ads", LEADGEN, 400, GRAPH("10"),
     OUTCOME_PARK, "meta_permission", false, false},
    {"meta permission, last of its kind", "meta_ads", LEADGEN, 400,
     GRAPH("299"), OUTCOME_PARK, "meta_permission", false, false},
    {"meta, code behind those", "meta_ads", LEADGEN, 400, GRAPH("300"),
     OUTCOME_DEAD, "http_400", false, false},
    {"meta rate of the user", "meta_ads", LEADGEN, 400, GRAPH("17"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta rate of the page", "meta_ads", LEADGEN, 403, GRAPH("32"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta custom rate", "meta_ads", LEADGEN, 400, GRAPH("613"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta rate of a business case", "meta_ads", LEADGEN, 400, GRAPH("80000"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta rate of ads", "meta_ads", LEADGEN, 400, GRAPH("80004"),
     OUTCOME_LIMITED, "meta_rate", false, false},
    {"meta unknown error", "meta_ads", LEADGEN, 400, GRAPH("1"), OUTCOME_RETRY,
     "meta_unavailable", false, false},
    {"meta temporary", "meta_ads", LEADGEN, 400, GRAPH("2"), OUTCOME_RETRY,
     "meta_unavailable", false, false},
    {"meta temporary with 500", "meta_ads", LEADGEN, 500, GRAPH("1"),
     OUTCOME_RETRY, "meta_unavailable", false, false},
    {"meta not visible", "meta_ads", LEADGEN, 400,
     "{\"error\":{\"code\":100,\"error_subcode\":33}}", OUTCOME_RETRY,
     "not_found", true, false},
    {"meta parameter", "meta_ads", LEADGEN, 400, GRAPH("100"), OUTCOME_DEAD,
     "meta_parameter", false, false},
    {"meta alias", "meta_ads", LEADGEN, 400, GRAPH("803"), OUTCOME_DEAD,
     "http_400", false, false},
    {"meta, no JSON", "meta_ads", LEADGEN, 400, "<html>", OUTCOME_DEAD,
     "http_400", false, false},
};

static void answers_mean_what_the_provider_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		struct attempt_result r = {
		    .transport = TRANSPORT_ANSWERED,
		    .status = verdicts[i].status,
		    .body = str_from(verdicts[i].body),
		    .body_complete = true,
		};
		struct verdict v = outcome_judge(&r, NULL, 0);
		v.shorter = false;
		source_fetch_judge(source_named(verdicts[i].folder),
				   str_from(verdicts[i].description), &r, &v);
		if (v.outcome != verdicts[i].outcome ||
		    v.missing != verdicts[i].missing ||
		    v.parks_at_once != verdicts[i].at_once ||
		    strcmp(v.reason, verdicts[i].reason) != 0)
			fail_msg("%s: %s, %s", verdicts[i].name,
				 outcome_name(v.outcome), v.reason);
	}
}

#define REFUSED(message)                                                       \
	"{\"error\":{\"code\":100,\"message\":\"" message "\"}}"

static const struct {
	const char *name, *description, *body;
	bool shorter;
} refused_fields[] = {
    {"field of the ad", LEADGEN,
     REFUSED("(#100) Tried accessing nonexisting field (ad_name) on node "
	     "type (UserLeadGenInfo)"),
     true},
    {"essential field", LEADGEN,
     REFUSED("(#100) Tried accessing nonexisting field (ad_id)"), false},
    {"no field named", LEADGEN, REFUSED("(#100) Invalid parameter"), false},
    {"the word alone", LEADGEN, REFUSED("(#100) Bad platform"), false},
    {"part of another name", LEADGEN, REFUSED("nonexisting field (my_ad_name)"),
     false},
    {"another code", LEADGEN,
     "{\"error\":{\"code\":10,\"message\":\"field (ad_name)\"}}", false},
    {"another request", MESSAGE,
     REFUSED("Tried accessing nonexisting field (ad_name)"), false},
};

static void refused_field_is_told_from_other_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_fields); i++) {
		struct attempt_result r = {
		    .transport = TRANSPORT_ANSWERED,
		    .status = 400,
		    .body = str_from(refused_fields[i].body),
		    .body_complete = true,
		};
		struct verdict v = outcome_judge(&r, NULL, 0);
		source_fetch_judge(source_named("meta_ads"),
				   str_from(refused_fields[i].description), &r,
				   &v);
		if (v.shorter != refused_fields[i].shorter)
			fail_msg("%s: %d", refused_fields[i].name, v.shorter);
	}
}

/* ---- several at once ---------------------------------------------------- */

#define CONTACT(id)                                                            \
	"[\"contact.creation\",\"62515\",\"0\",{\"objectId\":" id "}]"

static void many_contacts_are_asked_for_at_once(void **state)
{
	(void)state;
	struct str three[] = {STR(CONTACT("7")), STR(CONTACT("65059681032")),
			      STR(CONTACT("7"))};
	const struct source *hubspot = source_named("hubspot");
	struct fetch_request r = {0};
	struct arena arena;
	arena_init(&arena);
	assert_int_equal(source_fetch_batch(hubspot, three, 3, &arena, &r), 0);
	assert_int_equal(r.method, HTTP_POST);
	assert_true(str_eq(r.path, STR("/crm/v3/objects/contacts/batch/read")));
	assert_true(str_starts(
	    r.body, STR("{\"properties\":[\"firstname\",\"lastname\"")));
	/* One that is named twice is an error there. */
	assert_true(str_ends(
	    r.body,
	    STR("\"inputs\":[{\"id\":\"7\"},{\"id\":\"65059681032\"}]}")));
	three[1] = STR("[]");
	assert_int_equal(source_fetch_batch(hubspot, three, 3, &arena, &r),
			 LB_EINVAL);
	assert_int_equal(
	    source_fetch_batch(source_named("zoho"), three, 1, &arena, &r),
	    LB_EINVAL);
	arena_release(&arena);
}

static void answer_to_many_is_one_to_each(void **state)
{
	(void)state;
	struct str three[] = {STR(CONTACT("7")), STR(CONTACT("8")),
			      STR(CONTACT("7"))};
	const struct source *hubspot = source_named("hubspot");
	struct str parts[3];
	struct arena arena;
	arena_init(&arena);
	assert_int_equal(
	    source_fetch_parts(
		hubspot,
		STR("{\"status\":\"COMPLETE\",\"results\":[{\"id\":\"7\","
		    "\"properties\":{\"email\":\"ana@example.com\"}}],"
		    "\"numErrors\":1,\"errors\":[{\"category\":"
		    "\"OBJECT_NOT_FOUND\"}]}"),
		three, 3, parts, &arena),
	    0);
	assert_true(str_eq(parts[0], STR("{\"id\":\"7\",\"properties\":{"
					 "\"email\":\"ana@example.com\"}}")));
	assert_null(parts[1].p);
	assert_true(str_eq(parts[2], parts[0]));
	assert_int_equal(
	    source_fetch_parts(hubspot, STR("<html>"), three, 3, parts, &arena),
	    LB_EINVAL);
	arena_release(&arena);
}

/* ---- the lead ----------------------------------------------------------- */

static const struct {
	const char *name, *folder, *description, *answer;
	enum fate fate;
	const char *want; /* the lead, or the reason */
} leads[] = {
    {"meta lead", "meta_ads", LEADGEN,
     "{\"id\":\"24632921174883098\",\"created_time\":"
     "\"2026-02-03T18:06:48+0000\",\"ad_name\":\"Roof A\",\"is_organic\":"
     "false,\"platform\":\"ig\",\"field_data\":[{\"name\":\"full_name\","
     "\"values\":[\"Jos\xc3\xa9 Pe\xc3\xb1"
     "a\"]},{\"name\":\"PHONE_NUMBER\","
     "\"values\":[\"+15125550142\"]},{\"name\":\"email\",\"values\":"
     "[\"jose@example.com\"]},{\"name\":\"what_service_do_you_need?\","
     "\"values\":[\"roof_repair\",\"gutters\"]},{\"name\":\"time\","
     "\"values\":[]}]}",
     FATE_LEAD,
     "{\"contact_name\":\"Jos\xc3\xa9 Pe\xc3\xb1"
     "a\",\"contact_phone\":\"+15125550142\",\"contact_email\":"
     "\"jose@example.com\",\"source_platform\":\"meta_ads\",\"source_type\":"
     "\"form\",\"custom_fields\":{\"meta_leadgen_id\":\"24632921174883098\","
     "\"meta_form_id\":\"1216\",\"meta_ad_name\":\"Roof A\","
     "\"meta_platform\":\"ig\",\"is_organic\":false,\"submitted_at\":"
     "\"2026-02-03T18:06:48+0000\",\"what_service_do_you_need\":"
     "\"roof_repair, gutters\"}}"},
    {"meta testing tool", "meta_ads", LEADGEN,
     "{\"field_data\":[{\"name\":\"x\",\"values\":[\"<test lead: dummy data "
     "for x>\"]}]}",
     FATE_IGNORE, "test"},
    {"messenger's sender", "meta_ads", MESSAGE,
     "{\"first_name\":\"Ana\",\"last_name\":\"Ruiz\",\"id\":\"6155\"}",
     FATE_LEAD,
     "{\"contact_name\":\"Ana Ruiz\",\"source_platform\":\"direct\","
     "\"source_type\":\"chat\",\"custom_fields\":{\"meta_sender_id\":"
     "\"6155\",\"meta_page_id\":\"268499800000001\",\"message_channel\":"
     "\"messenger\",\"message\":\"Hello\"}}"},
    {"hubspot import", "hubspot", HUBSPOT,
     "{\"id\":\"65059681032\",\"properties\":{\"firstname\":\"Ana\","
     "\"lastname\":null,\"email\":\"ana@example.com\",\"phone\":\"\","
     "\"hs_object_id\":\"65059681032\",\"hs_google_click_id\":\"Cj0K\"}}",
     FATE_LEAD,
     "{\"contact_name\":\"Ana\",\"contact_email\":\"ana@example.com\","
     "\"source_platform\":\"hubspot\",\"source_type\":\"import\","
     "\"custom_fields\":{\"hubspot_portal_id\":\"62515\","
     "\"hubspot_contact_id\":\"65059681032\",\"hubspot_change_source\":"
     "\"IMPORT\",\"gclid\":\"Cj0K\"}}"},
    {"hubspot without a contact", "hubspot", HUBSPOT,
     "{\"properties\":{\"company\":\"Acme\"}}", FATE_QUARANTINE,
     "no contact found"},
    {"hubspot, nothing known", "hubspot", HUBSPOT, NULL, FATE_QUARANTINE,
     "no contact found"},
    {"zoho lead", "zoho", ZOHO,
     "{\"data\":[{\"id\":\"5725\",\"First_Name\":\"Ana\",\"Last_Name\":"
     "\"Unknown\",\"Email\":\"ana@example.com\",\"Mobile\":\"(520) "
     "555-0199\",\"Lead_Source\":\"Facebook\",\"Budget\":5000,\"$approved\":"
     "true,\"Owner\":{\"name\":\"Agent\",\"email\":\"agent@example.com\"}}]}",
     FATE_LEAD,
     "{\"contact_name\":\"Ana\",\"contact_phone\":\"+15205550199\","
     "\"contact_email\":\"ana@example.com\",\"source_platform\":"
     "\"meta_ads\",\"source_type\":\"form\",\"custom_fields\":{"
     "\"zoho_record_id\":\"5725\",\"zoho_module\":\"Leads\","
     "\"lead_source\":\"Facebook\",\"cf_budget\":5000}}"},
    {"zoho outbound call", "zoho", ZOHO_CALL,
     "{\"data\":[{\"Call_Type\":\"Outbound\",\"Caller_ID\":\"1\"}]}",
     FATE_IGNORE, "not an inbound call"},
    {"zoho missed call", "zoho", ZOHO_CALL,
     "{\"data\":[{\"Call_Type\":\"Missed\",\"Caller_ID\":\"+15205550199\","
     "\"Who_Id\":{\"name\":\"Ana Ruiz\",\"id\":\"1\"}}]}",
     FATE_LEAD,
     "{\"contact_name\":\"Ana Ruiz\",\"contact_phone\":\"+15205550199\","
     "\"source_platform\":\"zoho\",\"source_type\":\"phone_call\","
     "\"custom_fields\":{\"zoho_record_id\":\"5725\",\"zoho_module\":"
     "\"Calls\",\"call_type\":\"Missed\"}}"},
    {"zoho, no record", "zoho", ZOHO, "{\"data\":[]}", FATE_QUARANTINE,
     "body does not fit the platform"},
    {"ghl chat", "ghl_api", GHL_CHAT,
     "{\"contact\":{\"id\":\"c1\",\"name\":\"Ana Ruiz\",\"email\":"
     "\"ana@example.com\"}}",
     FATE_LEAD,
     "{\"contact_name\":\"Ana Ruiz\",\"contact_email\":\"ana@example.com\","
     "\"source_platform\":\"ghl\",\"source_type\":\"chat\","
     "\"custom_fields\":{\"ghl_event\":\"InboundMessage\","
     "\"ghl_location_id\":\"l1\",\"ghl_contact_id\":\"c1\","
     "\"message_channel\":\"Live_Chat\",\"message\":\"Hi\"}}"},
    {"ghl chat, known by its address", "ghl_api",
     "[\"InboundMessage\",\"l1\",\"0\",{\"conversationId\":\"v1\","
     "\"messageType\":\"Live_Chat\",\"from\":\"ana@example.com\"}]",
     NULL, FATE_LEAD,
     "{\"contact_email\":\"ana@example.com\",\"source_platform\":\"ghl\","
     "\"source_type\":\"chat\",\"custom_fields\":{\"ghl_event\":"
     "\"InboundMessage\",\"ghl_location_id\":\"l1\","
     "\"ghl_conversation_id\":\"v1\",\"message_channel\":\"Live_Chat\"}}"},
    {"ghl, the message must do", "ghl_api", GHL_SMS, NULL, FATE_LEAD,
     "{\"contact_phone\":\"+15205550199\",\"source_platform\":\"ghl\","
     "\"source_type\":\"sms\",\"custom_fields\":{\"ghl_event\":"
     "\"InboundMessage\",\"ghl_location_id\":\"l1\",\"ghl_contact_id\":"
     "\"c/1\",\"message_channel\":\"SMS\",\"message\":\"Hi\"}}"},
    {"broken description", "zoho", "[1,2]", "{}", FATE_QUARANTINE,
     "body does not fit the platform"},
};

static void event_and_record_make_the_lead(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(leads); i++) {
		struct fetched got;
		source_fetched(source_named(leads[i].folder),
			       str_from(leads[i].description),
			       str_from(leads[i].answer), &got);
		struct str text = got.fate == FATE_LEAD ? buf_str(&got.json)
							: str_from(got.reason);
		if (got.fate != leads[i].fate ||
		    !str_eq(text, str_from(leads[i].want)))
			fail_msg("%s: fate %d, %.*s", leads[i].name, got.fate,
				 STR_FMT(text));
		buf_release(&got.json);
	}
}

/* ---- configuration ------------------------------------------------------ */

static void with_wrong_host(struct source *s)
{
	configure_zoho(s);
	s->api.url = LITERAL("https://www.zohoapis.eu.example.com");
}

static void with_plain_http(struct source *s)
{
	configure_zoho(s);
	s->api.url = LITERAL("http://www.zohoapis.eu");
}

static void with_url_only(struct source *s)
{
	with_secret(s);
	s->api.url = LITERAL("https://www.zohoapis.eu");
}

static void with_half_oauth(struct source *s)
{
	with_secret(s);
	s->api.url = LITERAL("https://www.zohoapis.eu");
	s->api.oauth.token_url = LITERAL("https://accounts.zoho.eu/token");
}

static void with_token_of_two_lines(struct source *s)
{
	with_secret(s);
	set_secret(&s->api.token, "one\r\nX-Other: two");
}

static void with_foreign_api(struct source *s)
{
	with_secret(s);
	set_secret(&s->api.token, "token");
}

static void with_token_of(struct source *s, const char *account,
			  const char *token)
{
	with_secret(s);
	s->accounts.v = xcalloc(1, sizeof(*s->accounts.v));
	s->accounts.v[0] = xstrdup("62515");
	s->accounts.n = 1;
	s->api.tokens = xcalloc(1, sizeof(*s->api.tokens));
	s->api.n_tokens = 1;
	s->api.tokens[0].name = xstrdup(account);
	set_secret(&s->api.tokens[0].secret, token);
}

static void with_token_of_a_stranger(struct source *s)
{
	with_token_of(s, "9", "token");
}

static void with_broken_token(struct source *s)
{
	with_token_of(s, "62515", "one two");
}

static const struct {
	const char *platform;
	void (*configure)(struct source *s);
	const char *says;
} refusals[] = {
    {"zoho", with_wrong_host, "no data centre"},
    {"zoho", with_plain_http, "no TLS"},
    {"zoho", with_url_only, "api needs token or oauth"},
    {"zoho", with_half_oauth, "api.oauth needs"},
    {"hubspot", with_half_oauth, "api.oauth needs"},
    {"meta_ads", with_half_oauth, "api.oauth is not for platform"},
    {"hubspot", with_token_of_a_stranger, "'9' is no account of this source"},
    {"hubspot", with_broken_token, "control characters"},
    {"hubspot", with_token_of_two_lines, "control characters"},
    {"shopify", with_foreign_api, "nothing is fetched for platform"},
};

static void half_an_api_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct source *s =
		    make(refusals[i].platform, refusals[i].configure);
		struct err err = {0};
		int rc = source_prepare(s, &err);
		if (rc == 0 || strstr(err.text, refusals[i].says) == NULL)
			fail_msg("row %zu: %d, %s", i, rc, err.text);
		golden_source_free(s);
	}
}

static int setup(void **state)
{
	(void)state;
	golden_setup();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	golden_teardown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_is_made_of_the_event),
	    cmocka_unit_test(answers_mean_what_the_provider_says),
	    cmocka_unit_test(refused_field_is_told_from_other_refusals),
	    cmocka_unit_test(many_contacts_are_asked_for_at_once),
	    cmocka_unit_test(answer_to_many_is_one_to_each),
	    cmocka_unit_test(event_and_record_make_the_lead),
	    cmocka_unit_test(half_an_api_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
