/* SPDX-License-Identifier: MIT */
/*
 * The contract of a source: how one platform's webhooks are proven, split into
 * events and mapped to leads. To add a platform: one file in src/sources/ with
 * a const struct source_ops, one line in the table of source.c, golden tests,
 * the sample configuration and a page in docs/sources/.
 *
 * Everything here is pure: no I/O, no clock but the one handed in, no libevent,
 * SQLite or curl. Called on the loop thread; may run on any.
 */
#ifndef LB_SOURCE_H
#define LB_SOURCE_H

#include "leadbridge/arena.h"
#include "leadbridge/lead.h"
#include "leadbridge/outcome.h"
#include "leadbridge/request.h"
#include "leadbridge/secret.h"
#include "leadbridge/value.h"

struct source;
struct source_program;
struct profile;
struct submission;

/* ---- what the configuration says of one source ------------------------- */

struct text_list {
	char **v;
	size_t n;
};

struct text_pair {
	char *from, *to;
};

struct text_map {
	struct text_pair *v;
	size_t n;
};

struct header_rule { /* header: "Name: value" */
	char *name;
	struct secrets value;
};

struct stage_rule { /* stage_slug: text, or {from, map, default} */
	char *fixed;
	char *from; /* value path */
	struct text_map map;
	char *fallback;
};

struct route_rule {          /* route: {by, map, default} */
	char *by;            /* value path; NULL: the adapter's account */
	struct text_map map; /* account -> destination name */
	char *fallback;      /* destination name, or NULL: quarantine */
};

struct scheme_rule {       /* scheme: text, or a map */
	char *name;        /* "standard_webhooks", or NULL */
	char *algorithm;   /* hmac-sha1|hmac-sha256|hmac-sha512|ed25519|
			    * rsa-sha256 */
	char *header;      /* header with the signature */
	char *encoding;    /* hex | base64 | base64url */
	char *prefix;      /* "sha256=" */
	char *signed_text; /* template: "{body}", "{timestamp}.{body}",
			    * "{id}.{timestamp}.{body}", "{url}{body}" */
	char *timestamp_header;
	char *id_header;
	int64_t tolerance_ms; /* 0: timestamp is not judged */
};

struct fields_rule { /* custom_fields: {add, only, drop, prefix} */
	struct text_map add;
	struct text_list only, drop;
	char *prefix;
};

struct oauth_rule { /* api.oauth */
	char *token_url, *client_id;
	struct secret client_secret, refresh_token;
};

struct named_secret {
	char *name;
	struct secret secret;
};

struct api_rule {            /* api: how records are fetched */
	char *url;           /* base; NULL: the platform's */
	struct secret token; /* n == 0: none */
	/* Of single accounts (page, portal, location); with oauth these are
	 * refresh tokens. */
	struct named_secret *tokens;
	size_t n_tokens;
	struct oauth_rule oauth;
	char *version; /* NULL: the platform's */
	bool allow_http, allow_private;
};

enum tests_rule { TESTS_IGNORE, TESTS_DELIVER };
enum bad_proof_rule { BAD_PROOF_REJECT, BAD_PROOF_HOLD };

struct network {                /* one entry of `allow` or trusted_proxies */
	unsigned char addr[16]; /* IPv4 is mapped into ::ffff:0:0/96 */
	unsigned char bits;     /* 0..128 */
	bool local;             /* "unix" */
};

struct network_list {
	struct network *v;
	size_t n;
};

struct rate {
	int64_t count, window_ms; /* 60/min -> 60, 60000 */
};

struct rate_list {
	struct rate *v;
	size_t n;
};

struct source {
	char *name;
	const struct source_ops *ops;
	struct secrets secret, token;
	struct header_rule *headers;
	size_t n_headers;
	struct network_list allow;
	char *basic_user;
	struct secrets basic_password;
	char *param_name;
	struct secrets param_value;
	struct text_list destinations;
	struct route_rule route;
	struct text_list accounts;
	char *source_platform, *source_type; /* NULL: the adapter's */
	struct stage_rule stage;
	struct fields_rule fields;
	struct text_list events; /* n == 0: the adapter's defaults */
	/* Lead field or custom slug -> expression; or one "file:PATH" -> its
	 * text, a program that yields an object of them. */
	struct text_map map;
	char *filter;                   /* expression, or NULL */
	struct source_program *program; /* map and filter, prepared */
	char *event_id; /* "header:NAME", value path, or "hash" */
	struct scheme_rule scheme;
	enum tests_rule tests;
	enum bad_proof_rule on_bad_proof;
	int64_t dedup_window_ms;
	int64_t min_fill_ms;
	int64_t join_ms;         /* 0: each event is a lead */
	int64_t conversation_ms; /* 0: each message is a lead */
	char *country;           /* default region, or NULL */
	char *honeypot;
	struct text_list origins, redirect;
	struct rate_list rate_per_address; /* n == 0: see source_rates() */
	struct secrets rsa_key;            /* ghl: also accept the old header */
	struct secrets verify_token;       /* meta_ads: of the GET handshake */
	char *signature; /* hubspot: "v1" where the older one is accepted */
	struct api_rule api;
	char *expect; /* "1 per 6h"; judged by the alarms */
	bool attribution;
	struct text_list own_hosts, excluded_hosts; /* no referrers */
	bool fbclid_implies_ads;
	char *microsoft_ads_as, *other_search_as; /* NULL: referral */
	bool recase, cnam_swap;
	size_t max_body;
	int64_t json_depth, values; /* ceilings, from limits */
	void *state;                /* what ops->prepare made: parsed keys */
	bool proof_in_body; /* by ops->prepare: as SOURCE_PROOF_IN_BODY */
	unsigned position;  /* index in config.sources, for counters */
	int line;           /* in the configuration file, for messages */
};

/* ---- one call ---------------------------------------------------------- */

struct source_call {
	const struct source *source;
	const struct request *request;
	const struct value *payload; /* NULL while verifying before the parse */
	struct arena *arena; /* scratch of this call; what is kept is copied */
};

enum proof_result {
	PROOF_OK,
	PROOF_MISSING, /* nothing to judge: 401 */
	PROOF_WRONG,   /* 401 */
	PROOF_STALE,   /* right, but its timestamp is outside tolerance: 401 */
};

struct proof {
	enum proof_result result;
	int matched;        /* which secret of the list, or -1 */
	const char *reason; /* static text for counters and explain */
};

/* What becomes of one event: each element of a batch has its own fate. */
enum fate {
	FATE_LEAD,
	FATE_IGNORE,     /* known not to be a lead: test, topic, filter */
	FATE_QUARANTINE, /* authentic, but nobody knows what it means */
	FATE_FETCH,      /* a lead, once the record it names is fetched */
};

struct event {
	struct str id;      /* the sender's own id; NONE: content hash */
	struct str hash_of; /* id NONE: text to hash; NONE: the whole body */
	struct str topic;   /* "orders/create", "ContactCreate" */
	struct str account; /* shop, location, portal: for account and route */
	struct str sender;  /* who writes, for `conversation`; NONE: the lead's
			     * phone or e-mail says it */
	const struct value *body; /* what map() reads */
	void *data;               /* the adapter's own */
	const struct value *row;  /* what the source's map and filter gave */
	enum fate fate;
	const char *reason;     /* static text for IGNORE and QUARANTINE */
	const char *privacy;    /* privacy topic to record, or NULL */
	struct str person;      /* whom it says to erase, see person.h; NONE:
				 * it is only recorded */
	int64_t person_wait_ms; /* before that is done */
	struct str confirms;    /* IGNORE: the CRM made the lead of this id */
	int64_t occurred_at_ms; /* 0: unknown */
	uint32_t index;         /* in its request */
	struct event *next;
};

struct event_list {
	struct event *first, *last;
	size_t n;
};

/* Appends a zeroed event (fate LEAD) from the call's arena. Not "event_add":
 * that is a symbol of libevent, and the program's own would replace it. */
struct event *event_list_add(struct event_list *list, struct arena *arena);

enum answer_kind { /* what the sender is told */
		   ANSWER_ACCEPTED,
		   ANSWER_DUPLICATE,
		   ANSWER_TRY_LATER, /* nothing was stored */
		   ANSWER_BAD_PROOF,
		   ANSWER_BAD_BODY,
};

enum source_flags {
	SOURCE_PROOF_IN_BODY = 1,   /* verify() needs the parsed payload */
	SOURCE_OPEN = 2,            /* may start with no proof at all (form) */
	SOURCE_CONTENT_ID = 4,      /* events have no id: content hash */
	SOURCE_LENIENT = 8,         /* hand-written templates: raw tabs and line
				     * ends in JSON strings are accepted */
	SOURCE_ATTRIBUTION = 16,    /* `attribution` is true by default */
	SOURCE_SIGNS_URL = 32,      /* `secret` proves the URL too: without
				     * public_url nothing would ever fit */
	SOURCE_NO_LEADS = 64,       /* needs no destination: every event is
				     * recorded, none becomes a lead */
	SOURCE_MANY_ACCOUNTS = 128, /* one app's webhook tells of every account
				     * that installed it: warned about where
				     * neither account nor route chooses */
};

enum payload_kinds {
	PAYLOAD_JSON = 1,
	PAYLOAD_FORM = 2,
	PAYLOAD_MULTIPART = 4,
	PAYLOAD_XML = 8,
	PAYLOAD_JWT = 16, /* JSON in a JSON Web Token */
};

/* ---- follow-up fetches -------------------------------------------------- */

/*
 * Some senders name a record and do not send it. Then map() sets what it knows
 * and the fate FATE_FETCH; what is kept is the event (topic, account and body,
 * as JSON), from which the request is made at each try, so that a new token or
 * version is used at once. The answer and the event together make the lead.
 */
struct fetch_request {
	bool brief; /* in: ask for no more than nobody is refused */
	enum http_method method; /* GET or POST */
	struct str path;         /* behind api.url; with query, escaped */
	struct str body;         /* POST: JSON */
};

struct fetch_ops {
	const char *url;            /* default of api.url, or NULL */
	const char *authorization;  /* word in front of the token */
	const char *version;        /* default of api.version, or NULL */
	const char *version_header; /* where it goes; NULL: into the path */
	bool oauth;                 /* api.oauth is for this platform */
	const char *token_url; /* default of api.oauth.token_url, or NULL */
	/* NULL: any. Else the hosts api.url may name, unless allow_private is
	 * set; ends with NULL. */
	const char *const *hosts;
	/* MUST be set. Everything of the event that goes into the path is
	 * escaped with fetch_escape(); a URL of the payload is never used. */
	void (*request)(const struct source_call *call,
			const struct event *event, struct fetch_request *out);
	/* MAY be NULL: then the status decides. Corrects the verdict by the
	 * provider's own codes; call->payload is the answer, or NULL. SENT: the
	 * record is there. */
	void (*judge)(const struct source_call *call, const struct event *event,
		      struct verdict *verdict);
	/* MUST be set. As map(), with the record in call->payload; may set the
	 * fates IGNORE and QUARANTINE. */
	void (*map)(const struct source_call *call, struct event *event,
		    struct lead *lead);
	/* Several records of one account in one request: at most so many; 0:
	 * one at a time. */
	size_t batch_max;
	/* Asks for the records of all of them. */
	void (*batch)(const struct source_call *call,
		      const struct event *const *events, size_t n,
		      struct fetch_request *out);
	/* The record of the event in such an answer, as request() alone would
	 * get it; NULL: it is not among them. */
	const struct value *(*record)(const struct source_call *call,
				      const struct event *event);
};

struct source_ops {
	const char *platform;        /* as written in the configuration */
	const char *source_platform; /* CRM default; NULL: must be decided */
	const char *source_type;     /* CRM default */
	unsigned flags;
	unsigned payloads;         /* what the sender may send */
	int try_later;             /* status that makes this sender retry */
	size_t max_body;           /* default of the key max_body */
	const char *const *events; /* default events, NULL-ended; or NULL */

	/* MAY be NULL. Checks what the platform needs (fails closed) and parses
	 * keys into source->state. Once per configuration load. */
	int (*prepare)(struct source *source, struct err *err);
	/* MUST be set where prepare makes state. */
	void (*release)(struct source *source);
	/* MAY be NULL (GET answers 405). A GET handshake. */
	void (*challenge)(const struct source_call *call, struct reply *reply);
	/* MAY be NULL: then token, header, basic, param or origin prove the
	 * sender (the engine checks those for every source that has them).
	 * Must judge the raw body; constant time. */
	void (*verify)(const struct source_call *call, struct proof *proof);
	/* MUST be set. Adds one event per element, with id, topic, account and
	 * fate. LB_EINVAL: the payload as a whole makes no sense. */
	int (*split)(const struct source_call *call, struct event_list *events,
		     struct err *err);
	/* MUST be set. Fills lead from event->body; may change the event's fate
	 * and reason. Not called unless fate is LEAD. */
	void (*map)(const struct source_call *call, struct event *event,
		    struct lead *lead);
	/* MAY be NULL: events never get the fate FETCH. */
	const struct fetch_ops *fetch;
	/* MAY be NULL. Overwrites live credentials of the sender in the copy
	 * that is stored; its length stays. Configured secrets are gone. */
	void (*redact)(char *text, size_t n);
	/* MAY be NULL: {"status":"accepted"} and so on, which is also what the
	 * reply holds when this is called. Called with the request when it is
	 * refused, and after the commit with what was kept of it (no payload,
	 * no arena): texts must be static or the source's. */
	void (*answer)(const struct source_call *call, enum answer_kind kind,
		       struct reply *reply);
	/* Of a platform described in YAML (sources/profile.c); else NULL. */
	const struct profile *profile;
};

/* ---- the engine (sources/source.c) ------------------------------------- */

const struct source_ops *source_ops_find(struct str platform);
const struct source_ops *source_ops_at(size_t i); /* NULL after the last */

/* Whether verify() needs the parsed payload. */
static inline bool source_proof_in_body(const struct source *source)
{
	return (source->ops->flags & SOURCE_PROOF_IN_BODY) != 0 ||
	       source->proof_in_body;
}

/* Checks a configured source and prepares its keys; err says what is missing.
 * "Fails closed": no source but `form` starts that anybody could post to. */
LB_MUST_CHECK int source_prepare(struct source *source, struct err *err);
void source_release(struct source *source);

/* Header phase, before any body is read: whether method, token, type and
 * length can be right. Returns 0 when the body is wanted. Else the reply is
 * complete: a refusal, or with *challenge set a finished GET/HEAD/OPTIONS
 * answer. A wrong URL token and an unknown source (source NULL) look the same,
 * in constant time. `token` is the path part after the source name, or
 * STR_NONE. Reply bodies live in the arena. */
LB_MUST_CHECK int source_admit(const struct source_call *call, struct str token,
			       struct reply *reply, bool *challenge);

/* How often one address may come: what is configured, 10/min for a source that
 * starts without proof, nothing (n == 0) for others. */
const struct rate_list *source_rates(const struct source *source);
/* The refusal of one who came too often; its texts live in the arena. */
void source_limited(const struct source_call *call, int64_t wait_ms,
		    struct reply *reply);

/* Body phase: verify, parse, split, map, key, render. Returns 0 and a
 * submission for the queue (the caller owns it; even one without a lead, e.g.
 * an ignored event), or LB_EDENIED/LB_EINVAL with the refusal in reply and the
 * reason in *why (static text, for counters; the table is in
 * sources/answer.c). store_secret keys the content hash. */
LB_MUST_CHECK int source_process(const struct source *source,
				 const struct request *request,
				 struct str store_secret,
				 struct submission **out, struct reply *reply,
				 const char **why);

/* Whether split or map run a program: then source_process() and source_remap()
 * must not be called on the loop thread. */
bool source_runs_programs(const struct source *source);

/* source_process() in two halves. The first, on the loop thread, verifies and
 * parses; the work holds copies of all it needs. Returns as source_process()
 * does; *done is set instead of *work where there is nothing left to run. */
struct source_work;
LB_MUST_CHECK int
source_prove(const struct source *source, const struct request *request,
	     struct str store_secret, struct source_work **work,
	     struct submission **done, struct reply *reply, const char **why);
/* The second half, any thread: a submission, or the word of the refusal (for
 * source_refuse()) in *why. */
struct submission *source_work_run(struct source_work *work, const char **why);
void source_work_free(struct source_work *work);
/* The request of the work, which outlives it; for source_give_up(). */
struct source_held;
struct source_held *source_work_hold(struct source_work *work);
const struct request *source_held_request(const struct source_held *held);
void source_held_free(struct source_held *held); /* NULL is fine */
/* The second half took too long: all of the request quarantined. */
struct submission *source_give_up(const struct source *source,
				  struct str store_secret,
				  struct source_held *held);
/* Fills the refusal the second half asked for. */
void source_refuse(const struct source *source, const struct request *request,
		   const char *why, struct reply *reply);

/* Whether the request asks only what would be sent, "?dry_run=1"; answered for
 * sources with a URL token. */
bool source_dry_run_asked(const struct source *source,
			  const struct request *request);
/* What a submission would become, as JSON. LB_ELIMIT: out is too small. */
LB_MUST_CHECK int source_dry_run(const struct submission *sub, struct buf *out);

/* What one step of mapping did to one member of a lead. */
struct source_step {
	struct source_step *next;
	const char *step;  /* "map", "platform", "attribution", "default",
			    * "override", "finish", "recase", "stage_slug",
			    * "custom_fields", ... */
	struct str member; /* "contact_phone", a slug, "destination" */
	struct str from;   /* where in the payload or which expression; NONE:
			    * the step's own words */
	struct str given;  /* what stood there, or NONE */
	struct str value;  /* what it is now; NONE: given is not usable, or
			    * the member was taken away */
};
struct source_trace {
	struct source_trace *next;
	enum fate fate;
	const char *reason; /* of IGNORE and QUARANTINE */
	struct source_step *first, *last;
};
/* How each event of a request, in the order of the submission, became what it
 * is; proofs are not judged. Secrets are asterisks. In the arena; NULL when it
 * cannot be read. */
struct source_trace *source_traces(const struct source *source,
				   const struct request *request,
				   struct arena *arena);
/* A stored request (proven when it came) mapped again with today's
 * configuration, for a replay. The event ids are what they were. */
LB_MUST_CHECK int source_remap(const struct source *source,
			       const struct submission *raw,
			       struct str store_secret, struct submission **out,
			       struct err *err);

/* The same without a store, for whoever compares configurations: also what is
 * quarantined comes out. LB_EINVAL: nobody can read it. */
LB_MUST_CHECK int source_rehearse(const struct source *source,
				  const struct submission *raw,
				  struct submission **out, struct err *err);
/* Whether records of this source can be fetched: an api is configured. */
bool source_fetches(const struct source *source);
/* Where access tokens come from; NULL: they are configured themselves. */
const char *source_token_url(const struct source *source);
/* The token configured for this account alone, or NULL. */
const struct named_secret *source_account_token(const struct source *source,
						struct str account);
/* The account a description names, which lives in the arena. */
struct str source_fetch_account(const struct source *source,
				struct str description, struct arena *arena);
/* `description` is the body of a FETCHING unit; out->brief says what to ask
 * for. LB_EINVAL: it is none of this source's (its platform was changed). */
LB_MUST_CHECK int source_fetch_request(const struct source *source,
				       struct str description,
				       struct arena *arena,
				       struct fetch_request *out);
/* Corrects what outcome_judge() says of a CRM to what it means of a fetch. */
void source_fetch_judge(const struct source *source, struct str description,
			const struct attempt_result *answer,
			struct verdict *verdict);
/* The same for several, of each of which source_fetch_request() makes a
 * request; n is at most the platform's batch_max. */
LB_MUST_CHECK int source_fetch_batch(const struct source *source,
				     const struct str *descriptions, size_t n,
				     struct arena *arena,
				     struct fetch_request *out);
/* The answer to that as an answer to each; STR_NONE: the record is not there.
 * LB_EINVAL: it is no such answer. */
LB_MUST_CHECK int source_fetch_parts(const struct source *source,
				     struct str answer,
				     const struct str *descriptions, size_t n,
				     struct str *parts, struct arena *arena);
struct fetched {
	enum fate fate;     /* LEAD, IGNORE or QUARANTINE */
	const char *reason; /* static; of the latter two */
	struct buf json;    /* LEAD; the caller releases it */
};
/* From the provider's answer to the lead. STR_NONE: there is none, and what
 * the notification said must do. */
void source_fetched(const struct source *source, struct str description,
		    struct str answer, struct fetched *out);

/* Short static word for a status source_admit() refused with, for counters:
 * "token", "method", "too_large", "content_type", ... */
const char *source_refusal_word(int status);

/* The sender's answer once the submission is on disk, or could not be put
 * there; sub MAY be NULL with ANSWER_TRY_LATER, where
 * nothing is known of the request any more. */
void source_answer(const struct source *source, const struct submission *sub,
		   enum answer_kind kind, struct reply *reply);

#endif
