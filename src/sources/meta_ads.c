/* SPDX-License-Identifier: MIT */
/*
 * Meta: lead ads, WhatsApp, Messenger and Instagram messages of one app.
 * developers.facebook.com/docs/graph-api/webhooks/getting-started and
 * .../marketing-api/guides/lead-ads/retrieving. A lead ad is only named; its
 * answers are fetched from the Graph API, and so is a Messenger sender's name.
 * WhatsApp sends name and number. The app's secret signs for all its pages, so
 * account or route should say which are ours.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/signature.h"

enum { CHALLENGE_MAX = 128 };

static const char reason_echo[] = "not an inbound message";
/* The id of the dashboard's "Test" button. */
static const struct str test_id = {"444444444444", 12};

/* ---- proof -------------------------------------------------------------- */

static int prepare(struct source *source, struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_HMAC_SHA256,
	    .encoding = ENCODING_HEX,
	    .header = "X-Hub-Signature-256",
	    .prefix = "sha256=",
	    .signed_text = "{body}",
	};
	struct signature *signature = NULL;
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'meta_ads' needs "
			       "secret, the app's");
	int code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	return code;
}

static void verify(const struct source_call *call, struct proof *proof)
{
	signature_verify(call->source->state, call, proof);
}

/* It is echoed, so it must be nothing that a browser could take for markup. */
static bool challenge_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z') || c == '-' || c == '_'))
			return false;
	}
	return s.n > 0 && s.n <= CHALLENGE_MAX;
}

static void challenge(const struct source_call *call, struct reply *reply)
{
	struct payload_limits limits = {.depth = 4, .values = 50};
	struct value *query = NULL;
	if (payload_form(call->arena, call->request->query, &limits, &query,
			 NULL) != 0)
		query = NULL;
	struct str text = value_member(query, "hub.challenge");
	struct str word = value_member(query, "hub.verify_token");
	bool ours = secrets_match(&call->source->verify_token, word) >= 0 &&
		    str_eq(value_member(query, "hub.mode"), STR("subscribe"));
	reply->status = ours && challenge_ok(text) ? 200 : 403;
	reply->content_type = "text/plain";
	reply->body = reply->status == 200 ? text : STR("");
}

/* ---- split -------------------------------------------------------------- */

static void put(struct arena *arena, struct value *object, const char *key,
		const struct value *v)
{
	if (v == NULL)
		return;
	struct value *copy = arena_alloc(arena, sizeof(*copy));
	*copy = *v;
	copy->key = str_from(key);
	copy->next = NULL;
	value_append(object, copy);
}

static int64_t seconds(const struct value *v)
{
	int64_t s = 0;
	if (str_to_int(value_text(v), 0, INT64_MAX / 1000, &s) != 0)
		return 0;
	return s * 1000;
}

/* No lead by what it is; told apart from others of the request by its place. */
static void add_other(const struct source_call *call, struct event_list *events,
		      const struct value *entry, const char *reason)
{
	struct event *event = event_list_add(events, call->arena);
	event->body = entry;
	event->hash_of = arena_printf(call->arena, "%zu/%.*s/%.*s", events->n,
				      STR_FMT(value_member(entry, "id")),
				      STR_FMT(value_member(entry, "time")));
	event->account = value_member(entry, "id");
	event_ignore(event, reason);
}

static void add_leadgen(const struct source_call *call,
			struct event_list *events, const struct value *entry,
			const struct value *value)
{
	struct event *event = event_list_add(events, call->arena);
	event->body = value;
	event->topic = STR("leadgen");
	event->id = value_member(value, "leadgen_id");
	event->account = value_member(value, "page_id");
	if (event->account.n == 0)
		event->account = value_member(entry, "id");
	event->occurred_at_ms = seconds(value_get(value, "created_time"));
	if (event->id.n == 0)
		event_quarantine(event, reason_shape);
	else if (str_eq(event->id, test_id))
		event_test(call->source, event);
}

static const struct value *contact_of(const struct value *value,
				      struct str wa_id)
{
	VALUE_EACH (contact, value_get(value, "contacts"))
		if (str_eq(value_member(contact, "wa_id"), wa_id))
			return contact;
	return value_at(value_get(value, "contacts"), 0);
}

static void add_whatsapp(const struct source_call *call,
			 struct event_list *events, const struct value *value)
{
	VALUE_EACH (message, value_get(value, "messages")) {
		struct event *event = event_list_add(events, call->arena);
		struct value *body = value_new(call->arena, VALUE_OBJECT);
		put(call->arena, body, "message", message);
		put(call->arena, body, "contact",
		    contact_of(value, value_member(message, "from")));
		put(call->arena, body, "metadata",
		    value_get(value, "metadata"));
		event->body = body;
		event->topic = STR("whatsapp");
		event->sender = value_member(message, "from");
		event->id = value_member(message, "id");
		event->account = value_text(
		    value_path(value, STR(".metadata.phone_number_id")));
		event->occurred_at_ms =
		    seconds(value_get(message, "timestamp"));
		if (event->id.n == 0)
			event_quarantine(event, reason_shape);
	}
}

static void split_changes(const struct source_call *call,
			  struct event_list *events, const struct value *entry)
{
	VALUE_EACH (change, value_get(entry, "changes")) {
		struct str field = value_member(change, "field");
		const struct value *value = value_get(change, "value");
		const struct value *messages = value_get(value, "messages");
		if (value == NULL || value->type != VALUE_OBJECT)
			add_other(call, events, entry, reason_topic);
		else if (str_eq(field, STR("leadgen")))
			add_leadgen(call, events, entry, value);
		else if (str_eq(field, STR("messages")) && messages != NULL &&
			 messages->count > 0)
			add_whatsapp(call, events, value);
		else
			add_other(call, events, entry, reason_topic);
	}
}

/* Sent, delivered and read messages come the same way as received ones. */
static void split_messaging(const struct source_call *call,
			    struct event_list *events,
			    const struct value *entry, const char *topic)
{
	VALUE_EACH (item, value_get(entry, "messaging")) {
		const struct value *message = value_get(item, "message");
		const struct value *echo = value_get(message, "is_echo");
		const struct value *said =
		    message != NULL ? message : value_get(item, "postback");
		struct str id = value_member(said, "mid");
		if (id.n == 0 || (echo != NULL && echo->truth)) {
			add_other(call, events, entry, reason_echo);
			continue;
		}
		struct event *event = event_list_add(events, call->arena);
		event->body = item;
		event->topic = str_from(topic);
		event->id = id;
		event->sender = value_text(value_path(item, STR(".sender.id")));
		event->account = value_member(entry, "id");
		event->occurred_at_ms =
		    seconds(value_get(item, "timestamp")) / 1000;
	}
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	struct str object = value_member(call->payload, "object");
	const struct value *entries = value_get(call->payload, "entry");
	if (object.n == 0 || entries == NULL || entries->type != VALUE_ARRAY)
		return err_set(err, LB_EINVAL, "no object with entries");
	bool instagram = str_eq(object, STR("instagram"));
	VALUE_EACH (entry, entries) {
		split_changes(call, events, entry);
		split_messaging(call, events, entry,
				instagram ? "instagram" : "messenger");
	}
	if (events->n == 0)
		add_other(call, events, call->payload, reason_topic);
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

static const struct field_name leadgen_fields[] = {
    {"leadgen_id", "meta_leadgen_id"}, {"form_id", "meta_form_id"},
    {"page_id", "meta_page_id"},       {"ad_id", "meta_ad_id"},
    {"created_time", "submitted_at"},  {NULL, NULL},
};

/* Without an ad nobody paid for it. */
static void map_referral(const struct value *referral, struct lead *lead)
{
	static const struct field_name names[] = {
	    {"ctwa_clid", "ctwa_clid"},
	    {"source_id", "meta_ad_id"},
	    {"ad_id", "meta_ad_id"},
	    {"source_url", "landing_page"},
	    {"headline", "meta_ad_name"},
	    {"ref", "meta_ref"},
	    {NULL, NULL},
	};
	bool ad = value_member(referral, "source_id").n > 0 ||
		  value_member(referral, "ad_id").n > 0 ||
		  value_member(referral, "ctwa_clid").n > 0;
	lead->source_platform = ad ? STR("meta_ads") : STR("direct");
	lead->source_type = STR("chat");
	fields_named(lead, referral, names);
}

static void map_whatsapp(const struct source_call *call,
			 const struct value *body, struct lead *lead)
{
	const struct value *message = value_get(body, "message");
	struct str from = value_member(message, "from");
	map_referral(value_get(message, "referral"), lead);
	lead_set_name(
	    lead, value_text(value_path(body, STR(".contact.profile.name"))));
	if (from.n > 0)
		lead_set_phone(
		    lead, arena_printf(call->arena, "+%.*s", STR_FMT(from)),
		    NULL);
	lead_add(lead, "whatsapp_id", from);
	lead_add(lead, "message",
		 value_text(value_path(message, STR(".text.body"))));
	lead_add(lead, "message_type", value_member(message, "type"));
}

static void map_messaging(const struct event *event, struct lead *lead)
{
	static const char *const referrals[] = {
	    ".referral", ".message.referral", ".postback.referral"};
	const struct value *referral = NULL;
	for (size_t i = 0; i < 3 && referral == NULL; i++)
		referral = value_path(event->body, str_from(referrals[i]));
	map_referral(referral, lead);
	lead_add(lead, "meta_sender_id",
		 value_text(value_path(event->body, STR(".sender.id"))));
	lead_add(lead, "meta_page_id", event->account);
	lead_add(lead, "message_channel", event->topic);
	lead_add(lead, "message",
		 value_text(value_path(event->body, STR(".message.text"))));
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	if (str_eq(event->topic, STR("whatsapp"))) {
		map_whatsapp(call, event->body, lead);
		return;
	}
	event->fate = FATE_FETCH;
	if (str_eq(event->topic, STR("leadgen")))
		fields_named(lead, event->body, leadgen_fields);
	else
		map_messaging(event, lead);
}

/* ---- fetch -------------------------------------------------------------- */

#define ESSENTIAL "id,created_time,form_id,ad_id,field_data"
/* What a token without rights to the ads, or another version, may not know. */
static const char *const further[] = {"ad_name",
				      "adset_id",
				      "adset_name",
				      "campaign_id",
				      "campaign_name",
				      "is_organic",
				      "platform",
				      "custom_disclaimer_responses",
				      NULL};

static struct str lead_members(struct arena *arena, bool brief)
{
	struct str all = STR(ESSENTIAL);
	for (size_t i = 0; !brief && further[i] != NULL; i++)
		all = arena_printf(arena, "%.*s,%s", STR_FMT(all), further[i]);
	return all;
}

/* Proves that the token is used by the app it was made for. */
static struct str secret_proof(const struct source_call *call,
			       const struct event *event)
{
	const struct source *source = call->source;
	struct str token = fetch_token(source, event->account);
	unsigned char mac[DIGEST_MAX];
	char *hex = arena_alloc(call->arena, 65);
	crypto_hmac(DIGEST_SHA256, secret_str(&source->secret.v[0]), &token, 1,
		    mac);
	hex_encode(mac, 32, hex);
	return (struct str){hex, 64};
}

static void request(const struct source_call *call, const struct event *event,
		    struct fetch_request *out)
{
	const char *version = call->source->api.version;
	struct str members = lead_members(call->arena, out->brief);
	struct str id = value_member(event->body, "leadgen_id");
	if (!str_eq(event->topic, STR("leadgen"))) {
		id = value_text(value_path(event->body, STR(".sender.id")));
		members = str_eq(event->topic, STR("instagram"))
			      ? STR("name,username")
			      : STR("first_name,last_name");
	}
	if (id.n == 0)
		return;
	out->path = arena_printf(
	    call->arena, "/%s/%.*s?fields=%.*s&appsecret_proof=%.*s",
	    version != NULL ? version : call->source->ops->fetch->version,
	    STR_FMT(fetch_escape(call->arena, id)), STR_FMT(members),
	    STR_FMT(secret_proof(call, event)));
}

/* The status is nearly always 400: error.code says what it is. */
static const struct {
	int from, to;
	enum outcome outcome;
	bool at_once;
	const char *reason;
} codes[] = {
    {190, 190, OUTCOME_PARK, true, "meta_token"},
    {102, 102, OUTCOME_PARK, true, "meta_token"},
    {368, 368, OUTCOME_PARK, true, "meta_blocked"},
    {3, 3, OUTCOME_PARK, false, "meta_permission"},
    {10, 10, OUTCOME_PARK, false, "meta_permission"},
    {200, 299, OUTCOME_PARK, false, "meta_permission"},
    {4, 4, OUTCOME_LIMITED, false, "meta_rate"},
    {17, 17, OUTCOME_LIMITED, false, "meta_rate"},
    {32, 32, OUTCOME_LIMITED, false, "meta_rate"},
    {613, 613, OUTCOME_LIMITED, false, "meta_rate"},
    {80000, 80014, OUTCOME_LIMITED, false, "meta_rate"},
    {1, 2, OUTCOME_RETRY, false, "meta_unavailable"},
    {100, 100, OUTCOME_DEAD, false, "meta_parameter"},
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool holds_word(struct str text, struct str word)
{
	for (size_t at = 0; at + word.n <= text.n; at++) {
		bool begins = at == 0 || !is_letter(text.p[at - 1]);
		bool ends =
		    at + word.n == text.n || !is_letter(text.p[at + word.n]);
		if (begins && ends &&
		    str_eq(str_sub(text, at, at + word.n), word))
			return true;
	}
	return false;
}

/* "(#100) Tried accessing nonexisting field (ad_name) on node type (...)" */
static bool names_a_field(struct str message)
{
	for (size_t i = 0; further[i] != NULL; i++)
		if (holds_word(message, str_from(further[i])))
			return str_find_str(message, STR("field")) >= 0;
	return false;
}

static void judge(const struct source_call *call, const struct event *event,
		  struct verdict *v)
{
	const struct value *error = value_get(call->payload, "error");
	int64_t code = 0;
	if (str_to_int(value_member(error, "code"), 0, 1000000, &code) != 0)
		return;
	if (code == 100 &&
	    str_eq(value_member(error, "error_subcode"), STR("33"))) {
		v->missing = true;
		return;
	}
	v->shorter = code == 100 && str_eq(event->topic, STR("leadgen")) &&
		     names_a_field(value_member(error, "message"));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (code < codes[i].from || code > codes[i].to)
			continue;
		v->outcome = codes[i].outcome;
		v->parks_at_once = codes[i].at_once;
		v->reason = codes[i].reason;
		v->transient = v->outcome == OUTCOME_RETRY;
		v->ambiguous = v->missing = false;
		return;
	}
}

static const struct field_name record_fields[] = {
    {"form_id", "meta_form_id"},
    {"ad_id", "meta_ad_id"},
    {"ad_name", "meta_ad_name"},
    {"adset_id", "meta_adset_id"},
    {"adset_name", "meta_adset_name"},
    {"campaign_id", "meta_campaign_id"},
    {"campaign_name", "meta_campaign_name"},
    {"platform", "meta_platform"},
    {"is_organic", "is_organic"},
    {"created_time", "submitted_at"},
    {NULL, NULL},
};

/* The answer of a question, several joined. Forms made by API spell names in
 * capitals. */
static struct str answer_of(const struct source_call *call,
			    const struct value *item)
{
	struct str all = STR_NONE;
	VALUE_EACH (v, value_get(item, "values")) {
		struct str one = value_text(v);
		if (one.n == 0)
			continue;
		all = all.n == 0 ? one
				 : arena_printf(call->arena, "%.*s, %.*s",
						STR_FMT(all), STR_FMT(one));
	}
	return all;
}

static struct str answer_to(const struct source_call *call,
			    const char *const *names)
{
	for (; *names != NULL; names++)
		VALUE_EACH (item, value_get(call->payload, "field_data")) {
			struct str text = answer_of(call, item);
			if (text.n > 0 && str_ieq(value_member(item, "name"),
						  str_from(*names)))
				return text;
		}
	return STR_NONE;
}

static bool holds_dummy(const struct source_call *call)
{
	VALUE_EACH (item, value_get(call->payload, "field_data"))
		if (str_istarts(answer_of(call, item), STR("<test lead:")))
			return true;
	return false;
}

static void map_answers(const struct source_call *call, struct lead *lead)
{
	static const char *const full[] = {"full_name", NULL};
	static const char *const first[] = {"first_name", NULL};
	static const char *const last[] = {"last_name", NULL};
	static const char *const email[] = {"email", "work_email", NULL};
	static const char *const phone[] = {"phone_number", "phone",
					    "whatsapp_number",
					    "work_phone_number", NULL};
	static const char *const mapped[] = {
	    "full_name", "first_name",   "last_name", "email",
	    "phone",     "phone_number", NULL};
	if (!lead_set_name(lead, answer_to(call, full)))
		lead_set_names(lead, answer_to(call, first),
			       answer_to(call, last));
	lead_set_email(lead, answer_to(call, email));
	lead_set_phone(lead, answer_to(call, phone), call->source->country);
	VALUE_EACH (item, value_get(call->payload, "field_data")) {
		struct str name = value_member(item, "name");
		bool is_mapped = false;
		for (size_t i = 0; mapped[i] != NULL; i++)
			is_mapped |= str_ieq(name, str_from(mapped[i]));
		struct str text = answer_of(call, item);
		if (!is_mapped && name.n > 0 && text.n > 0)
			lead_add_typed(lead, name, FIELD_STRING, text);
	}
}

static void map_fetched(const struct source_call *call, struct event *event,
			struct lead *lead)
{
	if (!str_eq(event->topic, STR("leadgen"))) {
		map_messaging(event, lead);
		if (!lead_set_name(lead, value_member(call->payload, "name")))
			lead_set_names(
			    lead, value_member(call->payload, "first_name"),
			    value_member(call->payload, "last_name"));
		return;
	}
	if (holds_dummy(call)) {
		event_test(call->source, event);
		if (event->fate == FATE_IGNORE)
			return;
	}
	fields_named(lead, event->body, leadgen_fields);
	fields_named(lead, call->payload, record_fields);
	map_answers(call, lead);
}

static const struct fetch_ops fetch = {
    .url = "https://graph.facebook.com",
    .authorization = "Bearer",
    .version = "v23.0",
    .request = request,
    .judge = judge,
    .map = map_fetched,
};

const struct source_ops source_meta_ads = {
    .platform = "meta_ads",
    .source_platform = "meta_ads",
    .source_type = "form",
    .flags = SOURCE_MANY_ACCOUNTS,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .prepare = prepare,
    .release = signature_release,
    .challenge = challenge,
    .verify = verify,
    .split = split,
    .map = map,
    .fetch = &fetch,
};
