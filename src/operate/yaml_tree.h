/* SPDX-License-Identifier: MIT */
/*
 * A YAML (or JSON) text as a small tree in which every node knows its line and
 * column. All scalars are text until the key table says otherwise. What makes
 * YAML surprising is refused: anchors, aliases, tags, merge keys, several
 * documents, duplicate keys, tabs. Everything has a ceiling.
 */
#ifndef LB_YAML_TREE_H
#define LB_YAML_TREE_H

#include "leadbridge/arena.h"
#include "leadbridge/str.h"

enum yaml_tree_limits {
	YAML_TREE_BYTES = 1024 * 1024,
	YAML_TREE_DEPTH = 16,
	YAML_TREE_MEMBERS = 10000, /* of one mapping */
};

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted;      /* TEXT: in quotes or a block */
	unsigned file;    /* as given to yaml_tree_parse */
	int line, column; /* of the value, 1-based */
	struct str key;   /* when this is a member of a mapping */
	int key_line, key_column;
	struct str text; /* TEXT: ends in NUL, holds none */
	size_t count;    /* LIST, MAP */
	struct node *first, *last, *next;
};

#define NODE_EACH(child, parent)                                               \
	for (struct node *child = (parent)->first; child != NULL;              \
	     child = child->next)

typedef void (*yaml_report)(void *ctx, int line, int column, const char *text);

/* Reports every problem it can go on after. LB_EDENIED: all was read, but
 * something in it is refused. Anything else that is not 0: the text could not
 * be read to its end, *root is NULL. *root is NULL for an empty text, too.
 * Nodes live in the arena. */
LB_MUST_CHECK int yaml_tree_parse(struct arena *a, struct str text,
				  unsigned file, struct node **root,
				  yaml_report report, void *ctx);
struct node *node_get(const struct node *map, struct str key);
/* Plain and empty: a key without a value. */
static inline bool node_is_empty(const struct node *n)
{
	return n->kind == NODE_TEXT && n->text.n == 0 && !n->quoted;
}
void node_append(struct node *parent, struct node *child);
/* A plain scalar outside of any file, for defaults. */
struct node *node_text(struct arena *a, struct str text);

#endif
