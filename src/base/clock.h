/* SPDX-License-Identifier: MIT */
/*
 * The only place that knows what time it is. Wall time for what is stored and
 * shown, monotonic time for deadlines. Tests may move both; in fault builds the
 * environment variable LEADBRIDGE_CLOCK_OFFSET_MS moves the wall clock, and
 * LEADBRIDGE_CLOCK_FILE names a file of two numbers (int64_t ms, this machine's
 * byte order) that moves both clocks of a running process whenever it changes.
 */
#ifndef LB_CLOCK_H
#define LB_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "leadbridge/str.h"

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* Minutes since midnight in the host's time zone, 0 to 1439. */
int clock_local_minute(int64_t wall_ms);
/* Tests: freeze both at these values; negative: real again. */
void clock_set_for_test(int64_t wall_ms, int64_t mono_ms);
/* "2026-11-22T21:00:00.123Z" */
#define CLOCK_TEXT 32
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT]);
/* RFC 3339 ("2026-09-14T14:02:08-04:00", fraction optional) -> wall ms, or
 * LB_EINVAL. */
int clock_parse(struct str text, int64_t *wall_ms);
/* RFC 9110 HTTP-date (IMF-fixdate, RFC 850, asctime) -> wall ms. */
int clock_parse_http(struct str text, int64_t *wall_ms);
/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void clock_format_http(int64_t wall_ms, char out[CLOCK_TEXT]);

#endif
