/* SPDX-License-Identifier: MIT */
/* E-mail addresses: what is taken, what it becomes, what is no address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lead/fields.h"

#define A60 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

struct row {
	const char *name, *text, *expected;
};

static void check(const struct row *rows, size_t n)
{
	size_t bad = 0;
	struct arena arena;
	arena_init(&arena);
	for (size_t i = 0; i < n; i++) {
		struct str got =
		    email_normalise(&arena, str_from(rows[i].text));
		struct str expected = str_from(rows[i].expected);
		if ((got.p == NULL) == (expected.p == NULL) &&
		    str_eq(got, expected))
			continue;
		bad++;
		print_error("%s: '%s' gave '%.*s'\n", rows[i].name,
			    rows[i].text, STR_FMT(got));
	}
	arena_release(&arena);
	assert_int_equal(bad, 0);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

/* clang-format off */
static void addresses_are_taken_out_and_lower_cased(void **state)
{
	static const struct row rows[] = {
	    {"plain", "jane@example.com", "jane@example.com"},
	    {"case", " Jane.Doe@Example.COM ", "jane.doe@example.com"},
	    {"tag stays", "jane+ads@example.com", "jane+ads@example.com"},
	    {"dots stay", "j.a.n.e@gmail.com", "j.a.n.e@gmail.com"},
	    {"mailto", "mailto:jane@example.com", "jane@example.com"},
	    {"mailto subject", "MAILTO:jane@example.com?subject=Hi", "jane@example.com"},
	    {"angle", "<jane@example.com>", "jane@example.com"},
	    {"display name", "Jane Doe <jane@example.com>", "jane@example.com"},
	    {"quoted display", "\"Doe, J\" <jane@example.com>", "jane@example.com"},
	    {"open angle", "Jane <jane@example.com", "jane@example.com"},
	    {"full stop behind", "jane@example.com.", "jane@example.com"},
	    {"comma behind", "jane@example.com,", "jane@example.com"},
	    {"first of a list", "jane@example.com, joe@example.com", "jane@example.com"},
	    {"first valid of a list", "n/a; joe@example.com", "joe@example.com"},
	    {"placeholder, then address", "none@none.com, joe@example.com", "joe@example.com"},
	    {"zero width", "jane\xE2\x80\x8B@example.com\xEF\xBB\xBF", "jane@example.com"},
	    {"no-break blank around", "\xC2\xA0jane@example.com\xC2\xA0", "jane@example.com"},
	    {"full width", "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"},
	    {"relay", "a1b2@privaterelay.appleid.com", "a1b2@privaterelay.appleid.com"},
	    {"odd but legal", "o'brien!#$%&*/=?^_`{|}~-@example.com", "o'brien!#$%&*/=?^_`{|}~-@example.com"},
	    {"one letter", "a@b.co", "a@b.co"},
	    {"sub domains", "a@b.c.d.example", "a@b.c.d.example"},
	    {"digits in host", "a@123.com", "a@123.com"},
	    {"german host", "info@müller.example", "info@xn--mller-kva.example"},
	    {"german host in capitals", "info@MÜLLER.example", "info@xn--mller-kva.example"},
	    {"cyrillic host", "a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"},
	    {"japanese host", "a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"},
	    {"already encoded", "a@xn--mller-kva.example", "a@xn--mller-kva.example"},
	    {"64 of local", A60 "abcd@example.com", A60 "abcd@example.com"},
	};
	(void)state;
	CHECK(rows);
}

static void what_cannot_be_delivered_is_no_address(void **state)
{
	static const struct row rows[] = {
	    {"empty", "", NULL},
	    {"word", "jane", NULL},
	    {"no local", "@example.com", NULL},
	    {"no host", "jane@", NULL},
	    {"two ats", "jane@doe@example.com", NULL},
	    {"no dot", "jane@localhost", NULL},
	    {"blank inside", "jane doe@example.com", NULL},
	    {"blank in host", "jane@exam ple.com", NULL},
	    {"comma for dot", "jane@gmail,com", NULL},
	    {"dot first", ".jane@example.com", NULL},
	    {"dot last", "jane.@example.com", NULL},
	    {"two dots", "jane..doe@example.com", NULL},
	    {"host dot first", "jane@.example.com", NULL},
	    {"host two dots", "jane@example..com", NULL},
	    {"dash first", "jane@-example.com", NULL},
	    {"dash last", "jane@example-.com", NULL},
	    {"underscore in host", "jane@ex_ample.com", NULL},
	    {"address literal", "jane@[192.0.2.1]", NULL},
	    {"ip address", "jane@192.0.2.1", NULL},
	    {"one letter top", "jane@example.c", NULL},
	    {"65 of local", A60 "abcde@example.com", NULL},
	    {"label of 64", "a@" A60 "abcd.com", NULL},
	    {"more than 254", "a@" A60 "." A60 "." A60 "." A60 ".aaaaaaaaaaaa.com", NULL},
	    {"accent in local", "josé@example.com", NULL},
	    {"broken utf-8 in host", "a@ex\xFF.com", NULL},
	    {"control", "ja\x01ne\x7F@", NULL},
	    {"loose accent in host", "a@mu\xCC\x88ller.example", NULL},
	    {"none", "none@none.com", NULL},
	    {"na", "NA@na.com", NULL},
	    {"no", "no@email.com", NULL},
	    {"test", "test@test.com", NULL},
	    {"noemail", "noemail@clinic.example", NULL},
	    {"unknown", "unknown@shop.example", NULL},
	    {"anonymous sip", "x@anonymous.invalid", NULL},
	};
	(void)state;
	CHECK(rows);
}
/* clang-format on */

static void the_name_before_an_address_is_handed_out(void **state)
{
	static const struct row rows[] = {
	    {"name", "Jane Doe <jane@example.com>", "Jane Doe"},
	    {"quoted", "\"Doe, Jane\" <jane@example.com>", "Doe, Jane"},
	    {"none", "<jane@example.com>", NULL},
	    {"address again", "jane@example.com <jane@example.com>", NULL},
	    {"plain", "jane@example.com", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str display;
		(void)email_split(str_from(rows[i].text), &display);
		if (!str_eq(display, str_from(rows[i].expected)))
			fail_msg("%s: '%.*s'", rows[i].name, STR_FMT(display));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_taken_out_and_lower_cased),
	    cmocka_unit_test(what_cannot_be_delivered_is_no_address),
	    cmocka_unit_test(the_name_before_an_address_is_handed_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
