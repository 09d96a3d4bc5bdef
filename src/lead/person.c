/* SPDX-License-Identifier: MIT */
/*
 * Whom a privacy request is about: made from what people and senders write, by
 * the normalisers that made the leads, and kept as JSON while the request is
 * open. Pure. person_match.c finds the person.
 */
#include "leadbridge/person.h"

#include "lead/person_parts.h"
#include "payload/payload.h"

enum { ID_MAX = 255 };

static int make_email(struct arena *a, struct str text, struct subject *out,
		      struct err *err)
{
	if (text.n == 0)
		return 0;
	out->email = email_normalise(a, text);
	if (out->email.n == 0)
		return err_set(err, LB_EINVAL, "that is no e-mail address");
	return 0;
}

static void set_country(struct subject *p, const struct phone *phone)
{
	size_t length = 0;
	const struct region *main =
	    region_calling(phone->e164.p + 1, phone->e164.n - 1, &length);
	if (phone->country[0] != '\0')
		memcpy(p->country, phone->country, sizeof(p->country));
	else if (main != NULL)
		memcpy(p->country, main->code, sizeof(p->country));
	p->country[2] = '\0';
}

static int make_phone(struct arena *a, const struct subject_text *text,
		      struct subject *out, struct err *err)
{
	struct phone phone;
	const char *country = NULL;
	if (text->phone.n == 0)
		return 0;
	if (text->country.n > 0)
		country = arena_copy(a, text->country).p;
	if (country != NULL && !phone_country_ok(country))
		return err_set(err, LB_EINVAL, "unknown country '%s'", country);
	phone_parse(a, text->phone, country, &phone);
	if (phone.result == PHONE_OK) {
		out->phone = phone.e164;
		set_country(out, &phone);
		return 0;
	}
	out->phone = person_digits(a, text->phone);
	if (phone.result != PHONE_ODD || out->phone.n < PHONE_LEAST_DIGITS)
		return err_set(err, LB_EINVAL, "that is no phone number");
	return 0;
}

int subject_make(struct arena *a, const struct subject_text *text,
		 struct subject *out, struct err *err)
{
	struct str customer = str_trim(text->customer);
	*out = (struct subject){.account = str_trim(text->account),
				.unit = text->unit};
	if (customer.n > ID_MAX)
		return err_set(err, LB_EINVAL, "an id that long is none");
	if (customer.n > 0)
		out->customer = customer;
	int rc = make_email(a, text->email, out, err);
	if (rc == 0)
		rc = make_phone(a, text, out, err);
	if (rc == 0 && out->email.n == 0 && out->phone.n == 0 &&
	    out->customer.n == 0 && out->account.n == 0 && out->unit == 0)
		rc = err_set(err, LB_EINVAL,
			     "needs an e-mail address, a phone number or a "
			     "customer id");
	return rc;
}

/* ---- as JSON ------------------------------------------------------------ */

void subject_write(const struct subject_text *text, struct buf *out)
{
	const struct {
		const char *name;
		struct str text;
	} rows[] = {
	    {"email", text->email},       {"phone", text->phone},
	    {"customer", text->customer}, {"account", text->account},
	    {"country", text->country},
	};
	buf_addf(out, "{\"unit\":%lld", (long long)text->unit);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].text.n == 0)
			continue;
		buf_addf(out, ",\"%s\":", rows[i].name);
		buf_add_json(out, rows[i].text);
	}
	buf_add_char(out, '}');
}

int subject_read(struct arena *a, struct str json, struct subject *out,
		 struct err *err)
{
	static const struct payload_limits limits = {.depth = 2, .values = 16};
	struct value *v = NULL;
	int rc = payload_json(a, json, &limits, false, &v, err);
	if (rc != 0)
		return rc;
	struct subject_text text = {
	    .email = value_member(v, "email"),
	    .phone = value_member(v, "phone"),
	    .customer = value_member(v, "customer"),
	    .account = value_member(v, "account"),
	    .country = value_member(v, "country"),
	};
	if (value_get(v, "unit") != NULL &&
	    str_to_int(value_member(v, "unit"), 0, INT64_MAX, &text.unit) != 0)
		return err_set(err, LB_EINVAL, "a unit is a number");
	return subject_make(a, &text, out, err);
}
