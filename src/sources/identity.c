/* SPDX-License-Identifier: MIT */
/*
 * What makes two events the same: the sender's own id, or, where it sends none,
 * a hash of the content under a key of this store (so that nobody can look up
 * whose data it was). 16 bytes of it are what the store compares.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/signature.h"

enum { HASH_BYTES = 16, ID_MAX = 512 };

/* SHA-256 over fields, each behind its length: "ab","c" is not "a","bc". */
static void hash_fields(const struct str *fields, size_t n,
			unsigned char out[HASH_BYTES])
{
	unsigned char lengths[3][4], full[DIGEST_MAX];
	struct str parts[6];
	for (size_t i = 0; i < n && i < 3; i++) {
		for (int b = 0; b < 4; b++)
			lengths[i][b] =
			    (unsigned char)(fields[i].n >> (24 - 8 * b));
		parts[2 * i] = (struct str){(const char *)lengths[i], 4};
		parts[2 * i + 1] = fields[i];
	}
	crypto_digest(DIGEST_SHA256, parts, 2 * n, full);
	memcpy(out, full, HASH_BYTES);
}

static void strong(struct str source, struct str id, struct new_event *out)
{
	out->id = id;
	hash_fields((struct str[]){source, id}, 2, out->hash);
}

static void weak(const struct source_call *call, struct str store_secret,
		 struct str content, struct arena *keep, struct new_event *out)
{
	struct str source = str_from(call->source->name);
	struct str parts[] = {source, {"", 1}, content};
	unsigned char full[DIGEST_MAX];
	crypto_hmac(DIGEST_SHA256, store_secret, parts, 3, full);
	char hex[2 * HASH_BYTES + 1];
	hex_encode(full, HASH_BYTES, hex);
	out->weak = true;
	out->window_ms = call->source->dedup_window_ms;
	out->id = arena_printf(keep, "h:%s:%lld", hex,
			       (long long)call->request->received_at_ms);
	struct str hash = {(const char *)full, HASH_BYTES};
	hash_fields((struct str[]){STR("weak"), source, hash}, 3, out->hash);
}

/* The id the configuration names, or the adapter's. */
static struct str chosen_id(const struct source_call *call,
			    const struct event *event)
{
	struct str rule = str_from(call->source->event_id);
	if (rule.n == 0)
		return event->id;
	if (str_eq(rule, STR("hash")))
		return STR_NONE;
	if (str_starts(rule, STR("header:")))
		return str_trim(
		    request_header(call->request, call->source->event_id + 7));
	return value_text(value_path(event->body, rule));
}

/* An id of any length is one; what is kept of a long one is its hash. */
static struct str bounded(struct str id, struct arena *keep)
{
	if (id.n <= ID_MAX)
		return arena_copy(keep, id);
	unsigned char full[DIGEST_MAX];
	char hex[2 * 32 + 1];
	crypto_digest(DIGEST_SHA256, &id, 1, full);
	hex_encode(full, 32, hex);
	return arena_printf(keep, "sha256:%s", hex);
}

/* Senders of records (a response, a call) name each of its events alike; C
 * adapters make ids of their own for them. */
static bool unwanted(const struct source *source, const struct event *event)
{
	return event->fate == FATE_IGNORE && (event->reason == reason_filter ||
					      (event->reason == reason_topic &&
					       source->ops->profile != NULL));
}

void identity_fill(const struct source_call *call, struct str store_secret,
		   const struct event *event, struct arena *keep,
		   struct new_event *out)
{
	struct str id = chosen_id(call, event);
	/* The same record may come again and then be wanted. */
	if (id.n > 0 && unwanted(call->source, event))
		id = arena_printf(call->arena, "ignored:%.*s", STR_FMT(id));
	if (id.n > 0) {
		strong(str_from(call->source->name), bounded(id, keep), out);
		return;
	}
	struct str content =
	    event->hash_of.p != NULL ? event->hash_of : call->request->body;
	/* As it is stored, so that a replay finds the same id. */
	content = redact_copy(call->source, call->arena, content);
	weak(call, store_secret, content, keep, out);
}

/* ---- one lead at a time ------------------------------------------------- */

enum { ONCE_MAX = 4 }; /* join by phone and by e-mail, conversation, proof */

struct once_list {
	const struct source_call *call;
	struct str store_secret;
	struct new_event *out;
};

static void add_once(const struct once_list *list, const char *kind,
		     struct str who, int64_t window_ms, struct str reason)
{
	if (who.n == 0 || window_ms <= 0)
		return;
	struct str parts[] = {str_from(list->call->source->name),
			      {"", 1},
			      str_from(kind),
			      {"", 1},
			      who};
	unsigned char full[DIGEST_MAX];
	struct once *once = &list->out->once[list->out->n_once++];
	crypto_hmac(DIGEST_SHA256, list->store_secret, parts, 5, full);
	memcpy(once->hash, full, sizeof(once->hash));
	once->window_ms = window_ms;
	once->reason = reason;
}

static bool is_message(const struct lead *lead)
{
	return str_eq(lead->source_type, STR("chat")) ||
	       str_eq(lead->source_type, STR("sms"));
}

void identity_once(const struct source_call *call, struct str store_secret,
		   const struct event *event, const struct lead *lead,
		   struct arena *keep, struct new_event *out)
{
	const struct source *source = call->source;
	int64_t talk_ms = is_message(lead) ? source->conversation_ms : 0;
	int64_t nonce_ms = 0;
	struct str nonce = signature_nonce(call, &nonce_ms);
	if (source->join_ms == 0 && talk_ms == 0 && nonce.n == 0)
		return;
	const struct once_list list = {call, store_secret, out};
	struct str sender = event->sender;
	if (sender.n == 0)
		sender = lead->phone.n > 0 ? lead->phone : lead->email;
	out->once = arena_alloc(keep, ONCE_MAX * sizeof(*out->once));
	add_once(&list, "join phone", lead->phone, source->join_ms,
		 STR("joined"));
	add_once(&list, "join email", lead->email, source->join_ms,
		 STR("joined"));
	add_once(&list,
		 str_eq(lead->source_type, STR("sms")) ? "conversation sms"
						       : "conversation chat",
		 sender, talk_ms, STR("conversation"));
	/* A repetition is known by its id before. */
	if (nonce.n > 0)
		nonce = arena_printf(call->arena, "%u:%.*s", event->index,
				     STR_FMT(nonce));
	add_once(&list, "proof", nonce, nonce_ms, STR("proof used before"));
}
