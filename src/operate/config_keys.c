/* SPDX-License-Identifier: MIT */
/*
 * Reads the parts of the table of keys as the one table it is: a row per key
 * with name, type, range, default as text, help and where it goes. The rows
 * stand in config_keys_*.c; tests/unit/test_config_docs compares the sample
 * file and the man page with them.
 */
#include "operate/config_keys_internal.h"

/* In the order of the sample file and the man page. */
static const struct key_table *const tables[] = {
    &keys_top,
    &keys_destinations,
    &keys_sources,
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

size_t key_count(void)
{
	size_t n = 0;
	for (size_t t = 0; t < TABLES; t++)
		n += tables[t]->n;
	return n;
}

const struct key *key_at(size_t i)
{
	for (size_t t = 0; t < TABLES; t++) {
		if (i < tables[t]->n)
			return &tables[t]->rows[i];
		i -= tables[t]->n;
	}
	return NULL;
}

size_t key_index(const struct key *k)
{
	size_t i = 0;
	while (key_at(i) != k)
		i++;
	return i;
}

const struct key *key_find(enum key_section section, struct str name)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section == section && str_eq(str_from(k->name), name))
			return k;
	}
	return NULL;
}

bool key_has_children(enum key_section section, struct str name)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		struct str one = str_from(k->name);
		if (k->section == section && one.n > name.n &&
		    one.p[name.n] == '.' && str_starts(one, name))
			return true;
	}
	return false;
}
