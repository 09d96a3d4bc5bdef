/* SPDX-License-Identifier: MIT */
/*
 * THE table of configuration keys: one row per key. It feeds the reader,
 * --check, --print-config, the sample file and leadbridge.yaml(5). A dotted
 * name is a nested key; a key and its dotted children may both exist (a text,
 * or a mapping).
 */
#ifndef LB_CONFIG_KEYS_H
#define LB_CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "leadbridge/config.h"

enum key_section {                      /* which struct a row belongs to */
		   SECTION_TOP,         /* struct config */
		   SECTION_LISTEN,      /* struct listen_config */
		   SECTION_DESTINATION, /* struct destination_config */
		   SECTION_SOURCE,      /* struct source */
};
#define SECTIONS 4

enum key_type {                /* how a value is written -> what the field is */
		KEY_BOOL,      /* bool */
		KEY_INT,       /* int64_t */
		KEY_DURATION,  /* int64_t ms */
		KEY_SIZE,      /* int64_t bytes */
		KEY_BODY_SIZE, /* size_t bytes */
		KEY_BYTE_RATE, /* "1KiB/s" -> int64_t bytes per second */
		KEY_TEXT,      /* char * */
		KEY_WORD,      /* char *, one of choices */
		KEY_CHOICE,    /* enum: position in choices */
		KEY_EITHER,    /* bool: false is the first choice */
		KEY_PATH,      /* char *, a file */
		KEY_URL,       /* char *, http or https */
		KEY_UUID,      /* char * */
		KEY_COUNTRY,   /* char *, a region of the phone table */
		KEY_PLATFORM,  /* const struct source_ops * */
		KEY_FIELD,     /* char *, a value path */
		KEY_EVENT_ID,  /* char *: header:NAME, value path, hash */
		KEY_EXPECT,    /* char *: "1 per 6h [08:00-20:00]" */
		KEY_SECRET,    /* struct secret */
		KEY_SECRETS,   /* struct secrets */
		KEY_NAMED_SECRET, /* "name<sep>SECRET": char *, and struct
				   * secrets at offset2; sep is choices */
		KEY_TOKENS,       /* struct named_secret *, size_t at offset2 */
		KEY_HEADERS,      /* struct header_rule *, size_t at offset2 */
		KEY_TEXTS,        /* struct text_list */
		KEY_RATES,        /* struct rate_list */
		KEY_DURATIONS,    /* struct duration_list */
		KEY_NETWORKS,     /* struct network_list */
		KEY_MAP,          /* struct text_map */
		KEY_FIELD_MAP,    /* struct text_map of expressions */
		KEY_EXPRESSION,   /* char *, compiled with the source */
		KEY_OUTCOMES,     /* struct outcome_override *, size_t */
		KEY_LISTEN,       /* list of SECTION_LISTEN */
		KEY_DESTINATIONS, /* mapping of SECTION_DESTINATION */
		KEY_SOURCES,      /* mapping of SECTION_SOURCE */
};
#define KEY_TYPES 34

enum key_flags {
	KEY_REQUIRED = 1,
	KEY_RESTART = 2, /* a change needs a restart; all others reload */
	KEY_HIDDEN = 4,  /* shown as "***" though it is no secret type */
	KEY_PROOF = 8,   /* literal values prove a sender: warn */
	KEY_SHOWN = 16,  /* active in the sample file */
};

struct key {
	enum key_section section;
	const char *name;
	enum key_type type;
	unsigned flags;
	size_t offset, offset2;
	int64_t min, max;    /* both 0: no range beyond the type's own */
	const char *choices; /* words, separated by one blank */
	const char *def;     /* default, as it would be written; or NULL */
	const char *example; /* for the sample, where there is no default */
	const char *help;    /* one or two sentences */
};

/* NULL after the last; rows of a section stand together, groups too. */
const struct key *key_at(size_t i);
size_t key_count(void);
/* Of a row of the table: key_at(key_index(k)) == k. */
size_t key_index(const struct key *k);
/* Exact dotted name, or NULL. */
const struct key *key_find(enum key_section section, struct str name);
/* Whether rows "name.…" exist. */
bool key_has_children(enum key_section section, struct str name);

static inline void *key_field(const struct key *k, void *base)
{
	return (char *)base + k->offset;
}
static inline const void *key_field_of(const struct key *k, const void *base)
{
	return (const char *)base + k->offset;
}

#endif
