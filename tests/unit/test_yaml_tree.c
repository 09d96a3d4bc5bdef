/* SPDX-License-Identifier: MIT */
/* The YAML tree: its shape and places, and everything that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "operate/yaml_tree.h"

static void note_problem(void *ctx, int line, int column, const char *text)
{
	struct buf *out = ctx;
	buf_addf(out, "%d:%d %s\n", line, column, text);
}

/* {a=x@1:4 b=[1@2:4]@2:4}@1:1: value and place of every node. */
static void dump(const struct node *n, struct buf *out)
{
	if (n->kind == NODE_TEXT)
		buf_addf(out, n->quoted ? "'%.*s'" : "%.*s", STR_FMT(n->text));
	if (n->kind == NODE_MAP)
		buf_add_char(out, '{');
	if (n->kind == NODE_LIST)
		buf_add_char(out, '[');
	NODE_EACH(child, n)
	{
		if (child != n->first)
			buf_add_char(out, ' ');
		if (n->kind == NODE_MAP)
			buf_addf(out, "%.*s=", STR_FMT(child->key));
		dump(child, out);
	}
	if (n->kind == NODE_MAP)
		buf_add_char(out, '}');
	if (n->kind == NODE_LIST)
		buf_add_char(out, ']');
	buf_addf(out, "@%d:%d", n->line, n->column);
}

struct row {
	const char *name, *input;
	const char *tree;     /* NULL: not looked at */
	const char *problems; /* "" for none */
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		struct buf problems, tree;
		struct node *root;
		arena_init(&arena);
		buf_init(&problems, 65536);
		buf_init(&tree, 65536);
		int code = yaml_tree_parse(&arena, str_from(rows[i].input), 0,
					   &root, note_problem, &problems);
		if (root != NULL)
			dump(root, &tree);
		if (!str_eq(buf_str(&problems), str_from(rows[i].problems)))
			fail_msg("%s: problems are\n%.*s", rows[i].name,
				 STR_FMT(buf_str(&problems)));
		if ((code == 0) != (problems.n == 0))
			fail_msg("%s: code %d", rows[i].name, code);
		if (rows[i].tree != NULL &&
		    !str_eq(buf_str(&tree), str_from(rows[i].tree)))
			fail_msg("%s: tree is %.*s", rows[i].name,
				 STR_FMT(buf_str(&tree)));
		buf_release(&problems);
		buf_release(&tree);
		arena_release(&arena);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_every_node_knows_its_place(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"empty file", "", "", ""},
	    {"comment only", "# nothing\n", "", ""},
	    {"block mapping", "a: x\nb:\n  c: 'y z'\n",
	     "{a=x@1:4 b={c='y z'@3:6}@3:3}@1:1", ""},
	    {"block list", "l:\n  - 1\n  - two\n",
	     "{l=[1@2:5 two@3:5]@2:3}@1:1", ""},
	    {"json", "{\"a\": [1, true, null], \"b\": {}}",
	     "{a=[1@1:8 true@1:11 null@1:17]@1:7 b={}@1:29}@1:1", ""},
	    {"a scalar stays text", "a: no\nb: 0x10\nc: 1e3\n",
	     "{a=no@1:4 b=0x10@2:4 c=1e3@3:4}@1:1", ""},
	    {"no value", "a:\nb: \"\"\n", "{a=@1:3 b=''@2:4}@1:1", ""},
	    {"columns count characters", "{\xC3\xA9: x}",
	     "{\xC3\xA9=x@1:5}@1:1", ""},
	    {"byte order mark",
	     "\xEF\xBB\xBF"
	     "a: x\nb: y\n",
	     "{a=x@1:4 b=y@2:4}@1:1", ""},
	    {"windows line ends", "a: x\r\nb: y\r\n", "{a=x@1:4 b=y@2:4}@1:1",
	     ""},
	    {"block text", "a: |\n  one\n  two\n", "{a='one\ntwo\n'@1:4}@1:1",
	     ""},
	};
	CHECK_ROWS(rows);
}

static void test_surprises_are_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"anchor", "a: &x 1\n", NULL,
	     "1:4 anchors (&name) are not supported\n"},
	    {"alias", "a: &x 1\nb: *x\n", NULL,
	     "1:4 anchors (&name) are not supported\n"
	     "2:4 aliases (*name) are not supported\n"},
	    {"alias as key", "*x : 1\n", NULL,
	     "1:1 aliases (*name) are not supported\n"},
	    {"tag", "a: !!int 1\n", NULL,
	     "1:4 tags (!name) are not supported\n"},
	    {"tagged mapping", "a: !x {b: c}\n", NULL,
	     "1:4 tags (!name) are not supported\n"},
	    {"merge key", "a:\n  <<: {b: c}\n", NULL,
	     "2:3 merge keys (<<) are not supported\n"},
	    {"second document", "a: 1\n---\nb: 2\n", NULL,
	     "2:1 a second document is not supported\n"},
	    {"directive", "%YAML 1.1\n---\na: 1\n", NULL,
	     "1:1 directives (%) are not supported\n"},
	    {"duplicate keys, all of them", "a: 1\na: 2\nb: {c: 1, c: 2}\n",
	     "{a=1@1:4 b={c=1@3:8}@3:4}@1:1",
	     "2:1 key 'a' is given twice (first at line 1)\n"
	     "3:11 key 'c' is given twice (first at line 3)\n"},
	    {"tab as indentation", "a:\n\tb: 1\n", NULL,
	     "2:1 tab character (indent with spaces; write \\t inside double "
	     "quotes)\n"},
	    {"tab behind a value", "a: 1\t# x\n", NULL,
	     "1:5 tab character (indent with spaces; write \\t inside double "
	     "quotes)\n"},
	    {"escaped tab is text", "a: \"x\\ty\"\n", "{a='x\ty'@1:4}@1:1", ""},
	    {"NUL", "a: \"x\\0y\"\n", NULL, "1:4 control character\n"},
	    {"escape character", "a: \"\\e[31m\"\n", NULL,
	     "1:4 control character\n"},
	    {"list as key", "? [a]\n: b\n", NULL,
	     "1:3 a key must be plain text\n"},
	    {"depth 17", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", NULL,
	     "1:17 nested too deeply\n"},
	    {"depth 16", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", NULL, ""},
	    {"syntax", "a: b: c\n", NULL,
	     "1:5 not valid YAML: mapping values are not allowed in this "
	     "context\n"},
	    {"open bracket", "a: [1, 2\nb: 3\n", NULL,
	     "2:2 not valid YAML: did not find expected ',' or ']' (while "
	     "parsing a flow sequence, begun at 1:4)\n"},
	    {"not UTF-8", "a: 1\nb: \xFF\n", NULL,
	     "2:4 not valid YAML: invalid leading UTF-8 octet\n"},
	};
	CHECK_ROWS(rows);
}

static void test_size_has_a_ceiling(void **state)
{
	(void)state;
	struct buf text, problems;
	struct arena arena;
	struct node *root;
	arena_init(&arena);
	buf_init(&text, 2 * YAML_TREE_BYTES);
	buf_init(&problems, 4096);
	while (text.n <= YAML_TREE_BYTES)
		buf_add_str(&text, STR("# a line of a very long file\n"));
	assert_int_equal(yaml_tree_parse(&arena, buf_str(&text), 0, &root,
					 note_problem, &problems),
			 LB_ELIMIT);
	assert_string_equal(problems.p, "0:0 larger than 1 MiB\n");
	buf_release(&text);
	buf_release(&problems);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_node_knows_its_place),
	    cmocka_unit_test(test_surprises_are_refused),
	    cmocka_unit_test(test_size_has_a_ceiling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
