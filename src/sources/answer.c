/* SPDX-License-Identifier: MIT */
/*
 * What a sender is told: refusals, each with the word it is counted by, and the
 * answers once the request is on disk. All texts are static; a platform that
 * demands something else changes the reply in its answer().
 */
#include "sources/engine.h"

/* Every word `why` can be. Counters, explain and the documentation use it; the
 * code in the body is the same word, but for 404: a wrong token must look like
 * an unknown source. */
struct refusal {
	const char *why;
	int status;
	enum answer_kind kind;
	struct str body;
};

/* clang-format off */
#define BODY(code, message) \
	{"{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}", \
	 sizeof("{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}") - 1}
#define ROW(word, status, kind, message) \
	{word, status, kind, BODY(word, message)}

static const struct refusal refusals[] = {
    {"token", 404, ANSWER_BAD_PROOF, BODY("not_found", "not found")},
    {"unknown_source", 404, ANSWER_BAD_PROOF, BODY("not_found", "not found")},
    ROW("method", 405, ANSWER_BAD_BODY, "method is not allowed here"),
    ROW("method_unknown", 501, ANSWER_BAD_BODY, "method is not known"),
    ROW("too_large", 413, ANSWER_BAD_BODY, "body is too large"),
    ROW("content_type", 415, ANSWER_BAD_BODY, "this type of content is not taken"),
    ROW("content_encoding", 415, ANSWER_BAD_BODY, "only identity encoding is taken"),
    ROW("malformed", 400, ANSWER_BAD_BODY, "body cannot be read"),
    ROW("signature", 401, ANSWER_BAD_PROOF, "signature does not match"),
    ROW("signature_missing", 401, ANSWER_BAD_PROOF, "signature is missing"),
    ROW("signature_duplicate", 401, ANSWER_BAD_PROOF, "signature header was sent twice"),
    ROW("stale", 401, ANSWER_BAD_PROOF, "timestamp is outside tolerance"),
    ROW("header", 401, ANSWER_BAD_PROOF, "required header is missing or wrong"),
    ROW("basic", 401, ANSWER_BAD_PROOF, "user or password is wrong"),
    ROW("param", 401, ANSWER_BAD_PROOF, "required parameter is missing or wrong"),
    ROW("address", 401, ANSWER_BAD_PROOF, "sender is not allowed"),
    ROW("origin", 401, ANSWER_BAD_PROOF, "origin is not allowed"),
    ROW("rate", 429, ANSWER_BAD_BODY, "too many requests from this address"),
};

#define TEXT(literal) {literal, sizeof(literal) - 1}
static const struct str accepted = TEXT("{\"status\":\"accepted\"}");
static const struct str duplicate = TEXT("{\"status\":\"duplicate\"}");
static const struct str try_later =
    BODY("try_later", "cannot be stored now, send it again");
/* clang-format on */

void reply_add_header(struct reply *reply, const char *name, struct str value)
{
	size_t cap = sizeof(reply->extra) / sizeof(reply->extra[0]);
	if (reply->n_extra == cap)
		return;
	reply->extra[reply->n_extra++] = (struct header){str_from(name), value};
}

static const struct refusal *find_refusal(const char *why)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_eq(str_from(refusals[i].why), str_from(why)))
			return &refusals[i];
	return NULL;
}

int refuse(const struct source_call *call, const char *why, struct reply *reply)
{
	const struct refusal *row = find_refusal(why);
	if (row == NULL) /* a reason of an adapter: proof it did not like */
		row = find_refusal("signature");
	*reply = (struct reply){.status = row->status, .body = row->body};
	if (row->status == 405)
		reply_add_header(reply, "Allow", STR("POST, HEAD, OPTIONS"));
	if (str_eq(str_from(why), STR("basic")))
		reply_add_header(reply, "WWW-Authenticate",
				 STR("Basic realm=\"leadbridge\""));
	const struct source *source = call->source;
	bool speaks =
	    row->status == 401 || row->status == 400 || row->status == 429;
	if (speaks && source != NULL && source->ops->answer != NULL)
		source->ops->answer(call, row->kind, reply);
	return row->kind == ANSWER_BAD_PROOF ? LB_EDENIED : LB_EINVAL;
}

const struct rate_list *source_rates(const struct source *source)
{
	static struct rate ten = {10, 60 * 1000};
	static const struct rate_list form = {&ten, 1};
	if (source->rate_per_address.n == 0 &&
	    (source->ops->flags & SOURCE_OPEN) != 0)
		return &form;
	return &source->rate_per_address;
}

void source_limited(const struct source_call *call, int64_t wait_ms,
		    struct reply *reply)
{
	(void)!refuse(call, "rate", reply);
	reply_add_header(reply, "Retry-After",
			 arena_printf(call->arena, "%lld",
				      (long long)((wait_ms + 999) / 1000)));
}

const char *source_refusal_word(int status)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].status == status)
			return refusals[i].why;
	return "other";
}

/* ---- after the commit --------------------------------------------------- */

void kept_request(const struct submission *sub, struct request *r,
		  struct header headers[KEPT_HEADERS_MAX])
{
	*r = (struct request){.method = HTTP_POST,
			      .method_text = STR("POST"),
			      .target = sub->target,
			      .headers = headers,
			      .body = sub->body,
			      .received_at_ms = sub->received_at_ms};
	r->path = str_cut(r->target, '?', &r->query);
	headers[r->n_headers++] =
	    (struct header){STR("Content-Type"), sub->content_type};
	struct str rest = sub->headers;
	while (rest.n > 0 && r->n_headers < KEPT_HEADERS_MAX) {
		struct str value, line = str_cut(rest, '\n', &rest);
		struct str name = str_cut(line, ':', &value);
		headers[r->n_headers++] =
		    (struct header){name, str_trim(value)};
	}
}

static void fill_default(const struct source *source, enum answer_kind kind,
			 struct reply *reply)
{
	switch (kind) {
	case ANSWER_ACCEPTED:
		*reply = (struct reply){.status = 200, .body = accepted};
		return;
	case ANSWER_DUPLICATE:
		*reply = (struct reply){.status = 200, .body = duplicate};
		return;
	case ANSWER_TRY_LATER:
		*reply = (struct reply){.status = source->ops->try_later,
					.body = try_later};
		reply_add_header(reply, "Retry-After", STR("30"));
		return;
	case ANSWER_BAD_PROOF:
	case ANSWER_BAD_BODY:
		break;
	}
	const char *why = kind == ANSWER_BAD_PROOF ? "signature" : "malformed";
	const struct refusal *row = find_refusal(why);
	*reply = (struct reply){.status = row->status, .body = row->body};
}

void source_answer(const struct source *source, const struct submission *sub,
		   enum answer_kind kind, struct reply *reply)
{
	fill_default(source, kind, reply);
	if (source->ops->answer == NULL)
		return;
	struct request kept = {0};
	struct header headers[KEPT_HEADERS_MAX];
	if (sub != NULL)
		kept_request(sub, &kept, headers);
	struct source_call call = {.source = source, .request = &kept};
	source->ops->answer(&call, kind, reply);
}
