/* SPDX-License-Identifier: MIT */
/* One run of leadbridgectl import. */
#ifndef LB_CTL_IMPORT_H
#define LB_CTL_IMPORT_H

#include "ctl/ctl.h"
#include "operate/import_file.h"

/* An option that decides on every row: "--country" -> "country". */
struct import_setting {
	const char *option, *member;
};
extern const struct import_setting IMPORT_SETTINGS[]; /* ends with NULL */

struct importing {
	struct ctl *c;
	struct import_file f;
	const char *destination; /* as given, or NULL */
	char at_destination[80]; /* as the daemon says */
	char options[65];
	bool terminal;
	int64_t number;     /* of the request */
	int64_t read;       /* rows */
	int64_t wrong;      /* rows nobody can read */
	int64_t duplicates; /* rows the daemon had */
	int64_t would[4];   /* created, updated, skipped, failed */
	int64_t shown;      /* last figure, -1: none */
	struct json_object *troubles, *unknown;
};

/* Sends rows to the daemon; *answer as of ctl_call(). */
int import_post(struct importing *m, const struct buf *rows, bool dry_run,
		struct json_object **answer);

/* ---- import_preview.c ---------------------------------------------------- */

/* Notes what is wrong with the row of a line. */
void import_trouble(struct importing *m, int64_t line, const char *what);
/* The same of a row nobody can read; ctx is the import. */
void import_wrong(void *ctx, int64_t line, const char *why);
void import_print_troubles(struct importing *m);
/* An array that is a member, and how long it is. */
struct json_object *import_list(struct json_object *o, const char *name,
				size_t *n);
/* Has the CRM say what it would do with these. */
int import_preview_piece(struct importing *m, const struct buf *rows);
void import_tell_preview(struct importing *m);

#endif
