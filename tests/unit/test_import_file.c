/* SPDX-License-Identifier: MIT */
/* What the columns of a file are taken for, and its rows as JSON. */
#include "operate/import_file.h"
#include "rows.h"

static const struct {
	const char *header, *means;
} GUESSES[] = {
    {"First Name", "first_name"},
    {"LAST_NAME", "last_name"},
    {"Full Name", "name"},
    {"Phone", "phone"},
    {"Mobile", "phone"},
    {"Mobile Phone Number", "phone"},
    {"Email", "email"},
    {"E-mail Address", "email"},
    {"Company Name", "custom field company"},
    {"Organization", "custom field company"},
    {"Lead Source (old)", "custom field lead_source_old"},
    {"Größe", "custom field grose"},
    {"", "left out"},
};

static void headers_are_guessed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(GUESSES); i++) {
		struct import_file f = {0};
		struct err err = {0};
		struct buf text;
		char means[128];
		buf_init(&text, 1024);
		buf_addf(&text, "x,\"%s\"\n1,2\n", GUESSES[i].header);
		check_row(GUESSES[i].header,
			  import_file_open(&f, buf_str(&text), 0, &err) == 0,
			  err.text);
		import_column_text(&f.columns[1], means, sizeof(means));
		check_text(GUESSES[i].header, str_from(means),
			   GUESSES[i].means);
		import_file_close(&f);
		buf_release(&text);
	}
}

static void no_wrong(void *ctx, int64_t line, const char *why)
{
	struct buf *said = ctx;
	buf_addf(said, "%d: %s\n", (int)line, why);
}

static const struct {
	const char *name, *text, *map, *rows, *wrong;
} FILES[] = {
    {"a row", "First Name,Last Name,Email\nAna,Ruiz,a@example.com\n", NULL,
     "{\"line\":2,\"first_name\":\"Ana\",\"last_name\":\"Ruiz\","
     "\"email\":\"a@example.com\",\"fields\":{}}",
     ""},
    {"the first phone that is filled in", "Phone,Mobile,Cell\n,5025550101,\n",
     NULL, "{\"line\":2,\"phone\":\"5025550101\",\"fields\":{}}", ""},
    {"further phones are fields", "Phone,Mobile\n5025550101,5025550102\n", NULL,
     "{\"line\":2,\"phone\":\"5025550101\",\"fields\":{\"mobile\":"
     "\"5025550102\"}}",
     ""},
    {"mapped", "Wer,Rest\nAna,x\n", "Wer=name",
     "{\"line\":2,\"name\":\"Ana\",\"fields\":{\"rest\":\"x\"}}", ""},
    {"mapped to a field", "Email,Rest\na@b.c,x\n", "rest=Old Notes",
     "{\"line\":2,\"email\":\"a@b.c\",\"fields\":{\"old_notes\":\"x\"}}", ""},
    {"left out", "Email,Rest\na@b.c,x\n", "Rest=-",
     "{\"line\":2,\"email\":\"a@b.c\",\"fields\":{}}", ""},
    {"an equals sign in the header", "Email,a=b\na@b.c,x\n", "a=b=c",
     "{\"line\":2,\"email\":\"a@b.c\",\"fields\":{\"c\":\"x\"}}", ""},
    {"rows that do not fit", "Email,Rest\na@b.c\nb@b.c,x,y\nc@b.c,z\n", NULL,
     "{\"line\":4,\"email\":\"c@b.c\",\"fields\":{\"rest\":\"z\"}}",
     "2: 1 fields, the header has 2\n3: 3 fields, the header has 2\n"},
};

static void rows_become_what_the_daemon_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(FILES); i++) {
		struct import_file f = {0};
		struct err err = {0};
		struct buf rows, wrong;
		size_t n;
		buf_init(&rows, 4096);
		buf_init(&wrong, 4096);
		const char *name = FILES[i].name;
		check_row(
		    name,
		    import_file_open(&f, str_from(FILES[i].text), 0, &err) == 0,
		    err.text);
		if (FILES[i].map != NULL)
			check_row(name,
				  import_file_map(&f, str_from(FILES[i].map),
						  &err) == 0,
				  err.text);
		check_row(name,
			  import_file_next(&f, &rows, &n, no_wrong, &wrong,
					   &err) == 1,
			  err.text);
		check_text(name, buf_str(&rows), FILES[i].rows);
		check_text(name, buf_str(&wrong), FILES[i].wrong);
		check_row(name, n == 1, "not one row");
		check_row(name,
			  import_file_next(&f, &rows, &n, no_wrong, &wrong,
					   &err) == 0,
			  "goes on");
		import_file_close(&f);
		buf_release(&rows);
		buf_release(&wrong);
	}
}

/* Pieces are cut by records, so that what is wrong in one moves no other. */
static void pieces_do_not_depend_on_what_is_wrong(void **state)
{
	struct import_file f = {0};
	struct err err = {0};
	struct buf text, rows, wrong;
	size_t n;
	(void)state;
	buf_init(&text, 1 << 20);
	buf_init(&rows, 1 << 20);
	buf_init(&wrong, 4096);
	buf_addf(&text, "Name\nx,y\n");
	for (int i = 0; i < 700; i++)
		buf_addf(&text, "n%d\n", i);
	assert_int_equal(import_file_open(&f, buf_str(&text), ',', &err), 0);
	assert_int_equal(f.rows, 701);
	assert_int_equal(
	    import_file_next(&f, &rows, &n, no_wrong, &wrong, &err), 1);
	assert_int_equal(n, IMPORT_ROWS - 1);
	assert_int_equal(
	    import_file_next(&f, &rows, &n, no_wrong, &wrong, &err), 1);
	assert_int_equal(n, 201);
	import_file_close(&f);
	buf_release(&text);
	buf_release(&rows);
	buf_release(&wrong);
}

static void options_are_told_apart(void **state)
{
	struct import_file f = {0};
	struct err err = {0};
	char a[65], b[65], c[65];
	(void)state;
	struct str text = STR("Email,Rest\na@b.c,x\n");
	assert_int_equal(import_file_open(&f, text, 0, &err), 0);
	import_file_options(&f, STR("country=US"), a);
	import_file_options(&f, STR("country=GB"), b);
	assert_int_equal(import_file_map(&f, STR("Rest=-"), &err), 0);
	import_file_options(&f, STR("country=US"), c);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(import_file_map(&f, STR("Colour=name"), &err),
			 LB_EINVAL);
	assert_int_equal(import_file_map(&f, STR("Email"), &err), LB_EINVAL);
	assert_int_equal(import_file_map(&f, STR("Email="), &err), LB_EINVAL);
	import_file_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_are_guessed),
	    cmocka_unit_test(rows_become_what_the_daemon_takes),
	    cmocka_unit_test(pieces_do_not_depend_on_what_is_wrong),
	    cmocka_unit_test(options_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
