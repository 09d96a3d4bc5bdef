/* SPDX-License-Identifier: MIT */
/* The sentence for the operator. Any thread. */
#include "leadbridge/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	if (err == NULL)
		return code;
	va_list ap;
	va_start(ap, format);
	if (vsnprintf(err->text, sizeof(err->text), format, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	err->code = code;
	return code;
}

/* Puts text at `at`, as far as there is room; returns where it ends. */
static size_t put(struct err *err, size_t at, const char *text)
{
	size_t room = sizeof(err->text) - 1 - at;
	size_t n = strnlen(text, room);
	memcpy(err->text + at, text, n);
	err->text[at + n] = '\0';
	return at + n;
}

int err_prefix(struct err *err, const char *format, ...)
{
	if (err == NULL)
		return LB_ESYSTEM;
	char old[sizeof(err->text)], prefix[sizeof(err->text)];
	memcpy(old, err->text, sizeof(old));
	va_list ap;
	va_start(ap, format);
	if (vsnprintf(prefix, sizeof(prefix), format, ap) < 0)
		prefix[0] = '\0';
	va_end(ap);
	put(err, put(err, put(err, 0, prefix), ": "), old);
	return err->code;
}
