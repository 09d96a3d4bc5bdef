/* SPDX-License-Identifier: MIT */
/* The command line of leadbridged. */
#ifndef LB_OPTIONS_H
#define LB_OPTIONS_H

#include "leadbridge/err.h"

enum action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_PRINT_CONFIG,
	ACTION_PRINT_SAMPLE,
	ACTION_PRINT_MANUAL,
	ACTION_LIST_PLATFORMS,
	ACTION_VERSION,
	ACTION_HELP,
};

struct options {
	enum action action;
	const char *config; /* path */
};

/* LB_EINVAL: wrong usage, said on stderr. */
LB_MUST_CHECK int options_parse(int argc, char **argv, struct options *out);
/* Everything but ACTION_RUN; returns the exit status. */
int options_act(const struct options *o);

/* Prints every problem, sorted, to stderr. */
struct config_problems;
void options_print_problems(const struct config_problems *problems);

#endif
