/* SPDX-License-Identifier: MIT */
/*
 * application/x-www-form-urlencoded and query strings: "a=1&b=2" to a tree.
 * Blank segments are passed over, a name without '=' has the empty text. Pure.
 */
#include "base/codec.h"
#include "payload/fields.h"

static int add_segment(struct fields *f, struct str segment, struct err *err)
{
	struct str value;
	struct str name = str_cut(segment, '=', &value);
	name = percent_decode(f->arena, name, true);
	value =
	    value.p != NULL ? percent_decode(f->arena, value, true) : STR("");
	return fields_add(f, name, value, 0, err);
}

int payload_form(struct arena *a, struct str text,
		 const struct payload_limits *limits, struct value **out,
		 struct err *err)
{
	struct fields fields;
	int rc = fields_init(&fields, a, limits, err);
	while (rc == 0 && text.n > 0) {
		struct str segment = str_cut(text, '&', &text);
		if (segment.n > 0)
			rc = add_segment(&fields, segment, err);
	}
	if (rc == 0)
		*out = fields_end(&fields);
	return rc;
}
