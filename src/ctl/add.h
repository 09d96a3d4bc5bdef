/* SPDX-License-Identifier: MIT */
/* A piece of configuration that is being added; see add.c. */
#ifndef LB_CTL_ADD_H
#define LB_CTL_ADD_H

#include "ctl/ctl.h"
#include "leadbridge/buf.h"

struct config;

enum { ADDITION_FILES = 4 };

struct addition {
	struct ctl *ctl;
	const char *kind, *name; /* "source", "shop" */
	char *folder;            /* of the configuration */
	struct buf text;         /* the fragment */
	char *made[ADDITION_FILES];
	int n_made;
};

void addition_begin(struct addition *a, struct ctl *c, const char *kind,
		    const char *name);
void addition_set(struct addition *a, const char *key, const char *value);
/* Every --set key=value. */
int addition_set_others(struct addition *a);
/* A reference as given; "-": read from standard input and kept in a file. */
int addition_secret(struct addition *a, const char *key, const char *given);
int addition_new_token(struct addition *a);
/* Writes it, checks everything with it, reloads. *out is the configuration. */
int addition_finish(struct addition *a, struct config **out);
/* keep: false takes back every file that was made. */
void addition_end(struct addition *a, bool keep);

#endif
