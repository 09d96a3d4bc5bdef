/* SPDX-License-Identifier: MIT */
/*
 * The key `map`: a mapping of fields to expressions, or "file:PATH" of a whole
 * program. A file is read when the configuration is, and its text is kept as
 * the one entry of the map, under the reference. What is wrong in a program is
 * said by source_prepare(), where all of it is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lead/mapping.h"
#include "operate/config_values.h"

static bool is_whole(const struct text_map *map)
{
	return map->n == 1 &&
	       str_starts(str_from(map->v[0].from), STR("file:"));
}

static int read_program(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	int code = f == NULL ? -errno : 0;
	while (f != NULL && code == 0) {
		char *room = buf_room(out, 16384);
		size_t n = room != NULL ? fread(room, 1, 16384, f) : 0;
		out->n += n;
		if (n == 0)
			break;
	}
	if (f != NULL && ferror(f))
		code = -EIO;
	if (f != NULL)
		(void)fclose(f);
	return code;
}

/* The ceiling of an expression is said by the compiler, with its place. */
static void read_file_map(struct reader *r, const struct node *n,
			  struct text_map *map)
{
	struct buf text;
	buf_init(&text, MAPPING_TEXT_MAX + 32768);
	char *path = xstr_dup(str_sub(n->text, 5, n->text.n));
	int code = read_program(path, &text);
	bool full = text.n > MAPPING_TEXT_MAX;
	if (code != 0)
		problems_error(r->problems, place_of(r, n),
			       "'map': cannot read '%s': %s", path,
			       strerror(-code));
	else if (full || str_trim(buf_str(&text)).n == 0)
		problems_error(r->problems, place_of(r, n), "'map': '%s' is %s",
			       path, full ? "longer than 64 KiB" : "empty");
	else if (memchr(text.p, '\0', text.n) != NULL)
		problems_error(r->problems, place_of(r, n),
			       "'map': '%s' is no text", path);
	else
		map->v[map->n++] = (struct text_pair){
		    .from = xstr_dup(n->text), .to = xstr_dup(buf_str(&text))};
	buf_release(&text);
	free(path);
}

void read_field_map(struct reader *r, const struct key *k, const struct node *n,
		    void *base)
{
	struct text_map *map = key_field(k, base);
	if (n->kind != NODE_TEXT || n->text.n == 0) {
		read_map(r, k, n, base);
		return;
	}
	if (!str_starts(n->text, STR("file:/"))) {
		value_refuse(r, k, n, "a mapping, or file:/PATH");
		return;
	}
	map->v = xrealloc(map->v, (map->n + 1) * sizeof(*map->v));
	read_file_map(r, n, map);
}

void write_field_map(const struct key *k, const void *base, struct buf *out)
{
	const struct text_map *map = key_field_of(k, base);
	if (is_whole(map))
		buf_add_str(out, str_from(map->v[0].from));
	else
		write_map(k, base, out);
}
