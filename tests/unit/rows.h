/* SPDX-License-Identifier: MIT */
/* Tables of rows: a failing one prints its name. */
#ifndef LB_TEST_ROWS_H
#define LB_TEST_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadbridge/buf.h"
#include "leadbridge/value.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static inline void check_row(const char *name, bool ok, const char *what)
{
	if (!ok)
		fail_msg("row '%s': %s", name, what);
}

static inline void check_text(const char *name, struct str got,
			      const char *want)
{
	if (want == NULL && got.p == NULL)
		return;
	if (want == NULL || got.p == NULL || !str_eq(got, str_from(want)))
		fail_msg("row '%s': got \"%.*s\", wanted \"%s\"", name,
			 STR_FMT(got), want != NULL ? want : "(none)");
}

static inline void check_json(const char *name, const struct value *v,
			      const char *want)
{
	struct buf out;
	buf_init(&out, 1 << 24);
	value_to_json(v, &out);
	check_text(name, buf_str(&out), want);
	buf_release(&out);
}

#endif
