/* SPDX-License-Identifier: MIT */
/*
 * https://www.twilio.com/docs/usage/security, and what the vendor's library
 * (twilio-node, src/webhooks/webhooks.ts) does beyond it: a name given twice
 * counts each distinct value once; the URL is tried with and without its port,
 * since Twilio itself is not consistent; a bodySHA256 in the query takes the
 * place of the parameters. Pure, any thread.
 */
#include "sources/twilio_signature.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/crypto.h"

enum { URLS_MAX = 8, SIGNATURE_BYTES = 20 };

/* ---- the parameters ----------------------------------------------------- */

struct pair {
	struct str name, value;
};

struct pairs {
	struct pair *v;
	size_t n;
};

static int compare_bytes(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = compare_bytes(x->name, y->name);
	return order != 0 ? order : compare_bytes(x->value, y->value);
}

static size_t count_segments(struct str body)
{
	size_t n = 1;
	for (size_t i = 0; i < body.n; i++)
		n += body.p[i] == '&';
	return n;
}

/* False: more than any caller has. */
static bool read_pairs(const struct source_call *call, struct pairs *pairs)
{
	struct str rest = call->request->body, value;
	size_t most = count_segments(rest);
	if (most > (size_t)call->source->values)
		return false;
	pairs->v = arena_alloc(call->arena, most * sizeof(*pairs->v));
	while (rest.n > 0) {
		struct str segment = str_cut(rest, '&', &rest);
		if (segment.n == 0)
			continue;
		struct str name = str_cut(segment, '=', &value);
		pairs->v[pairs->n++] = (struct pair){
		    percent_decode(call->arena, name, true),
		    percent_decode(call->arena, value, true),
		};
	}
	if (pairs->n > 1)
		qsort(pairs->v, pairs->n, sizeof(*pairs->v), compare_pairs);
	return true;
}

/* ---- the URL ------------------------------------------------------------ */

struct url {
	struct str scheme; /* with "://" */
	struct str host;   /* without port */
	struct str port;   /* with ':', or empty */
	struct str path;   /* of public_url, in front of the target */
};

static bool read_url(struct str text, struct url *url)
{
	long colon = str_find_str(text, STR("://"));
	if (colon < 1)
		return false;
	size_t host = (size_t)colon + 3, end = host;
	while (end < text.n && text.p[end] != '/')
		end++;
	/* The last ':' is the port's, unless it stands inside "[::1]". */
	size_t port = end;
	for (size_t at = end; at > host && text.p[at - 1] != ']'; at--)
		if (text.p[at - 1] == ':')
			port = at - 1;
	url->scheme = str_sub(text, 0, host);
	url->host = str_sub(text, host, port);
	url->port = str_sub(text, port, end);
	url->path = str_sub(text, end, text.n);
	return url->host.n > 0;
}

struct urls {
	struct str v[URLS_MAX];
	size_t n;
};

static void add_url(const struct source_call *call, struct urls *urls,
		    const struct url *url, struct str user, struct str port)
{
	if (urls->n == URLS_MAX)
		return;
	urls->v[urls->n++] = arena_printf(
	    call->arena, "%.*s%.*s%.*s%.*s%.*s%.*s", STR_FMT(url->scheme),
	    STR_FMT(user), STR_FMT(url->host), STR_FMT(port),
	    STR_FMT(url->path), STR_FMT(call->request->target));
}

/* With a port and without one; and, where the URL holds a user, both with and
 * without that. */
static void list_urls(const struct source_call *call, struct urls *urls)
{
	const struct source *source = call->source;
	struct url url;
	if (!read_url(call->request->public_url, &url))
		return;
	struct str port = url.port;
	if (port.n == 0)
		port = str_istarts(url.scheme, STR("https")) ? STR(":443")
							     : STR(":80");
	add_url(call, urls, &url, STR(""), STR(""));
	add_url(call, urls, &url, STR(""), port);
	for (size_t i = 0; i < source->basic_password.n; i++) {
		struct str user = arena_printf(
		    call->arena, "%s:%.*s@", source->basic_user,
		    STR_FMT(secret_str(&source->basic_password.v[i])));
		add_url(call, urls, &url, user, STR(""));
		add_url(call, urls, &url, user, port);
	}
}

/* ---- what the body adds ------------------------------------------------- */

static struct str body_hash(struct str query)
{
	struct str name = STR("bodySHA256=");
	while (query.n > 0) {
		struct str segment = str_cut(query, '&', &query);
		if (str_starts(segment, name))
			return str_sub(segment, name.n, segment.n);
	}
	return STR_NONE;
}

static bool hash_fits(const struct request *r, struct str hash)
{
	unsigned char want[DIGEST_MAX], given[DIGEST_MAX];
	size_t n = 0;
	if (hex_decode(hash, given, sizeof(given), &n) != 0)
		return false;
	crypto_digest(DIGEST_SHA256, &r->body, 1, want);
	return crypto_equal(want, digest_size(DIGEST_SHA256), given, n);
}

/* parts[1..] of the signed text, after the URL. False: nothing of what is
 * signed would cover this body. */
static bool list_parts(const struct source_call *call, struct str **parts,
		       size_t *n)
{
	const struct request *r = call->request;
	struct pairs pairs = {0};
	struct str hash = body_hash(r->query);
	bool form = str_ieq(request_media_type(r),
			    STR("application/x-www-form-urlencoded"));
	if (hash.p != NULL && !hash_fits(r, hash))
		return false;
	if (hash.p == NULL && (!form || !read_pairs(call, &pairs)))
		return false;
	*parts = arena_alloc(call->arena, (1 + 2 * pairs.n) * sizeof(**parts));
	*n = 1;
	for (size_t i = 0; i < pairs.n; i++) {
		const struct pair *pair = &pairs.v[i];
		if (i > 0 && compare_pairs(pair, pair - 1) == 0)
			continue;
		(*parts)[(*n)++] = pair->name;
		(*parts)[(*n)++] = pair->value;
	}
	return true;
}

/* ---- judging ------------------------------------------------------------ */

/* parts[0] is kept free for the URL. */
static bool signed_with(struct str secret, const struct urls *urls,
			struct str *parts, size_t n,
			const unsigned char given[SIGNATURE_BYTES])
{
	unsigned char want[DIGEST_MAX];
	bool good = false;
	for (size_t i = 0; i < urls->n && !good; i++) {
		parts[0] = urls->v[i];
		crypto_hmac(DIGEST_SHA1, secret, parts, n, want);
		good = crypto_equal(want, digest_size(DIGEST_SHA1), given,
				    SIGNATURE_BYTES);
	}
	return good;
}

static int match(const struct source_call *call,
		 const unsigned char given[SIGNATURE_BYTES])
{
	const struct secrets *secrets = &call->source->secret;
	struct urls urls = {0};
	struct str *parts = NULL;
	size_t n = 0;
	list_urls(call, &urls);
	if (!list_parts(call, &parts, &n))
		return -1;
	for (size_t i = 0; i < secrets->n; i++)
		if (signed_with(secret_str(&secrets->v[i]), &urls, parts, n,
				given))
			return (int)i;
	return -1;
}

void twilio_verify(const struct source_call *call, struct proof *proof)
{
	static const char name[] = "X-Twilio-Signature";
	struct str text = str_trim(request_header(call->request, name));
	unsigned char given[SIGNATURE_BYTES + 3];
	size_t n = 0;
	*proof = (struct proof){PROOF_MISSING, -1, NULL};
	if (text.n == 0)
		return;
	proof->result = PROOF_WRONG;
	if (request_header_count(call->request, name) > 1) {
		proof->reason = "signature_duplicate";
		return;
	}
	if (base64_decode(text, BASE64_STANDARD, given, sizeof(given), &n) !=
		0 ||
	    n != SIGNATURE_BYTES)
		return;
	proof->matched = match(call, given);
	if (proof->matched >= 0)
		proof->result = PROOF_OK;
}
