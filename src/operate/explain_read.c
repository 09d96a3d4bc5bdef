/* SPDX-License-Identifier: MIT */
/*
 * A file somebody saved, as a request: whole, or a body whose headers come from
 * the command line. More forgiving than the listener about line ends in the
 * head; the body is taken byte for byte, since the proof covers it.
 */
#include "operate/explain.h"

static struct str next_line(struct str *rest)
{
	struct str line = str_cut(*rest, '\n', rest);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static enum http_method method_of(struct str text)
{
	for (int m = HTTP_GET; m < HTTP_OTHER; m++)
		if (str_eq(text,
			   str_from(http_method_name((enum http_method)m))))
			return (enum http_method)m;
	return HTTP_OTHER;
}

static int add_header(struct explain *e, struct str line, struct err *err)
{
	struct request *r = &e->request;
	struct str value, name = str_cut(line, ':', &value);
	if (value.p == NULL || name.n == 0 || str_trim(name).n != name.n)
		return err_set(err, LB_EINVAL, "not a header: '%.*s'",
			       STR_FMT(line));
	if (r->n_headers == EXPLAIN_HEADERS_MAX)
		return err_set(err, LB_ELIMIT, "more than %d headers",
			       EXPLAIN_HEADERS_MAX);
	e->headers[r->n_headers++] = (struct header){name, str_trim(value)};
	return 0;
}

/* "POST /in/shop HTTP/1.1" */
static bool take_request_line(struct explain *e, struct str line)
{
	struct request *r = &e->request;
	struct str rest, version, target;
	struct str method = str_cut(line, ' ', &rest);
	target = str_cut(rest, ' ', &version);
	if (!str_starts(version, STR("HTTP/")) || target.n == 0 ||
	    target.p[0] != '/')
		return false;
	r->method_text = method;
	r->target = target;
	return true;
}

static int take_head(struct explain *e, struct str *rest, struct err *err)
{
	for (;;) {
		if (rest->p == NULL)
			return err_set(err, LB_EINVAL,
				       "no blank line between headers and "
				       "body");
		struct str line = next_line(rest);
		if (line.n == 0)
			return 0;
		int rc = add_header(e, line, err);
		if (rc != 0)
			return rc;
	}
}

int explain_read(struct explain *e, const struct source *source,
		 struct str text, const char *const *more, size_t n_more,
		 struct err *err)
{
	struct request *r = &e->request;
	struct str rest = text;
	int rc = 0;
	r->headers = e->headers;
	e->raw = take_request_line(e, next_line(&rest));
	if (e->raw) {
		rc = take_head(e, &rest, err);
	} else {
		rest = text;
		r->method_text = STR("POST");
		r->target = arena_printf(&e->arena, "/in/%s", source->name);
	}
	for (size_t i = 0; i < n_more && rc == 0; i++)
		rc = add_header(e, str_from(more[i]), err);
	if (rc == 0 && request_header(r, "Transfer-Encoding").n > 0)
		rc = err_set(err, LB_EINVAL,
			     "the body is still in chunks: save it decoded, "
			     "without Transfer-Encoding");
	r->method = method_of(r->method_text);
	r->path = str_cut(r->target, '?', &r->query);
	r->body = rest.p != NULL ? rest : STR("");
	r->client = STR("unix");
	return rc;
}
