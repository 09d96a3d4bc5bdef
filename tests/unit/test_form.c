/* SPDX-License-Identifier: MIT */
/* Urlencoded forms: brackets, lists, odd names, odd bytes, ceilings. */
#include "payload/payload.h"
#include "rows.h"

static const struct payload_limits LIMITS = {.depth = 9, .values = 20000};

static const struct {
	const char *name, *text, *json;
} READ[] = {
    {"nothing", "", "{}"},
    {"one field", "a=1", "{\"a\":\"1\"}"},
    {"blank segments", "&&a=1&&b=2&", "{\"a\":\"1\",\"b\":\"2\"}"},
    {"no equals sign", "a&b=", "{\"a\":\"\",\"b\":\"\"}"},
    {"equals sign in the value", "a=b=c", "{\"a\":\"b=c\"}"},
    {"empty name", "=x", "{\"\":\"x\"}"},
    {"decoding",
     "name=Jane+Doe&email=Jane%40Example.com&phone=%28520%29+555-0123",
     "{\"name\":\"Jane Doe\",\"email\":\"Jane@Example.com\","
     "\"phone\":\"(520) 555-0123\"}"},
    {"decoded once", "a=%2541&b=%26%3D", "{\"a\":\"%41\",\"b\":\"&=\"}"},
    {"lone percent", "a=100%&b=%zz", "{\"a\":\"100%\",\"b\":\"%zz\"}"},
    {"NUL", "a%00=b%00c",
     "{\"a\xef\xbf\xbd\":\"b\xef\xbf\xbd"
     "c\"}"},
    {"UTF-8", "a=%C3%A9", "{\"a\":\"\xc3\xa9\"}"},
    {"windows-1252", "a=%E9%80+%93&b=%C3%A9",
     "{\"a\":\"\xc3\xa9\xe2\x82\xac \xe2\x80\x9c\",\"b\":\"\xc3\xa9\"}"},
    {"windows-1252 name", "pr%E9nom=Zo%EB",
     "{\"pr\xc3\xa9nom\":\"Zo\xc3\xab\"}"},
    {"windows-1252 with NUL", "a=%E9%00", "{\"a\":\"\xc3\xa9\xef\xbf\xbd\"}"},
    {"a name given again", "a=1&b=x&a=2&a=3",
     "{\"a\":[\"1\",\"2\",\"3\"],\"b\":\"x\"}"},
    {"list", "a[]=1&a[]=2", "{\"a\":[\"1\",\"2\"]}"},
    {"list of one", "a%5B%5D=1", "{\"a\":[\"1\"]}"},
    {"numbered list", "a[0]=x&a[1]=y", "{\"a\":[\"x\",\"y\"]}"},
    {"numbers with a gap", "a[0]=x&a[2]=y",
     "{\"a\":{\"0\":\"x\",\"2\":\"y\"}}"},
    {"numbers from one", "a[1]=x&a[2]=y", "{\"a\":{\"1\":\"x\",\"2\":\"y\"}}"},
    {"number with a zero", "a[00]=x", "{\"a\":{\"00\":\"x\"}}"},
    {"minus nought", "a[-0]=x", "{\"a\":{\"-0\":\"x\"}}"},
    {"list of objects", "a[0][n]=x&a[0][v]=y&a[1][n]=z",
     "{\"a\":[{\"n\":\"x\",\"v\":\"y\"},{\"n\":\"z\"}]}"},
    {"each [] is new", "a[][n]=x&a[][n]=y",
     "{\"a\":[{\"n\":\"x\"},{\"n\":\"y\"}]}"},
    {"object", "form[id]=7&fields[email][type]=email&fields[email][value]=x",
     "{\"form\":{\"id\":\"7\"},"
     "\"fields\":{\"email\":{\"type\":\"email\",\"value\":\"x\"}}}"},
    {"member given again", "a[b]=1&a[b]=2", "{\"a\":{\"b\":[\"1\",\"2\"]}}"},
    {"text in the way", "a=1&a[b]=2", "{\"a\":\"1\",\"a[b]\":\"2\"}"},
    {"list in the way", "a=1&a=2&a[]=3", "{\"a\":[\"1\",\"2\"],\"a[]\":\"3\"}"},
    {"text where [] would go", "a[1]=z&a[][y]=x",
     "{\"a\":{\"1\":\"z\"},\"a[][y]\":\"x\"}"},
    {"text onto an object", "a[b]=1&a=2&a=3",
     "{\"a\":{\"b\":\"1\",\"\":[\"2\",\"3\"]}}"},
    {"unclosed bracket", "a[b=1", "{\"a[b\":\"1\"}"},
    {"text behind a bracket", "a[b]c=1", "{\"a[b]c\":\"1\"}"},
    {"bracket first", "[a]=1", "{\"[a]\":\"1\"}"},
    {"stray closing bracket", "a]=1", "{\"a]\":\"1\"}"},
    {"bracket in a bracket", "a[b[c]=1", "{\"a\":{\"b[c\":\"1\"}}"},
    {"seven brackets", "a[b][c][d][e][f][g][h]=1",
     "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":\"1\"}}}}}}}}"},
};

static void fields_become_one_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(READ); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		int rc =
		    payload_form(&a, str_from(READ[i].text), &LIMITS, &v, &err);
		check_row(READ[i].name, rc == 0, err.text);
		check_json(READ[i].name, v, READ[i].json);
		arena_release(&a);
	}
}

static int parse(struct str text, struct payload_limits limits, uint32_t *count)
{
	struct arena a = {0};
	struct value *v = NULL;
	int rc = payload_form(&a, text, &limits, &v, NULL);
	if (rc == 0 && count != NULL)
		*count = v->count;
	arena_release(&a);
	return rc;
}

static void ceilings_hold(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		size_t values;
		int code;
	} rows[] = {
	    {"two fields and the object", "a=1&b=2", 3, 0},
	    {"one too many", "a=1&b=2&c=3", 3, LB_ELIMIT},
	    {"containers count", "a[b]=1", 3, 0},
	    {"containers count too", "a[b][c]=1", 3, LB_ELIMIT},
	    {"a list counts", "a=1&a=2", 4, 0},
	    {"a list of two", "a=1&a=2", 3, LB_ELIMIT},
	    {"not even the object", "", 0, LB_ELIMIT},
	    {"nine levels", "a[b][c][d][e][f][g][h][i]=1", 99, LB_ELIMIT},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct payload_limits limits = {.depth = 9,
						.values = rows[i].values};
		int rc = parse(str_from(rows[i].text), limits, NULL);
		check_row(rows[i].name, rc == rows[i].code, "other result");
	}
	char deep[4000];
	memset(deep, 0, sizeof(deep));
	deep[0] = 'a';
	for (size_t i = 0; i < 1000; i++)
		memcpy(deep + 1 + 3 * i, "[b]", 3);
	struct payload_limits wide = {.depth = 5000, .values = 5000};
	assert_int_equal(parse(str_from(deep), wide, NULL), LB_ELIMIT);
}

static void many_fields_stay_cheap(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 9000; i++)
		buf_addf(&b, "&k%d=1&list[]=2", i);
	uint32_t count = 0;
	assert_int_equal(parse(buf_str(&b), LIMITS, &count), 0);
	assert_int_equal(count, 9001);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_become_one_tree),
	    cmocka_unit_test(ceilings_hold),
	    cmocka_unit_test(many_fields_stay_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
