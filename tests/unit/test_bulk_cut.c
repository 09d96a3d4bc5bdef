/* SPDX-License-Identifier: MIT */
/* One row leaves a bulk request, found by its name and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lead/bulk.h"

static void make(struct buf *b)
{
	lead_bulk_start(b);
	lead_bulk_row(b, true, 7, STR("{\"contact_name\":\"A\"}"));
	/* A text that looks like the beginning of a row. */
	lead_bulk_row(
	    b, false, 70,
	    STR("{\"contact_name\":\"{\\\"row_ref\\\":\\\"71\\\",\"}"));
	lead_bulk_row(b, false, 71, STR("{\"contact_name\":\"C\"}"));
	lead_bulk_end(b, false);
}

static void test_a_row_is_cut_by_its_name(void **state)
{
	(void)state;
	static const struct {
		int64_t ref;
		const char *left; /* NULL: it is not there */
	} rows[] = {
	    {7, "{\"leads\":[{\"row_ref\":\"70\",\"contact_name\":"
		"\"{\\\"row_ref\\\":\\\"71\\\",\"},{\"row_ref\":\"71\","
		"\"contact_name\":\"C\"}],\"on_duplicate\":\"update\","
		"\"dry_run\":false}"},
	    {71, "{\"leads\":[{\"row_ref\":\"7\",\"contact_name\":\"A\"},"
		 "{\"row_ref\":\"70\",\"contact_name\":\"{\\\"row_ref\\\":"
		 "\\\"71\\\",\"}],\"on_duplicate\":\"update\","
		 "\"dry_run\":false}"},
	    {1, NULL},
	    {0, NULL},
	};
	struct buf body;
	bool ok = true;
	buf_init(&body, 4096);
	make(&body);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		buf_init(&out, 4096);
		int rc = lead_bulk_cut(buf_str(&body), rows[i].ref, &out);
		bool fits = rows[i].left == NULL
				? rc == LB_ENOTFOUND
				: rc == 0 && str_eq(buf_str(&out),
						    str_from(rows[i].left));
		if (!fits)
			print_error("row %d: %d %.*s\n", (int)rows[i].ref, rc,
				    STR_FMT(buf_str(&out)));
		ok &= fits;
		buf_release(&out);
	}
	buf_release(&body);
	assert_true(ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_row_is_cut_by_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
