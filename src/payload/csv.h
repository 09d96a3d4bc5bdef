/* SPDX-License-Identifier: MIT */
/*
 * Files of records as spreadsheets write them (RFC 4180), strictly: a quote
 * where none belongs ends the reading instead of shifting every later field.
 * What people's programs add to the standard is taken: a byte order mark, lines
 * that end in LF, semicolons or tabs between fields, blank lines. Pure.
 */
#ifndef LB_PAYLOAD_CSV_H
#define LB_PAYLOAD_CSV_H

#include "leadbridge/arena.h"

enum {
	CSV_FIELDS_MAX = 500,
	CSV_RECORD_MAX = 64 * 1024, /* bytes of one record */
};

struct csv {
	struct str rest;
	char delimiter;
	int64_t line; /* at which rest begins, from 1 */
};

struct csv_record {
	int64_t line; /* at which it begins */
	struct str fields[CSV_FIELDS_MAX];
	size_t n;
};

/* text must outlive it. delimiter 0: found out from the first record. LB_EINVAL
 * when it is not UTF-8 text. */
LB_MUST_CHECK int csv_start(struct csv *c, struct str text, char delimiter,
			    struct err *err);
/* 1: a record, whose fields are in text or in the arena; 0: the end; negative:
 * it cannot be read, and err says in which line. */
LB_MUST_CHECK int csv_next(struct csv *c, struct arena *a,
			   struct csv_record *record, struct err *err);

#endif
