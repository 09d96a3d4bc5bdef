/* SPDX-License-Identifier: MIT */
/*
 * The parts of the table of configuration keys, each in a file of its own, and
 * what their rows are written with.
 */
#ifndef LB_CONFIG_KEYS_INTERNAL_H
#define LB_CONFIG_KEYS_INTERNAL_H

#include "operate/config_keys.h"

#define AT(type, field) offsetof(struct type, field)

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

struct key_table {
	const struct key *rows;
	size_t n;
};
#define KEY_TABLE(keys)                                                        \
	{                                                                      \
		(keys), sizeof(keys) / sizeof((keys)[0])                       \
	}

extern const struct key_table keys_top, keys_destinations, keys_sources;

#endif
