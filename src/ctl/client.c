/* SPDX-License-Identifier: MIT */
/*
 * One call to the daemon over its admin listener, and where that listener is.
 * Blocking; this is a command-line program.
 */
#include <curl/curl.h>
#include <json_tokener.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"
#include "leadbridge/config.h"

#define INSTALLED_CONFIG "/etc/leadbridge/leadbridge.yaml"
enum { ANSWER_MAX = 64 << 20, TIMEOUT_S = 120 };

const char *ctl_config_path(const struct ctl *c)
{
	return ctl_option(c, "--config") != NULL ? ctl_option(c, "--config")
						 : INSTALLED_CONFIG;
}

int ctl_load_config(const struct ctl *c, struct config **out)
{
	const char *path = ctl_config_path(c);
	struct config_problems problems = {0};
	int rc = config_load(path, out, &problems);
	if (rc != 0)
		(void)fprintf(
		    stderr,
		    "leadbridgectl: cannot use '%s': %s (see "
		    "leadbridgectl check)\n",
		    path, problems.n > 0 ? problems.v[0].text : "unreadable");
	config_problems_release(&problems);
	return rc == 0 ? CTL_DONE : CTL_NO;
}

static char *socket_of(const char *path)
{
	char *found = NULL;
	struct err err = {0};
	if (config_admin_socket(path, &found, &err) != 0)
		(void)fprintf(stderr, "leadbridgectl: %s\n", err.text);
	return found;
}

static char *find_socket(const struct ctl *c)
{
	if (ctl_option(c, "--socket") != NULL)
		return xstrdup(ctl_option(c, "--socket"));
	if (ctl_option(c, "--config") != NULL)
		return socket_of(ctl_option(c, "--config"));
	const char *set = getenv("LEADBRIDGE_SOCKET");
	if (set != NULL && set[0] != '\0')
		return xstrdup(set);
	return socket_of(INSTALLED_CONFIG);
}

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;
	buf_add(b, p, size * n);
	return b->over ? 0 : size * n;
}

static struct curl_slist *headers_of(const struct ctl *c, int *rc)
{
	struct curl_slist *list = curl_slist_append(NULL, "X-Leadbridge: 1");
	if (ctl_option(c, "--token-file") == NULL)
		return list;
	struct secret token = {0};
	struct err err;
	char *reference = xasprintf("file:%s", ctl_option(c, "--token-file"));
	if (secret_load(&token, str_from(reference), &err) != 0) {
		(void)fprintf(stderr, "leadbridgectl: %s\n", err.text);
		*rc = CTL_USAGE;
	} else {
		char *header =
		    xasprintf("Authorization: Bearer %.*s", (int)token.n,
			      (const char *)token.bytes);
		list = curl_slist_append(list, header);
		mem_wipe(header, strlen(header));
		free(header);
	}
	secret_release(&token);
	free(reference);
	return list;
}

struct call {
	const char *method, *path, *body;
	/* Of an answer without an end: each line, without its end. */
	void (*on_line)(void *ctx, struct str line);
	void *ctx;
};

struct exchange_result {
	struct buf body;
	long status;
	const struct call *call;
};

/* Hands on the lines that are whole. */
static size_t on_stream(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange_result *r = ctx;
	struct str rest, line;
	buf_add(&r->body, p, size * n);
	if (r->body.over)
		return 0;
	for (line = str_cut(buf_str(&r->body), '\n', &rest); rest.p != NULL;
	     line = str_cut(rest, '\n', &rest))
		r->call->on_line(r->call->ctx, line);
	memmove(r->body.p, line.p, line.n);
	r->body.n = line.n;
	return size * n;
}

static void take_into(CURL *curl, const struct call *call,
		      struct exchange_result *out)
{
	out->call = call;
	if (call->on_line != NULL) {
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_stream);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
		curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out->body);
}

static int perform(const struct ctl *c, const struct call *call,
		   const char *url, const char *socket,
		   struct exchange_result *out)
{
	int rc = CTL_DONE;
	struct curl_slist *headers = headers_of(c, &rc);
	CURL *curl = curl_easy_init();
	if (rc == CTL_DONE && curl != NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		if (socket != NULL)
			curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
					 socket);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
		if (strcmp(call->method, "POST") == 0)
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
		take_into(curl, call, out);
		CURLcode code = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
		if (code != CURLE_OK)
			rc = CTL_UNREACHABLE;
		if (code != CURLE_OK && !c->quiet)
			(void)fprintf(stderr,
				      "leadbridgectl: cannot reach the daemon "
				      "at '%s': %s\n",
				      socket != NULL ? socket
						     : ctl_option(c, "--url"),
				      curl_easy_strerror(code));
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return rc;
}

/* What the daemon said no with. */
static int refused(const struct exchange_result *r, struct json_object *answer)
{
	struct json_object *error = NULL;
	const char *text = NULL;
	if (json_object_object_get_ex(answer, "error", &error))
		text = ctl_text(error, "message");
	if (text != NULL && text[0] != '\0')
		(void)fprintf(stderr, "leadbridgectl: %s\n", text);
	else
		(void)fprintf(stderr,
			      "leadbridgectl: the daemon answered %ld\n",
			      r->status);
	return r->status == 400 ? CTL_USAGE : CTL_NO; /* 400: no sense */
}

static int take_answer(struct ctl *c, const struct exchange_result *r,
		       struct json_object **out)
{
	struct json_object *answer =
	    r->body.n > 0 ? json_tokener_parse(r->body.p) : NULL;
	if (r->status < 200 || r->status > 299) {
		int rc = refused(r, answer);
		json_object_put(answer);
		return rc;
	}
	if (!json_object_is_type(answer, json_type_object)) {
		json_object_put(answer);
		(void)fprintf(
		    stderr, "leadbridgectl: the daemon's answer is not JSON\n");
		return CTL_UNREACHABLE;
	}
	if (c->json)
		(void)fwrite(r->body.p, 1, r->body.n, stdout);
	*out = answer;
	return CTL_DONE;
}

static int call_daemon(struct ctl *c, const struct call *call,
		       struct json_object **out)
{
	char *socket = ctl_option(c, "--url") == NULL ? find_socket(c) : NULL;
	if (ctl_option(c, "--url") == NULL && socket == NULL)
		return CTL_UNREACHABLE;
	struct str base =
	    str_from(ctl_option(c, "--url") != NULL ? ctl_option(c, "--url")
						    : "http://admin");
	while (str_ends(base, STR("/")))
		base.n--;
	char *url = xasprintf("%.*s%s", STR_FMT(base), call->path);
	struct exchange_result r = {0};
	buf_init(&r.body, ANSWER_MAX);
	int rc = perform(c, call, url, socket, &r);
	if (rc == CTL_DONE && call->on_line == NULL)
		rc = take_answer(c, &r, out);
	buf_release(&r.body);
	free(url);
	free(socket);
	return rc;
}

int ctl_follow(struct ctl *c, const char *path,
	       void (*on_line)(void *ctx, struct str line), void *ctx)
{
	struct call call = {"GET", path, "", on_line, ctx};
	return call_daemon(c, &call, NULL);
}

int ctl_call(struct ctl *c, const char *method, const char *path,
	     struct json_object **out)
{
	return call_daemon(
	    c, &(struct call){.method = method, .path = path, .body = ""}, out);
}

int ctl_call_body(struct ctl *c, const char *path, const char *body,
		  struct json_object **out)
{
	return call_daemon(
	    c, &(struct call){.method = "POST", .path = path, .body = body},
	    out);
}

/* ---- as a sender ----------------------------------------------------------
 */

static struct curl_slist *sender_headers(const struct request *r)
{
	/* Without this curl may wait a second for a 100 Continue. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; i < r->n_headers; i++) {
		char *line =
		    xasprintf("%.*s: %.*s", STR_FMT(r->headers[i].name),
			      STR_FMT(r->headers[i].value));
		list = curl_slist_append(list, line);
		mem_wipe(line, strlen(line));
		free(line);
	}
	return list;
}

int ctl_send(const char *address, const struct request *r, long *status,
	     struct buf *answer)
{
	bool local = strncmp(address, "unix:", 5) == 0;
	char *url = xasprintf("http://%s%.*s", local ? "localhost" : address,
			      STR_FMT(r->target));
	struct curl_slist *headers = sender_headers(r);
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	if (curl != NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		if (local)
			curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
					 address + 5);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)r->body.n);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body.p);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
		code = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	}
	if (code != CURLE_OK)
		(void)fprintf(stderr,
			      "leadbridgectl: cannot reach the listener at "
			      "'%s': %s\n",
			      address, curl_easy_strerror(code));
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	mem_wipe(url, strlen(url));
	free(url);
	return code == CURLE_OK ? CTL_DONE : CTL_UNREACHABLE;
}
