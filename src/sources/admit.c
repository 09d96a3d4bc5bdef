/* SPDX-License-Identifier: MIT */
/*
 * The header phase: what can be said of a request before its body is read.
 * First of all whether the URL is right: a wrong token and an unknown source
 * get the same answer after the same work, whatever else is wrong. Loop thread.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "sources/engine.h"

static void sha256(struct str text, unsigned char out[DIGEST_MAX])
{
	crypto_digest(DIGEST_SHA256, &text, 1, out);
}

/* Digests are compared, so that neither length nor content shows in the time;
 * where there is no token to compare with, as much is computed. */
static bool token_fits(const struct source_call *call, struct str token)
{
	const struct secrets *tokens =
	    call->source != NULL ? &call->source->token : NULL;
	unsigned char given[DIGEST_MAX], want[DIGEST_MAX];
	size_t size = digest_size(DIGEST_SHA256);
	sha256(percent_decode(call->arena, token, false), given);
	if (tokens == NULL || tokens->n == 0) {
		sha256(STR("no source of this name, or one without token"),
		       want);
		bool same = crypto_equal(given, size, want, size);
		return call->source != NULL && token.n == 0 && !same;
	}
	bool fits = false;
	for (size_t i = 0; i < tokens->n; i++) {
		sha256(secret_str(&tokens->v[i]), want);
		fits |= crypto_equal(given, size, want, size);
	}
	return fits;
}

/* ---- methods ------------------------------------------------------------ */

static void answer_head(const struct source_call *call, struct reply *reply)
{
	(void)call;
	*reply = (struct reply){.status = 200};
}

/* A preflight of a browser form; anybody else learns the methods. */
static void answer_options(const struct source_call *call, struct reply *reply)
{
	*reply = (struct reply){.status = 204};
	reply_add_header(reply, "Allow", STR("POST, HEAD, OPTIONS"));
	if (call->source->origins.n == 0)
		return;
	reply_add_header(reply, "Vary", STR("Origin"));
	struct str origin = origin_allowed(
	    call->source, request_header(call->request, "Origin"));
	if (origin.p == NULL)
		return;
	reply_add_header(reply, "Access-Control-Allow-Origin", origin);
	reply_add_header(reply, "Access-Control-Allow-Methods", STR("POST"));
	reply_add_header(reply, "Access-Control-Allow-Headers",
			 STR("Content-Type"));
	reply_add_header(reply, "Access-Control-Max-Age", STR("600"));
}

/* NULL where the body decides; else the word of the refusal. *finished: the
 * reply is complete. */
static const char *judge_method(const struct source_call *call,
				struct reply *reply, bool *finished)
{
	const struct source *source = call->source;
	switch (call->request->method) {
	case HTTP_POST:
		return NULL;
	case HTTP_PUT:
	case HTTP_PATCH:
		return source->token.n > 0 ? NULL : "method";
	case HTTP_GET:
		if (source->ops->challenge == NULL)
			return "method";
		source->ops->challenge(call, reply);
		*finished = true;
		return NULL;
	case HTTP_HEAD:
		answer_head(call, reply);
		*finished = true;
		return NULL;
	case HTTP_OPTIONS:
		answer_options(call, reply);
		*finished = true;
		return NULL;
	case HTTP_DELETE:
		return "method";
	case HTTP_OTHER:
		break;
	}
	return "method_unknown";
}

/* ---- type and length ---------------------------------------------------- */

static const struct {
	const char *type;
	unsigned kind;
} types[] = {
    {"application/json", PAYLOAD_JSON},
    {"text/json", PAYLOAD_JSON},
    {"application/x-www-form-urlencoded", PAYLOAD_FORM},
    {"multipart/form-data", PAYLOAD_MULTIPART},
    {"text/xml", PAYLOAD_XML},
    {"application/xml", PAYLOAD_XML},
    {"application/soap+xml", PAYLOAD_XML},
};

/* Only types that are known to be of another kind are refused here: the parser
 * knows more than this table. */
static bool type_possible(const struct source_call *call)
{
	struct str type = request_media_type(call->request);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ieq(type, str_from(types[i].type)))
			return (types[i].kind & call->source->ops->payloads) !=
			       0;
	/* The one type a browser posts across sites without asking. */
	return !str_ieq(type, STR("text/plain"));
}

/* What is proven is kept, whatever its type: it will be quarantined. */
static bool proof_possible(const struct source *source)
{
	if (source_proof_in_body(source))
		return false;
	bool signs = source->ops->verify != NULL && source->secret.n > 0;
	return rules_prove(source) || source->state != NULL || signs;
}

static const char *judge_content(const struct source_call *call)
{
	const struct request *r = call->request;
	struct str encoding = request_header(r, "Content-Encoding");
	if (encoding.n > 0 && !str_ieq(encoding, STR("identity")))
		return "content_encoding";
	if (!proof_possible(call->source) && !type_possible(call))
		return "content_type";
	int64_t length;
	struct str text = str_trim(request_header(r, "Content-Length"));
	if (text.n > 0 && str_to_int(text, 0, INT64_MAX, &length) == 0 &&
	    (uint64_t)length > call->source->max_body)
		return "too_large";
	return NULL;
}

int source_admit(const struct source_call *call, struct str token,
		 struct reply *reply, bool *challenge)
{
	*challenge = false;
	if (!token_fits(call, token))
		return refuse(call,
			      call->source == NULL ? "unknown_source" : "token",
			      reply);
	const char *why = judge_method(call, reply, challenge);
	if (*challenge)
		return LB_EDENIED;
	if (why == NULL)
		why = judge_content(call);
	return why == NULL ? 0 : refuse(call, why, reply);
}
