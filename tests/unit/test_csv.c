/* SPDX-License-Identifier: MIT */
/* Files of records as spreadsheets write them, and those nobody can read. */
#include "payload/csv.h"
#include "rows.h"

/* Each record as "LINE:a|b\n". */
static int read_all(struct arena *a, const char *text, size_t n, char delimiter,
		    struct buf *out, struct err *err)
{
	struct csv csv;
	struct csv_record r;
	int rc = csv_start(&csv, (struct str){text, n}, delimiter, err);
	if (rc != 0)
		return rc;
	while ((rc = csv_next(&csv, a, &r, err)) == 1) {
		buf_addf(out, "%d:", (int)r.line);
		for (size_t i = 0; i < r.n; i++)
			buf_addf(out, "%s%.*s", i > 0 ? "|" : "",
				 STR_FMT(r.fields[i]));
		buf_add_char(out, '\n');
	}
	return rc;
}

static const struct {
	const char *name, *text, *records;
	char delimiter;
} GOOD[] = {
    {"plain", "a,b\n1,2\n", "1:a|b\n2:1|2\n", 0},
    {"CRLF", "a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n", 0},
    {"no line end at the end", "a,b\n1,2", "1:a|b\n2:1|2\n", 0},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a,b\n1,2\n",
     "1:a|b\n2:1|2\n", 0},
    {"quoted", "a,b\n\"1,5\",\"x\"\n", "1:a|b\n2:1,5|x\n", 0},
    {"doubled quotes", "a\n\"say \"\"hi\"\"\"\n\"\"\"\"\n",
     "1:a\n2:say \"hi\"\n3:\"\n", 0},
    {"lines inside", "a,b\n\"x\r\ny\nz\",2\n3,4\n",
     "1:a|b\n2:x\r\ny\nz|2\n5:3|4\n", 0},
    {"empty fields", "a,b,c\n,,\n\"\",x,\n", "1:a|b|c\n2:||\n3:|x|\n", 0},
    {"blank lines", "\n\na\n\r\n\n1\n\n", "3:a\n6:1\n", 0},
    {"semicolons", "a;b\n\"1;5\";1,5\n", "1:a|b\n2:1;5|1,5\n", 0},
    {"tabs", "a\tb\n1\t2\n", "1:a|b\n2:1|2\n", 0},
    {"delimiters in a quoted header", "\"a,b,c\";d\n1;2\n",
     "1:a,b,c|d\n2:1|2\n", 0},
    {"told", "a,b|c\n1,2|3\n", "1:a,b|c\n2:1,2|3\n", '|'},
    {"one column", "a\n1\n", "1:a\n2:1\n", 0},
    {"blanks are data", " a , b \n", "1: a | b \n", 0},
    {"other alphabets", "имя,été\nАня,né\n", "1:имя|été\n2:Аня|né\n", 0},
    {"nothing", "", "", 0},
};

static void records_come_with_their_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(GOOD); i++) {
		struct arena a = {0};
		struct err err = {0};
		struct buf out;
		buf_init(&out, 4096);
		int rc = read_all(&a, GOOD[i].text, strlen(GOOD[i].text),
				  GOOD[i].delimiter, &out, &err);
		check_row(GOOD[i].name, rc == 0, err.text);
		/* With '|' as the delimiter the fields read alike. */
		check_text(GOOD[i].name, buf_str(&out), GOOD[i].records);
		buf_release(&out);
		arena_release(&a);
	}
}

#define BAD(name, text, says)                                                  \
	{                                                                      \
		name, text, sizeof(text) - 1, says                             \
	}

static const struct {
	const char *name, *text;
	size_t n;
	const char *says;
} WRONG[] = {
    BAD("quote in a plain field", "a\nx\"y\n", "line 2: a quote inside"),
    BAD("text behind a quote", "a\n\"x\"y\n", "line 2: text behind"),
    BAD("never ends", "a\nb\n\"x\ny\nz", "line 3: a quoted field"),
    BAD("CR alone", "a\rb\n", "line 1: a CR"),
    BAD("Latin-1", "a\n\xe9t\xe9\n", "line 2: not UTF-8"),
    BAD("NUL", "a\n1\0002\n", "line 2: a NUL"),
    BAD("UTF-16",
	"\xFF\xFE"
	"a\0",
	"UTF-16"),
};

static void what_is_no_such_file_is_said_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(WRONG); i++) {
		struct arena a = {0};
		struct err err = {0};
		struct buf out;
		buf_init(&out, 4096);
		int rc = read_all(&a, WRONG[i].text, WRONG[i].n, 0, &out, &err);
		check_row(WRONG[i].name, rc == LB_EINVAL, "was taken");
		check_row(WRONG[i].name,
			  strstr(err.text, WRONG[i].says) != NULL, err.text);
		buf_release(&out);
		arena_release(&a);
	}
}

static int read_repeated(const char *piece, size_t times, struct err *err)
{
	struct arena a = {0};
	struct buf text, out;
	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 21);
	for (size_t i = 0; i < times; i++)
		buf_add_str(&text, str_from(piece));
	int rc = read_all(&a, text.p, text.n, ',', &out, err);
	buf_release(&out);
	buf_release(&text);
	arena_release(&a);
	return rc;
}

static void what_has_no_end_is_refused(void **state)
{
	struct err err = {0};
	(void)state;
	assert_int_equal(read_repeated("a,", CSV_FIELDS_MAX - 1, &err), 0);
	assert_int_equal(read_repeated("a,", CSV_FIELDS_MAX, &err), LB_EINVAL);
	assert_non_null(strstr(err.text, "too many fields"));
	assert_int_equal(read_repeated("ab", CSV_RECORD_MAX, &err), LB_EINVAL);
	assert_non_null(strstr(err.text, "too long"));
	assert_int_equal(read_repeated("\"a", CSV_RECORD_MAX, &err), LB_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_with_their_lines),
	    cmocka_unit_test(what_is_no_such_file_is_said_with_its_line),
	    cmocka_unit_test(what_has_no_end_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
