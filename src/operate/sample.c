/* SPDX-License-Identifier: MIT */
/* Samples, one row per platform; see the header. */
#include "operate/sample.h"

#include <json_object.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "sources/signature.h"

#define NAME  "Leadbridge Test"
#define EMAIL "leadbridge-test@example.com"
#define PHONE "+15005550006"

/* What a row needs while the sample is made. */
struct making {
	struct sample *s;
	const struct source *source;
	struct str id; /* new with each sample */
};

struct row {
	const char *platform, *content_type;
	enum sample_kind kind; /* LEAD: a dry run where the URL has a token */
	struct str (*body)(struct making *m);
	int (*sign)(struct making *m, struct err *err); /* with `secret` */
};

static void add(struct making *m, const char *name, struct str value)
{
	struct request *r = &m->s->request;
	if (r->n_headers < SAMPLE_HEADERS)
		m->s->headers[r->n_headers++] =
		    (struct header){str_from(name), value};
}

/* ---- proofs ---------------------------------------------------------------
 */

/* For platforms whose prepared state is a signature scheme. */
static int sign_scheme(struct making *m, struct err *err)
{
	struct header made[SIGNATURE_HEADERS];
	size_t n = 0;
	if (signature_sign(m->source->state, &m->s->request, m->id,
			   &m->s->arena, made, &n) != 0)
		return err_set(err, LB_EDENIED,
			       "only the sender of '%s' can sign: its key is a "
			       "public one, or it signs inside the body",
			       m->source->name);
	for (size_t i = 0; i < n; i++)
		add(m, made[i].name.p, made[i].value);
	return 0;
}

static struct str twilio_to(const struct making *m)
{
	return m->source->accounts.n > 0 ? str_from(m->source->accounts.v[0])
					 : STR(PHONE);
}

/* The URL and every parameter, sorted by name. */
static int sign_twilio(struct making *m, struct err *err)
{
	(void)err;
	const struct request *r = &m->s->request;
	struct str parts[] = {
	    r->public_url,
	    r->target,
	    STR("Body" NAME "From" PHONE "MessageSid"),
	    m->id,
	    STR("SmsStatus"
		"receivedTo"),
	    twilio_to(m),
	};
	unsigned char mac[DIGEST_MAX];
	char *text = arena_alloc(&m->s->arena, 64);
	crypto_hmac(DIGEST_SHA1, secret_str(&m->source->secret.v[0]), parts,
		    sizeof(parts) / sizeof(parts[0]), mac);
	base64_encode(mac, digest_size(DIGEST_SHA1), BASE64_STANDARD, text);
	add(m, "X-Twilio-Signature", str_from(text));
	return 0;
}

static int sign_in_body(struct making *m, struct err *err)
{
	(void)m;
	(void)err;
	return 0;
}

/* ---- bodies ---------------------------------------------------------------
 */

static struct str from_buf(struct making *m, struct buf *b)
{
	struct str out = arena_copy_buf(&m->s->arena, b);
	buf_release(b);
	return out;
}

static struct str escaped(struct making *m, struct str text)
{
	char *p = arena_alloc(&m->s->arena, 3 * text.n + 1);
	char hex[3];
	for (size_t i = 0; i < text.n; i++) {
		hex_encode((const unsigned char *)text.p + i, 1, hex);
		p[3 * i] = '%';
		memcpy(p + 3 * i + 1, hex, 2);
	}
	return (struct str){p, 3 * text.n};
}

/* The vendor's own sample customer, and the header of its test button. */
static struct str shopify(struct making *m)
{
	struct str shop = m->source->accounts.n > 0
			      ? str_from(m->source->accounts.v[0])
			      : STR("leadbridge-test.myshopify.com");
	add(m, "X-Shopify-Topic", STR("customers/create"));
	add(m, "X-Shopify-Shop-Domain", shop);
	add(m, "X-Shopify-Webhook-Id", m->id);
	add(m, "X-Shopify-Test", STR("true"));
	return STR("{\"id\":706405506930370084,\"email\":\"" EMAIL "\","
		   "\"first_name\":\"Leadbridge\",\"last_name\":\"Test\"}");
}

static struct str google_ads(struct making *m)
{
	struct buf b;
	buf_init(&b, 65536);
	buf_addf(&b, "{\"lead_id\":\"TeSter-123-%.*s\",\"google_key\":",
		 STR_FMT(m->id));
	buf_add_json(&b, secret_str(&m->source->secret.v[0]));
	buf_addf(&b, ",\"is_test\":true,\"user_column_data\":[{\"column_id\":"
		     "\"FULL_NAME\",\"string_value\":\"" NAME "\"}]}");
	return from_buf(m, &b);
}

static struct str crm_confirm(struct making *m)
{
	add(m, "X-Mega-Delivery", m->id);
	return STR("{\"event\":\"leadbridge.test\"}");
}

static struct str twilio(struct making *m)
{
	return arena_printf(&m->s->arena,
			    "Body=Leadbridge+Test&From=%%2B15005550006"
			    "&MessageSid=%.*s&SmsStatus=received&To=%.*s",
			    STR_FMT(m->id), STR_FMT(escaped(m, twilio_to(m))));
}

static struct str form(struct making *m)
{
	return arena_printf(&m->s->arena,
			    "name=Leadbridge+Test&email=leadbridge-test%%40"
			    "example.com&phone=%%2B15005550006&event_id=%.*s",
			    STR_FMT(m->id));
}

static struct str workflow(struct making *m)
{
	struct buf b;
	buf_init(&b, 65536);
	buf_addf(&b,
		 "{\"contact_id\":\"%.*s\",\"full_name\":\"" NAME "\","
		 "\"email\":\"" EMAIL "\",\"phone\":\"" PHONE "\"",
		 STR_FMT(m->id));
	if (m->source->accounts.n > 0) {
		buf_addf(&b, ",\"location\":{\"id\":");
		buf_add_json(&b, str_from(m->source->accounts.v[0]));
		buf_add_char(&b, '}');
	}
	buf_add_char(&b, '}');
	return from_buf(m, &b);
}

/* ".person.mail" -> {"person":{"mail":text}}. A path that is not made of plain
 * members is the sender's business. */
static void put(struct json_object *root, struct str path, const char *text)
{
	char name[128];
	struct str rest = path.n > 1 ? str_sub(path, 1, path.n) : STR_NONE;
	while (rest.n > 0) {
		struct str member = str_cut(rest, '.', &rest);
		struct json_object *next = NULL;
		if (member.n == 0 || member.n >= sizeof(name))
			return;
		(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(member));
		if (name[strcspn(name, "[]\"")] != '\0')
			return;
		if (rest.n == 0)
			next = json_object_new_string(text);
		else if (json_object_object_get_ex(root, name, &next) &&
			 json_object_is_type(next, json_type_object)) {
			root = next;
			continue;
		} else
			next = json_object_new_object();
		json_object_object_add(root, name, next);
		root = next;
	}
}

static struct str json(struct making *m)
{
	static const struct {
		const char *field, *path, *text;
	} values[] = {{"contact_name", ".name", NAME},
		      {"contact_email", ".email", EMAIL},
		      {"contact_phone", ".phone", PHONE}};
	const struct source *source = m->source;
	struct json_object *root = json_object_new_object();
	put(root, STR(".id"), m->id.p);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		put(root, str_from(values[i].path), values[i].text);
		for (size_t k = 0; k < source->map.n; k++)
			if (strcmp(source->map.v[k].from, values[i].field) == 0)
				put(root, str_from(source->map.v[k].to),
				    values[i].text);
	}
	if (source->event_id != NULL && source->event_id[0] == '.')
		put(root, str_from(source->event_id), m->id.p);
	struct str body = arena_copy(
	    &m->s->arena, str_from(json_object_to_json_string_ext(
			      root, JSON_C_TO_STRING_NOSLASHESCAPE)));
	json_object_put(root);
	return body;
}

#define FORM "application/x-www-form-urlencoded"

static const struct row rows[] = {
    {"shopify", "application/json", SAMPLE_TEST, shopify, sign_scheme},
    {"google_ads", "application/json", SAMPLE_TEST, google_ads, sign_in_body},
    {"crm_confirm", "application/json", SAMPLE_TEST, crm_confirm, sign_scheme},
    {"twilio", FORM, SAMPLE_LEAD, twilio, sign_twilio},
    {"form", FORM, SAMPLE_LEAD, form, NULL},
    {"json", "application/json", SAMPLE_LEAD, json, sign_scheme},
    {"ghl_workflow", "application/json", SAMPLE_LEAD, workflow, NULL},
};

/* ---- the request ----------------------------------------------------------
 */

static void add_rules(struct making *m)
{
	const struct source *source = m->source;
	struct arena *arena = &m->s->arena;
	for (size_t i = 0; i < source->n_headers; i++)
		add(m, source->headers[i].name,
		    secret_str(&source->headers[i].value.v[0]));
	if (source->basic_user != NULL) {
		struct str pair = arena_printf(
		    arena, "%s:%.*s", source->basic_user,
		    STR_FMT(secret_str(&source->basic_password.v[0])));
		char *text = arena_alloc(arena, 4 * (pair.n / 3 + 2));
		base64_encode((const unsigned char *)pair.p, pair.n,
			      BASE64_STANDARD, text);
		add(m, "Authorization", arena_printf(arena, "Basic %s", text));
	}
	if (source->origins.n > 0)
		add(m, "Origin", str_from(source->origins.v[0]));
}

static struct str target(struct making *m)
{
	const struct source *source = m->source;
	struct buf b;
	const char *before = "?";
	buf_init(&b, 65536);
	buf_addf(&b, "/in/%s", source->name);
	if (source->token.n > 0)
		buf_addf(&b, "/%.*s",
			 STR_FMT(escaped(m, secret_str(&source->token.v[0]))));
	if (source->param_name != NULL) {
		buf_addf(
		    &b, "?%s=%.*s", source->param_name,
		    STR_FMT(escaped(m, secret_str(&source->param_value.v[0]))));
		before = "&";
	}
	if (m->s->kind == SAMPLE_DRY_RUN)
		buf_addf(&b, "%sdry_run=1", before);
	return from_buf(m, &b);
}

static struct str fresh_id(struct making *m)
{
	unsigned char raw[16];
	char *hex = arena_alloc(&m->s->arena, 33);
	crypto_random(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), hex);
	return str_from(hex);
}

static const struct row *row_of(const char *platform)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].platform, platform) == 0)
			return &rows[i];
	return NULL;
}

static int make(struct making *m, const struct row *row, struct err *err)
{
	struct sample *s = m->s;
	const struct source *source = m->source;
	s->kind = row->kind;
	if (s->kind == SAMPLE_LEAD && source->token.n > 0)
		s->kind = SAMPLE_DRY_RUN;
	/* An event that the source delivers as a lead is no test any more. */
	if (s->kind == SAMPLE_TEST && source->tests == TESTS_DELIVER)
		s->kind = SAMPLE_LEAD;
	add(m, "Content-Type", str_from(row->content_type));
	add(m, "User-Agent", STR("leadbridgectl/" LB_VERSION));
	add_rules(m);
	s->request.target = target(m);
	s->request.body = row->body(m);
	return row->sign != NULL && source->secret.n > 0 ? row->sign(m, err)
							 : 0;
}

int sample_make(struct sample *s, const struct source *source,
		const struct config *config, int64_t now_ms, struct err *err)
{
	struct making m = {.s = s, .source = source};
	const struct row *row = row_of(source->ops->platform);
	if (row == NULL)
		return err_set(
		    err, LB_EDENIED,
		    "no sample can be made for platform '%s': use "
		    "the sender's own test button, and 'source list'",
		    source->ops->platform);
	m.id = fresh_id(&m);
	s->request = (struct request){
	    .method = HTTP_POST,
	    .method_text = STR("POST"),
	    .headers = s->headers,
	    .public_url = str_from(config->public_url),
	    .received_at_ms = now_ms,
	};
	return make(&m, row, err);
}
