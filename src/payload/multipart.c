/* SPDX-License-Identifier: MIT */
/*
 * multipart/form-data (RFC 7578) to a tree. Preamble and epilogue are passed
 * over; a body that ends without its last boundary was cut off and is refused.
 * Files are named and counted, their bytes go nowhere. Pure, any thread.
 */
#include "base/codec.h"
#include "payload/fields.h"

enum {
	BOUNDARY_MAX = 70,
	PARTS_MAX = 1000,
	HEADERS_MAX = 8192, /* bytes of one part's headers */
};

struct part {
	struct str name; /* NONE until Content-Disposition was read */
	struct str filename;
	bool is_file;
};

struct body {
	struct str rest;
	struct str delimiter; /* "\r\n--boundary" */
	bool last;
};

/* Unquotes: \" and \\ of old programs, %22 %0D %0A of browsers. */
static struct str unescape(struct arena *a, struct str s)
{
	static const struct {
		const char *text;
		char means;
	} escapes[] = {
	    {"\\\"", '"'}, {"\\\\", '\\'}, {"%22", '"'},
	    {"%0D", '\r'}, {"%0A", '\n'},
	};
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	while (s.n > 0) {
		char c = s.p[0];
		size_t step = 1;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]);
		     i++) {
			if (!str_istarts(s, str_from(escapes[i].text)))
				continue;
			c = escapes[i].means;
			step = strlen(escapes[i].text);
			break;
		}
		out[n++] = c;
		s = str_sub(s, step, s.n);
	}
	return (struct str){out, n};
}

/* A parameter's value at the start of *s, up to ';', taken off it. */
static int take_param_value(struct arena *a, struct str *s, struct str *out)
{
	if (s->n == 0 || s->p[0] != '"') {
		*out = str_trim(str_cut(*s, ';', s));
		return 0;
	}
	size_t end = 1;
	while (end < s->n && s->p[end] != '"') {
		/* "C:\dir\" of old browsers: only \" and \\ are escapes. */
		if (s->p[end] == '\\' && end + 1 < s->n &&
		    (s->p[end + 1] == '"' || s->p[end + 1] == '\\'))
			end++;
		end++;
	}
	if (end >= s->n)
		return LB_EINVAL;
	*out = unescape(a, str_sub(*s, 1, end));
	struct str behind = str_cut(str_sub(*s, end + 1, s->n), ';', s);
	return str_trim(behind).n == 0 ? 0 : LB_EINVAL;
}

/* filename*: UTF-8''na%C3%AFve.txt */
static int decode_extended(struct arena *a, struct str *value)
{
	struct str language, text;
	(void)str_cut(*value, '\'', &language);
	(void)str_cut(language, '\'', &text);
	if (text.p == NULL)
		return LB_EINVAL;
	*value = percent_decode(a, text, false);
	return 0;
}

/* form-data; name="a"; filename="b" */
static int read_disposition(struct arena *a, struct str s, struct part *part)
{
	if (!str_ieq(str_trim(str_cut(s, ';', &s)), STR("form-data")))
		return LB_EINVAL;
	bool extended = false;
	while (s.n > 0) {
		struct str value;
		struct str key = str_trim(str_cut(s, '=', &s));
		s = str_trim(s);
		if (s.p == NULL || take_param_value(a, &s, &value) != 0)
			return LB_EINVAL;
		if (str_ieq(key, STR("name"))) {
			part->name = value;
		} else if (str_ieq(key, STR("filename*"))) {
			if (decode_extended(a, &value) != 0)
				return LB_EINVAL;
			part->filename = value;
			part->is_file = extended = true;
		} else if (str_ieq(key, STR("filename"))) {
			if (!extended)
				part->filename = value;
			part->is_file = true;
		}
		s = str_trim(s);
	}
	return part->name.p != NULL ? 0 : LB_EINVAL;
}

static int read_header(struct arena *a, struct str line, struct part *part,
		       struct err *err)
{
	struct str value;
	struct str name = str_cut(line, ':', &value);
	value = str_trim(value);
	if (value.p == NULL)
		return err_set(err, LB_EINVAL, "malformed header in a part");
	if (str_ieq(name, STR("Content-Disposition")))
		return read_disposition(a, value, part) == 0
			   ? 0
			   : err_set(err, LB_EINVAL,
				     "malformed Content-Disposition in a part");
	if (str_ieq(name, STR("Content-Type")) &&
	    str_istarts(value, STR("multipart/")))
		return err_set(err, LB_EINVAL, "multipart inside multipart");
	if (str_ieq(name, STR("Content-Transfer-Encoding")) &&
	    (str_ieq(value, STR("base64")) ||
	     str_ieq(value, STR("quoted-printable"))))
		return err_set(err, LB_EINVAL,
			       "part with a Content-Transfer-Encoding");
	return 0;
}

/* Takes the headers off *s, blank line included. */
static int read_headers(struct arena *a, struct str *s, struct part *part,
			struct err *err)
{
	size_t used = 0;
	for (;;) {
		long end = str_find_str(*s, STR("\r\n"));
		used += end < 0 ? s->n : (size_t)end + 2;
		if (used > HEADERS_MAX)
			return err_set(err, LB_ELIMIT,
				       "headers of a part are too large");
		if (end < 0)
			return err_set(err, LB_EINVAL,
				       "part ends inside its headers");
		struct str line = str_sub(*s, 0, (size_t)end);
		*s = str_sub(*s, (size_t)end + 2, s->n);
		if (line.n == 0)
			break;
		int rc = read_header(a, line, part, err);
		if (rc != 0)
			return rc;
	}
	if (part->name.p == NULL)
		return err_set(err, LB_EINVAL,
			       "part without Content-Disposition");
	return 0;
}

/* What may stand behind "--boundary": "--", or blanks and a line end. Takes it
 * off *s. */
static bool take_delimiter_end(struct str *s, bool *last)
{
	*last = str_starts(*s, STR("--"));
	if (*last)
		return true;
	size_t n = 0;
	while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t'))
		n++;
	struct str rest = str_sub(*s, n, s->n);
	if (!str_starts(rest, STR("\r\n")))
		return false;
	*s = str_sub(rest, 2, rest.n);
	return true;
}

/* The bytes up to the next delimiter, which is taken off too. */
static int take_part(struct body *b, struct str *out, struct err *err)
{
	struct str all = b->rest;
	size_t from = 0;
	for (;;) {
		long at = str_find_str(str_sub(all, from, all.n), b->delimiter);
		if (at < 0)
			return err_set(err, LB_EINVAL,
				       "body ends without its last boundary");
		size_t end = from + (size_t)at;
		b->rest = str_sub(all, end + b->delimiter.n, all.n);
		if (take_delimiter_end(&b->rest, &b->last)) {
			*out = str_sub(all, 0, end);
			return 0;
		}
		from = end + 2;
	}
}

static int add_part(struct fields *f, struct str bytes, struct err *err)
{
	struct part part = {0};
	int rc = read_headers(f->arena, &bytes, &part, err);
	if (rc != 0)
		return rc;
	struct str name = arena_copy(f->arena, part.name);
	if (!part.is_file)
		return fields_add(f, name, arena_copy(f->arena, bytes), 0, err);
	struct str text = STR(""); /* an empty file input */
	struct str filename = fields_text(f->arena, part.filename);
	if (filename.n > 0 || bytes.n > 0)
		text = arena_printf(f->arena, "%.*s (%zu bytes)",
				    STR_FMT(filename), bytes.n);
	return fields_add(f, name, text, VALUE_IS_FILE, err);
}

/* Up to and with the first delimiter, which may open the body. */
static int skip_preamble(struct body *b, struct err *err)
{
	struct str opening = str_sub(b->delimiter, 2, b->delimiter.n);
	if (str_starts(b->rest, opening)) {
		struct str rest = str_sub(b->rest, opening.n, b->rest.n);
		if (take_delimiter_end(&rest, &b->last)) {
			b->rest = rest;
			return 0;
		}
	}
	struct str preamble;
	return take_part(b, &preamble, err);
}

int payload_multipart(struct arena *a, struct str text, struct str boundary,
		      const struct payload_limits *limits, struct value **out,
		      struct err *err)
{
	if (boundary.n == 0 || boundary.n > BOUNDARY_MAX)
		return err_set(err, LB_EINVAL, "no usable boundary");
	struct fields fields;
	struct body body = {
	    .rest = text,
	    .delimiter = arena_printf(a, "\r\n--%.*s", STR_FMT(boundary)),
	};
	int rc = fields_init(&fields, a, limits, err);
	if (rc == 0)
		rc = skip_preamble(&body, err);
	for (size_t n = 0; rc == 0 && !body.last; n++) {
		struct str part;
		if (n == PARTS_MAX)
			return err_set(err, LB_ELIMIT, "too many parts");
		rc = take_part(&body, &part, err);
		if (rc == 0)
			rc = add_part(&fields, part, err);
	}
	if (rc == 0)
		*out = fields_end(&fields);
	return rc;
}
