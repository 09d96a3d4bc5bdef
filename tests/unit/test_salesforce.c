/* SPDX-License-Identifier: MIT */
/* Salesforce beyond its golden requests: what must be configured, what is
 * stored, what is answered when nothing could be. */
#include "base/mem.h"
#include "leadbridge/source.h"
#include "leadbridge/store.h"
#include "rows.h"

struct setting {
	const char *name, *token, *account, *route, *err;
};

static struct secret token_secret;
static struct text_pair route_pair;
static char *account_text;

static void configure(struct source *s, const struct setting *row)
{
	*s = (struct source){.name = (char *)(uintptr_t) "sf"};
	s->ops = source_ops_find(STR("salesforce"));
	static char *destination = (char *)(uintptr_t) "mega";
	s->destinations = (struct text_list){&destination, 1};
	if (row->token != NULL) {
		token_secret = (struct secret){
		    (unsigned char *)(uintptr_t)row->token, strlen(row->token),
		    (char *)(uintptr_t) "plain:***"};
		s->token = (struct secrets){&token_secret, 1};
	}
	account_text = (char *)(uintptr_t)row->account;
	s->accounts = (struct text_list){&account_text, row->account != NULL};
	route_pair =
	    (struct text_pair){(char *)(uintptr_t)row->route, destination};
	s->route.map = (struct text_map){&route_pair, row->route != NULL};
}

static const struct setting SETTINGS[] = {
    {"18 characters", "sf-token-0123456789", "00D5e000000KQ2eEAG", NULL, NULL},
    {"15 characters", "sf-token-0123456789", "00D5e000000KQ2e", NULL, NULL},
    {"routes name the accounts", "sf-token-0123456789", NULL, "00D5e000000KQ2e",
     NULL},
    {"no token", NULL, "00D5e000000KQ2e", NULL, "needs token"},
    {"no account", "sf-token-0123456789", NULL, NULL, "needs account"},
    {"half an id", "sf-token-0123456789", "00D5e000000KQ2", NULL,
     "'00D5e000000KQ2'"},
    {"a record's id", "sf-token-0123456789", "00Q5e00001AbCdEEAV", NULL,
     "'00Q5e00001AbCdEEAV'"},
    {"odd characters", "sf-token-0123456789", "00D5e0000-0KQ2e", NULL,
     "'00D5e0000-0KQ2e'"},
    {"route of no id", "sf-token-0123456789", "00D5e000000KQ2e", "acme",
     "'acme'"},
};

static void a_source_without_token_and_account_does_not_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(SETTINGS); i++) {
		const struct setting *row = &SETTINGS[i];
		struct source s;
		struct err err = {0};
		configure(&s, row);
		int rc = source_prepare(&s, &err);
		check_row(row->name, (rc == 0) == (row->err == NULL), err.text);
		if (row->err != NULL && strstr(err.text, row->err) == NULL)
			check_text(row->name, str_from(err.text), row->err);
		source_release(&s);
	}
}

#define BODY(session)                                                          \
	"<e:Envelope xmlns:e=\"urn:e\"><e:Body><notifications>"                \
	"<OrganizationId>00D5e000000KQ2eEAG</OrganizationId>" session          \
	"<Notification><Id>04l1</Id><sObject><Email>a@example.com</Email>"     \
	"</sObject></Notification></notifications></e:Body></e:Envelope>"

static const struct {
	const char *name, *sent, *stored;
} SESSIONS[] = {
    {"none", BODY("<SessionId/>"), BODY("<SessionId/>")},
    {"one", BODY("<SessionId>00D!live</SessionId>"),
     BODY("<SessionId>********</SessionId>")},
    {"with a prefix and blanks",
     BODY("<o:SessionId xmlns:o=\"urn:o\" >00D!live</o:SessionId >"),
     BODY("<o:SessionId xmlns:o=\"urn:o\" >********</o:SessionId >")},
    {"CDATA", BODY("<SessionId><![CDATA[live]]></SessionId>"),
     BODY("<SessionId>****************</SessionId>")},
    {"two", BODY("<SessionId>a</SessionId><SessionId>b</SessionId>"),
     BODY("<SessionId>*</SessionId><SessionId>*</SessionId>")},
    {"cut off", "<a><SessionId>live", "<a><SessionId>****"},
    {"only the name", "<SessionId", "<SessionId"},
};

static void the_live_session_is_not_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(SESSIONS); i++) {
		struct source s;
		struct err err = {0};
		struct reply reply = {0};
		struct submission *sub = NULL;
		const char *why = NULL;
		struct header type = {STR("Content-Type"), STR("text/xml")};
		configure(&s, &SETTINGS[0]);
		assert_int_equal(source_prepare(&s, &err), 0);
		struct request request = {.method = HTTP_POST,
					  .method_text = STR("POST"),
					  .target = STR("/in/sf/x"),
					  .path = STR("/in/sf/x"),
					  .headers = &type,
					  .n_headers = 1,
					  .body = str_from(SESSIONS[i].sent)};
		int rc = source_process(&s, &request, STR("store secret"), &sub,
					&reply, &why);
		check_row(SESSIONS[i].name, rc == 0, why);
		check_text(SESSIONS[i].name, sub->body, SESSIONS[i].stored);
		submission_free(sub);
		source_release(&s);
	}
}

static const struct {
	const char *name;
	enum answer_kind kind;
	int status;
	const char *says;
} ANSWERS[] = {
    {"accepted", ANSWER_ACCEPTED, 200, "<Ack>true</Ack>"},
    {"duplicate", ANSWER_DUPLICATE, 200, "<Ack>true</Ack>"},
    {"try later", ANSWER_TRY_LATER, 503,
     "<faultcode>soapenv:Server</faultcode>"},
    {"bad proof", ANSWER_BAD_PROOF, 401,
     "<faultcode>soapenv:Client</faultcode>"},
    {"bad body", ANSWER_BAD_BODY, 400, "<faultcode>soapenv:Client</faultcode>"},
};

static void only_what_is_stored_is_acknowledged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(ANSWERS); i++) {
		struct source s;
		struct reply reply = {0};
		configure(&s, &SETTINGS[0]);
		source_answer(&s, NULL, ANSWERS[i].kind, &reply);
		check_row(ANSWERS[i].name, reply.status == ANSWERS[i].status,
			  "another status");
		check_row(ANSWERS[i].name,
			  str_find_str(reply.body, str_from(ANSWERS[i].says)) >
			      0,
			  reply.body.p);
		check_row(ANSWERS[i].name,
			  (str_find_str(reply.body, STR("<Ack>")) > 0) ==
			      (reply.status == 200),
			  "acknowledged");
		check_text(ANSWERS[i].name, str_from(reply.content_type),
			   "text/xml; charset=utf-8");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_source_without_token_and_account_does_not_start),
	    cmocka_unit_test(the_live_session_is_not_stored),
	    cmocka_unit_test(only_what_is_stored_is_acknowledged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
