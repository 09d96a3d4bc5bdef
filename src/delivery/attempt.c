/* SPDX-License-Identifier: MIT */
/*
 * Builds what an attempt sends besides the stored bytes; see the header. The
 * bytes themselves are never touched here: every try of a lead is identical.
 */
#include "delivery/attempt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "leadbridge/lead.h"

enum { OWN_HEADERS = 6 };

struct lines {
	char **v;
	size_t n;
};

static bool is_configured(const struct destination_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_headers; i++)
		if (str_ieq(str_from(c->headers[i].name), str_from(name)))
			return true;
	return false;
}

static void add(struct lines *l, const struct destination_config *c,
		const char *name, struct str value)
{
	if (!is_configured(c, name))
		l->v[l->n++] = xasprintf("%s: %.*s", name, STR_FMT(value));
}

static struct str shown(struct str secret, bool masked)
{
	return masked ? STR("***") : secret;
}

static void add_credentials(struct lines *l, const struct destination_config *c,
			    bool masked)
{
	if (c->token.n > 0 && !is_configured(c, "Authorization"))
		l->v[l->n++] =
		    xasprintf("Authorization: Bearer %.*s",
			      STR_FMT(shown(secret_str(&c->token), masked)));
	if (c->customer_id != NULL)
		add(l, c, "x-customer-id", str_from(c->customer_id));
}

static struct lines lines_of(const struct destination_config *c, bool masked)
{
	struct lines l = {xcalloc(OWN_HEADERS + c->n_headers, sizeof(*l.v)), 0};
	add(&l, c, "Content-Type", STR("application/json"));
	add(&l, c, "Accept", STR("application/json"));
	add(&l, c, "User-Agent", STR("leadbridge/" LB_VERSION));
	add_credentials(&l, c, masked);
	for (size_t i = 0; i < c->n_headers; i++) {
		const struct header_rule *h = &c->headers[i];
		struct str value =
		    h->value.n > 0 ? secret_str(&h->value.v[0]) : STR_NONE;
		l.v[l.n++] = xasprintf("%s: %.*s", h->name,
				       STR_FMT(shown(value, masked)));
	}
	return l;
}

static void lines_release(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		mem_wipe(l->v[i], strlen(l->v[i]));
		free(l->v[i]);
	}
	free(l->v);
}

void attempt_show(const struct destination_config *c, struct buf *out)
{
	struct lines l = lines_of(c, true);
	for (size_t i = 0; i < l.n; i++)
		buf_addf(out, "%s\n", l.v[i]);
	lines_release(&l);
}

static struct http_target *target(struct http_client *client,
				  const struct destination_config *c,
				  const char *url)
{
	struct lines l = lines_of(c, false);
	/* Without this curl may wait a second for a 100 Continue. */
	l.v[l.n++] = xstrdup("Expect:");
	struct http_spec spec = {
	    .url = url,
	    .headers = (const char *const *)l.v,
	    .n_headers = l.n,
	    .connect_timeout_ms = c->connect_timeout_ms,
	    .timeout_ms = c->timeout_ms,
	    .allow_http = c->allow_http,
	    .allow_private = c->allow_private,
	    .ca = c->ca,
	    .proxy = c->proxy,
	};
	if (is_bulk_queue(str_from(c->name)))
		spec.answer_more = BULK_ANSWER_MAX - ANSWER_BODY_MAX;
	struct http_target *t = http_target_new(client, &spec);
	lines_release(&l);
	return t;
}

struct http_target *attempt_target(struct http_client *client,
				   const struct destination_config *c)
{
	return target(client, c, c->url);
}

struct http_target *attempt_list_target(struct http_client *client,
					const struct destination_config *c)
{
	return target(client, c, c->list_url);
}

void attempt_key_line(const struct due_lead *lead, char line[ATTEMPT_KEY_LINE])
{
	char key[LEAD_KEY_TEXT];
	lead_key_text(lead->key, key);
	(void)!snprintf(line, ATTEMPT_KEY_LINE, "Idempotency-Key: %s", key);
}

bool attempt_arrived(enum transport t)
{
	switch (t) {
	case TRANSPORT_ANSWERED:
	case TRANSPORT_RESET:
	case TRANSPORT_TIMEOUT:
	case TRANSPORT_OTHER:
		return true;
	case TRANSPORT_REFUSED:
	case TRANSPORT_TIMEOUT_CONNECT:
	case TRANSPORT_DNS_FAILED:
	case TRANSPORT_DNS_NXDOMAIN:
	case TRANSPORT_TLS_FAILED:
	case TRANSPORT_TLS_UNTRUSTED:
	case TRANSPORT_FORBIDDEN:
		return false;
	}
	return true;
}

bool attempt_reason_counts(struct str reason)
{
	for (int t = 0; t <= TRANSPORT_OTHER; t++)
		if (str_eq(reason, str_from(transport_name((enum transport)t))))
			return attempt_arrived((enum transport)t);
	/* Leads of a row of dead ones that wait again: nothing was sent. */
	return !str_eq(reason, STR("contract"));
}

static struct str host_of(struct str url)
{
	long at = str_find_str(url, STR("://"));
	if (at >= 0)
		url = str_sub(url, (size_t)at + 3, url.n);
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '/' || url.p[i] == '?')
			return str_sub(url, 0, i);
	return url;
}

void attempt_share(const struct destination_config *c,
		   unsigned char out[ATTEMPT_SHARE])
{
	unsigned char digest[DIGEST_MAX];
	struct str parts[] = {
	    host_of(str_from(c->url)),
	    STR("\n"),
	    secret_str(&c->token),
	    STR("\n"),
	    str_from(c->customer_id),
	    STR("\n"),
	    /* The CRM counts its bulk route apart. */
	    is_bulk_queue(str_from(c->name)) ? STR("bulk") : STR(""),
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].p == NULL)
			parts[i] = STR("");
	crypto_digest(DIGEST_SHA256, parts, sizeof(parts) / sizeof(parts[0]),
		      digest);
	memcpy(out, digest, ATTEMPT_SHARE);
}
