/* SPDX-License-Identifier: MIT */
/*
 * libyaml's events into a tree, without recursion. The only user of libyaml.
 * Knows nothing of keys; the configuration reader walks the tree. Loop thread
 * or a command line; pure but for the arena.
 */
#include "operate/yaml_tree.h"

#include <stdio.h>

#include <yaml.h>

struct level {
	struct node *node; /* the list or mapping being filled */
	bool has_key;      /* MAP: the key was read, its value comes next */
	struct str key;
	int key_line, key_column;
};

struct builder {
	struct arena *arena;
	yaml_report report;
	void *ctx;
	unsigned file;
	int documents;
	bool failed; /* something was reported */
	bool broken; /* the rest cannot be read */
	bool done;
	struct node *root;
	struct level levels[YAML_TREE_DEPTH];
	size_t depth;
};

static int at_line(const yaml_mark_t *m)
{
	return (int)m->line + 1;
}

static int at_column(const yaml_mark_t *m)
{
	return (int)m->column + 1;
}

static void complain(struct builder *b, int line, int column, const char *text)
{
	b->failed = true;
	b->report(b->ctx, line, column, text);
}

static void complain_at(struct builder *b, const yaml_event_t *e,
			const char *text)
{
	complain(b, at_line(&e->start_mark), at_column(&e->start_mark), text);
}

void node_append(struct node *parent, struct node *child)
{
	child->next = NULL;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

struct node *node_get(const struct node *map, struct str key)
{
	NODE_EACH(child, map)
	if (str_eq(child->key, key))
		return child;
	return NULL;
}

struct node *node_text(struct arena *a, struct str text)
{
	struct node *n = arena_alloc(a, sizeof(*n));
	n->kind = NODE_TEXT;
	n->text = arena_copy(a, text);
	return n;
}

/* A mapping's member: refused when it is there already or is a merge key. */
static void add_member(struct builder *b, struct level *l, struct node *n)
{
	l->has_key = false;
	n->key = l->key;
	n->key_line = l->key_line;
	n->key_column = l->key_column;
	const struct node *twin = node_get(l->node, n->key);
	char text[160];
	if (twin != NULL) {
		snprintf(text, sizeof(text),
			 "key '%.*s' is given twice (first at line %d)",
			 (int)(n->key.n < 64 ? n->key.n : 64), n->key.p,
			 twin->key_line);
		complain(b, n->key_line, n->key_column, text);
		return;
	}
	if (l->node->count == YAML_TREE_MEMBERS) {
		complain(b, n->key_line, n->key_column,
			 "too many keys in one mapping");
		b->broken = true;
		return;
	}
	node_append(l->node, n);
}

static void add_node(struct builder *b, struct node *n)
{
	if (b->depth == 0) {
		b->root = n;
		return;
	}
	struct level *l = &b->levels[b->depth - 1];
	if (l->node->kind == NODE_LIST)
		node_append(l->node, n);
	else
		add_member(b, l, n);
}

static struct node *new_node(struct builder *b, const yaml_event_t *e,
			     enum node_kind kind)
{
	struct node *n = arena_alloc(b->arena, sizeof(*n));
	n->kind = kind;
	n->file = b->file;
	n->line = at_line(&e->start_mark);
	n->column = at_column(&e->start_mark);
	return n;
}

/* Whether the next node is the key of a mapping. */
static bool key_is_due(const struct builder *b)
{
	return b->depth > 0 && b->levels[b->depth - 1].node->kind == NODE_MAP &&
	       !b->levels[b->depth - 1].has_key;
}

static void open_node(struct builder *b, const yaml_event_t *e,
		      enum node_kind kind)
{
	if (key_is_due(b)) {
		complain_at(b, e, "a key must be plain text");
		b->broken = true;
		return;
	}
	if (b->depth == YAML_TREE_DEPTH) {
		complain_at(b, e, "nested too deeply");
		b->broken = true;
		return;
	}
	struct node *n = new_node(b, e, kind);
	add_node(b, n);
	b->levels[b->depth++] = (struct level){.node = n};
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
			return true;
	}
	return false;
}

static void add_key(struct builder *b, const yaml_event_t *e, struct str text)
{
	struct level *l = &b->levels[b->depth - 1];
	l->has_key = true;
	l->key = text;
	l->key_line = at_line(&e->start_mark);
	l->key_column = at_column(&e->start_mark);
	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    str_eq(text, STR("<<")))
		complain_at(b, e, "merge keys (<<) are not supported");
}

static void take_scalar(struct builder *b, const yaml_event_t *e)
{
	struct str raw = {(const char *)e->data.scalar.value,
			  e->data.scalar.length};
	if (has_control(raw)) {
		complain_at(b, e, "control character");
		raw = STR("");
	}
	struct str text = arena_copy(b->arena, raw);
	if (key_is_due(b)) {
		add_key(b, e, text);
		return;
	}
	struct node *n = new_node(b, e, NODE_TEXT);
	n->text = text;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	add_node(b, n);
}

static void refuse_extras(struct builder *b, const yaml_event_t *e,
			  const void *anchor, const void *tag)
{
	if (anchor != NULL)
		complain_at(b, e, "anchors (&name) are not supported");
	if (tag != NULL)
		complain_at(b, e, "tags (!name) are not supported");
}

static void take_alias(struct builder *b, const yaml_event_t *e)
{
	complain_at(b, e, "aliases (*name) are not supported");
	if (key_is_due(b))
		b->broken = true;
	else
		add_node(b, new_node(b, e, NODE_TEXT));
}

static void take_document(struct builder *b, const yaml_event_t *e)
{
	if (b->documents++ > 0) {
		complain_at(b, e, "a second document is not supported");
		b->broken = true;
	}
	if (e->data.document_start.version_directive != NULL ||
	    e->data.document_start.tag_directives.start !=
		e->data.document_start.tag_directives.end)
		complain_at(b, e, "directives (%) are not supported");
}

/* One call per case. */
static void take_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		take_document(b, e);
		break;
	case YAML_ALIAS_EVENT:
		take_alias(b, e);
		break;
	case YAML_SCALAR_EVENT:
		refuse_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag);
		take_scalar(b, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse_extras(b, e, e->data.sequence_start.anchor,
			      e->data.sequence_start.tag);
		open_node(b, e, NODE_LIST);
		break;
	case YAML_MAPPING_START_EVENT:
		refuse_extras(b, e, e->data.mapping_start.anchor,
			      e->data.mapping_start.tag);
		open_node(b, e, NODE_MAP);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		break;
	case YAML_STREAM_END_EVENT:
		b->done = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

/* Reader errors (bytes that are no UTF-8) come with an offset only. */
static void complain_parser(struct builder *b, const yaml_parser_t *p,
			    struct str text)
{
	int line = at_line(&p->problem_mark);
	int column = at_column(&p->problem_mark);
	if (p->error == YAML_READER_ERROR) {
		line = column = 1;
		for (size_t i = 0; i < p->problem_offset && i < text.n; i++) {
			column = text.p[i] == '\n' ? 1 : column + 1;
			line += text.p[i] == '\n' ? 1 : 0;
		}
	}
	char sentence[300], where[120] = "";
	if (p->context != NULL && p->context_mark.line < p->problem_mark.line)
		snprintf(where, sizeof(where), " (%s, begun at %d:%d)",
			 p->context, at_line(&p->context_mark),
			 at_column(&p->context_mark));
	snprintf(sentence, sizeof(sentence), "not valid YAML: %s%s",
		 p->problem != NULL ? p->problem : "cannot be read", where);
	complain(b, line, column, sentence);
}

static void find_tabs(struct builder *b, struct str text)
{
	int line = 1, column = 1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\t') {
			complain(b, line, column,
				 "tab character (indent with spaces; write "
				 "\\t inside double quotes)");
			return;
		}
		column = text.p[i] == '\n' ? 1 : column + 1;
		line += text.p[i] == '\n' ? 1 : 0;
	}
}

static void parse_events(struct builder *b, yaml_parser_t *p, struct str text)
{
	while (!b->done && !b->broken) {
		yaml_event_t e;
		if (!yaml_parser_parse(p, &e)) {
			complain_parser(b, p, text);
			b->broken = true;
			return;
		}
		take_event(b, &e);
		yaml_event_delete(&e);
	}
}

/* The byte order mark some editors put in front. libyaml skips it only where
 * it may guess the encoding, and then it would take UTF-16, too. */
static struct str without_mark(struct str text)
{
	struct str mark = STR("\xef\xbb\xbf");
	return str_starts(text, mark) ? str_sub(text, mark.n, text.n) : text;
}

int yaml_tree_parse(struct arena *a, struct str text, unsigned file,
		    struct node **root, yaml_report report, void *ctx)
{
	struct builder b = {
	    .arena = a, .report = report, .ctx = ctx, .file = file};
	yaml_parser_t parser;
	*root = NULL;
	if (text.n > YAML_TREE_BYTES) {
		complain(&b, 0, 0, "larger than 1 MiB");
		return LB_ELIMIT;
	}
	text = without_mark(text);
	find_tabs(&b, text);
	if (b.failed)
		return LB_EINVAL;
	if (!yaml_parser_initialize(&parser)) {
		complain(&b, 0, 0, "libyaml does not start");
		return LB_ESYSTEM;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)(text.p != NULL ? text.p : ""),
	    text.n);
	parse_events(&b, &parser, text);
	yaml_parser_delete(&parser);
	if (b.broken)
		return LB_EINVAL;
	*root = b.root;
	return b.failed ? LB_EDENIED : 0;
}
