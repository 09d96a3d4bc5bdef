/* SPDX-License-Identifier: MIT */
/*
 * The sources golden requests and fuzzers run against: one per folder of
 * tests/sources/golden, configured by hand. Included by one program each, so
 * everything is static.
 */
#ifndef LB_GOLDEN_SOURCES_H
#define LB_GOLDEN_SOURCES_H

#include <stdlib.h>

#include "base/mem.h"
#include "leadbridge/source.h"
#include "operate/profiles.h"

struct golden_source {
	const char *folder, *platform;
	void (*configure)(struct source *s);
	struct source *source;
};

struct golden_request {
	struct request request;
	struct header headers[40];
	struct str token;
};

/* ---- building a configuration ------------------------------------------- */

static inline void add_secret(struct secrets *list, const char *text)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = (struct secret){
	    (unsigned char *)xstrdup(text), strlen(text), xstrdup("plain:***")};
}

static inline void add_text(struct text_list *list, const char *text)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = xstrdup(text);
}

static inline void add_pair(struct text_map *map, const char *from,
			    const char *to)
{
	map->v = xrealloc(map->v, (map->n + 1) * sizeof(*map->v));
	map->v[map->n++] = (struct text_pair){xstrdup(from), xstrdup(to)};
}

static inline void release_list(struct text_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
}

static inline void release_map(struct text_map *map)
{
	for (size_t i = 0; i < map->n; i++) {
		free(map->v[i].from);
		free(map->v[i].to);
	}
	free(map->v);
}

static inline void golden_source_free(struct source *s)
{
	source_release(s);
	secrets_release(&s->secret);
	secrets_release(&s->token);
	secrets_release(&s->rsa_key);
	secrets_release(&s->verify_token);
	secret_release(&s->api.token);
	for (size_t i = 0; i < s->api.n_tokens; i++) {
		free(s->api.tokens[i].name);
		secret_release(&s->api.tokens[i].secret);
	}
	free(s->api.tokens);
	release_list(&s->destinations);
	release_list(&s->accounts);
	release_list(&s->origins);
	release_list(&s->redirect);
	release_list(&s->events);
	release_list(&s->own_hosts);
	release_list(&s->excluded_hosts);
	release_map(&s->map);
	release_map(&s->route.map);
	release_map(&s->fields.add);
	free(s);
}

/* ---- one per folder ----------------------------------------------------- */

/* Public halves of tests/sources/keys: made for these tests only. */
#define GHL_TEST_KEY "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#include "keys/rsa_public.h"
#define SENDGRID_TEST_KEY                                                      \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEL6q5l9x0laVqFB/HZ0mOoLBjrkqRvE"   \
	"BVRT/tZ+efBV85ogosWrVgh+JD/qmOav6yhV6gkiaF62lm8TXsSAxYQw=="

static inline void configure_shopify(struct source *s)
{
	add_secret(&s->secret, "older-secret");
	add_secret(&s->secret, "hush");
	add_text(&s->destinations, "mega");
	add_text(&s->accounts, "acme.myshopify.com");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_checkout(struct source *s)
{
	configure_shopify(s);
	add_text(&s->events, "checkouts/create");
	add_text(&s->events, "checkouts/update");
}

static inline void configure_ghl(struct source *s)
{
	add_secret(&s->secret, GHL_TEST_KEY);
	add_pair(&s->route.map, "l1C08ntBrFjLS0elLIYU", "mega");
	add_pair(&s->route.map, "t9Ww7bY1xJJ6ThFHZVPC", "second");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_ghl_rsa(struct source *s)
{
	configure_ghl(s);
	add_secret(&s->rsa_key, RSA_TEST_KEY);
}

static inline void configure_workflow(struct source *s)
{
	add_secret(&s->token, "wf-token-0123456789");
	add_text(&s->destinations, "mega");
	add_text(&s->destinations, "second");
	add_text(&s->accounts, "t9Ww7bY1xJJ6ThFHZVPC");
	s->event_id = (char *)(uintptr_t) ".event_id";
}

static inline void configure_form(struct source *s)
{
	add_secret(&s->token, "form/token 0123456789");
	add_text(&s->destinations, "mega");
	add_text(&s->origins, "https://www.example.com");
	add_text(&s->redirect, "https://www.example.com/thanks");
	add_text(&s->redirect, "https://www.example.com/danke");
	s->honeypot = (char *)(uintptr_t) "website";
	s->min_fill_ms = 3000;
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_open_form(struct source *s)
{
	add_text(&s->destinations, "mega");
	add_text(&s->origins, "https://www.example.com");
	s->country = (char *)(uintptr_t) "US";
}

/* The switches of attribution, away from their defaults. */
static inline void configure_form_switches(struct source *s)
{
	add_secret(&s->token, "form-token-0123456789");
	add_text(&s->destinations, "mega");
	add_text(&s->own_hosts, "example.shop");
	add_text(&s->excluded_hosts, "pay.example.net");
	s->fbclid_implies_ads = true;
	s->microsoft_ads_as = (char *)(uintptr_t) "google_ads";
	s->other_search_as = (char *)(uintptr_t) "google_organic";
}

/* A platform whose name is no channel, here. */
static inline void configure_shopify_attributed(struct source *s)
{
	configure_shopify(s);
	s->attribution = true;
}

/* One origin for all that comes, and one that some of it states. */
static inline void configure_form_fixed(struct source *s)
{
	add_secret(&s->token, "form-token-0123456789");
	add_text(&s->destinations, "mega");
	s->source_platform = (char *)(uintptr_t) "referral";
}

static inline void configure_json_attributed(struct source *s)
{
	add_secret(&s->token, "json-token-0123456789");
	add_text(&s->destinations, "mega");
	add_pair(&s->map, "source_platform", ".origin");
	s->attribution = true;
}

static inline void configure_json(struct source *s)
{
	add_secret(&s->secret, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
	add_secret(&s->secret,
		   "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
	s->scheme.name = (char *)(uintptr_t) "standard_webhooks";
	s->source_platform = (char *)(uintptr_t) "referral";
	add_text(&s->destinations, "mega");
	add_pair(&s->map, "contact_name", ".data.who");
	add_pair(&s->map, "contact_email", ".data.mail");
	add_pair(&s->map, "project", ".data.project.kind");
	add_pair(&s->fields.add, "channel", "partner");
	s->fields.prefix = (char *)(uintptr_t) "x_";
}

static inline void configure_json_jwt(struct source *s)
{
	add_secret(&s->secret, "dialpad-secret");
	s->scheme.name = (char *)(uintptr_t) "jwt_hs256";
	s->source_platform = (char *)(uintptr_t) "direct";
	s->event_id = (char *)(uintptr_t) ".id";
	add_text(&s->destinations, "mega");
}

/* A signature anywhere in the body. */
static inline void configure_json_inside(struct source *s)
{
	add_secret(&s->secret, "mailgun-secret");
	s->scheme.header = (char *)(uintptr_t) ".proof.mac";
	s->scheme.timestamp_header = (char *)(uintptr_t) ".proof.at";
	s->scheme.id_header = (char *)(uintptr_t) ".proof.nonce";
	s->scheme.signed_text = (char *)(uintptr_t) "{timestamp}{id}";
	s->source_platform = (char *)(uintptr_t) "direct";
	s->event_id = (char *)(uintptr_t) ".id";
	add_text(&s->destinations, "mega");
}

static inline void configure_json_token(struct source *s)
{
	add_secret(&s->token, "json-token-0123456789");
	s->source_platform = (char *)(uintptr_t) "direct";
	s->event_id = (char *)(uintptr_t) "header:X-Event-Id";
	add_text(&s->destinations, "mega");
}

static inline void configure_salesforce(struct source *s)
{
	add_secret(&s->token, "sf-token-0123456789");
	add_text(&s->destinations, "mega");
	add_text(&s->accounts, "00D5e000000KQ2e");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_google_ads(struct source *s)
{
	add_secret(&s->secret, "key-before-the-rotation");
	add_secret(&s->secret, "k3y-chosen-by-the-advertiser");
	add_text(&s->destinations, "mega");
}

static inline void configure_google_ads_tests(struct source *s)
{
	configure_google_ads(s);
	s->tests = TESTS_DELIVER;
}

static inline void configure_lead_docket(struct source *s)
{
	add_secret(&s->token, "ld-token-0123456789");
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
}

/* A firm that found out how its requests are signed. */
static inline void configure_lead_docket_signed(struct source *s)
{
	add_secret(&s->secret, "ld_secret");
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
	s->scheme.algorithm = (char *)(uintptr_t) "hmac-sha256";
	s->scheme.header = (char *)(uintptr_t) "X-Firm-Signature";
	s->scheme.prefix = (char *)(uintptr_t) "sha256=";
}

static inline void configure_twilio(struct source *s)
{
	add_secret(&s->secret, "token-before-the-rotation");
	add_secret(&s->secret, "tw_secret");
	add_text(&s->destinations, "mega");
}

/* The number's voice URL, with the call handed on. */
static inline void configure_twilio_voice(struct source *s)
{
	configure_twilio(s);
	add_text(&s->events, "call.ringing");
	add_text(&s->redirect, "https://calls.example.com/menu?a=1&b=2");
}

static inline void configure_hubspot_workflow(struct source *s)
{
	add_secret(&s->secret, "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy");
	add_text(&s->destinations, "mega");
	add_text(&s->accounts, "62515");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_hubspot_token(struct source *s)
{
	add_secret(&s->token, "hs-token-0123456789");
	add_text(&s->destinations, "mega");
}

static inline void configure_crm_confirm(struct source *s)
{
	add_secret(&s->secret, "mega_whsec_for_these_tests");
}

/* Platforms described in YAML. Keys are those of the published vectors. */

static inline void configure_token(struct source *s)
{
	add_secret(&s->token, "profile-token-0123456789");
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_signed(struct source *s)
{
	char secret[64];
	(void)!snprintf(secret, sizeof(secret), "%s-secret", s->name);
	add_secret(&s->secret, secret);
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_quo(struct source *s)
{
	add_secret(&s->secret, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_sendgrid(struct source *s)
{
	add_secret(&s->secret, SENDGRID_TEST_KEY);
	add_text(&s->destinations, "mega");
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_filtered(struct source *s)
{
	configure_token(s);
	s->source_platform = (char *)(uintptr_t) "referral";
	s->filter = (char *)(uintptr_t) ".status != \"spam\"";
	add_pair(&s->map, "contact_name",
		 ".person | \"\\(.given) \\(.family)\"");
	add_pair(&s->map, "contact_email", ".person.mail, .mail");
	add_pair(&s->map, "budget", "(.budget | tonumber) * 2");
}

static inline void set_secret(struct secret *to, const char *text)
{
	*to = (struct secret){(unsigned char *)xstrdup(text), strlen(text),
			      xstrdup("plain:***")};
}

static inline void configure_meta_open(struct source *s)
{
	add_secret(&s->secret, "meta-app-secret");
	add_text(&s->destinations, "mega");
}

static inline void configure_meta(struct source *s)
{
	configure_meta_open(s);
	add_secret(&s->verify_token, "verify-word");
	add_text(&s->accounts, "268499800000001");
	set_secret(&s->api.token, "EAAB-page-token");
}

static inline void configure_hubspot(struct source *s)
{
	add_secret(&s->secret, "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy");
	add_text(&s->destinations, "mega");
	add_text(&s->accounts, "62515");
	set_secret(&s->api.token, "pat-na1-token");
}

static inline void configure_hubspot_v1(struct source *s)
{
	configure_hubspot(s);
	s->signature = (char *)(uintptr_t) "v1";
}

static inline void configure_zoho(struct source *s)
{
	add_secret(&s->secret, "leadbridge-7c1f");
	add_text(&s->destinations, "mega");
	set_secret(&s->api.token, "1000.access");
	s->api.url = (char *)(uintptr_t) "https://www.zohoapis.eu";
	s->country = (char *)(uintptr_t) "US";
}

static inline void configure_ghl_api(struct source *s)
{
	configure_ghl(s);
	set_secret(&s->api.token, "pit-token");
}

static struct golden_source golden_sources[] = {
    {"json_program", "json", configure_filtered, NULL},
    {"zapier", "zapier", configure_token, NULL},
    {"zenmaid", "zenmaid", configure_token, NULL},
    {"zoho_workflow", "zoho_workflow", configure_token, NULL},
    {"zoho_forms", "zoho_forms", configure_token, NULL},
    {"gravity_forms", "gravity_forms", configure_token, NULL},
    {"elementor", "elementor", configure_token, NULL},
    {"jotform", "jotform", configure_token, NULL},
    {"call_tracking_metrics", "call_tracking_metrics", configure_signed, NULL},
    {"whatconverts", "whatconverts", configure_token, NULL},
    {"contact_form_7", "contact_form_7", configure_token, NULL},
    {"wpforms", "wpforms", configure_signed, NULL},
    {"wpforms_token", "wpforms", configure_token, NULL},
    {"google_forms", "google_forms", configure_token, NULL},
    {"webflow", "webflow", configure_signed, NULL},
    {"callrail", "callrail", configure_signed, NULL},
    {"typeform", "typeform", configure_signed, NULL},
    {"calendly", "calendly", configure_signed, NULL},
    {"tally", "tally", configure_signed, NULL},
    {"intercom", "intercom", configure_signed, NULL},
    {"formstack", "formstack", configure_signed, NULL},
    {"tawk_to", "tawk_to", configure_signed, NULL},
    {"postmark", "postmark", configure_token, NULL},
    {"quo", "quo", configure_quo, NULL},
    {"quo_token", "quo", configure_token, NULL},
    {"wix", "wix", configure_token, NULL},
    {"aircall", "aircall", configure_signed, NULL},
    {"aircall_token", "aircall", configure_token, NULL},
    {"dialpad", "dialpad", configure_signed, NULL},
    {"dialpad_token", "dialpad", configure_token, NULL},
    {"livechat", "livechat", configure_signed, NULL},
    {"mailgun", "mailgun", configure_signed, NULL},
    {"mailgun_token", "mailgun", configure_token, NULL},
    {"sendgrid", "sendgrid", configure_sendgrid, NULL},
    {"sendgrid_token", "sendgrid", configure_token, NULL},
    {"meta_ads", "meta_ads", configure_meta, NULL},
    {"meta_ads_open", "meta_ads", configure_meta_open, NULL},
    {"hubspot", "hubspot", configure_hubspot, NULL},
    {"hubspot_v1", "hubspot", configure_hubspot_v1, NULL},
    {"zoho", "zoho", configure_zoho, NULL},
    {"ghl_api", "ghl", configure_ghl_api, NULL},
    {"shopify", "shopify", configure_shopify, NULL},
    {"shopify_checkout", "shopify", configure_checkout, NULL},
    {"ghl", "ghl", configure_ghl, NULL},
    {"ghl_rsa", "ghl", configure_ghl_rsa, NULL},
    {"ghl_workflow", "ghl_workflow", configure_workflow, NULL},
    {"form", "form", configure_form, NULL},
    {"open_form", "form", configure_open_form, NULL},
    {"form_switches", "form", configure_form_switches, NULL},
    {"form_fixed", "form", configure_form_fixed, NULL},
    {"shopify_attributed", "shopify", configure_shopify_attributed, NULL},
    {"json_attributed", "json", configure_json_attributed, NULL},
    {"json", "json", configure_json, NULL},
    {"json_token", "json", configure_json_token, NULL},
    {"json_jwt", "json", configure_json_jwt, NULL},
    {"json_inside", "json", configure_json_inside, NULL},
    {"salesforce", "salesforce", configure_salesforce, NULL},
    {"google_ads", "google_ads", configure_google_ads, NULL},
    {"google_ads_tests", "google_ads", configure_google_ads_tests, NULL},
    {"lead_docket", "lead_docket", configure_lead_docket, NULL},
    {"lead_docket_signed", "lead_docket", configure_lead_docket_signed, NULL},
    {"twilio", "twilio", configure_twilio, NULL},
    {"twilio_voice", "twilio", configure_twilio_voice, NULL},
    {"hubspot_workflow", "hubspot_workflow", configure_hubspot_workflow, NULL},
    {"hubspot_token", "hubspot_workflow", configure_hubspot_token, NULL},
    {"crm_confirm", "crm_confirm", configure_crm_confirm, NULL},
};
#define GOLDEN_SOURCES (sizeof(golden_sources) / sizeof(golden_sources[0]))

static struct arena golden_arena_;

static inline struct arena *golden_arena(void)
{
	return &golden_arena_;
}

static inline struct str golden_secret(void)
{
	return STR("0123456789abcdef0123456789abcdef");
}

/* The profiles of this tree, compiled. */
static struct profile_list golden_profiles;

static inline void golden_profiles_load(void)
{
	const char *given = getenv("LEADBRIDGE_PROFILES");
	const char *folders[] = {
	    given != NULL ? given : LB_TREE "/conf/profiles", NULL};
	struct config_problems problems = {0};
	struct reader r = {.problems = &problems};
	arena_init(&r.arena);
	profiles_read(&r, folders, &golden_profiles);
	for (size_t i = 0; i < golden_profiles.n; i++) {
		struct err err = {0};
		struct place at = {golden_profiles.v[i]->file, 0, 1};
		if (profile_compile(golden_profiles.v[i], &at.line, &err) != 0)
			problems_error(&problems, at, "%s", err.text);
	}
	for (size_t i = 0; i < problems.n; i++)
		(void)fprintf(stderr, "%s:%d: %s\n", problems.v[i].file,
			      problems.v[i].line, problems.v[i].text);
	if (problems.n > 0)
		abort();
	free(r.files);
	arena_release(&r.arena);
	config_problems_release(&problems);
}

static inline const struct source_ops *golden_ops(const char *platform)
{
	const struct profile *p =
	    profiles_find(&golden_profiles, str_from(platform));
	return p != NULL ? &p->ops : source_ops_find(str_from(platform));
}

static inline void golden_setup(void)
{
	arena_init(&golden_arena_);
	golden_profiles_load();
	for (size_t i = 0; i < GOLDEN_SOURCES; i++) {
		struct err err = {0};
		struct golden_source *g = &golden_sources[i];
		struct source *s = xcalloc(1, sizeof(*s));
		s->ops = golden_ops(g->platform);
		s->name = (char *)(uintptr_t)g->folder;
		s->attribution = (s->ops->flags & SOURCE_ATTRIBUTION) != 0;
		g->configure(s);
		if (source_prepare(s, &err) != 0) {
			(void)fprintf(stderr, "%s: %s\n", g->folder, err.text);
			abort();
		}
		g->source = s;
	}
}

static inline void golden_teardown(void)
{
	for (size_t i = 0; i < GOLDEN_SOURCES; i++)
		golden_source_free(golden_sources[i].source);
	profiles_release(&golden_profiles);
	arena_release(&golden_arena_);
}

/* The source of ".../golden/FOLDER/case.request". */
static inline const struct golden_source *golden_source_of(const char *path)
{
	struct str rest = str_from(path), folder = STR_NONE, part;
	while (rest.p != NULL) {
		part = str_cut(rest, '/', &rest);
		if (rest.p != NULL)
			folder = part;
	}
	for (size_t i = 0; i < GOLDEN_SOURCES; i++)
		if (str_eq(folder, str_from(golden_sources[i].folder)))
			return &golden_sources[i];
	return NULL;
}

/* ---- the request as text ------------------------------------------------ */

static inline enum http_method golden_method(struct str text)
{
	for (int m = HTTP_GET; m < HTTP_OTHER; m++)
		if (str_eq(text,
			   str_from(http_method_name((enum http_method)m))))
			return (enum http_method)m;
	return HTTP_OTHER;
}

/* Lines end in LF; one at the end of the file is not part of the body. text
 * must live as long as g. */
static inline void golden_request_parse(struct str text,
					struct golden_request *g)
{
	*g = (struct golden_request){.token = STR_NONE};
	struct request *r = &g->request;
	struct str line = str_cut(text, '\n', &text);
	struct str version, value;
	r->method_text = str_cut(line, ' ', &line);
	r->method = golden_method(r->method_text);
	r->target = str_cut(line, ' ', &version);
	r->path = str_cut(r->target, '?', &r->query);
	r->headers = g->headers;
	while (text.n > 0) {
		line = str_trim(str_cut(text, '\n', &text));
		if (line.n == 0 || r->n_headers == 40)
			break;
		struct str name = str_cut(line, ':', &value);
		g->headers[r->n_headers++] =
		    (struct header){name, str_trim(value)};
	}
	if (str_ends(text, STR("\n")))
		text.n--;
	r->body = text.p != NULL ? text : STR("");
	r->client = STR("192.0.2.7");
	r->public_url = STR("https://hooks.example.com");
	r->received_at_ms = 1760000000000;
	if (r->path.n > 4) /* /in/NAME/TOKEN */
		(void)str_cut(str_sub(r->path, 4, r->path.n), '/', &g->token);
}

#endif
