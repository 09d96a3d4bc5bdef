/* SPDX-License-Identifier: MIT */
/*
 * Looking things up in a received request. The parser of the ingress has
 * already refused control characters in headers. Pure, any thread.
 */
#include "leadbridge/request.h"

struct str request_header(const struct request *r, const char *name)
{
	struct str wanted = str_from(name);
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_ieq(r->headers[i].name, wanted))
			return r->headers[i].value;
	return STR_NONE;
}

size_t request_header_count(const struct request *r, const char *name)
{
	struct str wanted = str_from(name);
	size_t count = 0;
	for (size_t i = 0; i < r->n_headers; i++)
		count += str_ieq(r->headers[i].name, wanted);
	return count;
}

struct str request_media_type(const struct request *r)
{
	struct str parameters;
	return str_trim(
	    str_cut(request_header(r, "Content-Type"), ';', &parameters));
}

/* Length of the parameter at the start of s, up to a ';' outside quotes. */
static size_t parameter_length(struct str s)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < s.n && (quoted || s.p[i] != ';'); i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '\\' && quoted && i + 1 < s.n)
			i++;
	}
	return i;
}

static struct str unquote(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return str_sub(s, 1, s.n - 1);
	return s;
}

struct str request_media_param(const struct request *r, const char *name)
{
	struct str rest;
	(void)str_cut(request_header(r, "Content-Type"), ';', &rest);
	while (rest.n > 0) {
		size_t n = parameter_length(rest);
		struct str value;
		struct str key = str_cut(str_sub(rest, 0, n), '=', &value);
		if (value.p != NULL && str_ieq(str_trim(key), str_from(name)))
			return unquote(str_trim(value));
		rest = str_sub(rest, n < rest.n ? n + 1 : n, rest.n);
	}
	return STR_NONE;
}

const char *http_method_name(enum http_method m)
{
	static const char *const names[] = {
	    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",
	    [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
	    [HTTP_PATCH] = "PATCH",     [HTTP_DELETE] = "DELETE",
	    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
	};
	return names[m];
}
