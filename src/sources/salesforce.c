/* SPDX-License-Identifier: MIT */
/*
 * Salesforce outbound messages (SOAP 1.1). Envelope and WSDL:
 * https://developer.salesforce.com/docs/platform/api/guide/sforce-api-om-outboundmessaging-wsdl.html
 * Security: .../sforce_api_om_outboundmessaging_security.htm
 *
 * Nothing is signed: the URL token proves the sender, the organization's id
 * says which of Salesforce's customers it is. One Ack covers all notifications
 * of a message; anything but an Ack brings all of them back for 24 hours, so
 * what is authentic and makes no sense is acknowledged and kept. A notification
 * carries the record's latest values and does not say whether it is new.
 */
#include "base/clock.h"
#include "sources/adapter.h"

static const char reason_deleted[] = "record was deleted before delivery";

enum {
	ID_SHORT = 15, /* the 18 characters of an id are these and a checksum */
	ID_LONG = 18,
};

/* ---- organization ------------------------------------------------------- */

static bool is_org_id(struct str s)
{
	if ((s.n != ID_SHORT && s.n != ID_LONG) || !str_starts(s, STR("00D")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9');
		if (!ok)
			return false;
	}
	return true;
}

static int check_org_id(const char *text, struct err *err)
{
	if (is_org_id(str_from(text)))
		return 0;
	return err_set(err, LB_EINVAL,
		       "organization id is not 00D and 12 or 15 more letters "
		       "and digits: '%s'",
		       text);
}

static int prepare(struct source *source, struct err *err)
{
	const struct text_map *routes = &source->route.map;
	bool by_account = source->route.by == NULL && routes->n > 0;
	if (source->token.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'salesforce' needs token");
	if (source->accounts.n == 0 && !by_account)
		return err_set(err, LB_EINVAL,
			       "platform 'salesforce' needs account");
	int code = 0;
	for (size_t i = 0; code == 0 && i < source->accounts.n; i++)
		code = check_org_id(source->accounts.v[i], err);
	for (size_t i = 0; code == 0 && by_account && i < routes->n; i++)
		code = check_org_id(routes->v[i].from, err);
	return code;
}

static bool same_org(struct str a, struct str b)
{
	return is_org_id(a) && is_org_id(b) &&
	       str_eq(str_sub(a, 0, ID_SHORT), str_sub(b, 0, ID_SHORT));
}

/* The organization as the configuration spells it, 15 or 18 characters. */
static struct str account_of(const struct source *source, struct str org)
{
	for (size_t i = 0; i < source->accounts.n; i++)
		if (same_org(str_from(source->accounts.v[i]), org))
			return str_from(source->accounts.v[i]);
	for (size_t i = 0; i < source->route.map.n; i++)
		if (same_org(str_from(source->route.map.v[i].from), org))
			return str_from(source->route.map.v[i].from);
	return org;
}

/* ---- notifications ------------------------------------------------------ */

static void add_notification(const struct source_call *call, struct str account,
			     const struct value *n, struct event_list *events)
{
	struct event *event = event_list_add(events, call->arena);
	const struct value *record = value_get(n, "sObject");
	event->account = account;
	event->id = value_member(n, "Id");
	event->body = record;
	event->topic = value_member(record, "@type");
	if (event->id.n == 0) {
		event_quarantine(event, reason_shape);
		return;
	}
	if (record == NULL || record->type != VALUE_OBJECT) {
		event_ignore(event, reason_deleted);
		return;
	}
	struct str created = value_member(record, "CreatedDate");
	if (clock_parse(created, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
}

static const struct value *message_of(const struct source_call *call)
{
	return value_path(call->payload, STR(".Envelope.Body.notifications"));
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *message = message_of(call);
	const struct value *list = value_get(message, "Notification");
	if (list == NULL)
		return err_set(err, LB_EINVAL,
			       "no notifications in the envelope");
	struct str account =
	    account_of(call->source, value_member(message, "OrganizationId"));
	if (list->type != VALUE_ARRAY) {
		add_notification(call, account, list, events);
		return 0;
	}
	VALUE_EACH (n, list)
		add_notification(call, account, n, events);
	return 0;
}

/* ---- lead --------------------------------------------------------------- */

static struct str type_of(struct str lead_source)
{
	static const struct {
		const char *source, *type;
	} types[] = {
	    {"Web", "form"},
	    {"Phone", "phone_call"},
	    {"Phone Inquiry", "phone_call"},
	    {"Inbound Call", "phone_call"},
	    {"Chat", "chat"},
	    {"Live Chat", "chat"},
	    {"Web Chat", "chat"},
	    {"Email", "email"},
	    {"SMS", "sms"},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ieq(lead_source, str_from(types[i].source)))
			return str_from(types[i].type);
	return STR_NONE;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "PostalCode" is postal_code, "GCLID__c" gclid, "UTMSource__c" utm_source. */
static struct str field_name(struct arena *a, struct str name)
{
	char *out = arena_alloc(a, 2 * name.n + 1);
	size_t n = 0;
	if (str_ends(name, STR("__c")))
		name.n -= 3;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool word = i > 0 && is_upper(c) && name.p[i - 1] != '_' &&
			    (!is_upper(name.p[i - 1]) ||
			     (i + 1 < name.n && !is_upper(name.p[i + 1]) &&
			      name.p[i + 1] != '_'));
		if (word)
			out[n++] = '_';
		out[n++] = c;
	}
	return (struct str){out, n};
}

/* Required on creation, so often filled with something. */
static bool is_filler(struct str company)
{
	return str_ieq(company, STR("[not provided]")) ||
	       str_ieq(company, STR("not provided")) ||
	       str_ieq(company, STR("unknown")) ||
	       str_ieq(company, STR("none"));
}

static void map_rest(const struct source_call *call, const struct value *record,
		     const char *const *mapped, struct lead *lead)
{
	VALUE_EACH (member, record) {
		if (str_starts(member->key, STR("@")) ||
		    word_in(mapped, member->key))
			continue;
		lead_add_value(lead, field_name(call->arena, member->key),
			       member);
	}
}

static void map_names(const struct value *record, struct lead *lead)
{
	lead_set_name(lead, value_member(record, "Name"));
	struct str first = value_member(record, "FirstName");
	struct str middle = value_member(record, "MiddleName");
	if (middle.n > 0)
		first = name_join(lead->arena, first, middle);
	lead_set_names(lead, first, value_member(record, "LastName"));
}

/* CountryCode where the organization uses country picklists. */
static const char *country_of(const struct source_call *call,
			      const struct value *record)
{
	static const char *const members[] = {"CountryCode", "Country", NULL};
	for (size_t i = 0; members[i] != NULL; i++) {
		struct str text = value_member(record, members[i]);
		struct str code = arena_copy(call->arena, text);
		if (code.n == 2 && phone_country_ok(code.p))
			return code.p;
	}
	return call->source->country;
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	static const char *const mapped[] = {
	    "Id",    "Name",        "FirstName", "MiddleName", "LastName",
	    "Email", "MobilePhone", "Phone",     "Company",    NULL};
	const struct value *record = event->body;
	const char *country = country_of(call, record);
	struct str mobile = value_member(record, "MobilePhone");
	struct str phone = value_member(record, "Phone");
	struct str company = value_member(record, "Company");
	map_names(record, lead);
	lead_set_email(lead, value_member(record, "Email"));
	if (lead_set_phone(lead, mobile, country))
		lead_add(lead, "other_phone", phone);
	else
		lead_set_phone(lead, phone, country);
	lead->source_type = type_of(value_member(record, "LeadSource"));
	lead_add(lead, "salesforce_id", value_member(record, "Id"));
	lead_add(lead, "salesforce_org_id",
		 value_member(message_of(call), "OrganizationId"));
	lead_add(lead, "salesforce_object", event->topic);
	if (!is_filler(company))
		lead_add(lead, "company", company);
	map_rest(call, record, mapped, lead);
}

/* ---- what is stored ------------------------------------------------------ */

/* Whether the name that ends in front of at begins a tag: "<" or "<o:". */
static bool begins_tag(struct str s, size_t at)
{
	enum { PREFIX_MAX = 256 };
	size_t least = at > PREFIX_MAX ? at - PREFIX_MAX : 0;
	if (at > least && s.p[at - 1] == ':')
		while (at > least && strchr("</> ", s.p[at - 1]) == NULL)
			at--;
	return at > least && s.p[at - 1] == '<';
}

/* SessionId opens the sender's API for as long as the session lasts. */
static void redact(char *text, size_t n)
{
	static const struct str tag = {"SessionId", 9};
	struct str all = {text, n}, rest = all;
	for (;;) {
		long at = str_find_str(rest, tag);
		if (at < 0)
			return;
		bool begins = begins_tag(all, n - rest.n + (size_t)at);
		rest = str_sub(rest, (size_t)at + tag.n, rest.n);
		if (!begins)
			continue;
		long end = str_find(rest, '>');
		if (end < 0)
			return;
		bool empty = end > 0 && rest.p[end - 1] == '/';
		rest = str_sub(rest, (size_t)end + 1, rest.n);
		if (empty)
			continue;
		long to = str_find_str(rest, STR("</"));
		size_t len = to < 0 ? rest.n : (size_t)to;
		memset(text + (n - rest.n), '*', len);
		rest = str_sub(rest, len, rest.n);
	}
}

/* ---- answer ------------------------------------------------------------- */

#define SOAP(inside)                                                           \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                         \
	"<soapenv:Envelope "                                                   \
	"xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\n"       \
	"  <soapenv:Body>\n" inside "  </soapenv:Body>\n"                      \
	"</soapenv:Envelope>\n"
#define FAULT(who, text)                                                       \
	SOAP("    <soapenv:Fault>\n"                                           \
	     "      <faultcode>soapenv:" who "</faultcode>\n"                  \
	     "      <faultstring>" text "</faultstring>\n"                     \
	     "    </soapenv:Fault>\n")

static struct str answer_text(enum answer_kind kind)
{
	switch (kind) {
	case ANSWER_ACCEPTED:
	case ANSWER_DUPLICATE:
		break;
	case ANSWER_TRY_LATER:
		return STR(FAULT("Server", "cannot be stored now"));
	case ANSWER_BAD_PROOF:
		return STR(FAULT("Client", "not authorized"));
	case ANSWER_BAD_BODY:
		return STR(FAULT("Client", "message cannot be read"));
	}
	return STR(SOAP("    <notificationsResponse "
			"xmlns=\"http://soap.sforce.com/2005/09/outbound\">\n"
			"      <Ack>true</Ack>\n"
			"    </notificationsResponse>\n"));
}

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	(void)call;
	reply->content_type = "text/xml; charset=utf-8";
	reply->body = answer_text(kind);
}

const struct source_ops source_salesforce = {
    .platform = "salesforce",
    .source_platform = "salesforce",
    .source_type = "form",
    .payloads = PAYLOAD_XML,
    .try_later = 503,
    .max_body = 2 << 20,
    .prepare = prepare,
    .split = split,
    .map = map,
    .redact = redact,
    .answer = answer,
};
