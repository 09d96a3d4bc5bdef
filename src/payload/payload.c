/* SPDX-License-Identifier: MIT */
/*
 * Which parser a request's body is for, by its Content-Type and by what its
 * source may be sent. A type that is in no row, or whose kind the source never
 * sends, is refused. Pure, any thread.
 */
#include "payload/payload.h"

#include "leadbridge/source.h"
#include "payload/jwt.h"
#include "payload/xml.h"

struct media {
	struct str type; /* beginning with '+': a suffix */
	enum payload_kinds kind;
	bool only_if_json; /* where the body looks like it */
};

static const struct media MEDIA[] = {
    {{"application/json", 16}, PAYLOAD_JSON, false},
    {{"text/json", 9}, PAYLOAD_JSON, false},
    {{"+json", 5}, PAYLOAD_JSON, false},
    {{"text/plain", 10}, PAYLOAD_JSON, true},
    {{"application/x-www-form-urlencoded", 33}, PAYLOAD_FORM, false},
    {{"multipart/form-data", 19}, PAYLOAD_MULTIPART, false},
    {{"text/xml", 8}, PAYLOAD_XML, false},
    {{"application/xml", 15}, PAYLOAD_XML, false},
    {{"+xml", 4}, PAYLOAD_XML, false},
};

static bool looks_like_json(struct str body)
{
	if (str_starts(body, STR("\xEF\xBB\xBF")))
		body = str_sub(body, 3, body.n);
	body = str_trim(body);
	return body.n > 0 && (body.p[0] == '{' || body.p[0] == '[');
}

static bool is_media(const struct media *m, struct str type, struct str body)
{
	if (m->only_if_json && !looks_like_json(body))
		return false;
	if (m->type.p[0] != '+')
		return str_ieq(type, m->type);
	return type.n > m->type.n &&
	       str_ieq(str_sub(type, type.n - m->type.n, type.n), m->type);
}

/* 0: no parser reads it. */
static unsigned kind_of(const struct request *request)
{
	struct str type = request_media_type(request);
	if (type.n == 0)
		return looks_like_json(request->body) ? PAYLOAD_JSON
						      : PAYLOAD_FORM;
	for (size_t i = 0; i < sizeof(MEDIA) / sizeof(MEDIA[0]); i++)
		if (is_media(&MEDIA[i], type, request->body))
			return MEDIA[i].kind;
	return 0;
}

/* curl -d and hand-made scripts send JSON under the type of a form. */
static bool json_in_form(struct arena *a, const struct request *request,
			 const struct payload_limits *limits, bool lenient,
			 struct value **out)
{
	return looks_like_json(request->body) &&
	       payload_json(a, request->body, limits, lenient, out, NULL) == 0;
}

int payload_parse(struct arena *a, const struct request *request,
		  unsigned kinds, const struct payload_limits *limits,
		  bool lenient, struct value **out, struct err *err)
{
	struct jwt jwt;
	if ((kinds & PAYLOAD_JWT) != 0 && jwt_cut(request->body, &jwt))
		return payload_jwt(a, &jwt, limits, out, err);
	unsigned kind = kind_of(request) & kinds;
	if (kind == PAYLOAD_JSON)
		return payload_json(a, request->body, limits, lenient, out,
				    err);
	if (kind == PAYLOAD_FORM && (kinds & PAYLOAD_JSON) != 0 &&
	    json_in_form(a, request, limits, lenient, out))
		return 0;
	if (kind == PAYLOAD_FORM)
		return payload_form(a, request->body, limits, out, err);
	if (kind == PAYLOAD_MULTIPART)
		return payload_multipart(
		    a, request->body, request_media_param(request, "boundary"),
		    limits, out, err);
	if (kind == PAYLOAD_XML)
		return payload_xml(a, request->body, limits, out, err);
	return err_set(err, LB_EDENIED,
		       "this source takes no body of that media type");
}
