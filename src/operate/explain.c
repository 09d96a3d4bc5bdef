/* SPDX-License-Identifier: MIT */
/*
 * Judges a saved request and, where the proof fails, tries what usually went
 * wrong on the way: line ends, a byte order mark, rewritten JSON, the scheme
 * of the public URL, a clock. Every try runs through the engine itself, so a
 * hint is never a guess.
 */
#include "operate/explain.h"

#include <stdio.h>
#include <string.h>

#include "payload/payload.h"

/* The daemon keys content hashes with a secret of its store. */
#define NO_STORE_SECRET STR("explain")

void explain_release(struct explain *e)
{
	submission_free(e->sub);
	arena_release(&e->arena);
}

static void hint(struct explain *e, struct str text)
{
	if (e->n_hints < EXPLAIN_HINTS_MAX)
		e->hints[e->n_hints++] = text.p;
}

#define HINT(e, ...) hint(e, arena_printf(&(e)->arena, __VA_ARGS__))

/* NULL when the body phase took it; sub is then the caller's. */
static const char *process(const struct source *source, const struct request *r,
			   struct submission **sub, int *status)
{
	struct reply reply = {0};
	const char *why = NULL;
	if (source_process(source, r, NO_STORE_SECRET, sub, &reply, &why) == 0)
		return NULL;
	*status = reply.status;
	return why;
}

/* ---- a body that was changed on its way -----------------------------------
 */

/* The body may hold any byte: no formatting. */
static struct str add_end(struct arena *a, struct str body, struct str end)
{
	char *p = arena_alloc(a, body.n + end.n + 1);
	memcpy(p, body.p, body.n);
	memcpy(p + body.n, end.p, end.n);
	return (struct str){p, body.n + end.n};
}

static struct str add_lf(struct arena *a, struct str body)
{
	return add_end(a, body, STR("\n"));
}

static struct str add_crlf(struct arena *a, struct str body)
{
	return add_end(a, body, STR("\r\n"));
}

static struct str cut_end(struct arena *a, struct str body)
{
	(void)a;
	if (str_ends(body, STR("\n")))
		body.n--;
	if (str_ends(body, STR("\r")))
		body.n--;
	return body;
}

static struct str to_lf(struct arena *a, struct str body)
{
	char *p = arena_alloc(a, body.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < body.n; i++)
		if (body.p[i] != '\r' || i + 1 == body.n ||
		    body.p[i + 1] != '\n')
			p[n++] = body.p[i];
	return (struct str){p, n};
}

static struct str to_crlf(struct arena *a, struct str body)
{
	struct str lf = to_lf(a, body);
	char *p = arena_alloc(a, 2 * lf.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < lf.n; i++) {
		if (lf.p[i] == '\n')
			p[n++] = '\r';
		p[n++] = lf.p[i];
	}
	return (struct str){p, n};
}

static struct str to_lf_cut(struct arena *a, struct str body)
{
	return cut_end(a, to_lf(a, body));
}

static struct str to_crlf_cut(struct arena *a, struct str body)
{
	return cut_end(a, to_crlf(a, body));
}

static struct str cut_mark(struct arena *a, struct str body)
{
	(void)a;
	return str_starts(body, STR("\xEF\xBB\xBF")) ? str_sub(body, 3, body.n)
						     : body;
}

static struct str compact_json(struct arena *a, struct str body)
{
	static const struct payload_limits limits = {.depth = 32,
						     .values = 20000};
	struct value *v = NULL;
	if (payload_json(a, body, &limits, false, &v, NULL) != 0)
		return body;
	struct buf b;
	buf_init(&b, body.n + 65536);
	value_to_json(v, &b);
	struct str out = b.over ? body : arena_copy_buf(a, &b);
	buf_release(&b);
	return out;
}

static const struct alteration {
	const char *what; /* the body that was signed had ... */
	struct str (*make)(struct arena *a, struct str body);
} alterations[] = {
    {"no line end at its end", cut_end},
    {"a line end (LF) at its end", add_lf},
    {"a line end (CRLF) at its end", add_crlf},
    {"LF where this one has CRLF", to_lf},
    {"CRLF where this one has LF", to_crlf},
    {"LF where this one has CRLF, and no line end at its end", to_lf_cut},
    {"CRLF where this one has LF, and no line end at its end", to_crlf_cut},
    {"no byte order mark in front", cut_mark},
    {"compact JSON, without the blanks this one has", compact_json},
};

/* Whether the proof holds, if only as of another time. */
static bool proves(const char *why)
{
	return why == NULL || strcmp(why, "stale") == 0;
}

static bool try_bodies(struct explain *e, const struct source *source,
		       struct request *r, const char **why)
{
	const struct str body = r->body;
	for (size_t i = 0; i < sizeof(alterations) / sizeof(alterations[0]);
	     i++) {
		int status;
		r->body = alterations[i].make(&e->arena, body);
		if (str_eq(r->body, body))
			continue;
		*why = process(source, r, &e->sub, &status);
		if (!proves(*why))
			continue;
		HINT(e,
		     "the body was altered: the one that was signed had %s; "
		     "something between the sender and here (a proxy, an "
		     "editor) changed it",
		     alterations[i].what);
		return true;
	}
	r->body = body;
	return false;
}

/* ---- a URL that is not the one the sender calls ---------------------------
 */

static bool try_urls(struct explain *e, const struct source *source,
		     struct request *r, const char **why)
{
	const struct str url = r->public_url;
	struct str rest = url;
	bool secure = str_istarts(url, STR("https://"));
	if (!secure && !str_istarts(url, STR("http://")))
		return false;
	rest = str_sub(url, secure ? 8 : 7, url.n);
	const struct str others[] = {
	    arena_printf(&e->arena, "%s://%.*s", secure ? "http" : "https",
			 STR_FMT(rest)),
	    arena_printf(&e->arena, "%.*s:%s", STR_FMT(url),
			 secure ? "443" : "80"),
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int status;
		r->public_url = others[i];
		*why = process(source, r, &e->sub, &status);
		if (!proves(*why))
			continue;
		HINT(e,
		     "the sender calls another URL: it signed '%s', but "
		     "public_url is '%.*s'",
		     others[i].p, STR_FMT(url));
		return true;
	}
	r->public_url = url;
	return false;
}

/* ---- a clock that is wrong ----------------------------------------------- */

/* The next run of 10 digits (seconds) or 13 (milliseconds) as wall time. */
static bool next_time(struct str *text, int64_t *at_ms)
{
	while (text->n > 0) {
		size_t from = 0, to;
		while (from < text->n &&
		       (text->p[from] < '0' || text->p[from] > '9'))
			from++;
		to = from;
		while (to < text->n && text->p[to] >= '0' && text->p[to] <= '9')
			to++;
		struct str digits = str_sub(*text, from, to);
		*text = str_sub(*text, to, text->n);
		if ((digits.n != 10 && digits.n != 13) ||
		    str_to_int(digits, 0, INT64_MAX, at_ms) != 0)
			continue;
		if (digits.n == 10)
			*at_ms *= 1000;
		return true;
	}
	return false;
}

static void hint_time(struct explain *e, int64_t now_ms, int64_t at_ms)
{
	int64_t s = (now_ms - at_ms) / 1000;
	HINT(e,
	     "the signature is right, but its timestamp is %lld s in the %s: "
	     "a wrong clock, a replay, or an old file (--at TIME judges it as "
	     "of then)",
	     (long long)(s < 0 ? -s : s), s < 0 ? "future" : "past");
}

static void try_times(struct explain *e, const struct source *source,
		      struct request *r)
{
	const int64_t now_ms = r->received_at_ms;
	for (size_t i = 0; i < r->n_headers; i++) {
		struct str text = r->headers[i].value;
		while (next_time(&text, &r->received_at_ms)) {
			int status;
			if (process(source, r, &e->sub, &status) != NULL)
				continue;
			hint_time(e, now_ms, r->received_at_ms);
			return;
		}
	}
	r->received_at_ms = now_ms;
	HINT(e, "the signature is right, but its timestamp is outside "
		"tolerance: a wrong clock, a replay, or an old file (--at "
		"TIME judges it as of then)");
}

/* ---- refusals -------------------------------------------------------------
 */

static void explain_signature(struct explain *e, const struct source *source,
			      struct request *r)
{
	const char *why = e->why;
	if (source_proof_in_body(source)) {
		HINT(
		    e, "%s",
		    strcmp(why, "stale") == 0
			? "the proof inside the body is right, but its "
			  "timestamp is outside tolerance (--at TIME judges it "
			  "as of then)"
			: "the proof inside the body was made with none of "
			  "the configured secrets");
		return;
	}
	bool found = proves(why) || try_bodies(e, source, r, &why) ||
		     try_urls(e, source, r, &why);
	if (!found) {
		HINT(e,
		     "none of the %zu configured secrets made this signature, "
		     "neither over this body nor over one with other line "
		     "ends: a wrong secret (of another app, store or "
		     "environment), or a body that was changed in another way",
		     source->secret.n);
		return;
	}
	if (why != NULL)
		try_times(e, source, r);
}

static const struct advice {
	const char *why, *text;
} advices[] = {
    {"signature_missing",
     "there is no signature header: the sender has no secret yet, or a proxy "
     "removes the header"},
    {"signature_duplicate",
     "the signature header is there twice: something on the way adds one"},
    {"unknown_source", "the path of the request is that of another source"},
    {"token", "the token in the URL is none of the configured ones"},
    {"method", "senders use POST here"},
    {"header", "a header of 'header:' is missing, wrong, or there twice"},
    {"basic", "user or password of 'basic:' is missing or wrong"},
    {"param", "the parameter of 'param:' is missing or wrong"},
    {"origin", "Origin is none of 'origins:'"},
    {"too_large", "the body is larger than max_body"},
    {"malformed", "the body cannot be read, or proves nothing"},
    {"content_type", "Content-Type is none this platform sends"},
    {"method_unknown", "senders use POST here"},
    {"content_encoding", "the sender or a proxy compresses the body"},
};

static void explain_refusal(struct explain *e, const struct source *source,
			    struct request *r)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strcmp(e->why, advices[i].why) != 0)
			continue;
		HINT(e, "%s", advices[i].text);
		return;
	}
	if (e->status == 401)
		explain_signature(e, source, r);
}

/* ---- the header phase -----------------------------------------------------
 */

/* "/in/NAME/TOKEN" of this source. A stored request has asterisks there. */
static bool split_target(const struct explain *e, const struct source *source,
			 struct str *token)
{
	struct str rest, name;
	if (!str_starts(e->request.path, STR("/in/")))
		return false;
	rest = str_sub(e->request.path, 4, e->request.path.n);
	name = str_cut(rest, '/', token);
	return str_eq(name, str_from(source->name));
}

static bool is_hidden(struct str token)
{
	size_t n = 0;
	while (n < token.n && token.p[n] == '*')
		n++;
	return n > 0 && n == token.n;
}

/* Every byte escaped: a token may hold anything. */
static struct str own_token(struct explain *e, const struct source *source)
{
	const struct secret *token = &source->token.v[0];
	char *p = arena_alloc(&e->arena, 3 * token->n + 1);
	for (size_t i = 0; i < token->n; i++)
		(void)!snprintf(p + 3 * i, 4, "%%%02X", token->bytes[i]);
	return (struct str){p, 3 * token->n};
}

static bool admitted(struct explain *e, const struct source *source)
{
	struct str token = STR_NONE;
	struct reply reply = {0};
	bool challenge = false;
	struct source_call call = {source, &e->request, NULL, &e->arena};
	if (!e->raw && source->token.n > 0) {
		token = own_token(e, source);
	} else if (e->raw && !split_target(e, source, &token)) {
		e->why = "unknown_source";
		e->status = 404;
		return false;
	}
	if (is_hidden(token)) {
		HINT(e, "the token in the URL is asterisks: taken as right");
		token = source->token.n > 0 ? own_token(e, source) : STR_NONE;
	}
	if (source_admit(&call, token, &reply, &challenge) == 0)
		return true;
	e->status = reply.status;
	e->why = challenge ? "handshake" : source_refusal_word(reply.status);
	if (challenge)
		HINT(e, "answered in the header phase; nothing is stored");
	else if (reply.status == 404)
		e->why = "token";
	return false;
}

static void note_length(struct explain *e)
{
	int64_t n;
	struct str text = request_header(&e->request, "Content-Length");
	if (str_to_int(text, 0, INT64_MAX, &n) == 0 &&
	    (uint64_t)n != e->request.body.n)
		HINT(e,
		     "Content-Length says %lld bytes, the file has %zu: it was "
		     "changed when it was saved",
		     (long long)n, e->request.body.n);
}

void explain_judge(struct explain *e, const struct source *source,
		   const struct config *config)
{
	/* Where a file came from is not known: `allow` cannot be judged. */
	struct source judged = *source;
	judged.allow = (struct network_list){0};
	struct request r = e->request;
	r.public_url = str_from(config->public_url);
	e->request.public_url = r.public_url;
	e->status = 200;
	if (source->allow.n > 0)
		HINT(e, "'allow' is not judged: a file has no address");
	note_length(e);
	if (admitted(e, source))
		e->why = process(&judged, &r, &e->sub, &e->status);
	else if (e->status < 300)
		return;
	if (e->why != NULL)
		explain_refusal(e, &judged, &r);
	if (e->sub != NULL)
		e->traces = source_traces(&judged, &r, &e->arena);
}
