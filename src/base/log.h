/* SPDX-License-Identifier: MIT */
/*
 * Log lines to stderr: event name and key=value pairs, or JSON, with the <N>
 * priority the journal reads. Ids only: no names, phones, e-mails, tokens,
 * bodies or request targets, at any level. Any thread; never blocks for long
 * (a full pipe drops the line and counts it).
 *
 *   log_info("destination_parked", "destination=%s reason=%s", name, reason);
 *
 * The format must consist of key=value pairs separated by one blank; values
 * that may hold blanks are given as key="%s". Control characters are escaped.
 */
#ifndef LB_LOG_H
#define LB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "leadbridge/config.h"

void log_setup(enum log_level level, bool json);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *event, const char *format, ...)
    LB_PRINTF(3, 4);
uint64_t log_dropped(void);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                         \
	do {                                                                   \
		if (log_enabled(LOG_DEBUG))                                    \
			log_write(LOG_DEBUG, __VA_ARGS__);                     \
	} while (0)

#endif
