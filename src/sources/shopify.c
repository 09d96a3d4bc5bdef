/* SPDX-License-Identifier: MIT */
/*
 * Shopify. Wire format: https://shopify.dev/docs/api/webhooks, proof and
 * identity: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries,
 * privacy topics: .../compliance/privacy-law-compliance.
 *
 * Only the body is signed. Topic, shop and ids stand in headers anybody who
 * holds a signed body could change: a privacy topic is believed only where the
 * body has its shape and names the shop.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "leadbridge/person.h"
#include "sources/adapter.h"
#include "sources/signature.h"

enum {
	ID_MAX = 255,
	TYPED_MAX = 24, /* of a number that fits no plan */
	PERSON_MAX = 16 * 1024,
	SHOP_WAIT_MS = 48 * 60 * 60 * 1000, /* until a shop's data goes */
};

static const char reason_privacy[] = "privacy request";
static const char reason_checkout[] = "checkout without contact";
/* The customer of every "send test notification". */
static const struct str sample_customer = {"706405506930370084", 18};

static const char *const default_events[] = {
    "customers/create",
    "orders/create",
    "draft_orders/create",
    "company_contacts/create",
    NULL,
};

static int prepare(struct source *source, struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_HMAC_SHA256,
	    .encoding = ENCODING_BASE64,
	    .header = "X-Shopify-Hmac-Sha256",
	    .signed_text = "{body}",
	};
	struct signature *signature = NULL;
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'shopify' needs secret");
	int code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	return code;
}

static void verify(const struct source_call *call, struct proof *proof)
{
	signature_verify(call->source->state, call, proof);
}

/* ---- identity ----------------------------------------------------------- */

static struct str header(const struct source_call *call, const char *name)
{
	return str_trim(request_header(call->request, name));
}

/* Shop and webhook id: an id is only unique within its shop. A '/' cannot
 * stand in a domain, so the parts cannot be mistaken. */
static struct str delivery_id(const struct source_call *call, struct str shop,
			      struct str topic)
{
	struct str id = header(call, "X-Shopify-Webhook-Id");
	if (id.n > 0)
		return arena_printf(call->arena, "%.*s/%.*s", STR_FMT(shop),
				    STR_FMT(id));
	/* Shared by all topics of one action of the merchant. */
	id = header(call, "X-Shopify-Event-Id");
	if (id.n > 0)
		return arena_printf(call->arena, "%.*s/%.*s/%.*s",
				    STR_FMT(shop), STR_FMT(topic), STR_FMT(id));
	return STR_NONE;
}

/* ---- contact ------------------------------------------------------------ */

/* Where a contact may stand, best first. */
static const char *const email_chain[] = {".email", ".contact_email",
					  ".customer.email", NULL};
static const char *const phone_chain[] = {
    ".phone",
    ".customer.phone",
    ".default_address.phone",
    ".customer.default_address.phone",
    ".billing_address.phone",
    ".shipping_address.phone",
    NULL,
};
static const char *const country_chain[] = {
    ".billing_address.country_code",
    ".default_address.country_code",
    ".customer.default_address.country_code",
    ".shipping_address.country_code",
    NULL,
};

static struct str chain(const struct value *body, const char *const *paths)
{
	for (; *paths != NULL; paths++) {
		struct str text =
		    value_text(value_path(body, str_from(*paths)));
		if (text.n > 0)
			return text;
	}
	return STR_NONE;
}

static void map_name(const struct value *body, struct lead *lead)
{
	const struct value *people[] = {value_get(body, "customer"), body,
					value_get(body, "default_address")};
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		const struct value *who = people[i];
		if (lead_set_names(lead, value_member(who, "first_name"),
				   value_member(who, "last_name")))
			return;
	}
	static const char *const names[] = {
	    ".customer.default_address.name", ".default_address.name",
	    ".billing_address.name", ".shipping_address.name", NULL};
	struct str name = chain(body, names);
	if (name.n > 0)
		lead_set_name(lead, name);
}

static void map_contact(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	struct str country = chain(body, country_chain);
	const char *region = call->source->country;
	if (region == NULL && country.n == 2) {
		const char *given = arena_copy(call->arena, country).p;
		region = phone_country_ok(given) ? given : NULL;
	}
	map_name(body, lead);
	struct str email = chain(body, email_chain);
	if (email.n > 0)
		lead_set_email(lead, email);
	for (size_t i = 0; phone_chain[i] != NULL; i++) {
		struct str phone =
		    value_text(value_path(body, str_from(phone_chain[i])));
		if (phone.n > 0 && lead_set_phone(lead, phone, region))
			return;
	}
}

/* ---- split -------------------------------------------------------------- */

static bool has_contact(const struct value *body)
{
	return chain(body, email_chain).n > 0 || chain(body, phone_chain).n > 0;
}

static bool is_test(const struct source_call *call, const struct value *body,
		    struct str topic)
{
	if (str_ieq(header(call, "X-Shopify-Test"), STR("true")))
		return true;
	const struct value *test = value_get(body, "test");
	if (test != NULL && test->type == VALUE_BOOL && test->truth)
		return true;
	return str_starts(topic, STR("customers/")) &&
	       str_eq(value_member(body, "id"), sample_customer);
}

static const char *privacy_topic(struct str topic)
{
	static const char *const topics[] = {
	    "customers/data_request", "customers/redact", "shop/redact", NULL};
	for (size_t i = 0; topics[i] != NULL; i++)
		if (str_eq(topic, str_from(topics[i])))
			return topics[i];
	return NULL;
}

/* The topic header is not signed: a customers/redact whose header says
 * shop/redact must not erase the shop, and a data request no customer. */
static bool privacy_fits(const struct source_call *call,
			 const struct event *event)
{
	const struct value *body = event->body;
	const struct value *customer = value_get(body, "customer");
	bool asks = value_get(body, "data_request") != NULL ||
		    value_get(body, "orders_requested") != NULL;
	const struct value *orders = value_get(body, "orders_to_redact");
	struct str id = value_member(customer, "id");
	if (event->account.n == 0 || event->account.n > ID_MAX || id.n > ID_MAX)
		return false;
	if (str_eq(event->topic, STR("shop/redact")))
		return customer == NULL && !asks && orders == NULL &&
		       (call->source->accounts.n > 0 ||
			call->source->route.map.n > 0);
	if (id.n == 0)
		return false;
	if (str_eq(event->topic, STR("customers/redact")))
		return !asks && orders != NULL && orders->type == VALUE_ARRAY;
	return orders == NULL;
}

/* Whom it says to erase; what is no address or number is left out. */
static void name_person(const struct source_call *call, struct event *event)
{
	const struct value *customer = value_get(event->body, "customer");
	struct subject_text text = {.account = event->account};
	struct phone phone;
	struct buf b;
	if (str_eq(event->topic, STR("shop/redact")))
		event->person_wait_ms = SHOP_WAIT_MS;
	text.customer = value_member(customer, "id");
	text.email =
	    email_normalise(call->arena, value_member(customer, "email"));
	phone_parse(call->arena, value_member(customer, "phone"),
		    call->source->country, &phone);
	if (phone.result == PHONE_OK)
		text.phone = phone.e164;
	else if (phone.result == PHONE_ODD && phone.raw.n <= TYPED_MAX)
		text.phone = phone.raw;
	buf_init(&b, PERSON_MAX);
	subject_write(&text, &b);
	event->person = arena_copy(call->arena, buf_str(&b));
	buf_release(&b);
}

static void split_privacy(const struct source_call *call, struct event *event)
{
	event->account = value_member(event->body, "shop_domain");
	if (!privacy_fits(call, event)) {
		event->privacy = NULL;
		event_quarantine(event, reason_shape);
		return;
	}
	if (!str_eq(event->topic, STR("customers/data_request")))
		name_person(call, event);
	event_ignore(event, reason_privacy);
}

/* One lead per checkout, from its first request that names a contact. */
static void split_checkout(const struct source_call *call, struct event *event,
			   struct str shop)
{
	struct str token = value_member(event->body, "token");
	if (!has_contact(event->body))
		event_ignore(event, reason_checkout);
	else if (token.n > 0)
		event->id = arena_printf(call->arena, "%.*s/checkout/%.*s",
					 STR_FMT(shop), STR_FMT(token));
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	struct str shop = header(call, "X-Shopify-Shop-Domain");
	event->body = call->payload;
	event->topic = header(call, "X-Shopify-Topic");
	event->account = shop;
	event->id = delivery_id(call, shop, event->topic);
	struct str at = header(call, "X-Shopify-Triggered-At");
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	event->privacy = privacy_topic(event->topic);
	if (event->privacy != NULL)
		split_privacy(call, event);
	else if (event->topic.n == 0)
		event_quarantine(event, reason_shape);
	else if (is_test(call, event->body, event->topic))
		event_test(call->source, event);
	else if (str_starts(event->topic, STR("checkouts/")))
		split_checkout(call, event, shop);
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

static const struct field_name common_fields[] = {
    {"note", "note"},
    {"landing_site", "landing_site"},
    {"referring_site", "referring_site"},
    {"source_name", "source_name"},
    {"total_price", "total_price"},
    {"currency", "currency"},
    {"tags", "tags"},
    {"customer_locale", "customer_locale"},
    {NULL, NULL},
};

/* What the id at the root is an id of. */
static const struct {
	const char *group;
	struct field_name fields[3];
} id_fields[] = {
    {"customers/", {{"id", "shopify_customer_id"}, {NULL, NULL}}},
    {"orders/",
     {{"id", "shopify_order_id"},
      {"name", "shopify_order_name"},
      {NULL, NULL}}},
    {"draft_orders/",
     {{"id", "shopify_draft_order_id"},
      {"name", "shopify_order_name"},
      {NULL, NULL}}},
    {"checkouts/", {{"id", "shopify_checkout_id"}, {NULL, NULL}}},
    {"company_contacts/",
     {{"admin_graphql_api_id", "shopify_company_contact_id"}, {NULL, NULL}}},
};

static void map_ids(const struct event *event, struct lead *lead)
{
	size_t n = sizeof(id_fields) / sizeof(id_fields[0]);
	for (size_t i = 0; i < n; i++)
		if (str_starts(event->topic, str_from(id_fields[i].group)))
			fields_named(lead, event->body, id_fields[i].fields);
	struct str customer =
	    value_text(value_path(event->body, STR(".customer.id")));
	if (customer.n > 0)
		lead_add(lead, "shopify_customer_id", customer);
	struct str company =
	    value_text(value_path(event->body, STR(".company.name")));
	if (company.n > 0)
		lead_add(lead, "company", company);
}

/* Themes and apps put hidden form values there. */
static void map_note_attributes(const struct source_call *call,
				const struct event *event, struct lead *lead)
{
	VALUE_EACH (pair, value_get(event->body, "note_attributes")) {
		struct str name = value_member(pair, "name");
		const struct value *v = value_get(pair, "value");
		if (name.n == 0 || v == NULL)
			continue;
		lead_add_beside(
		    lead, arena_printf(call->arena, "na_%.*s", STR_FMT(name)),
		    v);
	}
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct value *body = event->body;
	struct str made_by = value_member(body, "source_name");
	map_contact(call, body, lead);
	if (str_eq(made_by, STR("pos")) ||
	    str_eq(made_by, STR("shopify_draft_order")))
		lead->source_type = STR("manual");
	lead_add(lead, "shopify_topic", event->topic);
	map_ids(event, lead);
	fields_named(lead, body, common_fields);
	fields_from_url(lead, value_member(body, "landing_site"));
	map_note_attributes(call, event, lead);
}

const struct source_ops source_shopify = {
    .platform = "shopify",
    .source_platform = "shopify",
    .source_type = "form",
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 4 << 20,
    .events = default_events,
    .prepare = prepare,
    .release = signature_release,
    .verify = verify,
    .split = split,
    .map = map,
};
