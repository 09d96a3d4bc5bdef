/* SPDX-License-Identifier: MIT */
/*
 * A file of leads as the import sees it: which column means what, and its rows
 * as the daemon takes them. Cut into the same pieces each time it is read, so
 * that an import can be repeated and goes on. Pure but for memory; command line
 * only.
 */
#ifndef LB_IMPORT_FILE_H
#define LB_IMPORT_FILE_H

#include "payload/csv.h"

enum {
	IMPORT_ROWS = 500,            /* of one request, the CRM's most */
	IMPORT_REQUEST_MAX = 7 << 20, /* bytes of one */
};

enum column_kind {
	COLUMN_FIELD, /* a custom field */
	COLUMN_NAME,
	COLUMN_FIRST_NAME,
	COLUMN_LAST_NAME,
	COLUMN_PHONE,
	COLUMN_EMAIL,
	COLUMN_OUT, /* left out */
};

struct column {
	struct str header;
	enum column_kind kind;
	struct str slug; /* FIELD */
};

struct import_file {
	struct arena arena;
	struct str text;
	struct csv csv;
	struct column *columns;
	size_t n_columns;
	char hash[65]; /* SHA-256 of the file, hex */
	int64_t rows;  /* records below the header */
};

/* One row that is not sent, and why. */
typedef void (*import_wrong_fn)(void *ctx, int64_t line, const char *why);

/* Reads the header and counts the rows; text must outlive it. delimiter 0:
 * found out. f is zeroed; import_file_close() in any case. */
LB_MUST_CHECK int import_file_open(struct import_file *f, struct str text,
				   char delimiter, struct err *err);
void import_file_close(struct import_file *f);
/* "CSV header=field": name, first_name, last_name, phone, email, '-' (leave
 * it out) or the slug of a custom field. */
LB_MUST_CHECK int import_file_map(struct import_file *f, struct str rule,
				  struct err *err);
/* "first_name", "custom field budget", "left out". */
void import_column_text(const struct column *c, char *out, size_t cap);
/* Whether some column can identify a person. */
bool import_file_has_contact(const struct import_file *f);
/* Digest of what decides on the rows besides the file: hex. */
void import_file_options(const struct import_file *f, struct str more,
			 char out[65]);
/* The next rows, as the members of a JSON array; *n of them are sent. 1: some,
 * 0: the end. */
LB_MUST_CHECK int import_file_next(struct import_file *f, struct buf *rows,
				   size_t *n, import_wrong_fn wrong, void *ctx,
				   struct err *err);

#endif
