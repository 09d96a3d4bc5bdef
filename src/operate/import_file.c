/* SPDX-License-Identifier: MIT */
/* Columns and rows of a file that is imported; see the header. */
#include "operate/import_file.h"

#include <stdio.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "leadbridge/lead.h"

/* ---- what a column means -------------------------------------------------
 */

/* Headers as slugs, of the exports of HubSpot, Salesforce, Zoho, GoHighLevel,
 * Google Contacts, Mailchimp, Meta and Google lead forms. */
static const struct {
	const char *slug;
	enum column_kind kind;
	const char *field; /* another name of a custom field */
} known[] = {
    {"name", COLUMN_NAME, NULL},
    {"full_name", COLUMN_NAME, NULL},
    {"fullname", COLUMN_NAME, NULL},
    {"contact", COLUMN_NAME, NULL},
    {"contact_name", COLUMN_NAME, NULL},
    {"contact_full_name", COLUMN_NAME, NULL},
    {"lead_name", COLUMN_NAME, NULL},
    {"customer_name", COLUMN_NAME, NULL},
    {"first_name", COLUMN_FIRST_NAME, NULL},
    {"firstname", COLUMN_FIRST_NAME, NULL},
    {"first", COLUMN_FIRST_NAME, NULL},
    {"given_name", COLUMN_FIRST_NAME, NULL},
    {"forename", COLUMN_FIRST_NAME, NULL},
    {"last_name", COLUMN_LAST_NAME, NULL},
    {"lastname", COLUMN_LAST_NAME, NULL},
    {"last", COLUMN_LAST_NAME, NULL},
    {"surname", COLUMN_LAST_NAME, NULL},
    {"family_name", COLUMN_LAST_NAME, NULL},
    {"phone", COLUMN_PHONE, NULL},
    {"phone_number", COLUMN_PHONE, NULL},
    {"phonenumber", COLUMN_PHONE, NULL},
    {"phone_1_value", COLUMN_PHONE, NULL},
    {"contact_phone", COLUMN_PHONE, NULL},
    {"primary_phone", COLUMN_PHONE, NULL},
    {"telephone", COLUMN_PHONE, NULL},
    {"tel", COLUMN_PHONE, NULL},
    {"mobile", COLUMN_PHONE, NULL},
    {"mobile_phone", COLUMN_PHONE, NULL},
    {"mobile_phone_number", COLUMN_PHONE, NULL},
    {"mobile_number", COLUMN_PHONE, NULL},
    {"cell", COLUMN_PHONE, NULL},
    {"cell_phone", COLUMN_PHONE, NULL},
    {"home_phone", COLUMN_PHONE, NULL},
    {"work_phone", COLUMN_PHONE, NULL},
    {"business_phone", COLUMN_PHONE, NULL},
    {"email", COLUMN_EMAIL, NULL},
    {"e_mail", COLUMN_EMAIL, NULL},
    {"email_address", COLUMN_EMAIL, NULL},
    {"e_mail_address", COLUMN_EMAIL, NULL},
    {"e_mail_1_value", COLUMN_EMAIL, NULL},
    {"email_1", COLUMN_EMAIL, NULL},
    {"contact_email", COLUMN_EMAIL, NULL},
    {"primary_email", COLUMN_EMAIL, NULL},
    {"work_email", COLUMN_EMAIL, NULL},
    {"mail", COLUMN_EMAIL, NULL},
    {"company", COLUMN_FIELD, "company"},
    {"company_name", COLUMN_FIELD, "company"},
    {"companyname", COLUMN_FIELD, "company"},
    {"business_name", COLUMN_FIELD, "company"},
    {"organization", COLUMN_FIELD, "company"},
    {"organisation", COLUMN_FIELD, "company"},
    {"account_name", COLUMN_FIELD, "company"},
};

static const struct {
	const char *name;
	enum column_kind kind;
} kinds[] = {
    {"name", COLUMN_NAME},           {"first_name", COLUMN_FIRST_NAME},
    {"last_name", COLUMN_LAST_NAME}, {"phone", COLUMN_PHONE},
    {"email", COLUMN_EMAIL},         {"-", COLUMN_OUT},
};

static const char *kind_name(enum column_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "";
}

static void guess(struct arena *a, struct column *c)
{
	c->kind = COLUMN_OUT;
	if (str_trim(c->header).n == 0)
		return;
	c->kind = COLUMN_FIELD;
	c->slug = slug_make(a, c->header);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_eq(c->slug, str_from(known[i].slug)))
			continue;
		c->kind = known[i].kind;
		if (known[i].field != NULL)
			c->slug = str_from(known[i].field);
		return;
	}
}

int import_file_map(struct import_file *f, struct str rule, struct err *err)
{
	/* A header may hold an equals sign, a field may not. */
	size_t at = rule.n;
	while (at > 0 && rule.p[at - 1] != '=')
		at--;
	if (at < 2 || at == rule.n)
		return err_set(err, LB_EINVAL,
			       "--map takes 'CSV header=field', not '%.*s'",
			       STR_FMT(rule));
	struct str header = str_trim(str_sub(rule, 0, at - 1));
	struct str field = str_trim(str_sub(rule, at, rule.n));
	for (size_t i = 0; i < f->n_columns; i++) {
		struct column *c = &f->columns[i];
		if (!str_ieq(str_trim(c->header), header))
			continue;
		c->kind = COLUMN_FIELD;
		c->slug = slug_make(&f->arena, field);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (str_eq(field, str_from(kinds[k].name)))
				c->kind = kinds[k].kind;
		if (c->kind == COLUMN_FIELD && c->slug.n == 0)
			return err_set(err, LB_EINVAL,
				       "'%.*s' is no name of a field",
				       STR_FMT(field));
		return 0;
	}
	return err_set(err, LB_EINVAL, "no column '%.*s' in the file",
		       STR_FMT(header));
}

void import_column_text(const struct column *c, char *out, size_t cap)
{
	if (c->kind == COLUMN_OUT)
		(void)!snprintf(out, cap, "left out");
	else if (c->kind == COLUMN_FIELD)
		(void)!snprintf(out, cap, "custom field %.*s",
				STR_FMT(c->slug));
	else
		(void)!snprintf(out, cap, "%s", kind_name(c->kind));
}

bool import_file_has_contact(const struct import_file *f)
{
	for (size_t i = 0; i < f->n_columns; i++)
		if (f->columns[i].kind != COLUMN_FIELD &&
		    f->columns[i].kind != COLUMN_OUT)
			return true;
	return false;
}

/* ---- the file ------------------------------------------------------------
 */

static void hex_digest(const struct str *parts, size_t n, char out[65])
{
	unsigned char digest[DIGEST_MAX];
	crypto_digest(DIGEST_SHA256, parts, n, digest);
	hex_encode(digest, 32, out);
}

static int read_header(struct import_file *f, struct err *err)
{
	struct csv_record *head = arena_alloc(&f->arena, sizeof(*head));
	int rc = csv_next(&f->csv, &f->arena, head, err);
	if (rc == 0)
		rc = err_set(err, LB_EINVAL, "the file is empty");
	if (rc < 0)
		return rc;
	f->n_columns = head->n;
	f->columns = arena_alloc(&f->arena, head->n * sizeof(*f->columns));
	for (size_t i = 0; i < head->n; i++) {
		f->columns[i].header = head->fields[i];
		guess(&f->arena, &f->columns[i]);
	}
	return 0;
}

static int count_rows(struct import_file *f, struct err *err)
{
	struct csv csv = f->csv;
	struct arena scratch;
	int rc = 1;
	arena_init(&scratch);
	struct csv_record *record = arena_alloc(&f->arena, sizeof(*record));
	while ((rc = csv_next(&csv, &scratch, record, err)) == 1) {
		f->rows++;
		arena_release(&scratch);
	}
	arena_release(&scratch);
	if (rc == 0 && f->rows == 0)
		rc = err_set(err, LB_EINVAL, "no rows below the header");
	return rc;
}

int import_file_open(struct import_file *f, struct str text, char delimiter,
		     struct err *err)
{
	arena_init(&f->arena);
	f->text = text;
	hex_digest(&text, 1, f->hash);
	int rc = csv_start(&f->csv, text, delimiter, err);
	if (rc == 0)
		rc = read_header(f, err);
	return rc == 0 ? count_rows(f, err) : rc;
}

void import_file_close(struct import_file *f)
{
	arena_release(&f->arena);
}

void import_file_options(const struct import_file *f, struct str more,
			 char out[65])
{
	struct buf b;
	buf_init(&b, CSV_FIELDS_MAX * 1024);
	buf_addf(&b, "1\n%c\n", f->csv.delimiter);
	for (size_t i = 0; i < f->n_columns; i++)
		buf_addf(&b, "%d=%.*s\n", (int)f->columns[i].kind,
			 STR_FMT(f->columns[i].slug));
	buf_add_str(&b, more);
	hex_digest(&(struct str){b.p, b.n}, 1, out);
	buf_release(&b);
}

/* ---- rows ----------------------------------------------------------------
 */

static void add_member(struct buf *b, const char *name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addf(b, ",\"%s\":", name);
	buf_add_json(b, text);
}

static struct str cell(const struct csv_record *r, size_t i)
{
	return str_trim(r->fields[i]);
}

/* The first of its kind that is filled in. */
static size_t chosen(const struct import_file *f, const struct csv_record *r,
		     enum column_kind kind)
{
	for (size_t i = 0; i < f->n_columns; i++)
		if (f->columns[i].kind == kind && cell(r, i).n > 0)
			return i;
	return f->n_columns;
}

/* Further phones and addresses become fields under their own header. */
static bool is_field(const struct import_file *f, const struct csv_record *r,
		     size_t i)
{
	const struct column *c = &f->columns[i];
	if (cell(r, i).n == 0 || c->kind == COLUMN_OUT)
		return false;
	return c->kind == COLUMN_FIELD || chosen(f, r, c->kind) != i;
}

static void add_row(const struct import_file *f, const struct csv_record *r,
		    struct buf *b)
{
	const char *between = "";
	buf_addf(b, "{\"line\":%lld", (long long)r->line);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t i = chosen(f, r, kinds[k].kind);
		if (i < f->n_columns && kinds[k].kind != COLUMN_OUT)
			add_member(b, kinds[k].name, cell(r, i));
	}
	buf_addf(b, ",\"fields\":{");
	for (size_t i = 0; i < f->n_columns; i++) {
		if (!is_field(f, r, i))
			continue;
		buf_add_str(b, str_from(between));
		buf_add_json(b, f->columns[i].slug);
		buf_add_char(b, ':');
		buf_add_json(b, cell(r, i));
		between = ",";
	}
	buf_addf(b, "}}");
}

/* Cells beyond the header mean that a delimiter stands unquoted in a text. */
static bool fits(const struct import_file *f, const struct csv_record *r,
		 char *why, size_t cap)
{
	if (r->n == f->n_columns)
		return true;
	(void)!snprintf(why, cap, "%zu fields, the header has %zu", r->n,
			f->n_columns);
	return false;
}

int import_file_next(struct import_file *f, struct buf *rows, size_t *n,
		     import_wrong_fn wrong, void *ctx, struct err *err)
{
	struct arena scratch;
	struct csv_record record;
	char why[80];
	int rc = 1, taken = 0;
	*n = 0;
	arena_init(&scratch);
	while (taken < IMPORT_ROWS &&
	       (rc = csv_next(&f->csv, &scratch, &record, err)) == 1) {
		taken++;
		if (fits(f, &record, why, sizeof(why))) {
			if ((*n)++ > 0)
				buf_add_char(rows, ',');
			add_row(f, &record, rows);
		} else {
			wrong(ctx, record.line, why);
		}
		arena_release(&scratch);
	}
	arena_release(&scratch);
	if (rc >= 0 && rows->over)
		rc = err_set(err, LB_ELIMIT,
			     "rows before line %lld: too large for one request",
			     (long long)f->csv.line);
	return rc < 0 ? rc : taken > 0;
}
