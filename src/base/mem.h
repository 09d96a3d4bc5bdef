/* SPDX-License-Identifier: MIT */
/*
 * Allocators that log and abort instead of failing. Why that is safe: a 200 is
 * answered only after the commit, sizes are bounded before anything is
 * allocated, and a restart sends again under the same key.
 */
#ifndef LB_MEM_H
#define LB_MEM_H

#include <stddef.h>

#include "leadbridge/str.h"

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
/* Grows array p of *cap elements so that it holds at least `need`. */
void *xgrow(void *p, size_t *cap, size_t need, size_t size);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstr_dup(struct str s); /* NUL-ended; NONE becomes NULL */
char *xasprintf(const char *format, ...) LB_PRINTF(1, 2);
/* Gives what is free back to the system: after a burst, and rarely, since it
 * holds up every thread that allocates for some milliseconds. */
void mem_trim(void);
/* Overwrites; the compiler may not leave it out. */
void mem_wipe(void *p, size_t n);

/* Kept in release builds: going on with a broken queue would lose leads. */
#define lb_assert(condition)                                                   \
	((condition) ? (void)0                                                 \
		     : lb_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void lb_assert_failed(const char *text, const char *file, int line);

#endif
