/* SPDX-License-Identifier: MIT */
/*
 * Platforms described in YAML: finds the files, reads them into struct
 * profile, reports what is wrong with file, line and column. docs/profiles.md
 * describes the format. Runs where the configuration is loaded.
 */
#ifndef LB_PROFILES_H
#define LB_PROFILES_H

#include "operate/config_values.h"
#include "sources/profile.h"

struct profile_list {
	struct profile **v;
	size_t n;
};

/* All profiles of the folders, in order; a platform of a later folder takes
 * the place of an earlier one. Folders that are not there hold nothing. */
void profiles_read(struct reader *r, const char *const *folders,
		   struct profile_list *out);
/* Those of the default folders. */
void profiles_installed(struct profile_list *out,
			struct config_problems *problems);
/* As the configuration wants it: key `profiles`, else the environment's
 * LEADBRIDGE_PROFILES, else the installed folder and /etc. */
void profiles_load(struct reader *r, const struct node *root);
/* Compiles what a source uses, and those of all folders but the first: the
 * operator's own, which nobody has tested. */
void profiles_compile(struct reader *r);
struct profile *profiles_find(const struct profile_list *list,
			      struct str platform);
void profiles_release(struct profile_list *list);

#endif
